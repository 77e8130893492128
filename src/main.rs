//! The one binary. It only wires: each command has a file of its own that
//! takes its arguments and the checked configuration.

mod all;
mod api;
mod ask;
mod audit;
mod batches;
mod cli;
mod config;
mod correlate;
mod demo;
#[cfg(test)]
mod deployment_tests;
mod doctor;
mod ingest;
mod mail;
mod migrate;
mod nms;
mod parts;
mod progress;
mod publish;
mod replay;
mod retention;
mod secrets;
mod signals;
mod simulate;
mod telemetry;
#[cfg(test)]
mod testing;
mod trouble;
mod whole_file;
mod wiring;

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;

use all::Stages;
use cli::{AuditCommand, Cli, Command, ConfigCommand, SecretsCommand, StageArgs};
use config::{ConfigError, Loaded, Machine, Shared};

/// The engine holds tens of millions of small allocations, and what it frees
/// must go back; glibc's allocator is worse at both (`store/benches/scale.rs`).
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Wrong usage, configuration or input, as clap uses it too.
const EXIT_WRONG_INPUT: u8 = 2;

fn main() -> ExitCode {
    match dispatch(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("padwacht: {error:#}");
            match error.downcast_ref::<ConfigError>() {
                Some(_) => ExitCode::from(EXIT_WRONG_INPUT),
                None => ExitCode::FAILURE,
            }
        }
    }
}

/// One arm per command: read the configuration, start logging, run.
fn dispatch(command: Command) -> anyhow::Result<ExitCode> {
    // With two providers in reach, rustls would panic at the first connection.
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .map_err(|_| anyhow::anyhow!("install the TLS provider: there is one already"))?;
    match command {
        Command::Config(ConfigCommand::Check(args)) => check_config(&load(&args)?),
        Command::Config(ConfigCommand::Print(args)) => print_config(&load(&args)?),
        Command::Doctor(args) => {
            let loaded = load(&args.stage)?;
            telemetry::init(&telemetry::quiet(&loaded))?;
            runtime()?.block_on(doctor::run(&args, &loaded.config))
        }
        Command::EmbeddedClickHouse(engine) => {
            store::embedded::run_child(engine.args)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Replay(args) => replay::run(&args),
        Command::All(args) => run(&args, Stages::All),
        Command::Ingest(args) => run(&args, Stages::Ingest),
        Command::Correlate(args) => {
            let loaded = config::load(&Machine, args.stage.config.as_deref(), &args.overrides())?;
            telemetry::init(&loaded.config.telemetry)?;
            progress::be_quiet_if(args.stage.quiet);
            run_loaded(loaded, Stages::Correlate)
        }
        Command::Api(args) => run(&args, Stages::Api),
        Command::Explain(args) => {
            let loaded = load(&args.stage)?;
            telemetry::init(&telemetry::quiet(&loaded))?;
            runtime()?.block_on(ask::explain(&args, &loaded.config))
        }
        Command::WhatIf(args) => {
            let loaded = load(&args.stage)?;
            telemetry::init(&telemetry::quiet(&loaded))?;
            runtime()?.block_on(ask::what_if(&args, &loaded.config))
        }
        Command::Audit(AuditCommand::Verify(args)) => {
            let loaded = load(&args.stage)?;
            telemetry::init(&telemetry::quiet(&loaded))?;
            runtime()?.block_on(audit::verify(&args, &loaded.config))
        }
        Command::Secrets(command) => on_secrets(&command),
        Command::Migrate(args) => runtime()?.block_on(migrate::run(start(&args)?.config)),
        Command::Demo(args) => {
            let config = demo::load(&args)?;
            telemetry::init(&config.telemetry)?;
            runtime()?.block_on(async {
                let shutdown = signals::shutdown_on_signal()?;
                demo::run(&args, config, shutdown).await
            })
        }
        Command::Simulate(args) => runtime()?.block_on(async {
            let shutdown = signals::shutdown_on_signal()?;
            simulate::run(&args, shutdown).await
        }),
    }
}

fn on_secrets(command: &SecretsCommand) -> anyhow::Result<ExitCode> {
    let stage = match command {
        SecretsCommand::NewKey => return secrets::print_new_key(),
        SecretsCommand::Rotate(args) => &args.stage,
        SecretsCommand::Verify(stage) => stage,
    };
    let loaded = load(stage)?;
    telemetry::init(&telemetry::quiet(&loaded))?;
    match command {
        SecretsCommand::Rotate(args) => runtime()?.block_on(secrets::rotate(args, &loaded.config)),
        _ => runtime()?.block_on(secrets::verify(&loaded.config)),
    }
}

/// Runs stages; apart from each other they need parts that they can share.
fn run(args: &StageArgs, stages: Stages) -> anyhow::Result<ExitCode> {
    progress::be_quiet_if(args.quiet);
    run_loaded(start(args)?, stages)
}

fn run_loaded(Loaded { mut config, .. }: Loaded, stages: Stages) -> anyhow::Result<ExitCode> {
    let cluster = config.cluster.clone().filter(|_| stages == Stages::Correlate);
    let follower = cluster.filter(|cluster| !cluster.leads());
    let shared: &[Shared] = match stages {
        Stages::All => &[],
        Stages::Ingest => &[Shared::Log],
        Stages::Correlate if follower.is_some() => &[Shared::Log],
        Stages::Correlate | Stages::Api => &[Shared::Log, Shared::ClickHouse],
    };
    config.check_apart(stages.name(), shared)?;
    if stages == Stages::All && config.cluster.take().is_some() {
        tracing::warn!("`padwacht all` is one process: correlate.processes does not count here");
    }
    match follower {
        Some(cluster) => runtime()?.block_on(all::run_follower(config, cluster)),
        None => runtime()?.block_on(all::run(config, stages)),
    }
}

fn load(args: &StageArgs) -> Result<Loaded, ConfigError> {
    config::load(&Machine, args.config.as_deref(), &args.overrides())
}

/// Reads the configuration and starts logging.
fn start(args: &StageArgs) -> anyhow::Result<Loaded> {
    let loaded = load(args)?;
    telemetry::init(&loaded.config.telemetry)?;
    Ok(loaded)
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("start the threads of the runtime")
}

fn check_config(loaded: &Loaded) -> anyhow::Result<ExitCode> {
    let place = match &loaded.file {
        Some(file) => file.display().to_string(),
        None => String::from("no file, defaults and environment only"),
    };
    print(&format!("the configuration is well ({place})\n"))?;
    Ok(ExitCode::SUCCESS)
}

/// Every setting in force, in the form of the file, each with its origin.
fn print_config(loaded: &Loaded) -> anyhow::Result<ExitCode> {
    let width = |text: &str| text.chars().count();
    let lines: Vec<(String, String)> = loaded
        .settings
        .iter()
        .map(|setting| (format!("{} = {}", setting.key, setting.value), setting.origin.to_string()))
        .collect();
    let column = lines.iter().map(|(line, _)| width(line)).max().unwrap_or(0);
    let text: String =
        lines.iter().map(|(line, origin)| format!("{line:column$}  # {origin}\n")).collect();
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// Writes to standard output; that a reader such as `head` went away is no failure.
fn print(text: &str) -> io::Result<()> {
    match io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}
