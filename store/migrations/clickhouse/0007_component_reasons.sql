-- Why a component is in a state that nobody measured, most of all why nobody can say. Beside the edges
-- the table holds a row for every instant at which something that is unknown is so for a new reason; the
-- view joins only what begins a state. Of what was written before, no reason was kept.

ALTER TABLE component_evidence
    ADD COLUMN IF NOT EXISTS reason LowCardinality(String) DEFAULT '' COMMENT 'Why the state is what it is, where nobody measured it: silent, disabled, ignored, never_polled, admin_shut, device_down, management_lost, gone, odd_status, check_unknown; empty where it was measured, or no reason was kept';

CREATE OR REPLACE VIEW v_component_evidence AS
SELECT
    t.component AS component,
    t.at AS at,
    CAST(t.state, 'String') AS state,
    t.version AS version,
    t.recorded_at AS recorded_at,
    if(e.rank = 0 OR e.reason = 'silent', '', CAST(e.evidence, 'String')) AS evidence,
    if(e.uncertainty_ms = 0, NULL, e.uncertainty_ms) AS uncertainty_ms,
    if(e.rank = 0 OR e.reason = 'silent', NULL, e.observed_at) AS observed_at,
    CAST(e.reason, 'String') AS reason
FROM (SELECT * FROM component_transitions FINAL) AS t
LEFT JOIN (SELECT * FROM component_evidence FINAL) AS e
    ON e.component = t.component AND e.at = t.at AND e.state = t.state
SETTINGS join_algorithm = 'full_sorting_merge'
COMMENT 'State changes of components as in v_component_transitions, with how the NMS knew (evidence: poll, event_log, push, outage; empty: not kept) and, where nobody measured the state, why it is so (reason: silent, disabled, ignored, never_polled, admin_shut, device_down, management_lost, gone, odd_status, check_unknown; empty: measured, or not kept); the state began between uncertainty_ms before at and at (NULL: nothing is known of the time before). Reads much: ask for components or a time';
