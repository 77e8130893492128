-- Links by which somebody who forgot their password chooses a new one.

CREATE TABLE password_resets (
    -- SHA-256 of the token, in hex.
    token_sha256 {text} NOT NULL PRIMARY KEY,
    user_id {text} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at_ms bigint NOT NULL,
    expires_at_ms bigint NOT NULL
);
CREATE INDEX password_resets_by_user ON password_resets (user_id);
