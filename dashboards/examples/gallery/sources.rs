//! Believable sources: a large LibreNMS in doubt, a small one that is well,
//! and one whose ingest has fallen silent.

use correlate::model::Timestamp;
use dashboards::{
    AccountCheck, AccountForm, AccountHead, AccountPage, AccountRefusal, AccountRow,
    AccountSetting, FoundValue, Shell, SourceAbilityRow, SourceAlarmRow, SourceCallRow,
    SourceCondition, SourceFailureRow, SourceFindingRow, SourceHead, SourcePage, SourceReason,
    SourcesPage, UnwatchedBecause, UnwatchedPage, UnwatchedRow,
};

use super::fixtures::NOW;

const MINUTE_MS: i64 = 60_000;

fn ago(minutes: i64) -> Timestamp {
    NOW.plus_millis(-minutes * MINUTE_MS)
}

fn head(name: &str, condition: SourceCondition) -> SourceHead {
    SourceHead {
        name: name.to_owned(),
        condition,
        since: ago(42),
        reported_at: ago(1),
        last_success_at: Some(ago(1)),
        is_silent: false,
        devices: 104_312,
        devices_stale: 871,
        ports: 2_087_334,
        data_age_ms: Some(94_000),
    }
}

pub(crate) fn sources(shell: Shell) -> SourcesPage {
    let small = SourceHead {
        devices: 812,
        devices_stale: 0,
        ports: 20_411,
        since: ago(60 * 24 * 12),
        ..head("zutphen", SourceCondition::Ok)
    };
    let silent = SourceHead {
        reported_at: ago(95),
        is_silent: true,
        data_age_ms: None,
        ..head("lab", SourceCondition::Down)
    };
    let account = |name: &str, enabled| AccountRow {
        name: name.to_owned(),
        url: format!("https://{name}.example.net/"),
        enabled,
        token: Some(("anna@example.net".to_owned(), ago(60))),
        is_hidden: name == "lab",
    };
    let configured = AccountRow { token: None, ..account("ams1", true) };
    SourcesPage {
        shell,
        sources: vec![head("ams1", SourceCondition::Suspect), silent, small],
        accounts: vec![configured, account("lab", true), account("zutphen", false)],
        may_edit: true,
        is_saved: true,
    }
}

pub(crate) fn none(shell: Shell) -> SourcesPage {
    SourcesPage {
        shell,
        sources: Vec::new(),
        accounts: Vec::new(),
        may_edit: false,
        is_saved: false,
    }
}

fn settings() -> Vec<AccountSetting> {
    let setting = |key: &str, value: &str, default: Option<&str>| AccountSetting {
        key: key.to_owned(),
        value: value.to_owned(),
        default: default.map(str::to_owned),
    };
    vec![
        setting("time_zone", "Europe/Amsterdam", None),
        setting("requests_per_second", "", Some("5")),
        setting("one_without_words", "", None),
    ]
}

/// The form for a new account.
pub(crate) fn account_new(shell: Shell) -> AccountPage {
    AccountPage {
        shell,
        account: None,
        form: AccountForm { enabled: true, settings: settings(), ..AccountForm::default() },
        refusals: vec![AccountRefusal {
            field: "url".to_owned(),
            reason: "must begin with https://".to_owned(),
        }],
        check: None,
        is_saved: false,
    }
}

/// An account whose connection was tried.
pub(crate) fn account(shell: Shell, is_well: bool) -> AccountPage {
    let step = |subject: &str, outcome: Result<&str, &str>| AccountCheck {
        subject: subject.to_owned(),
        outcome: outcome.map(str::to_owned).map_err(str::to_owned),
    };
    let last = if is_well { Ok("812 devices") } else { Err("forbidden") };
    AccountPage {
        shell,
        account: Some(AccountHead {
            name: "ams1".to_owned(),
            token_set_by: "anna@example.net".to_owned(),
            token_set_at: ago(60),
        }),
        form: AccountForm {
            name: "ams1".to_owned(),
            url: "https://ams1.example.net/".to_owned(),
            enabled: true,
            settings: settings(),
        },
        refusals: Vec::new(),
        check: Some(vec![
            step("address and token", Ok("LibreNMS 26.10")),
            step("device list", last),
        ]),
        is_saved: true,
    }
}

fn call(kind: &str, calls: u64, failed: u64, bytes: u64, p50_ms: u64) -> SourceCallRow {
    SourceCallRow {
        kind: kind.to_owned(),
        calls,
        failed,
        cached: if kind == "links" { 11 } else { 0 },
        wire_bytes: bytes / 11,
        bytes,
        p50_ms,
        p99_ms: p50_ms * 3,
        max_ms: p50_ms * 4,
        throttle_waits: calls / 9,
        throttle_wait_ms: calls * 31,
        last_at: Some(ago(1)),
    }
}

fn failure(call: &str, fault: &str, message: &str, times: u64) -> SourceFailureRow {
    SourceFailureRow {
        call: call.to_owned(),
        fault: fault.to_owned(),
        message: message.to_owned(),
        first_at: ago(60 * 5),
        last_at: ago(4),
        times,
    }
}

fn alarm(fault: &str, began: i64, ended: Option<i64>) -> SourceAlarmRow {
    SourceAlarmRow {
        fault: fault.to_owned(),
        message: "LibreNMS gives 40112 rows in the <device> list, where it gave 104312".to_owned(),
        since: ago(began),
        until: ended.map(ago),
    }
}

pub(crate) fn source(shell: Shell) -> SourcePage {
    let finding = |name: &str, value: FoundValue, how: &str| SourceFindingRow {
        name: name.to_owned(),
        value,
        how: how.to_owned(),
        months: (how == "both_clocks").then_some(3),
        overridden: how == "set",
        found: (how == "set").then_some(FoundValue::EveryMs(300_000)),
    };
    SourcePage {
        shell,
        head: head("ams1", SourceCondition::Alarm),
        reason: Some(SourceReason {
            fault: "shrunk".to_owned(),
            message: "LibreNMS gives 40112 rows in the device list, where it gave 104312"
                .to_owned(),
        }),
        alarms: vec![
            alarm("shrunk", 26 * 60, None),
            alarm("empty", 60 * 24 * 9, Some(60 * 24 * 9 - 12)),
            alarm("of_another_nms", 60 * 24 * 30, Some(60 * 24 * 30 - 1)),
        ],
        unwatched: vec![
            unwatched("ams1/port/4711", UnwatchedBecause::Gone, Some("ams1/port/9001")),
            unwatched("ams1/device/42", UnwatchedBecause::Disabled, None),
            unwatched("ams1/device/43", UnwatchedBecause::Ignored, None),
            unwatched("ams1/device/44", UnwatchedBecause::Gone, None),
        ],
        poll_ms: 41_350,
        counted_since: Some(ago(60 * 31)),
        calls: vec![
            call("device", 31, 0, 81_000, 210),
            call("devices", 372, 4, 88_112_340_000, 38_100),
            call("eventlog", 3_700, 2, 612_000_000, 84),
            call("links", 31, 0, 3_100_000_000, 9_400),
            call("ports", 180, 1, 74_500_000_000, 61_000),
        ],
        failures: vec![
            failure(
                "devices",
                "shrunk",
                "LibreNMS gives 40112 rows in the device list, where it gave 104312; the token's \
                 user may have lost rights. The last good state is kept; if this is right, it is \
                 believed after 60 minutes",
                3,
            ),
            failure(
                "ports",
                "overloaded",
                "LibreNMS at https://librenms.example.net/ refused the port list (HTTP 504): its \
                 web server lost patience with PHP; raise fastcgi_read_timeout and the like",
                1,
            ),
            failure("sensors", "of_another_nms", "What <b>another</b> NMS may say", 12_345),
        ],
        findings: vec![
            finding("version", FoundValue::Name("26.7.0".to_owned()), "asked"),
            finding("nms_interval", FoundValue::EveryMs(600_000), "poll_times"),
            finding("event_log", FoundValue::Is(true), "readable"),
            finding("event_log_cursor", FoundValue::Name("event_id".to_owned()), "asked"),
            finding("stale_after", FoundValue::EveryMs(900_000), "too_short"),
            finding("list_of_pollers", FoundValue::Is(false), "asked"),
            finding("poll_interval", FoundValue::EveryMs(600_000), "set"),
            finding("changes_interval", FoundValue::EveryMs(2_500), "throttle"),
            finding(
                "time_zone",
                FoundValue::Clock {
                    offset: "+01".to_owned(),
                    zone: Some("Europe/Amsterdam".to_owned()),
                },
                "both_clocks",
            ),
            finding("clock_behind", FoundValue::EveryMs(41_000), "date"),
        ],
        abilities: [
            ("changes", true, "readable"),
            ("glance", true, "product"),
            ("glance_ports", false, "too_much"),
            ("push", true, "product"),
            ("backfill", false, "missing"),
            ("inventory", true, "product"),
        ]
        .map(|(name, can, how)| SourceAbilityRow {
            name: name.to_owned(),
            can,
            how: how.to_owned(),
        })
        .into(),
        left_alone_until: Some(ago(-1)),
    }
}

pub(crate) fn new(shell: Shell) -> SourcePage {
    SourcePage {
        head: SourceHead {
            last_success_at: None,
            devices: 0,
            devices_stale: 0,
            ports: 0,
            data_age_ms: None,
            is_silent: true,
            ..head("new<1>", SourceCondition::Down)
        },
        reason: Some(SourceReason {
            fault: "unheard_of".to_owned(),
            message: "what <b>nobody</b> explains".to_owned(),
        }),
        alarms: Vec::new(),
        unwatched: Vec::new(),
        poll_ms: 0,
        counted_since: None,
        calls: Vec::new(),
        failures: Vec::new(),
        findings: Vec::new(),
        abilities: Vec::new(),
        left_alone_until: None,
        shell,
    }
}

/// What services name and no NMS watches.
pub(crate) fn unwatched_page(shell: Shell) -> UnwatchedPage {
    let unwatched = vec![unwatched("ams1/device/42", UnwatchedBecause::Disabled, None)];
    UnwatchedPage { shell, unwatched, waiting: vec!["ams1".to_owned()] }
}

fn unwatched(
    component: &str,
    because: UnwatchedBecause,
    replaced_by: Option<&str>,
) -> UnwatchedRow {
    UnwatchedRow {
        component: component.to_owned(),
        device: "agg-zut-02.zutphen <b>".to_owned(),
        because,
        last_seen_at: NOW.plus_millis(-90 * MINUTE_MS),
        replaced_by: replaced_by.map(str::to_owned),
        services: vec![
            ("svc/1".to_owned(), "Kernring Zutphen".to_owned()),
            ("svc/2".to_owned(), "Bakkerij & zn".to_owned()),
        ],
    }
}
