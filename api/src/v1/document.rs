//! The OpenAPI document, and the page that shows it.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Json};
use utoipa::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{InfoBuilder, OpenApi as Document, SecurityRequirement};
use utoipa_swagger_ui::Config;

use crate::app::ApiState;
use crate::auth;
use crate::problem::{ApiError, Problem, Thing};
use crate::web::ContentPolicy;

/// Where the document is.
pub(crate) const DOCUMENT_PATH: &str = "/api/v1/openapi.json";

#[derive(OpenApi)]
#[openapi(
    components(schemas(Problem)),
    tags(
        (name = "services", description = "Services: their state, uptime and definitions"),
        (name = "components", description = "Components: when they went up and down"),
        (name = "maintenance", description = "Planned work"),
        (name = "customers", description = "Customers: whose services they are"),
        (name = "users", description = "Users: who may come in, and as what"),
        (name = "tokens", description = "The caller's own API tokens"),
        (name = "audit", description = "Who changed what"),
        (name = "network", description = "What is known of devices, links and paths"),
        (name = "pipeline", description = "Sources and progress"),
        (name = "health", description = "For monitors and load balancers"),
    )
)]
struct Base;

/// What the document says besides its operations.
pub(crate) fn base(state: &ApiState) -> Document {
    let mut document = Base::openapi();
    document.info = InfoBuilder::new()
        .title("Padwacht")
        .version(&state.config().version)
        .description(Some(
            "Uptime of customer services, and why not. Instants are RFC 3339 in UTC in answers; \
             requests take RFC 3339 or milliseconds since 1970. Periods hold their start and not \
             their end. Errors are problem+json (RFC 9457). Percentages are texts, rounded \
             toward worse.",
        ))
        .build();
    let components = document.components.get_or_insert_default();
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("An API token, pw_…"))
        .build();
    components.add_security_scheme("token", SecurityScheme::Http(bearer));
    let push = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("The push secret of the NMS account, pwpush_…"))
        .build();
    components.add_security_scheme("push", SecurityScheme::Http(push));
    let cookie = ApiKeyValue::new(auth::cookie_name(state));
    components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    let either = ["token", "session"].map(|name| SecurityRequirement::new(name, [""; 0]));
    document.security = Some(either.to_vec());
    document
}

/// The OpenAPI document of this API.
#[utoipa::path(
    get, path = DOCUMENT_PATH, tag = "pipeline",
    responses((status = 200, description = "The document", content_type = "application/json"))
)]
pub(crate) async fn openapi(Extension(document): Extension<Arc<Document>>) -> Json<Document> {
    Json(Document::clone(&document))
}

/// Swagger UI, from files inside the binary: `/docs/` and what it loads.
pub(crate) async fn docs(
    State(_): State<ApiState>,
    file: Option<Path<String>>,
) -> Result<Response, ApiError> {
    let Some(Path(file)) = file else {
        return Ok(Redirect::permanent("/docs/index.html").into_response());
    };
    let config = Arc::new(Config::from(DOCUMENT_PATH).validator_url("none"));
    let found = utoipa_swagger_ui::serve(&file, config).map_err(ApiError::internal)?;
    let found = found.ok_or(ApiError::NotFound(Thing::Address))?;
    let kind = HeaderValue::try_from(found.content_type).map_err(ApiError::internal)?;
    let mut response = ([(header::CONTENT_TYPE, kind)], found.bytes).into_response();
    if found.gzpipped {
        let gzip = HeaderValue::from_static("gzip");
        response.headers_mut().insert(header::CONTENT_ENCODING, gzip);
    }
    response.extensions_mut().insert(ContentPolicy::ApiDocs);
    Ok(response)
}
