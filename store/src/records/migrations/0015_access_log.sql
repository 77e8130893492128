-- Who tried to come in, slowing down of guesses, and tokens of services.

-- Whose address it was then; none for an address of nobody.
ALTER TABLE login_attempts ADD COLUMN user_id {text};
ALTER TABLE login_attempts ADD COLUMN user_agent {text} NOT NULL DEFAULT '';
UPDATE login_attempts SET user_id =
    (SELECT users.id FROM users WHERE users.email = login_attempts.email);
CREATE INDEX login_attempts_by_user ON login_attempts (user_id, id);

-- Tries to sign in, by account and by network address; shared by all processes.
CREATE TABLE sign_in_tries (
    -- SHA-256 of what is counted, in hex: what is typed may be long, or a password.
    key_sha256 {text} NOT NULL PRIMARY KEY,
    failed bigint NOT NULL,
    last_at_ms bigint NOT NULL,
    -- Whether a refusal since the last try is in the log of attempts.
    noted boolean NOT NULL
);
CREATE INDEX sign_in_tries_by_time ON sign_in_tries (last_at_ms);

-- personal: acts as user_id. service: acts by role and customers; user_id issued it.
ALTER TABLE api_tokens ADD COLUMN kind {text} NOT NULL DEFAULT 'personal';
-- Parted by blanks; none: whatever its user may do.
ALTER TABLE api_tokens ADD COLUMN scopes {text};
ALTER TABLE api_tokens ADD COLUMN role {text};
CREATE INDEX api_tokens_by_kind ON api_tokens (kind, id);

-- What a token of a service may see; nothing once its customer is gone.
CREATE TABLE api_token_customers (
    token_id {text} NOT NULL REFERENCES api_tokens (id) ON DELETE CASCADE,
    customer_id {text} NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    PRIMARY KEY (token_id, customer_id)
);
CREATE INDEX api_token_customers_back ON api_token_customers (customer_id);
