//! Jobs: somebody asks that the inventory of an NMS is read at once, and wants
//! to know when it was.
//!
//! A job is done by any inventory that was read after it was asked for, also
//! by one that was due anyway; so none is lost when ingest starts again.

use std::str::FromStr;

use correlate::model::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect};
use serde_json::json;

use super::audit::{self, Actor};
use super::database::Records;
use super::entity::sync_job;
use super::error::{Doing, RecordsError};
use super::ids::SyncJobId;
use super::text;

/// Jobs of one account that are kept.
const KEPT_MAX: u64 = 50;

/// How far a job is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SyncState {
    /// Asked for; ingest reads the inventory as soon as it may.
    Queued,
    /// The inventory was read and is in the records.
    Done,
    /// The inventory could not be read; it is tried again in its own time.
    Failed,
}

impl SyncState {
    const ALL: [SyncState; 3] = [SyncState::Queued, SyncState::Done, SyncState::Failed];

    /// The name in the records and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            SyncState::Queued => "queued",
            SyncState::Done => "done",
            SyncState::Failed => "failed",
        }
    }
}

impl FromStr for SyncState {
    type Err = RecordsError;

    fn from_str(text: &str) -> Result<SyncState, RecordsError> {
        SyncState::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| RecordsError::invalid("job state", format!("unknown: {text:?}")))
    }
}

/// What an inventory held.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SyncCounts {
    /// Devices.
    pub devices: u64,
    /// Ports.
    pub ports: u64,
    /// Links, as each end sees them.
    pub links: u64,
}

/// A job.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SyncJob {
    /// Its id.
    pub id: SyncJobId,
    /// Whose inventory.
    pub account: String,
    /// Who asked.
    pub requested_by: String,
    /// When.
    pub requested_at: Timestamp,
    /// How far it is.
    pub state: SyncState,
    /// When it was done or failed.
    pub ended_at: Option<Timestamp>,
    /// Why it failed, for an operator; else empty.
    pub message: String,
    /// What was read, when it is done.
    pub counts: Option<SyncCounts>,
}

/// Makes, settles and lists jobs.
#[derive(Clone, Copy, Debug)]
pub struct SyncJobs<'a>(&'a Records);

impl Records {
    /// Requests to read an inventory at once.
    pub fn sync_jobs(&self) -> SyncJobs<'_> {
        SyncJobs(self)
    }
}

impl SyncJobs<'_> {
    /// Asks for the inventory of `account`. A job that waits already is given
    /// back instead of a second one; whether it is new stands beside it.
    ///
    /// # Errors
    /// [`RecordsError::Invalid`] for an account name that is not allowed.
    pub async fn request(
        self,
        actor: &Actor,
        account: &str,
    ) -> Result<(SyncJob, bool), RecordsError> {
        const DOING: &str = "asking for an inventory";
        let account = text::name("account", account)?;
        let tx = self.0.begin(DOING).await?;
        let waiting = sync_job::Entity::find()
            .filter(sync_job::Column::Account.eq(account.as_str()))
            .filter(sync_job::Column::State.eq(SyncState::Queued.as_str()))
            .order_by_asc(sync_job::Column::RequestedAtMs)
            .one(&tx)
            .await
            .doing(DOING)?;
        if let Some(waiting) = waiting {
            return Ok((read(waiting)?, false));
        }
        let row = sync_job::Model {
            id: SyncJobId::new().to_string(),
            account: account.clone(),
            requested_by: actor.name.clone(),
            requested_at_ms: actor.at.millis(),
            state: SyncState::Queued.as_str().to_owned(),
            ended_at_ms: None,
            message: String::new(),
            devices: None,
            ports: None,
            links: None,
        };
        sync_job::Entity::insert(row.clone().into_active_model())
            .exec_without_returning(&tx)
            .await
            .doing(DOING)?;
        forget_old(&tx, &account).await?;
        let object = format!("source/{account}");
        let after = Some(json!({ "job": row.id }));
        audit::append(&tx, actor, [audit::Entry { action: "sync", object, before: None, after }])
            .await?;
        tx.commit().await.doing(DOING)?;
        Ok((read(row)?, true))
    }

    /// Settles every job of `account` that was asked for until `read_at`: done
    /// with what was read, or failed for the reason given.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn settle(
        self,
        account: &str,
        read_at: Timestamp,
        outcome: Result<SyncCounts, String>,
    ) -> Result<(), RecordsError> {
        let number = |count: u64| Some(i64::try_from(count).unwrap_or(i64::MAX));
        let (state, message, counts) = match outcome {
            Ok(counts) => (SyncState::Done, String::new(), Some(counts)),
            Err(reason) => (SyncState::Failed, text::foreign(&reason), None),
        };
        use sync_job::Column;
        let count = |of: fn(&SyncCounts) -> u64| counts.as_ref().and_then(|all| number(of(all)));
        sync_job::Entity::update_many()
            .col_expr(Column::State, Expr::value(state.as_str()))
            .col_expr(Column::Message, Expr::value(message))
            .col_expr(Column::EndedAtMs, Expr::value(read_at.millis()))
            .col_expr(Column::Devices, Expr::value(count(|all| all.devices)))
            .col_expr(Column::Ports, Expr::value(count(|all| all.ports)))
            .col_expr(Column::Links, Expr::value(count(|all| all.links)))
            .filter(Column::Account.eq(account))
            .filter(Column::State.eq(SyncState::Queued.as_str()))
            .filter(Column::RequestedAtMs.lte(read_at.millis()))
            .exec(self.0.writer())
            .await
            .doing("settling requests for an inventory")?;
        Ok(())
    }

    /// One job of an account.
    ///
    /// # Errors
    /// Only of the database, or a stored value that cannot be read.
    pub async fn get(self, account: &str, id: SyncJobId) -> Result<Option<SyncJob>, RecordsError> {
        let row = sync_job::Entity::find_by_id(id.to_string())
            .filter(sync_job::Column::Account.eq(account))
            .one(self.0.reader())
            .await
            .doing("reading a request for an inventory")?;
        row.map(read).transpose()
    }

    /// The jobs of an account, the latest first.
    ///
    /// # Errors
    /// See [`SyncJobs::get`].
    pub async fn list(self, account: &str) -> Result<Vec<SyncJob>, RecordsError> {
        let rows = sync_job::Entity::find()
            .filter(sync_job::Column::Account.eq(account))
            .order_by_desc(sync_job::Column::Id)
            .limit(KEPT_MAX)
            .all(self.0.reader())
            .await
            .doing("listing requests for an inventory")?;
        rows.into_iter().map(read).collect()
    }
}

async fn forget_old(tx: &sea_orm::DatabaseTransaction, account: &str) -> Result<(), RecordsError> {
    const DOING: &str = "forgetting old requests for an inventory";
    let oldest: Option<String> = sync_job::Entity::find()
        .select_only()
        .column(sync_job::Column::Id)
        .filter(sync_job::Column::Account.eq(account))
        .order_by_desc(sync_job::Column::Id)
        .offset(KEPT_MAX - 1)
        .limit(1)
        .into_tuple()
        .one(tx)
        .await
        .doing(DOING)?;
    if let Some(oldest) = oldest {
        sync_job::Entity::delete_many()
            .filter(sync_job::Column::Account.eq(account))
            .filter(sync_job::Column::Id.lt(oldest))
            .exec(tx)
            .await
            .doing(DOING)?;
    }
    Ok(())
}

fn read(row: sync_job::Model) -> Result<SyncJob, RecordsError> {
    let state = row.state.parse();
    let state = state.map_err(|error| RecordsError::corrupt("sync job", &row.id, error))?;
    let number = |count: Option<i64>| count.and_then(|count| u64::try_from(count).ok());
    let counts = number(row.devices).zip(number(row.ports)).zip(number(row.links));
    Ok(SyncJob {
        id: SyncJobId::stored(&row.id)?,
        account: row.account,
        requested_by: row.requested_by,
        requested_at: Timestamp(row.requested_at_ms),
        state,
        ended_at: row.ended_at_ms.map(Timestamp),
        message: row.message,
        counts: counts.map(|((devices, ports), links)| SyncCounts { devices, ports, links }),
    })
}
