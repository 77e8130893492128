//! The alert transport "API": tells a webhook of changes, as LIBRENMS-API has it in section 10.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Simulator, SimulatorError};
use crate::simulator::nms::{Push, instant};

/// How often is looked for pushes that are due, in real time.
const LOOK: Duration = Duration::from_millis(10);
/// LibreNMS waits this long for an answer and then gives up.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where alerts are pushed to. Not shown by `Debug`: a header holds the secret.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// The address, `http` or `https`. Its query is dropped, as LibreNMS does.
    pub url: String,
    /// Headers to send; `Content-Type: application/json` comes with them unless it is set here.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Alerts are sent on whole multiples of this in simulated time, as by `alerts.php`; 0 sends
    /// at once.
    #[serde(default = "every_minute")]
    pub every_ms: i64,
}

fn every_minute() -> i64 {
    60_000
}

impl Webhook {
    /// Whether it can be used.
    ///
    /// # Errors
    /// [`SimulatorError::Option`] for what is no address or no header.
    pub fn check(&self) -> Result<(), SimulatorError> {
        self.request().map(|_| ())
    }

    fn request(&self) -> Result<(reqwest::Url, HeaderMap), SimulatorError> {
        let refuse = |reason: String| SimulatorError::Option { option: "webhook", reason };
        let mut url = reqwest::Url::parse(&self.url)
            .map_err(|error| refuse(format!("url {:?}: {error}", self.url)))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(refuse(format!("url {:?} must begin with http:// or https://", self.url)));
        }
        url.set_query(None);
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        for (name, value) in &self.headers {
            let known = HeaderName::from_bytes(name.as_bytes());
            let (Ok(known), Ok(mut value)) = (known, HeaderValue::from_str(value)) else {
                return Err(refuse(format!("{name:?} is no header")));
            };
            value.set_sensitive(true);
            headers.insert(known, value);
        }
        Ok((url, headers))
    }
}

/// What became of the pushes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct PushCounts {
    /// Answered with 2xx.
    pub delivered: u64,
    /// Answered otherwise; not repeated, as by LibreNMS.
    pub refused: u64,
    /// Not answered.
    pub failed: u64,
}

/// The webhook in force.
#[derive(Default)]
pub(super) struct Pusher {
    held: Mutex<(Option<Webhook>, PushCounts)>,
}

impl Pusher {
    /// A panic elsewhere leaves nothing half done that matters here.
    fn held(&self) -> MutexGuard<'_, (Option<Webhook>, PushCounts)> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set(&self, webhook: Option<Webhook>) {
        self.held().0 = webhook;
    }

    pub(super) fn url(&self) -> Option<String> {
        self.held().0.as_ref().map(|webhook| webhook.url.clone())
    }

    pub(super) fn counts(&self) -> PushCounts {
        self.held().1
    }
}

/// Sends what is due, one after the other, for ever.
pub(super) async fn run(simulator: &Simulator) -> Infallible {
    let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build();
    let pusher = &simulator.shared.pusher;
    loop {
        tokio::time::sleep(LOOK).await;
        let Some(webhook) = pusher.held().0.clone() else { continue };
        let due = simulator.state().nms.take_pushes();
        let (Ok(client), Ok((url, headers))) = (&client, webhook.request()) else { continue };
        for push in due {
            let request = client.post(url.clone()).headers(headers.clone());
            let answer = request.body(body(simulator, &push)).send().await;
            let counts = &mut pusher.held().1;
            match answer {
                Ok(answer) if answer.status().is_success() => counts.delivered += 1,
                Ok(_) => counts.refused += 1,
                Err(_) => counts.failed += 1,
            }
        }
    }
}

/// The body to recommend, with every value as the text that the template makes of it.
fn body(simulator: &Simulator, push: &Push) -> String {
    let state = simulator.stale_state();
    let device = simulator.shared.world.device(push.device);
    let local = |at| {
        let zoned = instant(state.nms.shown(at)).to_zoned(state.nms.zone().clone());
        zoned.strftime("%Y-%m-%d %H:%M:%S").to_string()
    };
    let elapsed_s = (state.nms.now().millis() - push.at.millis()) / 1000;
    json!({
        "v": 1,
        "alert_id": (push.rule.id() * 1_000_000 + push.device.0).to_string(),
        "uid": push.uid.to_string(),
        "rule_id": push.rule.id().to_string(),
        "rule": push.rule.name(),
        "state": push.state.to_string(),
        "severity": "critical",
        "device_id": state.nms.device_id(push.device).map(|id| id.to_string()),
        "hostname": device.hostname,
        "status_reason": push.reason,
        "timestamp": local(push.at),
        "elapsed": format!("{elapsed_s}s"),
        "msg": "",
    })
    .to_string()
}
