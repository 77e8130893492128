-- How an edge was known costs a join of two large tables, so it is asked for by a view of its own, and
-- v_component_transitions is again what it was before 0004. Both tables are sorted by component and
-- instant: a merge goes through them once and holds nothing in memory.

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
    t.recorded_at AS recorded_at
FROM (SELECT * FROM component_transitions FINAL) AS t
LEFT JOIN (SELECT id, kind, name, device_name, site FROM components FINAL) AS c ON c.id = t.component
COMMENT 'State changes of components, current revision, times in UTC; each state holds until the next row of its component. v_component_evidence says how each was known';

CREATE OR REPLACE VIEW v_component_evidence AS
SELECT
    t.component AS component,
    t.at AS at,
    CAST(t.state, 'String') AS state,
    t.version AS version,
    t.recorded_at AS recorded_at,
    if(e.rank = 0, '', CAST(e.evidence, 'String')) AS evidence,
    if(e.uncertainty_ms = 0, NULL, e.uncertainty_ms) AS uncertainty_ms,
    if(e.rank = 0, NULL, e.observed_at) AS observed_at
FROM (SELECT * FROM component_transitions FINAL) AS t
LEFT JOIN (SELECT * FROM component_evidence FINAL) AS e
    ON e.component = t.component AND e.at = t.at AND e.state = t.state
SETTINGS join_algorithm = 'full_sorting_merge'
COMMENT 'State changes of components as in v_component_transitions, with how the NMS knew (evidence: poll, event_log, push, outage; empty: not kept); the state began between uncertainty_ms before at and at (NULL: nothing is known of the time before). Reads much: ask for components or a time';
