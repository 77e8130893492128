//! A stage for faults of LibreNMS: a pipeline that begins some time before the
//! present and reads in every way there is, the course of its services, and
//! what an operator is told.

use std::path::Path;

use correlate::model::{ComponentId, ComponentState, Timestamp};
use ingest::simulator::{
    Component, DeviceIndex, Failure, FailureKind, Fault, FaultKind, PortIndex, Release, Role,
    ServiceKind, SimOptions, Standing,
};
use serde_json::json;

use crate::network::{CYCLE_MS, Nms, components_of, device_of, wall, world};
use crate::pipeline::Pipeline;
use crate::wait;

const SECOND_MS: i64 = 1_000;

/// After so long nothing is believed to be as it was: that of the ingest stage
/// cannot be set, so that of the engine is the same.
const STALE_AFTER: &str = "15m";

/// The first seconds, in which everything is read for the first time, are no
/// part of a course.
const SETTLED_MS: i64 = 2 * CYCLE_MS;

/// How LibreNMS is set up.
pub(super) struct Setting {
    /// How many minutes before the present it begins.
    pub(super) minutes_ago: i64,
    pub(super) release: Release,
    pub(super) time_zone: &'static str,
    /// Whether it pings between the polls.
    pub(super) pings: bool,
}

impl Default for Setting {
    fn default() -> Setting {
        Setting {
            minutes_ago: 10,
            release: Release::default(),
            time_zone: "Europe/Amsterdam",
            pings: true,
        }
    }
}

/// A running pipeline with a LibreNMS in which everything is well.
pub(super) struct Scene {
    pub(super) pipeline: Pipeline,
    start: Timestamp,
}

/// A customer's equipment with the port that its line ends at, as a service.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) service: String,
    pub(super) device: DeviceIndex,
    /// The component of the device.
    pub(super) cpe: String,
    pub(super) port: String,
    pub(super) port_index: PortIndex,
    /// The switch at the other end.
    pub(super) far: DeviceIndex,
}

/// A state of a service, and between which seconds of the scene it must begin. One
/// with a `?` may be left out: it is shorter than what lies between two polls.
pub(super) type Step = (&'static str, std::ops::RangeInclusive<i64>);

impl Scene {
    /// A scene that has settled.
    pub(super) async fn begin(setting: Setting, lines: &[&Line]) -> Scene {
        let start = wall().millis() - setting.minutes_ago * 60 * SECOND_MS;
        let start = Timestamp(start - start.rem_euclid(60 * SECOND_MS));
        let zone = setting.time_zone.to_owned();
        Scene::begin_at(start, setting, zone, lines).await
    }

    /// A scene that began at `start`, in `zone` instead of that of the setting, and
    /// has settled.
    pub(super) async fn begin_at(
        start: Timestamp,
        setting: Setting,
        zone: String,
        lines: &[&Line],
    ) -> Scene {
        let options = SimOptions {
            release: setting.release,
            time_zone: zone,
            ping_cycle_ms: setting.pings.then_some(CYCLE_MS),
            ..Nms::options(start)
        };
        let mut nms = Nms::with(&world(), Vec::new(), options).await;
        nms.settings = "glance_interval = \"1s\"\nchanges_interval = \"1s\"".to_owned();
        let pipeline = Pipeline::all(nms, STALE_AFTER).await;
        let services = lines
            .iter()
            .map(|line| json!({"id": line.service, "path": {"all": [line.cpe, line.port]}}));
        pipeline.api.import(&services.collect::<Vec<_>>()).await;
        let scene = Scene { pipeline, start };
        scene.pass(SETTLED_MS / SECOND_MS).await;
        scene
    }

    /// Lets seconds pass, and has LibreNMS read.
    pub(super) async fn pass(&self, seconds: i64) {
        self.pipeline.nms.advance(seconds * SECOND_MS);
        self.pipeline.nms.is_read().await;
    }

    /// Lets time pass up to this second of the scene.
    pub(super) async fn pass_until(&self, second: i64) {
        self.pass(second - self.second()).await;
    }

    /// The present second of the scene.
    pub(super) fn second(&self) -> i64 {
        (self.pipeline.nms.now().millis() - self.start.millis()) / SECOND_MS
    }

    /// The instant of a second of the scene.
    pub(super) fn at(&self, second: i64) -> Timestamp {
        self.start.plus_millis(second * SECOND_MS)
    }

    /// Breaks something; gives the number that mends it.
    pub(super) fn break_down(&self, component: &str, kind: FailureKind) -> u64 {
        let (simulator, now) = (&self.pipeline.nms.simulator, self.pipeline.nms.now());
        let failure = Failure::named(simulator.world(), component, kind, now, Timestamp::MAX);
        simulator.inject(failure.expect("it can fail so"))
    }

    /// Mends what was broken.
    pub(super) fn mend(&self, failure: u64) {
        assert!(self.pipeline.nms.simulator.clear(failure), "it was broken");
    }

    /// Stages a fault; gives the number that ends it.
    pub(super) fn stage(&self, fault: FaultKind) -> u64 {
        self.pipeline.nms.simulator.stage(Fault::new(fault)).expect("a good fault")
    }

    /// Ends a fault.
    pub(super) fn end(&self, fault: u64) {
        assert!(self.pipeline.nms.simulator.clear_fault(fault), "it was staged");
    }

    /// The states of a service from when all had settled until now, with the
    /// seconds at which they begin.
    pub(super) async fn course(&self, service: &str) -> Vec<(String, f64)> {
        let (from, until) = (self.start.plus_millis(SETTLED_MS), self.pipeline.nms.now());
        let sql = format!(
            "SELECT state, (greatest(toUnixTimestamp64Milli(start), {from}) - {start}) / 1000 AS a
             FROM service_intervals FINAL
             WHERE service = '{service}' AND toUnixTimestamp64Milli(start) < {until}
                 AND (end IS NULL OR toUnixTimestamp64Milli(end) > {from})
             ORDER BY a",
            start = self.start,
        );
        let lines = self.pipeline.clickhouse.ask(&sql).await.expect("it answers");
        let row = |line: &str| {
            let (state, at) = line.split_once('\t').expect("two columns");
            (state.to_owned(), at.parse().expect("a number"))
        };
        lines.lines().map(row).collect()
    }

    /// Waits until the course of a service is the one expected.
    pub(super) async fn follows(&self, service: &str, expected: &[Step]) {
        let mut found = Vec::new();
        let deadline = tokio::time::Instant::now() + wait::PATIENCE;
        while tokio::time::Instant::now() < deadline {
            found = self.course(service).await;
            if fits(&found, expected) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("{service} is {found:?}, and should be {expected:?}");
    }

    /// Every change to up or down that ClickHouse has of what LibreNMS polls
    /// was one, within the uncertainty that stands beside it; `but` are devices
    /// that were deleted. Gives how many had an uncertainty.
    pub(super) async fn check_edges(&self, but: &[DeviceIndex]) -> usize {
        let sql = format!(
            "SELECT component, toUnixTimestamp64Milli(at), state, ifNull(uncertainty_ms, 0)
             FROM v_component_evidence
             WHERE state != 'unknown' AND toUnixTimestamp64Milli(at) > {}
             ORDER BY component, at",
            self.start.plus_millis(SETTLED_MS),
        );
        let rows = self.pipeline.clickhouse.ask(&sql).await.expect("it answers");
        let (world, truth) = (world(), self.pipeline.nms.simulator.truth());
        let mut uncertain = 0;
        for row in rows.lines() {
            let fields: Vec<&str> = row.split('\t').collect();
            let [component, at, state, uncertainty_ms] = fields[..] else { panic!("{row:?}") };
            let id = ComponentId::from(component);
            let Some(device) = device_of(&world, &id).filter(|device| !but.contains(device)) else {
                continue;
            };
            if world.devices()[device.place()].standing != Standing::Normal {
                continue;
            }
            let at = Timestamp(at.parse().expect("an instant"));
            let uncertainty_ms: i64 = uncertainty_ms.parse().expect("a number");
            let state = match state {
                "up" => ComponentState::Up,
                _ => ComponentState::Down,
            };
            let earliest = at.plus_millis(-uncertainty_ms);
            let turned = truth.intervals_of(&id).into_iter().any(|interval| {
                let begun = interval.period.from;
                interval.state == state && earliest <= begun && begun <= at
            });
            let is_true = match uncertainty_ms {
                0 => truth.state_at(&id, at) == state,
                _ => turned,
            };
            assert!(is_true, "{row:?}, but really {:#?}", truth.intervals_of(&id));
            uncertain += usize::from(uncertainty_ms > 0);
        }
        uncertain
    }
}

fn fits(found: &[(String, f64)], expected: &[Step]) -> bool {
    let Some(((name, window), later)) = expected.split_first() else { return found.is_empty() };
    let optional = name.strip_suffix('?');
    if optional.is_some() && fits(found, later) {
        return true;
    }
    let Some(((state, at), rest)) = found.split_first() else { return false };
    let is_then = (*window.start() as f64..=*window.end() as f64).contains(at);
    state == optional.unwrap_or(name) && is_then && fits(rest, later)
}

/// The line of the customer at this place among those with a single one whose
/// equipment is in this poller group.
pub(super) fn line(group: u8, place: usize) -> Line {
    let world = world();
    let single = world.service_list().iter().filter(|one| one.kind == ServiceKind::Access);
    let mut lines = single.filter_map(|service| {
        let needs = components_of(&world, service.id.as_str());
        let [cpe, port, far, ..] = &needs[..] else { panic!("a line has two ends") };
        let device = device_of(&world, cpe).expect("a device of the world");
        let known = &world.devices()[device.place()];
        assert_eq!(known.role, Role::Cpe);
        let Some(Component::Port(port_index)) = world.component(port) else { panic!("{port}") };
        (known.poller_group == group).then(|| Line {
            service: format!("line-{group}-{place}"),
            device,
            cpe: cpe.to_string(),
            port: port.to_string(),
            port_index,
            far: device_of(&world, far).expect("a port of the world"),
        })
    });
    lines.nth(place).expect("enough customers")
}

/// What an operator is told of a fault of a source: what it means and what to
/// do about it, on its page and in both languages; and the API names it.
pub(super) async fn check_told(pipeline: &Pipeline, kind: &str) {
    let key = format!("fault-{}", kind.replace('_', "-"));
    for language in ["en", "nl"] {
        let page = plain(&pipeline.api.page_in(language, "/sources/librenms").await);
        for key in [key.clone(), format!("{key}-do")] {
            let words = words(language, &key);
            assert!(page.contains(&words), "{language} {key}: {words:?} is not in {page}");
        }
    }
    let detail = pipeline.api.get("/api/v1/sources/librenms").await;
    assert_eq!(detail["last_error"]["kind"], kind, "{detail:#}");
    assert!(detail["last_error"]["message"].as_str().is_some_and(|words| words.len() > 20));
}

/// The text of this key.
pub(super) fn words(language: &str, key: &str) -> String {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("dashboards/locales").join(language);
    let files = std::fs::read_dir(dir).expect("the language is there").flatten();
    let text = files.into_iter().find_map(|file| {
        let texts = std::fs::read_to_string(file.path()).expect("the texts are there");
        let text = texts.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = "));
        text.map(str::to_owned)
    });
    text.unwrap_or_else(|| panic!("no {language} text has the key {key}"))
}

/// A page as its reader sees it, as far as single characters go.
pub(super) fn plain(page: &str) -> String {
    let page = page.replace("&#39;", "'").replace("&quot;", "\"").replace("&#34;", "\"");
    page.replace("&#38;", "&").replace("&amp;", "&")
}
