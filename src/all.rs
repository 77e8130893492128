//! `padwacht all`, and the stages one by one: opens what a process needs and
//! runs its stages side by side. What a stage does is in its own file.

use std::future::Future;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use ::api::Listeners;
use anyhow::Context;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use store::log::{Log, LogError};
use store::records::Records;
use store::series::Series;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::config::{ClusterConfig, Config};
use crate::correlate::CorrelateParts;
use crate::ingest::IngestParts;
use crate::wiring::{self, OpenSeries};
use crate::{api, correlate, ingest, mail, publish, signals, trouble};

/// The pause before a stage that failed is started again; it doubles up to
/// the second one.
const RESTART_FIRST: Duration = Duration::from_secs(1);
const RESTART_LAST: Duration = Duration::from_secs(60);

/// How often finished metrics are tidied up.
const METRICS_UPKEEP: Duration = Duration::from_secs(5);

/// Which stages a process runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stages {
    /// Every one.
    All,
    /// Only polling.
    Ingest,
    /// Only correlation.
    Correlate,
    /// Only pages and API.
    Api,
}

impl Stages {
    /// The subcommand.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Stages::All => "all",
            Stages::Ingest => "ingest",
            Stages::Correlate => "correlate",
            Stages::Api => "api",
        }
    }

    /// Whether it opens what is sealed in the records, and so needs the keys:
    /// whoever shows pages or reads accounts that were entered on them.
    pub(crate) const fn opens_secrets(self) -> bool {
        !matches!(self, Stages::Correlate)
    }
}

/// Runs stages until a signal.
///
/// # Errors
/// Something that cannot be opened.
pub(crate) async fn run(config: Config, stages: Stages) -> anyhow::Result<ExitCode> {
    let shutdown = signals::shutdown_on_signal()?;
    run_stages(config, stages, shutdown, |_| Ok(())).await?;
    Ok(ExitCode::SUCCESS)
}

/// Runs a process of the correlate stage that does not lead, until a signal.
/// It opens nothing but the log.
///
/// # Errors
/// A log that cannot be opened, or a cluster that is broken.
pub(crate) async fn run_follower(
    config: Config,
    cluster: ClusterConfig,
) -> anyhow::Result<ExitCode> {
    let shutdown = signals::shutdown_on_signal()?;
    let _metrics = start_metrics(&shutdown)?;
    let log = wiring::open_log(&config, &shutdown).await?;
    keep("correlate", shutdown, move |stop| {
        let (cluster, log) = (cluster.clone(), log.clone());
        async move { correlate::follow(&cluster, log, stop).await }
    })
    .await?;
    Ok(ExitCode::SUCCESS)
}

/// A process whose parts are open and whose stages are about to start.
pub(crate) struct Opened {
    /// The record log.
    pub log: Arc<dyn Log>,
    /// The records database.
    pub records: Records,
    /// ClickHouse, for stages that use it.
    pub series: Option<OpenSeries>,
    /// Where pages and API come in, for the stage that serves them.
    pub listeners: Option<Listeners>,
}

/// Opens everything, calls `ready`, and runs the stages until `shutdown`.
///
/// # Errors
/// Something that cannot be opened, or `ready` refuses.
pub(crate) async fn run_stages(
    config: Config,
    stages: Stages,
    shutdown: CancellationToken,
    ready: impl FnOnce(&Opened) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let metrics = start_metrics(&shutdown)?;
    let serves = matches!(stages, Stages::All | Stages::Api);
    let listeners = if serves { Some(api::bind(&config).await?) } else { None };
    let records = if stages.opens_secrets() {
        wiring::open_records(&config).await?
    } else {
        wiring::open_records_without_keys(&config).await?
    };
    let series = match stages {
        Stages::Ingest => None,
        _ => Some(wiring::open_series(&config, &shutdown).await?),
    };
    let log = wiring::open_log(&config, &shutdown).await?;
    let mut opened = Opened { log, records, series, listeners };
    if serves {
        announce(&config, &opened).await?;
    }
    ready(&opened)?;
    let config = Arc::new(config);
    let mut running = JoinSet::new();
    let only_series = opened.series.as_ref().map(|open| open.series.clone());
    let listeners = opened.listeners.take();
    if matches!(stages, Stages::All | Stages::Ingest) {
        let (log, records) = (opened.log.clone(), opened.records.clone());
        let config = config.clone();
        running.spawn(keep("ingest", shutdown.clone(), move |stop| {
            let (config, log, records) = (config.clone(), log.clone(), records.clone());
            async move { ingest::run(&config, IngestParts { log, records }, stop).await }
        }));
    }
    if let (Stages::All | Stages::Correlate, Some(series)) = (stages, only_series.clone()) {
        spawn_correlate(&mut running, &config, opened.log.clone(), series, &shutdown);
    }
    if let (Some(listeners), Some(series)) = (listeners, only_series) {
        spawn_web(&mut running, config, &opened, series, listeners, metrics, &shutdown);
    }
    while let Some(ended) = running.join_next().await {
        ended.context("a stage panicked")??;
    }
    if let Some(embedded) = opened.series.and_then(|series| series.embedded) {
        embedded.shutdown().await;
    }
    opened.records.close().await;
    Ok(())
}

fn spawn_correlate(
    running: &mut JoinSet<anyhow::Result<()>>,
    config: &Arc<Config>,
    log: Arc<dyn Log>,
    series: Series,
    shutdown: &CancellationToken,
) {
    let config = config.clone();
    running.spawn(keep("correlate", shutdown.clone(), move |stop| {
        let dir = config.general.data_dir.join("correlate");
        let parts = CorrelateParts { log: log.clone(), series: series.clone(), dir };
        let config = config.clone();
        async move { correlate::run(&config.correlate, config.cluster.as_ref(), parts, stop).await }
    }));
}

fn spawn_web(
    running: &mut JoinSet<anyhow::Result<()>>,
    config: Arc<Config>,
    opened: &Opened,
    series: Series,
    listeners: Listeners,
    metrics: PrometheusHandle,
    shutdown: &CancellationToken,
) {
    let (log, records) = (opened.log.clone(), opened.records.clone());
    let publisher = (log.clone(), records.clone(), series.clone());
    running.spawn(keep("publish", shutdown.clone(), move |stop| {
        let (log, records, series) = publisher.clone();
        async move { publish::run(log, records, series, stop).await }
    }));
    if config.mail.is_some() {
        let (config, records) = (config.clone(), records.clone());
        running.spawn(keep("mail", shutdown.clone(), move |stop| {
            let (config, records) = (config.clone(), records.clone());
            async move {
                match &config.mail {
                    Some(settings) => mail::run(settings, records, stop).await,
                    None => Ok(()),
                }
            }
        }));
    }
    let stop = shutdown.clone();
    running.spawn(async move {
        let parts = api::WebParts { records, series, log, metrics };
        let served = api::run(&config, parts, listeners, stop.clone()).await;
        // Without its pages the process is of no use: the others end too.
        stop.cancel();
        served
    });
}

/// Runs a stage, and starts it again after a failure, until `shutdown`.
async fn keep<F>(
    stage: &'static str,
    shutdown: CancellationToken,
    mut start: impl FnMut(CancellationToken) -> F + Send + 'static,
) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<()>> + Send + 'static,
{
    let mut pause = RESTART_FIRST;
    while !shutdown.is_cancelled() {
        // A task of its own, so that a panic ends the attempt and not the process.
        let attempt = tokio::spawn(start(shutdown.clone())).await;
        let error = match attempt {
            _ if shutdown.is_cancelled() => return Ok(()),
            Ok(Ok(())) => anyhow::anyhow!("it ended without being told to"),
            Ok(Err(error)) => error,
            Err(panic) => anyhow::Error::new(panic),
        };
        // Only a new process, or a person, can mend these.
        if error.downcast_ref::<LogError>().is_some_and(trouble::is_final) {
            shutdown.cancel();
            return Err(error.context(format!("stage {stage} cannot use the log")));
        }
        if error.is::<correlate::Broken>() {
            shutdown.cancel();
            return Err(error);
        }
        metrics::counter!("padwacht_stage_restarts_total", "stage" => stage).increment(1);
        let pause_ms = pause.as_millis() as u64;
        tracing::error!(
            stage,
            pause_ms,
            error = format!("{error:#}"),
            "a stage failed; starting it again"
        );
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = tokio::time::sleep(pause) => {}
        }
        pause = (pause * 2).min(RESTART_LAST);
    }
    Ok(())
}

/// Starts counting; the handle renders what `/metrics` shows.
fn start_metrics(shutdown: &CancellationToken) -> anyhow::Result<PrometheusHandle> {
    let handle = PrometheusBuilder::new().install_recorder().context("start metrics")?;
    let (upkeep, stop) = (handle.clone(), shutdown.clone());
    tokio::spawn(async move {
        while !stop.is_cancelled() {
            upkeep.run_upkeep();
            tokio::time::sleep(METRICS_UPKEEP).await;
        }
    });
    Ok(handle)
}

/// Says where the pages are and, at the very first start, how to sign in.
async fn announce(config: &Config, opened: &Opened) -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    if let Some(administrator) = api::first_administrator(config, &opened.records).await? {
        let until = jiff::Timestamp::from_millisecond(administrator.until().millis())?;
        let until = until.to_zoned(config.general.time_zone.clone());
        writeln!(
            out,
            "First administrator: {}  password: {}  (shown only now; sign in with it once, before \
             {}, and choose your own)",
            administrator.email(),
            administrator.reveal(),
            until.strftime("%Y-%m-%d %H:%M")
        )?;
    }
    if let Some(listeners) = &opened.listeners {
        let scheme = if listeners.tls.is_some() { "https" } else { "http" };
        let address = format!("{scheme}://{}", listeners.pages.local_addr()?);
        writeln!(out, "Padwacht: {address}")?;
        let entered = opened.records.accounts().versions().await.context("read the accounts")?;
        if config.nms.is_empty() && entered.is_empty() {
            writeln!(out, "Nothing is watched yet: add your LibreNMS at {address}/sources/new")?;
        }
    }
    Ok(())
}
