//! Service definitions: an id and versions that do not overlap.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Names, PathError, PathExpr, Period, ServiceId, Timestamp, json};

/// One version of a service: `path` holds during `period`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Version {
    /// When it holds; open-ended with `until` [`Timestamp::MAX`].
    pub period: Period,
    /// What the service needs to work then.
    pub path: PathExpr,
}

/// A service: where no version holds, it does not exist and has no interval.
///
/// Versions are sorted by start, not empty and do not overlap.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ServiceDefinition {
    /// Its identity.
    pub id: ServiceId,
    versions: Vec<Version>,
}

/// Serialises a shared value as the value itself: it is shared again on the
/// other side, but not with whom it was.
pub(crate) mod shared {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<T: Serialize, S: Serializer>(
        value: &Arc<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        T::serialize(value, serializer)
    }

    pub(crate) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        source: D,
    ) -> Result<Arc<T>, D::Error> {
        T::deserialize(source).map(Arc::new)
    }
}

/// Why a definition was refused.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ServiceError {
    /// A path was refused.
    #[error("service {service}, version {version}: {error}")]
    Path {
        /// Whose path.
        service: ServiceId,
        /// Which version, from 1.
        version: usize,
        /// Where and why.
        error: PathError,
    },
    /// The versions do not fit together.
    #[error("service {service}: {reason}")]
    Versions {
        /// Whose versions.
        service: ServiceId,
        /// What is wrong.
        reason: String,
    },
    /// A chain of references comes back to where it began.
    #[error("service {service}, version {version}: at {place}: references form a cycle: {}", join(.cycle))]
    Cycle {
        /// The service that was refused.
        service: ServiceId,
        /// Which of its versions, from 1.
        version: usize,
        /// Where in that version's path the cycle begins.
        place: String,
        /// The services along the cycle, the first one again at the end.
        cycle: Vec<ServiceId>,
    },
    /// The text is no JSON.
    #[error("{reason} at line {line} column {column}")]
    Json {
        /// Line of the text, from 1.
        line: usize,
        /// Byte in that line, from 1; 0 where the line has none.
        column: usize,
        /// What is wrong there.
        reason: String,
    },
    /// It is no service at all.
    #[error("{0}")]
    Shape(String),
}

fn join(cycle: &[ServiceId]) -> String {
    cycle.iter().map(ServiceId::as_str).collect::<Vec<_>>().join(" → ")
}

impl ServiceDefinition {
    /// A service that is valid for ever with one path.
    pub fn always(id: ServiceId, path: PathExpr) -> ServiceDefinition {
        let period = Period::new(Timestamp::MIN, Timestamp::MAX);
        ServiceDefinition { id, versions: vec![Version { period, path }] }
    }

    /// A service with `versions`, in any order.
    ///
    /// # Errors
    /// No version, an empty period, or two that overlap.
    pub fn new(
        id: ServiceId,
        mut versions: Vec<Version>,
    ) -> Result<ServiceDefinition, ServiceError> {
        let refuse = |reason: String| Err(ServiceError::Versions { service: id.clone(), reason });
        if versions.is_empty() {
            return refuse("versions must not be empty".to_owned());
        }
        for version in &versions {
            if version.period.is_empty() {
                return refuse(format!(
                    "a version must end after it starts, found from {} to {}",
                    version.period.from, version.period.until
                ));
            }
        }
        versions.sort_by_key(|version| version.period.from);
        for pair in versions.windows(2) {
            if pair[1].period.from < pair[0].period.until {
                return refuse(format!(
                    "versions overlap: one from {} is still valid when another starts at {}",
                    pair[0].period.from, pair[1].period.from
                ));
            }
        }
        Ok(ServiceDefinition { id, versions })
    }

    /// The versions, sorted by start.
    pub fn versions(&self) -> &[Version] {
        &self.versions
    }

    /// The version that holds at `at`, if the service exists then.
    pub fn version_at(&self, at: Timestamp) -> Option<&Version> {
        let after = self.versions.partition_point(|version| version.period.from <= at);
        self.versions[..after].last().filter(|version| version.period.contains(at))
    }

    /// Reads `{"id", "path"}` or `{"id", "versions": [{"from", "to", "path"}]}`.
    /// Instants are milliseconds, or whatever `time` reads from a text;
    /// other fields are ignored.
    ///
    /// # Errors
    /// A missing or wrong field, a refused path, or versions that overlap.
    pub fn from_json(
        value: &Value,
        time: &dyn Fn(&str) -> Option<Timestamp>,
    ) -> Result<ServiceDefinition, ServiceError> {
        // A value that is there was well-formed.
        json::read_service(value, &mut Names::new(), time)
            .unwrap_or_else(|error| Err(ServiceError::Shape(error.to_string())))
    }

    /// Reads a text in the form of [`ServiceDefinition::from_json`], without a
    /// tree of values in between: fast, and every id shares its text with
    /// those that `names` has met.
    ///
    /// # Errors
    /// As `from_json`, or a text that is no JSON.
    pub fn parse(
        text: &str,
        names: &mut Names,
        time: &dyn Fn(&str) -> Option<Timestamp>,
    ) -> Result<ServiceDefinition, ServiceError> {
        json::parse_service(text, names, time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<ServiceDefinition, String> {
        let value = serde_json::from_str(json).expect("test input is JSON");
        let read = ServiceDefinition::from_json(&value, &|_| None);
        assert_eq!(read, ServiceDefinition::parse(json, &mut Names::new(), &|_| None));
        read.map_err(|error| error.to_string())
    }

    #[test]
    fn version_at_respects_gaps_and_half_open_ends() {
        let service = read(
            r#"{"id":"s","versions":[{"from":30,"to":null,"path":"b"},
                {"from":10,"to":20,"path":"a"}]}"#,
        )
        .expect("valid");
        let path_at = |at| service.version_at(Timestamp(at)).map(|v| v.path.clone());
        assert_eq!(path_at(9), None);
        assert_eq!(path_at(10), Some(PathExpr::Component("a".into())));
        assert_eq!(path_at(20), None);
        assert_eq!(path_at(1_000), Some(PathExpr::Component("b".into())));
    }

    #[test]
    fn refusals_name_the_service_and_the_reason() {
        let cases = [
            (
                r#"{"id":"s","path":{"all":[]}}"#,
                "service s, version 1: at path.all: the list must not be empty",
            ),
            (
                r#"{"id":"s","versions":[{"from":1,"to":5,"path":"a"},{"from":4,"to":9,"path":"a"}]}"#,
                "service s: versions overlap: one from 1 is still valid when another starts at 4",
            ),
            (
                r#"{"id":"s","versions":[{"from":5,"to":5,"path":"a"}]}"#,
                "service s: a version must end after it starts, found from 5 to 5",
            ),
            (r#"{"id":"s","versions":[]}"#, "service s: versions must not be empty"),
            (
                r#"{"id":"s","versions":[{"from":"noon","to":5,"path":"a"}]}"#,
                "service s: version 1: from must be milliseconds since 1970, RFC 3339 or null, \
              found \"noon\"",
            ),
            (r#"{"id":"s"}"#, "service s: needs either path or a list of versions"),
            (r#"{"path":"a"}"#, "a service needs an id that is a text and not empty"),
        ];
        for (json, expected) in cases {
            assert_eq!(read(json), Err(expected.to_owned()));
        }
    }

    #[test]
    fn the_order_of_the_fields_does_not_matter() {
        let first = read(r#"{"id":"s","versions":[{"from":1,"to":2,"path":{"any":["a"]}}]}"#);
        let last = read(r#"{"versions":[{"path":{"any":["a"]},"to":2,"from":1}],"x":{},"id":"s"}"#);
        assert!(first.is_ok());
        assert_eq!(first, last);
        assert_eq!(
            read(r#"{"versions":[{"path":"a"},{"path":{"any":[]},"to":[]}],"id":"s"}"#),
            Err("service s: version 2: to must be milliseconds since 1970, RFC 3339 or null, \
                 found []"
                .to_owned()),
        );
    }

    #[test]
    fn a_field_that_means_something_is_given_once() {
        let cases = [
            (r#"{"id":"s","id":"t","path":"a"}"#, "service s: id is given twice"),
            (r#"{"id":"s","path":"a","path":"b"}"#, "service s: path is given twice"),
            (r#"{"id":"s","versions":[],"versions":[]}"#, "service s: versions is given twice"),
            (
                r#"{"id":"s","versions":[{"path":"a","to":1,"to":2}]}"#,
                "service s: version 1: to is given twice",
            ),
            (
                r#"{"id":"s","versions":[{"path":"a","path":"a"}]}"#,
                "service s: version 1: path is given twice",
            ),
            (
                r#"{"id":"s","path":{"any":["a",{"all":["b"],"all":["c"]}]}}"#,
                "service s, version 1: at path.any[1]: all is given twice",
            ),
            (
                r#"{"id":"s","path":{"at_least":1,"of":["a"],"at_least":1}}"#,
                "service s, version 1: at path: at_least is given twice",
            ),
        ];
        for (json, expected) in cases {
            let read = ServiceDefinition::parse(json, &mut Names::new(), &|_| None);
            assert_eq!(read.map_err(|error| error.to_string()), Err(expected.to_owned()));
        }
        assert!(read(r#"{"id":"s","path":"a","note":1,"note":2}"#).is_ok());
    }

    #[test]
    fn what_is_no_object_is_refused_for_what_it_lacks() {
        let needs = "a service must be an object with id and path or versions";
        assert_eq!(read("[1, [2]]"), Err(needs.to_owned()));
        assert_eq!(read("null"), Err(needs.to_owned()));
        assert_eq!(
            read(r#"{"id":"s","versions":[[1, {"path":"a"}]]}"#),
            Err("service s, version 1: at path: expected a component id or an object with all, \
                 any, at_least or service, found null"
                .to_owned()),
        );
        assert_eq!(
            read(r#"{"id":"s","versions":null,"path":"a"}"#),
            Err("service s: needs either path or a list of versions".to_owned()),
        );
    }

    #[test]
    fn the_deepest_text_is_read_and_a_deeper_one_has_a_place() {
        let nested = |levels: usize| {
            let (open, close) = ("{\"all\":[".repeat(levels), "]}".repeat(levels));
            format!("{{\"id\":\"s\",\"versions\":[{{\"path\":{open}\"a\"{close}}}]}}")
        };
        assert!(read(&nested(PathExpr::MAX_DEPTH)).is_ok());
        let error = read(&nested(PathExpr::MAX_DEPTH + 1)).expect_err("too deep");
        assert!(error.ends_with(".all[0].all: nested deeper than 61 levels"), "{error}");
        let names = &mut Names::new();
        let far =
            ServiceDefinition::parse(&nested(100_000), names, &|_| None).expect_err("too deep");
        assert!(far.to_string().starts_with("service s, version 1: at path.all[0]."), "{far}");
    }
}
