//! Believable pages: a regional ISP on an afternoon on which a core router is
//! down, some work is planned and one source is in doubt.
//!
//! Shared by the gallery and by the tests of the pages.

use correlate::model::{ComponentState, Period, ServiceState, Timestamp};
use dashboards::{
    Cause, CauseImpact, DayCell, ErrorKind, ErrorPage, Freshness, IntervalRow, IntervalTable, Kpis,
    Lang, Live, Locale, LoginError, LoginPage, Menu, Notice, OverviewPage, Pager, PathNode,
    PathNodeKind, PathView, PushPage, PushResult, PushRow, PushSecretRow, Segment, ServiceFilter,
    ServiceHead, ServicePage, ServiceRow, ServiceSort, ServiceTable, ServicesPage, SetAsidePage,
    SetAsideReason, SetAsideRow, Shell, SourceTrouble, StateCounts, TableHome, Timeline, Trouble,
    UptimeFigure, UptimePeriod, User, Zoom,
};
use jiff::ToSpan;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;

/// 2026-11-24T13:42:18Z.
pub(crate) const NOW: Timestamp = Timestamp(1_795_527_738_000);

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Name, customer, state, minutes since it began, uptimes in percent.
type Service = (
    &'static str,
    &'static str,
    ServiceState,
    i64,
    Option<&'static str>,
    &'static str,
    &'static str,
);

use ServiceState::{Degraded, Down, Maintenance, Unknown, Up};

const SERVICES: [Service; 12] = [
    (
        "Glasvezel Zakelijk 1G · Zutphen",
        "Bakkerij De Korenaar B.V.",
        Down,
        17,
        Some("98.01"),
        "99.83",
        "99.93",
    ),
    ("IP-VPN hoofdlocatie", "Gemeente Berkelland", Down, 17, Some("98.01"), "99.83", "99.96"),
    (
        "Internet 500/500 · Lochem",
        "Huisartsenpraktijk Berkelzicht",
        Down,
        16,
        Some("98.12"),
        "99.84",
        "99.41",
    ),
    (
        "Ethernet punt-punt Deventer–Apeldoorn",
        "Waterschap Rijn en IJssel",
        Degraded,
        184,
        Some("100.00"),
        "100.00",
        "99.99",
    ),
    (
        "IP-VPN 34 locaties",
        "Albrecht & Zonen Supermarkten",
        Degraded,
        17,
        Some("100.00"),
        "99.99",
        "99.98",
    ),
    (
        "Colocatie-uplink AMS1",
        "Hostwerk Nederland",
        Degraded,
        41,
        Some("100.00"),
        "100.00",
        "100.00",
    ),
    (
        "Glasvezel Zakelijk 200M · Vorden",
        "Camping 't Meulenbrugge",
        Unknown,
        6,
        None,
        "99.12",
        "99.78",
    ),
    (
        "SIP-trunk 60 kanalen",
        "Zorggroep Sint Maarten",
        Maintenance,
        52,
        Some("100.00"),
        "100.00",
        "99.97",
    ),
    (
        "Dark fiber ring Zwolle",
        "Universiteit Twente",
        Up,
        51_840,
        Some("100.00"),
        "100.00",
        "100.00",
    ),
    (
        "Glasvezel Zakelijk 10G",
        "Tandwielfabriek Ter Horst",
        Up,
        31_400,
        Some("100.00"),
        "100.00",
        "99.94",
    ),
    (
        "Internet 1G met 4G-back-up",
        "Notariskantoor Van der Heijden-Oldenburg",
        Up,
        8_211,
        Some("100.00"),
        "99.71",
        "99.86",
    ),
    (
        "Wholesale L2 · NNI Arnhem",
        "Stichting Glasvezel Achterhoek",
        Up,
        120_960,
        Some("100.00"),
        "100.00",
        "100.00",
    ),
];

/// A reader in Amsterdam.
pub(crate) fn locale(lang: Lang) -> Locale {
    Locale::new(lang, TimeZone::get("Europe/Amsterdam").expect("the zone is in the tz database"))
}

/// What surrounds a page when all is well with the data.
/// The menu of an administrator.
pub(crate) const MENU: Menu = Menu {
    customers: true,
    users: true,
    plan: true,
    pipeline: true,
    audit: true,
    permissions: true,
    attempts: true,
    service_tokens: true,
    mails: true,
};

pub(crate) fn shell(lang: Lang, here: &str) -> Shell {
    Shell {
        locale: locale(lang),
        now: NOW,
        user: Some(User {
            name: "Marieke de Groot".to_owned(),
            email: "m.degroot@achterhoek.example".to_owned(),
            menu: MENU,
        }),
        here: here.to_owned(),
        notices: Vec::new(),
        freshness: Freshness { until: Some(NOW.plus_millis(-9_000)), is_stale: false },
    }
}

/// What surrounds a page when sources and pipeline are in trouble.
pub(crate) fn troubled_shell(lang: Lang, here: &str) -> Shell {
    Shell {
        notices: vec![
            Notice::Source {
                name: "zut1".to_owned(),
                trouble: SourceTrouble::Down,
                since: NOW.plus_millis(-11 * MINUTE_MS),
            },
            Notice::Source {
                name: "ams1".to_owned(),
                trouble: SourceTrouble::Suspect,
                since: NOW.plus_millis(-26 * HOUR_MS),
            },
            Notice::Alarm {
                source: "lab".to_owned(),
                fault: "empty".to_owned(),
                since: NOW.plus_millis(-3 * MINUTE_MS),
            },
            Notice::Stale { until: NOW.plus_millis(-7 * MINUTE_MS) },
            Notice::SetAside { count: 3, newest: NOW.plus_millis(-2 * HOUR_MS) },
        ],
        freshness: Freshness { until: Some(NOW.plus_millis(-7 * MINUTE_MS)), is_stale: true },
        ..shell(lang, here)
    }
}

fn cause(native: u32, name: &str) -> Cause {
    Cause { component: format!("ams1/device/{native}"), name: name.to_owned() }
}

fn causes_of(state: ServiceState) -> Vec<Cause> {
    match state {
        Down => vec![cause(17, "agg-zut-02.zutphen")],
        Degraded => vec![
            cause(17, "agg-zut-02.zutphen"),
            Cause {
                component: "ams1/port/4711".to_owned(),
                name: "xe-0/0/3 · core-dev-01".to_owned(),
            },
        ],
        Unknown => vec![cause(203, "acc-vor-11.vorden")],
        Maintenance => vec![cause(88, "sbc-01.deventer")],
        Up => Vec::new(),
    }
}

fn today() -> Date {
    date(2026, 11, 24)
}

/// Thirty days in which the service of that number had its bad ones.
pub(crate) fn days(seed: usize, state: ServiceState) -> Vec<DayCell> {
    let mut days: Vec<DayCell> = (0..30)
        .map(|ago| {
            let noise = (seed * 31 + ago * 17 + seed * ago) % 61;
            let (worst, percent, down_ms) = match noise {
                3 => (Down, "97.22", 40 * MINUTE_MS),
                11 => (Down, "99.65", 5 * MINUTE_MS),
                19 | 40 => (Degraded, "100.00", 0),
                27 => (Maintenance, "100.00", 0),
                _ => (Up, "100.00", 0),
            };
            DayCell {
                date: today() - i64::try_from(ago).expect("thirty").days(),
                worst: Some(worst),
                uptime_percent: Some(percent.to_owned()),
                down_ms,
            }
        })
        .collect();
    days[0].worst = Some(state);
    if state == Down {
        days[0].uptime_percent = Some("98.01".to_owned());
        days[0].down_ms = 17 * MINUTE_MS;
    }
    if state == Unknown {
        days[0].uptime_percent = None;
        for day in &mut days[22..] {
            (day.worst, day.uptime_percent, day.down_ms) = (None, None, 0);
        }
    }
    days.reverse();
    days
}

fn counts() -> StateCounts {
    StateCounts { up: 1_187, degraded: 14, down: 9, maintenance: 3, unknown: 2 }
}

/// What is going on now.
pub(crate) fn live() -> Live {
    let troubles = SERVICES
        .iter()
        .filter(|service| matches!(service.2, Down | Degraded))
        .enumerate()
        .map(|(index, (name, customer, state, minutes, ..))| Trouble {
            service: format!("svc-{:05}", 10_300 + index),
            name: (*name).to_owned(),
            customer: (*customer).to_owned(),
            state: *state,
            since: NOW.plus_millis(-minutes * MINUTE_MS - 23_000),
            causes: causes_of(*state),
        })
        .collect();
    Live {
        counts: counts(),
        troubles,
        impacts: vec![
            CauseImpact {
                cause: cause(17, "agg-zut-02.zutphen"),
                down: 8,
                degraded: 11,
                maintenance: 1,
                unknown: 2,
            },
            CauseImpact {
                cause: Cause {
                    component: "ams1/port/4711".to_owned(),
                    name: "xe-0/0/3 · core-dev-01.deventer".to_owned(),
                },
                down: 0,
                degraded: 3,
                maintenance: 0,
                unknown: 0,
            },
            CauseImpact {
                cause: cause(341, "cpe-korenaar-zut"),
                down: 1,
                degraded: 0,
                maintenance: 0,
                unknown: 0,
            },
        ],
    }
}

/// A network without a fault.
pub(crate) fn calm_live() -> Live {
    Live { counts: StateCounts { up: 1_215, ..StateCounts::default() }, ..Live::default() }
}

/// One page of services.
pub(crate) fn table(home: TableHome, filter: ServiceFilter) -> ServiceTable {
    let rows: Vec<ServiceRow> = SERVICES
        .iter()
        .enumerate()
        .filter(|(_, service)| filter.state.is_none_or(|state| state == service.2))
        .map(|(index, (name, customer, state, minutes, day, week, month))| ServiceRow {
            id: format!("svc-{:05}", 10_300 + index),
            name: (*name).to_owned(),
            customer: (*customer).to_owned(),
            state: *state,
            since: NOW.plus_millis(-minutes * MINUTE_MS),
            uptime_today: day.map(str::to_owned),
            uptime_7d: Some((*week).to_owned()),
            uptime_30d: Some((*month).to_owned()),
            days: days(index, *state),
        })
        .collect();
    let total = if filter == ServiceFilter::default() { 1_215 } else { rows.len() as u64 };
    ServiceTable { home, filter, rows, pager: Pager { page: 1, per_page: 12, total } }
}

/// A table in which nothing was found, or in which there is nothing.
pub(crate) fn empty_table(filter: ServiceFilter) -> ServiceTable {
    let pager = Pager { page: 1, per_page: 12, total: 0 };
    ServiceTable { home: TableHome::Services, filter, rows: Vec::new(), pager }
}

/// The overview in the middle of an outage.
pub(crate) fn overview(shell: Shell) -> OverviewPage {
    let table = table(TableHome::Overview, ServiceFilter::default());
    OverviewPage { shell, live: live(), table }
}

/// The list of services, filtered.
pub(crate) fn services(shell: Shell) -> ServicesPage {
    let filter = ServiceFilter {
        state: Some(Degraded),
        cause: Some(cause(17, "agg-zut-02.zutphen")),
        sort: ServiceSort::Name,
        ..ServiceFilter::default()
    };
    ServicesPage { shell, counts: counts(), table: table(TableHome::Services, filter) }
}

pub(crate) fn set_aside(shell: Shell) -> SetAsidePage {
    let row = |reason, key: &str, detail: &str, count| SetAsideRow {
        at: NOW.plus_millis(-2 * HOUR_MS),
        reason,
        place: String::from("padwacht.samples/3 · 918273"),
        key: key.to_owned(),
        detail: detail.to_owned(),
        count,
    };
    let rows = vec![
        row(
            SetAsideReason::Undecodable,
            "ams1/device/42",
            "the value is no DeviceReport: invalid wire type <b>6</b>",
            1,
        ),
        row(
            SetAsideReason::TooLate,
            "ams1/port/4711",
            "ams1/port/4711 was down at 1795354938000 ms: what was known around it was forgotten",
            12,
        ),
    ];
    let pager = Pager { page: 2, per_page: 2, total: 5 };
    SetAsidePage { shell, reason: Some(SetAsideReason::TooLate), rows, pager }
}

fn leaf(native: u32, kind: &str, name: &str, detail: &str, state: ComponentState) -> PathNode {
    PathNode {
        kind: PathNodeKind::Component {
            id: format!("ams1/{kind}/{native}"),
            kind: kind.to_owned(),
        },
        name: name.to_owned(),
        detail: detail.to_owned(),
        device: match (kind, detail) {
            ("device", _) => format!("ams1/device/{native}"),
            ("port", "core-dev-01") => "ams1/device/2".to_owned(),
            ("port", "acc-zut-07") => "ams1/device/204".to_owned(),
            _ => String::new(),
        },
        state,
        in_maintenance: false,
        is_cause: state == ComponentState::Down,
        children: Vec::new(),
    }
}

fn group(kind: PathNodeKind, state: ComponentState, children: Vec<PathNode>) -> PathNode {
    PathNode {
        kind,
        name: String::new(),
        detail: String::new(),
        device: String::new(),
        state,
        in_maintenance: false,
        is_cause: false,
        children,
    }
}

/// Two core legs, a redundant aggregation of which one is down, an access
/// switch, and the line to the customer.
pub(crate) fn path() -> PathView {
    use ComponentState as C;
    let core = group(
        PathNodeKind::Any,
        C::Up,
        vec![
            leaf(1, "device", "core-ams-01", "Amsterdam", C::Up),
            leaf(2, "device", "core-dev-01", "Deventer", C::Up),
        ],
    );
    let aggregation = group(
        PathNodeKind::Any,
        C::Up,
        vec![
            group(
                PathNodeKind::All,
                C::Up,
                vec![
                    leaf(4_709, "port", "xe-0/0/1", "core-dev-01", C::Up),
                    leaf(16, "device", "agg-zut-01", "Zutphen", C::Up),
                ],
            ),
            group(
                PathNodeKind::All,
                C::Down,
                vec![
                    leaf(4_711, "port", "xe-0/0/3", "core-dev-01", C::Unknown),
                    leaf(17, "device", "agg-zut-02", "Zutphen", C::Down),
                ],
            ),
        ],
    );
    let mut access = leaf(204, "device", "acc-zut-07", "Zutphen", C::Up);
    access.in_maintenance = true;
    let dns = PathNode {
        kind: PathNodeKind::Service { id: "svc-dns".to_owned() },
        ..leaf(0, "service", "DNS-resolvers", "", C::Up)
    };
    let root = group(
        PathNodeKind::All,
        C::Up,
        vec![
            core,
            aggregation,
            access,
            leaf(9_120, "port", "ge-0/0/12", "acc-zut-07", C::Up),
            group(
                PathNodeKind::AtLeast(1),
                C::Up,
                vec![dns, leaf(77, "device", "ns3", "Arnhem", C::Up)],
            ),
        ],
    );
    PathView { root: Some(root) }
}

fn timeline(zoom: Zoom) -> Timeline {
    let from = NOW.plus_millis(-zoom.millis());
    let share = |thousandths: i64| from.plus_millis(zoom.millis() / 1_000 * thousandths);
    let pieces = [
        (Up, 0),
        (Maintenance, 118),
        (Up, 171),
        (Down, 402),
        (Up, 409),
        (Unknown, 560),
        (Up, 604),
        (Degraded, 760),
        (Up, 812),
        (Down, 871),
        (Up, 872),
        (Degraded, 988),
    ];
    let ends = pieces.iter().skip(1).map(|piece| share(piece.1)).chain([NOW]);
    let segments = pieces
        .iter()
        .zip(ends)
        .map(|((state, start), end)| Segment {
            state: *state,
            start: share(*start),
            end,
            causes: causes_of(*state),
        })
        .collect();
    Timeline { zoom, period: Period::new(from, NOW), segments }
}

fn intervals() -> IntervalTable {
    let mut end = None;
    let mut at = NOW.plus_millis(-17 * MINUTE_MS - 23_417);
    let rows = [Degraded, Up, Down, Up, Degraded, Maintenance, Up, Unknown, Up, Down]
        .into_iter()
        .enumerate()
        .map(|(index, state)| {
            let row = IntervalRow { state, start: at, end, causes: causes_of(state) };
            end = Some(at);
            let step = i64::try_from(index * index + 1).expect("small") * 37 * MINUTE_MS + 4_321;
            at = at.plus_millis(-step);
            row
        })
        .collect();
    IntervalTable { rows, pager: Pager { page: 1, per_page: 10, total: 138 } }
}

fn kpis() -> Kpis {
    let figure = |period, uptime: &str, completeness: &str| UptimeFigure {
        period,
        uptime_percent: Some(uptime.to_owned()),
        completeness_percent: Some(completeness.to_owned()),
    };
    Kpis {
        uptime: vec![
            figure(UptimePeriod::Today, "100.00", "100.00"),
            figure(UptimePeriod::Days7, "99.97", "99.81"),
            figure(UptimePeriod::Days30, "99.94", "99.96"),
            figure(UptimePeriod::ThisYear, "99.981", "99.90"),
        ],
        outages_30d: 4,
        down_30d_ms: 26 * MINUTE_MS + 12_000,
        longest_outage_30d_ms: Some(17 * MINUTE_MS + 40_000),
        degraded_30d_ms: DAY_MS + 3 * HOUR_MS,
    }
}

/// A service that lost its redundancy.
pub(crate) fn service(shell: Shell, zoom: Zoom) -> ServicePage {
    ServicePage {
        shell,
        service: ServiceHead {
            id: "svc-10304".to_owned(),
            name: "Glasvezel Zakelijk 1G · Zutphen".to_owned(),
            customer: "Bakkerij De Korenaar B.V.".to_owned(),
            state: Some(Degraded),
            since: Some(NOW.plus_millis(-17 * MINUTE_MS - 23_000)),
            causes: vec![cause(17, "agg-zut-02.zutphen")],
        },
        kpis: kpis(),
        timeline: timeline(zoom),
        days: days(3, Degraded),
        path: path(),
        intervals: intervals(),
        as_of: None,
    }
}

/// A service that was defined a moment ago: no figure, no path, no interval.
pub(crate) fn new_service(shell: Shell) -> ServicePage {
    let zoom = Zoom::Hours24;
    let period = Period::new(NOW.plus_millis(-zoom.millis()), NOW);
    ServicePage {
        service: ServiceHead {
            id: "new/1".to_owned(),
            name: "<script>alert(1)</script> & co".to_owned(),
            customer: String::new(),
            state: None,
            since: None,
            causes: Vec::new(),
        },
        kpis: Kpis {
            uptime: vec![UptimeFigure {
                period: UptimePeriod::Today,
                uptime_percent: None,
                completeness_percent: None,
            }],
            ..Kpis::default()
        },
        timeline: Timeline { zoom, period, segments: Vec::new() },
        days: Vec::new(),
        path: PathView { root: None },
        intervals: IntervalTable {
            rows: Vec::new(),
            pager: Pager { page: 1, per_page: 10, total: 0 },
        },
        as_of: None,
        shell,
    }
}

/// The sign-in page.
pub(crate) fn login(lang: Lang, error: Option<LoginError>) -> LoginPage {
    let shell = Shell { user: None, ..shell(lang, "/login") };
    let email = if error.is_some() { "m.degroot@achterhoek.example" } else { "" };
    LoginPage {
        shell,
        email: email.to_owned(),
        next: "/services?state=down".to_owned(),
        error,
        is_changed: false,
        sign_on: Some(super::people::sign_on_button(lang)),
        sign_out_at: None,
        passkeys_work: true,
    }
}

/// Every error page.
pub(crate) fn errors(lang: Lang) -> Vec<ErrorPage> {
    let reference = "01932c6e-7c1b-7d44".to_owned();
    [
        ErrorKind::NotFound,
        ErrorKind::Forbidden,
        ErrorKind::Internal { reference: reference.clone() },
        ErrorKind::Unavailable { reference },
        ErrorKind::Told {
            status: 422,
            title: "Geweigerd".to_owned(),
            detail: "Er is iets mis met wat is gestuurd.".to_owned(),
            refusals: vec!["from: must be before to".to_owned()],
            retry_after_s: None,
        },
        ErrorKind::Told {
            status: 429,
            title: "Te veel verzoeken".to_owned(),
            detail: String::new(),
            refusals: Vec::new(),
            retry_after_s: Some(5),
        },
    ]
    .into_iter()
    .map(|kind| ErrorPage { shell: shell(lang, "/nowhere"), kind })
    .collect()
}

/// Push from an account, just after a new secret was made if `fresh`.
pub(crate) fn push(shell: Shell, fresh: bool) -> PushPage {
    let secret = |prefix: &str, days: i64, ends_at: Option<Timestamp>| PushSecretRow {
        id: prefix.to_owned(),
        prefix: prefix.to_owned(),
        created_by: "sanne@isp.example".to_owned(),
        created_at: NOW.plus_millis(-days * DAY_MS),
        ends_at,
        last_used_at: (days > 0).then_some(NOW.plus_millis(-3 * MINUTE_MS)),
        works: ends_at.is_none_or(|end| end > NOW),
    };
    let push = |minutes: i64, result, device: Option<&str>, rule: &str, found| PushRow {
        at: NOW.plus_millis(-minutes * MINUTE_MS),
        result,
        device: device.map(str::to_owned),
        rule: rule.to_owned(),
        address: "192.0.2.14".to_owned(),
        found,
    };
    PushPage {
        shell,
        account: "ams1".to_owned(),
        url: "https://uptime.isp.example/push/ams1".to_owned(),
        version: Some("26.7.0".to_owned()),
        fresh: fresh.then(|| format!("pwpush_{}", "3f9a04c1".repeat(8))),
        secrets: vec![
            secret("pwpush_3f9a0", 0, None),
            secret("pwpush_77c1e", 40, Some(NOW.plus_millis(DAY_MS))),
            secret("pwpush_0a4b2", 200, Some(NOW.plus_millis(-40 * DAY_MS))),
        ],
        pushes: vec![
            push(3, PushResult::Device, Some("zp-core-1"), "Device down", Some(14)),
            push(17, PushResult::Limited, Some("zp-agg-3"), "Port down <b>", None),
            push(41, PushResult::Anything, None, "", Some(0)),
            push(190, PushResult::LogAway, Some("77"), "Device down", None),
            push(1_600, PushResult::Test, None, "Test-Rule", None),
        ],
        tested_at: Some(NOW.plus_millis(-1_600 * MINUTE_MS)),
    }
}

/// Push from an account that has never pushed.
pub(crate) fn push_nothing(shell: Shell) -> PushPage {
    PushPage {
        version: None,
        fresh: None,
        secrets: Vec::new(),
        pushes: Vec::new(),
        tested_at: None,
        ..push(shell, false)
    }
}
