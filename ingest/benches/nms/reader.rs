//! The reader: the LibreNMS source as the product uses it, without its throttle.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Instant;

use correlate::model::Timestamp;
use ingest::librenms::{LibreNms, Settings};
use ingest::source::{Age, DeviceReport, Outlet, Reading, Source, SourceState};
use serde_json::json;

use crate::roles::{TOKEN, given, runtime, tell};
use crate::usage::{Usage, cpu_s};

/// The throttle is off: nothing may wait.
const NO_LIMIT: NonZeroU32 = NonZeroU32::new(1_000_000).expect("not 0");

/// Counts samples and drops them; the product encodes them and appends them to the log.
#[derive(Default)]
struct Samples(AtomicUsize);

#[async_trait::async_trait]
impl Outlet for Samples {
    async fn give(&self, reports: Vec<DeviceReport>) {
        let samples: usize = reports.iter().map(|report| report.samples.len()).sum();
        self.0.fetch_add(samples, Relaxed);
    }
}

/// Reads everything twice and says what each took; then, what it asked the second
/// time; then the inventory, beside what it knows by then.
pub(crate) fn run() {
    let url = given("url");
    let mut settings =
        Settings::new("librenms", &url, TOKEN.to_owned().into()).expect("valid settings");
    settings.requests_per_second = NO_LIMIT;
    settings.burst = NO_LIMIT;
    // One list of all ports and not a call for each of 100,000 devices.
    settings.bulk_ports_max = usize::MAX;
    let now = || Timestamp(jiff::Timestamp::now().as_millisecond());
    let source = LibreNms::new(settings, Arc::new(now)).expect("a source");
    runtime().block_on(async {
        let mut asked = 0;
        for _ in 0..2 {
            let before = recent(&url).await.len();
            let (cpu, began) = (cpu_s(), Instant::now());
            let samples = Samples::default();
            let health = source.read(Reading::Full, &samples).await;
            assert_eq!(health.state, SourceState::Ok, "{:?}", health.reason);
            assert!(samples.0.load(Relaxed) > health.devices, "ports were read");
            tell(&Usage::since(cpu, began, health.bytes).to_json());
            asked = before;
        }
        let asked = recent(&url).await.split_off(asked);
        tell(&json!({ "asked": asked }));
        let (cpu, began) = (cpu_s(), Instant::now());
        let inventory = source.inventory(Age::New).await.expect("it can be read");
        assert!(inventory.ports.len() > inventory.devices.len(), "ports were read");
        tell(&Usage::since(cpu, began, 0).to_json());
    });
}

/// What the simulator was asked so far.
async fn recent(url: &str) -> Vec<String> {
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let request = client.get(format!("{url}/control/requests"));
    let answer = request.header("X-Control-Token", TOKEN).send().await.expect("it answers");
    let answer: serde_json::Value = answer.json().await.expect("JSON");
    let recent = answer["recent"].as_array().expect("a list");
    recent.iter().filter_map(|address| address.as_str().map(str::to_owned)).collect()
}
