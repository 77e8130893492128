//! Definitions on the log: services and maintenance windows, by key.

use std::fmt;

use bytes::Bytes;
use correlate::model::{
    Names, PathExpr, Period, ServiceDefinition, ServiceError, ServiceId, Target, Timestamp,
    Version, Window,
};
use serde_json::{Value, json};

use super::WireError;
use crate::log::Record;

const SERVICE_PREFIX: &str = "service/";
const WINDOW_PREFIX: &str = "window/";

/// One record of `padwacht.definitions`: the newest word on its key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DefinitionRecord {
    /// Key `service/<id>`.
    Service {
        /// Whose definition; not empty.
        id: ServiceId,
        /// All its versions; `None` when the service is gone.
        definition: Option<ServiceDefinition>,
    },
    /// Key `window/<id>`.
    Window {
        /// The window's own identity; not empty.
        id: String,
        /// The window; `None` when it is withdrawn.
        window: Option<Window>,
    },
}

impl DefinitionRecord {
    /// The record's key: `service/<id>` or `window/<id>`.
    pub fn key(&self) -> String {
        match self {
            DefinitionRecord::Service { id, .. } => format!("{SERVICE_PREFIX}{id}"),
            DefinitionRecord::Window { id, .. } => format!("{WINDOW_PREFIX}{id}"),
        }
    }

    /// The service that a record's key names, also where its value is of no use.
    pub fn service_of(key: &[u8]) -> Option<ServiceId> {
        let id = std::str::from_utf8(key).ok()?.strip_prefix(SERVICE_PREFIX)?;
        (!id.is_empty()).then(|| ServiceId::from(id))
    }

    /// The record for the log. [`DefinitionRecord::decode`] reads it back unchanged.
    ///
    /// # Errors
    /// What `decode` would refuse: an empty id, a definition with another id
    /// than the key's, a path that nests too deep, an empty window.
    pub fn encode(&self) -> Result<Record, WireError> {
        let key = self.key();
        let refuse = |reason: String| WireError::Definition { key: key.clone(), reason };
        let value = match self {
            DefinitionRecord::Service { id, definition } => {
                check_id(id.as_str()).map_err(refuse)?;
                let value = definition.as_ref().map(|definition| service_json(id, definition));
                value.transpose().map_err(refuse)?
            }
            DefinitionRecord::Window { id, window } => {
                check_id(id).map_err(refuse)?;
                window.as_ref().map(window_json).transpose().map_err(refuse)?
            }
        };
        let value = value.map(|json| Bytes::from(json.to_string()));
        Ok(Record { key: key.into(), value })
    }

    /// Reads a record's key and value; no value is a tombstone.
    ///
    /// # Errors
    /// [`WireError::Key`] for a key of neither form, [`WireError::Definition`]
    /// for a value that does not say what it must.
    pub fn decode(key: &[u8], value: Option<&[u8]>) -> Result<DefinitionRecord, WireError> {
        DefinitionRecord::decode_with(key, value, &mut Names::new())
    }

    /// As [`DefinitionRecord::decode`], for readers of many records: the ids of
    /// a service share their text with those that `names` has met.
    ///
    /// # Errors
    /// As `decode`.
    pub fn decode_with(
        key: &[u8],
        value: Option<&[u8]>,
        names: &mut Names,
    ) -> Result<DefinitionRecord, WireError> {
        let unknown = || WireError::Key(String::from_utf8_lossy(key).into_owned());
        let text = std::str::from_utf8(key).map_err(|_| unknown())?;
        let refuse = |reason: String| WireError::Definition { key: text.to_owned(), reason };
        if let Some(id) = text.strip_prefix(SERVICE_PREFIX).filter(|id| !id.is_empty()) {
            let definition = value.map(|value| read_service(id, value, names));
            let definition = definition.transpose().map_err(refuse)?;
            Ok(DefinitionRecord::Service { id: names.service(id), definition })
        } else if let Some(id) = text.strip_prefix(WINDOW_PREFIX).filter(|id| !id.is_empty()) {
            let window = value.map(read_window).transpose().map_err(refuse)?;
            Ok(DefinitionRecord::Window { id: id.to_owned(), window })
        } else {
            Err(unknown())
        }
    }
}

fn check_id(id: &str) -> Result<(), String> {
    if id.is_empty() { Err("the id must not be empty".to_owned()) } else { Ok(()) }
}

fn service_json(id: &ServiceId, definition: &ServiceDefinition) -> Result<Value, String> {
    if definition.id != *id {
        return Err(format!("the definition is that of service {:?}", definition.id));
    }
    let edge = |at: Timestamp, open: Timestamp| {
        if at == open { Value::Null } else { Value::from(at.millis()) }
    };
    let mut versions = Vec::with_capacity(definition.versions().len());
    for Version { period, path } in definition.versions() {
        if nests_deeper_than(path, PathExpr::MAX_DEPTH) {
            return Err(format!("a path nests deeper than {} levels", PathExpr::MAX_DEPTH));
        }
        versions.push(json!({
            "from": edge(period.from, Timestamp::MIN),
            "to": edge(period.until, Timestamp::MAX),
            "path": path.to_json(),
        }));
    }
    Ok(json!({ "id": id.as_str(), "versions": versions }))
}

fn nests_deeper_than(path: &PathExpr, levels: usize) -> bool {
    match path.children() {
        [] => false,
        children => {
            levels == 0 || children.iter().any(|child| nests_deeper_than(child, levels - 1))
        }
    }
}

fn read_service(id: &str, json: &[u8], names: &mut Names) -> Result<ServiceDefinition, String> {
    let json = std::str::from_utf8(json).map_err(no_json)?;
    // Instants are numbers here; a text is refused.
    let read = ServiceDefinition::parse(json, names, &|_| None);
    let definition = read.map_err(|error| match error {
        ServiceError::Json { .. } => no_json(error),
        error => error.to_string(),
    })?;
    if definition.id.as_str() != id {
        return Err(format!("its id must be that of the key, found {:?}", definition.id));
    }
    Ok(definition)
}

fn no_json(error: impl fmt::Display) -> String {
    format!("the value is no JSON: {error}")
}

fn window_json(window: &Window) -> Result<Value, String> {
    let Window { target, period } = window;
    check_window(target, period)?;
    Ok(json!({
        "target": target.to_string(),
        "from": period.from.millis(),
        "to": period.until.millis(),
    }))
}

fn read_window(json: &[u8]) -> Result<Window, String> {
    let json: Value = serde_json::from_slice(json).map_err(no_json)?;
    let field = |name: &str| {
        json.get(name).ok_or_else(|| format!("{name} is missing: a window has target, from and to"))
    };
    let instant = |name: &str| {
        let found = field(name)?;
        found.as_i64().map(Timestamp).ok_or_else(|| {
            format!("{name} must be milliseconds since 1970, a whole number, found {found}")
        })
    };
    let target = field("target")?;
    let target = target
        .as_str()
        .ok_or_else(|| format!("target must be a component id or service:<id>, found {target}"))?;
    let window = Window {
        target: Target::parse(target),
        period: Period::new(instant("from")?, instant("to")?),
    };
    check_window(&window.target, &window.period)?;
    Ok(window)
}

fn check_window(target: &Target, period: &Period) -> Result<(), String> {
    let id = match target {
        Target::Component(id) => id.as_str(),
        Target::Service(id) => id.as_str(),
    };
    if id.is_empty() {
        return Err("target must name a component or a service".to_owned());
    }
    if period.is_empty() {
        return Err(format!(
            "a window must end after it starts, found from {} to {}",
            period.from, period.until
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn reads_back(record: &DefinitionRecord) {
        let Record { key, value } = record.encode().expect("valid");
        assert_eq!(DefinitionRecord::decode(&key, value.as_deref()).as_ref(), Ok(record));
    }

    fn service(id: &str, path: PathExpr) -> DefinitionRecord {
        let id = ServiceId::from(id);
        let definition = ServiceDefinition::always(id.clone(), path);
        DefinitionRecord::Service { id, definition: Some(definition) }
    }

    fn component(id: &str) -> PathExpr {
        PathExpr::Component(id.into())
    }

    fn nested(levels: usize) -> PathExpr {
        (0..levels).fold(PathExpr::Service("core".into()), |path, _| PathExpr::All(vec![path]))
    }

    #[track_caller]
    fn refused(key: &str, value: &str, expected: &str) {
        let error = DefinitionRecord::decode(key.as_bytes(), Some(value.as_bytes()))
            .expect_err("must be refused");
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn services_read_back_unchanged() {
        reads_back(&service("cust/1", PathExpr::Any(vec![component("a"), component("b")])));
        let id = ServiceId::from("s");
        let version = |from, until, path| Version {
            period: Period::new(Timestamp(from), Timestamp(until)),
            path: component(path),
        };
        let versions =
            vec![version(i64::MIN, 10, "a"), version(20, 30, "b"), version(30, i64::MAX, "c")];
        let definition = Some(ServiceDefinition::new(id.clone(), versions).expect("valid"));
        reads_back(&DefinitionRecord::Service { id: id.clone(), definition });
        reads_back(&DefinitionRecord::Service { id, definition: None });
    }

    #[test]
    fn the_deepest_path_that_is_written_can_be_read() {
        reads_back(&service("s", nested(PathExpr::MAX_DEPTH)));
        let error = service("s", nested(PathExpr::MAX_DEPTH + 1)).encode().expect_err("too deep");
        assert_eq!(
            error.to_string(),
            "the definition at key \"service/s\" is refused: a path nests deeper than 61 levels"
        );
    }

    #[test]
    fn windows_read_back_unchanged() {
        for target in ["service:s", "ams1/port/1"] {
            let period = Period::new(Timestamp(-5), Timestamp(7));
            let window = Some(Window { target: Target::parse(target), period });
            reads_back(&DefinitionRecord::Window { id: "w/1".to_owned(), window });
        }
        reads_back(&DefinitionRecord::Window { id: "w".to_owned(), window: None });
    }

    #[test]
    fn the_form_on_the_log_is_the_documented_one() {
        let Record { key, value } = service("s", component("a")).encode().expect("valid");
        assert_eq!(key, "service/s");
        let json: Value = serde_json::from_slice(&value.expect("no tombstone")).expect("JSON");
        let expected = json!({"id": "s", "versions": [{"from": null, "to": null, "path": "a"}]});
        assert_eq!(json, expected);
    }

    #[test]
    fn refusals_name_the_key_and_the_reason() {
        refused(
            "router/1",
            "{}",
            "the key must be service/<id> or window/<id>, found \"router/1\"",
        );
        refused(
            "service/",
            "{}",
            "the key must be service/<id> or window/<id>, found \"service/\"",
        );
        refused(
            "service/a",
            r#"{"id":"b","path":"x"}"#,
            "the definition at key \"service/a\" is refused: its id must be that of the key, \
             found \"b\"",
        );
        refused(
            "service/a",
            r#"{"id":"a","path":}"#,
            "the definition at key \"service/a\" is refused: the value is no JSON: expected value \
             at line 1 column 18",
        );
        refused(
            "window/w",
            r#"{"target":"x","from":5,"to":5}"#,
            "the definition at key \"window/w\" is refused: a window must end after it starts, \
             found from 5 to 5",
        );
        refused(
            "window/w",
            r#"{"target":"x","from":1.5,"to":5}"#,
            "the definition at key \"window/w\" is refused: from must be milliseconds since 1970, \
             a whole number, found 1.5",
        );
        refused(
            "window/w",
            r#"{"target":"service:","from":1,"to":5}"#,
            "the definition at key \"window/w\" is refused: target must name a component or a \
             service",
        );
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(
            key in "(service/|window/)?[a-z]{0,3}",
            value in prop::collection::vec(any::<u8>(), 0..100),
        ) {
            let _ = DefinitionRecord::decode(key.as_bytes(), Some(&value));
        }

        #[test]
        fn arbitrary_json_fields_never_panic(
            window: bool,
            from: i64,
            to: i64,
            target in "(service:)?[a-z/]{0,5}",
        ) {
            let key: &[u8] = if window { b"window/w" } else { b"service/w" };
            let json = json!({"id": "w", "target": target, "from": from, "to": to,
                "versions": [{"from": from, "to": to, "path": target}]});
            let record = DefinitionRecord::decode(key, Some(json.to_string().as_bytes()));
            if let Ok(record) = record {
                reads_back(&record);
            }
        }
    }
}
