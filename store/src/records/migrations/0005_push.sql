-- With which secrets an NMS may push, and what it pushed last.

CREATE TABLE push_secrets (
    id {text} NOT NULL PRIMARY KEY,
    account {text} NOT NULL,
    -- SHA-256 of the secret, in hex.
    secret_sha256 {text} NOT NULL UNIQUE,
    prefix {text} NOT NULL,
    created_by {text} NOT NULL,
    created_at_ms bigint NOT NULL,
    -- When it stops working; NULL for the one in force.
    ends_at_ms bigint,
    last_used_at_ms bigint
);
CREATE INDEX push_secrets_by_account ON push_secrets (account, created_at_ms);

-- The newest of each account only; pushes.rs says how many.
CREATE TABLE pushes (
    id {text} NOT NULL PRIMARY KEY,
    account {text} NOT NULL,
    at_ms bigint NOT NULL,
    address {text} NOT NULL,
    -- The NMS's own id of the device; '' is unknown.
    device {text} NOT NULL,
    rule {text} NOT NULL,
    alert_state {text} NOT NULL,
    outcome {text} NOT NULL
);
CREATE INDEX pushes_by_account ON pushes (account, id);
