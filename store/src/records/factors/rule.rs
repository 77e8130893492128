//! Which roles must have a second factor: a setting that administrators change.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Factors;
use crate::records::audit::Actor;
use crate::records::error::RecordsError;
use crate::records::page::Change;
use crate::records::users::Role;

/// The key of the setting; its value is an array of role names.
const KEY: &str = "second-factor-roles";

impl Factors<'_> {
    /// The roles that must have a second factor, as administrators said; `None`:
    /// nobody has said yet.
    ///
    /// # Errors
    /// See [`Factors::status`].
    pub async fn required_roles(self) -> Result<Option<BTreeSet<Role>>, RecordsError> {
        let corrupt = || RecordsError::corrupt("setting", KEY, "it is no list of roles");
        let Some(value) = self.0.settings().get(KEY).await? else { return Ok(None) };
        let Value::Array(names) = value else { return Err(corrupt()) };
        let role = |name: &Value| name.as_str().ok_or_else(corrupt)?.parse();
        names.iter().map(role).collect::<Result<_, _>>().map(Some)
    }

    /// Changes which roles must have a second factor.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn require_of(
        self,
        actor: &Actor,
        roles: &BTreeSet<Role>,
    ) -> Result<Change, RecordsError> {
        let names: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
        self.0.settings().set(actor, KEY, &json!(names)).await
    }
}
