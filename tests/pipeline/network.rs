//! A simulated LibreNMS, served over HTTP, whose clock the test moves.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use correlate::model::{ComponentId, PathExpr, Timestamp};
use ingest::simulator::{
    Component, DeviceIndex, Failure, SimOptions, Simulator, Standing, Topology, World, WorldOptions,
};
use serde_json::Value;
use tokio::task::JoinHandle;

use crate::wait;

/// The API token of the simulated LibreNMS.
pub(crate) const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// Enough for every kind of service, few enough for a debug build.
const SERVICES: usize = 60;

/// Devices are polled and pinged so often, in simulated time.
pub(crate) const CYCLE_MS: i64 = 10_000;

/// The other ways of reading come so seldom that they tell nothing.
const FULL_ONLY: &str = "\
glance_interval = \"1h\"
changes_interval = \"1h\"
sessions_interval = \"1h\"
checks_interval = \"1h\"";

/// The network that all histories are about.
pub(crate) fn world() -> Arc<World> {
    let options = WorldOptions { seed: 7, services: SERVICES, ..WorldOptions::default() };
    Arc::new(World::generate(&Topology::surfnet(), &options).expect("a valid world"))
}

/// The components that a service needs.
pub(crate) fn components_of(world: &World, service: &str) -> Vec<ComponentId> {
    let services = world.services();
    let found = services.iter().find(|one| one["id"] == service).expect("a known service");
    let path = PathExpr::from_json(&found["path"]).expect("a valid path");
    path.components().into_iter().cloned().collect()
}

/// The device that a component is or belongs to, if the world has it.
pub(crate) fn device_of(world: &World, component: &ComponentId) -> Option<DeviceIndex> {
    Some(match world.component(component)? {
        Component::Device(device) => device,
        Component::Port(port) => world.ports()[port.place()].device,
    })
}

/// A running LibreNMS. It stops when this is dropped.
pub(crate) struct Nms {
    pub(crate) simulator: Simulator,
    /// Its base URL.
    pub(crate) url: String,
    /// The settings of its account beside those that all tests have.
    pub(crate) settings: String,
    clock: Arc<AtomicI64>,
    server: JoinHandle<std::io::Result<()>>,
}

impl Drop for Nms {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Nms {
    /// A LibreNMS of `world` at `start`, when nothing has failed yet. Its time
    /// stands still until [`Nms::advance`].
    pub(crate) async fn start(world: &Arc<World>, failures: Vec<Failure>, start: Timestamp) -> Nms {
        Nms::with(world, failures, Nms::options(start)).await
    }

    /// What every LibreNMS of these tests has in common.
    pub(crate) fn options(start: Timestamp) -> SimOptions {
        SimOptions {
            poll_cycle_ms: CYCLE_MS,
            ping_cycle_ms: Some(CYCLE_MS),
            ..SimOptions::new(start, TOKEN)
        }
    }

    /// As [`Nms::start`], otherwise set up.
    pub(crate) async fn with(
        world: &Arc<World>,
        failures: Vec<Failure>,
        options: SimOptions,
    ) -> Nms {
        let clock = Arc::new(AtomicI64::new(options.start.millis()));
        let wall = Arc::clone(&clock);
        let wall = Arc::new(move || Timestamp(wall.load(Ordering::SeqCst)));
        let simulator = Simulator::new(Arc::clone(world), failures, options, wall);
        let simulator = simulator.expect("good options");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let server = tokio::spawn(simulator.clone().serve(listener));
        Nms { simulator, url, settings: FULL_ONLY.to_owned(), clock, server }
    }

    /// Lets simulated time pass.
    pub(crate) fn advance(&self, by_ms: i64) {
        self.clock.fetch_add(by_ms, Ordering::SeqCst);
    }

    /// Lets simulated time be the present.
    pub(crate) fn be_now(&self) {
        self.clock.fetch_max(wall().millis(), Ordering::SeqCst);
    }

    /// How many requests it has had.
    pub(crate) fn requests(&self) -> u64 {
        self.simulator.requests().by_path.values().sum()
    }

    /// Simulated time.
    pub(crate) fn now(&self) -> Timestamp {
        self.simulator.now()
    }

    /// Waits for a read of all devices that began after this call.
    pub(crate) async fn read_begins(&self) {
        let before = self.device_reads();
        wait::until_true("ingest reads the devices", async || self.device_reads() > before).await;
    }

    /// Waits until everything that is true now has been read: until a second
    /// reading that began after this call.
    pub(crate) async fn is_read(&self) {
        self.read_begins().await;
        self.read_begins().await;
    }

    fn device_reads(&self) -> u64 {
        self.simulator.requests().by_path.get("/devices").copied().unwrap_or(0)
    }

    /// The devices that every good poll says something about.
    pub(crate) fn watched(&self) -> Vec<String> {
        let devices = self.simulator.world().devices().iter().zip(1..);
        devices
            .filter(|(device, _)| device.standing == Standing::Normal)
            .map(|(_, id): (_, u32)| id.to_string())
            .collect()
    }

    /// The services as the REST API takes them.
    pub(crate) fn services(&self) -> Vec<Value> {
        self.simulator.world().services()
    }
}

/// The wall clock, as the processes see it.
pub(crate) fn wall() -> Timestamp {
    Timestamp(jiff::Timestamp::now().as_millisecond())
}
