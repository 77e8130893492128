//! `padwacht explain` and `padwacht what-if`: questions to the configured
//! stores from a terminal. They open what is there, start nothing, and change
//! nothing; the answers are those of the API.

mod plan;
mod text;
mod tree;

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use api::ask::{self, AskError, Plan, Stores, WhatIfDoc, WhyDoc, WhyQuestion};
use correlate::model::{ComponentId, Period, Target, Timestamp};
use secrecy::ExposeSecret;
use serde::Serialize;
use store::embedded::Embedded;
use store::records::Records;
use store::series::{Series, SeriesError};
use store::{Keyring, Scope};

use crate::cli::{ExplainArgs, WhatIfArgs};
use crate::config::{ClickHouseConfig, Config};
use crate::{EXIT_WRONG_INPUT, parts};

use text::Times;

/// Says why a service is what it is.
///
/// # Errors
/// A store that is away or was never made, or a service that nobody knows.
pub(crate) async fn explain(args: &ExplainArgs, config: &Config) -> anyhow::Result<ExitCode> {
    let open = Open::stores(config).await?;
    let now = now();
    let question = WhyQuestion {
        service: args.service.as_str().into(),
        at: args.at.unwrap_or_else(|| args.as_of.map_or(now, |as_of| as_of.min(now))),
        as_of: args.as_of,
        now,
    };
    let answer = ask::why(open.as_stores(), &question).await;
    let text = |why: &ask::Why| match args.json {
        true => json(&WhyDoc::of(why)),
        false => Ok(tree::text(why, &Times::new(config.general.time_zone.clone()))),
    };
    show(answer.map(|why| text(&why)), config)
}

/// Says what services would be.
///
/// # Errors
/// As [`explain`].
pub(crate) async fn what_if(args: &WhatIfArgs, config: &Config) -> anyhow::Result<ExitCode> {
    let open = Open::stores(config).await?;
    let ids = args.down.iter().chain(&args.work).map(String::as_str);
    let targets = args.window.iter().chain(&args.work);
    let plan = Plan {
        period: Period::new(args.from, args.until),
        down: ids.map(ComponentId::from).collect(),
        windows: targets.map(|target| Target::parse(target)).collect(),
        with_ports: args.with_ports,
    };
    let limit = usize::try_from(args.limit).context("read --limit")?;
    let answer = ask::what_if(open.as_stores(), &plan).await;
    let text = |supposed: &ask::Supposed| match args.json {
        true => json(&WhatIfDoc::of(supposed, limit)),
        false => Ok(plan::text(supposed, &Times::new(config.general.time_zone.clone()), limit)),
    };
    show(answer.map(|supposed| text(&supposed)), config)
}

fn json(document: &impl Serialize) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(document).context("write the answer as JSON")? + "\n")
}

/// Prints an answer, or why there is none.
fn show(
    answer: Result<anyhow::Result<String>, AskError>,
    config: &Config,
) -> anyhow::Result<ExitCode> {
    match answer {
        Ok(text) => {
            crate::print(&text?)?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error @ AskError::Refused { .. }) => {
            eprintln!("padwacht: {error}");
            Ok(ExitCode::from(EXIT_WRONG_INPUT))
        }
        Err(AskError::Series(error)) => Err(away(error, config)),
        Err(error) => Err(error.into()),
    }
}

/// What to do when ClickHouse does not answer.
fn away(error: SeriesError, config: &Config) -> anyhow::Error {
    let is_embedded = matches!(config.clickhouse, ClickHouseConfig::Embedded(_));
    let is_away = matches!(error, SeriesError::Unreachable { .. });
    let error = anyhow::Error::new(error);
    if is_embedded && is_away {
        return error.context(
            "the embedded clickhouse runs only while `padwacht all` does: start it with this \
             configuration, or give --clickhouse URL",
        );
    }
    error
}

/// The stores of another process, or of servers.
struct Open {
    records: Records,
    series: Series,
    /// Whoever can read the stores can see everything.
    scope: Scope,
}

impl Open {
    async fn stores(config: &Config) -> anyhow::Result<Open> {
        let series = match &config.clickhouse {
            ClickHouseConfig::Server(server) => parts::series(server),
            ClickHouseConfig::Embedded(embedded) => {
                Embedded::of_another_process(&embedded.dir, embedded.http_port).with_context(
                    || {
                        format!(
                            "nothing was ever started in {}: set --data-dir or --config to that \
                             of the running `padwacht all`, or give --clickhouse and --database",
                            config.general.data_dir.display()
                        )
                    },
                )?
            }
        };
        let series = Series::connect(&series).context("configure clickhouse")?;
        let url = config.database.url.expose_secret();
        // Connecting would make the file.
        let file = url.strip_prefix("sqlite://").map(Path::new);
        if let Some(file) = file.filter(|file| !file.exists()) {
            anyhow::bail!("there is no database {}: set --database", file.display());
        }
        let records =
            Records::connect(url, Keyring::ephemeral()).await.context("open the database")?;
        records.check().await.context("check the database")?;
        Ok(Open { records, series, scope: Scope::everything() })
    }

    fn as_stores(&self) -> Stores<'_> {
        Stores { records: &self.records, series: &self.series, scope: &self.scope }
    }
}

fn now() -> Timestamp {
    Timestamp(jiff::Timestamp::now().as_millisecond())
}
