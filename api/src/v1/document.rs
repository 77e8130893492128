//! The OpenAPI document.

use std::sync::Arc;

use axum::{Extension, Json};
use utoipa::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{InfoBuilder, OpenApi as Document, SecurityRequirement};

use crate::app::ApiState;
use crate::auth;
use crate::problem::Problem;

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
        (name = "tokens", description = "API tokens: the caller's own, and those of services"),
        (name = "sessions", description = "Who is signed in, and who tried to be"),
        (name = "mails", description = "Mails on their way"),
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
        .description(Some("An API token: pw_… of a user, pws_… of a service"))
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
