-- Nobody is kept out by the tries of others, and what falls with what.

-- Until when what was tried is not worn off: of what regains tries over time.
ALTER TABLE sign_in_tries ADD COLUMN spent_until_ms bigint NOT NULL DEFAULT 0;

-- Browsers in which somebody came in before; their tries are counted apart.
CREATE TABLE known_devices (
    -- SHA-256 of the secret in the browser, in hex.
    device_sha256 {text} NOT NULL,
    user_id {text} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    seen_at_ms bigint NOT NULL,
    PRIMARY KEY (device_sha256, user_id)
);
CREATE INDEX known_devices_by_user ON known_devices (user_id, seen_at_ms);

-- Who began it: a network address, or a user; makes room first where most are.
ALTER TABLE ceremonies ADD COLUMN origin {text} NOT NULL DEFAULT '';
CREATE INDEX ceremonies_by_origin ON ceremonies (origin, expires_at_ms);
ALTER TABLE sign_on_flows ADD COLUMN origin {text} NOT NULL DEFAULT '';
CREATE INDEX sign_on_flows_by_origin ON sign_on_flows (origin, created_at_ms);

-- The token by which it was issued, if by one: it falls with it.
ALTER TABLE api_tokens ADD COLUMN parent_id {text};
CREATE INDEX api_tokens_by_parent ON api_tokens (parent_id);

-- Whether its reader has shown that mail to users.notification_email arrives.
ALTER TABLE users ADD COLUMN notification_proven boolean NOT NULL DEFAULT false;
-- Links that show it.
CREATE TABLE notification_proofs (
    -- SHA-256 of the token, in hex.
    token_sha256 {text} NOT NULL PRIMARY KEY,
    user_id {text} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    email {text} NOT NULL,
    expires_at_ms bigint NOT NULL
);
CREATE INDEX notification_proofs_by_user ON notification_proofs (user_id);
