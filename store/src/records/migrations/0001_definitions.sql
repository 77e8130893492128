-- Services, maintenance windows, and the outbox that tells the engine of them.

-- Rows to lock; the number of 'outbox' is its last sequence.
CREATE TABLE locks (
    name {text} NOT NULL PRIMARY KEY,
    value bigint NOT NULL
);
INSERT INTO locks (name, value) VALUES ('outbox', 0), ('users', 0), ('leases', 0);

-- Tasks that one process at a time may do; see leases.rs.
CREATE TABLE leases (
    name {text} NOT NULL PRIMARY KEY,
    holder {text} NOT NULL,
    epoch bigint NOT NULL,
    until_ms bigint NOT NULL
);

CREATE TABLE customers (
    id {text} NOT NULL PRIMARY KEY,
    name {text} NOT NULL UNIQUE,
    number {text} UNIQUE,
    created_at_ms bigint NOT NULL
);

CREATE TABLE services (
    id {text} NOT NULL PRIMARY KEY,
    name {text} NOT NULL,
    -- The lower-cased name.
    sort_name {text} NOT NULL,
    customer {text},
    description {text} NOT NULL,
    active boolean NOT NULL,
    -- JSON: [{"from": ms or null, "to": ms or null, "path": ...}, ...]
    versions {text} NOT NULL,
    -- Lower-cased id, name, customer, one a line.
    search_text {text} NOT NULL,
    -- Counts changes, so that two editors notice each other.
    revision bigint NOT NULL,
    created_at_ms bigint NOT NULL,
    changed_at_ms bigint NOT NULL
);
CREATE INDEX services_by_name ON services (sort_name, id);
CREATE INDEX services_by_customer ON services (customer, sort_name);

-- Which service's path names which, in any version.
CREATE TABLE service_references (
    service_id {text} NOT NULL REFERENCES services (id) ON DELETE CASCADE,
    refers_to {text} NOT NULL REFERENCES services (id) ON DELETE RESTRICT,
    PRIMARY KEY (service_id, refers_to)
);
CREATE INDEX service_references_back ON service_references (refers_to);

CREATE TABLE maintenance_windows (
    id {text} NOT NULL PRIMARY KEY,
    -- A component id, or service:<id>.
    target {text} NOT NULL,
    from_ms bigint NOT NULL,
    until_ms bigint NOT NULL,
    note {text} NOT NULL,
    created_by {text} NOT NULL,
    created_at_ms bigint NOT NULL,
    withdrawn_at_ms bigint,
    CHECK (from_ms < until_ms)
);
CREATE INDEX maintenance_windows_by_time ON maintenance_windows (from_ms, until_ms);
CREATE INDEX maintenance_windows_by_target ON maintenance_windows (target, from_ms);

-- What padwacht.definitions has yet to hear, in order. No value: a tombstone.
CREATE TABLE outbox (
    sequence bigint NOT NULL PRIMARY KEY,
    key {text} NOT NULL,
    value {text},
    queued_at_ms bigint NOT NULL
);

CREATE TABLE audit (
    id {text} NOT NULL PRIMARY KEY,
    at_ms bigint NOT NULL,
    actor {text} NOT NULL,
    action {text} NOT NULL,
    object {text} NOT NULL,
    before_value {text},
    after_value {text}
);
CREATE INDEX audit_by_time ON audit (at_ms, id);
CREATE INDEX audit_by_object ON audit (object, at_ms);
