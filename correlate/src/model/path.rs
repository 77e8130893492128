//! Path expressions: what a service needs to work.
//!
//! The JSON form is that of SEMANTICS.md. Reading it never panics and never
//! recurses deeper than [`PathExpr::MAX_DEPTH`]; every error names the place
//! in the expression.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ComponentId, Names, ServiceId, json};

/// What a service needs to work. Lists are never empty and `1 <= k <= n`:
/// [`PathExpr::from_json`] is the way in that checks it.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum PathExpr {
    /// A component.
    Component(ComponentId),
    /// Every hop is needed (series).
    All(Vec<PathExpr>),
    /// One is enough (redundant legs).
    Any(Vec<PathExpr>),
    /// `k` of the list are enough.
    AtLeast(u32, Vec<PathExpr>),
    /// Another service, with the version that holds at the same instant.
    Service(ServiceId),
}

/// Why an expression was refused, and where in it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("at {place}: {reason}")]
pub struct PathError {
    /// The place in the expression, such as `path.all[1].any[0]`.
    pub place: String,
    /// What is allowed and what was found.
    pub reason: String,
}

impl PathExpr {
    /// How deep lists may nest: JSON parsers, ours too, stop at 128 levels,
    /// each list takes two, and up to five are around the path, on the log, in
    /// requests and in the audit trail.
    pub const MAX_DEPTH: usize = 61;
    /// How many nodes one expression may have.
    pub const MAX_NODES: usize = 100_000;

    /// Reads the JSON form.
    ///
    /// # Errors
    /// An unknown form, an empty list, `k` outside `1..=n`, an empty id, or
    /// one of the limits; the error names the place, rooted at `path`.
    pub fn from_json(value: &Value) -> Result<PathExpr, PathError> {
        // A value that is there was well-formed.
        json::read_path(value, &mut Names::new()).unwrap_or_else(|error| {
            Err(PathError { place: String::from("path"), reason: error.to_string() })
        })
    }

    /// The JSON form; [`PathExpr::from_json`] reads it back unchanged.
    pub fn to_json(&self) -> Value {
        let list = |items: &[PathExpr]| Value::Array(items.iter().map(PathExpr::to_json).collect());
        match self {
            PathExpr::Component(id) => Value::from(id.as_str()),
            PathExpr::All(items) => serde_json::json!({ "all": list(items) }),
            PathExpr::Any(items) => serde_json::json!({ "any": list(items) }),
            PathExpr::AtLeast(k, items) => serde_json::json!({ "at_least": k, "of": list(items) }),
            PathExpr::Service(id) => serde_json::json!({ "service": id.as_str() }),
        }
    }

    /// The expressions directly beneath this one.
    pub fn children(&self) -> &[PathExpr] {
        match self {
            PathExpr::All(items) | PathExpr::Any(items) | PathExpr::AtLeast(_, items) => items,
            PathExpr::Component(_) | PathExpr::Service(_) => &[],
        }
    }

    /// Calls `visit` for this expression and every one beneath it, parents first.
    pub fn walk<'a>(&'a self, visit: &mut impl FnMut(&'a PathExpr)) {
        visit(self);
        for child in self.children() {
            child.walk(visit);
        }
    }

    /// The services that the expression refers to, in order of appearance.
    pub fn service_refs(&self) -> Vec<&ServiceId> {
        let mut refs = Vec::new();
        self.walk(&mut |expr| {
            if let PathExpr::Service(id) = expr {
                refs.push(id);
            }
        });
        refs
    }

    /// Where the expression first refers to `service`, such as `path.all[1]`.
    pub fn place_of_service(&self, service: &ServiceId) -> Option<String> {
        let mut places = vec![(String::from("path"), self)];
        while let Some((place, expr)) = places.pop() {
            let key = match expr {
                PathExpr::Service(id) if id == service => return Some(place),
                PathExpr::All(_) => "all",
                PathExpr::Any(_) => "any",
                _ => "of",
            };
            let children = expr.children().iter().enumerate().rev();
            places
                .extend(children.map(|(index, child)| (format!("{place}.{key}[{index}]"), child)));
        }
        None
    }

    /// The components named in the expression itself, in order of appearance.
    pub fn components(&self) -> Vec<&ComponentId> {
        let mut components = Vec::new();
        self.walk(&mut |expr| {
            if let PathExpr::Component(id) = expr {
                components.push(id);
            }
        });
        components
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(json: &str, expected: &str) {
        let value = serde_json::from_str(json).expect("test input is JSON");
        let error = PathExpr::from_json(&value).expect_err("must be refused");
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn every_form_reads_back_unchanged() {
        let json = serde_json::json!({"all": ["n/device/1", {"any": ["a", "b"]},
            {"at_least": 2, "of": ["x", "y", {"service": "core"}]}]});
        let path = PathExpr::from_json(&json).expect("valid");
        assert_eq!(path.to_json(), json);
        assert_eq!(path.components().len(), 5);
        assert_eq!(path.service_refs(), [&ServiceId::from("core")]);
    }

    #[test]
    fn errors_point_into_the_expression() {
        refused(r#"{"all":["a",{"any":[]}]}"#, "at path.all[1].any: the list must not be empty");
        refused(
            r#"{"all":["a",{"any":["b",{"at_least":3,"of":["x","y"]}]}]}"#,
            "at path.all[1].any[1]: at_least must be a whole number from 1 to 2, found 3",
        );
        refused(r#"{"any":["a",""]}"#, "at path.any[1]: a component id must not be empty");
        refused(
            r#"{"all":["a"],"any":["b"]}"#,
            "at path: expected one of all, any, at_least with of, or service; found all, any",
        );
        refused(
            "7",
            "at path: expected a component id or an object with all, any, at_least or service, \
             found a number",
        );
        refused(r#"{"service":3}"#, "at path: service must be a service id that is not empty");
        refused(r#"{"all":"a"}"#, "at path.all: expected a list, found a text");
    }

    #[test]
    fn depth_is_limited_without_overflow() {
        let mut json = Value::from("a");
        for _ in 0..1_000 {
            json = serde_json::json!({ "all": [json] });
        }
        let error = PathExpr::from_json(&json).expect_err("too deep");
        assert!(error.reason.contains("deeper than 61"), "{error}");
    }

    #[test]
    fn what_is_wrong_with_the_whole_is_said_first() {
        refused(
            r#"{"all":["a",{"any":[]}],"zone":1}"#,
            "at path: expected one of all, any, at_least with of, or service; found all, zone",
        );
        refused(
            r#"{"at_least":9,"of":["x",""]}"#,
            "at path.of[1]: a component id must not be empty",
        );
        refused(
            r#"{"of":["x"],"at_least":[1, "no"]}"#,
            "at path: at_least must be a whole number from 1 to 1, found [1,\"no\"]",
        );
        refused(
            "{}",
            "at path: expected one of all, any, at_least with of, or service; found no field",
        );
    }

    #[test]
    fn a_path_may_have_so_many_nodes_and_no_more() {
        let list = |count: usize| serde_json::json!({ "any": vec!["a"; count] });
        assert!(PathExpr::from_json(&list(PathExpr::MAX_NODES - 1)).is_ok());
        let error = PathExpr::from_json(&list(PathExpr::MAX_NODES)).expect_err("too many");
        assert_eq!(error.to_string(), "at path.any[99999]: more than 100000 nodes in one path");
    }

    #[test]
    fn errors_stay_short() {
        let many: String = (0..1_000).map(|n| format!("\"{n:0200}\":1,")).collect();
        let value = serde_json::from_str(&format!("{{{many}\"x\":1}}")).expect("JSON");
        let error = PathExpr::from_json(&value).expect_err("unknown fields").to_string();
        assert!(error.ends_with("…, …") && error.len() < 1_000, "{error}");
    }
}
