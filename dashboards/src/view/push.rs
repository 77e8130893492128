//! Push from an NMS account, as its page shows it, and what to paste into the
//! alert transport of LibreNMS.

use correlate::model::Timestamp;

/// The body for LibreNMS 25.7 and later: the filter `json_encode` puts the
/// quotes and escapes what is inside them.
pub(crate) const BODY_FROM_25_7: &str = r#"{"v":1,"alert_id":{{ $alert_id|json_encode }},"uid":{{ $uid|json_encode }},"rule_id":{{ $rule_id|json_encode }},"rule":{{ $name|json_encode }},"state":{{ $state|json_encode }},"severity":{{ $severity|json_encode }},"device_id":{{ $device_id|json_encode }},"timestamp":{{ $timestamp|json_encode }}}"#;

/// The body for LibreNMS up to 25.6, which escapes nothing: only fields that
/// cannot hold a quote or a line break.
pub(crate) const BODY_UNTIL_25_6: &str = r#"{"v":1,"alert_id":"{{ $alert_id }}","uid":"{{ $uid }}","rule_id":"{{ $rule_id }}","state":"{{ $state }}","severity":"{{ $severity }}","device_id":"{{ $device_id }}"}"#;

/// Year and month of a version such as `26.7.0-12-gabc`; 1 and so on before
/// 2021. `None` for what is no version.
pub(crate) fn release(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.trim().trim_start_matches('v').split(['.', '-']);
    let mut number = || parts.next()?.parse().ok();
    Some((number()?, number()?))
}

/// What stands in for the secret when it cannot be shown any more.
const SECRET_PLACEHOLDER: &str = "pwpush_…";

/// The headers of the transport, one a line.
pub(crate) fn headers(secret: Option<&str>) -> String {
    let secret = secret.unwrap_or(SECRET_PLACEHOLDER);
    format!("Content-Type=application/json\nAuthorization=Bearer {secret}")
}

/// A push secret, without itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PushSecretRow {
    /// Its id.
    pub id: String,
    /// How it begins.
    pub prefix: String,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// When it stops working or stopped; `None` for the one in force.
    pub ends_at: Option<Timestamp>,
    /// Its last use, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// Whether it works now.
    pub works: bool,
}

/// What came of a push.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PushResult {
    /// The device is read again.
    Device,
    /// No device was named: whatever changed is read.
    Anything,
    /// The test button.
    Test,
    /// Too many at once, taken together.
    Limited,
    /// The log was away.
    LogAway,
}

impl PushResult {
    pub(crate) const fn key(self) -> &'static str {
        match self {
            PushResult::Device => "push-result-device",
            PushResult::Anything => "push-result-anything",
            PushResult::Test => "push-result-test",
            PushResult::Limited => "push-result-limited",
            PushResult::LogAway => "push-result-log-away",
        }
    }

    pub(crate) const fn icon(self) -> &'static str {
        match self {
            PushResult::Device | PushResult::Anything | PushResult::Test => "check2-circle",
            PushResult::Limited => "hourglass-split",
            PushResult::LogAway => "x-octagon-fill",
        }
    }
}

/// A push as it came in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PushRow {
    /// When.
    pub at: Timestamp,
    /// What came of it.
    pub result: PushResult,
    /// The device: its name, or its number where the name is not known.
    pub device: Option<String>,
    /// The alert rule; may be empty.
    pub rule: String,
    /// From which address.
    pub address: String,
    /// How many changes of state were found by reading again because of
    /// pushes, between this one and the next; `None` where that is not known.
    pub found: Option<u64>,
}
