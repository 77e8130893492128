-- Customers as records of their own, and the people who act for them.

ALTER TABLE customers ADD COLUMN sort_name {text} NOT NULL DEFAULT '';
-- Lower-cased name and number, one a line.
ALTER TABLE customers ADD COLUMN search_text {text} NOT NULL DEFAULT '';
-- JSON: [{"name", "role", "email", "phone"}, ...]
ALTER TABLE customers ADD COLUMN contacts {text} NOT NULL DEFAULT '[]';
ALTER TABLE customers ADD COLUMN account_manager {text} REFERENCES users (id);
ALTER TABLE customers ADD COLUMN language {text} NOT NULL DEFAULT 'nl';
-- An IANA name; none: that of the product.
ALTER TABLE customers ADD COLUMN time_zone {text};
ALTER TABLE customers ADD COLUMN revision bigint NOT NULL DEFAULT 1;
ALTER TABLE customers ADD COLUMN changed_at_ms bigint NOT NULL DEFAULT 0;
UPDATE customers SET sort_name = lower(name), changed_at_ms = created_at_ms,
    search_text = lower(name || '
' || coalesce(number, ''));
CREATE INDEX customers_by_name ON customers (sort_name, id);
CREATE INDEX customers_by_manager ON customers (account_manager);

-- The name in services.customer stays beside it, to search and sort by.
ALTER TABLE services ADD COLUMN customer_id {text} REFERENCES customers (id);
UPDATE services SET customer_id =
    (SELECT customers.id FROM customers WHERE customers.name = services.customer);
CREATE INDEX services_by_customer_id ON services (customer_id, sort_name);

-- invited, active, inactive or banned; users.active says whether it is active.
ALTER TABLE users ADD COLUMN standing {text} NOT NULL DEFAULT 'active';
UPDATE users SET standing = 'inactive' WHERE NOT active;
ALTER TABLE users ADD COLUMN time_zone {text};
ALTER TABLE users ADD COLUMN notification_email {text};
ALTER TABLE users ADD COLUMN revision bigint NOT NULL DEFAULT 1;
-- Lower-cased address and name, one a line.
ALTER TABLE users ADD COLUMN search_text {text} NOT NULL DEFAULT '';
UPDATE users SET search_text = lower(email || '
' || name);

-- Whom somebody acts for.
CREATE TABLE user_customers (
    user_id {text} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    customer_id {text} NOT NULL REFERENCES customers (id) ON DELETE RESTRICT,
    PRIMARY KEY (user_id, customer_id)
);
CREATE INDEX user_customers_back ON user_customers (customer_id);

-- At most one for each user who was invited; it is gone once it was used.
CREATE TABLE invitations (
    user_id {text} NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    -- SHA-256 of the token in the link, in hex.
    token_sha256 {text} NOT NULL UNIQUE,
    created_at_ms bigint NOT NULL,
    expires_at_ms bigint NOT NULL
);

-- What a creation answered, so that sending it again creates nothing.
CREATE TABLE idempotency_keys (
    user_id {text} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    key {text} NOT NULL,
    -- SHA-256 of method, path and body, in hex.
    request_sha256 {text} NOT NULL,
    at_ms bigint NOT NULL,
    -- None while it runs.
    status bigint,
    body {text} NOT NULL DEFAULT '',
    PRIMARY KEY (user_id, key)
);
CREATE INDEX idempotency_keys_by_time ON idempotency_keys (at_ms);
