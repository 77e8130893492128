//! Service definitions: an id and versions that do not overlap.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{PathError, PathExpr, Period, ServiceId, Timestamp};

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
        let shape = |reason: String| Err(ServiceError::Shape(reason));
        let Some(fields) = value.as_object() else {
            return shape("a service must be an object with id and path or versions".to_owned());
        };
        let id = match fields.get("id").and_then(Value::as_str) {
            Some(id) if !id.is_empty() => ServiceId::from(id),
            _ => return shape("a service needs an id that is a text and not empty".to_owned()),
        };
        let path_of = |value: &Value, version: usize| {
            PathExpr::from_json(value).map_err(|error| ServiceError::Path {
                service: id.clone(),
                version,
                error,
            })
        };
        let (path, versions) = (fields.get("path"), fields.get("versions"));
        match (path, versions.and_then(Value::as_array)) {
            (Some(path), None) if versions.is_none() => {
                Ok(ServiceDefinition::always(id.clone(), path_of(path, 1)?))
            }
            (None, Some(list)) => {
                let mut read = Vec::with_capacity(list.len());
                for (index, entry) in list.iter().enumerate() {
                    let edge = |key: &str, open: Timestamp| {
                        read_edge(entry.get(key), open, time).map_err(|found| {
                            ServiceError::Versions {
                                service: id.clone(),
                                reason: format!(
                                    "version {}: {key} must be milliseconds since 1970, RFC 3339 \
                                     or null, found {found}",
                                    index + 1
                                ),
                            }
                        })
                    };
                    let period =
                        Period::new(edge("from", Timestamp::MIN)?, edge("to", Timestamp::MAX)?);
                    let path = entry.get("path").unwrap_or(&Value::Null);
                    read.push(Version { period, path: path_of(path, index + 1)? });
                }
                ServiceDefinition::new(id, read)
            }
            _ => shape(format!("service {id}: needs either path or a list of versions")),
        }
    }
}

fn read_edge(
    value: Option<&Value>,
    open: Timestamp,
    time: &dyn Fn(&str) -> Option<Timestamp>,
) -> Result<Timestamp, String> {
    match value {
        None | Some(Value::Null) => Ok(open),
        Some(Value::Number(number)) => {
            number.as_i64().map(Timestamp).ok_or_else(|| number.to_string())
        }
        Some(Value::String(text)) => time(text).ok_or_else(|| format!("{text:?}")),
        Some(other) => Err(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<ServiceDefinition, String> {
        let value = serde_json::from_str(json).expect("test input is JSON");
        ServiceDefinition::from_json(&value, &|_| None).map_err(|error| error.to_string())
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
}
