//! `[ingest]` and `[[nms]]`: which network management systems are asked, how
//! often, and how gently.

use std::collections::BTreeSet;
use std::time::Duration;

use correlate::model::ComponentState;
use ingest::librenms::{Deleted, FrozenPorts, Policy, SetAside};
use jiff::tz::TimeZone;
use secrecy::SecretString;
use url::Url;

use super::reader::{Reader, Section};
use super::rule::{BytesIn, Choice, DurationIn, NAME, Rule, Text, UrlOf, Whole, Zone};
use super::{InClear, Origin, Problem};

/// Unless set, each follows from the interval in which the NMS itself polls. A
/// simulated one may run faster.
const POLL_INTERVAL: DurationIn =
    DurationIn { min: Duration::from_secs(1), max: Duration::from_secs(3_600) };
const GLANCE_INTERVAL: DurationIn = POLL_INTERVAL;
const CHANGES_INTERVAL: DurationIn = POLL_INTERVAL;
const SESSIONS_INTERVAL: DurationIn = POLL_INTERVAL;
const CHECKS_INTERVAL: DurationIn = POLL_INTERVAL;
const INVENTORY_INTERVAL: DurationIn =
    DurationIn { min: Duration::from_secs(60), max: Duration::from_secs(7 * 86_400) };
const INVENTORY_INTERVAL_DEFAULT: Duration = Duration::from_secs(3_600);
/// Each request occupies a php-fpm worker of the NMS.
const REQUESTS_PER_SECOND: Whole = Whole { min: 1, max: 100 };
const REQUESTS_PER_SECOND_DEFAULT: u32 = 5;
/// php-fpm has 5 to 50 workers, which people's pages need as well.
const REQUESTS_AT_ONCE: Whole = Whole { min: 1, max: 16 };
const REQUESTS_AT_ONCE_DEFAULT: u32 = 3;
/// PHP builds each answer in its own memory (128 MB each by default).
const BYTES_IN_FLIGHT: BytesIn = BytesIn { min: 1 << 20, max: 4 << 30 };
const BYTES_IN_FLIGHT_DEFAULT: u64 = 64 << 20;
/// LibreNMS builds a bulk list in full before it sends the first byte; 10,000
/// devices (25 MB) take most of a minute.
const REQUEST_TIMEOUT: DurationIn =
    DurationIn { min: Duration::from_secs(5), max: Duration::from_secs(900) };
const REQUEST_TIMEOUT_DEFAULT: Duration = Duration::from_secs(180);

const STATES: Choice<ComponentState> = Choice(&[
    ("up", ComponentState::Up),
    ("down", ComponentState::Down),
    ("unknown", ComponentState::Unknown),
]);
/// What the ports of a device that cannot be read count for.
const FROZEN: Choice<FrozenPorts> =
    Choice(&[("unknown", FrozenPorts::Unknown), ("as_device", FrozenPorts::AsDevice)]);
/// What a device or port counts for that was deleted.
const DELETED: Choice<Deleted> =
    Choice(&[("unknown", Deleted::Unknown), ("stale", Deleted::Stale)]);
/// How old evidence may be; at least three polls of the NMS in any case.
const FRESH_FOR: DurationIn =
    DurationIn { min: Duration::from_secs(60), max: Duration::from_secs(7 * 86_400) };
/// How often an NMS polls.
const NMS_INTERVAL: DurationIn = POLL_INTERVAL;
const SWITCH: Choice<bool> = Choice(&[("on", true), ("off", false)]);
/// A version of an NMS: it decides how it is asked.
const VERSION: Text = Text {
    allowed: "a version that begins with two numbers, such as \"26.7.0\"",
    accepts: |text| {
        let mut parts = text.split(['.', '-']);
        let mut is_number = || parts.next().is_some_and(|part| part.parse::<u32>().is_ok());
        text.len() <= 64 && is_number() && is_number()
    },
};
/// How a device that its operators have set aside counts.
const ASIDE: Choice<SetAside> = Choice(&[("real", SetAside::Real), ("unknown", SetAside::Unknown)]);
/// The largest network whose ports are read in one list: by default as many as
/// an answer has room for.
const BULK_PORTS: Whole = Whole { min: 0, max: 100_000_000 };
const BULK_PORTS_DEFAULT: u32 = 5_000_000;

const CLOCKS: Choice<ClockOf> = Choice(&[("own", ClockOf::Own), ("nms", ClockOf::Nms)]);

const NMS_URL: UrlOf =
    UrlOf { schemes: &["https", "http"], example: "https://librenms.example.net" };
const KINDS: Choice<NmsKind> = Choice(&[("librenms", NmsKind::LibreNms)]);

/// The account that `LIBRENMS_API_URL` and `LIBRENMS_API_TOKEN` make.
const SIMPLE_NAME: &str = "librenms";
const SIMPLE_URL: &str = "LIBRENMS_API_URL";
const SIMPLE_TOKEN: &str = "LIBRENMS_API_TOKEN";
/// People give the URL with or without it; the client adds it.
const API_PATH: &str = "/api/v0";

/// Which product an account speaks to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NmsKind {
    /// LibreNMS, API v0.
    LibreNms,
}

/// Whose time an account's readings are dated in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ClockOf {
    /// That of this machine.
    Own,
    /// That of the NMS, by the `Date` of its answers: for a simulated one.
    Nms,
}

/// How accounts are polled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Polling {
    /// Between two readings of everything.
    pub poll_interval: Option<Duration>,
    /// Between two readings of what is down.
    pub glance_interval: Option<Duration>,
    /// Between two readings of what changed.
    pub changes_interval: Option<Duration>,
    /// Between two readings of the BGP sessions.
    pub sessions_interval: Option<Duration>,
    /// Between two readings of the service checks.
    pub checks_interval: Option<Duration>,
    /// Between two reads of the inventory (names, links).
    pub inventory_interval: Duration,
    /// The throttle, per account: requests within any one second.
    pub requests_per_second: u32,
    /// The throttle, per account: requests under way at the same time.
    pub requests_at_once: u32,
    /// The throttle, per account: bytes of answers under way at the same time.
    pub bytes_in_flight: u64,
    /// How long one answer may take.
    pub request_timeout: Duration,
    /// What a row means.
    pub policy: Policy,
    /// Above this many ports they are read device by device.
    pub bulk_ports_max: u32,
}

/// One account of an NMS: one `[[nms]]`.
#[derive(Clone, Debug)]
pub(crate) struct NmsAccount {
    /// The first part of all its component ids; unique.
    pub name: String,
    /// Which product it is.
    pub kind: NmsKind,
    /// The base URL, without `/api/v0`.
    pub url: Url,
    /// The API token.
    pub token: SecretString,
    /// The zone in which the server writes its local times; found out by asking
    /// if not given.
    pub time_zone: Option<TimeZone>,
    /// Whose time readings are dated in.
    pub clock: ClockOf,
    /// How often the NMS itself polls; found out if not given.
    pub nms_interval: Option<Duration>,
    /// The version of the NMS; asked for if not given.
    pub version: Option<String>,
    /// Whether its event log is read; found out if not given.
    pub event_log: Option<bool>,
    /// How it is polled: `[ingest]`, with its own settings on top.
    pub polling: Polling,
}

/// Reads `[ingest]`, the pace of accounts that say nothing else.
pub(super) fn read_polling(reader: &Reader<'_>) -> Polling {
    let default = Polling {
        poll_interval: None,
        glance_interval: None,
        changes_interval: None,
        sessions_interval: None,
        checks_interval: None,
        inventory_interval: INVENTORY_INTERVAL_DEFAULT,
        requests_per_second: REQUESTS_PER_SECOND_DEFAULT,
        requests_at_once: REQUESTS_AT_ONCE_DEFAULT,
        bytes_in_flight: BYTES_IN_FLIGHT_DEFAULT,
        request_timeout: REQUEST_TIMEOUT_DEFAULT,
        policy: Policy::default(),
        bulk_ports_max: BULK_PORTS_DEFAULT,
    };
    polling(&reader.section("ingest"), default)
}

fn polling(section: &Section<'_>, default: Polling) -> Polling {
    Polling {
        poll_interval: section.optional("poll_interval", &POLL_INTERVAL).or(default.poll_interval),
        glance_interval: section
            .optional("glance_interval", &GLANCE_INTERVAL)
            .or(default.glance_interval),
        changes_interval: section
            .optional("changes_interval", &CHANGES_INTERVAL)
            .or(default.changes_interval),
        sessions_interval: section
            .optional("sessions_interval", &SESSIONS_INTERVAL)
            .or(default.sessions_interval),
        checks_interval: section
            .optional("checks_interval", &CHECKS_INTERVAL)
            .or(default.checks_interval),
        inventory_interval: section.or(
            "inventory_interval",
            &INVENTORY_INTERVAL,
            default.inventory_interval,
        ),
        requests_per_second: section.or(
            "requests_per_second",
            &REQUESTS_PER_SECOND,
            default.requests_per_second,
        ),
        requests_at_once: section.or(
            "requests_at_once",
            &REQUESTS_AT_ONCE,
            default.requests_at_once,
        ),
        bytes_in_flight: section.or("bytes_in_flight", &BYTES_IN_FLIGHT, default.bytes_in_flight),
        request_timeout: section.or("request_timeout", &REQUEST_TIMEOUT, default.request_timeout),
        policy: policy(section, default.policy),
        bulk_ports_max: section.or("bulk_ports_max", &BULK_PORTS, default.bulk_ports_max),
    }
}

/// What rows mean. The table itself is in `ingest`.
fn policy(section: &Section<'_>, default: Policy) -> Policy {
    let state = |key, default| section.or(key, &STATES, default);
    let fresh_for = Duration::from_millis(u64::try_from(default.fresh_for_ms).unwrap_or(0));
    let fresh_for = section.or("fresh_for", &FRESH_FOR, fresh_for);
    Policy {
        management_lost: state("management_lost", default.management_lost),
        snmp_without_ping: state("snmp_without_ping", default.snmp_without_ping),
        disabled: state("disabled", default.disabled),
        never_polled: state("never_polled", default.never_polled),
        ignored: section.or("ignored", &ASIDE, default.ignored),
        status_ignored: section.or("status_ignored", &ASIDE, default.status_ignored),
        deleted: section.or("deleted", &DELETED, default.deleted),
        admin_down: state("admin_down", default.admin_down),
        frozen_ports: section.or("frozen_ports", &FROZEN, default.frozen_ports),
        dormant: state("dormant", default.dormant),
        testing: state("testing", default.testing),
        not_present: state("not_present", default.not_present),
        check_warning: state("check_warning", default.check_warning),
        fresh_for_ms: i64::try_from(fresh_for.as_millis()).unwrap_or(i64::MAX),
    }
}

/// Reads all accounts: those of `[[nms]]`, and the one of the two variables.
pub(super) fn read_accounts(
    reader: &Reader<'_>,
    default: Polling,
    in_clear: InClear,
) -> Vec<NmsAccount> {
    let mut names = BTreeSet::new();
    let mut accounts = Vec::new();
    for section in reader.list("nms") {
        let account = account(&section, default, in_clear);
        if let Some(account) = account {
            if !names.insert(account.name.clone()) {
                section.conflict("name", &format!("{:?} is used twice", account.name));
            }
            accounts.push(account);
        }
    }
    if let Some(account) = simple_account(reader, default, in_clear) {
        if names.contains(SIMPLE_NAME) {
            let reason = format!("makes an account named {SIMPLE_NAME:?}, and [[nms]] has one too");
            let origin = variable_origin(SIMPLE_URL);
            reader.problem(Problem::Conflict { origin, key: SIMPLE_URL.to_owned(), reason });
        }
        accounts.push(account);
    }
    accounts
}

/// Everything is read before anything is given up, so that all errors show.
fn account(section: &Section<'_>, default: Polling, in_clear: InClear) -> Option<NmsAccount> {
    let name = section.required("name", &NAME);
    let kind = section.or("kind", &KINDS, NmsKind::LibreNms);
    let url = section.required("url", &NMS_URL);
    let token = section.secret("token");
    if ["token", "token_file", "token_env"].iter().all(|key| section.raw(key).is_none()) {
        section.missing("token", "the API token (or token_file or token_env, where it stands)");
    }
    let time_zone = section.optional("time_zone", &Zone);
    let clock = section.or("clock", &CLOCKS, ClockOf::Own);
    let nms_interval = section.optional("nms_interval", &NMS_INTERVAL);
    let version = section.optional("version", &VERSION);
    let event_log = section.optional("event_log", &SWITCH);
    let polling = polling(section, default);
    if let Some(reason) = url.as_ref().and_then(|url| in_clear.refuses_http(url)) {
        section.conflict("url", &reason);
    }
    let url = base_url(url?);
    Some(NmsAccount {
        name: name?,
        kind,
        url,
        token: token?,
        time_zone,
        clock,
        nms_interval,
        version,
        event_log,
        polling,
    })
}

fn simple_account(reader: &Reader<'_>, polling: Polling, in_clear: InClear) -> Option<NmsAccount> {
    let (url, token) = match (reader.variable(SIMPLE_URL), reader.variable(SIMPLE_TOKEN)) {
        (None, None) => return None,
        (Some(url), Some(token)) => (url, token),
        (Some((_, origin)), None) => return half_missing(reader, origin, SIMPLE_TOKEN),
        (None, Some((_, origin))) => return half_missing(reader, origin, SIMPLE_URL),
    };
    let Some(parsed) = NMS_URL.read(&super::tree::Value::Text(url.0.clone())) else {
        reader.problem(Problem::Value {
            origin: url.1.clone(),
            key: SIMPLE_URL.to_owned(),
            allowed: NMS_URL.allowed(),
            found: format!("{:?}", url.0),
        });
        return None;
    };
    if let Some(reason) = in_clear.refuses_http(&parsed) {
        let (origin, key) = (url.1.clone(), SIMPLE_URL.to_owned());
        reader.problem(Problem::Conflict { origin, key, reason });
    }
    let key = |name: &str| format!("nms[{SIMPLE_NAME}].{name}");
    reader.note(key("url"), NMS_URL.show(&parsed), url.1.clone());
    reader.note(key("token"), String::from("(set, hidden)"), token.1.clone());
    Some(NmsAccount {
        name: SIMPLE_NAME.to_owned(),
        kind: NmsKind::LibreNms,
        url: base_url(parsed),
        token: SecretString::from(token.0.clone()),
        time_zone: None,
        clock: ClockOf::Own,
        nms_interval: None,
        version: None,
        event_log: None,
        polling,
    })
}

fn half_missing(reader: &Reader<'_>, origin: &Origin, missing: &str) -> Option<NmsAccount> {
    let allowed = match missing {
        SIMPLE_URL => NMS_URL.allowed(),
        _ => String::from("the API token"),
    };
    let (origin, key) = (origin.clone(), missing.to_owned());
    reader.problem(Problem::Missing { origin, key, allowed });
    None
}

fn variable_origin(name: &str) -> Origin {
    Origin::Variable(name.into())
}

fn base_url(mut url: Url) -> Url {
    let path = url.path().trim_end_matches('/');
    let path = path.strip_suffix(API_PATH).unwrap_or(path).to_owned();
    url.set_path(&path);
    url.set_query(None);
    url
}
