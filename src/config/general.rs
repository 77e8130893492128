//! `[general]` and `[telemetry]`: where data lives, how people read it, and
//! what the process says about itself.

use std::path::PathBuf;

use jiff::tz::TimeZone;

use super::reader::{Reader, Section};
use super::rule::{Choice, FilePath, LOG_FILTER, Zone};
use super::{Origin, Rule};

/// The zone of calendars and of pages, unless set.
const TIME_ZONE_DEFAULT: &str = "Europe/Amsterdam";
/// What is logged, unless set: our own stages at `info`, the rest only trouble.
const FILTER_DEFAULT: &str = "info";

const LANGUAGES: Choice<Language> = Choice(&[("nl", Language::Dutch), ("en", Language::English)]);
const FORMATS: Choice<LogFormat> = Choice(&[("text", LogFormat::Text), ("json", LogFormat::Json)]);

/// The language of pages and mails for who has not chosen one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Language {
    /// Nederlands.
    Dutch,
    /// English.
    English,
}

/// The form of log lines.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for log collectors.
    Json,
}

/// `[general]`.
#[derive(Clone, Debug)]
pub(crate) struct GeneralConfig {
    /// Where everything embedded lives (log, ClickHouse, SQLite, checkpoints).
    pub data_dir: PathBuf,
    /// The zone of calendars and of times on pages.
    pub time_zone: TimeZone,
    /// For who has not chosen a language.
    pub language: Language,
}

/// `[telemetry]`.
#[derive(Clone, Debug)]
pub(crate) struct TelemetryConfig {
    /// The form of log lines.
    pub format: LogFormat,
    /// Directives of tracing's `EnvFilter`; they have been checked.
    pub filter: String,
}

pub(super) fn read(reader: &Reader<'_>) -> GeneralConfig {
    let section = reader.section("general");
    GeneralConfig {
        data_dir: data_dir(reader, &section),
        time_zone: section.or("time_zone", &Zone, time_zone_default()),
        language: section.or("language", &LANGUAGES, Language::Dutch),
    }
}

pub(super) fn read_telemetry(reader: &Reader<'_>) -> TelemetryConfig {
    let section = reader.section("telemetry");
    TelemetryConfig {
        format: section.or("format", &FORMATS, LogFormat::Text),
        filter: section.or("filter", &LOG_FILTER, FILTER_DEFAULT.to_owned()),
    }
}

/// `$XDG_DATA_HOME/padwacht`, else `~/.local/share/padwacht`, as the XDG Base
/// Directory Specification says.
fn data_dir(reader: &Reader<'_>, section: &Section<'_>) -> PathBuf {
    if let Some(path) = section.optional("data_dir", &FilePath) {
        return path;
    }
    let variable = |name| reader.variable(name).map(|(value, _)| PathBuf::from(value));
    // The specification: a relative XDG_DATA_HOME is invalid and ignored.
    let base = variable("XDG_DATA_HOME")
        .filter(|path| path.is_absolute())
        .or_else(|| variable("HOME").map(|home| home.join(".local/share")));
    let Some(path) = base.map(|base| base.join("padwacht")) else {
        section.missing(
            "data_dir",
            &format!("{} (there is no HOME to put it under)", FilePath.allowed()),
        );
        return PathBuf::new();
    };
    if section.raw("data_dir").is_none() {
        section.note("data_dir", FilePath.show(&path), Origin::Default);
    }
    path
}

fn time_zone_default() -> TimeZone {
    TimeZone::get(TIME_ZONE_DEFAULT).expect("the built-in time zone database holds the default")
}
