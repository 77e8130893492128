//! Schemas of the document as rows: each field with its type, what it may be
//! and what is in it, and an example of the whole.

use dashboards::Field;
use serde_json::{Map, Value, json};

use super::{ReferenceError, list, text};

/// Where the document keeps its schemas.
const PREFIX: &str = "#/components/schemas/";

/// The schemas of a document.
#[derive(Clone, Copy)]
pub(super) struct Schemas<'d> {
    known: Option<&'d Map<String, Value>>,
}

/// A schema behind its references, and the name that the last one gave it.
#[derive(Clone, Copy)]
struct Named<'d> {
    name: Option<&'d str>,
    schema: &'d Value,
}

impl<'d> Schemas<'d> {
    pub(super) fn of(document: &'d Value) -> Schemas<'d> {
        Schemas { known: document["components"]["schemas"].as_object() }
    }

    /// What `schema` refers to, or itself.
    fn named(&self, schema: &'d Value) -> Result<Named<'d>, ReferenceError> {
        let Some(reference) = schema["$ref"].as_str() else {
            return Ok(Named { name: None, schema });
        };
        let name = reference.strip_prefix(PREFIX).unwrap_or(reference);
        let found = self.known.and_then(|known| known.get(name));
        let schema = found.ok_or_else(|| ReferenceError::Unknown(name.to_owned()))?;
        Ok(Named { name: Some(name), schema })
    }

    /// The type, in few signs: `string | null`, `Contact[]`.
    pub(super) fn kind(&self, schema: &'d Value) -> Result<String, ReferenceError> {
        let Named { name, schema } = self.named(schema)?;
        if let Some(name) = name.filter(|_| has_fields(schema)) {
            return Ok(name.to_owned());
        }
        if let Some(choices) = choices(schema) {
            let kinds: Result<Vec<_>, _> = choices.map(|one| self.kind(one)).collect();
            // What it may also be stands behind what it mostly is.
            let (null, mut kinds): (Vec<_>, Vec<_>) =
                kinds?.into_iter().partition(|kind| kind == "null");
            kinds.extend(null);
            kinds.dedup();
            return Ok(kinds.join(" | "));
        }
        if let [one] = list(&schema["allOf"]) {
            return self.kind(one);
        }
        match &schema["type"] {
            Value::String(kind) => self.simple(kind, schema),
            Value::Array(kinds) => {
                let kinds = kinds.iter().filter_map(Value::as_str);
                let kinds: Result<Vec<_>, _> = kinds.map(|one| self.simple(one, schema)).collect();
                Ok(kinds?.join(" | "))
            }
            _ if has_fields(schema) => Ok("object".to_owned()),
            _ => Ok("any".to_owned()),
        }
    }

    fn simple(&self, kind: &str, schema: &'d Value) -> Result<String, ReferenceError> {
        match kind {
            "array" => {
                let items = self.kind(&schema["items"])?;
                let is_one = !items.contains(' ');
                Ok(if is_one { format!("{items}[]") } else { format!("({items})[]") })
            }
            "object" if schema["additionalProperties"].is_object() => {
                Ok(format!("{{…: {}}}", self.kind(&schema["additionalProperties"])?))
            }
            _ => Ok(kind.to_owned()),
        }
    }

    /// The fields of what is in `schema`, each with its own behind it.
    pub(super) fn fields(&self, schema: &'d Value) -> Result<Vec<Field>, ReferenceError> {
        let mut found = Vec::new();
        self.walk("", schema, &mut Vec::new(), &mut found)?;
        Ok(found)
    }

    /// Adds what is in `schema` at the place `within`; `inside` are the names
    /// of the schemas around it, so that one that holds itself ends.
    fn walk(
        &self,
        within: &str,
        schema: &'d Value,
        inside: &mut Vec<&'d str>,
        found: &mut Vec<Field>,
    ) -> Result<(), ReferenceError> {
        let Named { name, schema } = self.named(schema)?;
        if name.is_some_and(|name| inside.contains(&name)) {
            return Ok(());
        }
        inside.extend(name);
        let parts = choices(schema).into_iter().flatten().chain(list(&schema["allOf"]));
        for part in parts {
            self.walk(within, part, inside, found)?;
        }
        if schema["items"].is_object() {
            let within = format!("{}[].", within.trim_end_matches('.'));
            self.walk(&within, &schema["items"], inside, found)?;
        }
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let mut field = self.field(within, name, property)?;
            field.is_required = list(&schema["required"]).iter().any(|found| found == name);
            found.push(field);
            self.walk(&format!("{within}{name}."), property, inside, found)?;
        }
        if schema["additionalProperties"].is_object() {
            self.walk(&format!("{within}*."), &schema["additionalProperties"], inside, found)?;
        }
        if name.is_some() {
            inside.pop();
        }
        Ok(())
    }

    /// One field, without what is in it.
    pub(super) fn field(
        &self,
        within: &str,
        name: &str,
        schema: &'d Value,
    ) -> Result<Field, ReferenceError> {
        let own = self.named(schema)?.schema;
        // What is said where it is used goes before what is said of all of them.
        let said = |key: &str| schema.get(key).or_else(|| own.get(key));
        let shown = |value: &Value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let example = said("example").or_else(|| said("examples").and_then(|some| some.get(0)));
        let mut limits = Vec::new();
        for (key, sign) in [
            ("minimum", "≥"),
            ("exclusiveMinimum", ">"),
            ("maximum", "≤"),
            ("exclusiveMaximum", "<"),
            ("minLength", "length ≥"),
            ("maxLength", "length ≤"),
            ("minItems", "items ≥"),
            ("maxItems", "items ≤"),
        ] {
            limits.extend(said(key).map(|limit| format!("{sign} {limit}")));
        }
        limits.extend(said("format").and_then(Value::as_str).filter(is_told).map(str::to_owned));
        limits.extend(said("pattern").and_then(Value::as_str).map(|found| format!("/{found}/")));
        Ok(Field {
            within: within.to_owned(),
            name: name.to_owned(),
            kind: self.kind(schema)?,
            is_required: false,
            about: said("description").map(text).unwrap_or_default(),
            values: said("enum").map(list).unwrap_or_default().iter().map(shown).collect(),
            limits,
            default: said("default").filter(|value| !value.is_null()).map(shown),
            example: example.map(shown),
        })
    }

    /// What a value may look like: with the fields that must be there and those
    /// that have an example, or with all where none must.
    pub(super) fn example(&self, schema: &'d Value) -> Result<Value, ReferenceError> {
        self.example_inside(schema, &mut Vec::new())
    }

    fn example_inside(
        &self,
        schema: &'d Value,
        inside: &mut Vec<&'d str>,
    ) -> Result<Value, ReferenceError> {
        let Named { name, schema: own } = self.named(schema)?;
        for schema in [schema, own] {
            let given = schema.get("example").or_else(|| schema["examples"].get(0));
            if let Some(given) = given.or_else(|| schema["enum"].get(0)) {
                return Ok(given.clone());
            }
        }
        if name.is_some_and(|name| inside.contains(&name)) {
            return Ok(Value::Null);
        }
        inside.extend(name);
        let example = self.composed(own, inside);
        if name.is_some() {
            inside.pop();
        }
        example
    }

    fn composed(
        &self,
        schema: &'d Value,
        inside: &mut Vec<&'d str>,
    ) -> Result<Value, ReferenceError> {
        let mut one_of = choices(schema).into_iter().flatten();
        if let Some(one) = one_of.find(|one| one["type"] != "null") {
            return self.example_inside(one, inside);
        }
        let mut fields = Map::new();
        for part in list(&schema["allOf"]) {
            if let Value::Object(more) = self.example_inside(part, inside)? {
                fields.extend(more);
            }
        }
        let required = list(&schema["required"]);
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let has_example = property.get("example").is_some();
            let is_wanted = required.is_empty() || required.iter().any(|found| found == name);
            if is_wanted || has_example {
                fields.insert(name.clone(), self.example_inside(property, inside)?);
            }
        }
        if !fields.is_empty() {
            return Ok(Value::Object(fields));
        }
        let kind = match &schema["type"] {
            Value::Array(kinds) => kinds.iter().find(|kind| *kind != "null"),
            kind => Some(kind),
        };
        Ok(match kind.and_then(Value::as_str) {
            Some("array") => json!([self.example_inside(&schema["items"], inside)?]),
            Some("boolean") => json!(true),
            Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or(json!(1)),
            Some("string") => json!("…"),
            _ => json!({}),
        })
    }
}

/// Whether a schema is of things with fields.
fn has_fields(schema: &Value) -> bool {
    schema["properties"].is_object() || list(&schema["allOf"]).len() > 1
}

/// What a value may be one of.
fn choices(schema: &Value) -> Option<std::slice::Iter<'_, Value>> {
    let found = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array());
    found.map(|choices| choices.iter())
}

/// Formats that say more than the type does: how wide a number is does not.
fn is_told(format: &&str) -> bool {
    !matches!(*format, "int32" | "int64" | "double" | "float")
}
