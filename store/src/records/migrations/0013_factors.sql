-- What people prove themselves with besides a password, and what is under way.

-- When the user last proved who they are in the session.
ALTER TABLE sessions ADD COLUMN confirmed_at_ms bigint NOT NULL DEFAULT 0;
-- By what it began: password, second-factor, passkey or federated.
ALTER TABLE sessions ADD COLUMN proof {text} NOT NULL DEFAULT 'password';

-- The seed of a user's one-time codes (RFC 6238).
CREATE TABLE totp_factors (
    user_id {text} NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    sealed {text} NOT NULL,
    since_ms bigint NOT NULL,
    -- The step of the last code that was taken: no code counts twice.
    last_step bigint NOT NULL,
    last_used_at_ms bigint
);

-- A seed that counts once its owner has given a code of it.
CREATE TABLE totp_setups (
    user_id {text} NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    sealed {text} NOT NULL,
    expires_at_ms bigint NOT NULL
);

-- A row goes when its code is used.
CREATE TABLE recovery_codes (
    user_id {text} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- SHA-256 of the code, in hex; a code has 120 random bits.
    code_sha256 {text} NOT NULL,
    PRIMARY KEY (user_id, code_sha256)
);

CREATE TABLE passkeys (
    id {text} NOT NULL PRIMARY KEY,
    user_id {text} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name {text} NOT NULL,
    -- As the authenticator calls it, in hex.
    credential_id {text} NOT NULL UNIQUE,
    -- JSON: the public key and what else a verification needs.
    credential {text} NOT NULL,
    -- The authenticator's own count of signatures; 0: it keeps none.
    counter bigint NOT NULL,
    created_at_ms bigint NOT NULL,
    last_used_at_ms bigint
);
CREATE INDEX passkeys_by_user ON passkeys (user_id, created_at_ms);

-- What a browser was asked to sign, until it answers.
CREATE TABLE ceremonies (
    -- SHA-256 of the token by which the browser refers to it, in hex.
    token_sha256 {text} NOT NULL PRIMARY KEY,
    -- sign-in, second-factor, confirmation or registration.
    kind {text} NOT NULL,
    -- Of whom; none: whoever the passkey belongs to.
    user_id {text} REFERENCES users (id) ON DELETE CASCADE,
    -- JSON, of the library that verifies.
    state {text} NOT NULL,
    expires_at_ms bigint NOT NULL
);
CREATE INDEX ceremonies_by_expiry ON ceremonies (expires_at_ms);

-- People who gave the right password and owe a second factor: no session.
CREATE TABLE half_sign_ins (
    -- SHA-256 of the token, in hex.
    token_sha256 {text} NOT NULL PRIMARY KEY,
    user_id {text} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    expires_at_ms bigint NOT NULL,
    -- Wrong codes so far.
    failures bigint NOT NULL
);
CREATE INDEX half_sign_ins_by_user ON half_sign_ins (user_id);
CREATE INDEX half_sign_ins_by_expiry ON half_sign_ins (expires_at_ms);
