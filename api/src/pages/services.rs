//! The list of services.

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use dashboards::{ServicesPage, TableHome};

use super::table::{TableQuery, table};
use super::{html, shell};
use crate::app::ApiState;
use crate::auth::Principal;
use crate::problem::ApiError;
use crate::web::Lenient;

/// `GET /services`.
pub(crate) async fn services(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    uri: Uri,
    Lenient(query): Lenient<TableQuery>,
) -> Result<Response, ApiError> {
    let (shell, (table, counts)) = tokio::try_join!(
        shell::full(&state, &principal, &headers, &uri),
        table(&state, principal.scope(), TableHome::Services, query),
    )?;
    html(&ServicesPage { shell, counts, table })
}
