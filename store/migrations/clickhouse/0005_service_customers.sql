-- Which customer each service belongs to, by an id that a new name does not change:
-- what bounds the reader of a customer's pages. A service without a row here is
-- shown to administrators alone.

CREATE TABLE IF NOT EXISTS service_customers (
    service String COMMENT 'Service id',
    customer_id String COMMENT 'Id of the customer whose service it is; empty for nobody',
    version UInt64 COMMENT 'Greater replaces smaller'
) ENGINE = ReplacingMergeTree(version)
ORDER BY service
COMMENT 'Dimension: which customer each service belongs to';
