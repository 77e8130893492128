//! A query string of a page, where nonsense counts as nothing: an old or
//! mangled link should still show something.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

/// What the query says, or the default where it cannot be read.
pub(crate) struct Lenient<T>(pub(crate) T);

impl<S, T> FromRequestParts<S> for Lenient<T>
where
    S: Send + Sync,
    T: DeserializeOwned + Default,
{
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Lenient<T>, Infallible> {
        let query = Query::try_from_uri(&parts.uri).map(|Query(query)| query);
        Ok(Lenient(query.unwrap_or_default()))
    }
}
