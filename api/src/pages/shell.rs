//! What surrounds every page: language, user, freshness and warnings.

use axum::http::{HeaderMap, Uri};
use dashboards::{Freshness, Lang, Locale, Menu, Notice, Shell, SourceTrouble, User};
use store::records::{Language, Role, SourceAlarm, SourceState};

use crate::app::ApiState;
use crate::auth::Principal;
use crate::language;
use crate::policy::Action;
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
pub(super) fn locale(state: &ApiState, principal: &Principal, headers: &HeaderMap) -> Locale {
    let own = match principal.language() {
        Language::Nl => Lang::Dutch,
        Language::En => Lang::English,
    };
    // What the switch on the page says goes before the profile, for this browser.
    let language = language::chosen(headers).unwrap_or(own);
    Locale::new(language, principal.zone(state))
}

/// What surrounds a page about the reader's own account: it works also while
/// the series are away.
pub(crate) fn own(
    state: &ApiState,
    principal: &Principal,
    headers: &HeaderMap,
    uri: &Uri,
) -> Shell {
    Shell {
        locale: locale(state, principal, headers),
        now: state.now(),
        user: Some(user(principal)),
        here: uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
        notices: Vec::new(),
        freshness: Freshness::default(),
    }
}

fn user(principal: &Principal) -> User {
    User {
        name: principal.display_name().to_owned(),
        email: principal.email().to_owned(),
        menu: menu(principal),
    }
}

/// What surrounds a page for somebody who is signed in, with everything they
/// must know before trusting it.
pub(super) async fn full(
    state: &ApiState,
    principal: &Principal,
    headers: &HeaderMap,
    uri: &Uri,
) -> Result<Shell, ApiError> {
    // What is wrong with the installation is for those who can mend it.
    let installation = async {
        if !principal.may(Action::ReadPipeline) {
            return Ok(Vec::new());
        }
        let (mut notices, aside) =
            tokio::try_join!(source_notices(state), set_aside_notice(state))?;
        notices.extend(aside);
        Ok(notices)
    };
    let (fresh, mut notices) = tokio::try_join!(freshness(state), installation)?;
    if let (true, Some(until)) = (fresh.is_stale, fresh.until) {
        notices.insert(0, Notice::Stale { until });
    }
    let freshness = Freshness { until: fresh.until, is_stale: fresh.is_stale };
    Ok(Shell { notices, freshness, ..own(state, principal, headers, uri) })
}

/// The entries of the menu that lead somewhere for `principal`.
fn menu(principal: &Principal) -> Menu {
    Menu {
        customers: principal.may(Action::ReadCustomers),
        users: principal.may(Action::ReadUsers),
        plan: principal.may(Action::PlanWork),
        pipeline: principal.may(Action::ReadPipeline),
        audit: principal.may(Action::ReadAudit),
        permissions: principal.may(Action::ReadPermissions),
        // Everybody finds their own in their profile.
        attempts: principal.role() == Role::Beheer,
        service_tokens: principal.may(Action::ServiceTokens),
        mails: principal.may(Action::ReadMails),
    }
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
    if sources.is_empty() && is_nothing_watched(state).await? {
        return Ok(vec![Notice::NothingWatched]);
    }
    let mut notices: Vec<_> = sources
        .into_iter()
        .filter_map(|source| {
            let trouble = match source.state {
                SourceState::Ok => return None,
                SourceState::Suspect => SourceTrouble::Suspect,
                SourceState::Down => SourceTrouble::Down,
            };
            let notice = match source.alarm().cloned() {
                Some(SourceAlarm { fault, since, .. }) => {
                    Notice::Alarm { source: source.account, fault, since }
                }
                None => Notice::Source { name: source.account, trouble, since: source.since },
            };
            Some((trouble, notice))
        })
        .collect();
    notices.sort_by_key(|(trouble, notice)| match notice {
        Notice::Alarm { .. } => 0,
        _ if *trouble == SourceTrouble::Down => 1,
        _ => 2,
    });
    Ok(notices.into_iter().map(|(_, notice)| notice).collect())
}

/// Whether accounts can be entered here, and there is none.
async fn is_nothing_watched(state: &ApiState) -> Result<bool, ApiError> {
    if state.config().nms.as_deref().is_none_or(|desk| !desk.configured().is_empty()) {
        return Ok(false);
    }
    let entered = state.records().accounts().versions().await.map_err(ApiError::records)?;
    Ok(entered.is_empty())
}
