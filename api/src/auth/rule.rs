//! Which roles must have a second factor: what administrators said on the pages or
//! by the API, and until they do what the configuration says.

use std::collections::BTreeSet;

use store::records::{RecordsError, Role};

use crate::app::ApiState;

/// The roles that must have a second factor.
pub(crate) async fn required_roles(state: &ApiState) -> Result<BTreeSet<Role>, RecordsError> {
    let said = state.records().factors().required_roles().await?;
    Ok(said.unwrap_or_else(|| state.config().second_factor_for.clone()))
}
