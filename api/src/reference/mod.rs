//! The OpenAPI document as the page about the API shows it: operations by
//! subject, each with the fields of what it takes and answers, and with a
//! command to try. It reads the document that programs get, and nothing else, so
//! that people and programs are told the same.

mod schema;

use dashboards::{
    Answer, Content, Operation, OperationAccess, Parameter, ParameterPlace, Reference,
    ReferenceGroup,
};
use serde_json::Value;
use utoipa::openapi::OpenApi;

use schema::Schemas;

/// The media type of errors.
const PROBLEM: &str = "application/problem+json";
/// How commands name a token and the like: variables of the shell.
const TOKEN: &str = "$PADWACHT_TOKEN";
const SESSION: &str = "$PADWACHT_SESSION";
const PUSH_SECRET: &str = "$PUSH_SECRET";

/// The document does not hold together.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum ReferenceError {
    /// It refers to a schema that it does not hold.
    #[error("the document has no schema {0}")]
    Unknown(String),
    /// It is not JSON as OpenAPI has it.
    #[error("the document is not OpenAPI: {0}")]
    Shape(&'static str),
}

/// What `document` says, with commands for the API at `origin`.
///
/// # Errors
/// [`ReferenceError`], when the document does not hold together.
pub(crate) fn reference(document: &OpenApi, origin: &str) -> Result<Reference, ReferenceError> {
    let document = serde_json::to_value(document).map_err(|_| ReferenceError::Shape("not JSON"))?;
    read(&document, origin)
}

fn read(document: &Value, origin: &str) -> Result<Reference, ReferenceError> {
    let reader = Reader { schemas: Schemas::of(document), document, origin };
    let mut groups = Vec::new();
    for tag in list(&document["tags"]) {
        let (name, about) = (text(&tag["name"]), text(&tag["description"]));
        groups.push(ReferenceGroup { operations: reader.tagged(&name)?, name, about });
    }
    groups.retain(|group| !group.operations.is_empty());
    Ok(Reference {
        version: text(&document["info"]["version"]),
        about: text(&document["info"]["description"]),
        groups,
        problem: reader.schemas.fields(&document["components"]["schemas"]["Problem"])?,
    })
}

struct Reader<'d> {
    document: &'d Value,
    schemas: Schemas<'d>,
    origin: &'d str,
}

/// One operation as the document has it.
struct Found<'d> {
    method: &'d str,
    path: &'d str,
    said: &'d Value,
}

impl<'d> Reader<'d> {
    /// The operations with this tag, by path.
    fn tagged(&self, tag: &str) -> Result<Vec<Operation>, ReferenceError> {
        let paths = self.document["paths"].as_object().ok_or(ReferenceError::Shape("no paths"))?;
        let mut operations = Vec::new();
        for (path, item) in paths {
            for method in ["get", "post", "put", "delete"] {
                let said = &item[method];
                if list(&said["tags"]).iter().any(|found| found == tag) {
                    operations.push(self.operation(&Found { method, path, said })?);
                }
            }
        }
        Ok(operations)
    }

    fn operation(&self, found: &Found<'d>) -> Result<Operation, ReferenceError> {
        let said = found.said;
        let mut answers = Vec::new();
        let responses =
            said["responses"].as_object().ok_or(ReferenceError::Shape("no responses"))?;
        for (status, answer) in responses {
            let content = self.content(&answer["content"], "")?;
            answers.push(Answer {
                status: status.parse().ok(),
                about: text(&answer["description"]),
                is_problem: content.as_ref().is_some_and(|content| content.media == PROBLEM),
                content,
            });
        }
        // What is otherwise comes last.
        answers.sort_by_key(|answer| answer.status.unwrap_or(u16::MAX));
        let mut parameters = Vec::new();
        for parameter in list(&said["parameters"]) {
            parameters.push(self.parameter(parameter)?);
        }
        let body = &said["requestBody"];
        let access = self.access(said);
        Ok(Operation {
            id: text(&said["operationId"]),
            method: found.method.to_uppercase(),
            path: found.path.to_owned(),
            summary: text(&said["summary"]),
            about: text(&said["description"]),
            curl: self.curl(found, &access, &parameters)?,
            access,
            parameters,
            body: self.content(&body["content"], &text(&body["description"]))?,
            answers,
        })
    }

    fn parameter(&self, said: &'d Value) -> Result<Parameter, ReferenceError> {
        let place = match said["in"].as_str() {
            Some("path") => ParameterPlace::Path,
            Some("query") => ParameterPlace::Query,
            Some("header") => ParameterPlace::Header,
            _ => return Err(ReferenceError::Shape("a parameter is elsewhere")),
        };
        let mut field = self.schemas.field("", &text(&said["name"]), &said["schema"])?;
        field.is_required = said["required"] == true;
        if let Some(about) = said["description"].as_str() {
            field.about = about.to_owned();
        }
        Ok(Parameter { place, field })
    }

    /// The first of the media types that are offered.
    fn content(&self, said: &'d Value, about: &str) -> Result<Option<Content>, ReferenceError> {
        let Some((media, content)) = said.as_object().and_then(|found| found.iter().next()) else {
            return Ok(None);
        };
        let schema = &content["schema"];
        Ok(Some(Content {
            media: media.clone(),
            kind: self.schemas.kind(schema)?,
            about: about.to_owned(),
            fields: self.schemas.fields(schema)?,
        }))
    }

    fn access(&self, said: &Value) -> OperationAccess {
        let own = said.get("security").unwrap_or(&self.document["security"]);
        let ways = list(own);
        let way = |name: &str| ways.iter().find_map(|way| way.get(name));
        match (way("token"), way("session"), way("push")) {
            (Some(scopes), _, _) => match scopes[0].as_str() {
                Some(scope) => OperationAccess::Scope(scope.to_owned()),
                None => OperationAccess::SignedIn,
            },
            (None, Some(_), _) => OperationAccess::Session,
            (None, None, Some(_)) => OperationAccess::PushSecret,
            (None, None, None) => OperationAccess::Anybody,
        }
    }

    /// A command that asks for the operation, with what it must have.
    fn curl(
        &self,
        found: &Found<'d>,
        access: &OperationAccess,
        parameters: &[Parameter],
    ) -> Result<String, ReferenceError> {
        let mut lines = vec![match found.method {
            "get" => "curl".to_owned(),
            method => format!("curl -X {}", method.to_uppercase()),
        }];
        let cookie = &self.document["components"]["securitySchemes"]["session"]["name"];
        lines.extend(match access {
            OperationAccess::Scope(_) | OperationAccess::SignedIn => {
                Some(format!("-H \"Authorization: Bearer {TOKEN}\""))
            }
            OperationAccess::PushSecret => {
                Some(format!("-H \"Authorization: Bearer {PUSH_SECRET}\""))
            }
            OperationAccess::Session => Some(format!("-b \"{}={SESSION}\"", text(cookie))),
            OperationAccess::Anybody => None,
        });
        let takes_key = |one: &Parameter| one.field.name == "Idempotency-Key";
        if parameters.iter().any(takes_key) {
            lines.push("-H \"Idempotency-Key: $(uuidgen)\"".to_owned());
        }
        let content = found.said["requestBody"]["content"].as_object();
        if let Some((media, content)) = content.and_then(|content| content.iter().next()) {
            lines.push(format!("-H 'Content-Type: {media}'"));
            let example = match content.get("example") {
                Some(given) => given.clone(),
                None => self.schemas.example(&content["schema"])?,
            };
            lines.push(match (media.as_str(), example) {
                ("application/json", example) if !example.is_string() => {
                    let json = serde_json::to_string_pretty(&example)
                        .map_err(|_| ReferenceError::Shape("an example is not JSON"))?;
                    format!("-d {}", quoted(&json))
                }
                ("text/csv", _) => "--data-binary @list.csv".to_owned(),
                _ => "--data-binary @body.json".to_owned(),
            });
        }
        lines.push(quoted(&format!("{}{}", self.origin, filled(found.path, parameters))));
        Ok(lines.join(" \\\n  "))
    }
}

/// A path with its parameters filled in, and the query parameters that must be
/// there: by their example, or by their name in capitals.
fn filled(path: &str, parameters: &[Parameter]) -> String {
    let value = |one: &Parameter| {
        let example = one.field.example.as_deref().map(dashboards::urls::encode);
        example.unwrap_or_else(|| one.field.name.to_uppercase())
    };
    let of = |place: ParameterPlace| parameters.iter().filter(move |one| one.place == place);
    let path = of(ParameterPlace::Path).fold(path.to_owned(), |path, one| {
        path.replace(&format!("{{{}}}", one.field.name), &value(one))
    });
    let asked = of(ParameterPlace::Query).filter(|one| one.field.is_required);
    let asked: Vec<String> =
        asked.map(|one| format!("{}={}", one.field.name, value(one))).collect();
    if asked.is_empty() { path } else { format!("{path}?{}", asked.join("&")) }
}

/// A text as one word of the shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests;
