//! `[ingest]` and `[[nms]]`: which network management systems are asked, how
//! often, and how gently.

use std::collections::BTreeSet;
use std::time::Duration;

use correlate::model::ComponentState;
use ingest::librenms::SetAside;
use jiff::tz::TimeZone;
use secrecy::SecretString;
use url::Url;

use super::reader::{Reader, Section};
use super::rule::{BytesIn, Choice, DurationIn, NAME, Rule, UrlOf, Whole, Zone};
use super::{Origin, Problem};

/// Unless set, each follows from the interval in which the NMS itself polls. A
/// simulated one may run faster.
const POLL_INTERVAL: DurationIn =
    DurationIn { min: Duration::from_secs(1), max: Duration::from_secs(3_600) };
const GLANCE_INTERVAL: DurationIn = POLL_INTERVAL;
const CHANGES_INTERVAL: DurationIn = POLL_INTERVAL;
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
/// Customers' traffic most likely passes; only the management plane is lost.
const MANAGEMENT_LOST_DEFAULT: ComponentState = ComponentState::Up;
/// Somebody wanted it so, and it is no outage.
const ADMIN_DOWN_DEFAULT: ComponentState = ComponentState::Unknown;
/// How a device that its operators have set aside counts.
const ASIDE: Choice<SetAside> = Choice(&[("real", SetAside::Real), ("unknown", SetAside::Unknown)]);
/// The largest network whose ports are read in one list.
const BULK_PORTS: Whole = Whole { min: 0, max: 100_000_000 };
const BULK_PORTS_DEFAULT: u32 = 50_000;

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

/// How accounts are polled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Polling {
    /// Between two readings of everything.
    pub poll_interval: Option<Duration>,
    /// Between two readings of what is down.
    pub glance_interval: Option<Duration>,
    /// Between two readings of what changed.
    pub changes_interval: Option<Duration>,
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
    /// The state of a device that answers to ping but no longer to SNMP.
    pub management_lost: ComponentState,
    /// The state of a port that somebody has shut on purpose.
    pub admin_down: ComponentState,
    /// What a device counts for whose alerts are off.
    pub ignored: SetAside,
    /// What a device counts for that the NMS is told to show as up.
    pub status_ignored: SetAside,
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
    /// How it is polled: `[ingest]`, with its own settings on top.
    pub polling: Polling,
}

/// Reads `[ingest]`, the pace of accounts that say nothing else.
pub(super) fn read_polling(reader: &Reader<'_>) -> Polling {
    let default = Polling {
        poll_interval: None,
        glance_interval: None,
        changes_interval: None,
        inventory_interval: INVENTORY_INTERVAL_DEFAULT,
        requests_per_second: REQUESTS_PER_SECOND_DEFAULT,
        requests_at_once: REQUESTS_AT_ONCE_DEFAULT,
        bytes_in_flight: BYTES_IN_FLIGHT_DEFAULT,
        request_timeout: REQUEST_TIMEOUT_DEFAULT,
        management_lost: MANAGEMENT_LOST_DEFAULT,
        admin_down: ADMIN_DOWN_DEFAULT,
        ignored: SetAside::Real,
        status_ignored: SetAside::Real,
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
        management_lost: section.or("management_lost", &STATES, default.management_lost),
        admin_down: section.or("admin_down", &STATES, default.admin_down),
        ignored: section.or("ignored", &ASIDE, default.ignored),
        status_ignored: section.or("status_ignored", &ASIDE, default.status_ignored),
        bulk_ports_max: section.or("bulk_ports_max", &BULK_PORTS, default.bulk_ports_max),
    }
}

/// Reads all accounts: those of `[[nms]]`, and the one of the two variables.
pub(super) fn read_accounts(reader: &Reader<'_>, default: Polling) -> Vec<NmsAccount> {
    let mut names = BTreeSet::new();
    let mut accounts = Vec::new();
    for section in reader.list("nms") {
        let account = account(&section, default);
        if let Some(account) = account {
            if !names.insert(account.name.clone()) {
                section.conflict("name", &format!("{:?} is used twice", account.name));
            }
            accounts.push(account);
        }
    }
    if let Some(account) = simple_account(reader, default) {
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
fn account(section: &Section<'_>, default: Polling) -> Option<NmsAccount> {
    let name = section.required("name", &NAME);
    let kind = section.or("kind", &KINDS, NmsKind::LibreNms);
    let url = section.required("url", &NMS_URL);
    let token = section.secret("token");
    if ["token", "token_file", "token_env"].iter().all(|key| section.raw(key).is_none()) {
        section.missing("token", "the API token (or token_file or token_env, where it stands)");
    }
    let time_zone = section.optional("time_zone", &Zone);
    let polling = polling(section, default);
    let url = base_url(url?);
    Some(NmsAccount { name: name?, kind, url, token: token?, time_zone, polling })
}

fn simple_account(reader: &Reader<'_>, polling: Polling) -> Option<NmsAccount> {
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
    let key = |name: &str| format!("nms[{SIMPLE_NAME}].{name}");
    reader.note(key("url"), NMS_URL.show(&parsed), url.1.clone());
    reader.note(key("token"), String::from("(set, hidden)"), token.1.clone());
    Some(NmsAccount {
        name: SIMPLE_NAME.to_owned(),
        kind: NmsKind::LibreNms,
        url: base_url(parsed),
        token: SecretString::from(token.0.clone()),
        time_zone: None,
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
