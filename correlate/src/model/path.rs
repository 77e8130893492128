//! Path expressions: what a service needs to work.
//!
//! The JSON form is that of SEMANTICS.md. Reading it never panics and never
//! recurses deeper than [`PathExpr::MAX_DEPTH`]; every error names the place
//! in the expression.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ComponentId, ServiceId};

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
    /// How deep lists may nest.
    pub const MAX_DEPTH: usize = 64;
    /// How many nodes one expression may have.
    pub const MAX_NODES: usize = 100_000;

    /// Reads the JSON form.
    ///
    /// # Errors
    /// An unknown form, an empty list, `k` outside `1..=n`, an empty id, or
    /// one of the limits; the error names the place, rooted at `path`.
    pub fn from_json(value: &Value) -> Result<PathExpr, PathError> {
        let mut reader = Reader { place: String::from("path"), nodes: 0 };
        reader.expr(value, 0)
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

struct Reader {
    place: String,
    nodes: usize,
}

impl Reader {
    fn refuse<T>(&self, reason: impl Into<String>) -> Result<T, PathError> {
        Err(PathError { place: self.place.clone(), reason: reason.into() })
    }

    fn expr(&mut self, value: &Value, depth: usize) -> Result<PathExpr, PathError> {
        self.nodes += 1;
        if self.nodes > PathExpr::MAX_NODES {
            return self.refuse(format!("more than {} nodes in one path", PathExpr::MAX_NODES));
        }
        if depth > PathExpr::MAX_DEPTH {
            return self.refuse(format!("nested deeper than {} levels", PathExpr::MAX_DEPTH));
        }
        match value {
            Value::String(id) if id.is_empty() => self.refuse("a component id must not be empty"),
            Value::String(id) => Ok(PathExpr::Component(ComponentId::from(id.as_str()))),
            Value::Object(fields) => self.form(fields, depth),
            other => self.refuse(format!(
                "expected a component id or an object with all, any, at_least or service, found {}",
                kind_of(other)
            )),
        }
    }

    fn form(
        &mut self,
        fields: &serde_json::Map<String, Value>,
        depth: usize,
    ) -> Result<PathExpr, PathError> {
        let mut keys: Vec<&str> = fields.keys().map(String::as_str).collect();
        keys.sort_unstable();
        match keys[..] {
            ["all"] => Ok(PathExpr::All(self.list("all", &fields["all"], depth)?)),
            ["any"] => Ok(PathExpr::Any(self.list("any", &fields["any"], depth)?)),
            ["at_least", "of"] => {
                let items = self.list("of", &fields["of"], depth)?;
                let found = &fields["at_least"];
                match found.as_u64().and_then(|k| u32::try_from(k).ok()) {
                    Some(k) if k >= 1 && k as usize <= items.len() => {
                        Ok(PathExpr::AtLeast(k, items))
                    }
                    _ => self.refuse(format!(
                        "at_least must be a whole number from 1 to {}, found {found}",
                        items.len()
                    )),
                }
            }
            ["service"] => match fields["service"].as_str() {
                Some(id) if !id.is_empty() => Ok(PathExpr::Service(ServiceId::from(id))),
                _ => self.refuse("service must be a service id that is not empty"),
            },
            _ => self.refuse(format!(
                "expected one of all, any, at_least with of, or service; found {}",
                if keys.is_empty() { "no field".to_owned() } else { keys.join(", ") }
            )),
        }
    }

    fn list(&mut self, key: &str, value: &Value, depth: usize) -> Result<Vec<PathExpr>, PathError> {
        let mark = self.place.len();
        self.place.push('.');
        self.place.push_str(key);
        let items = match value {
            Value::Array(items) if items.is_empty() => self.refuse("the list must not be empty")?,
            Value::Array(items) => items,
            other => self.refuse(format!("expected a list, found {}", kind_of(other)))?,
        };
        let mut read = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let mark = self.place.len();
            self.place.push_str(&format!("[{index}]"));
            read.push(self.expr(item, depth + 1)?);
            self.place.truncate(mark);
        }
        self.place.truncate(mark);
        Ok(read)
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
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
        assert!(error.reason.contains("deeper than 64"), "{error}");
    }
}
