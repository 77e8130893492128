-- What the correlate stage could not use. Kept for 30 days; a flood is counted in few rows.

CREATE TABLE IF NOT EXISTS set_aside (
    topic LowCardinality(String) COMMENT 'Topic of the record; checkpoint for a file of the stage itself',
    partition UInt32 COMMENT 'Partition of the record',
    first_offset UInt64 COMMENT 'Offset of the record, or of the first of several; of a file its epoch',
    kind Enum8('undecodable' = 0, 'implausible_time' = 1, 'too_late' = 2, 'refused' = 3, 'lost' = 4, 'damaged' = 5) COMMENT 'What is wrong',
    at DateTime64(3, 'UTC') COMMENT 'When the record was appended; of a file when it was found',
    key String COMMENT 'Key of the record, component of the sample, or name of the file; shortened',
    reason String COMMENT 'What is wrong, for a person; shortened',
    size_bytes UInt64 COMMENT 'Size of the record or file',
    count UInt64 COMMENT 'How many samples or records this row stands for',
    version UInt64 COMMENT 'Epoch of the correlate stage that wrote the row'
) ENGINE = ReplacingMergeTree(version)
ORDER BY (topic, partition, first_offset, kind)
TTL toDateTime(at) + INTERVAL 30 DAY
COMMENT 'Records and samples that were set aside, with the reason';
