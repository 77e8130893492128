-- Mails on their way, and what became of those that left.

CREATE TABLE mails (
    id {text} NOT NULL PRIMARY KEY,
    -- invitation, password-reset, password-changed or test.
    kind {text} NOT NULL,
    recipient {text} NOT NULL,
    subject {text} NOT NULL,
    -- '' as soon as the mail waits no more: links in it let somebody in.
    body_text {text} NOT NULL,
    body_html {text} NOT NULL,
    queued_at_ms bigint NOT NULL,
    -- Not sent any more from then on.
    expires_at_ms bigint NOT NULL,
    -- waiting, sent, failed or expired.
    state {text} NOT NULL,
    attempts bigint NOT NULL,
    -- While it waits: not tried before.
    next_at_ms bigint NOT NULL,
    -- When it was sent or given up.
    ended_at_ms bigint,
    -- What went wrong last; else ''.
    error {text} NOT NULL
);
CREATE INDEX mails_by_state ON mails (state, next_at_ms);
CREATE INDEX mails_by_end ON mails (ended_at_ms);
