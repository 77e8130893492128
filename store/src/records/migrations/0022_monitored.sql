-- What an NMS watches beside devices and ports: BGP sessions and checks.
CREATE TABLE monitored (
    account {text} NOT NULL,
    -- The second part of the component id: bgp or check.
    kind {text} NOT NULL,
    native_id {text} NOT NULL,
    device {text} NOT NULL,
    name {text} NOT NULL,
    description {text} NOT NULL,
    disabled boolean NOT NULL,
    ignored boolean NOT NULL,
    search_text {text} NOT NULL,
    last_seen_ms bigint NOT NULL,
    PRIMARY KEY (account, kind, native_id)
);
CREATE INDEX monitored_by_device ON monitored (account, device);
