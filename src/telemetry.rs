//! What the process says about itself: log lines on standard error, as text
//! for people or one JSON object a line for collectors.
//!
//! Standard output belongs to the data of commands and is never written here.
//! Secrets are kept out by type: they are `SecretString`s, which print nothing.

use std::io::IsTerminal;

use anyhow::Context;
use tracing_subscriber::EnvFilter;

use crate::config::{Loaded, LogFormat, Origin, Setting, TelemetryConfig};
use crate::progress;

/// For commands that say themselves what went wrong: log lines in between only
/// confuse, unless somebody asked for them.
pub(crate) fn quiet(loaded: &Loaded) -> TelemetryConfig {
    let mut config = loaded.config.telemetry.clone();
    let is_default = |s: &Setting| s.key == "telemetry.filter" && s.origin == Origin::Default;
    if loaded.settings.iter().any(is_default) {
        "off".clone_into(&mut config.filter);
    }
    config
}

/// Starts logging for the rest of the process; panics are logged too.
///
/// # Errors
/// Logging was started before.
pub(crate) fn init(config: &TelemetryConfig) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&config.filter).context("read telemetry.filter")?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(progress::stderr);
    let started = match config.format {
        // The collector keeps fields apart, so that messages need no parsing.
        LogFormat::Json => builder.json().flatten_event(true).with_current_span(true).try_init(),
        LogFormat::Text => builder.with_ansi(wants_colour()).try_init(),
    };
    started.map_err(|error| anyhow::anyhow!("start logging: {error}"))?;
    log_panics();
    Ok(())
}

/// As <https://no-color.org> says.
fn wants_colour() -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    std::io::stderr().is_terminal() && !refused
}

/// A panic is a fault of ours: one log line that names its place, in the same
/// form as all others, so that a collector sees it. But timely's connections
/// between processes panic whenever a peer goes; the stage then says which.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let reason = panic.payload_as_str().unwrap_or("no reason given");
        if place.contains("timely_communication") {
            return tracing::warn!(reason, "a connection to another process has broken");
        }
        tracing::error!(place, reason, "internal fault, please report it");
    }));
}
