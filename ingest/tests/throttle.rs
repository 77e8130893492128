//! The throttle, as the server sees it: the source never asks for more than
//! its settings allow. Measured at the simulator, and not claimed by the client.

use std::num::NonZeroU32;
use std::sync::Arc;

use correlate::model::Timestamp;
use ingest::librenms::{LibreNms, Settings};
use ingest::simulator::{SimOptions, Simulator, Topology, World, WorldOptions};
use ingest::source::{Kept, Reading, Source, SourceState};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";
/// 2026-08-20 10:15:00 UTC.
const START: Timestamp = Timestamp(1_787_220_900_000);
const PER_SECOND: u32 = 60;
const BURST: u32 = 4;

#[tokio::test]
async fn the_server_never_sees_more_than_the_settings_allow() {
    let options = WorldOptions { services: 40, ..WorldOptions::default() };
    let world = World::generate(&Topology::surfnet(), &options).expect("a valid world");
    let options =
        SimOptions { since: START.plus_millis(-600_000), ..SimOptions::new(START, TOKEN) };
    let simulator = Simulator::new(Arc::new(world), Vec::new(), options, Arc::new(|| Timestamp(0)));
    let simulator = simulator.expect("good options");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    tokio::spawn(simulator.clone().serve(listener));
    let mut settings = Settings::new("librenms", &url, TOKEN.to_owned().into()).expect("valid");
    settings.requests_per_second = NonZeroU32::new(PER_SECOND).expect("not 0");
    settings.burst = NonZeroU32::new(BURST).expect("not 0");
    // Device by device: a call for each.
    settings.bulk_ports_max = 0;
    let at_once = settings.requests_at_once.get();
    let clock = simulator.clone();
    let source = LibreNms::new(settings, Arc::new(move || clock.now())).expect("a source");
    for _ in 0..2 {
        let health = source.read(Reading::Full, &Kept::default()).await;
        assert_eq!(health.state, SourceState::Ok, "{:?}", health.reason);
    }
    let counts = simulator.requests();
    assert!(counts.total > 3 * u64::from(BURST), "{counts:?}");
    let peak = counts.peak_per_second;
    assert!(peak <= PER_SECOND as usize, "{peak} requests within a second");
    // Each of those under way may have been let through before the one that arrives.
    let allowed = f64::from(BURST + at_once);
    let burst = counts.burst_above(f64::from(PER_SECOND));
    assert!(burst <= allowed, "{burst} requests at once, where {allowed} are allowed");
    // The server may learn a little later than the client that an answer has ended.
    let in_flight = counts.peak_in_flight;
    assert!(in_flight <= at_once as usize + 1, "{in_flight} in flight");
    assert!(counts.peak_bulk_in_flight <= 1, "one list at a time");
}
