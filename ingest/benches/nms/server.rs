//! The simulated LibreNMS.

use std::io::BufRead;
use std::sync::Arc;

use correlate::model::Timestamp;
use ingest::simulator::{SimOptions, Simulator, Topology, World, WorldOptions};
use serde_json::json;

use crate::roles::{TOKEN, given, runtime, tell};
use crate::usage::peak_bytes;

/// Serves until it is killed; says where, and its peak memory for each line of input.
pub(crate) fn run(services: usize, local_ports: usize) {
    let local_ports = u32::try_from(local_ports).expect("a small number");
    let options = WorldOptions { services, local_ports, ..WorldOptions::default() };
    let world = World::generate(&Topology::surfnet(), &options).expect("a valid world");
    let (devices, ports) = (world.devices().len(), world.ports().len());
    let now = || Timestamp(jiff::Timestamp::now().as_millisecond());
    let options = SimOptions {
        gzip: given("gzip") == "true",
        control_token: Some(TOKEN.to_owned()),
        ..SimOptions::new(now(), TOKEN)
    };
    let simulator =
        Simulator::new(Arc::new(world), Vec::new(), options, Arc::new(now)).expect("valid");
    std::thread::spawn(|| {
        for _ in std::io::stdin().lock().lines() {
            tell(&json!({ "peak_bytes": peak_bytes() }));
        }
    });
    runtime().block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        tell(
            &json!({ "url": url, "devices": devices, "ports": ports, "peak_bytes": peak_bytes() }),
        );
        simulator.serve(listener).await.expect("it serves");
    });
}
