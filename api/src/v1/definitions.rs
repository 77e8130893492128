//! What services need to work: reading, writing, removing, importing. Every
//! change goes through the records, whose outbox tells the engine.

use axum::body::Bytes;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use correlate::model::{ServiceDefinition, ServiceId, Timestamp, Version};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::records::{Service, ServiceDraft};
use utoipa::ToSchema;

use crate::app::ApiState;
use crate::auth::Principal;
use crate::instant;
use crate::problem::{ApiError, Problem, Thing};

/// What a service needs to work, and what people call it.
#[derive(Serialize, ToSchema)]
pub(crate) struct DefinitionOut {
    /// Its id.
    id: String,
    /// What people call it.
    name: String,
    /// Whose it is.
    customer: Option<String>,
    /// Free text.
    description: String,
    /// Whether pages list it.
    active: bool,
    /// Counts changes; send it back to notice that somebody else was first.
    revision: i64,
    /// When it was last changed.
    changed_at: Option<String>,
    /// In order; they do not overlap.
    versions: Vec<VersionOut>,
}

/// One version of a service.
#[derive(Serialize, ToSchema)]
pub(crate) struct VersionOut {
    /// From this instant on; null: always was.
    from: Option<String>,
    /// Up to this instant; null: for ever.
    to: Option<String>,
    /// A component id, or an object with `all`, `any`, `at_least` and `of`, or `service`.
    #[schema(value_type = Object, example = json!({"any": ["ams1/port/1", "ams1/port/2"]}))]
    path: Value,
}

/// A service as it should be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DefinitionIn {
    /// What people call it; the id when empty.
    #[serde(default)]
    name: String,
    /// Whose it is.
    customer: Option<String>,
    /// Free text.
    #[serde(default)]
    description: String,
    /// Whether pages list it; true unless given.
    active: Option<bool>,
    /// What it needs to work, always. Either this or `versions`.
    #[schema(value_type = Option<Object>)]
    path: Option<Value>,
    /// What it needs to work, when: `[{"from", "to", "path"}]`; instants are
    /// milliseconds since 1970, RFC 3339 or null.
    #[schema(value_type = Option<Vec<Object>>)]
    versions: Option<Value>,
    /// The revision that this replaces; without it, whatever is there.
    revision: Option<i64>,
}

/// What an import did.
#[derive(Serialize, ToSchema)]
pub(crate) struct ImportOut {
    /// Services that were not there before.
    created: usize,
    /// Services that differed.
    updated: usize,
    /// Services that were so already.
    unchanged: usize,
}

/// Creates or changes a service. The running engine follows within seconds.
#[utoipa::path(
    put, path = "/api/v1/services/{id}", tag = "services",
    params(("id" = String, Path, description = "The service's id, percent-encoded")),
    request_body = DefinitionIn,
    responses(
        (status = 200, description = "It was changed, or was so already", body = DefinitionOut),
        (status = 201, description = "It was created", body = DefinitionOut),
        (status = 409, description = "Somebody else changed it meanwhile", body = Problem,
            content_type = "application/problem+json"),
        (status = 422, description = "The definition is refused; errors point into it",
            body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn put_service(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
    body: Result<Json<DefinitionIn>, JsonRejection>,
) -> Result<Response, ApiError> {
    let Json(body) = body.map_err(refused_json)?;
    let revision = body.revision;
    let draft = draft(&id, body)?;
    let services = state.records().services();
    let actor = principal.actor(&state);
    let id = draft.definition.id.clone();
    let before = services.within(principal.scope()).get(&id).await.map_err(ApiError::records)?;
    // Whoever gets a service gets its whole past to see.
    if before.as_ref().is_some_and(|before| before.customer != draft.customer) {
        principal.must_be_confirmed(&state)?;
    }
    let has_versions = draft.definition.versions().len() > 1;
    let refused = |error| match error {
        store::records::RecordsError::Definition(error) => {
            ApiError::of_definition(&error, has_versions)
        }
        error => ApiError::of_records(error),
    };
    let status = if before.is_some() {
        services.update(&actor, &draft, revision).await.map_err(refused)?;
        StatusCode::OK
    } else {
        services.create(&actor, &draft).await.map_err(refused)?;
        StatusCode::CREATED
    };
    let after = services.within(principal.scope()).get(&id).await.map_err(ApiError::records)?;
    let after = after.ok_or(ApiError::NotFound(Thing::Service))?;
    Ok((status, Json(definition_out(&after))).into_response())
}

/// Removes a service and its history. To end one and keep its history, give
/// its last version an end.
#[utoipa::path(
    delete, path = "/api/v1/services/{id}", tag = "services",
    params(("id" = String, Path, description = "The service's id, percent-encoded")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "There is no such service", body = Problem,
            content_type = "application/problem+json"),
        (status = 409, description = "Other services need it", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn delete_service(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let actor = principal.actor(&state);
    let deleted = state.records().services().delete(&actor, &ServiceId::from(id)).await;
    deleted.map_err(ApiError::of_records)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Creates or changes every service of a services file; all or nothing.
/// Services that the file does not mention stay as they are.
#[utoipa::path(
    post, path = "/api/v1/services", tag = "services",
    request_body(content = Vec<Object>, description =
        "A list of {\"id\", \"path\"} or {\"id\", \"versions\"}, with name, customer, \
         description and active if wanted",
        example = json!([{"id": "cust-42-fibre-1", "customer": "Gemeente Ede",
            "path": {"all": ["ams1/device/42", {"any": ["ams1/port/1", "ams1/port/2"]}]}}])),
    responses(
        (status = 200, description = "What was done", body = ImportOut),
        (status = 422, description = "The file is refused; nothing was written", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn import_services(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    body: Bytes,
) -> Result<Json<ImportOut>, ApiError> {
    let json = std::str::from_utf8(&body)
        .map_err(|error| ApiError::refused("body", format!("must be UTF-8: {error}")))?;
    // Whatever can be read as a file may move services from one customer to another.
    if serde_json::from_str::<IgnoredAny>(json).is_ok() {
        principal.must_be_confirmed(&state)?;
    }
    let actor = principal.actor(&state);
    let report = state.records().services().import(&actor, json).await;
    let report = report.map_err(ApiError::of_records)?;
    Ok(Json(ImportOut {
        created: report.created,
        updated: report.updated,
        unchanged: report.unchanged,
    }))
}

fn draft(id: &str, body: DefinitionIn) -> Result<ServiceDraft, ApiError> {
    let has_versions = body.versions.is_some();
    let mut definition = json!({ "id": id });
    if let Some(path) = body.path {
        definition["path"] = path;
    }
    if let Some(versions) = body.versions {
        definition["versions"] = versions;
    }
    let definition = ServiceDefinition::from_json(&definition, &instant::parse)
        .map_err(|error| ApiError::of_definition(&error, has_versions))?;
    Ok(ServiceDraft {
        definition,
        name: body.name,
        customer: body.customer,
        description: body.description,
        active: body.active.unwrap_or(true),
    })
}

/// A definition as the API shows it.
pub(crate) fn definition_out(service: &Service) -> DefinitionOut {
    DefinitionOut {
        id: service.definition.id.to_string(),
        name: service.name.clone(),
        customer: service.customer.clone(),
        description: service.description.clone(),
        active: service.active,
        revision: service.revision,
        changed_at: instant::rfc3339(service.changed_at),
        versions: service.definition.versions().iter().map(version_out).collect(),
    }
}

fn version_out(version: &Version) -> VersionOut {
    let edge = |at: Timestamp| instant::rfc3339(at);
    VersionOut {
        from: edge(version.period.from),
        to: edge(version.period.until),
        path: version.path.to_json(),
    }
}

pub(super) fn refused_json(rejection: JsonRejection) -> ApiError {
    match rejection {
        JsonRejection::MissingJsonContentType(_) => ApiError::UnsupportedType,
        JsonRejection::BytesRejection(_) => ApiError::TooLarge,
        JsonRejection::JsonDataError(error) => ApiError::refused("body", error.body_text()),
        JsonRejection::JsonSyntaxError(error) => ApiError::refused("body", error.body_text()),
        other => ApiError::refused("body", other.body_text()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: Value, place: &str) {
        let body: DefinitionIn = serde_json::from_value(body).expect("the fields are right");
        match draft("s", body) {
            Err(ApiError::Refused(refusals)) => assert_eq!(refusals[0].place, place),
            other => panic!("expected a refusal at {place}, found {other:?}"),
        }
    }

    #[test]
    fn refusals_point_into_the_body() {
        check(json!({"path": {"all": ["a", {"any": []}]}}), "path.all[1].any");
        check(
            json!({"versions": [{"path": "a", "to": 5}, {"from": 5, "path": {}}]}),
            "versions[1].path",
        );
        check(json!({"versions": [{"path": "a"}, {"from": 5, "path": "a"}]}), "versions");
        check(json!({}), "body");
    }

    #[test]
    fn instants_may_be_rfc_3339() {
        let body = json!({"versions": [{"from": "2026-01-01T00:00:00Z", "path": "a"}]});
        let body: DefinitionIn = serde_json::from_value(body).expect("the fields are right");
        let draft = draft("s", body).expect("valid");
        assert_eq!(draft.definition.versions()[0].period.from, Timestamp(1_767_225_600_000));
    }
}
