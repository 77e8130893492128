//! Behaviours of the publisher.

mod definitions;
mod dimensions;

use correlate::model::{ServiceDefinition, Timestamp};
use serde_json::json;
use store::records::{Actor, Records, ServiceDraft};

fn actor(at: i64) -> Actor {
    Actor::new("anna@example.net", Timestamp(at))
}

/// A service on one device, named like its id in capitals.
fn draft(id: &str) -> ServiceDraft {
    let json = json!({ "id": id, "path": "ams1/device/1" });
    ServiceDraft {
        definition: ServiceDefinition::from_json(&json, &|_| None).expect("a good definition"),
        name: id.to_uppercase(),
        customer: Some("Bakkerij Jansen".to_owned()),
        description: String::new(),
        active: true,
    }
}

async fn create(records: &Records, id: &str) {
    records.services().create(&actor(1), &draft(id)).await.expect("created");
}
