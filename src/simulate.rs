//! `padwacht simulate`: a LibreNMS of a made-up network, until it is told to
//! stop. It opens no store and runs no stage.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use correlate::model::{Period, Timestamp};
use ingest::simulator::{
    Failure, FailureRates, SimOptions, Simulator, Topology, WallClock, World, WorldOptions,
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::cli::{FailureMood, SimulateArgs};

/// A topology file is at most this long; the largest of the Topology Zoo has 150 kB.
const TOPOLOGY_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// A script of a million failures has about 70 MB.
const SCRIPT_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Serves until `shutdown`.
///
/// # Errors
/// A file that cannot be read or written, an option or script that the
/// simulator refuses, or an address that cannot be listened on.
pub(crate) async fn run(
    args: &SimulateArgs,
    shutdown: CancellationToken,
) -> anyhow::Result<ExitCode> {
    let topology = read_topology(args.topology.as_deref())?;
    let world = Arc::new(World::generate(&topology, &world_options(args))?);
    let options = sim_options(args)?;
    let failures = read_failures(args, &world, options.start)?;
    if let Some(file) = &args.services_out {
        write(file, &services_file(&world)?)?;
    }
    if let Some(file) = &args.script_out {
        write(file, &Failure::write_script(&world, &failures))?;
    }
    let listener = TcpListener::bind(args.listen)
        .await
        .with_context(|| format!("listen on {}; --listen takes another address", args.listen))?;
    let address = listener.local_addr().context("ask for the address listened on")?;
    let greeting = greeting(args, &topology, &world, failures.len(), &address.to_string());
    let simulator = Simulator::new(world, failures, options, wall_clock())?;
    crate::print(&greeting)?;
    tokio::select! {
        ended = simulator.serve(listener) => ended.context("serve the simulated LibreNMS")?,
        () = shutdown.cancelled() => {}
    }
    Ok(ExitCode::SUCCESS)
}

/// The topology of a file, or Surfnet.
///
/// # Errors
/// A file that cannot be read or is no topology.
pub(crate) fn read_topology(file: Option<&Path>) -> anyhow::Result<Topology> {
    let Some(file) = file else { return Ok(Topology::surfnet()) };
    let text = read(file, TOPOLOGY_BYTES_MAX)?;
    Topology::from_json(&text).with_context(|| format!("read {}", file.display()))
}

/// The clock of this machine.
pub(crate) fn wall_clock() -> WallClock {
    Arc::new(now)
}

/// The present instant.
pub(crate) fn now() -> Timestamp {
    Timestamp(jiff::Timestamp::now().as_millisecond())
}

/// The services in the JSON format of `padwacht replay`.
///
/// # Errors
/// None that can be foreseen: the values are JSON already.
fn services_file(world: &World) -> anyhow::Result<String> {
    let mut text = serde_json::to_string_pretty(&world.services()).context("write services")?;
    text.push('\n');
    Ok(text)
}

fn world_options(args: &SimulateArgs) -> WorldOptions {
    WorldOptions {
        seed: args.seed,
        services: args.services as usize,
        account: args.account.clone(),
        hub: args.hub.clone(),
        local_ports: args.local_ports,
        ..WorldOptions::default()
    }
}

fn sim_options(args: &SimulateArgs) -> anyhow::Result<SimOptions> {
    let start = args.start.unwrap_or_else(now);
    let ping_cycle_ms = args.ping_cycle.map(millis).transpose()?;
    Ok(SimOptions {
        speed: f64::from(args.speed),
        time_zone: args.time_zone.clone(),
        poll_cycle_ms: millis(args.poll_cycle)?,
        ping_cycle_ms,
        release: args.release,
        dispatcher: args.dispatcher,
        control_token: args.control_token.clone(),
        ..SimOptions::new(start, args.token.clone())
    })
}

fn millis(duration: Duration) -> anyhow::Result<i64> {
    i64::try_from(duration.as_millis()).context("a duration is too long")
}

fn read_failures(
    args: &SimulateArgs,
    world: &World,
    start: Timestamp,
) -> anyhow::Result<Vec<Failure>> {
    if let Some(file) = &args.script {
        let text = read(file, SCRIPT_BYTES_MAX)?;
        return Failure::read_script(world, &text)
            .with_context(|| format!("read {}", file.display()));
    }
    let rates = match args.failures {
        FailureMood::None => return Ok(Vec::new()),
        FailureMood::Realistic => FailureRates::realistic(),
        FailureMood::Lively => FailureRates::lively(),
    };
    let period = Period::new(start, start.plus_millis(millis(args.failures_for)?));
    Ok(Failure::random(world, args.seed, period, &rates))
}

/// Reads a text that is not longer than anything sensible.
fn read(file: &Path, bytes_max: u64) -> anyhow::Result<String> {
    let doing = || format!("read {}", file.display());
    let bytes = std::fs::metadata(file).with_context(doing)?.len();
    anyhow::ensure!(bytes <= bytes_max, "{}: it is longer than {bytes_max} bytes", doing());
    std::fs::read_to_string(file).with_context(doing)
}

fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(file, text).with_context(|| format!("write {}", file.display()))
}

fn greeting(
    args: &SimulateArgs,
    topology: &Topology,
    world: &World,
    failures: usize,
    address: &str,
) -> String {
    let credit = match (topology.source.as_str(), topology.licence.as_str()) {
        ("", "") => String::new(),
        (source, licence) => format!("Map: {source} ({licence})\n"),
    };
    let control = match args.control_token {
        Some(_) => format!("Control: http://{address}/control, with the header X-Control-Token\n"),
        None => String::new(),
    };
    let (sites, devices) = (world.sites().len(), world.devices().len());
    let (ports, services) = (world.ports().len(), world.service_list().len());
    let token = &args.token;
    format!(
        "A simulated LibreNMS of {}: {sites} sites, {devices} devices, {ports} ports,\n\
         {services} customer services, {failures} failures to come.\n\
         {credit}\n\
         URL:   http://{address}\n\
         Token: {token}\n\
         {control}\n\
         Point padwacht at it:\n\
         \x20 LIBRENMS_API_URL=http://{address} LIBRENMS_API_TOKEN={token} padwacht all\n",
        world.name(),
    )
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use ingest::simulator::Release;

    use super::*;
    use crate::cli::{Cli, Command};

    fn args(words: &str) -> SimulateArgs {
        let words = format!("padwacht simulate {words}");
        let cli = Cli::try_parse_from(words.split_whitespace()).expect("valid flags");
        let Command::Simulate(args) = cli.command else { panic!("not simulate") };
        args
    }

    fn world() -> World {
        World::generate(&Topology::surfnet(), &WorldOptions::default()).expect("valid")
    }

    #[test]
    fn flags_become_options_of_the_simulator() {
        let args = args("--start 1000 --speed 60 --poll-cycle 10s --ping-cycle 1m --services 7");
        let options = sim_options(&args).unwrap();
        assert_eq!((options.start, options.since), (Timestamp(1000), Timestamp(1000)));
        assert_eq!((options.poll_cycle_ms, options.ping_cycle_ms), (10_000, Some(60_000)));
        assert_eq!(options.speed, 60.0);
        assert_eq!((world_options(&args).services, world_options(&args).local_ports), (7, 0));
        assert_eq!((options.release, options.dispatcher), (Release::default(), false));
        let args = self::args("--release 25.5 --dispatcher --local-ports 18");
        let options = sim_options(&args).unwrap();
        assert_eq!((options.release, options.dispatcher), (Release::V25_5, true));
        assert_eq!(world_options(&args).local_ports, 18);
        let words = "padwacht simulate --release 1.0".split_whitespace();
        let refused = Cli::try_parse_from(words).expect_err("there is no such version").to_string();
        assert!(refused.contains("strings, 25.5, 26.3, 26.4, 26.5, 26.7"), "{refused}");
    }

    #[test]
    fn a_written_script_gives_the_same_failures_again() {
        let world = world();
        let drawn = read_failures(&args("--failures-for 1h"), &world, Timestamp(0)).unwrap();
        assert!(!drawn.is_empty());
        let file = tempfile::NamedTempFile::new().unwrap();
        write(file.path(), &Failure::write_script(&world, &drawn)).unwrap();
        let mut again = args("");
        again.script = Some(file.path().to_owned());
        assert_eq!(read_failures(&again, &world, Timestamp(0)).unwrap(), drawn);
        assert!(read_failures(&args("--failures none"), &world, Timestamp(0)).unwrap().is_empty());
    }

    #[test]
    fn the_services_file_is_what_replay_reads() {
        let text = services_file(&world()).unwrap();
        let read = correlate::files::read_services(&text);
        assert_eq!(read.iter().filter(|entry| entry.is_ok()).count(), 300);
    }

    #[test]
    fn the_greeting_says_how_to_begin_and_whose_map_it_is() {
        let said = greeting(&args("--token abc"), &Topology::surfnet(), &world(), 3, "[::1]:9");
        assert!(said.contains("LIBRENMS_API_URL=http://[::1]:9 LIBRENMS_API_TOKEN=abc"), "{said}");
        assert!(said.contains("CC BY 4.0"), "{said}");
    }
}
