//! One engine in a temporary directory, and short forms for what tests write.

use std::ops::Deref;
use std::path::{Path, PathBuf};

use correlate::model::{
    ComponentId, ComponentState, Interval, IntervalRevision, Period, ServiceId, ServiceState,
    Timestamp,
};
use store::embedded::{Embedded, EmbeddedConfig, find_library};
use store::series::{Series, SeriesBatch, SeriesConfig, ServiceDimension, Transition};

/// A migrated engine; dropping it ends the child and removes the directory.
pub(crate) struct Rig {
    pub(crate) series: Series,
    pub(crate) engine: Embedded,
    // Dropped after the engine that lives in it.
    pub(crate) dir: tempfile::TempDir,
}

/// How to start the engine in `dir`, with the helper binary as its child.
pub(crate) fn engine_config(dir: &Path) -> EmbeddedConfig {
    let library = find_library(None).unwrap_or_else(|error| panic!("{error}"));
    let mut config = EmbeddedConfig::new(dir, library).expect("this executable is known");
    config.executable = PathBuf::from(env!("CARGO_BIN_EXE_embedded-clickhouse"));
    config
}

impl Rig {
    pub(crate) async fn start() -> Rig {
        let dir = tempfile::tempdir().expect("temporary directory");
        let engine = Embedded::start(engine_config(dir.path())).await.expect("the engine starts");
        let series = Series::connect(&engine.series_config()).expect("its own settings");
        series.migrate().await.expect("migrations apply");
        Rig { series, engine, dir }
    }
}

/// Sends `sql` over plain HTTP as a BI tool would, and gives the whole answer
/// or the engine's error text. `user` is `None` for no credentials at all.
pub(crate) async fn ask(
    config: &SeriesConfig,
    with_user: bool,
    sql: &str,
) -> Result<String, String> {
    use secrecy::ExposeSecret as _;
    let mut client = clickhouse::Client::default().with_url(&config.url);
    if with_user {
        client = client
            .with_user(&config.user)
            .with_password(config.password.expose_secret())
            .with_database(&config.database);
    }
    let mut cursor =
        client.query_raw(sql).fetch_bytes("TabSeparated").map_err(|error| error.to_string())?;
    let bytes = cursor.collect().await.map_err(|error| error.to_string())?;
    Ok(String::from_utf8_lossy(bytes.deref()).trim_end().to_owned())
}

pub(crate) fn service(id: &str) -> ServiceId {
    ServiceId::from(id)
}

pub(crate) fn component(id: &str) -> ComponentId {
    ComponentId::from(id)
}

pub(crate) fn period(from: i64, until: i64) -> Period {
    Period::new(Timestamp(from), Timestamp(until))
}

pub(crate) fn interval(
    start: i64,
    end: Option<i64>,
    state: ServiceState,
    cause: &[&str],
) -> Interval {
    Interval {
        start: Timestamp(start),
        end: end.map(Timestamp),
        state,
        cause: cause.iter().copied().map(component).collect(),
        cause_moves: Vec::new(),
    }
}

pub(crate) fn revision(id: &str, interval: Interval) -> IntervalRevision {
    IntervalRevision { service: service(id), start: interval.start, interval: Some(interval) }
}

pub(crate) fn withdrawn(id: &str, start: i64) -> IntervalRevision {
    IntervalRevision { service: service(id), start: Timestamp(start), interval: None }
}

pub(crate) fn transition(id: &str, at: i64, state: ComponentState) -> Transition {
    Transition { component: component(id), at: Timestamp(at), state }
}

/// A batch recorded at `epoch` seconds.
pub(crate) fn batch(epoch: u64, intervals: Vec<IntervalRevision>) -> SeriesBatch {
    let recorded_at = Timestamp(i64::try_from(epoch).expect("small") * 1_000);
    SeriesBatch {
        epoch,
        recorded_at,
        intervals,
        transitions: Vec::new(),
        withdrawn_transitions: Vec::new(),
    }
}

pub(crate) fn named(id: &str, name: &str, customer: &str) -> ServiceDimension {
    ServiceDimension {
        id: service(id),
        name: name.to_owned(),
        customer: customer.to_owned(),
        product: "Internet".to_owned(),
        speed_mbps: 1_000,
        description: String::new(),
    }
}
