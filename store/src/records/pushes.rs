//! What the NMS accounts pushed last, and what came of it; for the page that
//! helps to set pushing up. Written by strangers who know a secret, so every
//! text is cut and the number of rows is bounded; not audited.

use std::str::FromStr;

use correlate::model::Timestamp;
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::database::Records;
use super::entity::push;
use super::error::{Doing, RecordsError};
use super::text;

/// Pushes of one account that are kept: enough to see a storm, and a page
/// shows them whole.
const KEPT_MAX: u64 = 100;

/// What came of a push.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PushOutcome {
    /// The device is read again.
    Device,
    /// It named no device that can be read: whatever changed is read again.
    Anything,
    /// The test button of the NMS; nothing was read.
    Test,
    /// Too many at once: it was counted together with others, for which
    /// whatever changed is read again.
    Limited,
    /// The log was away, so nobody was told; the next poll sees it.
    LogAway,
}

impl PushOutcome {
    /// Every outcome.
    pub const ALL: [PushOutcome; 5] = [
        PushOutcome::Device,
        PushOutcome::Anything,
        PushOutcome::Test,
        PushOutcome::Limited,
        PushOutcome::LogAway,
    ];

    /// The name in the records and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            PushOutcome::Device => "device",
            PushOutcome::Anything => "anything",
            PushOutcome::Test => "test",
            PushOutcome::Limited => "limited",
            PushOutcome::LogAway => "log_away",
        }
    }
}

impl FromStr for PushOutcome {
    type Err = RecordsError;

    fn from_str(text: &str) -> Result<PushOutcome, RecordsError> {
        PushOutcome::ALL
            .into_iter()
            .find(|outcome| outcome.as_str() == text)
            .ok_or_else(|| RecordsError::invalid("push outcome", format!("unknown: {text:?}")))
    }
}

/// A push as it came in. Its texts are the NMS's own words, and are cut.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReceivedPush {
    /// The account that pushed.
    pub account: String,
    /// When.
    pub at: Timestamp,
    /// The network address it came from.
    pub address: String,
    /// The NMS's own id of the device, if it named one.
    pub device: Option<String>,
    /// The name of the alert rule; may be empty.
    pub rule: String,
    /// The state of the alert, in the NMS's word; may be empty.
    pub alert_state: String,
    /// What came of it.
    pub outcome: PushOutcome,
}

/// Writes and lists pushes.
#[derive(Clone, Copy, Debug)]
pub struct Pushes<'a>(&'a Records);

impl Records {
    /// What the NMS accounts pushed last.
    pub fn pushes(&self) -> Pushes<'_> {
        Pushes(self)
    }
}

impl Pushes<'_> {
    /// Writes a push down, and forgets all but the newest of its account.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn record(self, received: &ReceivedPush) -> Result<(), RecordsError> {
        const DOING: &str = "writing a push down";
        let tx = self.0.begin(DOING).await?;
        let row = push::Model {
            id: Uuid::now_v7().to_string(),
            account: received.account.clone(),
            at_ms: received.at.millis(),
            address: text::foreign(&received.address),
            device: received.device.as_deref().map(text::foreign).unwrap_or_default(),
            rule: text::foreign(&received.rule),
            alert_state: text::foreign(&received.alert_state),
            outcome: received.outcome.as_str().to_owned(),
        };
        push::Entity::insert(row.into_active_model())
            .exec_without_returning(&tx)
            .await
            .doing(DOING)?;
        let oldest: Option<String> = push::Entity::find()
            .select_only()
            .column(push::Column::Id)
            .filter(push::Column::Account.eq(received.account.as_str()))
            .order_by_desc(push::Column::Id)
            .offset(KEPT_MAX - 1)
            .limit(1)
            .into_tuple()
            .one(&tx)
            .await
            .doing(DOING)?;
        if let Some(oldest) = oldest {
            push::Entity::delete_many()
                .filter(push::Column::Account.eq(received.account.as_str()))
                .filter(push::Column::Id.lt(oldest))
                .exec(&tx)
                .await
                .doing(DOING)?;
        }
        tx.commit().await.doing(DOING)
    }

    /// The newest pushes of an account, the latest first.
    ///
    /// # Errors
    /// Only of the database, or a stored value that cannot be read.
    pub async fn latest(
        self,
        account: &str,
        limit: u64,
    ) -> Result<Vec<ReceivedPush>, RecordsError> {
        let rows = push::Entity::find()
            .filter(push::Column::Account.eq(account))
            .order_by_desc(push::Column::Id)
            .limit(limit.min(KEPT_MAX))
            .all(self.0.reader())
            .await
            .doing("listing pushes")?;
        rows.into_iter().map(read).collect()
    }
}

fn read(row: push::Model) -> Result<ReceivedPush, RecordsError> {
    let outcome = row.outcome.parse();
    let outcome = outcome.map_err(|error| RecordsError::corrupt("push", &row.id, error))?;
    Ok(ReceivedPush {
        account: row.account,
        at: Timestamp(row.at_ms),
        address: row.address,
        device: (!row.device.is_empty()).then_some(row.device),
        rule: row.rule,
        alert_state: row.alert_state,
        outcome,
    })
}
