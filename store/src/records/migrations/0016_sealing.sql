-- By which key it is told whether a process has the keys of this database.

CREATE TABLE sealing_canary (
    -- Always 'canary'.
    id {text} NOT NULL PRIMARY KEY,
    -- A known text, sealed with the key that seals.
    sealed {text} NOT NULL
);
