//! `padwacht migrate`: brings database, ClickHouse and topics to this
//! version, then ends.

use std::process::ExitCode;

use crate::config::Config;
use crate::{signals, wiring};

/// Runs the command.
///
/// # Errors
/// A part that cannot be opened or refuses a migration.
pub(crate) async fn run(config: Config) -> anyhow::Result<ExitCode> {
    let shutdown = signals::shutdown_on_signal()?;
    let records = wiring::open_records(&config).await?;
    let series = wiring::open_series(&config, &shutdown).await?;
    wiring::open_log(&config, &shutdown).await?;
    if let Some(embedded) = series.embedded {
        embedded.shutdown().await;
    }
    crate::print(&format!("database {} and clickhouse are at this version\n", records.name()))?;
    records.close().await;
    Ok(ExitCode::SUCCESS)
}
