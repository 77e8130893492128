-- After every entry has its number.
CREATE UNIQUE INDEX audit_by_sequence ON audit (sequence);
CREATE INDEX audit_by_actor ON audit (actor, sequence);
