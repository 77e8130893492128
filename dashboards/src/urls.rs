//! The addresses that the pages link to: the API routes them with the
//! constants, the templates write them with the functions.
//!
//! Ids are percent-encoded, because a service id may hold any character.

use std::fmt::Write as _;

use correlate::model::Timestamp;

use crate::pages::SecurityDone;
use crate::view::plan::PlanForm;
use crate::view::services::{ServiceFilter, ServiceSort, TableHome};
use crate::view::set_aside::SetAsideReason;
use crate::view::timeline::Zoom;

/// Every address that shows a page of its own, for tests that look at each. What
/// is part of a page, a file or a way to another page is not among them.
pub const PAGES: [&str; 39] = [
    OVERVIEW,
    SERVICES,
    SERVICE,
    SERVICE_WHY,
    WHAT_IF,
    CUSTOMERS,
    CUSTOMER_NEW,
    CUSTOMER,
    SOURCES,
    SOURCE_NEW,
    SOURCE,
    SOURCE_ACCOUNT,
    SOURCE_PUSH,
    UNWATCHED,
    SET_ASIDE,
    USERS,
    USER_NEW,
    USERS_IMPORT,
    USER,
    AUDIT,
    PERMISSIONS,
    LOGIN_ATTEMPTS,
    SERVICE_TOKENS,
    MAILS,
    API_DOCS,
    MANUAL_LIBRENMS,
    MANUAL_SIGN_ON,
    PROFILE,
    PROFILE_SESSIONS,
    PROFILE_TOKENS,
    SECURITY,
    SECURITY_TOTP,
    CONFIRM,
    LOGIN,
    LOGIN_CODE,
    FORGOT_PASSWORD,
    RESET_PASSWORD,
    REGISTER,
    NOTIFICATION_ADDRESS,
];

/// The overview. Query: `q`, `state`, `cause`,
/// `sort`, `page`, see [`crate::ServiceFilter`].
pub const OVERVIEW: &str = "/";
/// The live part of the overview, [`crate::OverviewLivePartial`].
pub const OVERVIEW_LIVE: &str = "/live";
/// The list of services. Query: `q`, `state`, `cause`,
/// `sort`, `page`, see [`crate::ServiceFilter`].
pub const SERVICES: &str = "/services";
/// One service. Query: `zoom` (`24h`, `7d`, `30d`), `page` (of its intervals),
/// `as_of` (as in [`SERVICE_WHY`]): as it was believed to be then.
pub const SERVICE: &str = "/services/{id}";
/// The intervals of one service as CSV.
pub const SERVICE_CSV: &str = "/services/{id}/intervals.csv";
/// What the pipeline set aside. Query: `kind`, `page`.
pub const SET_ASIDE: &str = "/set-aside";
/// Why a service is what it is at an instant. Query: `at` and `as_of`, each
/// milliseconds since 1970, RFC 3339, or a local time as a field for one gives
/// it; `of`, a component whose samples are shown.
pub const SERVICE_WHY: &str = "/services/{id}/why";
/// What services would be. GET shows the form and, with `ask`, the answer
/// (query: `q`, `t` repeated, `from`, `until`, `planned`, `ports`, `ask`);
/// POST takes the same and `note`, and announces the windows.
pub const WHAT_IF: &str = "/what-if";
/// Header of what a page fetches by itself, so that a browser goes idle that
/// nobody uses.
pub const REFRESH_HEADER: &str = "x-padwacht-refresh";
/// That header, as htmx takes it.
pub(crate) const REFRESH: &str = r#"{"x-padwacht-refresh": "1"}"#;
/// Server-sent events: an event `change` with any data whenever a state
/// changed (throttled by the server). Query: `service`, only that one.
pub const EVENTS: &str = "/events";
/// GET shows the sign-in form (query: `next`), POST takes `email`,
/// `password`, `next`.
pub const LOGIN: &str = "/login";
/// Sends a browser to the OpenID provider. Query: `next`, and `again` to have
/// somebody who is signed in prove anew who they are. POST takes `invitation`, the
/// code of one that is used so.
pub const LOGIN_OIDC: &str = "/login/oidc";
/// Where the provider sends it back to.
pub const LOGIN_OIDC_CALLBACK: &str = "/login/oidc/callback";
/// Sends a browser to the provider to sign out there.
pub const LOGIN_OIDC_LOGOUT: &str = "/login/oidc/logout";
/// The second step of signing in. Query: `next`. POST takes `code` and `next`.
pub const LOGIN_CODE: &str = "/login/code";
/// Proving again who one is, before something that matters. Query: `next`.
/// POST takes `password` or `code`, and `next`.
pub const CONFIRM: &str = "/confirm";
/// POST takes what a passkey signed, and signs in; what it is to sign comes
/// from [`PASSKEY_SIGN_IN_OPTIONS`]. JSON, for the script of the pages alone.
pub const PASSKEY_SIGN_IN: &str = "/passkeys/sign-in";
/// POST begins what [`PASSKEY_SIGN_IN`] ends.
pub const PASSKEY_SIGN_IN_OPTIONS: &str = "/passkeys/sign-in/options";
/// POST takes what a passkey signed, as [`CONFIRM`] does a password.
pub const PASSKEY_CONFIRM: &str = "/passkeys/confirmation";
/// POST begins what [`PASSKEY_CONFIRM`] ends.
pub const PASSKEY_CONFIRM_OPTIONS: &str = "/passkeys/confirmation/options";
/// POST makes a new passkey known.
pub const PASSKEY_REGISTER: &str = "/passkeys/registration";
/// POST begins what [`PASSKEY_REGISTER`] ends.
pub const PASSKEY_REGISTER_OPTIONS: &str = "/passkeys/registration/options";
/// GET asks for the address of whoever forgot their password, POST sends them
/// a link.
pub const FORGOT_PASSWORD: &str = "/forgot-password";
/// Where that link leads, with a code behind `#`. POST takes it as `token`, and then
/// `password` and `again` too.
pub const RESET_PASSWORD: &str = "/reset-password";
/// Where the link in a mail to another address for notices leads, with a code behind
/// `#`. POST takes it as `token`, and with `agreed` lets notices go there.
pub const NOTIFICATION_ADDRESS: &str = "/notification-address";
/// POST ends the session.
pub const LOGOUT: &str = "/logout";
/// POST takes `lang` (`nl` or `en`) and `return`, a path on this server, and
/// answers with a cookie and a redirect.
pub const LANGUAGE: &str = "/language";
/// The reader's own profile. POST changes it.
pub const PROFILE: &str = "/profile";
/// POST connects the reader with the OpenID provider.
pub const PROFILE_SIGN_ON: &str = "/profile/single-sign-on";
/// POST disconnects them.
pub const PROFILE_SIGN_ON_REMOVAL: &str = "/profile/single-sign-on/removal";
/// The reader's own sessions and last attempts to sign in. Query: `ended`, how
/// many were just ended.
pub const PROFILE_SESSIONS: &str = "/profile/sessions";
/// POST takes `id` and ends that session, or `others` and ends all others.
pub const PROFILE_SESSION_REVOKE: &str = "/profile/sessions/revoke";
/// The reader's own API tokens. POST issues one and shows it once.
pub const PROFILE_TOKENS: &str = "/profile/tokens";
/// POST takes `id` and revokes that token.
pub const PROFILE_TOKEN_REVOKE: &str = "/profile/tokens/revoke";
/// The API tokens of services. POST issues one and shows it once.
pub const SERVICE_TOKENS: &str = "/service-tokens";
/// POST takes `id` and revokes that token.
pub const SERVICE_TOKEN_REVOKE: &str = "/service-tokens/revoke";
/// Who tried to sign in. Query: `account`, `address`, `result`, `from`,
/// `until`, `page`.
pub const LOGIN_ATTEMPTS: &str = "/login-attempts";
/// The same as CSV.
pub const LOGIN_ATTEMPTS_CSV: &str = "/login-attempts.csv";
/// Mails on their way. Query: `state`, `page`.
pub const MAILS: &str = "/mails";
/// POST has mails that wait tried now.
pub const MAILS_HURRY: &str = "/mails/hurry";
/// POST sends the reader a test mail.
pub const MAILS_TEST: &str = "/mails/test";
/// What the reader signs in with. Query: `done`, see [`crate::SecurityDone`].
pub const SECURITY: &str = "/profile/security";
/// POST takes `current`, `password` and `again`.
pub const SECURITY_PASSWORD: &str = "/profile/security/password";
/// GET shows the new seed of one-time codes; POST takes a code of it.
pub const SECURITY_TOTP: &str = "/profile/security/totp";
/// POST makes a new seed.
pub const SECURITY_TOTP_NEW: &str = "/profile/security/totp/new";
/// POST: one-time codes are no longer asked for.
pub const SECURITY_TOTP_REMOVAL: &str = "/profile/security/totp/removal";
/// POST makes new recovery codes and shows them once.
pub const SECURITY_CODES: &str = "/profile/security/recovery-codes";
/// POST removes a passkey.
pub const SECURITY_PASSKEY_REMOVAL: &str = "/profile/security/passkeys/{id}/removal";
/// The users. Query: `q`, `role`, `standing`, `customer`, `page`.
pub const USERS: &str = "/users";
/// The form that invites a user. POST invites.
pub const USER_NEW: &str = "/users/new";
/// The list of users to bring in. POST tries it or, with `do`, does it.
pub const USERS_IMPORT: &str = "/users/import";
/// One user. POST changes them.
pub const USER: &str = "/users/{id}";
/// POST takes `standing`: lets a user in again, or no longer.
pub const USER_STANDING: &str = "/users/{id}/standing";
/// POST disconnects a user from the OpenID provider.
pub const USER_SIGN_ON_REMOVAL: &str = "/users/{id}/single-sign-on/removal";
/// POST takes `id` and ends that session of the user, or without it every one.
pub const USER_SESSIONS: &str = "/users/{id}/sessions";
/// POST revokes a personal token of a user.
pub const USER_TOKEN_REVOKE: &str = "/users/{id}/tokens/revoke";
/// POST makes a new invitation.
pub const USER_INVITATION: &str = "/users/{id}/invitation";
/// POST takes every second factor from a user who has lost theirs.
pub const USER_FACTORS: &str = "/users/{id}/factors-reset";
/// Where an invitation leads, with a code behind `#`. POST takes it as `token`, and
/// then `name`, `password` and `again` too.
pub const REGISTER: &str = "/register";
/// The customers. Query: `q`, `page`.
pub const CUSTOMERS: &str = "/customers";
/// The form for a new customer. POST makes it.
pub const CUSTOMER_NEW: &str = "/customers/new";
/// One customer. POST changes it.
pub const CUSTOMER: &str = "/customers/{id}";
/// POST removes a customer.
pub const CUSTOMER_REMOVAL: &str = "/customers/{id}/removal";
/// The audit trail. Query: `q`, `kind`, `action`, `from`, `until`, `page`.
pub const AUDIT: &str = "/audit";
/// The same as CSV.
pub const AUDIT_CSV: &str = "/audit.csv";
/// Who may do what.
pub const PERMISSIONS: &str = "/permissions";
/// POST takes `role`, any number of times: who must have a second factor.
pub const SECOND_FACTOR_ROLES: &str = "/permissions/second-factor";
/// The page that shows the OpenAPI document.
pub const API_DOCS: &str = "/docs";
/// The systems that states come from.
pub const SOURCES: &str = "/sources";
/// One of them.
pub const SOURCE: &str = "/sources/{name}";
/// The form for a new account at an NMS; POST adds it.
pub const SOURCE_NEW: &str = "/sources/new";
/// POST takes what the form holds and tries the connection.
pub const SOURCE_CHECK: &str = "/sources/check";
/// What was entered of an account; POST changes it.
pub const SOURCE_ACCOUNT: &str = "/sources/{name}/account";
/// POST takes `token` and puts it in the place of the one that is there.
pub const SOURCE_TOKEN: &str = "/sources/{name}/account/token";
/// POST removes an account.
pub const SOURCE_REMOVAL: &str = "/sources/{name}/account/removal";
/// What services name and no NMS watches; POST has all inventories read at once.
pub const UNWATCHED: &str = "/unwatched";
/// How an NMS account may push. GET shows it; POST makes a new secret and
/// shows it once.
pub const SOURCE_PUSH: &str = "/sources/{name}/push";
/// POST takes `id` and revokes that push secret.
pub const SOURCE_PUSH_REVOKE: &str = "/sources/{name}/push/revoke";
/// The manual of the integration with LibreNMS.
pub const MANUAL_LIBRENMS: &str = "/manual/librenms";
/// The manual of single sign-on.
pub const MANUAL_SIGN_ON: &str = "/manual/single-sign-on";
/// Files of [`crate::asset`].
pub const ASSET: &str = "/assets/{file}";

/// The page of one service.
pub fn service(id: &str) -> String {
    format!("/services/{}", encode(id))
}

/// The page of one service at a zoom and a page of its intervals, as it was
/// believed to be at a moment.
pub fn service_at(id: &str, zoom: Zoom, page: u64, as_of: Option<Timestamp>) -> String {
    let mut query = Query::default();
    if let Some(as_of) = as_of {
        query.push("as_of", &as_of.to_string());
    }
    if zoom != Zoom::default() {
        query.push("zoom", zoom.as_str());
    }
    if page > 1 {
        query.push("page", &page.to_string());
    }
    query.onto(service(id))
}

/// The intervals of one service as CSV, as they were believed to be at a moment.
pub fn service_csv(id: &str, as_of: Option<Timestamp>) -> String {
    let mut query = Query::default();
    if let Some(as_of) = as_of {
        query.push("as_of", &as_of.to_string());
    }
    query.onto(format!("/services/{}/intervals.csv", encode(id)))
}

/// Why a service is what it is at an instant, by what was known at a moment.
pub fn service_why(id: &str, at: Option<Timestamp>, as_of: Option<Timestamp>) -> String {
    let mut query = Query::default();
    for (key, instant) in [("at", at), ("as_of", as_of)] {
        if let Some(instant) = instant {
            query.push(key, &instant.to_string());
        }
    }
    query.onto(format!("/services/{}/why", encode(id)))
}

/// A plan, as its form would send it; `ask` wants the answer.
pub fn what_if(plan: &PlanForm, ask: bool) -> String {
    let mut query = Query::default();
    for choice in &plan.chosen {
        query.push("t", &choice.component);
    }
    query.push("from", &plan.from.to_string());
    query.push("until", &plan.until.to_string());
    for (key, is_on) in [("planned", plan.planned), ("ports", plan.with_ports), ("ask", ask)] {
        if is_on {
            query.push(key, "1");
        }
    }
    query.onto(WHAT_IF.to_owned())
}

/// The events of one service.
pub fn service_events(id: &str) -> String {
    format!("{EVENTS}?service={}", encode(id))
}

/// The page of one source.
pub fn source(name: &str) -> String {
    format!("/sources/{}", encode(name))
}

/// The form of one account at an NMS.
pub fn source_account(name: &str) -> String {
    format!("/sources/{}/account", encode(name))
}

/// Where the token of an account is replaced.
pub fn source_token(name: &str) -> String {
    format!("/sources/{}/account/token", encode(name))
}

/// Where an account is removed.
pub fn source_removal(name: &str) -> String {
    format!("/sources/{}/account/removal", encode(name))
}

/// Where an NMS account pushes to.
pub fn push(account: &str) -> String {
    format!("/push/{}", encode(account))
}

/// The page about pushing from an NMS account.
pub fn source_push(account: &str) -> String {
    format!("/sources/{}/push", encode(account))
}

/// Where a push secret of an NMS account is revoked.
pub fn source_push_revoke(account: &str) -> String {
    format!("/sources/{}/push/revoke", encode(account))
}

/// The address of an asset by its hashed file name.
pub fn asset(file: &str) -> String {
    format!("/assets/{file}")
}

/// A page of what was set aside, counted from 1.
pub fn set_aside(reason: Option<SetAsideReason>, page: u64) -> String {
    let mut query = Query::default();
    if let Some(reason) = reason {
        query.push("kind", reason.as_str());
    }
    if page > 1 {
        query.push("page", &page.to_string());
    }
    query.onto(SET_ASIDE.to_owned())
}

/// A table of services under a filter, at a page counted from 1.
pub fn table(home: TableHome, filter: &ServiceFilter, page: u64) -> String {
    let mut query = Query::default();
    if !filter.query.is_empty() {
        query.push("q", &filter.query);
    }
    if let Some(state) = filter.state {
        query.push("state", state.as_str());
    }
    if let Some(cause) = &filter.cause {
        query.push("cause", &cause.component);
    }
    if filter.sort != ServiceSort::default() {
        query.push("sort", filter.sort.as_str());
    }
    if page > 1 {
        query.push("page", &page.to_string());
    }
    query.onto(home.path().to_owned())
}

/// A page of a list, counted from 1, with the fields that narrow it; empty
/// ones are left out.
pub(crate) fn paged(path: &str, fields: &[(&str, &str)], page: u64) -> String {
    let mut query = Query::default();
    for (name, value) in fields.iter().filter(|(_, value)| !value.is_empty()) {
        query.push(name, value);
    }
    if page > 1 {
        query.push("page", &page.to_string());
    }
    query.onto(path.to_owned())
}

/// One user.
pub fn user(id: &str) -> String {
    format!("{USERS}/{}", encode(id))
}

/// Where a user is let in again, or no longer.
pub fn user_standing(id: &str) -> String {
    format!("{}/standing", user(id))
}

/// Where a user is disconnected from the OpenID provider.
pub fn user_sign_on_removal(id: &str) -> String {
    format!("{}/single-sign-on/removal", user(id))
}

/// Where sessions of a user are ended.
pub fn user_sessions(id: &str) -> String {
    format!("{}/sessions", user(id))
}

/// Where a personal token of that user is revoked.
pub fn user_token_revoke(id: &str) -> String {
    format!("{}/tokens/revoke", user(id))
}

/// The attempts to sign in of the account with this address.
pub fn attempts_of(account: &str) -> String {
    paged(LOGIN_ATTEMPTS, &[("account", account)], 1)
}

/// Where a new invitation is made.
pub fn user_invitation(id: &str) -> String {
    format!("{}/invitation", user(id))
}

/// Where every second factor is taken from a user.
pub fn user_factors(id: &str) -> String {
    format!("{}/factors-reset", user(id))
}

/// Where a passkey of the reader is removed.
pub fn security_passkey_removal(id: &str) -> String {
    format!("{SECURITY}/passkeys/{}/removal", encode(id))
}

/// The page of what the reader signs in with, after something was done.
pub fn security_done(done: SecurityDone) -> String {
    format!("{SECURITY}?done={}", done.as_str())
}

/// One customer.
pub fn customer(id: &str) -> String {
    format!("{CUSTOMERS}/{}", encode(id))
}

/// Where a customer is removed.
pub fn customer_removal(id: &str) -> String {
    format!("{}/removal", customer(id))
}

#[derive(Default)]
struct Query(String);

impl Query {
    fn push(&mut self, key: &str, value: &str) {
        self.0.push(if self.0.is_empty() { '?' } else { '&' });
        self.0.push_str(key);
        self.0.push('=');
        self.0.push_str(&encode(value));
    }

    fn onto(self, path: String) -> String {
        path + &self.0
    }
}

/// Percent-encodes everything but the unreserved characters of RFC 3986, 2.3.
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => write!(encoded, "%{byte:02X}").expect("writing to a string cannot fail"),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use correlate::model::ServiceState;

    use super::*;
    use crate::view::cause::Cause;

    #[test]
    fn an_id_with_any_character_stays_one_segment() {
        assert_eq!(service("a/b c?d#é"), "/services/a%2Fb%20c%3Fd%23%C3%A9");
        assert_eq!(service_csv("x/y", None), "/services/x%2Fy/intervals.csv");
    }

    #[test]
    fn defaults_leave_no_trace_in_the_address() {
        assert_eq!(table(TableHome::Overview, &ServiceFilter::default(), 1), "/");
        assert_eq!(service_at("s", Zoom::Hours24, 1, None), "/services/s");
    }

    #[test]
    fn a_filter_keeps_every_part_it_was_given() {
        let filter = ServiceFilter {
            query: "A&B".to_owned(),
            state: Some(ServiceState::Down),
            cause: Some(Cause { component: "ams1/device/42".to_owned(), name: "core1".to_owned() }),
            sort: ServiceSort::Customer,
        };
        assert_eq!(
            table(TableHome::Services, &filter, 3),
            "/services?q=A%26B&state=down&cause=ams1%2Fdevice%2F42&sort=customer&page=3"
        );
        assert_eq!(set_aside(Some(SetAsideReason::TooLate), 2), "/set-aside?kind=too_late&page=2");
        assert_eq!(service_at("s", Zoom::Days7, 2, None), "/services/s?zoom=7d&page=2");
        let (at, as_of) = (Some(Timestamp(5)), Some(Timestamp(9)));
        assert_eq!(service_at("s", Zoom::Days7, 1, as_of), "/services/s?as_of=9&zoom=7d");
        assert_eq!(service_why("s", at, as_of), "/services/s/why?at=5&as_of=9");
    }
}
