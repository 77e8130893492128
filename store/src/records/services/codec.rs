//! Services as rows and as JSON, there and back.

use correlate::model::{Period, ServiceDefinition, Timestamp};
use serde_json::{Value, json};

use super::{Service, ServiceDraft};
use crate::records::entity::service;
use crate::records::error::RecordsError;
use crate::records::ids::CustomerId;
use crate::records::text;

/// The key of a service's records on the topic.
pub(super) fn topic_key(definition: &ServiceDefinition) -> String {
    format!("service/{}", definition.id)
}

/// The value on the topic: `{"id", "versions": [{"from", "to", "path"}]}`.
pub(super) fn topic_value(definition: &ServiceDefinition) -> String {
    json!({ "id": definition.id.as_str(), "versions": versions(definition) }).to_string()
}

fn versions(definition: &ServiceDefinition) -> Value {
    let edge = |at: Timestamp, open: Timestamp| (at != open).then_some(at.millis());
    let version = |Period { from, until }: Period, path: Value| {
        json!({
            "from": edge(from, Timestamp::MIN),
            "to": edge(until, Timestamp::MAX),
            "path": path,
        })
    };
    definition.versions().iter().map(|one| version(one.period, one.path.to_json())).collect()
}

/// The form in the audit trail.
pub(super) fn audit_value(draft: &ServiceDraft) -> Value {
    json!({
        "id": draft.definition.id.as_str(),
        "name": draft.name,
        "customer": draft.customer,
        "description": draft.description,
        "active": draft.active,
        "versions": versions(&draft.definition),
    })
}

/// The stored definition of the service `id`.
pub(super) fn definition(id: &str, versions: &str) -> Result<ServiceDefinition, RecordsError> {
    let corrupt = |reason: String| RecordsError::corrupt("service", id, reason);
    let versions: Value =
        serde_json::from_str(versions).map_err(|error| corrupt(error.to_string()))?;
    let definition = json!({ "id": id, "versions": versions });
    ServiceDefinition::from_json(&definition, &|_| None).map_err(|error| corrupt(error.to_string()))
}

pub(super) fn read(row: service::Model) -> Result<Service, RecordsError> {
    let definition = definition(&row.id, &row.versions)?;
    Ok(Service {
        definition,
        name: row.name,
        customer_id: row.customer_id.as_deref().map(CustomerId::stored).transpose()?,
        customer: row.customer,
        description: row.description,
        active: row.active,
        revision: row.revision,
        created_at: Timestamp(row.created_at_ms),
        changed_at: Timestamp(row.changed_at_ms),
    })
}

/// The row of `draft`, changed at `at`, of the customer `customer_id`.
pub(super) fn row(
    draft: &ServiceDraft,
    customer_id: Option<CustomerId>,
    before: Option<&Service>,
    at: Timestamp,
) -> service::Model {
    let id = draft.definition.id.as_str();
    let customer = draft.customer.as_deref().unwrap_or_default();
    service::Model {
        id: id.to_owned(),
        name: draft.name.clone(),
        sort_name: draft.name.to_lowercase(),
        customer: draft.customer.clone(),
        description: draft.description.clone(),
        active: draft.active,
        versions: versions(&draft.definition).to_string(),
        search_text: format!("{id}\n{}\n{customer}", draft.name).to_lowercase(),
        revision: before.map_or(1, |before| before.revision + 1),
        created_at_ms: before.map_or(at, |before| before.created_at).millis(),
        changed_at_ms: at.millis(),
        customer_id: customer_id.map(|id| id.to_string()),
    }
}

impl Service {
    /// The service as a draft, to change and hand to [`super::Services::update`].
    pub fn to_draft(&self) -> ServiceDraft {
        ServiceDraft {
            definition: self.definition.clone(),
            name: self.name.clone(),
            customer: self.customer.clone(),
            description: self.description.clone(),
            active: self.active,
        }
    }
}

impl ServiceDraft {
    /// The draft with its texts checked and trimmed.
    pub(super) fn checked(&self) -> Result<ServiceDraft, RecordsError> {
        let id = self.definition.id.as_str();
        if text::name("service id", id)? != id {
            let reason = format!("must not begin or end with a blank, found {id:?}");
            return Err(RecordsError::invalid("service id", reason));
        }
        let name = if self.name.trim().is_empty() { id } else { &self.name };
        let customer = self.customer.as_deref().filter(|customer| !customer.trim().is_empty());
        Ok(ServiceDraft {
            definition: self.definition.clone(),
            name: text::name("name", name)?,
            customer: customer.map(|customer| text::name("customer", customer)).transpose()?,
            description: text::note("description", &self.description)?,
            active: self.active,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topic_value_has_null_for_open_ends() {
        let json = json!({"id": "a", "versions": [{"from": null, "to": 5, "path": "n/device/1"},
            {"from": 5, "to": null, "path": {"all": ["n/device/1", "n/port/2"]}}]});
        let definition = ServiceDefinition::from_json(&json, &|_| None).expect("valid");
        let value: Value = serde_json::from_str(&topic_value(&definition)).expect("JSON");
        assert_eq!(value, json);
    }
}
