//! A believable part of the API, for the page about it.

use std::sync::Arc;

use dashboards::{
    Answer, Content, DocsPage, Field, Operation, OperationAccess, Parameter, ParameterPlace,
    Reference, ReferenceGroup, Shell,
};

fn field(within: &str, name: &str, kind: &str, about: &str) -> Field {
    Field {
        within: within.to_owned(),
        name: name.to_owned(),
        kind: kind.to_owned(),
        is_required: name == "id",
        about: about.to_owned(),
        values: Vec::new(),
        limits: Vec::new(),
        default: None,
        example: None,
    }
}

fn content(media: &str, kind: &str) -> Content {
    let state = Field {
        values: ["up", "down"].map(str::to_owned).to_vec(),
        example: Some("up".to_owned()),
        ..field("services[].", "state", "string", "What it is *now*, a <b>word</b>")
    };
    Content {
        media: media.to_owned(),
        kind: kind.to_owned(),
        about: "What is **sent**".to_owned(),
        fields: vec![field("", "services", "Service[]", "Those of `customer`"), state],
    }
}

fn answer(status: Option<u16>, about: &str) -> Answer {
    let is_problem = status.is_none_or(|status| status >= 400);
    let media = if is_problem { "application/problem+json" } else { "application/json" };
    let content = Some(content(media, "ServiceList"));
    Answer { status, about: about.to_owned(), content, is_problem }
}

fn operation(method: &str, id: &str, access: OperationAccess) -> Operation {
    let limit = Field {
        limits: vec!["≤ 1000".to_owned()],
        default: Some("100".to_owned()),
        ..field("", "limit", "integer | null", "How many to give")
    };
    let parameter = |place, field| Parameter { place, field };
    Operation {
        id: id.to_owned(),
        method: method.to_owned(),
        path: "/api/v1/services/{id}/a-rather-long-part-of-a-path/intervals".to_owned(),
        summary: "Services, by `name`.".to_owned(),
        about: "First this.\n\nThen <script>that</script>.".to_owned(),
        access,
        parameters: vec![
            parameter(ParameterPlace::Path, field("", "id", "string", "Which one")),
            parameter(ParameterPlace::Query, limit),
            parameter(ParameterPlace::Header, field("", "Idempotency-Key", "string", "")),
        ],
        body: (method != "GET").then(|| content("application/json", "ServiceIn")),
        answers: vec![
            answer(Some(200), "One page"),
            answer(Some(422), "A parameter is refused"),
            Answer { content: None, ..answer(Some(303), "Elsewhere") },
            answer(None, "Whatever else"),
        ],
        curl: "curl -H \"Authorization: Bearer $PADWACHT_TOKEN\" \\\n  'https://x'".to_owned(),
    }
}

pub(crate) fn docs(shell: Shell) -> DocsPage {
    let operations = vec![
        operation("GET", "list_services", OperationAccess::Scope("read:services".to_owned())),
        operation("POST", "add_service", OperationAccess::SignedIn),
        operation("PUT", "put_service", OperationAccess::Session),
        operation("DELETE", "remove_service", OperationAccess::PushSecret),
        operation("GET", "health", OperationAccess::Anybody),
    ];
    let name = "services".to_owned();
    let group = ReferenceGroup { name, about: "Services: how they fare".to_owned(), operations };
    let reference = Reference {
        version: "1.0.0".to_owned(),
        about: "Instants are RFC 3339.".to_owned(),
        groups: vec![group],
        problem: vec![field("", "title", "string", "The kind in words")],
    };
    let origin = "https://uptime.example.net".to_owned();
    DocsPage { shell, reference: Arc::new(reference), document: "/api/v1/openapi.json", origin }
}
