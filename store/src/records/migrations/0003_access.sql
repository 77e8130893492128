-- Who may come in, and how.

CREATE TABLE users (
    id {text} NOT NULL PRIMARY KEY,
    -- Lower-cased.
    email {text} NOT NULL UNIQUE,
    name {text} NOT NULL,
    password_hash {text} NOT NULL,
    role {text} NOT NULL,
    language {text} NOT NULL,
    active boolean NOT NULL,
    created_at_ms bigint NOT NULL
);

CREATE TABLE sessions (
    -- SHA-256 of the token, in hex.
    token_sha256 {text} NOT NULL PRIMARY KEY,
    id {text} NOT NULL UNIQUE,
    user_id {text} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at_ms bigint NOT NULL,
    last_seen_at_ms bigint NOT NULL,
    idle_timeout_ms bigint NOT NULL,
    -- The earlier of idle and absolute expiry, as of last_seen_at_ms.
    expires_at_ms bigint NOT NULL,
    absolute_expires_at_ms bigint NOT NULL,
    user_agent {text} NOT NULL,
    address {text} NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id, created_at_ms);
CREATE INDEX sessions_by_expiry ON sessions (expires_at_ms);

CREATE TABLE api_tokens (
    id {text} NOT NULL PRIMARY KEY,
    token_sha256 {text} NOT NULL UNIQUE,
    prefix {text} NOT NULL,
    name {text} NOT NULL,
    user_id {text} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at_ms bigint NOT NULL,
    expires_at_ms bigint,
    last_used_at_ms bigint,
    revoked_at_ms bigint
);
CREATE INDEX api_tokens_by_user ON api_tokens (user_id, created_at_ms);

CREATE TABLE login_attempts (
    id {text} NOT NULL PRIMARY KEY,
    at_ms bigint NOT NULL,
    -- Lower-cased, as typed: there may be no such user.
    email {text} NOT NULL,
    address {text} NOT NULL,
    result {text} NOT NULL
);
CREATE INDEX login_attempts_by_email ON login_attempts (email, at_ms);
CREATE INDEX login_attempts_by_address ON login_attempts (address, at_ms);
CREATE INDEX login_attempts_by_time ON login_attempts (at_ms);

CREATE TABLE settings (
    key {text} NOT NULL PRIMARY KEY,
    -- JSON.
    value {text} NOT NULL
);
