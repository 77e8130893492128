//! The rounds, one after the other beside the same product, and what they gave.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::future::join_all;
use ingest::simulator::{RequestCounts, Webhook};
use tokio::time::{Instant, sleep, sleep_until};

use crate::Size;
use crate::changes::{self, Change, Site};
use crate::floor::Floor;
use crate::nms::Nms;
use crate::product::Product;
use crate::table::{Goal, Row, quantile};

/// Goals of the issue, milliseconds.
const GOAL_CURSOR_MS: f64 = 2_000.0;
const GOAL_PUSH_MS: f64 = 300.0;

/// The product's defaults: requests within one second, and under way at once.
const REQUESTS_PER_SECOND: f64 = 5.0;
const REQUESTS_AT_ONCE: f64 = 3.0;

/// At LibreNMS's default interval everything is read so often.
const FULL_EVERY: Duration = Duration::from_secs(300);

/// What follows the last change is waited for so long.
const CALM: Duration = Duration::from_secs(10);

/// What changes at one install in a burst, all within a second, and how long
/// what follows is waited for.
const BURST_CHANGES: usize = 50;
const BURST_LASTS: Duration = Duration::from_secs(1);
const BURST_CALM: Duration = Duration::from_secs(60);

/// So many of the slowest are told apart.
const SLOWEST: usize = 8;

/// One round, before the log is looked at.
struct Round {
    name: &'static str,
    /// None for what no goal is set for.
    goal_ms: Option<f64>,
    changes: Vec<Change>,
    floor_ms: Vec<f64>,
    /// Requests in it, and how long it took, both added up over the installs.
    requests: u64,
    took: Duration,
}

/// Runs both rounds.
pub(crate) async fn measure(size: Size) -> Vec<Row> {
    let installs: Vec<Nms> = join_all(
        (1..=size.installs).map(|number| Nms::start(format!("ams{number}"), number as u64, size)),
    )
    .await;
    for nms in &installs {
        let world = nms.simulator.world();
        let (devices, ports) = (world.devices().len(), world.ports().len());
        eprintln!("{}: {devices} devices, {ports} ports", nms.account());
    }
    let mut product = Product::start(&installs, size.bulk_ports_max).await;
    let mut webhooks = Vec::new();
    for nms in &installs {
        product.ready(nms.account()).await;
        let (url, secret) = product.push_secret(nms.account()).await;
        let headers = BTreeMap::from([("authorization".to_owned(), format!("Bearer {secret}"))]);
        webhooks.push(Webhook { url, headers, every_ms: 0 });
    }
    let read_at = Instant::now();
    let mut sites: Vec<Site> =
        (1..).zip(&installs).map(|(seed, nms)| Site::new(nms, seed)).collect();
    let floor = Floor::start(&installs[0].url).await;
    let mut rounds = Vec::new();
    for (name, goal_ms, is_pushed) in
        [("event log", GOAL_CURSOR_MS, false), ("push", GOAL_PUSH_MS, true)]
    {
        let number = size.changes.div_ceil(size.installs);
        let lasts = size.gap * u32::try_from(number).expect("a small number");
        sleep_until(before_full(read_at, lasts)).await;
        eprintln!("{name}: {number} changes of each in about {lasts:?}");
        for (nms, webhook) in installs.iter().zip(&webhooks) {
            nms.simulator.set_webhook(is_pushed.then(|| webhook.clone()));
        }
        drop(floor.take());
        let (asked, began) = (requests(&installs), Instant::now());
        let making = sites.iter_mut().map(|site| site.change(number, size.gap));
        let made = join_all(making).await.concat();
        sleep(CALM).await;
        let requests = requests(&installs) - asked;
        let (floor_ms, took) = (floor.take(), began.elapsed() * size.installs as u32);
        let goal_ms = Some(goal_ms);
        rounds.push(Round { name, goal_ms, changes: made, floor_ms, requests, took });
    }
    rounds.push(burst(&installs[..1], &mut sites[0], &floor).await);
    let counts: Vec<RequestCounts> = installs.iter().map(|nms| nms.simulator.requests()).collect();
    let log = product.stop().await;
    let mut rows = Vec::new();
    for round in rounds {
        let appended = changes::appended(&log, &round.changes).await;
        round.tell(&appended, &mut rows);
    }
    rows.extend(throttle(&counts));
    rows
}

/// Many changes at one install in a moment, while alerts are pushed: far more
/// than its throttle has room for.
async fn burst(install: &[Nms], site: &mut Site<'_>, floor: &Floor) -> Round {
    let name = "burst of 50 within a second, pushed";
    eprintln!("{name}");
    drop(floor.take());
    let (asked, began) = (requests(install), Instant::now());
    let changes = site.burst(BURST_CHANGES, BURST_LASTS).await;
    sleep(BURST_CALM).await;
    let requests = requests(install) - asked;
    let (floor_ms, took) = (floor.take(), began.elapsed());
    Round { name, goal_ms: None, changes, floor_ms, requests, took }
}

fn requests(installs: &[Nms]) -> u64 {
    installs.iter().map(|nms| nms.simulator.requests().total).sum()
}

/// What the installs saw of the throttle, from the start on.
fn throttle(counts: &[RequestCounts]) -> [Row; 3] {
    let most = |of: fn(&RequestCounts) -> f64| counts.iter().map(of).fold(0.0, f64::max);
    let limit = Goal::AtMost(REQUESTS_PER_SECOND);
    [
        Row::new(
            "most requests within any second at one install",
            most(|counts| counts.peak_per_second as f64),
            "",
        )
        .goal(limit),
        Row::new(
            "the burst that a throttle of 5 a second must have allowed",
            most(|counts| counts.burst_above(REQUESTS_PER_SECOND)),
            "",
        )
        .goal(limit),
        Row::new("most requests under way", most(|counts| counts.peak_in_flight as f64), "")
            .goal(Goal::AtMost(REQUESTS_AT_ONCE)),
    ]
}

/// When a round of that length is to begin, so that the next full reading is in
/// the middle of it.
fn before_full(read_at: Instant, lasts: Duration) -> Instant {
    let now = Instant::now();
    if lasts >= FULL_EVERY {
        return now;
    }
    let mut full = read_at + FULL_EVERY;
    while full < now + lasts / 2 {
        full += FULL_EVERY;
    }
    full - lasts / 2
}

impl Round {
    fn tell(mut self, appended: &[Option<i64>], rows: &mut Vec<Row>) {
        let Round { name, goal_ms, requests, took, .. } = self;
        let floor_ms = quantile(&mut self.floor_ms, 0.5);
        let mut waits: Vec<(f64, &Change)> = self
            .changes
            .iter()
            .zip(appended)
            .filter_map(|(change, at)| Some(((*at)? as f64 - change.at_ms as f64, change)))
            .collect();
        let lost = self.changes.len() - waits.len();
        waits.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        let began_ms = self.changes.first().map_or(0, |change| change.at_ms);
        for (wait_ms, change) in waits.iter().take(SLOWEST) {
            let after_s = (change.at_ms - began_ms) / 1_000;
            let (component, state) = (&change.component, change.state);
            eprintln!("{name}: {wait_ms} ms: {component} {state}, {after_s} s into the round");
        }
        let mut all: Vec<f64> = waits.into_iter().map(|(wait_ms, _)| wait_ms).collect();
        let figure = |what: String, ms: f64| Row::new(what, ms, "ms").ratio(ms / floor_ms);
        let p99 = figure(format!("{name}, p99"), quantile(&mut all, 0.99));
        let p99 = match goal_ms {
            Some(goal_ms) => p99.goal(Goal::Below(goal_ms)),
            None => p99,
        };
        rows.extend([
            figure(format!("{name}, floor: one request and one append"), floor_ms),
            figure(format!("{name}, median of {}", all.len()), quantile(&mut all, 0.5)),
            p99,
            figure(format!("{name}, longest"), quantile(&mut all, 1.0)),
            Row::new(format!("{name}, changes that are not in the log"), lost as f64, "")
                .goal(Goal::AtMost(0.0)),
            Row::new(
                format!("{name}, requests a second at one install, on average"),
                requests as f64 / took.as_secs_f64(),
                "",
            ),
        ]);
    }
}
