//! The pages: each gathers its figures, fills a struct of `dashboards` and
//! gives it back. One file per page; what they share is in [`shell`],
//! [`names`] and [`table`].

mod assets;
mod audit;
mod customers;
mod error;
mod manual;
mod names;
mod overview;
mod path;
mod preferences;
mod profile;
mod push;
mod service;
mod services;
mod set_aside;
mod shell;
mod table;
mod users;
mod users_import;
mod what_if;
mod why;

use axum::response::{Html, IntoResponse, Response};
use dashboards::Render;

use crate::problem::ApiError;

pub(crate) use assets::asset;
pub(crate) use audit::{audit, audit_export, permissions};
pub(crate) use customers::{
    add_customer, customer, customer_form, customers, remove_customer, save_customer,
};
pub(crate) use error::error;
pub(crate) use manual::manual;
pub(crate) use overview::{overview, overview_live};
pub(crate) use preferences::switch_language;
pub(crate) use profile::{profile, register, registration, save_profile};
pub(crate) use push::{make_push_secret, revoke_push_secret, source_push};
pub(crate) use service::service;
pub(crate) use services::services;
pub(crate) use set_aside::set_aside;
pub(crate) use shell::bare as bare_shell;
pub(crate) use users::{invite, invite_again, save_user, set_standing, user, user_form, users};
pub(crate) use users_import::{import, import_form};
pub(crate) use what_if::{announce, what_if};
pub(crate) use why::why;

/// A page or a part of one as an answer.
pub(crate) fn html(page: &impl Render) -> Result<Response, ApiError> {
    let html = page.render().map_err(ApiError::internal)?;
    Ok(Html(html).into_response())
}
