//! Which demo a directory holds, and its services and windows in the records.

use anyhow::Context;
use correlate::model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::records::{Actor, Records, WindowFilter};

use super::network::Network;
use super::past::{Frame, Past};
use crate::cli::DemoArgs;

/// The key of the scenario in the settings.
const KEY: &str = "demo.scenario";
/// Under whose name the demo changes the records.
const ACTOR: &str = "demo";

/// What was asked for when the directory was first used.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Scenario {
    /// The topology's name.
    pub(super) topology: String,
    /// How many services there are.
    pub(super) services: u32,
    /// The seed of the network and of the failures.
    pub(super) seed: u64,
    from_ms: i64,
    origin_ms: i64,
    /// Whether services and history are all there.
    pub(super) complete: bool,
}

impl Scenario {
    /// The scenario that `args` ask for.
    pub(super) fn new(topology: &str, args: &DemoArgs, frame: &Frame) -> Scenario {
        Scenario {
            topology: topology.to_owned(),
            services: args.services,
            seed: args.seed,
            from_ms: frame.from.millis(),
            origin_ms: frame.origin.millis(),
            complete: false,
        }
    }

    /// Whether both have the same network.
    pub(super) fn is_like(&self, other: &Scenario) -> bool {
        let network = |s: &Scenario| (s.topology.clone(), s.services, s.seed);
        network(self) == network(other)
    }

    /// The first instant for which there are services.
    pub(super) fn from(&self) -> Timestamp {
        Timestamp(self.from_ms)
    }

    /// When the demo was started for the first time.
    pub(super) fn origin(&self) -> Timestamp {
        Timestamp(self.origin_ms)
    }
}

/// The scenario that the records hold, or `wanted`, which they hold from now on.
///
/// # Errors
/// The database refuses, or holds something else under the key.
pub(super) async fn begin(
    records: &Records,
    wanted: &Scenario,
    at: Timestamp,
) -> anyhow::Result<Scenario> {
    match records.settings().get(KEY).await? {
        Some(kept) => serde_json::from_value(kept).context("read which demo this is"),
        None => {
            set(records, wanted, at).await?;
            Ok(wanted.clone())
        }
    }
}

/// Remembers that everything is there.
///
/// # Errors
/// The database refuses.
pub(super) async fn complete(
    records: &Records,
    scenario: &Scenario,
    at: Timestamp,
) -> anyhow::Result<()> {
    set(records, &Scenario { complete: true, ..scenario.clone() }, at).await
}

async fn set(records: &Records, scenario: &Scenario, at: Timestamp) -> anyhow::Result<()> {
    let value = serde_json::to_value(scenario).context("write which demo this is")?;
    records.settings().set(&Actor::new(ACTOR, at), KEY, &value).await?;
    Ok(())
}

/// Imports the services as a customer's file would be, and announces the
/// windows; what is there already stays as it is.
///
/// # Errors
/// The records refuse.
pub(super) async fn import(
    records: &Records,
    network: &Network,
    frame: &Frame,
    past: &Past,
    at: Timestamp,
) -> anyhow::Result<()> {
    let actor = Actor::new(ACTOR, at);
    let file = services_file(network, frame.from).to_string();
    records.services().import(&actor, &file).await.context("import the demo's services")?;
    let every = WindowFilter { withdrawn: true, ..WindowFilter::default() };
    if records.windows().count(&every).await? == 0 {
        for (window, note) in &past.windows {
            records.windows().create(&actor, window, note).await.context("announce maintenance")?;
        }
    }
    Ok(())
}

/// The services file, each service with one version since `from`.
fn services_file(network: &Network, from: Timestamp) -> Value {
    let mut services = network.world().services();
    for service in &mut services {
        if let Value::Object(fields) = service {
            let path = fields.remove("path");
            let version = json!({ "from": from.millis(), "to": null, "path": path });
            fields.insert(String::from("versions"), json!([version]));
        }
    }
    Value::Array(services)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clap::Parser;
    use jiff::tz::TimeZone;
    use store::records::{Page, ServiceFilter};

    use super::super::{network::tests::surfnet, past};
    use store::{Keyring, Scope};

    use super::*;
    use crate::cli::{Cli, Command};

    fn args(words: &str) -> DemoArgs {
        let words = format!("padwacht demo {words}");
        let cli = Cli::try_parse_from(words.split_whitespace()).expect("valid flags");
        let Command::Demo(args) = cli.command else { panic!("not demo") };
        args
    }

    fn frame() -> Frame {
        Frame::new(Timestamp(1_781_524_800_000), Duration::from_secs(30 * 86_400), TimeZone::UTC)
    }

    async fn records(dir: &tempfile::TempDir) -> Records {
        let url = format!("sqlite://{}", dir.path().join("records.db").display());
        let records = Records::connect(&url, Keyring::ephemeral()).await.unwrap();
        records.migrate().await.unwrap();
        records
    }

    #[tokio::test]
    async fn the_records_take_services_and_windows_once() {
        let dir = tempfile::tempdir().unwrap();
        let records = records(&dir).await;
        let (network, frame) = (surfnet(), frame());
        let past = past::draw(&network, 1, &frame);
        for _ in 0..2 {
            import(&records, &network, &frame, &past, frame.origin).await.unwrap();
        }
        let services = records
            .services()
            .within(&Scope::everything())
            .list(&ServiceFilter::default(), Page::first(1))
            .await;
        let service = services.unwrap().remove(0);
        assert_eq!(service.definition.versions()[0].period.from, frame.from);
        assert!(service.customer.is_some() && service.name != service.definition.id.as_str());
        let windows = records.windows().count(&WindowFilter::default()).await.unwrap();
        assert_eq!(windows, past.windows.len() as u64);
        // Every service and window waits for the engine.
        let waiting = records.outbox().pending(1_000).await.unwrap().len();
        assert_eq!(waiting, 300 + past.windows.len());
    }

    #[tokio::test]
    async fn a_directory_stays_with_its_first_scenario() {
        let dir = tempfile::tempdir().unwrap();
        let records = records(&dir).await;
        let first = Scenario::new("Surfnet", &args("--services 40"), &frame());
        let at = first.origin();
        assert_eq!(begin(&records, &first, at).await.unwrap(), first);
        complete(&records, &first, at).await.unwrap();
        let other = Scenario::new("Surfnet", &args("--services 41"), &frame());
        let kept = begin(&records, &other, at).await.unwrap();
        assert!(kept.complete && kept.is_like(&first) && !kept.is_like(&other));
    }
}
