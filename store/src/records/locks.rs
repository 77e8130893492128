//! Rows that a transaction locks so that others of its sort wait for it.
//!
//! An UPDATE takes the row's lock until the transaction ends on PostgreSQL; on
//! SQLite the transaction is the only writer anyway. So one code path does for
//! both, and unlike an advisory lock it also keeps a number.

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, ExprTrait, QueryFilter};

use super::entity::lock;
use super::error::{Doing, RecordsError};

/// What is locked. The rows are made by the migrations.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Lock {
    /// Changes of definitions and windows; its number is the last sequence of
    /// the outbox.
    Outbox,
    /// Rules over all users: the first one, the last administrator.
    Users,
    /// Changes of holder.
    Leases,
    /// The end of the audit trail; its number is the last sequence. Taken
    /// after every other lock, as each change ends by being recorded.
    Audit,
}

impl Lock {
    fn name(self) -> &'static str {
        match self {
            Lock::Outbox => "outbox",
            Lock::Users => "users",
            Lock::Leases => "leases",
            Lock::Audit => "audit",
        }
    }

    /// Waits for the lock, holds it until `tx` ends, and gives its number.
    pub(super) async fn take(self, tx: &DatabaseTransaction) -> Result<i64, RecordsError> {
        const DOING: &str = "waiting for another change";
        let unchanged = Expr::col(lock::Column::Value).add(0);
        lock::Entity::update_many()
            .col_expr(lock::Column::Value, unchanged)
            .filter(lock::Column::Name.eq(self.name()))
            .exec(tx)
            .await
            .doing(DOING)?;
        let row = lock::Entity::find_by_id(self.name()).one(tx).await.doing(DOING)?;
        row.map(|row| row.value)
            .ok_or_else(|| RecordsError::corrupt("lock", self.name(), "its row is gone"))
    }

    /// Changes the number; the caller holds the lock.
    pub(super) async fn set(self, tx: &DatabaseTransaction, to: i64) -> Result<(), RecordsError> {
        lock::Entity::update_many()
            .col_expr(lock::Column::Value, Expr::value(to))
            .filter(lock::Column::Name.eq(self.name()))
            .exec(tx)
            .await
            .doing("numbering a change")?;
        Ok(())
    }
}
