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
    SELECT service, max(start) AS start, argMax(CAST(state, 'String'), service_intervals.start) AS state,
           argMax(if(empty(cause_moves), service_intervals.cause, cause_moves[-1].2), service_intervals.start) AS cause
    FROM service_intervals FINAL
    WHERE end IS NULL AND (service, service_intervals.start) IN (
        SELECT service, start FROM service_intervals WHERE end IS NULL)
    GROUP BY service
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
    SELECT service, start, end,
           arraySort(groupArrayIf((id, label), id != '')) AS blamed,
           arrayMap(pair -> pair.1, blamed) AS cause,
           arrayMap(pair -> pair.2, blamed) AS cause_names
    FROM (
        SELECT d.service AS service, d.start AS start, d.end AS end, d.id AS id,
               multiIf(c.name = '', d.id,
                       c.device_name = '' OR c.device = c.id, c.name,
                       concat(c.device_name, ' ', c.name)) AS label
        FROM (
            SELECT service, start, end, arrayJoin(if(empty(cause), [''], cause)) AS id
            FROM service_intervals FINAL WHERE state = 'down'
        ) AS d
        LEFT JOIN (SELECT id, name, device, device_name FROM components FINAL) AS c ON c.id = d.id
    )
    GROUP BY service, start, end
) AS o
LEFT JOIN (SELECT id, name, customer, product FROM services FINAL) AS s ON s.id = o.service
COMMENT 'Each time that a service was down (maintenance apart), current revision, times in UTC, with the ids and names of the components to blame at its start; an open outage has no end and counts up to now';

CREATE OR REPLACE VIEW v_uptime_daily AS
SELECT
    u.day AS day,
    'Europe/Amsterdam' AS time_zone,
    u.service AS service,
    if(s.name = '', u.service, s.name) AS service_name,
    s.customer AS customer,
    s.product AS product,
    u.day_ms AS day_ms,
    u.up_ms AS up_ms,
    u.degraded_ms AS degraded_ms,
    u.down_ms AS down_ms,
    u.maintenance_ms AS maintenance_ms,
    u.unknown_ms AS unknown_ms,
    u.day_ms - u.up_ms - u.degraded_ms - u.down_ms - u.maintenance_ms - u.unknown_ms AS not_existing_ms,
    u.outages AS outages,
    if(up_ms + degraded_ms + down_ms = 0, NULL,
       intDiv((up_ms + degraded_ms) * 1000000, up_ms + degraded_ms + down_ms) / 10000) AS availability_percent
FROM (
    SELECT
        service, day,
        any(until_ms - from_ms) AS day_ms,
        sumIf(ms, state = 'up') AS up_ms,
        sumIf(ms, state = 'degraded') AS degraded_ms,
        sumIf(ms, state = 'down') AS down_ms,
        sumIf(ms, state = 'maintenance') AS maintenance_ms,
        sumIf(ms, state = 'unknown') AS unknown_ms,
        countIf(state = 'down' AND start_ms >= from_ms) AS outages
    FROM (
        SELECT
            service, state, start_ms, day,
            toInt64(toUnixTimestamp(toDateTime(day, 'Europe/Amsterdam'))) * 1000 AS from_ms,
            least(toInt64(toUnixTimestamp(toDateTime(day + 1, 'Europe/Amsterdam'))) * 1000,
                  toUnixTimestamp64Milli(now64(3, 'UTC'))) AS until_ms,
            least(cut_ms, until_ms) - greatest(start_ms, from_ms) AS ms
        FROM (
            SELECT
                service, state, start_ms, cut_ms,
                arrayJoin(range(
                    toUInt32(toDate(fromUnixTimestamp64Milli(greatest(start_ms, earliest_ms), 'Europe/Amsterdam'))),
                    toUInt32(toDate(fromUnixTimestamp64Milli(cut_ms - 1, 'Europe/Amsterdam'))) + 1)) AS day_number,
                toDate(day_number) AS day
            FROM (
                SELECT
                    service, state,
                    toUnixTimestamp64Milli(start) AS start_ms,
                    toInt64(toUnixTimestamp(toDateTime(toDate(now64(3, 'UTC'), 'Europe/Amsterdam') - 399, 'Europe/Amsterdam'))) * 1000 AS earliest_ms,
                    toUnixTimestamp64Milli(now64(3, 'UTC')) AS now_ms,
                    least(if(isNull(end), now_ms, toUnixTimestamp64Milli(assumeNotNull(end))),
                          now_ms,
                          leadInFrame(toUnixTimestamp64Milli(start), 1, now_ms) OVER (
                              PARTITION BY service ORDER BY start
                              ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)) AS cut_ms
                FROM service_intervals FINAL
                WHERE end IS NULL
                   OR end > toDateTime(toDate(now64(3, 'UTC'), 'Europe/Amsterdam') - 399, 'Europe/Amsterdam')
            )
            WHERE cut_ms > start_ms AND cut_ms > earliest_ms
        )
    )
    GROUP BY service, day
) AS u
LEFT JOIN (SELECT id, name, customer, product FROM services FINAL) AS s ON s.id = u.service
COMMENT 'How each service spent each of the last 400 days of Europe/Amsterdam, in milliseconds; the day a clock goes forward has 23 hours and the day it goes back 25, and today counts up to now. The states and not_existing_ms add up to day_ms; a day on which a service did not exist at all has no row. availability_percent is (up + degraded) / (up + degraded + down), rounded down to 4 decimals, NULL where nothing counts; outages are those that began on the day';
