//! A pipeline in which nothing fails unless the test says so, with everything
//! up: what tests begin with that are about one thing.

use correlate::model::{ServiceId, Timestamp};
use ingest::simulator::{Failure, FailureKind, ServiceKind};
use serde_json::Value;

use crate::cluster::Shape;
use crate::network::{CYCLE_MS, Nms, components_of, wall, world};
use crate::pipeline::{Database, Pipeline};
use crate::wait;

/// How long before the present it starts: room for time to be moved.
const AGO_MS: i64 = 5 * 60_000;

/// Nothing becomes stale in it.
const STALE_AFTER: &str = "15m";

/// `padwacht all` with its services imported and up.
pub(crate) async fn steady() -> Pipeline {
    imported(Pipeline::all(quiet().await, STALE_AFTER).await).await
}

/// As [`steady`], with these settings of the account of LibreNMS.
pub(crate) async fn steady_set(settings: &str) -> Pipeline {
    let mut nms = quiet().await;
    nms.settings = settings.to_owned();
    imported(Pipeline::all(nms, STALE_AFTER).await).await
}

/// As [`steady`], with everything logged that can be.
pub(crate) async fn steady_saying_all() -> Pipeline {
    const FILTER: &str = "[telemetry]\nfilter = \"debug,ingest=trace,hyper=trace,reqwest=trace\"\n";
    imported(Pipeline::all_with(quiet().await, STALE_AFTER, FILTER).await).await
}

/// As [`steady`], with the stages apart and correlate in several processes.
pub(crate) async fn steady_in(shape: Shape) -> Pipeline {
    imported(Pipeline::clustered(quiet().await, STALE_AFTER, Database::Sqlite, shape).await).await
}

async fn quiet() -> Nms {
    let start = wall().millis() - AGO_MS;
    let start = Timestamp(start - start.rem_euclid(CYCLE_MS));
    Nms::start(&world(), Vec::new(), start).await
}

async fn imported(pipeline: Pipeline) -> Pipeline {
    let services = pipeline.nms.services();
    pipeline.api.import(&services).await;
    pipeline.step(2 * CYCLE_MS).await;
    wait::until_true("every service is up", async || {
        let sql = "SELECT count() FROM v_services_now WHERE state = 'up'";
        pipeline.clickhouse.ask(sql).await == Ok(format!("{}\n", services.len()))
    })
    .await;
    pipeline
}

impl Pipeline {
    /// Something breaks from now on, and LibreNMS sees it.
    pub(crate) async fn break_down(&self, component: &str, kind: FailureKind) {
        let (world, now) = (self.nms.simulator.world(), self.nms.now());
        let failure = Failure::named(world, component, kind, now, Timestamp::MAX);
        self.nms.simulator.inject(failure.expect("it can fail so"));
        self.step(2 * CYCLE_MS).await;
    }

    /// A service with a single line, and the device at its customer's.
    pub(crate) fn single_line(&self) -> (ServiceId, String) {
        let world = self.nms.simulator.world();
        let mut services = world.service_list().iter();
        let service = services.find(|service| service.kind == ServiceKind::Access);
        let service = service.expect("one with a single line").id.clone();
        let needs = components_of(world, service.as_str());
        (service, needs[0].to_string())
    }

    /// State and cause of a service, once ClickHouse has `state` for it.
    pub(crate) async fn comes_to_be(&self, service: &str, state: &str) -> Value {
        let path = format!("/api/v1/services/{service}");
        self.api.until(&path, |service| service["state"] == state).await;
        self.api.get(&path).await["cause"].clone()
    }
}
