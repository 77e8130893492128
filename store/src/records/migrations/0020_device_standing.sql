-- What the operators of an NMS told it about a device: not to look at it, or not to alert on it.
-- And devices by the name they are polled at: one that was added again has a new id and the old name.
ALTER TABLE devices ADD COLUMN disabled boolean NOT NULL DEFAULT false;
ALTER TABLE devices ADD COLUMN ignored boolean NOT NULL DEFAULT false;
CREATE INDEX devices_by_host ON devices (account, host_name);
