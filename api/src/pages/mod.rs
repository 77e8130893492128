//! The pages: each gathers its figures, fills a struct of `dashboards` and
//! gives it back. One file per page; what they share is in [`shell`],
//! [`names`] and [`table`].

mod accounts;
mod assets;
mod audit;
mod customers;
mod docs;
mod error;
mod forms;
mod mails;
mod manual;
mod names;
mod notices;
mod overview;
mod path;
mod preferences;
mod profile;
mod push;
mod security;
mod service;
mod services;
mod sessions;
mod set_aside;
mod shell;
mod sources;
mod table;
mod tokens;
mod unwatched;
mod users;
mod users_import;
mod what_if;
mod why;

use axum::response::{Html, IntoResponse, Response};
use dashboards::Render;

use crate::problem::ApiError;

pub(crate) use accounts::{
    account, account_form, add_account, check_account, remove_account, save_account,
    save_account_token,
};
pub(crate) use assets::asset;
pub(crate) use audit::{audit, audit_export, permissions, save_rule};
pub(crate) use customers::{
    add_customer, customer, customer_form, customers, remove_customer, save_customer,
};
pub(crate) use docs::docs;
pub(crate) use error::error;
pub(crate) use forms::saved_at;
pub(crate) use mails::{hurry_mails, mails, test_mail};
pub(crate) use manual::{manual, manual_sign_on};
pub(crate) use notices::{notification_address, prove_notification_address};
pub(crate) use overview::{overview, overview_live};
pub(crate) use preferences::switch_language;
pub(crate) use profile::{profile, register, registration, save_profile};
pub(crate) use push::{make_push_secret, revoke_push_secret, source_push};
pub(crate) use security::{
    change_password, confirm_totp, new_codes, new_totp, remove_passkey, remove_totp, security,
    take_passkey, totp_setup,
};
pub(crate) use service::service;
pub(crate) use services::services;
pub(crate) use sessions::{
    attempts, attempts_export, end_own_sessions, end_user_sessions, own_sessions,
};
pub(crate) use set_aside::set_aside;
pub(crate) use shell::{bare as bare_shell, own as own_shell};
pub(crate) use sources::{source, sources};
pub(crate) use tokens::{
    issue_own_token, issue_service_token, own_tokens, revoke_own_token, revoke_service_token,
    revoke_user_token, service_tokens,
};
pub(crate) use unwatched::{read_inventories, unwatched};
pub(crate) use users::{
    invite, invite_again, reset_factors, reset_factors_of, save_user, set_standing, user,
    user_form, users,
};
pub(crate) use users_import::{import, import_form};
pub(crate) use what_if::{announce, what_if};
pub(crate) use why::why;

/// A page or a part of one as an answer.
pub(crate) fn html(page: &impl Render) -> Result<Response, ApiError> {
    let html = page.render().map_err(ApiError::internal)?;
    Ok(Html(html).into_response())
}
