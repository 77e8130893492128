//! The choice of a language. Light or dark is chosen in the browser alone.

use axum::extract::{Form, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use dashboards::Lang;
use serde::Deserialize;

use crate::app::ApiState;
use crate::auth::local_path;
use crate::language;
use crate::problem::ApiError;

/// The form of the language switch.
#[derive(Deserialize)]
pub(crate) struct LanguageForm {
    lang: String,
    #[serde(default, rename = "return")]
    back: String,
}

/// `POST /language`.
pub(crate) async fn switch_language(
    State(state): State<ApiState>,
    jar: CookieJar,
    Form(form): Form<LanguageForm>,
) -> Result<Response, ApiError> {
    let lang =
        Lang::from_code(&form.lang).ok_or_else(|| ApiError::refused("lang", "must be nl or en"))?;
    Ok((jar.add(language::cookie(&state, lang)), Redirect::to(local_path(&form.back)))
        .into_response())
}
