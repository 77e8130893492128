//! Leases: which process does a task that only one may do at a time.
//!
//! A lease is held until an instant and renewed before it. Each change of
//! holder raises the epoch, which the holder stamps on what it writes, so that
//! one that slept past its lease can be told from its successor.

use correlate::model::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};

use super::database::Records;
use super::entity::lease;
use super::error::{Doing, RecordsError};
use super::locks::Lock;
use super::text;

/// A lease that the asker holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lease {
    /// Raised by each change of holder; from 1.
    pub epoch: u64,
    /// The first instant at which somebody else may take it.
    pub until: Timestamp,
}

/// Takes and gives back leases.
#[derive(Clone, Copy, Debug)]
pub struct Leases<'a>(&'a Records);

impl Records {
    /// Tasks that one process at a time may do.
    pub fn leases(&self) -> Leases<'_> {
        Leases(self)
    }
}

impl Leases<'_> {
    /// Takes or renews the lease `name` for `holder` (unique per process) from
    /// `now` for `ttl_ms` milliseconds. `None`: somebody else holds it.
    ///
    /// # Errors
    /// [`RecordsError::Invalid`] for an empty name or holder.
    pub async fn acquire(
        self,
        name: &str,
        holder: &str,
        now: Timestamp,
        ttl_ms: u32,
    ) -> Result<Option<Lease>, RecordsError> {
        const DOING: &str = "taking a lease";
        let (name, holder) = (text::name("lease", name)?, text::name("holder", holder)?);
        let tx = self.0.begin(DOING).await?;
        Lock::Leases.take(&tx).await?;
        let found = lease::Entity::find_by_id(name.as_str()).one(&tx).await.doing(DOING)?;
        let epoch = match &found {
            Some(row) if row.holder == holder => row.epoch,
            Some(row) if now.millis() < row.until_ms => return Ok(None),
            Some(row) => row.epoch + 1,
            None => 1,
        };
        let until = now.plus_millis(i64::from(ttl_ms));
        let row = lease::Model { name, holder, epoch, until_ms: until.millis() };
        match found {
            Some(_) => {
                let row = row.into_active_model().reset_all();
                lease::Entity::update(row).exec_without_returning(&tx).await.doing(DOING)?;
            }
            None => {
                lease::Entity::insert(row.into_active_model())
                    .exec_without_returning(&tx)
                    .await
                    .doing(DOING)?;
            }
        }
        tx.commit().await.doing(DOING)?;
        Ok(Some(Lease { epoch: epoch.unsigned_abs(), until }))
    }

    /// Gives the lease back, if `holder` has it, so that a successor need not
    /// wait for its end.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn release(self, name: &str, holder: &str) -> Result<(), RecordsError> {
        lease::Entity::update_many()
            .col_expr(lease::Column::UntilMs, Expr::value(i64::MIN))
            .col_expr(lease::Column::Holder, Expr::value(""))
            .filter(lease::Column::Name.eq(name.trim()))
            .filter(lease::Column::Holder.eq(holder.trim()))
            .exec(self.0.writer())
            .await
            .doing("giving back a lease")?;
        Ok(())
    }
}
