-- The audit trail takes new entries only. Forgetting old ones, which retention
-- does, puts a row here for as long as its own transaction; nobody else sees it.
CREATE TABLE audit_forgetting (since_ms bigint NOT NULL);
