//! The series in ClickHouse: component transitions, service intervals and the
//! dimensions that name them; the same code for the embedded engine and for a
//! server.
//!
//! ```text
//! Series::connect(&SeriesConfig) -> Result<Series>          no IO; Series is Clone and cheap
//! series.migrate() -> Result<Vec<AppliedMigration>>         what this call brought
//! series.check() -> Result<SeriesHealth>                    for doctor and /readyz
//! series.ensure_bi_user(name, &password) -> Result<()>      servers only; embedded has its own
//!
//! series.write(&SeriesBatch) -> Result<()>                  idempotent; retry while is_retriable()
//! series.upsert_services(&[ServiceDimension], version)      newer version replaces
//! series.remove_services(&[ServiceId], version)
//! series.upsert_components(&[ComponentDimension], version)
//! series.record_progress(&[Progress])
//!
//! series.upsert_service_customers(&[(ServiceId, customer)], version)
//!
//! series.within(&Scope)                                     bounded by what a reader may see:
//!   .current_services(&ServiceFilter, Order, Page) -> Result<CurrentPage>
//!   .intervals(&ServiceId, Period, limit) -> Result<Bounded<Interval>>
//!   .intervals_as_of(&ServiceId, Period, as_of, limit) -> Result<Bounded<Interval>>
//!   .availability(&[ServiceId], &[Period], now) -> Result<Vec<ServiceAvailability>>
//!   .fleet_availability(&[Period], now) -> Result<Vec<FleetAvailability>>
//!   .causes_now(limit) -> Result<Bounded<CauseNow>>     what blames whom, worst first
//!   .newest_revision() -> Result<Option<u64>>              of any interval in it
//!
//! series.transitions(&ComponentId, Period, limit) -> Result<Bounded<Transition>>
//! series.transitions_around(&[ComponentId], at, as_of) -> Result<BTreeMap<ComponentId, Around>>
//! series.transitions_within(&[ComponentId], Period, limit) -> Result<Bounded<Transition>>
//! series.component_states(&[ComponentId]) -> Result<BTreeMap<ComponentId, Transition>>
//! series.component_labels(&[ComponentId]) -> Result<BTreeMap<ComponentId, ComponentDimension>>
//! series.latest_progress() -> Result<Vec<Progress>>
//! series.max_version() -> Result<Option<u64>>
//! series.write_set_aside(&[SetAside], version)              what could not be used
//! series.set_aside(&SetAsideFilter, offset, limit) -> Result<SetAsidePage>
//! series.set_aside_since(since) -> Result<Option<(u64, Timestamp)>>
//! series.write_edges(&[Edge]) -> Result<()>                 how edges were known; idempotent
//! series.evidence_of(&[Transition]) -> Result<BTreeMap<(ComponentId, Timestamp), EdgeEvidence>>
//! series.uncertainty_at(&[(ComponentId, Timestamp)]) -> Result<BTreeMap<_, u32>>
//! series.edges_by_push(nms, since, limit) -> Result<Bounded<Edge>>
//! series.newest_row() -> Result<Option<NewestRow>>          where a rebuilt state goes on
//! series.scan_transitions(Scan, before, after) -> Result<Vec<Transition>>     page by page
//! series.scan_intervals(Scan, before, after) -> Result<Vec<(ServiceId, Interval)>>
//! civil_days(time_zone, now, days) -> Result<Vec<CivilDay>> calendar days that end with today
//! ```
//!
//! Every instant is a [`Timestamp`] (milliseconds, UTC) within
//! [`EARLIEST`]`..`[`LATEST`], the range of ClickHouse's `DateTime64(3)`; a
//! write outside is refused, a query's period is clipped to it. No query
//! reads the server's clock: `now` is always an argument. Every result is
//! bounded and deterministically sorted, and reads the current revision only
//! ([`SeriesWithin::intervals_as_of`] apart).
//!
//! Nothing here correlates, retries or sleeps: the caller decides what to do
//! with a [`SeriesError::is_retriable`] error.

mod access;
mod dimension;
mod error;
mod evidence;
mod migrate;
mod query;
mod row;
mod set_aside;
mod statement;
mod within;
mod write;

use std::time::Duration;

use clickhouse::Client;
use correlate::model::Timestamp;
use secrecy::{ExposeSecret, SecretString};

pub(crate) use access::{BI_EXECUTION_SECONDS_MAX, BI_MEMORY_BYTES_MAX, BI_QUERIES_MAX};
pub(crate) use migrate::hex;

pub use dimension::{ComponentDimension, DIMENSION_ROWS_MAX, Progress, ServiceDimension};
pub use error::SeriesError;
pub use evidence::{Edge, EdgeEvidence};
pub use migrate::AppliedMigration;
pub use query::{
    Around, Availability, Bounded, CauseNow, CivilDay, CurrentPage, CurrentService,
    FleetAvailability, IDS_MAX, NewestRow, Order, PERIODS_MAX, Page, ROWS_MAX, SCAN_ROWS_MAX,
    SUMS_MAX, Scan, SeriesHealth, ServiceAvailability, ServiceFilter, StateCounts, civil_days,
};
pub use set_aside::{
    SET_ASIDE_KEY_CHARS_MAX, SET_ASIDE_REASON_CHARS_MAX, SET_ASIDE_ROWS_MAX, SetAside,
    SetAsideFilter, SetAsideKind, SetAsidePage,
};
pub use within::SeriesWithin;
pub use write::{SeriesBatch, Transition};

/// The first instant that ClickHouse's `DateTime64(3)` can hold:
/// 1900-01-01T00:00:00Z.
pub const EARLIEST: Timestamp = Timestamp(-2_208_988_800_000);

/// The last instant that ClickHouse's `DateTime64(3)` can hold:
/// 2299-12-31T23:59:59.999Z.
pub const LATEST: Timestamp = Timestamp(10_413_791_999_999);

/// How long one query may take before it counts as unanswered: well above
/// the slowest page query seen, well below a reader's patience.
const QUERY_TIMEOUT: Duration = Duration::from_secs(30);

/// The same limit as the server keeps it, a little below [`QUERY_TIMEOUT`] so
/// that the server's own message arrives.
const QUERY_EXECUTION_SECONDS: &str = "25";

/// How to reach the series.
#[derive(Clone, Debug)]
pub struct SeriesConfig {
    /// The HTTP interface, such as `http://127.0.0.1:8123`.
    pub url: String,
    /// The database that holds the tables; letters, digits and `_`.
    pub database: String,
    /// The user.
    pub user: String,
    /// Its password; empty when it has none.
    pub password: SecretString,
}

/// A handle on the series; cheap to clone, opens connections when used.
#[derive(Clone)]
pub struct Series {
    client: Client,
    config: SeriesConfig,
}

impl std::fmt::Debug for Series {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Series").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Series {
    /// A handle that will use `config`. No connection is made yet.
    ///
    /// # Errors
    /// The address is no `http` or `https` address, or the database's name
    /// holds anything but letters, digits and `_`.
    pub fn connect(config: &SeriesConfig) -> Result<Series, SeriesError> {
        if !(config.url.starts_with("http://") || config.url.starts_with("https://")) {
            return Err(SeriesError::Config(format!(
                "the address must start with http:// or https://, found {:?}",
                config.url
            )));
        }
        if !is_plain_name(&config.database) {
            return Err(SeriesError::Config(format!(
                "the database name must be letters, digits and _, found {:?}",
                config.database
            )));
        }
        let client = Client::default()
            .with_url(&config.url)
            .with_user(&config.user)
            .with_password(config.password.expose_secret())
            .with_database(&config.database)
            .with_product_info("padwacht", env!("CARGO_PKG_VERSION"));
        Ok(Series { client, config: config.clone() })
    }

    /// The settings it was made with.
    pub fn config(&self) -> &SeriesConfig {
        &self.config
    }

    /// Runs one statement that gives no rows.
    pub(crate) async fn execute(&self, doing: &'static str, sql: &str) -> Result<(), SeriesError> {
        self.guard(doing, self.client.query_raw(sql).execute()).await
    }

    /// Puts the time limit on one exchange and explains its failure.
    async fn guard<T>(
        &self,
        doing: &'static str,
        exchange: impl Future<Output = Result<T, clickhouse::error::Error>>,
    ) -> Result<T, SeriesError> {
        match tokio::time::timeout(QUERY_TIMEOUT, exchange).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(source)) => Err(SeriesError::from_exchange(doing, &self.config.url, source)),
            Err(_) => Err(SeriesError::Unanswered {
                doing,
                url: self.config.url.clone(),
                seconds: QUERY_TIMEOUT.as_secs(),
            }),
        }
    }
}

/// Whether `name` can stand in SQL without quotes.
fn is_plain_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 64
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
