//! Settings that people change while the product runs: a key and a JSON value.

use sea_orm::sea_query::OnConflict;
use sea_orm::{EntityTrait, IntoActiveModel};
use serde_json::Value;

use super::audit::{self, Actor};
use super::database::Records;
use super::entity::setting;
use super::error::{Doing, RecordsError};
use super::page::Change;
use super::text;

/// Reads and changes settings. They are for everybody who may open the
/// administration, so no secrets belong here.
#[derive(Clone, Copy, Debug)]
pub struct Settings<'a>(&'a Records);

impl Records {
    /// The settings.
    pub fn settings(&self) -> Settings<'_> {
        Settings(self)
    }
}

impl Settings<'_> {
    /// The value of `key`, if it was ever set.
    ///
    /// # Errors
    /// Only of the database, or a stored value that cannot be read.
    pub async fn get(self, key: &str) -> Result<Option<Value>, RecordsError> {
        let row = setting::Entity::find_by_id(key).one(self.0.reader()).await;
        row.doing("reading a setting")?.map(read).transpose()
    }

    /// Sets `key` (one line of at most 200 characters) to `value`.
    ///
    /// # Errors
    /// [`RecordsError::Invalid`] for a key that is not allowed.
    pub async fn set(
        self,
        actor: &Actor,
        key: &str,
        value: &Value,
    ) -> Result<Change, RecordsError> {
        const DOING: &str = "changing a setting";
        let key = text::name("key", key)?;
        let tx = self.0.begin(DOING).await?;
        let found = setting::Entity::find_by_id(key.as_str()).one(&tx).await.doing(DOING)?;
        let before = found.map(read).transpose()?;
        if before.as_ref() == Some(value) {
            return Ok(Change::Unchanged);
        }
        let change = if before.is_some() { Change::Updated } else { Change::Created };
        let row = setting::Model { key: key.clone(), value: value.to_string() };
        let replace = OnConflict::column(setting::Column::Key)
            .update_column(setting::Column::Value)
            .to_owned();
        setting::Entity::insert(row.into_active_model())
            .on_conflict(replace)
            .exec_without_returning(&tx)
            .await
            .doing(DOING)?;
        let object = format!("setting/{key}");
        let after = Some(value.clone());
        audit::append(&tx, actor, [audit::Entry { action: "set", object, before, after }]).await?;
        tx.commit().await.doing(DOING)?;
        Ok(change)
    }
}

fn read(row: setting::Model) -> Result<Value, RecordsError> {
    serde_json::from_str(&row.value)
        .map_err(|error| RecordsError::corrupt("setting", row.key, error))
}
