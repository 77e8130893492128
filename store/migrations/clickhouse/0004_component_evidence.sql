-- What the NMS knew of each edge of a component, and how exactly it knew when. Of two words on one
-- edge the one with the greater rank stays, whatever came first; so writing a row again, and reading
-- the log again, changes nothing. Rows without a transition are possible and mean nothing: a
-- transition can be withdrawn.

CREATE TABLE IF NOT EXISTS component_evidence (
    component String COMMENT 'Component id: nms/kind/native id',
    at DateTime64(3, 'UTC') COMMENT 'When the state began, in the network',
    state Enum8('down' = 0, 'unknown' = 1, 'up' = 2) COMMENT 'The state from then on',
    evidence Enum8('other' = 0, 'poll' = 1, 'event_log' = 2, 'push' = 3, 'outage' = 4) COMMENT 'How the NMS knew it',
    uncertainty_ms UInt32 COMMENT 'The state may have begun up to this much before; 0 when nothing was known of the time before',
    observed_at DateTime64(3, 'UTC') COMMENT 'When ingest read it, by its clock',
    rank UInt64 COMMENT 'Greater replaces smaller: the smaller uncertainty, then the better evidence'
) ENGINE = ReplacingMergeTree(rank)
PARTITION BY toYYYYMM(at)
ORDER BY (component, at, state)
COMMENT 'Evidence of the state changes of components; v_component_transitions shows it';

CREATE OR REPLACE VIEW v_component_transitions AS
SELECT
    t.component AS component,
    if(c.name = '', t.component, c.name) AS component_name,
    c.kind AS kind,
    c.device_name AS device_name,
    c.site AS site,
    t.at AS at,
    CAST(t.state, 'String') AS state,
    t.version AS version,
    t.recorded_at AS recorded_at,
    if(e.rank = 0, '', CAST(e.evidence, 'String')) AS evidence,
    if(e.uncertainty_ms = 0, NULL, e.uncertainty_ms) AS uncertainty_ms,
    if(e.rank = 0, NULL, e.observed_at) AS observed_at
FROM (SELECT * FROM component_transitions FINAL) AS t
LEFT JOIN (SELECT id, kind, name, device_name, site FROM components FINAL) AS c ON c.id = t.component
LEFT JOIN (SELECT * FROM component_evidence FINAL) AS e
    ON e.component = t.component AND e.at = t.at AND e.state = t.state
COMMENT 'State changes of components, current revision, times in UTC; each state holds until the next row of its component. evidence says how the NMS knew (poll, event_log, push, outage; empty: not kept), and the state began between uncertainty_ms before at and at (NULL: nothing is known of the time before)';
