-- How strongly somebody has proved who they are, and what ends by itself.

-- Passwords that were made up for a first sign-in: they open nothing but the
-- choice of another, and not for long.
CREATE TABLE initial_passwords (
    user_id {text} NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    expires_at_ms bigint NOT NULL
);

-- Whether it was the provider, and not a password, that came first.
ALTER TABLE half_sign_ins ADD COLUMN federated boolean NOT NULL DEFAULT false;

-- Since when the provider gives them no role here; none: it gives one.
ALTER TABLE user_identities ADD COLUMN no_role_since_ms bigint;
