-- The systems that samples come from, how they fare, and what they know.

CREATE TABLE nms_accounts (
    name {text} NOT NULL PRIMARY KEY,
    kind {text} NOT NULL,
    url {text} NOT NULL,
    -- env:<variable> or file:<path>; never the token itself.
    token_ref {text} NOT NULL,
    settings {text} NOT NULL,
    enabled boolean NOT NULL
);

CREATE TABLE source_status (
    account {text} NOT NULL PRIMARY KEY,
    state {text} NOT NULL,
    since_ms bigint NOT NULL,
    reported_at_ms bigint NOT NULL,
    last_success_at_ms bigint,
    error_kind {text},
    error_message {text},
    -- JSON: name to number.
    counters {text} NOT NULL
);

CREATE TABLE devices (
    account {text} NOT NULL,
    native_id {text} NOT NULL,
    name {text} NOT NULL,
    host_name {text} NOT NULL,
    sys_name {text} NOT NULL,
    hardware {text} NOT NULL,
    os {text} NOT NULL,
    location {text} NOT NULL,
    latitude double precision,
    longitude double precision,
    search_text {text} NOT NULL,
    last_seen_ms bigint NOT NULL,
    PRIMARY KEY (account, native_id)
);

CREATE TABLE ports (
    account {text} NOT NULL,
    native_id {text} NOT NULL,
    device {text} NOT NULL,
    if_name {text} NOT NULL,
    if_descr {text} NOT NULL,
    if_alias {text} NOT NULL,
    if_type {text} NOT NULL,
    speed_bps bigint,
    search_text {text} NOT NULL,
    last_seen_ms bigint NOT NULL,
    PRIMARY KEY (account, native_id)
);
CREATE INDEX ports_by_device ON ports (account, device);

-- Native link ids do not last, so a link is known by its ends; '' is unknown.
CREATE TABLE links (
    account {text} NOT NULL,
    local_device {text} NOT NULL,
    local_port {text} NOT NULL,
    remote_device {text} NOT NULL,
    remote_port {text} NOT NULL,
    remote_host_name {text} NOT NULL,
    remote_port_name {text} NOT NULL,
    protocol {text} NOT NULL,
    last_seen_ms bigint NOT NULL,
    PRIMARY KEY (account, local_device, local_port, remote_device, remote_host_name, remote_port_name)
);
CREATE INDEX links_by_remote ON links (account, remote_device);
