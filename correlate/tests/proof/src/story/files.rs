//! A story as the files of `padwacht replay`.

use std::fmt::Write as _;

use correlate::model::{Period, ServiceDefinition, Timestamp, Version};
use serde_json::{Value, json};

use super::Story;
use crate::{Fact, Facts};

/// What `padwacht replay` needs for a story; of edits, what holds at its end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReplayFiles {
    /// CSV with the header `at,component,state`, in order of arrival.
    pub samples: String,
    /// A JSON list.
    pub services: String,
    /// CSV with the header `target,from,to`.
    pub maintenance: String,
    /// The period to ask for: up to and with the clock at the end.
    pub period: Period,
}

impl Story {
    /// The story's facts as files.
    pub fn files(&self) -> ReplayFiles {
        let mut samples = String::from("at,component,state\n");
        let facts = self.facts();
        for fact in &facts {
            if let Fact::Sample(sample) = fact {
                let component = quoted(sample.component.as_str());
                writeln!(samples, "{},{component},{}", sample.at, sample.state)
                    .expect("writing to a String cannot fail");
            }
        }
        let set = Facts::of(&facts);
        let services: Vec<Value> = set.definitions.values().map(service).collect();
        let mut maintenance = String::from("target,from,to\n");
        for window in set.windows.values().filter(|window| !window.period.is_empty()) {
            let Period { from, until } = window.period;
            writeln!(maintenance, "{},{from},{until}", quoted(&window.target.to_string()))
                .expect("writing to a String cannot fail");
        }
        ReplayFiles {
            samples,
            services: Value::from(services).to_string(),
            maintenance,
            period: Period::new(self.watched_from, self.last_now().plus_millis(1)),
        }
    }
}

fn service(definition: &ServiceDefinition) -> Value {
    let edge = |at: Timestamp| match at {
        Timestamp::MIN | Timestamp::MAX => Value::Null,
        at => json!(at.millis()),
    };
    let version = |version: &Version| {
        let Period { from, until } = version.period;
        json!({ "from": edge(from), "to": edge(until), "path": version.path.to_json() })
    };
    match definition.versions() {
        [only] if only.period == Period::new(Timestamp::MIN, Timestamp::MAX) => {
            json!({ "id": definition.id.as_str(), "path": only.path.to_json() })
        }
        versions => {
            let versions: Vec<Value> = versions.iter().map(version).collect();
            json!({ "id": definition.id.as_str(), "versions": versions })
        }
    }
}

fn quoted(field: &str) -> String {
    if field.contains([',', '"']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}
