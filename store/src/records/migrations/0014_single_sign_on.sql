-- Who somebody is at an OpenID provider, and sign-ins there that are under way.

CREATE TABLE user_identities (
    issuer {text} NOT NULL,
    -- The provider's own name for them, which it never gives to another.
    subject {text} NOT NULL,
    user_id {text} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- What the provider calls them: shown, never looked up.
    label {text} NOT NULL,
    linked_at_ms bigint NOT NULL,
    used_at_ms bigint,
    PRIMARY KEY (issuer, subject)
);
CREATE UNIQUE INDEX user_identities_by_user ON user_identities (user_id, issuer);

CREATE TABLE sign_on_flows (
    -- SHA-256 of the state that travels with it, in hex.
    state_sha256 {text} NOT NULL PRIMARY KEY,
    -- SHA-256 of the secret in the browser that began it, in hex.
    browser_sha256 {text} NOT NULL,
    -- sign-in, sign-in-again, link or invitation
    purpose {text} NOT NULL,
    -- Of link: whose account.
    user_id {text} REFERENCES users (id) ON DELETE CASCADE,
    -- Of invitation: SHA-256 of its token, in hex.
    invitation_sha256 {text},
    -- Where to go afterwards, a path on this server.
    return_path {text} NOT NULL,
    created_at_ms bigint NOT NULL,
    expires_at_ms bigint NOT NULL
);
CREATE INDEX sign_on_flows_by_expiry ON sign_on_flows (expires_at_ms);
