//! What the correlate stage set aside.

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use dashboards::{Pager, SetAsidePage, SetAsideReason, SetAsideRow};
use serde::Deserialize;
use store::series::{SetAside, SetAsideFilter, SetAsideKind};

use super::{html, shell};
use crate::app::ApiState;
use crate::auth::Principal;
use crate::problem::ApiError;
use crate::web::Lenient;

/// Rows on one page.
const PER_PAGE: u64 = 50;

/// The query of the page; what makes no sense counts as not given.
#[derive(Deserialize, Default)]
pub(crate) struct SetAsideQuery {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    page: String,
}

/// `GET /set-aside`.
pub(crate) async fn set_aside(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    uri: Uri,
    Lenient(query): Lenient<SetAsideQuery>,
) -> Result<Response, ApiError> {
    let kind = SetAsideKind::parse(&query.kind);
    let page = query.page.parse::<u64>().unwrap_or(1).max(1);
    let filter = SetAsideFilter { topic: None, kind };
    let offset = (page - 1).saturating_mul(PER_PAGE);
    let find = async {
        let found = state.series().set_aside(&filter, offset, PER_PAGE as usize).await;
        found.map_err(ApiError::series)
    };
    let (shell, found) = tokio::try_join!(shell::full(&state, &principal, &headers, &uri), find)?;
    html(&SetAsidePage {
        shell,
        reason: kind.map(reason),
        rows: found.rows.into_iter().map(row).collect(),
        pager: Pager { page, per_page: PER_PAGE, total: found.total },
    })
}

fn row(found: SetAside) -> SetAsideRow {
    SetAsideRow {
        at: found.at,
        reason: reason(found.kind),
        place: format!("{}/{} · {}", found.topic, found.partition, found.offset),
        key: found.key,
        detail: found.reason,
        count: found.count,
    }
}

fn reason(kind: SetAsideKind) -> SetAsideReason {
    match kind {
        SetAsideKind::Undecodable => SetAsideReason::Undecodable,
        SetAsideKind::ImplausibleTime => SetAsideReason::ImplausibleTime,
        SetAsideKind::TooLate => SetAsideReason::TooLate,
        SetAsideKind::Refused => SetAsideReason::Refused,
        SetAsideKind::Lost => SetAsideReason::Lost,
        SetAsideKind::Damaged => SetAsideReason::Damaged,
    }
}
