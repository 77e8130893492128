//! Believable sources: a large LibreNMS in doubt, a small one that is well,
//! and one whose ingest has fallen silent.

use correlate::model::Timestamp;
use dashboards::{
    Shell, SourceCallRow, SourceCondition, SourceFailureRow, SourceFindingRow, SourceHead,
    SourcePage, SourceReason, SourcesPage,
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
    SourcesPage { shell, sources: vec![head("ams1", SourceCondition::Suspect), silent, small] }
}

pub(crate) fn none(shell: Shell) -> SourcesPage {
    SourcesPage { shell, sources: Vec::new() }
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

pub(crate) fn source(shell: Shell) -> SourcePage {
    let finding = |name: &str, value: &str, how: &str, overridden| SourceFindingRow {
        name: name.to_owned(),
        value: value.to_owned(),
        how: how.to_owned(),
        overridden,
    };
    SourcePage {
        shell,
        head: head("ams1", SourceCondition::Suspect),
        reason: Some(SourceReason {
            fault: "shrunk".to_owned(),
            message: "LibreNMS gives 40112 rows in the device list, where it gave 104312"
                .to_owned(),
        }),
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
            finding("poll_interval", "300 s", "last_polled of 500 devices moved by this", false),
            finding("time_zone", "Europe/Amsterdam", "set in the configuration", true),
            finding("version", "26.7.0", "read from /system", false),
        ],
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
        poll_ms: 0,
        counted_since: None,
        calls: Vec::new(),
        failures: Vec::new(),
        findings: Vec::new(),
        shell,
    }
}
