//! The forms of accounts at NMSes: adding one, changing it, trying its
//! connection. A token that was sent is never in a page again.

use axum::Extension;
use axum::extract::{Form, Path, RawForm, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use dashboards::{
    AccountCheck, AccountForm, AccountHead, AccountPage, AccountRefusal, AccountRow,
    AccountSetting, urls,
};
use secrecy::SecretString;
use serde::Deserialize;
use store::records::{AccountDraft, NmsAccount};
use url::form_urlencoded;

use super::forms::{Saved, refused, saved_at};
use super::{html, shell};
use crate::app::ApiState;
use crate::auth::Principal;
use crate::nms::NmsFinding;
use crate::problem::ApiError;
use crate::v1::operations::{
    change, configured, enter, known_account, remove, replace_token, try_out,
};
use crate::web::Lenient;

/// What fields of settings are called, before the key.
const SETTING: &str = "set.";

/// What a form sent. The token is apart, so that nothing shows it.
#[derive(Default)]
struct Sent {
    /// Of an account that is there, in the form that tries its connection.
    account: String,
    name: String,
    draft: AccountDraft,
}

impl Sent {
    /// Reads a form; a field that is empty is not set.
    fn read(form: &[u8]) -> (Sent, Option<SecretString>) {
        let mut sent = Sent::default();
        let mut token = None;
        for (key, value) in form_urlencoded::parse(form) {
            let value = value.trim();
            match key.as_ref() {
                "account" => value.clone_into(&mut sent.account),
                "name" => value.clone_into(&mut sent.name),
                "kind" => value.clone_into(&mut sent.draft.kind),
                "url" => value.clone_into(&mut sent.draft.url),
                "enabled" => sent.draft.enabled = true,
                "token" if !value.is_empty() => token = Some(SecretString::from(value)),
                key => {
                    if let Some(setting) = key.strip_prefix(SETTING).filter(|_| !value.is_empty()) {
                        sent.draft.settings.insert(setting.to_owned(), value.to_owned());
                    }
                }
            }
        }
        (sent, token)
    }
}

/// The form that removes an account.
#[derive(Deserialize)]
pub(crate) struct SentRemoval {
    /// Whether it is meant.
    sure: Option<String>,
}

/// What a page about an account shows besides what is entered.
#[derive(Default)]
struct Shown {
    /// The account, if it is there already.
    account: Option<NmsAccount>,
    name: String,
    draft: AccountDraft,
    refusals: Vec<AccountRefusal>,
    check: Option<Vec<AccountCheck>>,
    is_saved: bool,
}

impl Shown {
    fn of(account: NmsAccount) -> Shown {
        let (name, draft) = (account.name.clone(), account.entered.clone());
        Shown { account: Some(account), name, draft, ..Shown::default() }
    }
}

/// `GET /sources/new`.
pub(crate) async fn account_form(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, ApiError> {
    let draft = AccountDraft { enabled: true, ..AccountDraft::default() };
    page(&state, &principal, (&headers, &uri), Shown { draft, ..Shown::default() }).await
}

/// `POST /sources/new`.
pub(crate) async fn add_account(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    uri: Uri,
    RawForm(form): RawForm,
) -> Result<Response, ApiError> {
    let (Sent { name, draft, .. }, token) = Sent::read(&form);
    let token = token.unwrap_or_else(|| SecretString::from(""));
    match enter(&state, &principal, &name, &draft, &token).await {
        Ok(_) => Ok(saved_at(urls::SOURCES)),
        Err(error) => {
            let refusals = refusals(error)?;
            let shown = Shown { name, draft, refusals, ..Shown::default() };
            refused(page(&state, &principal, (&headers, &uri), shown).await?)
        }
    }
}

/// `GET /sources/{name}/account`.
pub(crate) async fn account(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Path(name): Path<String>,
    headers: HeaderMap,
    uri: Uri,
    Lenient(query): Lenient<Saved>,
) -> Result<Response, ApiError> {
    let shown = Shown::of(known_account(&state, &name).await?);
    let shown = Shown { is_saved: query.saved.is_some(), ..shown };
    page(&state, &principal, (&headers, &uri), shown).await
}

/// `POST /sources/{name}/account`.
pub(crate) async fn save_account(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Path(name): Path<String>,
    headers: HeaderMap,
    uri: Uri,
    RawForm(form): RawForm,
) -> Result<Response, ApiError> {
    let (Sent { draft, .. }, token) = Sent::read(&form);
    let now = known_account(&state, &name).await?;
    match change(&state, &principal, &name, &draft, token.as_ref()).await {
        Ok(()) => Ok(saved_at(&urls::source_account(&name))),
        Err(error) => {
            let refusals = refusals(error)?;
            let shown = Shown { draft, refusals, ..Shown::of(now) };
            refused(page(&state, &principal, (&headers, &uri), shown).await?)
        }
    }
}

/// `POST /sources/{name}/account/token`.
pub(crate) async fn save_account_token(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Path(name): Path<String>,
    headers: HeaderMap,
    uri: Uri,
    RawForm(form): RawForm,
) -> Result<Response, ApiError> {
    let token = Sent::read(&form).1.unwrap_or_else(|| SecretString::from(""));
    match replace_token(&state, &principal, &name, &token).await {
        Ok(()) => Ok(saved_at(&urls::source_account(&name))),
        Err(error) => {
            let refusals = refusals(error)?;
            let shown = Shown { refusals, ..Shown::of(known_account(&state, &name).await?) };
            refused(page(&state, &principal, (&headers, &uri), shown).await?)
        }
    }
}

/// `POST /sources/{name}/account/removal`.
pub(crate) async fn remove_account(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Path(name): Path<String>,
    headers: HeaderMap,
    uri: Uri,
    Form(sent): Form<SentRemoval>,
) -> Result<Response, ApiError> {
    if sent.sure.is_none() {
        let refusals = vec![AccountRefusal {
            field: "sure".to_owned(),
            reason: "must be ticked, as the token is gone afterwards".to_owned(),
        }];
        let shown = Shown { refusals, ..Shown::of(known_account(&state, &name).await?) };
        return refused(page(&state, &principal, (&headers, &uri), shown).await?);
    }
    remove(&state, &principal, &name).await?;
    Ok(saved_at(urls::SOURCES))
}

/// `POST /sources/check`: tries what the form holds; nothing is kept.
pub(crate) async fn check_account(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    uri: Uri,
    RawForm(form): RawForm,
) -> Result<Response, ApiError> {
    let (Sent { account, name, draft }, token) = Sent::read(&form);
    let there = match account.as_str() {
        "" => None,
        name => Some(known_account(&state, name).await?),
    };
    let of = there.as_ref().map(|there| there.name.as_str());
    let tried = try_out(&state, &principal, of, &draft, token).await;
    let shown = there.map_or_else(|| Shown { name, ..Shown::default() }, Shown::of);
    let shown = match tried {
        Ok(found) => {
            let check = Some(found.into_iter().map(step).collect());
            Shown { draft, check, ..shown }
        }
        Err(error) => {
            let refusals = refusals(error)?;
            Shown { draft, refusals, check: Some(Vec::new()), ..shown }
        }
    };
    page(&state, &principal, (&headers, &uri), shown).await
}

async fn page(
    state: &ApiState,
    principal: &Principal,
    (headers, uri): (&HeaderMap, &Uri),
    shown: Shown,
) -> Result<Response, ApiError> {
    let mut shell = shell::full(state, principal, headers, uri).await?;
    let Shown { account, name, draft, refusals, check, is_saved } = shown;
    shell.here = match &account {
        Some(account) => urls::source_account(&account.name),
        None => urls::SOURCE_NEW.to_owned(),
    };
    let offered = state.config().nms.as_ref().map(|desk| desk.settings()).unwrap_or_default();
    let set = |key: &str| draft.settings.get(key).cloned().unwrap_or_default();
    let settings = offered.into_iter().map(|one| AccountSetting {
        value: set(&one.key),
        default: one.default,
        key: one.key,
    });
    let settings = settings.collect();
    html(&AccountPage {
        shell,
        account: account.map(|account| AccountHead {
            name: account.name,
            token_set_by: account.token_set_by,
            token_set_at: account.token_set_at,
        }),
        form: AccountForm { name, url: draft.url, enabled: draft.enabled, settings },
        refusals,
        check,
        is_saved,
    })
}

/// The accounts as the list of sources shows them.
///
/// # Errors
/// The records are away.
pub(super) async fn rows(state: &ApiState) -> Result<Vec<AccountRow>, ApiError> {
    let entered = state.records().accounts().list().await.map_err(ApiError::records)?;
    let configured = configured(state);
    let entered = entered.into_iter().map(|account| AccountRow {
        is_hidden: configured.iter().any(|one| one.name == account.name),
        name: account.name,
        url: account.entered.url,
        enabled: account.entered.enabled,
        token: Some((account.token_set_by, account.token_set_at)),
    });
    let configured = configured.iter().map(|one| AccountRow {
        name: one.name.clone(),
        url: one.url.clone(),
        enabled: true,
        token: None,
        is_hidden: false,
    });
    Ok(configured.chain(entered).collect())
}

fn step(NmsFinding { subject, outcome }: NmsFinding) -> AccountCheck {
    AccountCheck { subject: subject.to_owned(), outcome: outcome.map_err(str::to_owned) }
}

/// What is refused, field by field; anything else stays an error.
fn refusals(error: ApiError) -> Result<Vec<AccountRefusal>, ApiError> {
    match error {
        ApiError::Refused(refusals) | ApiError::Conflict(refusals) if !refusals.is_empty() => {
            let refusal = |one: crate::problem::Refusal| AccountRefusal {
                field: one.place,
                reason: one.reason,
            };
            Ok(refusals.into_iter().map(refusal).collect())
        }
        error => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_form_is_read_and_its_token_kept_apart() {
        let (sent, token) = Sent::read(
            b"name=ams1&kind=librenms&url=https%3A%2F%2Fnms&token=+s3cret+&enabled=1\
              &set.time_zone=UTC&set.poll_interval=",
        );
        let settings = BTreeMap::from([("time_zone".to_owned(), "UTC".to_owned())]);
        let (kind, url) = ("librenms".to_owned(), "https://nms".to_owned());
        assert_eq!(sent.draft, AccountDraft { kind, url, settings, enabled: true });
        assert_eq!(token.expect("is there").expose_secret(), "s3cret");
        assert!(Sent::read(b"name=x&token=").1.is_none());
    }
}
