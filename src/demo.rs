//! `padwacht demo`: a simulated ISP and the whole product against it, in one
//! process.
//!
//! ```text
//!  first start: services ─▶ records, a month of readings ─▶ log
//!  show ─failures─▶ simulated LibreNMS ◀─HTTP─ ingest, correlate, api (`all`)
//! ```
//! The stages are those of `padwacht all` and know nothing of the demo. It
//! reads no configuration and touches nothing outside its own directory.

mod banner;
mod history;
mod network;
mod past;
mod place;
mod scenario;
mod settings;
mod show;

use std::net::Ipv4Addr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use correlate::model::{Period, Timestamp};
use indicatif::{ProgressBar, ProgressStyle};
use ingest::simulator::{Failure, SimOptions, Simulator, Topology, World, WorldOptions};
use secrecy::{ExposeSecret, SecretString};
use store::records::Records;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub(crate) use settings::load;

use crate::all::{self, Opened, Stages};
use crate::cli::DemoArgs;
use crate::config::Config;
use crate::simulate::{now, read_topology, wall_clock};
use crate::wiring;
use banner::Banner;
use history::Filling;
use network::Network;
use past::{Frame, Past};
use place::Place;
use scenario::Scenario;
use settings::Running;
use show::Show;

/// The simulated LibreNMS has watched for so long when ingest first asks: its
/// poll cycle has gone round, so that what is broken has been seen.
const WATCHED_MS: i64 = 3 * settings::POLL_CYCLE_MS;

/// Runs the demo until `shutdown`.
///
/// # Errors
/// A directory that is not a demo's, an address in use, or a part that does
/// not start.
pub(crate) async fn run(
    args: &DemoArgs,
    mut config: Config,
    shutdown: CancellationToken,
) -> anyhow::Result<ExitCode> {
    settings::check_free(config.api.listen)?;
    let place = Place::open(&config.general.data_dir, args.fresh)?;
    let topology = read_topology(args.topology.as_deref())?;
    let world = Arc::new(World::generate(&topology, &world_options(args))?);
    let network = Network::new(&world);
    let Some(past) = prepare(args, &config, &topology, &network, &shutdown).await? else {
        return Ok(ExitCode::SUCCESS);
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
    let listener = listener.context("open a port for the simulated LibreNMS")?;
    let password = place.admin_password()?;
    let token = place::made_up();
    let running = Running {
        simulator: listener.local_addr().context("ask for the simulator's address")?,
        token: token.clone(),
        password: password.clone(),
    };
    settings::complete(&mut config, running)?;
    let start = now();
    let mut open = past.open_at(start);
    // Something is under repair at each start, also long after the first.
    open.extend(past::open_cut(&network, start));
    let show = Show::new(network, args.seed, start, &open);
    let simulator = simulator(&world, start, open, &token)?;
    let banner = Banner::new(&config, &topology, &world, password);
    let zone = config.general.time_zone.clone();
    let served = tokio::spawn(simulator.clone().serve(listener));
    let (performed, stop) = (simulator.clone(), shutdown.clone());
    let ready = move |opened: &Opened| {
        crate::print(&banner.text(opened))?;
        let series = opened.series.as_ref().map(|open| open.series.clone());
        tokio::spawn(async move {
            if let Some(series) = series {
                show::curtain(&series, now(), &stop).await;
            }
            let tell = |line: &str| banner::tell(&zone, line);
            tell("the history has been read; now watch");
            show::perform(performed, show, stop, tell).await;
        });
        Ok(())
    };
    let ended = all::run_stages(config, Stages::All, shutdown, ready).await;
    served.abort();
    ended.map(|()| ExitCode::SUCCESS)
}

fn world_options(args: &DemoArgs) -> WorldOptions {
    WorldOptions {
        seed: args.seed,
        services: args.services as usize,
        account: settings::ACCOUNT.to_owned(),
        ..WorldOptions::default()
    }
}

fn simulator(
    world: &Arc<World>,
    start: Timestamp,
    failures: Vec<Failure>,
    token: &SecretString,
) -> anyhow::Result<Simulator> {
    let options = SimOptions {
        since: start.plus_millis(-WATCHED_MS),
        time_zone: settings::NMS_ZONE.to_owned(),
        poll_cycle_ms: settings::POLL_CYCLE_MS,
        ..SimOptions::new(start, token.expose_secret())
    };
    Simulator::new(Arc::clone(world), failures, options, wall_clock())
        .context("set up the simulated LibreNMS")
}

/// Fills a new directory; a filled one must be of the same demo. Gives what
/// was filled in, or nothing when `shutdown` came first: the next start goes on.
async fn prepare(
    args: &DemoArgs,
    config: &Config,
    topology: &Topology,
    network: &Network,
    shutdown: &CancellationToken,
) -> anyhow::Result<Option<Past>> {
    let records = wiring::open_records(config).await?;
    let prepared = prepare_in(&records, args, config, topology, network, shutdown).await;
    records.close().await;
    prepared
}

async fn prepare_in(
    records: &Records,
    args: &DemoArgs,
    config: &Config,
    topology: &Topology,
    network: &Network,
    shutdown: &CancellationToken,
) -> anyhow::Result<Option<Past>> {
    let zone = config.general.time_zone.clone();
    let wanted =
        Scenario::new(&topology.name, args, &Frame::new(now(), args.history, zone.clone()));
    let scenario = scenario::begin(records, &wanted, now()).await?;
    if !scenario.is_like(&wanted) {
        refuse(&config.general.data_dir, &scenario)?;
    }
    let frame = Frame { from: scenario.from(), origin: scenario.origin(), zone };
    let past = past::draw(network, args.seed, &frame);
    if scenario.complete {
        return Ok(Some(past));
    }
    scenario::import(records, network, &frame, &past, now()).await?;
    let filling = Filling {
        world: Arc::clone(network.world()),
        failures: past.failures.clone(),
        period: Period::new(frame.from, now()),
    };
    if !fill(config, filling, shutdown).await? {
        return Ok(None);
    }
    scenario::complete(records, &scenario, now()).await?;
    Ok(Some(past))
}

fn refuse(dir: &Path, scenario: &Scenario) -> anyhow::Result<()> {
    let Scenario { topology, services, seed, .. } = scenario;
    bail!(
        "the demo in {} was made with --services {services} --seed {seed} on {topology}: \
         give the same, or begin again with --fresh",
        dir.display()
    )
}

/// Appends the history to the log, and says so on a terminal.
async fn fill(
    config: &Config,
    filling: Filling,
    shutdown: &CancellationToken,
) -> anyhow::Result<bool> {
    let log = wiring::open_log(config, shutdown).await?;
    let style = ProgressStyle::with_template("{msg} {wide_bar} day {pos} of {len}")
        .context("set up the progress bar")?;
    let bar = ProgressBar::new(filling.days()).with_style(style);
    bar.set_message("Filling in history");
    let done = filling.append_to(&*log, shutdown, |days| bar.set_position(days)).await;
    bar.finish_and_clear();
    done
}
