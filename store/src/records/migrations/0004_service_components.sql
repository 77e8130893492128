-- Which service's path names which component, in any version. Filled from the
-- services that are there by the step that runs this; see services/components.rs.
CREATE TABLE service_components (
    component {text} NOT NULL,
    service_id {text} NOT NULL REFERENCES services (id) ON DELETE CASCADE,
    PRIMARY KEY (component, service_id)
);
CREATE INDEX service_components_back ON service_components (service_id);
