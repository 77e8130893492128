//! What surrounds every page: language, user, freshness and warnings.

use axum::http::{HeaderMap, Uri};
use dashboards::{Freshness, Lang, Locale, Notice, Shell, SourceTrouble, User};
use store::records::SourceState;

use crate::app::ApiState;
use crate::auth::Principal;
use crate::language;
use crate::problem::ApiError;
use crate::v1::operations::freshness;

/// What surrounds a page that needs neither a user nor data.
pub(crate) fn bare(state: &ApiState, language: Lang, here: String) -> Shell {
    Shell {
        locale: Locale::new(language, state.config().time_zone.clone()),
        now: state.now(),
        user: None,
        here,
        notices: Vec::new(),
        freshness: Freshness::default(),
    }
}

/// The language and time zone of a request.
pub(super) fn locale(state: &ApiState, headers: &HeaderMap) -> Locale {
    let language = language::of_request(headers, state.config().default_language);
    Locale::new(language, state.config().time_zone.clone())
}

/// What surrounds a page for somebody who is signed in, with everything they
/// must know before trusting it.
pub(super) async fn full(
    state: &ApiState,
    principal: &Principal,
    headers: &HeaderMap,
    uri: &Uri,
) -> Result<Shell, ApiError> {
    let (fresh, sources, aside) =
        tokio::join!(freshness(state), source_notices(state), set_aside_notice(state));
    let fresh = fresh?;
    let mut notices = sources?;
    notices.extend(aside?);
    if let (true, Some(until)) = (fresh.is_stale, fresh.until) {
        notices.insert(0, Notice::Stale { until });
    }
    Ok(Shell {
        locale: locale(state, headers),
        now: state.now(),
        user: Some(User {
            name: principal.display_name().to_owned(),
            email: principal.email().to_owned(),
        }),
        here: uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
        notices,
        freshness: Freshness { until: fresh.until, is_stale: fresh.is_stale },
    })
}

/// What was set aside is worth a word for so long.
const SET_ASIDE_FRESH_MS: i64 = 24 * 3_600_000;

async fn set_aside_notice(state: &ApiState) -> Result<Option<Notice>, ApiError> {
    let since = state.now().plus_millis(-SET_ASIDE_FRESH_MS);
    let found = state.series().set_aside_since(since).await.map_err(ApiError::series)?;
    Ok(found.map(|(count, newest)| Notice::SetAside { count, newest }))
}

async fn source_notices(state: &ApiState) -> Result<Vec<Notice>, ApiError> {
    let sources = state.records().source_status().list().await.map_err(ApiError::records)?;
    let mut notices: Vec<_> = sources
        .into_iter()
        .filter_map(|source| {
            let trouble = match source.state {
                SourceState::Ok => return None,
                SourceState::Suspect => SourceTrouble::Suspect,
                SourceState::Down => SourceTrouble::Down,
            };
            Some((trouble, Notice::Source { name: source.account, trouble, since: source.since }))
        })
        .collect();
    notices.sort_by_key(|(trouble, _)| *trouble == SourceTrouble::Suspect);
    Ok(notices.into_iter().map(|(_, notice)| notice).collect())
}
