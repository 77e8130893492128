-- The tables. Instants are UTC with milliseconds; a period holds its start and not its end.
--
-- Every key is written again when it is revised, with a greater version; a reader must therefore use
-- FINAL (the v_ views do). Where a table is partitioned, the partition follows from the key, so FINAL
-- may work partition by partition.

CREATE TABLE IF NOT EXISTS component_transitions (
    component String COMMENT 'Component id: nms/kind/native id',
    at DateTime64(3, 'UTC') COMMENT 'When the state began, in the network',
    state Enum8('down' = 0, 'unknown' = 1, 'up' = 2) COMMENT 'The state from then on',
    version UInt64 COMMENT 'Epoch of the correlate stage that wrote the row',
    is_deleted UInt8 DEFAULT 0 COMMENT '1: there is no transition at this instant any more',
    recorded_at DateTime64(3, 'UTC') COMMENT 'When the row was written'
) ENGINE = ReplacingMergeTree(version, is_deleted)
PARTITION BY toYYYYMM(at)
ORDER BY (component, at)
COMMENT 'State changes of components; use v_component_transitions';

CREATE TABLE IF NOT EXISTS service_intervals (
    service String COMMENT 'Service id',
    start DateTime64(3, 'UTC') COMMENT 'First instant of the interval',
    end Nullable(DateTime64(3, 'UTC')) COMMENT 'First instant after it; NULL while it is open',
    state Enum8('up' = 0, 'degraded' = 1, 'down' = 2, 'maintenance' = 3, 'unknown' = 4) COMMENT 'The state throughout',
    cause Array(String) COMMENT 'Component ids to blame at the start, sorted',
    cause_moves Array(Tuple(DateTime64(3, 'UTC'), Array(String))) COMMENT 'Later instants at which the cause changed, with the cause from then on',
    version UInt64 COMMENT 'Epoch of the correlate stage that wrote the row',
    is_deleted UInt8 DEFAULT 0 COMMENT '1: no interval starts here any more',
    recorded_at DateTime64(3, 'UTC') COMMENT 'When the row was written'
) ENGINE = ReplacingMergeTree(version, is_deleted)
PARTITION BY toYYYYMM(start)
ORDER BY (service, start)
COMMENT 'Gapless intervals of one state per service, current revision; use v_service_intervals';

CREATE TABLE IF NOT EXISTS service_interval_revisions (
    service String COMMENT 'Service id',
    start DateTime64(3, 'UTC') COMMENT 'First instant of the interval',
    version UInt64 COMMENT 'Epoch of the correlate stage that wrote the row',
    end Nullable(DateTime64(3, 'UTC')) COMMENT 'First instant after it; NULL while it is open',
    state Enum8('up' = 0, 'degraded' = 1, 'down' = 2, 'maintenance' = 3, 'unknown' = 4) COMMENT 'The state throughout',
    cause Array(String) COMMENT 'Component ids to blame at the start, sorted',
    cause_moves Array(Tuple(DateTime64(3, 'UTC'), Array(String))) COMMENT 'Later instants at which the cause changed',
    withdrawn UInt8 COMMENT '1: from this revision on no interval starts here',
    recorded_at DateTime64(3, 'UTC') COMMENT 'When this was believed from'
) ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(start)
ORDER BY (service, start, version)
COMMENT 'Every revision of every interval: what was believed when';

CREATE TABLE IF NOT EXISTS services (
    id String COMMENT 'Service id',
    name String COMMENT 'Name for people',
    customer String COMMENT 'Whose service it is',
    product String COMMENT 'What was sold',
    speed_mbps UInt32 COMMENT 'Sold speed in Mbit/s; 0 when it has none',
    description String COMMENT 'Free text',
    version UInt64 COMMENT 'Greater replaces smaller',
    is_deleted UInt8 DEFAULT 0 COMMENT '1: the service is no longer administered'
) ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY id
COMMENT 'Dimension: what the services are called';

CREATE TABLE IF NOT EXISTS components (
    id String COMMENT 'Component id: nms/kind/native id',
    kind String COMMENT 'device, port, ...',
    name String COMMENT 'Name for people',
    device String COMMENT 'Component id of the device that it is part of; its own for a device',
    device_name String COMMENT 'Name of that device',
    site String COMMENT 'Where it stands; empty when unknown',
    description String COMMENT 'Free text, such as a port alias',
    version UInt64 COMMENT 'Greater replaces smaller',
    is_deleted UInt8 DEFAULT 0 COMMENT '1: the component is no longer known to its NMS'
) ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY id
COMMENT 'Dimension: what the components are called';

CREATE TABLE IF NOT EXISTS pipeline_progress (
    stage LowCardinality(String) COMMENT 'ingest, correlate, ...',
    instance String COMMENT 'Which one of the stage, such as an NMS name or a worker',
    at DateTime64(3, 'UTC') COMMENT 'When it reported',
    frontier Nullable(DateTime64(3, 'UTC')) COMMENT 'Everything before this instant is complete; NULL before the first',
    epoch UInt64 COMMENT 'Its epoch',
    lag_ms UInt64 COMMENT 'How far it is behind, in milliseconds',
    detail String COMMENT 'Free text'
) ENGINE = ReplacingMergeTree(epoch)
ORDER BY (stage, instance, at)
TTL toDateTime(at) + INTERVAL 30 DAY
COMMENT 'How far each stage of the pipeline has come; kept for 30 days';
