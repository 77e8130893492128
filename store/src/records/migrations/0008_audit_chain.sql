-- The audit trail as a chain: each entry's hash covers that of the one before.
-- What is there already is chained by the step that runs this; see audit/chain.rs.

INSERT INTO locks (name, value) VALUES ('audit', 0);
-- From 1 without gaps; the number of the lock 'audit' is the last one.
ALTER TABLE audit ADD COLUMN sequence bigint NOT NULL DEFAULT 0;
ALTER TABLE audit ADD COLUMN user_id {text};
ALTER TABLE audit ADD COLUMN address {text};
ALTER TABLE audit ADD COLUMN token_id {text};
-- SHA-256 in hex.
ALTER TABLE audit ADD COLUMN hash {text} NOT NULL DEFAULT '';

-- Where the trail begins after old entries were forgotten: the last of them.
CREATE TABLE audit_checkpoints (
    sequence bigint NOT NULL PRIMARY KEY,
    hash {text} NOT NULL,
    at_ms bigint NOT NULL
);

-- How services and windows stood at the checkpoint, to explain what was later.
CREATE TABLE audit_base (
    object {text} NOT NULL PRIMARY KEY,
    at_ms bigint NOT NULL,
    after_value {text}
);
