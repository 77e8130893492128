//! How each NMS account fares, as its ingest process last reported. Derived and
//! overwritten at every poll, so it is not audited.

use std::collections::BTreeMap;
use std::str::FromStr;

use correlate::model::Timestamp;
use sea_orm::sea_query::OnConflict;
use sea_orm::{EntityTrait, IntoActiveModel, QueryOrder};

use super::database::Records;
use super::entity::source_status;
use super::error::{Doing, RecordsError};
use super::source_detail::{SourceAlarm, SourceDetail};
use super::text;

/// The kinds of fault with which an NMS answers as if all were well: to believe
/// it would make outages, or hide them.
const ALARMING: [&str; 6] =
    ["not_json", "malformed", "truncated", "empty", "shrunk", "foreign_rows"];

/// So many alarms of an account are kept: months of a source that is well.
const ALARMS_MAX: usize = 50;

/// Whether what an account says can be relied on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum SourceState {
    /// It answers, and its answers make sense.
    Ok,
    /// It answers, but not everything makes sense.
    Suspect,
    /// It does not answer.
    Down,
}

impl SourceState {
    /// The name in the records and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            SourceState::Ok => "ok",
            SourceState::Suspect => "suspect",
            SourceState::Down => "down",
        }
    }
}

impl FromStr for SourceState {
    type Err = RecordsError;

    fn from_str(text: &str) -> Result<SourceState, RecordsError> {
        match text {
            "ok" => Ok(SourceState::Ok),
            "suspect" => Ok(SourceState::Suspect),
            "down" => Ok(SourceState::Down),
            _ => {
                let reason = format!("must be ok, suspect or down, found {text:?}");
                Err(RecordsError::invalid("state", reason))
            }
        }
    }
}

/// What went wrong with an account last.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SourceError {
    /// A short name that does not change, such as `unauthorized`.
    pub kind: String,
    /// What an operator should know and do. Cut at 1,000 characters.
    pub message: String,
}

impl SourceError {
    /// Whether it is one of those with which an NMS answers as if all were well,
    /// so that somebody must look at once.
    pub fn is_alarming(&self) -> bool {
        ALARMING.contains(&self.kind.as_str())
    }
}

/// What ingest reports after a poll.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SourceReport {
    /// The name of the account.
    pub account: String,
    /// When the poll ended.
    pub at: Timestamp,
    /// How it fares.
    pub state: SourceState,
    /// Whether the poll gave anything usable: this moves
    /// [`SourceStatus::last_success_at`] to `at`.
    pub success: bool,
    /// What went wrong, when something did.
    pub error: Option<SourceError>,
    /// Totals since the process started, by a name that does not change.
    pub counters: BTreeMap<String, u64>,
    /// What was measured.
    pub detail: SourceDetail,
}

/// How an account fares.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SourceStatus {
    /// The name of the account.
    pub account: String,
    /// How it fares.
    pub state: SourceState,
    /// Since when it has been so.
    pub since: Timestamp,
    /// When ingest last reported; long ago means that ingest itself is away.
    pub reported_at: Timestamp,
    /// When it last gave anything usable, if ever.
    pub last_success_at: Option<Timestamp>,
    /// What went wrong last; kept after recovery, for whoever looks later.
    pub last_error: Option<SourceError>,
    /// See [`SourceReport::counters`].
    pub counters: BTreeMap<String, u64>,
    /// See [`SourceReport::detail`].
    pub detail: SourceDetail,
}

impl SourceStatus {
    /// The alarm that lasts, if there is one.
    pub fn alarm(&self) -> Option<&SourceAlarm> {
        self.detail.alarms.first().filter(|alarm| alarm.until.is_none())
    }
}

/// Reads and writes the status of NMS accounts.
#[derive(Clone, Copy, Debug)]
pub struct SourceStatuses<'a>(&'a Records);

impl Records {
    /// How the NMS accounts fare.
    pub fn source_status(&self) -> SourceStatuses<'_> {
        SourceStatuses(self)
    }
}

impl SourceStatuses<'_> {
    /// The status of every account that ever reported, by name.
    ///
    /// # Errors
    /// Only of the database, or a stored value that cannot be read; so for
    /// every method that only reads.
    pub async fn list(self) -> Result<Vec<SourceStatus>, RecordsError> {
        let rows = source_status::Entity::find()
            .order_by_asc(source_status::Column::Account)
            .all(self.0.reader())
            .await
            .doing("reading the status of sources")?;
        rows.into_iter().map(read).collect()
    }

    /// The status of one account.
    ///
    /// # Errors
    /// See [`SourceStatuses::list`].
    pub async fn get(self, account: &str) -> Result<Option<SourceStatus>, RecordsError> {
        let row = source_status::Entity::find_by_id(account).one(self.0.reader()).await;
        row.doing("reading the status of a source")?.map(read).transpose()
    }

    /// Takes in a report. `since` moves only when the state changes. Each
    /// account has one reporter; a report older than the last is ignored.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn report(self, report: &SourceReport) -> Result<(), RecordsError> {
        const DOING: &str = "writing the status of a source";
        let tx = self.0.begin(DOING).await?;
        let found = source_status::Entity::find_by_id(report.account.as_str()).one(&tx).await;
        let before = found.doing(DOING)?.map(read).transpose()?;
        if before.as_ref().is_some_and(|before| report.at < before.reported_at) {
            return Ok(());
        }
        use source_status::Column;
        let replace = OnConflict::column(Column::Account)
            .update_columns([
                Column::State,
                Column::SinceMs,
                Column::ReportedAtMs,
                Column::LastSuccessAtMs,
                Column::ErrorKind,
                Column::ErrorMessage,
                Column::Counters,
                Column::Detail,
            ])
            .to_owned();
        let row = to_row(&merge(before, report))?;
        source_status::Entity::insert(row.into_active_model())
            .on_conflict(replace)
            .exec_without_returning(&tx)
            .await
            .doing(DOING)?;
        tx.commit().await.doing(DOING)
    }
}

fn merge(before: Option<SourceStatus>, report: &SourceReport) -> SourceStatus {
    let same = before.as_ref().filter(|before| before.state == report.state);
    let since = same.map_or(report.at, |before| before.since);
    let (last_success_at, last_error, alarms) = before.map_or_else(Default::default, |before| {
        (before.last_success_at, before.last_error, before.detail.alarms)
    });
    SourceStatus {
        account: report.account.clone(),
        state: report.state,
        since,
        reported_at: report.at,
        last_success_at: if report.success { Some(report.at) } else { last_success_at },
        last_error: report.error.clone().or(last_error),
        counters: report.counters.clone(),
        detail: SourceDetail { alarms: alarms_after(alarms, report), ..report.detail.clone() },
    }
}

/// The alarms after a report: one lasts, begins or is over.
fn alarms_after(mut alarms: Vec<SourceAlarm>, report: &SourceReport) -> Vec<SourceAlarm> {
    let is_doubted = report.state != SourceState::Ok;
    let raised = report.error.as_ref().filter(|error| is_doubted && error.is_alarming());
    if let Some(lasting) = alarms.first_mut().filter(|alarm| alarm.until.is_none()) {
        match raised {
            Some(error) if error.kind == lasting.fault => {
                lasting.message.clone_from(&error.message);
                return alarms;
            }
            _ => lasting.until = Some(report.at),
        }
    }
    if let Some(SourceError { kind, message }) = raised.cloned() {
        alarms.insert(0, SourceAlarm { fault: kind, message, since: report.at, until: None });
        alarms.truncate(ALARMS_MAX);
    }
    alarms
}

fn to_row(status: &SourceStatus) -> Result<source_status::Model, RecordsError> {
    let error = |part: fn(&SourceError) -> &str| {
        status.last_error.as_ref().map(|error| text::foreign(part(error)))
    };
    Ok(source_status::Model {
        account: status.account.clone(),
        state: status.state.as_str().to_owned(),
        since_ms: status.since.millis(),
        reported_at_ms: status.reported_at.millis(),
        last_success_at_ms: status.last_success_at.map(Timestamp::millis),
        error_kind: error(|error| &error.kind),
        error_message: error(|error| &error.message),
        counters: serde_json::to_string(&status.counters)
            .map_err(|error| RecordsError::invalid("counters", error.to_string()))?,
        detail: status.detail.to_text()?,
    })
}

fn read(row: source_status::Model) -> Result<SourceStatus, RecordsError> {
    let corrupt = |reason: String| RecordsError::corrupt("source status", &row.account, reason);
    let state = row.state.parse().map_err(|error: RecordsError| corrupt(error.to_string()))?;
    let counters =
        serde_json::from_str(&row.counters).map_err(|error| corrupt(error.to_string()))?;
    let detail = SourceDetail::from_text(&row.detail).map_err(corrupt)?;
    let last_error =
        row.error_kind.zip(row.error_message).map(|(kind, message)| SourceError { kind, message });
    Ok(SourceStatus {
        state,
        counters,
        detail,
        last_error,
        account: row.account,
        since: Timestamp(row.since_ms),
        reported_at: Timestamp(row.reported_at_ms),
        last_success_at: row.last_success_at_ms.map(Timestamp),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_moves_only_with_the_state_and_errors_are_remembered() {
        let report = |at, state, success| SourceReport {
            account: "a".to_owned(),
            at: Timestamp(at),
            state,
            success,
            error: (!success)
                .then(|| SourceError { kind: "timeout".to_owned(), message: "slow".to_owned() }),
            counters: BTreeMap::new(),
            detail: SourceDetail::default(),
        };
        let one = merge(None, &report(10, SourceState::Ok, true));
        let two = merge(Some(one), &report(20, SourceState::Down, false));
        let three = merge(Some(two.clone()), &report(30, SourceState::Down, false));
        assert_eq!((two.since, three.since), (Timestamp(20), Timestamp(20)));
        assert_eq!(three.last_success_at, Some(Timestamp(10)));
        let four = merge(Some(three), &report(40, SourceState::Ok, true));
        assert_eq!(four.last_success_at, Some(Timestamp(40)));
        assert!(four.last_error.is_some());
    }

    #[test]
    fn an_alarm_lasts_while_its_reason_does_and_is_kept_when_it_is_over() {
        let report = |at, state, kind: Option<&str>| SourceReport {
            account: "a".to_owned(),
            at: Timestamp(at),
            state,
            success: true,
            error: kind
                .map(|kind| SourceError { kind: kind.to_owned(), message: format!("at {at}") }),
            counters: BTreeMap::new(),
            detail: SourceDetail::default(),
        };
        use SourceState::{Down, Ok, Suspect};
        let mut status = None;
        for (at, state, kind, expected) in [
            (10, Ok, None, ""),
            (20, Suspect, Some("stalled"), ""),
            (30, Suspect, Some("empty"), "empty 30-"),
            (40, Suspect, Some("empty"), "empty 30-"),
            (50, Suspect, Some("not_json"), "not_json 50- empty 30-50"),
            (60, Down, Some("unauthorized"), "not_json 50-60 empty 30-50"),
            (70, Ok, Some("empty"), "not_json 50-60 empty 30-50"),
            (80, Suspect, Some("empty"), "empty 80- not_json 50-60 empty 30-50"),
        ] {
            let after = merge(status, &report(at, state, kind));
            let shown = after.detail.alarms.iter().map(|alarm| {
                let until = alarm.until.map_or_else(String::new, |until| until.to_string());
                format!("{} {}-{until}", alarm.fault, alarm.since)
            });
            assert_eq!(shown.collect::<Vec<_>>().join(" "), expected, "{at}");
            assert_eq!(after.alarm().is_some(), expected.contains("- ") || expected.ends_with('-'));
            status = Some(after);
        }
    }
}
