-- Requests of people to read the inventory of an NMS at once.

CREATE TABLE sync_jobs (
    id {text} NOT NULL PRIMARY KEY,
    account {text} NOT NULL,
    requested_by {text} NOT NULL,
    requested_at_ms bigint NOT NULL,
    -- queued, done or failed.
    state {text} NOT NULL,
    ended_at_ms bigint,
    -- Why it failed; else ''.
    message {text} NOT NULL,
    devices bigint,
    ports bigint,
    links bigint
);
CREATE INDEX sync_jobs_by_account ON sync_jobs (account, requested_at_ms);
