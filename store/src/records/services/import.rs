//! Importing the services file: everything or nothing, and again without effect.
//!
//! The file is that of `padwacht replay` (SEMANTICS, "Replay"): a JSON list of
//! `{"id", "path"}` or `{"id", "versions"}`. Here `name`, `customer` (a text
//! or null), `description` and `active` count too; what a file does not
//! mention stays as it is. Services that the file does not mention stay, too.

use std::collections::BTreeSet;

use correlate::model::{ServiceDefinition, ServiceId, Timestamp};
use serde_json::{Map, Value};

use super::write::{apply, writes};
use super::{Service, ServiceDraft, Services, load};
use crate::records::audit::Actor;
use crate::records::error::{Doing, RecordsError};
use crate::records::outbox::Queue;
use crate::records::page::Change;

/// What an import did.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct ImportReport {
    /// Services that were not there before.
    pub created: usize,
    /// Services that differed from the file.
    pub updated: usize,
    /// Services that were as in the file; nothing was written for them.
    pub unchanged: usize,
}

impl Services<'_> {
    /// How many services one import may hold: an import is one transaction,
    /// and everybody else waits for it.
    pub const MAX_IMPORT: usize = 500_000;
    /// How many problems an error lists; the rest is counted.
    pub const SHOWN_PROBLEMS: usize = 20;

    /// Creates or changes every service of `json`, the text of a services
    /// file. Instants are milliseconds since 1970 or RFC 3339.
    ///
    /// # Errors
    /// [`RecordsError::Import`] with what is wrong; nothing is written then.
    pub async fn import(self, actor: &Actor, json: &str) -> Result<ImportReport, RecordsError> {
        const DOING: &str = "importing services";
        let entries = parse(json)?;
        let tx = self.0.begin(DOING).await?;
        let mut queue = Queue::lock(&tx, actor.at).await?;
        let ids: Vec<ServiceId> = entries.iter().map(|entry| entry.definition.id.clone()).collect();
        let mut present = load(&tx, &ids).await?;
        let mut report = ImportReport::default();
        let mut problems = Problems::default();
        let mut drafts = Vec::new();
        for entry in entries {
            let before = present.remove(&entry.definition.id);
            let id = entry.definition.id.clone();
            match entry.draft(before.as_ref()).checked() {
                Ok(draft) => drafts.push((draft, before)),
                Err(error) => problems.add(format!("service {id}: {error}")),
            }
        }
        problems.into_result()?;
        let (mut writes, made) = writes(&tx, drafts, actor.at).await?;
        for write in &writes {
            match write.change() {
                Change::Unchanged => report.unchanged += 1,
                Change::Created => report.created += 1,
                Change::Updated => report.updated += 1,
            }
        }
        writes.retain(|write| write.change() != Change::Unchanged);
        let mut problems = Problems::default();
        for problem in apply(&tx, &mut queue, actor, &writes, made).await? {
            problems.add(problem.to_string());
        }
        problems.into_result()?;
        if !writes.is_empty() {
            queue.finish().await?;
            tx.commit().await.doing(DOING)?;
        }
        Ok(report)
    }
}

/// One service of the file; a field that it does not mention is `None`.
#[derive(Debug)]
struct Entry {
    definition: ServiceDefinition,
    name: Option<String>,
    customer: Option<Option<String>>,
    description: Option<String>,
    active: Option<bool>,
}

impl Entry {
    fn draft(self, before: Option<&Service>) -> ServiceDraft {
        let or = |given: Option<String>, kept: Option<&String>| {
            given.or_else(|| kept.cloned()).unwrap_or_default()
        };
        ServiceDraft {
            definition: self.definition,
            name: or(self.name, before.map(|before| &before.name)),
            customer: self
                .customer
                .unwrap_or_else(|| before.and_then(|before| before.customer.clone())),
            description: or(self.description, before.map(|before| &before.description)),
            active: self.active.unwrap_or_else(|| before.is_none_or(|before| before.active)),
        }
    }
}

fn parse(json: &str) -> Result<Vec<Entry>, RecordsError> {
    let whole = |problem: String| Err(RecordsError::Import { problems: vec![problem], total: 1 });
    let list = match serde_json::from_str::<Value>(json) {
        Ok(Value::Array(list)) => list,
        Ok(_) => return whole("expected a list of services".to_owned()),
        Err(error) => return whole(format!("not JSON: {error}")),
    };
    if list.len() > Services::MAX_IMPORT {
        return whole(format!(
            "{} services are more than one import may hold ({}); split the file",
            list.len(),
            Services::MAX_IMPORT
        ));
    }
    let mut problems = Problems::default();
    let mut seen = BTreeSet::new();
    let mut entries = Vec::with_capacity(list.len());
    for (index, value) in list.iter().enumerate() {
        match parse_entry(value) {
            Err(problem) => problems.add(format!("entry {}: {problem}", index + 1)),
            Ok(entry) if !seen.insert(entry.definition.id.clone()) => problems.add(format!(
                "entry {}: service {} occurs twice",
                index + 1,
                entry.definition.id
            )),
            Ok(entry) => entries.push(entry),
        }
    }
    problems.into_result()?;
    Ok(entries)
}

fn parse_entry(value: &Value) -> Result<Entry, String> {
    let definition =
        ServiceDefinition::from_json(value, &rfc_3339).map_err(|error| error.to_string())?;
    let empty = Map::new();
    let fields = value.as_object().unwrap_or(&empty);
    let wrong = |field: &str, allowed: &str, found: &Value| {
        format!("service {}: {field} must be {allowed}, found {found}", definition.id)
    };
    let text = |field: &str| match fields.get(field) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(found) => Err(wrong(field, "a text", found)),
    };
    let customer = match fields.get("customer") {
        None => None,
        Some(Value::Null) => Some(None),
        Some(Value::String(name)) => Some(Some(name.clone())),
        Some(found) => return Err(wrong("customer", "a text or null", found)),
    };
    let active = match fields.get("active") {
        None => None,
        Some(Value::Bool(active)) => Some(*active),
        Some(found) => return Err(wrong("active", "true or false", found)),
    };
    let (name, description) = (text("name")?, text("description")?);
    Ok(Entry { definition, name, customer, description, active })
}

fn rfc_3339(text: &str) -> Option<Timestamp> {
    text.parse::<jiff::Timestamp>().ok().map(|at| Timestamp(at.as_millisecond()))
}

#[derive(Default)]
struct Problems {
    shown: Vec<String>,
    total: usize,
}

impl Problems {
    fn add(&mut self, problem: String) {
        self.total += 1;
        if self.shown.len() < Services::SHOWN_PROBLEMS {
            self.shown.push(problem);
        }
    }

    fn into_result(self) -> Result<(), RecordsError> {
        match self.total {
            0 => Ok(()),
            total => Err(RecordsError::Import { problems: self.shown, total }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(json: &str, expected: &str) {
        let error = parse(json).expect_err("must be refused").to_string();
        assert_eq!(error, format!("import refused, nothing was written: {expected}"));
    }

    #[test]
    fn problems_are_collected_and_located() {
        refused("{", "1 problem(s): not JSON: EOF while parsing an object at line 1 column 1");
        refused("{}", "1 problem(s): expected a list of services");
        refused(
            r#"[{"id":"a","path":"x"},{"id":"a","path":"x"},{"id":"b"},{"id":"c","path":"x","customer":7}]"#,
            "3 problem(s): entry 2: service a occurs twice; \
             entry 3: service b: needs either path or a list of versions; \
             entry 4: service c: customer must be a text or null, found 7",
        );
    }

    #[test]
    fn instants_may_be_rfc_3339() {
        let json = r#"[{"id":"a","versions":[{"from":"2026-01-01T00:00:00+01:00","path":"x"}]}]"#;
        let entries = parse(json).expect("valid");
        let from = entries[0].definition.versions()[0].period.from;
        assert_eq!(from, Timestamp(1_767_222_000_000));
    }

    #[test]
    fn ten_thousand_problems_do_not_make_a_book() {
        let json = format!("[{}]", vec!["7"; 10_000].join(","));
        match parse(&json) {
            Err(RecordsError::Import { problems, total: 10_000 }) => {
                assert_eq!(problems.len(), Services::SHOWN_PROBLEMS);
            }
            other => panic!("unexpected {other:?}"),
        }
    }
}
