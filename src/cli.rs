//! The command line: what can be asked of the binary, and the help.
//!
//! Only words become values here; what they mean is checked by the
//! configuration, and what they do is in one file per command.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use correlate::model::Timestamp;
use ingest::simulator::Release;

use crate::config::{Override, duration};

const AFTER_HELP: &str = "\
Start here:
  padwacht demo                 a whole ISP on this machine, with failures, to look at
  LIBRENMS_API_URL=https://nms.example.net LIBRENMS_API_TOKEN=… padwacht all
                                everything in one process, on your own LibreNMS
  padwacht doctor               what is wrong with this set-up, in plain words

Configuration, the strongest first: flags, environment (PADWACHT__SECTION__KEY,
such as PADWACHT__CORRELATE__STALE_AFTER=10m), .env in the working directory,
the file (--config, else padwacht.toml here, else /etc/padwacht/padwacht.toml),
defaults. It is checked completely before anything starts; `padwacht config
print` shows what is in force and where each setting comes from.

Exit status: 0 well, 1 failed, 2 wrong usage, configuration or input.";

/// Exact uptime of every customer service, and why not.
///
/// Padwacht asks LibreNMS for the state of devices and ports, keeps every
/// sample in a durable log, works out when each customer service was up,
/// degraded, down, under maintenance or unknown and which component was to
/// blame, and serves the answer as pages, as an API and as SQL views.
#[derive(Parser, Debug)]
#[command(name = "padwacht", version, after_help = AFTER_HELP, max_term_width = 100)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What can be done.
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Run every stage in this one process
    ///
    /// Ingest, correlate and api together, with embedded log, ClickHouse and
    /// database unless others are configured. The usual way for one machine.
    All(StageArgs),
    /// Poll the network management systems and publish samples
    ///
    /// One message per device and poll, to the topic padwacht.samples. Needs
    /// Kafka, as the other stages run elsewhere.
    Ingest(StageArgs),
    /// Turn samples into the intervals of services
    ///
    /// Reads the log from its own checkpoint and writes to ClickHouse. A kill
    /// at any moment loses nothing. Needs Kafka and a ClickHouse server.
    /// Several processes can share the work; see --processes.
    Correlate(CorrelateArgs),
    /// Serve the pages and the API
    ///
    /// On 127.0.0.1:8080 unless set; give it a certificate (api.tls), or put a
    /// reverse proxy with TLS before it.
    /// Needs a ClickHouse server, as the other stages run elsewhere.
    Api(StageArgs),
    /// Show the whole product on a simulated ISP
    ///
    /// A real topology (Surfnet), a few hundred customer services with
    /// redundant paths, a simulated LibreNMS with failures, some history, and
    /// the whole pipeline against it. Prints the address and a login.
    Demo(DemoArgs),
    /// Serve a simulated LibreNMS
    ///
    /// Speaks the LibreNMS v0 API for a topology file, with failures from a
    /// script or drawn from a seed. For tests and for trying things out.
    Simulate(SimulateArgs),
    /// Compute intervals from files, with the very same engine
    ///
    /// Same samples, services and windows: same intervals, byte for byte,
    /// whatever the order of the lines and the number of workers.
    Replay(ReplayArgs),
    /// Say why a service is what it is, or was at an instant
    ///
    /// Its expression as a tree with the value of every node, the components
    /// behind it, and the rule that decided. Reads the configured stores; with
    /// embedded ones, `padwacht all` must be running here.
    Explain(ExplainArgs),
    /// Say which services would be down or degraded, before touching anything
    ///
    /// Supposes failures and planned work, by the live definitions and known
    /// states, and names work of others that is on the other leg at that time.
    /// Reads the stores as `explain` does, and changes nothing.
    WhatIf(WhatIfArgs),
    /// Bring the database and ClickHouse to this version, then end
    ///
    /// Every stage does so by itself when it starts; this is for set-ups where
    /// the stages may not change tables.
    Migrate(StageArgs),
    /// Check every outside part and say in plain words what is wrong
    ///
    /// The data directory, each NMS account, the log, ClickHouse, the database
    /// and mail. Changes nothing. Exit status 1 if anything fails.
    Doctor(DoctorArgs),
    /// Check the record of who changed what
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Make, change and check the keys that seal secrets in the database
    #[command(subcommand)]
    Secrets(SecretsCommand),
    /// Check or show the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// The ClickHouse engine itself: `all` and `demo` start it as their child
    #[command(name = store::embedded::SUBCOMMAND, hide = true, disable_help_flag = true)]
    EmbeddedClickHouse(EngineArgs),
}

/// What the parent tells the engine; read by `store::embedded::run_child`.
#[derive(Args, Debug)]
pub(crate) struct EngineArgs {
    /// As the parent wrote them.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub args: Vec<OsString>,
}

/// What can be done with the audit trail.
#[derive(Subcommand, Debug)]
pub(crate) enum AuditCommand {
    /// Check the hash of every entry, and say where the chain breaks
    ///
    /// Exit status 1 if an entry was changed or is missing. Prints the hash of
    /// the last entry: keep it elsewhere, and give it as --anchor the next
    /// time, and also a trail that was written anew shows.
    Verify(AuditVerifyArgs),
}

/// `padwacht audit verify`.
#[derive(Args, Debug)]
pub(crate) struct AuditVerifyArgs {
    /// What every stage takes.
    #[command(flatten)]
    pub stage: StageArgs,
    /// Hash of an entry, kept from an earlier check, that must still be there
    #[arg(long, value_name = "HASH")]
    pub anchor: Option<String>,
}

/// What can be done with the keys that seal secrets.
#[derive(Subcommand, Debug)]
pub(crate) enum SecretsCommand {
    /// Print a new key, for secrets.key or a key file
    NewKey,
    /// Seal everything with the first key
    ///
    /// Goes on where it was when it is broken off, beside running processes.
    /// Exit status 1 if something could not be opened, and is as it was.
    Rotate(SecretsRotateArgs),
    /// Open every secret, show none, and say which keys are still needed
    ///
    /// Exit status 1 if something cannot be opened, or is not sealed.
    Verify(StageArgs),
}

/// `padwacht secrets rotate`.
#[derive(Args, Debug)]
pub(crate) struct SecretsRotateArgs {
    /// What every stage takes.
    #[command(flatten)]
    pub stage: StageArgs,
    /// Put a new key in front of those in the key file first
    #[arg(long)]
    pub new_key: bool,
}

/// What can be done with the configuration.
#[derive(Subcommand, Debug)]
pub(crate) enum ConfigCommand {
    /// Check it completely, open nothing
    Check(StageArgs),
    /// Show every setting in force and where it comes from; secrets stay hidden
    Print(StageArgs),
}

/// Flags that set something of the configuration.
#[derive(Args, Clone, Default, Debug)]
#[command(next_help_heading = "Configuration")]
pub(crate) struct StageArgs {
    /// Show no progress of long work, such as rebuilding a lost state
    #[arg(long)]
    pub quiet: bool,
    /// Configuration file [default: padwacht.toml here or in /etc/padwacht, if there]
    #[arg(long, value_name = "FILE", env = "PADWACHT_CONFIG")]
    pub config: Option<PathBuf>,
    /// Kafka brokers as host:port, separated by commas [default: embedded log]
    #[arg(long, value_name = "BROKERS")]
    pub kafka: Option<String>,
    /// ClickHouse server, such as http://localhost:8123 [default: embedded engine]
    #[arg(long, value_name = "URL")]
    pub clickhouse: Option<String>,
    /// Records database, sqlite:// or postgres:// [default: SQLite in the data directory]
    #[arg(long, value_name = "URL")]
    pub database: Option<String>,
    /// Directory of everything embedded [default: ~/.local/share/padwacht]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<String>,
    /// Address of pages and API [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<String>,
    /// Form of log lines, text or json [default: text]
    #[arg(long, value_name = "FORMAT")]
    pub log_format: Option<String>,
    /// What is logged, such as info or info,padwacht=debug [default: info]
    #[arg(long, value_name = "DIRECTIVES")]
    pub log_filter: Option<String>,
}

impl StageArgs {
    /// The flags that were given, as settings.
    pub(crate) fn overrides(&self) -> Vec<Override> {
        let flags = [
            ("--kafka", "kafka.brokers", &self.kafka),
            ("--clickhouse", "clickhouse.url", &self.clickhouse),
            ("--database", "database.url", &self.database),
            ("--data-dir", "general.data_dir", &self.data_dir),
            ("--listen", "api.listen", &self.listen),
            ("--log-format", "telemetry.format", &self.log_format),
            ("--log-filter", "telemetry.filter", &self.log_filter),
        ];
        flags
            .into_iter()
            .filter_map(|(flag, key, value)| Some(Override { flag, key, value: value.clone()? }))
            .collect()
    }
}

/// `padwacht correlate`.
#[derive(Args, Clone, Default, Debug)]
pub(crate) struct CorrelateArgs {
    /// What every stage takes.
    #[command(flatten)]
    pub stage: StageArgs,
    /// All processes that correlate together, as host:port, separated by commas; the first one leads [default: only this one]
    #[arg(long, value_name = "ADDRS")]
    pub processes: Option<String>,
    /// Which of them this is, from 0 [default: 0]
    #[arg(long, value_name = "I")]
    pub process: Option<String>,
    /// Threads of the engine in each process; the leader decides [default: one per core]
    #[arg(long, value_name = "N")]
    pub workers: Option<String>,
}

impl CorrelateArgs {
    /// The flags that were given, as settings.
    pub(crate) fn overrides(&self) -> Vec<Override> {
        let flags = [
            ("--processes", "correlate.processes", &self.processes),
            ("--process", "correlate.process", &self.process),
            ("--workers", "correlate.workers", &self.workers),
        ];
        let given = flags
            .into_iter()
            .filter_map(|(flag, key, value)| Some(Override { flag, key, value: value.clone()? }));
        self.stage.overrides().into_iter().chain(given).collect()
    }
}

/// `padwacht demo`.
///
/// It reads no configuration file and no environment, so that it can never
/// touch a real set-up.
#[derive(Args, Debug)]
pub(crate) struct DemoArgs {
    /// Topology file in JSON [default: Surfnet, built in]
    #[arg(long, value_name = "FILE")]
    pub topology: Option<PathBuf>,
    /// How many customer services to make
    #[arg(long, value_name = "N", default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=5_000))]
    pub services: u32,
    /// How much history to fill in at the first start
    #[arg(long, value_name = "DURATION", default_value = "30d", value_parser = with_unit)]
    pub history: Duration,
    /// The same seed gives the same customers and failures
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Forget an earlier demo in the directory and begin again
    #[arg(long)]
    pub fresh: bool,
    /// Directory of the demo alone [default: ~/.local/share/padwacht/demo]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<String>,
    /// Address of pages and API [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<String>,
    /// Form of log lines, text or json [default: text]
    #[arg(long, value_name = "FORMAT")]
    pub log_format: Option<String>,
    /// What is logged, such as info or info,padwacht=debug [default: only trouble]
    #[arg(long, value_name = "DIRECTIVES")]
    pub log_filter: Option<String>,
}

/// What people shall read is the banner, and what happens. Waiting for the
/// database is to be expected while the history keeps the machine busy.
const DEMO_LOG_FILTER: &str = "warn,sqlx=error";

impl DemoArgs {
    /// The flags that were given, as settings.
    pub(crate) fn overrides(&self) -> Vec<Override> {
        let filter = self.log_filter.clone().or_else(|| Some(DEMO_LOG_FILTER.to_owned()));
        let flags = [
            ("--data-dir", "general.data_dir", &self.data_dir),
            ("--listen", "api.listen", &self.listen),
            ("--log-format", "telemetry.format", &self.log_format),
            ("--log-filter", "telemetry.filter", &filter),
        ];
        flags
            .into_iter()
            .filter_map(|(flag, key, value)| Some(Override { flag, key, value: value.clone()? }))
            .collect()
    }
}

/// How often things break in `padwacht simulate` without a script.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub(crate) enum FailureMood {
    /// Nothing breaks
    None,
    /// As operators report: for long periods
    Realistic,
    /// Something every half minute: for watching
    Lively,
}

/// `padwacht simulate`.
#[derive(Args, Debug)]
pub(crate) struct SimulateArgs {
    /// Topology file in JSON [default: Surfnet, built in]
    #[arg(long, value_name = "FILE")]
    pub topology: Option<PathBuf>,
    /// How many customer services to hang on its sites
    #[arg(long, value_name = "N", default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub services: u32,
    /// The site where the NMS and the way to the internet are [default: Amsterdam, else the best connected]
    #[arg(long, value_name = "SITE")]
    pub hub: Option<String>,
    /// The same seed gives the same network and failures
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// The account name under which padwacht will poll: the first part of component ids in --services-out
    #[arg(long, value_name = "NAME", default_value = "librenms")]
    pub account: String,
    /// Failure script: CSV `component,from,to,kind`, or JSON [default: failures drawn from the seed]
    #[arg(long, value_name = "FILE", conflicts_with_all = ["failures", "failures_for"])]
    pub script: Option<PathBuf>,
    /// How often things break
    #[arg(long, value_name = "HOW", value_enum, default_value = "lively")]
    pub failures: FailureMood,
    /// For how much simulated time failures are drawn
    #[arg(long, value_name = "DURATION", default_value = "7d", value_parser = with_unit)]
    pub failures_for: Duration,
    /// Simulated time at the start [default: now]
    #[arg(long, value_name = "T", value_parser = instant, allow_negative_numbers = true)]
    pub start: Option<Timestamp>,
    /// How many times faster than real the simulated time runs; it then leaves the real one behind
    #[arg(long, value_name = "FACTOR", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub speed: u32,
    /// How often the simulated LibreNMS polls each device, in simulated time; whole seconds
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = with_unit)]
    pub poll_cycle: Duration,
    /// How often it pings each device (fast ping) [default: it does not]
    #[arg(long, value_name = "DURATION", value_parser = with_unit)]
    pub ping_cycle: Option<Duration>,
    /// Ports per customer's equipment that lead to what LibreNMS does not know; with 100,000 services, 18 make 2 million
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=1_000))]
    pub local_ports: u32,
    /// The version of LibreNMS: strings, 25.5, 26.3, 26.4, 26.5 or 26.7
    #[arg(long, value_name = "VERSION", default_value = "26.7", value_parser = release)]
    pub release: Release,
    /// The dispatcher service polls, and not cron: what is down is polled every minute
    #[arg(long)]
    pub dispatcher: bool,
    /// The time zone in which the simulated server writes its local times
    #[arg(long, value_name = "ZONE", default_value = "Europe/Amsterdam")]
    pub time_zone: String,
    /// Where to listen
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8070")]
    pub listen: SocketAddr,
    /// The API token that clients must send; 32 hexadecimal digits as LibreNMS makes them
    #[arg(
        long,
        value_name = "TOKEN",
        env = "PADWACHT_SIMULATE_TOKEN",
        hide_env_values = true,
        default_value = "00000000000000000000000000000000"
    )]
    pub token: String,
    /// Opens /control, for failures and faults on command, to whoever sends this as X-Control-Token
    #[arg(
        long,
        value_name = "TOKEN",
        env = "PADWACHT_SIMULATE_CONTROL_TOKEN",
        hide_env_values = true
    )]
    pub control_token: Option<String>,
    /// Write the customers' services to this file, as `padwacht replay` and the import take them
    #[arg(long, value_name = "FILE")]
    pub services_out: Option<PathBuf>,
    /// Write the failures to this file, as --script takes them
    #[arg(long, value_name = "FILE")]
    pub script_out: Option<PathBuf>,
}

/// `padwacht replay`.
///
/// Times are milliseconds since 1970 or RFC 3339.
#[derive(Args, Debug)]
pub(crate) struct ReplayArgs {
    /// Samples: CSV `at,component,state`, in order of arrival; .gz and .zst are decompressed, - is standard input
    #[arg(long, value_name = "FILE")]
    pub samples: PathBuf,
    /// Services: JSON, a list of {"id", "path"} or {"id", "versions": [{"from", "to", "path"}]}
    #[arg(long, value_name = "FILE")]
    pub services: PathBuf,
    /// Maintenance windows: CSV `target,from,to`, a target being a component or service:ID
    #[arg(long, value_name = "FILE")]
    pub maintenance: Option<PathBuf>,
    /// Start of the period, included
    #[arg(long, value_name = "T", value_parser = instant, allow_negative_numbers = true)]
    pub from: Timestamp,
    /// End of the period, not included
    #[arg(long, value_name = "T", value_parser = instant, allow_negative_numbers = true)]
    pub until: Timestamp,
    /// After how long without a sample a component is unknown: 900s, 15m or milliseconds [default: never]
    #[arg(long, value_name = "D", value_parser = duration::parse_or_millis)]
    pub stale_after: Option<Duration>,
    /// Threads of the engine [default: one per core]; the result does not depend on it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=256))]
    pub workers: Option<u32>,
    /// Where to write the intervals, CSV `service,start,end,state,cause`; - is standard output [default: -]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Count bad lines and show the first ten, instead of ending with status 2
    #[arg(long)]
    pub skip_bad: bool,
    /// Show no progress and no summary
    #[arg(long)]
    pub quiet: bool,
}

/// `padwacht explain`.
///
/// Times are milliseconds since 1970 or RFC 3339.
#[derive(Args, Debug)]
pub(crate) struct ExplainArgs {
    /// The service's id
    #[arg(value_name = "SERVICE")]
    pub service: String,
    /// The instant [default: now, or that of --as-of]
    #[arg(long, value_name = "T", value_parser = instant)]
    pub at: Option<Timestamp>,
    /// By what was known at this moment [default: by what is known now]
    #[arg(long, value_name = "T", value_parser = instant)]
    pub as_of: Option<Timestamp>,
    /// Print what the API answers, as JSON
    #[arg(long)]
    pub json: bool,
    /// Configuration, as for the stages.
    #[command(flatten)]
    pub stage: StageArgs,
}

/// `padwacht what-if`.
///
/// Times are milliseconds since 1970 or RFC 3339.
#[derive(Args, Debug)]
pub(crate) struct WhatIfArgs {
    /// Components that are down, such as ams1/device/42
    #[arg(long, value_name = "ID", num_args = 1.., required_unless_present_any = ["window", "work"])]
    pub down: Vec<String>,
    /// Components, or service:ID, with a maintenance window
    #[arg(long, value_name = "TARGET", num_args = 1..)]
    pub window: Vec<String>,
    /// Components that are worked on: down, and with a window
    #[arg(long, value_name = "ID", num_args = 1..)]
    pub work: Vec<String>,
    /// A device takes its ports with it
    #[arg(long)]
    pub with_ports: bool,
    /// Start of the period, included
    #[arg(long, value_name = "T", value_parser = instant)]
    pub from: Timestamp,
    /// End of the period, not included; at most 31 days later
    #[arg(long, value_name = "T", value_parser = instant)]
    pub until: Timestamp,
    /// How many services to show; the rest is counted
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
    /// Print what the API answers, as JSON
    #[arg(long)]
    pub json: bool,
    /// Configuration, as for the stages.
    #[command(flatten)]
    pub stage: StageArgs,
}

/// `padwacht doctor`.
#[derive(Args, Debug)]
pub(crate) struct DoctorArgs {
    /// Print the findings as JSON
    #[arg(long)]
    pub json: bool,
    /// Configuration, as for the stages.
    #[command(flatten)]
    pub stage: StageArgs,
}

/// An instant as SEMANTICS, "Replay", allows it, in files and flags alike.
fn instant(text: &str) -> Result<Timestamp, String> {
    correlate::files::parse_time(text).ok_or_else(|| {
        String::from("a time is milliseconds since 1970, or RFC 3339 such as 2026-01-31T00:00:00Z")
    })
}

fn release(text: &str) -> Result<Release, String> {
    Release::named(text).ok_or_else(|| {
        let all: Vec<&str> = Release::ALL.into_iter().map(Release::as_str).collect();
        format!("a version is one of {}", all.join(", "))
    })
}

fn with_unit(text: &str) -> Result<Duration, String> {
    duration::parse(text).ok_or_else(|| String::from("a duration is such as 12h, 7d or 1h30m"))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[track_caller]
    fn check_instant(text: &str, expected_ms: Option<i64>) {
        assert_eq!(instant(text).ok(), expected_ms.map(Timestamp), "{text}");
    }

    #[test]
    fn instants_are_milliseconds_or_rfc_3339() {
        check_instant("0", Some(0));
        check_instant("-5", Some(-5));
        check_instant("1970-01-01T00:00:01Z", Some(1_000));
        check_instant("1970-01-01T01:00:00+01:00", Some(0));
        check_instant("1970-01-01T00:00:00.0019Z", Some(1));
        check_instant("1969-12-31T23:59:59.9991Z", Some(-1));
        check_instant("1970-01-01T00:00:00", None);
        check_instant("yesterday", None);
    }

    #[test]
    fn replay_takes_its_flags_as_specified() {
        let words = "padwacht replay --samples s.csv.zst --services s.json --maintenance m.csv \
                     --from 2026-01-01T00:00:00Z --until 1767225600000 --stale-after 15m \
                     --workers 4 --out o.csv --skip-bad --quiet";
        let cli = Cli::try_parse_from(words.split_whitespace()).unwrap();
        let Command::Replay(args) = cli.command else { panic!("not replay") };
        assert_eq!(args.from, args.until);
        assert_eq!(args.stale_after, Some(Duration::from_secs(900)));
        assert_eq!(args.workers, Some(4));
        assert!(args.skip_bad && args.quiet);
    }

    #[test]
    fn correlate_has_flags_for_its_processes() {
        let words = "padwacht correlate --kafka k:9092 --processes a:1,b:1 --process 1 --workers 4";
        let cli = Cli::try_parse_from(words.split_whitespace()).unwrap();
        let Command::Correlate(args) = cli.command else { panic!("not correlate") };
        let found: Vec<String> =
            args.overrides().iter().map(|o| format!("{} {}={}", o.flag, o.key, o.value)).collect();
        assert_eq!(
            found,
            [
                "--kafka kafka.brokers=k:9092",
                "--processes correlate.processes=a:1,b:1",
                "--process correlate.process=1",
                "--workers correlate.workers=4",
            ]
        );
    }

    #[test]
    fn every_flag_of_a_stage_is_a_setting() {
        let words = "padwacht all --kafka k:9092 --clickhouse http://c:8123 --database sqlite://d \
                     --data-dir /d --listen [::1]:80 --log-format json --log-filter warn";
        let cli = Cli::try_parse_from(words.split_whitespace()).unwrap();
        let Command::All(args) = cli.command else { panic!("not all") };
        let found: Vec<String> =
            args.overrides().iter().map(|o| format!("{} {}={}", o.flag, o.key, o.value)).collect();
        assert_eq!(
            found,
            [
                "--kafka kafka.brokers=k:9092",
                "--clickhouse clickhouse.url=http://c:8123",
                "--database database.url=sqlite://d",
                "--data-dir general.data_dir=/d",
                "--listen api.listen=[::1]:80",
                "--log-format telemetry.format=json",
                "--log-filter telemetry.filter=warn",
            ]
        );
    }
}
