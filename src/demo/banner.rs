//! What the demo prints: where to look, how to sign in, what happens.

use correlate::model::Timestamp;
use ingest::simulator::{Topology, World};
use jiff::tz::TimeZone;
use secrecy::{ExposeSecret, SecretString};

use crate::all::Opened;
use crate::config::Config;
use crate::simulate::now;

/// The demo as it greets people.
pub(super) struct Banner {
    listen: String,
    credit: String,
    network: String,
    email: String,
    password: SecretString,
    data_dir: String,
}

impl Banner {
    /// Gathers what is said.
    pub(super) fn new(
        config: &Config,
        topology: &Topology,
        world: &World,
        password: SecretString,
    ) -> Banner {
        let (sites, devices) = (world.sites().len(), world.devices().len());
        let services = world.service_list().len();
        Banner {
            listen: config.api.listen.to_string(),
            credit: credit(topology),
            network: format!(
                "{}: {sites} sites, {devices} devices, {services} services",
                world.name()
            ),
            email: config.api.admin_email.clone(),
            password,
            data_dir: config.general.data_dir.display().to_string(),
        }
    }

    /// The whole text, once everything is open.
    pub(super) fn text(&self, opened: &Opened) -> String {
        let address =
            opened.listeners.as_ref().and_then(|listeners| listeners.pages.local_addr().ok());
        let address = address.map_or_else(|| self.listen.clone(), |address| address.to_string());
        let bi = opened.series.as_ref().and_then(|series| series.bi.as_ref());
        let bi = bi.map(|(bi, file)| {
            format!("{} user {}, password in {}", bi.url, bi.user, file.display())
        });
        self.lines(&address, bi.as_deref())
    }

    fn lines(&self, address: &str, bi: Option<&str>) -> String {
        let Banner { credit, network, email, data_dir, .. } = self;
        let password = self.password.expose_secret();
        let bi = bi.map(|bi| format!("  SQL       {bi}\n")).unwrap_or_default();
        format!(
            "\n\
             Padwacht demo, {network}\n\
             {credit}\n\
             \x20 Pages     http://{address}/\n\
             \x20 Sign in   {email}   password {password}\n\
             \x20 API       http://{address}/docs\n\
             {bi}\
             \x20 Data      {data_dir}\n\
             \n\
             What to watch: the overview. A core link is cut, and services with a second way turn\n\
             degraded; a switch loses its power, and its customers go down; then they come back;\n\
             and so on for ever. Each failure is told here, too.\n\
             Ctrl-C ends everything; the next start goes on where this one ended.\n\n"
        )
    }
}

fn credit(topology: &Topology) -> String {
    match (topology.source.as_str(), topology.licence.as_str()) {
        ("", "") => String::new(),
        (source, licence) => {
            format!("Map: {source}\n     {licence}; all else is made up\n")
        }
    }
}

/// Prints a line with the time of day in `zone`. That nobody reads it any more
/// must not end the show.
pub(super) fn tell(zone: &TimeZone, line: &str) {
    if let Err(error) = crate::print(&format!("{}  {line}\n", clock(zone, now()))) {
        tracing::debug!(%error, "nobody reads what the demo says");
    }
}

fn clock(zone: &TimeZone, at: Timestamp) -> String {
    let at = jiff::Timestamp::from_millisecond(at.millis()).unwrap_or_default();
    at.to_zoned(zone.clone()).strftime("%H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_where_to_look_how_to_sign_in_and_whose_map_it_is() {
        let banner = Banner {
            listen: String::new(),
            credit: credit(&Topology::surfnet()),
            network: String::from("Surfnet"),
            email: String::from("admin@demo.example"),
            password: SecretString::from("pass-word"),
            data_dir: String::from("/d"),
        };
        let said = banner.lines("127.0.0.1:8080", Some("http://127.0.0.1:18124 user bi"));
        for part in ["http://127.0.0.1:8080/\n", "pass-word", "CC BY 4.0", "Topology Zoo", "SQL"] {
            assert!(said.contains(part), "{part} is missing in {said}");
        }
    }

    #[test]
    fn times_are_those_of_the_zone() {
        let zone = TimeZone::get("Europe/Amsterdam").unwrap();
        assert_eq!(clock(&zone, Timestamp(1_781_524_800_000)), "14:00:00");
    }
}
