-- Accounts at network management systems are entered in the product, with
-- their tokens. Nothing has written to the table before this version.

DROP TABLE nms_accounts;

CREATE TABLE nms_accounts (
    name {text} NOT NULL PRIMARY KEY,
    kind {text} NOT NULL,
    url {text} NOT NULL,
    -- The API token, sealed for this row.
    token_sealed {text} NOT NULL,
    token_set_by {text} NOT NULL,
    token_set_at_ms bigint NOT NULL,
    -- JSON: keys and values as in [[nms]] of the configuration.
    settings {text} NOT NULL,
    enabled boolean NOT NULL,
    -- Another one after every change.
    version {text} NOT NULL
);
