//! The demo's configuration, built in code. No file and no environment is
//! read, so that a demo can never poll, or write to, a real set-up.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use ingest::librenms::Policy;
use jiff::tz::TimeZone;
use secrecy::SecretString;
use url::Url;

use crate::cli::DemoArgs;
use crate::config::{
    self, ClickHouseConfig, ClockOf, Config, ConfigError, Machine, NmsAccount, NmsKind, Override,
    Polling, World,
};

/// The account's name: the first part of all component ids.
pub(super) const ACCOUNT: &str = "demo";
/// The simulated LibreNMS polls each device so often: LibreNMS's five minutes
/// would be a long time to watch.
pub(super) const POLL_CYCLE_MS: i64 = 5_000;
/// The zone in which the simulated LibreNMS writes its times.
pub(super) const NMS_ZONE: &str = "Europe/Amsterdam";
/// The administrator of the demo.
pub(super) const ADMIN: &str = "admin@demo.example";
/// Often enough that a failure is on the page within seconds.
const POLL_INTERVAL: Duration = Duration::from_secs(2);
const CHANGES_INTERVAL: Duration = Duration::from_secs(1);
/// The simulator gives all ports in one list, however many they are.
const BULK_PORTS_MAX: u32 = 1_000_000;
/// A simulator on the same machine cannot be overrun; its bulk lists take long
/// only on a busy machine.
const REQUESTS_PER_SECOND: u32 = 50;
const REQUESTS_AT_ONCE: u32 = 4;
const BYTES_IN_FLIGHT: u64 = 256 << 20;
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// As for a real network: names and links seldom change.
const INVENTORY_INTERVAL: Duration = Duration::from_secs(3_600);
/// Facts are gathered only so long before the pages show them.
const BATCH_INTERVAL: Duration = Duration::from_millis(500);
/// Soon after the history is read, so that a second start is quick.
const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(15);
/// Readings of the history are ten minutes apart; one may be missed.
const STALE_AFTER: Duration = Duration::from_secs(15 * 60);
/// Next to the port of a real `padwacht all` on the same machine.
const BI_PORT: u16 = 18_124;

/// The machine without files and without any variable but those that say
/// where the home is.
struct Bare<'a>(&'a dyn World);

impl World for Bare<'_> {
    fn variables(&self) -> BTreeMap<String, String> {
        let mut variables = self.0.variables();
        variables.retain(|name, _| matches!(name.as_str(), "HOME" | "XDG_DATA_HOME"));
        variables
    }

    fn read_file(&self, _: &Path) -> io::Result<String> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn cores(&self) -> usize {
        self.0.cores()
    }
}

/// The demo's configuration, still without what is known only when its parts run.
///
/// # Errors
/// A flag with a value that is not allowed.
pub(crate) fn load(args: &DemoArgs) -> Result<Config, ConfigError> {
    load_on(&Machine, args)
}

fn load_on(machine: &dyn World, args: &DemoArgs) -> Result<Config, ConfigError> {
    let machine = Bare(machine);
    let mut overrides = args.overrides();
    let mut config = config::load(&machine, None, &overrides)?.config;
    if args.data_dir.is_none() {
        let dir = config.general.data_dir.join("demo").display().to_string();
        overrides.push(Override { flag: "--data-dir", key: "general.data_dir", value: dir });
        config = config::load(&machine, None, &overrides)?.config;
    }
    config.correlate.stale_after = STALE_AFTER;
    config.correlate.batch_interval = BATCH_INTERVAL;
    config.correlate.checkpoint_interval = CHECKPOINT_INTERVAL;
    config.api.admin_email = ADMIN.to_owned();
    Ok(config)
}

/// What is known only when the demo's parts run.
pub(super) struct Running {
    /// Where the simulated LibreNMS listens.
    pub(super) simulator: SocketAddr,
    /// Its token.
    pub(super) token: SecretString,
    /// The administrator's password.
    pub(super) password: SecretString,
}

/// Completes the configuration for the stages.
///
/// # Errors
/// No port is free for BI tools.
pub(super) fn complete(config: &mut Config, running: Running) -> anyhow::Result<()> {
    let url = format!("http://{}", running.simulator);
    let zone = TimeZone::get(NMS_ZONE).context("find the demo's time zone")?;
    config.nms = vec![NmsAccount {
        name: ACCOUNT.to_owned(),
        kind: NmsKind::LibreNms,
        url: Url::parse(&url).context("write the simulator's address")?,
        token: running.token,
        time_zone: Some(zone),
        clock: ClockOf::Own,
        nms_interval: None,
        version: None,
        event_log: None,
        polling: Polling {
            poll_interval: Some(POLL_INTERVAL),
            glance_interval: None,
            changes_interval: Some(CHANGES_INTERVAL),
            sessions_interval: None,
            checks_interval: None,
            inventory_interval: INVENTORY_INTERVAL,
            requests_per_second: REQUESTS_PER_SECOND,
            requests_at_once: REQUESTS_AT_ONCE,
            bytes_in_flight: BYTES_IN_FLIGHT,
            request_timeout: REQUEST_TIMEOUT,
            policy: Policy::default(),
            bulk_ports_max: BULK_PORTS_MAX,
        },
    }];
    config.api.admin_password = Some(running.password);
    // Whoever looks at a made-up network signs in as they are told.
    config.api.second_factor_for.clear();
    if let ClickHouseConfig::Embedded(engine) = &mut config.clickhouse {
        engine.http_port = free_port(BI_PORT).context("find a port for BI tools")?;
    }
    Ok(())
}

/// Checks that the pages can be served at `address`, before a minute is spent
/// on history.
///
/// # Errors
/// It is in use, or not this machine's.
pub(super) fn check_free(address: SocketAddr) -> anyhow::Result<()> {
    if let Err(error) = TcpListener::bind(address) {
        bail!("cannot listen on {address} ({error}): --listen takes another address");
    }
    Ok(())
}

/// `wanted`, or any other free port on loopback.
fn free_port(wanted: u16) -> io::Result<u16> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, wanted))
        .or_else(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
        .and_then(|listener| Ok(listener.local_addr()?.port()))
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use secrecy::ExposeSecret;

    use super::*;
    use crate::cli::{Cli, Command};
    use crate::config::LogPlace;

    /// A machine on which a real set-up is configured in every way there is.
    struct Configured;

    impl World for Configured {
        fn variables(&self) -> BTreeMap<String, String> {
            let pairs = [
                ("HOME", "/home/noc"),
                ("LIBRENMS_API_URL", "https://nms.example.net"),
                ("LIBRENMS_API_TOKEN", "secret"),
                ("PADWACHT__KAFKA__BROKERS", "kafka:9092"),
            ];
            pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
        }

        fn read_file(&self, _: &Path) -> io::Result<String> {
            Ok(String::from("[clickhouse]\nurl = \"http://clickhouse:8123\"\n"))
        }

        fn cores(&self) -> usize {
            2
        }
    }

    fn config(words: &str) -> Config {
        let words = format!("padwacht demo {words}");
        let cli = Cli::try_parse_from(words.split_whitespace()).expect("valid flags");
        let Command::Demo(args) = cli.command else { panic!("not demo") };
        load_on(&Configured, &args).expect("valid")
    }

    fn completed() -> Config {
        let mut config = config("");
        let running = Running {
            simulator: "127.0.0.1:4711".parse().unwrap(),
            token: SecretString::from("token"),
            password: SecretString::from("a password that is long"),
        };
        complete(&mut config, running).unwrap();
        config
    }

    #[test]
    fn a_real_set_up_is_left_alone() {
        let config = completed();
        let dir = Path::new("/home/noc/.local/share/padwacht/demo");
        assert_eq!(config.general.data_dir, dir);
        assert!(
            matches!(&config.log.place, LogPlace::Embedded { dir: log } if log.starts_with(dir))
        );
        assert!(
            matches!(&config.clickhouse, ClickHouseConfig::Embedded(e) if e.dir.starts_with(dir))
        );
        let database = config.database.url.expose_secret();
        assert_eq!(database, "sqlite:///home/noc/.local/share/padwacht/demo/records.db");
        let [account] = &config.nms[..] else { panic!("one account") };
        assert_eq!(account.url.as_str(), "http://127.0.0.1:4711/");
        assert_eq!(account.token.expose_secret(), "token");
    }

    #[test]
    fn the_only_account_is_one_that_ingest_takes() {
        let config = completed();
        let settings = crate::parts::librenms(&config.nms[0]).expect("valid");
        assert_eq!((settings.name(), settings.url()), (ACCOUNT, "http://127.0.0.1:4711/"));
    }

    #[test]
    fn flags_are_taken() {
        let config = config("--data-dir /d --listen [::1]:80 --log-filter info");
        assert_eq!(config.general.data_dir, Path::new("/d"));
        assert_eq!(config.api.listen, "[::1]:80".parse().unwrap());
        assert_eq!(config.telemetry.filter, "info");
    }
}
