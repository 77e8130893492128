//! Every file of `../shared/librenms-fixtures`, asked for as a caller would,
//! decodes to the rows or is refused with the fault that LIBRENMS-API.md says.
//! A file that no line here expects fails the test.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Path as UrlPath;
use axum::http::Response;
use correlate::model::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::calls;
use super::client::{Call, Client};
use super::decode::{
    DeviceRow, EventRow, FailingChecks, LinkRow, OutageRow, PollerRow, PortRow, Row, RowTime,
    SystemRow,
};
use super::event::Line;
use super::outage::{self, Around};
use super::policy::Policy;
use super::settings::Settings;
use crate::source::{Fault, SourceError};

/// The folder with the fixtures: beside the repository, as in CI.
fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/librenms-fixtures");
    assert!(
        folder.is_dir(),
        "the tests need the fixtures of the specification in {} (../shared beside the repository)",
        folder.display()
    );
    folder
}

/// What the rows of a file are read as.
#[derive(Clone, Copy)]
enum As {
    Devices,
    Ports,
    Port,
    Links,
    Link,
    System,
    Log,
    Outages,
    Pollers,
    /// A list that the product does not read: its key, and columns to show.
    Other(&'static str, &'static [&'static str]),
}

/// What comes of a file.
enum Comes {
    /// These rows, of an answer with status 200.
    Rows(As, &'static [&'static str]),
    /// Status 404 that means an empty list, where the call is one of those.
    Nothing(As),
    /// An error, whatever was asked for.
    Refused(u16, Fault),
    /// Refused with status 200, though it is an answer to this.
    Unfit(As, Fault),
}

use As::{Devices, Link, Links, Log, Other, Outages, Pollers, Port, Ports, System};
use Comes::{Nothing, Refused, Rows, Unfit};

/// Lists that hold nothing that the product reads.
const ALERT: &[&str] = &["id", "device_id", "state", "info"];
const AVAILABILITY: &[&str] = &["duration", "availability_perc"];
const TRANSCEIVER: &[&str] = &["id", "port_id", "ddm", "wavelength"];

fn expected() -> BTreeMap<&'static str, Comes> {
    BTreeMap::from([
        // Devices.
        (
            "devices_list_mixed_26_7.json",
            Rows(
                Devices,
                &[
                    "11 up polled 2026-08-20T12:13:23 pinged 2026-08-20T12:13:23",
                    "31 up polled 2026-08-20T12:11:39 pinged 2026-08-20T12:11:38",
                    "23 down icmp snmp polled 2026-08-20T11:52:40 pinged 2026-08-20T12:13:50",
                    "1 up polled 2026-08-20T12:12:37 pinged 2026-08-20T12:12:37",
                    "2 up polled 2026-08-20T12:12:52 pinged 2026-08-20T12:12:52",
                    "41 down icmp ignored polled 2026-07-01T14:00:00 pinged 2026-08-20T12:13:54",
                    "42 up disabled polled 2025-12-01T00:59:01 pinged 2025-12-01T00:58:59",
                    "21 down icmp polled 2026-08-20T11:37:12 pinged 2026-08-20T12:13:58",
                    "51 down",
                    "61 up polled 2026-08-20T09:04:00 pinged 2026-08-20T09:04:00",
                    "22 down snmp polled 2026-08-20T10:02:31 pinged 2026-08-20T12:14:02",
                ],
            ),
        ),
        (
            "devices_list_type_down_26_7.json",
            Rows(
                Devices,
                &[
                    "23 down icmp snmp polled 2026-08-20T11:52:40 pinged 2026-08-20T12:13:50",
                    "21 down icmp polled 2026-08-20T11:37:12 pinged 2026-08-20T12:13:58",
                    "51 down",
                    "22 down snmp polled 2026-08-20T10:02:31 pinged 2026-08-20T12:14:02",
                ],
            ),
        ),
        (
            "devices_list_25_5.json",
            Rows(
                Devices,
                &[
                    "31 up polled 2026-08-20T12:11:39 pinged 2026-08-20T12:11:38",
                    "1 up polled 2026-08-20T12:12:37 pinged 2026-08-20T12:12:37",
                    "21 down icmp polled 2026-08-20T11:37:12 pinged 2026-08-20T12:13:58",
                ],
            ),
        ),
        (
            "devices_list_all_strings_pre_2018.json",
            Rows(
                Devices,
                &[
                    "1 up polled 2026-08-20T12:12:37 pinged 2026-08-20T12:12:37",
                    "21 down icmp polled 2026-08-20T11:37:12 pinged 2026-08-20T12:13:58",
                ],
            ),
        ),
        ("devices_list_empty_but_200.json", Rows(Devices, &[])),
        (
            "device_single_up_26_7.json",
            Rows(Devices, &["1 up polled 2026-08-20T10:12:37Z pinged 2026-08-20T10:12:37Z"]),
        ),
        ("device_single_26_5_plus_location_object.json", Rows(Devices, SINGLE)),
        ("device_single_26_4_no_location.json", Rows(Devices, SINGLE)),
        ("device_single_25_5_flat_location.json", Rows(Devices, SINGLE)),
        // Members are ids alone, unless asked for in full: no state.
        ("devicegroup_members.json", Rows(Devices, &["21 ?", "22 ?"])),
        ("devicegroup_members_full.json", Rows(Devices, MEMBERS)),
        // Ports.
        (
            "ports_all_columns.json",
            Rows(
                Ports,
                &[
                    "1101 of 11 Up 1787220803",
                    "1102 of 11 NotUp 1787220803",
                    "1103 of 11 Up 1787220803",
                    "1104 of 11 NotUp shut 1787220803",
                    "1105 of 11 NotUp 1787220803",
                    "1106 of 11 Up 1787220803",
                    "1107 of 11 NotUp disabled",
                    "1108 of 11 Odd 1787220803",
                    "2101 of 21 Up 1787218632",
                    "2201 of 22 Up 1787220803",
                ],
            ),
        ),
        (
            "device_ports_columns.json",
            Rows(
                Ports,
                &[
                    "1101 of 11 Up 1787220803",
                    "1102 of 11 NotUp 1787220803",
                    "1103 of 11 Up 1787220803",
                    "1104 of 11 NotUp shut 1787220803",
                    "1105 of 11 NotUp 1787220803",
                    "1106 of 11 Up 1787220803",
                    "1107 of 11 NotUp disabled",
                    "1108 of 11 Odd 1787220803",
                ],
            ),
        ),
        (
            "ports_search_operstatus_down.json",
            Rows(
                Ports,
                &[
                    "1102 of 11 NotUp",
                    "1104 of 11 NotUp shut",
                    "1105 of 11 NotUp",
                    "1107 of 11 NotUp disabled",
                ],
            ),
        ),
        ("port_info_by_id.json", Rows(Port, &["1103 of 11 Up 1787220803"])),
        ("port_info_deleted.json", Rows(Port, &["1109 of 11 NotUp deleted 1787220803"])),
        ("port_info_strings_2017.json", Rows(Port, &["2201 of 22 Up 1787220803"])),
        // The server's own columns have no ids: of no use, and said so.
        ("ports_all_default_columns.json", Unfit(Ports, Fault::Malformed)),
        ("ports_all_count_pre_2022.json", Unfit(Ports, Fault::Malformed)),
        ("device_ports_default_columns.json", Unfit(Ports, Fault::Malformed)),
        ("device_ports_with_vlans.json", Unfit(Ports, Fault::Malformed)),
        ("ports_all_truncated.json.txt", Unfit(Ports, Fault::Truncated)),
        // One object is no list.
        ("port_stats_by_ifname.json", Unfit(Port, Fault::Malformed)),
        // Neighbours; 0 and null both are one that is not monitored.
        (
            "links_all.json",
            Rows(
                Links,
                &[
                    "11/1101 to 1/101 core1.ber",
                    "1/101 to 11/1101 agg1.pot",
                    "11/1103 to 22/2201 sw17.pot.example.net",
                    "11/1105 to -/- customer-fw",
                    "11/1105 to -/- customer-fw-old",
                    "2/201 to -/- 00:00:5e:00:53:02",
                ],
            ),
        ),
        (
            "device_links.json",
            Rows(
                Links,
                &[
                    "11/1101 to 1/101 core1.ber",
                    "11/1103 to 22/2201 sw17.pot.example.net",
                    "11/1105 to -/- customer-fw",
                    "11/1105 to -/- customer-fw-old",
                ],
            ),
        ),
        ("link_single.json", Rows(Link, &["11/1101 to 1/101 core1.ber"])),
        // The log, and what its lines say.
        (
            "eventlog_page.json",
            Rows(
                Log,
                &[
                    "881001 11/1102 Oper { from: Some(Up), to: NotUp } 2026-08-20T11:06:00",
                    "881002",
                    "881003 11/1104 Shut(true) 2026-08-20T11:06:00",
                    "881004 11/1104 Oper { from: Some(Up), to: NotUp } 2026-08-20T11:06:00",
                    "881040 21 DeviceDown(FailingChecks { icmp: true, snmp: false }) 2026-08-20T11:41:07",
                    "881041 23 DeviceDown(FailingChecks { icmp: true, snmp: true }) 2026-08-20T11:57:41",
                    "881042",
                    "881043",
                    "881044 31 DeviceUp 2026-08-20T11:55:00",
                    // What the trap said is in the line after it.
                    "881045",
                    "881046 11/1102 Oper { from: None, to: NotUp } 2026-08-20T12:00:00",
                    "881047 2 Rebooted 2026-08-20T12:03:00",
                    "881048 11/1106 Oper { from: None, to: Up } 2026-08-20T12:05:00",
                    "881049 11/1108 Oper { from: Some(Up), to: Odd } 2026-08-20T12:05:00",
                    "881050",
                    "881051",
                ],
            ),
        ),
        (
            "eventlog_repeated_down_2026_07.json",
            Rows(
                Log,
                &[
                    "870001 21 DeviceDown(FailingChecks { icmp: true, snmp: true }) 2026-07-02T10:02:36",
                    "870002 21 DeviceDown(FailingChecks { icmp: true, snmp: false }) 2026-07-02T10:03:07",
                    "870003 21 DeviceDown(FailingChecks { icmp: true, snmp: true }) 2026-07-02T10:03:38",
                    "870004 21 DeviceDown(FailingChecks { icmp: true, snmp: false }) 2026-07-02T10:04:09",
                ],
            ),
        ),
        ("eventlog_strings_2017.json", Rows(Log, &["10050349"])),
        ("eventlog_empty.json", Rows(Log, &[])),
        // Outages; what they are worth is told below.
        (
            "device_outages_open.json",
            Rows(Outages, &["1787218867 -", "1786436100 1786436460", "1783678500 1783678800"]),
        ),
        ("device_outages_closed.json", Rows(Outages, &["1786436100 1786436460"])),
        (
            "device_outages_several_open_pre_25_8.json",
            Rows(Outages, &["1786961700 1786962000", "1780308900 -", "1780222500 -"]),
        ),
        (
            "device_outages_stale_open_device_up_26_7.json",
            Rows(Outages, &["1786778100 -", "1785492900 1785493500"]),
        ),
        (
            "device_outages_flapping_26_7_fast_ping.json",
            Rows(
                Outages,
                &[
                    "1787219767 1787219824",
                    "1787219467 1787219524",
                    "1787219167 1787219224",
                    "1787218867 1787218924",
                ],
            ),
        ),
        ("device_outages_empty.json", Rows(Outages, &[])),
        // The server itself.
        ("system_docker_26_6.json", Rows(System, &["26.6.1"])),
        ("system_git_2018.json", Rows(System, &["1.37-234-g0000000"])),
        ("pollers_cluster.json", Rows(Pollers, &["poller every 300, ping every 60", ""])),
        ("pollers_legacy_table.json", Rows(Pollers, &[""])),
        (
            "pollers_log_unpolled.json",
            Rows(
                Other("log", &["hostname", "poller_group_id"]),
                &[r#""sw-stale.pot.example.net" 2"#],
            ),
        ),
        // What the product does not read; it decodes with the same machinery.
        ("alerts_default_state1_only.json", Rows(Other("alerts", ALERT), &[r#"915 21 1 "[]""#])),
        (
            "alerts_states_0_to_5.json",
            Rows(
                Other("alerts", ALERT),
                &[
                    r#"915 21 1 "[]""#,
                    r#"911 11 3 "[]""#,
                    r#"909 22 2 "{\"until_clear\":true}""#,
                    r#"900 1 0 """#,
                ],
            ),
        ),
        ("alerts_strings_2014.json", Rows(Other("alerts", ALERT), &[r#""1" "1" "1""#])),
        ("alert_by_id_but_acknowledged_empty.json", Rows(Other("alerts", ALERT), &[])),
        (
            "alertlog_page.json",
            Rows(Other("logs", &["id", "rule_id", "state"]), &["66101 1 1", "66102 1 0"]),
        ),
        (
            "device_availability.json",
            Rows(
                Other("availability", AVAILABILITY),
                &[
                    r#"86400 "100.000000""#,
                    r#"604800 "100.000000""#,
                    r#"2592000 "99.946000""#,
                    r#"31536000 "99.994000""#,
                ],
            ),
        ),
        (
            "device_availability_while_down.json",
            Rows(
                Other("availability", AVAILABILITY),
                &[
                    r#"86400 "0.000000""#,
                    r#"604800 "0.000000""#,
                    r#"2592000 "99.986000""#,
                    r#"31536000 "99.998000""#,
                ],
            ),
        ),
        ("device_availability_empty.json", Rows(Other("availability", AVAILABILITY), &[])),
        (
            "device_transceivers.json",
            Rows(Other("transceivers", TRANSCEIVER), &["13 1101 true 1310"]),
        ),
        ("port_transceiver.json", Rows(Other("transceivers", TRANSCEIVER), &["13 1101 true 1310"])),
        ("port_transceiver_none.json", Rows(Other("transceivers", TRANSCEIVER), &[])),
        (
            "devicegroups.json",
            Rows(
                Other("groups", &["id", "name", "type"]),
                &[r#"1 "Potsdam access" "dynamic""#, r#"2 "VIP" "static""#],
            ),
        ),
        (
            "inventory_flat.json",
            Rows(Other("inventory", &["entPhysical_id", "ifIndex"]), &["2 null"]),
        ),
        (
            "locations.json",
            Rows(
                Other("locations", &["id", "lat"]),
                &[r#"1 "52.52000000""#, r#"2 "52.39886000""#, "3 null"],
            ),
        ),
        ("mpls_saps.json", Rows(Other("saps", &["sap_id", "sapOperStatus"]), &[r#"1935 "down""#])),
        ("mpls_services.json", Rows(Other("mpls_services", &["svc_id", "svcOperStatus"]), MPLS)),
        (
            "ospf_neighbours.json",
            Rows(Other("ospf_neighbours", &["id", "ospfNbrState"]), &[r#"77 "full""#]),
        ),
        (
            "port_stack_current.json",
            Rows(
                Other("mappings", &["high_port_id", "low_port_id", "ifStackStatus"]),
                &[r#"1106 1105 "active""#, r#"1106 null "notInService""#],
            ),
        ),
        (
            "port_stack_pre_2024_07.json",
            Rows(
                Other("mappings", &["port_id_high", "port_id_low", "ifStackStatus"]),
                &[r#"1000010 5 "active""#],
            ),
        ),
        (
            "sensors_all.json",
            Rows(
                Other("sensors", &["sensor_id", "sensor_deleted", "sensor_current"]),
                &["218810 0 -1.81", "218811 1 null"],
            ),
        ),
        (
            "vlans_all.json",
            Rows(Other("vlans", &["vlan_id", "device_id", "vlan_vlan"]), &["31 11 1", "32 11 117"]),
        ),
        ("vlans_device.json", Rows(Other("vlans", &["vlan_vlan", "vlan_state"]), &["1 1"])),
        ("vrfs.json", Rows(Other("vrfs", &["vrf_id", "vrf_name"]), &[r#"2 "Mgmt-vrf""#])),
        // No lists at all.
        ("location_single.json", Unfit(Other("get_location", &[]), Fault::Malformed)),
        ("maintenance_get_false.json", Unfit(Other("is_under_maintenance", &[]), Fault::Malformed)),
        ("maintenance_get_true.json", Unfit(Other("is_under_maintenance", &[]), Fault::Malformed)),
        ("maintenance_post_201.json", Refused(201, Fault::Malformed)),
        ("ping.json", Refused(200, Fault::Malformed)),
        ("endpoints_index.json", Refused(200, Fault::Malformed)),
        // What LibreNMS sends us is no answer of its API; `api` reads it.
        ("webhook_device_down.json", Refused(200, Fault::Malformed)),
        ("webhook_recovered.json", Refused(200, Fault::Malformed)),
        ("webhook_transport_test.json", Refused(200, Fault::Malformed)),
        ("webhook_invalid_json_unescaped.txt", Refused(200, Fault::Malformed)),
        // Errors.
        ("error_200_html_file_permissions.html", Refused(200, Fault::NotJson)),
        ("error_400_columns.json", Refused(400, Fault::Rejected)),
        ("error_400_service_state.json", Refused(400, Fault::Rejected)),
        ("inventory_unknown_device_400.json", Refused(400, Fault::Rejected)),
        ("maintenance_post_400_duration.json", Refused(400, Fault::Rejected)),
        ("error_401.json", Refused(401, Fault::Unauthorized)),
        ("error_403_ability.json", Refused(403, Fault::Forbidden)),
        ("error_403_device.json", Refused(403, Fault::Forbidden)),
        ("error_403_port.json", Refused(403, Fault::Forbidden)),
        ("error_404_device.json", Refused(404, Fault::NotFound)),
        ("error_404_route.json", Refused(404, Fault::NotFound)),
        ("error_404_links_empty.json", Nothing(Links)),
        ("error_404_ports_empty.json", Nothing(Ports)),
        ("error_404_devicegroup_no_members.json", Nothing(Devices)),
        ("error_404_devicegroups_empty.json", Nothing(Other("groups", &[]))),
        ("error_404_locations_empty.json", Nothing(Other("locations", &[]))),
        ("error_404_sensors_empty.json", Nothing(Other("sensors", &[]))),
        ("error_500_debug_on.json", Refused(500, Fault::ServerFailed)),
        ("error_500_generic.json", Refused(500, Fault::ServerFailed)),
        // Of an unknown host, or where there are none: not to be told from a failure.
        ("error_500_services_unknown_host.json", Refused(500, Fault::ServerFailed)),
        ("ospfv3_none_http_500.json", Refused(500, Fault::ServerFailed)),
        ("error_500_max_execution.json", Refused(500, Fault::Overloaded)),
        ("error_503_database.json", Refused(503, Fault::Unavailable)),
        ("error_503_laravel_maintenance.json", Refused(503, Fault::Unavailable)),
        ("error_504_gateway.html", Refused(504, Fault::Overloaded)),
    ])
}

/// Device 21 alone, whose times are in UTC.
const SINGLE: &[&str] = &["21 down icmp polled 2026-08-20T09:37:12Z pinged 2026-08-20T10:13:58Z"];

/// And with its neighbour.
const MEMBERS: &[&str] =
    &[SINGLE[0], "22 down snmp polled 2026-08-20T08:02:31Z pinged 2026-08-20T10:14:02Z"];

const MPLS: &[&str] = &[r#"1671 "down""#];

/// Any row, every column of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
struct Plain(Map<String, Value>);

impl Row for Plain {}

async fn serve(UrlPath((status, name)): UrlPath<(u16, String)>) -> Response<Body> {
    let media_type = if name.ends_with(".html") { "text/html" } else { "application/json" };
    let body = std::fs::read(folder().join(name)).unwrap();
    let response = Response::builder().status(status).header("content-type", media_type);
    response.body(Body::from(body)).unwrap()
}

/// A server of all the files.
pub(super) async fn server() -> String {
    let app = Router::new().route("/api/v0/{status}/{name}", axum::routing::get(serve));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    url
}

pub(super) fn client(url: &str) -> Client {
    let mut settings = Settings::new("ams1", url, "0123456789abcdef".to_owned().into()).unwrap();
    settings.requests_per_second = 1_000.try_into().unwrap();
    settings.burst = 1_000.try_into().unwrap();
    settings.retries = 0;
    settings.retry_pause = Duration::from_millis(1);
    Client::new(&settings, Arc::new(|| Timestamp(0))).unwrap()
}

/// What comes of the file, asked for from a server of its own health.
async fn ask(
    url: &str,
    status: u16,
    name: &str,
    read_as: As,
    empty_is_404: bool,
) -> Result<Vec<String>, SourceError> {
    let list_key = match read_as {
        Devices => "devices",
        Ports => "ports",
        Port => "port",
        Links => "links",
        Link => "link",
        System => "system",
        Log => "logs",
        Outages => "outages",
        Pollers => "pollers",
        Other(key, _) => key,
    };
    let path = format!("{status}/{name}");
    let call = Call { path, query: Vec::new(), list_key, empty_is_404, ..calls::system() };
    let client = client(url);
    Ok(match read_as {
        Devices => texts(client.rows(&call).await?, device),
        Ports | Port => texts(client.rows(&call).await?, port),
        Links | Link => texts(client.rows(&call).await?, link),
        System => texts(client.rows(&call).await?, |row: &SystemRow| {
            row.local_ver.as_deref().unwrap_or_default().to_owned()
        }),
        Log => texts(client.rows(&call).await?, line),
        Outages => texts(client.rows(&call).await?, |row: &OutageRow| {
            let up_again = row.up_again.map_or("-".to_owned(), |at| at.to_string());
            format!("{} {up_again}", row.going_down)
        }),
        Pollers => texts(client.rows(&call).await?, poller),
        Other(_, columns) => texts(client.rows(&call).await?, |Plain(row): &Plain| {
            let values = columns.iter().filter_map(|column| row.get(*column));
            values.map(Value::to_string).collect::<Vec<_>>().join(" ")
        }),
    })
}

fn texts<R>(rows: Vec<R>, text: impl Fn(&R) -> String) -> Vec<String> {
    rows.iter().map(text).collect()
}

fn time(time: RowTime) -> String {
    match time {
        RowTime::Local(at) => at.to_string(),
        RowTime::Utc(at) => at.to_string(),
    }
}

fn device(row: &DeviceRow) -> String {
    let mut text = row.device_id.to_string();
    text.push_str(match row.status {
        Some(true) => " up",
        Some(false) => " down",
        None => " ?",
    });
    let FailingChecks { icmp, snmp } = row.status_reason;
    for (is_so, word) in [
        (icmp, "icmp"),
        (snmp, "snmp"),
        (row.disabled == Some(true), "disabled"),
        (row.ignore == Some(true), "ignored"),
        (row.ignore_status == Some(true), "status ignored"),
    ] {
        if is_so {
            write!(text, " {word}").unwrap();
        }
    }
    for (at, word) in [(row.last_polled, "polled"), (row.last_ping, "pinged")] {
        if let Some(at) = at {
            write!(text, " {word} {}", time(at)).unwrap();
        }
    }
    text
}

fn port(row: &PortRow) -> String {
    let status = &row.status;
    let mut text = format!("{} of {} {:?}", row.port_id, row.device_id, status.oper);
    for (is_so, word) in [
        (status.shut, "shut"),
        (status.disabled == Some(true), "disabled"),
        (status.deleted == Some(true), "deleted"),
    ] {
        if is_so {
            write!(text, " {word}").unwrap();
        }
    }
    if let Some(at) = status.poll_time {
        write!(text, " {at}").unwrap();
    }
    text
}

fn link(row: &LinkRow) -> String {
    let id = |id: Option<u64>| id.map_or("-".to_owned(), |id| id.to_string());
    format!(
        "{}/{} to {}/{} {}",
        row.local_device_id,
        id(row.local_port_id),
        id(row.remote_device_id),
        id(row.remote_port_id),
        row.remote_hostname.as_deref().unwrap_or_default()
    )
}

/// The id of the line, and what it says if it is about a state.
fn line(row: &EventRow) -> String {
    let Some(line) = Line::of(row) else { return row.event_id.to_string() };
    assert!(!line.by_user, "nobody has written these by hand");
    let port = line.port_id.map_or(String::new(), |id| format!("/{id}"));
    format!("{} {}{port} {:?} {}", line.event_id, line.device_id, line.what, time(line.time))
}

fn poller(row: &PollerRow) -> String {
    let stats = row.stats.iter().map(|stat| {
        let kind = stat.poller_type.as_deref().unwrap_or_default();
        format!("{kind} every {}", stat.frequency.unwrap_or_default())
    });
    stats.collect::<Vec<_>>().join(", ")
}

#[tokio::test]
async fn every_fixture_decodes_or_is_refused_as_the_reference_says() {
    let expected = expected();
    let known: BTreeSet<String> = expected.keys().map(|name| (*name).to_owned()).collect();
    let mut files: BTreeSet<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(files.remove("SOURCES.md"), "where the fixtures come from");
    let elsewhere = super::sessions_fixtures::FILES.iter().map(|name| (*name).to_owned());
    let known: BTreeSet<String> = known.into_iter().chain(elsewhere).collect();
    assert_eq!(files, known, "every file is expected, and every one that is expected is there");
    let url = server().await;
    let mut wrong = Vec::new();
    for (name, comes) in expected {
        let mut check = |found: Result<Vec<String>, SourceError>,
                         wanted: Result<&[&str], Fault>| {
            let is_right = match (&found, wanted) {
                (Ok(found), Ok(wanted)) => found == wanted,
                (Err(found), Err(wanted)) => found.fault == wanted,
                _ => false,
            };
            if !is_right {
                wrong.push(format!("{name}: {found:#?}, and not {wanted:?}"));
            }
        };
        match comes {
            Rows(read_as, rows) => check(ask(&url, 200, name, read_as, false).await, Ok(rows)),
            Unfit(read_as, fault) => check(ask(&url, 200, name, read_as, true).await, Err(fault)),
            Nothing(read_as) => {
                check(ask(&url, 404, name, read_as, true).await, Ok(&[]));
                check(ask(&url, 404, name, read_as, false).await, Err(Fault::NotFound));
            }
            Refused(status, fault) => {
                for read_as in [Devices, Ports, Links, Log, Outages, Pollers] {
                    check(ask(&url, status, name, read_as, true).await, Err(fault));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// "Now" of the fixtures: 2026-08-20 10:15:00 UTC.
const NOW_S: i64 = 1_787_220_900;

fn s(seconds: i64) -> Timestamp {
    Timestamp(seconds * 1000)
}

/// Reads the outages in a file as those of a device that is `up`, whose last
/// good poll began `poll_began_s`; each fact as `at state`, with its contrary
/// after a `<`, and with a `+` for a renewal.
async fn facts_of(name: &str, up: bool, poll_began_s: i64) -> Vec<String> {
    let url = server().await;
    let call = |name: &str, key| Call {
        path: format!("200/{name}"),
        query: Vec::new(),
        list_key: key,
        ..calls::system()
    };
    let client = client(&url);
    let rows: Vec<OutageRow> = client.rows(&call(name, "outages")).await.unwrap();
    let log: Vec<EventRow> = client.rows(&call("eventlog_page.json", "logs")).await.unwrap();
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    let downs: Vec<_> = log
        .iter()
        .filter_map(Line::of)
        .filter(|line| line.device_id == 21)
        .filter_map(|line| match (line.what, line.time) {
            (super::event::What::DeviceDown(failing), RowTime::Local(at)) => {
                let at = zone.to_timestamp(at).unwrap();
                Some((Timestamp(at.as_millisecond()), failing))
            }
            _ => None,
        })
        .collect();
    let policy = Policy::default();
    let failing = FailingChecks { icmp: !up, snmp: false };
    let found = outage::facts(
        &rows,
        &Around {
            policy: &policy,
            up: Some(up),
            failing,
            poll_began: Some(s(poll_began_s)),
            poll_unsure_ms: 0,
            // Only of the device that is down is a line known.
            lines: if up { &[] } else { &downs },
            since: s(0),
            now: s(NOW_S),
            looked_at: s(NOW_S - 62),
            interval_ms: 300_000,
            error: super::server_clock::ClockError::default(),
        },
    );
    let text = |fact: &outage::Fact| {
        let at = fact.at.millis() / 1000;
        match (fact.renewal, fact.contrary) {
            (true, _) => format!("{at} {}+", fact.state),
            (false, Some(contrary)) => format!("{at} {} <{}", fact.state, contrary.millis() / 1000),
            (false, None) => format!("{at} {}", fact.state),
        }
    };
    found.iter().map(text).collect()
}

#[tokio::test]
async fn an_open_outage_of_a_device_that_is_down_lasts_until_it_was_last_pinged() {
    let found = facts_of("device_outages_open.json", false, 1_787_218_598).await;
    assert_eq!(
        found,
        [
            // Which check failed, no line tells; its end is sure.
            "1783678500 unknown",
            "1783678800 up",
            "1786436100 unknown",
            "1786436460 up",
            // Of this one a line tells that ping failed, and it fails still.
            "1787218867 down <1787218598",
            "1787219167 down+",
            "1787219467 down+",
            "1787219767 down+",
            "1787220067 down+",
            "1787220367 down+",
            "1787220667 down+",
        ]
    );
}

#[tokio::test]
async fn outages_of_a_device_that_is_up_end() {
    let of = |name| facts_of(name, true, 1_787_220_736);
    assert_eq!(of("device_outages_empty.json").await, [""; 0]);
    let closed = of("device_outages_closed.json").await;
    assert_eq!(closed, ["1786436100 unknown", "1786436460 up"]);
    // Never closed by mistake: up by its last good poll.
    let stale = of("device_outages_stale_open_device_up_26_7.json").await;
    assert_eq!(
        stale,
        ["1785492900 unknown", "1785493500 up", "1786778100 unknown", "1787220736 up",]
    );
    // Several that are open: each only began.
    let several = of("device_outages_several_open_pre_25_8.json").await;
    assert_eq!(
        several,
        ["1780222500 unknown", "1780308900 unknown", "1786961700 unknown", "1786962000 up",]
    );
    // Fast ping ends by mistake what SNMP began: one outage, over all of them.
    let flapping = of("device_outages_flapping_26_7_fast_ping.json").await;
    assert_eq!(flapping, ["1787218867 unknown", "1787219824 up"]);
}
