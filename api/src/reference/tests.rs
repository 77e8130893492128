//! The page about the API against small documents; that against the whole one
//! is in `tests/web`.

use serde_json::json;

use super::*;

/// A document with one operation and a schema that holds itself.
fn document() -> Value {
    json!({
        "info": {"version": "1.2.3", "description": "Of everything."},
        "tags": [
            {"name": "nodes", "description": "Nodes"},
            {"name": "nothing", "description": "No operations"},
        ],
        "security": [{"token": []}, {"session": []}],
        "paths": {"/nodes/{id}": {"put": {
            "tags": ["nodes"], "operationId": "put_node", "summary": "Puts a node.",
            "security": [{"token": ["write:nodes"]}, {"session": []}],
            "parameters": [
                {"name": "id", "in": "path", "required": true, "description": "Which one",
                    "schema": {"type": "string"}},
                {"name": "at", "in": "query", "required": true,
                    "schema": {"type": "string", "example": "a b"}},
                {"name": "quietly", "in": "query", "required": false,
                    "schema": {"type": ["boolean", "null"], "default": false}},
                {"name": "Idempotency-Key", "in": "header", "required": false,
                    "schema": {"type": "string"}},
            ],
            "requestBody": {"content": {"application/json": {
                "schema": {"$ref": "#/components/schemas/Node"},
            }}},
            "responses": {
                "default": {"description": "Else", "content": {"application/problem+json": {
                    "schema": {"$ref": "#/components/schemas/Problem"},
                }}},
                "204": {"description": "Done"},
            },
        }}},
        "components": {
            "securitySchemes": {"session": {"type": "apiKey", "name": "the_cookie"}},
            "schemas": {
                "Problem": {"type": "object", "properties": {"title": {"type": "string"}}},
                "Node": {
                    "type": "object", "required": ["name", "parts"],
                    "properties": {
                        "name": {"type": "string", "example": "it's", "maxLength": 9,
                            "description": "What it is called"},
                        "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Part"}},
                        "next": {"oneOf": [{"type": "null"},
                            {"$ref": "#/components/schemas/Node", "description": "The next"}]},
                        "size": {"type": ["integer", "null"], "format": "int64", "minimum": 0},
                        "more": {"type": "object", "additionalProperties": {"type": "string"}},
                    },
                },
                "Part": {"allOf": [
                    {"type": "object", "required": ["kind"], "properties": {
                        "kind": {"type": "string", "enum": ["small", "large"]}}},
                    {"type": "object", "properties": {"at": {"type": "string",
                        "format": "date-time"}}},
                ]},
            },
        },
    })
}

fn node() -> Operation {
    let mut reference = read(&document(), "https://x.example").expect("it holds together");
    reference.groups.remove(0).operations.remove(0)
}

#[test]
fn a_subject_has_its_operations_and_one_without_is_left_out() {
    let reference = read(&document(), "https://x.example").expect("it holds together");
    assert_eq!(reference.version, "1.2.3");
    let names: Vec<_> = reference.groups.iter().map(|group| group.name.as_str()).collect();
    assert_eq!(names, ["nodes"]);
    assert_eq!(reference.problem[0].name, "title");
}

#[test]
fn fields_stand_behind_what_holds_them_and_one_that_holds_itself_ends() {
    let fields = node().body.expect("a body").fields;
    let shown: Vec<String> =
        fields.iter().map(|one| format!("{}{}: {}", one.within, one.name, one.kind)).collect();
    let expected = [
        "more: {…: string}",
        "name: string",
        "next: Node | null",
        "parts: Part[]",
        "parts[].kind: string",
        "parts[].at: string",
        "size: integer | null",
    ];
    let mut sorted = shown.clone();
    sorted.sort_unstable();
    let mut wanted = expected.map(str::to_owned);
    wanted.sort_unstable();
    assert_eq!(sorted, wanted);
    let of = |name: &str| fields.iter().find(|field| field.name == name).expect("there");
    assert_eq!(of("kind").values, ["small", "large"]);
    assert_eq!(of("name").limits, ["length ≤ 9"]);
    assert_eq!(of("at").limits, ["date-time"]);
    assert_eq!(of("size").limits, ["≥ 0"]);
    assert!(of("name").is_required && !of("size").is_required);
    assert_eq!(of("name").about, "What it is called");
}

#[test]
fn parameters_answers_and_scope_are_those_of_the_document() {
    let node = node();
    assert_eq!(node.access, OperationAccess::Scope("write:nodes".to_owned()));
    let places: Vec<_> = node.parameters.iter().map(|one| one.place).collect();
    use ParameterPlace::{Header, Path, Query};
    assert_eq!(places, [Path, Query, Query, Header]);
    assert_eq!(node.parameters[2].field.default.as_deref(), Some("false"));
    let answers: Vec<_> = node.answers.iter().map(|one| (one.status, one.is_problem)).collect();
    assert_eq!(answers, [(Some(204), false), (None, true)]);
}

#[test]
fn a_command_can_be_pasted_into_a_shell() {
    let curl = node().curl;
    for part in [
        "curl -X PUT",
        "-H \"Authorization: Bearer $PADWACHT_TOKEN\"",
        "-H \"Idempotency-Key: $(uuidgen)\"",
        "-H 'Content-Type: application/json'",
        r"it'\''s",
        "\"kind\": \"small\"",
        "'https://x.example/nodes/ID?at=a%20b'",
    ] {
        assert!(curl.contains(part), "{part} is not in {curl}");
    }
    assert!(!curl.contains("next"), "what need not be there is left out: {curl}");
}

#[test]
fn an_example_of_the_whole_body_goes_before_one_that_is_made_up() {
    let mut document = document();
    let content = &mut document["paths"]["/nodes/{id}"]["put"]["requestBody"]["content"];
    content["application/json"]["example"] = json!({"given": true});
    let mut reference = read(&document, "https://x.example").expect("it holds together");
    let curl = reference.groups.remove(0).operations.remove(0).curl;
    assert!(curl.contains("\"given\": true") && !curl.contains("small"), "{curl}");
}

#[test]
fn whoever_comes_in_otherwise_is_told_so() {
    let with = |security: Value| {
        let mut document = document();
        document["paths"]["/nodes/{id}"]["put"]["security"] = security;
        let mut reference = read(&document, "https://x.example").expect("it holds together");
        reference.groups.remove(0).operations.remove(0)
    };
    let session = with(json!([{"session": []}]));
    assert_eq!(session.access, OperationAccess::Session);
    assert!(session.curl.contains("-b \"the_cookie=$PADWACHT_SESSION\""), "{}", session.curl);
    let push = with(json!([{"push": []}]));
    assert_eq!(push.access, OperationAccess::PushSecret);
    assert!(push.curl.contains("$PUSH_SECRET"), "{}", push.curl);
    let anybody = with(json!([{}]));
    assert_eq!(anybody.access, OperationAccess::Anybody);
    assert!(!anybody.curl.contains("Authorization"), "{}", anybody.curl);
    assert_eq!(with(Value::Null).access, OperationAccess::Anybody);
}

#[test]
fn a_schema_that_is_not_there_is_an_error() {
    let mut document = document();
    let schemas = document["components"]["schemas"].as_object_mut().expect("schemas");
    schemas.remove("Part");
    let found = read(&document, "https://x.example");
    assert_eq!(found, Err(ReferenceError::Unknown("Part".to_owned())));
}
