-- The views for Grafana and BI tools; dashboards/grafana/README.md describes them. Each reads the
-- current revision only (FINAL) and runs with the rights of whoever asks. What is open counts up to
-- the server's clock. Instants are UTC; days are those of Europe/Amsterdam.

CREATE OR REPLACE VIEW v_service_intervals AS
SELECT
    i.service AS service,
    if(s.name = '', i.service, s.name) AS service_name,
    s.customer AS customer,
    s.product AS product,
    i.start AS start,
    i.end AS end,
    isNull(i.end) AS is_open,
    toInt64(dateDiff('millisecond', i.start, ifNull(i.end, greatest(i.start, now64(3, 'UTC'))))) AS duration_ms,
    CAST(i.state, 'String') AS state,
    i.cause AS cause,
    i.cause_moves AS cause_moves,
    i.version AS version,
    i.recorded_at AS recorded_at
FROM (SELECT * FROM service_intervals FINAL) AS i
LEFT JOIN (SELECT id, name, customer, product FROM services FINAL) AS s ON s.id = i.service
COMMENT 'Gapless intervals of one state per service, current revision, times in UTC; an open interval has no end and its duration counts up to now';

CREATE OR REPLACE VIEW v_services_now AS
SELECT
    if(s.id = '', i.service, s.id) AS service,
    if(s.name = '', service, s.name) AS service_name,
    s.customer AS customer,
    s.product AS product,
    s.speed_mbps AS speed_mbps,
    if(i.service = '', 'not_existing', i.state) AS state,
    if(i.service = '', NULL, i.start) AS since,
    i.cause AS cause
FROM (
    SELECT service, start, CAST(state, 'String') AS state,
           if(empty(cause_moves), cause, cause_moves[-1].2) AS cause
    FROM service_intervals FINAL WHERE end IS NULL
    ORDER BY service, start DESC LIMIT 1 BY service
) AS i
FULL OUTER JOIN (SELECT * FROM services FINAL) AS s ON s.id = i.service
COMMENT 'Each service with its present state, since when (UTC), and the components to blame at present; not_existing for a service that is named but has no open interval';

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
COMMENT 'State changes of components, current revision, times in UTC; each state holds until the next row of its component';

CREATE OR REPLACE VIEW v_outages AS
SELECT
    o.service AS service,
    if(s.name = '', o.service, s.name) AS service_name,
    s.customer AS customer,
    s.product AS product,
    o.start AS start,
    o.end AS end,
    isNull(o.end) AS is_open,
    toInt64(dateDiff('millisecond', o.start, ifNull(o.end, greatest(o.start, now64(3, 'UTC'))))) AS duration_ms,
    o.cause AS cause,
    o.cause_names AS cause_names
FROM (
    SELECT service, start, any(end_or_open) AS end, groupArrayIf(id, id != '') AS cause,
           groupArrayIf(label, id != '') AS cause_names
    FROM (
        SELECT d.service AS service, d.start AS start, tuple(d.end) AS end_or_open, d.id AS id,
               if(c.name = '', d.id,
                  if(c.device_name = '' OR c.device = c.id, c.name, concat(c.device_name, ' ', c.name))) AS label
        FROM (
            SELECT service, start, end, arrayJoin(if(empty(cause), [''], cause)) AS id
            FROM service_intervals FINAL WHERE state = 'down'
        ) AS d
        LEFT JOIN (SELECT id, name, device, device_name FROM components FINAL) AS c ON c.id = d.id
        ORDER BY service, start, id
    )
    GROUP BY service, start
) AS o
LEFT JOIN (SELECT id, name, customer, product FROM services FINAL) AS s ON s.id = o.service
COMMENT 'Each time that a service was down (maintenance apart), current revision, times in UTC, with the ids and names of the components to blame at its start; an open outage has no end and counts up to now';
