//! Every recorded or reproduced answer decodes, or is refused, as the
//! reference says. The files are `../shared/librenms-fixtures` beside the
//! repository.

use std::num::NonZeroU32;
use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/librenms-fixtures");
    let path = folder.join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("needs {}: {error}", path.display()))
}

/// The rows of one answer.
#[derive(PartialEq, Debug)]
struct Rows<R> {
    rows: Vec<R>,
    refused: usize,
}

fn decode<R: Row>(bytes: &[u8], key: &'static str) -> Result<Rows<R>, DecodeError> {
    decode_in(1000, bytes, key)
}

/// Decodes an answer that comes in pieces of `step` bytes.
fn decode_in<R: Row>(step: usize, bytes: &[u8], key: &'static str) -> Result<Rows<R>, DecodeError> {
    let mut rows = Vec::new();
    let mut decoder = Decoder::new(key, &mut rows);
    for chunk in bytes.chunks(step) {
        decoder.feed(chunk)?;
    }
    let counts = decoder.finish()?;
    assert_eq!(counts.rows, rows.len() as u64);
    Ok(Rows { rows, refused: counts.refused as usize })
}

#[track_caller]
fn rows<R: Row>(name: &str, key: &'static str) -> Vec<R> {
    let read = decode(&fixture(name), key).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(read.refused, 0, "{name}");
    read.rows
}

fn local(text: &str) -> Option<RowTime> {
    Some(RowTime::Local(text.parse().unwrap()))
}

fn utc(text: &str) -> Option<RowTime> {
    Some(RowTime::Utc(text.parse().unwrap()))
}

#[test]
fn device_lists_of_every_age_decode_alike() {
    for (name, count) in [
        ("devices_list_mixed_26_7.json", 11),
        ("devices_list_type_down_26_7.json", 4),
        ("devices_list_25_5.json", 3),
        ("devices_list_all_strings_pre_2018.json", 2),
        ("devices_list_empty_but_200.json", 0),
    ] {
        let devices: Vec<DeviceRow> = rows(name, "devices");
        assert_eq!(devices.len(), count, "{name}");
        assert!(devices.iter().all(|device| device.status.is_some()), "{name}");
        let names: Vec<DeviceDescription> = rows(name, "devices");
        assert!(names.iter().all(|device| device.hostname.is_some()), "{name}");
    }
}

#[test]
fn the_same_device_reads_alike_from_integers_and_from_texts() {
    let of = |name| -> DeviceRow {
        rows::<DeviceRow>(name, "devices").into_iter().find(|row| row.device_id == 21).unwrap()
    };
    let new = of("devices_list_mixed_26_7.json");
    assert_eq!(new.status, Some(false));
    assert_eq!(new.status_reason, FailingChecks { icmp: true, snmp: false });
    assert_eq!(new.last_polled, local("2026-08-20 11:37:12"));
    assert_eq!(new.last_ping, local("2026-08-20 12:13:58"));
    // Old servers lack one column, and the other is of no use without its pair.
    let new = DeviceRow { ignore_status: None, inserted: None, ..new };
    assert_eq!(of("devices_list_all_strings_pre_2018.json"), new);
}

#[test]
fn single_devices_of_every_age_give_times_in_utc() {
    for name in [
        "device_single_25_5_flat_location.json",
        "device_single_26_4_no_location.json",
        "device_single_26_5_plus_location_object.json",
    ] {
        let devices: Vec<DeviceRow> = rows(name, "devices");
        assert_eq!(devices.len(), 1, "{name}");
        assert_eq!(devices[0].device_id, 21, "{name}");
        assert_eq!(devices[0].status, Some(false), "{name}");
        assert_eq!(devices[0].last_polled, utc("2026-08-20T09:37:12Z"), "{name}");
    }
    let up: Vec<DeviceRow> = rows("device_single_up_26_7.json", "devices");
    assert_eq!((up[0].status, up[0].disabled), (Some(true), Some(false)));
}

#[test]
fn reasons_disabled_and_never_polled_are_read() {
    let devices: Vec<DeviceRow> = rows("devices_list_mixed_26_7.json", "devices");
    let of = |id| devices.iter().find(|row| row.device_id == id).unwrap();
    assert_eq!(of(22).status_reason, FailingChecks { icmp: false, snmp: true });
    assert_eq!(of(23).status_reason, FailingChecks { icmp: true, snmp: true });
    assert_eq!(of(42).disabled, Some(true));
    assert_eq!((of(51).last_polled, of(51).last_ping), (None, None));
}

#[test]
fn descriptions_give_names_places_and_parents() {
    let devices: Vec<DeviceDescription> = rows("devices_list_mixed_26_7.json", "devices");
    let agg = devices.iter().find(|row| row.device_id == 11).unwrap();
    assert_eq!(agg.sys_name.as_deref(), Some("agg1.pot"));
    assert_eq!(agg.location.as_deref(), Some("Potsdam POP"));
    assert_eq!((agg.lat, agg.lng), (Some(52.39886), Some(13.06566)));
    assert_eq!(agg.dependency_parent_id.as_deref(), Some("1,2"));
    let ping_only = devices.iter().find(|row| row.device_id == 31).unwrap();
    assert_eq!((&ping_only.hardware, &ping_only.location, ping_only.lat), (&None, &None, None));
}

#[test]
fn port_lists_decode() {
    let ports: Vec<PortRow> = rows("ports_all_columns.json", "ports");
    let of = |id| ports.iter().find(|row| row.port_id == id).unwrap().status;
    assert_eq!(ports.len(), 10);
    assert_eq!((of(1101).oper, of(1101).shut), (OperStatus::Up, false));
    assert_eq!((of(1102).oper, of(1102).shut), (OperStatus::NotUp, false));
    assert_eq!((of(1104).oper, of(1104).shut), (OperStatus::NotUp, true));
    assert_eq!(of(1105).oper, OperStatus::NotUp);
    assert_eq!((of(1107).disabled, of(1107).poll_time), (Some(true), None));
    assert_eq!(of(1108).oper, OperStatus::Odd);
    assert_eq!(of(2101).poll_time, NonZeroU32::new(1_787_218_632));
    let of_device: Vec<PortRow> = rows("device_ports_columns.json", "ports");
    assert!(of_device.iter().all(|row| row.device_id == 11));
    let down: Vec<PortRow> = rows("ports_search_operstatus_down.json", "ports");
    assert!(down.iter().all(|row| row.status.oper == OperStatus::NotUp));
    let names: Vec<PortDescription> = rows("ports_all_columns.json", "ports");
    assert_eq!(names[2].alias.as_deref(), Some("CUST-10017 ACME GmbH 1G"));
}

#[test]
fn a_poll_time_that_cannot_be_one_is_none() {
    for (text, expected) in [
        ("0", None),
        ("-5", None),
        ("4294967296", None),
        ("4294967295", NonZeroU32::new(u32::MAX)),
        ("\"1787218632\"", NonZeroU32::new(1_787_218_632)),
    ] {
        // The second is read by its likeness to the first.
        let row = |id| format!(r#"{{"port_id":{id},"device_id":1,"poll_time":{text}}}"#);
        let json = format!(r#"{{"ports":[{},{}]}}"#, row(1), row(2));
        let read: Rows<PortRow> = decode(json.as_bytes(), "ports").unwrap();
        let found: Vec<_> = read.rows.iter().map(|row| row.status.poll_time).collect();
        assert_eq!(found, [expected; 2], "{text}");
    }
}

#[test]
fn texts_instead_of_numbers_and_deleted_ports_are_read() {
    let old: Vec<PortRow> = rows("port_info_strings_2017.json", "port");
    assert_eq!(old.len(), 1);
    let deleted: Vec<PortRow> = rows("port_info_deleted.json", "port");
    assert_eq!(deleted[0].status.deleted, Some(true));
}

#[test]
fn ports_without_their_device_are_refused_row_by_row() {
    for name in ["ports_all_default_columns.json", "ports_all_count_pre_2022.json"] {
        let read: Rows<PortRow> = decode(&fixture(name), "ports").unwrap();
        assert!(read.rows.is_empty() && read.refused > 0, "{name}");
    }
}

#[test]
fn links_decode_and_0_and_null_both_mean_not_monitored() {
    let links: Vec<LinkRow> = rows("links_all.json", "links");
    assert_eq!(links.len(), 6);
    assert_eq!((links[0].remote_device_id, links[0].remote_port_id), (Some(1), Some(101)));
    assert_eq!((links[3].remote_device_id, links[3].remote_port_id), (None, None));
    assert_eq!((links[4].remote_device_id, links[4].remote_port_id), (None, None));
    assert_eq!(links[4].remote_hostname.as_deref(), Some("customer-fw-old"));
    assert!(!rows::<LinkRow>("device_links.json", "links").is_empty());
}

#[test]
fn versions_decode() {
    let system: Vec<SystemRow> = rows("system_docker_26_6.json", "system");
    assert_eq!(system[0].local_ver.as_deref(), Some("26.6.1"));
    assert_eq!(rows::<SystemRow>("system_git_2018.json", "system").len(), 1);
}

#[test]
fn what_is_no_list_is_refused() {
    let refused = |name: &str| decode::<PortRow>(&fixture(name), "ports").unwrap_err();
    assert_eq!(refused("ports_all_truncated.json.txt"), DecodeError::Truncated);
    assert_eq!(refused("error_404_ports_empty.json"), DecodeError::NotOk);
    assert_eq!(refused("ping.json"), DecodeError::NoList { key: "ports" });
    assert_eq!(refused("endpoints_index.json"), DecodeError::NoList { key: "ports" });
    assert_eq!(refused("device_outages_empty.json"), DecodeError::NoList { key: "ports" });
    for page in ["error_200_html_file_permissions.html", "error_504_gateway.html"] {
        assert!(matches!(refused(page), DecodeError::NoJson { .. }), "{page}");
    }
    assert_eq!(decode::<PortRow>(b"", "ports"), Err(DecodeError::Truncated));
    let noise = b"{\"status\":\"ok\",\"ports\":[]}\nPHP Warning";
    assert!(matches!(decode::<PortRow>(noise, "ports"), Err(DecodeError::NoJson { .. })));
    let broken = br#"{"status":"ok","ports":[{"port_id":}]}"#;
    assert_eq!(decode::<PortRow>(broken, "ports"), Err(DecodeError::NoJsonRow { row: 1 }));
}

#[test]
fn a_list_that_is_cut_anywhere_is_refused() {
    let whole = fixture("links_all.json");
    let end = whole.iter().rposition(|&byte| byte == b'}').unwrap();
    for length in 0..=end {
        let cut = decode::<LinkRow>(&whole[..length], "links");
        assert_eq!(cut.err(), Some(DecodeError::Truncated), "{length} bytes");
    }
}

#[test]
fn secrets_are_dropped() {
    for name in [
        "devices_list_mixed_26_7.json",
        "devices_list_25_5.json",
        "devices_list_all_strings_pre_2018.json",
        "device_single_up_26_7.json",
    ] {
        assert!(String::from_utf8(fixture(name)).unwrap().contains("EXAMPLE-ro"), "{name}");
        let states = format!("{:?}", rows::<DeviceRow>(name, "devices"));
        let names = format!("{:?}", rows::<DeviceDescription>(name, "devices"));
        for secret in ["EXAMPLE-ro", "EXAMPLE-user", "EXAMPLE-pass"] {
            assert!(!states.contains(secret) && !names.contains(secret), "{name}");
        }
    }
}

/// A value of any JSON type, as a text.
fn any_value() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|value| value.to_string()),
        any::<i64>().prop_map(|value| value.to_string()),
        any::<u64>().prop_map(|value| value.to_string()),
        any::<f64>().prop_map(|value| serde_json::json!(value).to_string()),
        any::<String>().prop_map(|value| serde_json::json!(value).to_string()),
        "[0-9 :T.Z-]{0,30}".prop_map(|value| serde_json::json!(value).to_string()),
        Just("[1,[2]]".to_owned()),
        Just(r#"{"a":{"b":1}}"#.to_owned()),
    ]
}

const COLUMNS: [&str; 16] = [
    "device_id",
    "port_id",
    "status",
    "status_reason",
    "disabled",
    "last_polled",
    "last_ping",
    "last_polled_timetaken",
    "ifOperStatus",
    "ifAdminStatus",
    "poll_time",
    "deleted",
    "lat",
    "hostname",
    "local_device_id",
    "remote_port_id",
];

proptest! {
    #[test]
    fn any_value_in_any_column_is_read_or_refused(
        values in vec((prop::sample::select(&COLUMNS[2..]), any_value()), 0..12),
    ) {
        let columns: Vec<_> =
            values.iter().map(|(column, value)| format!("\"{column}\":{value}")).collect();
        let row = std::iter::once(r#""device_id":7,"port_id":8"#.to_owned()).chain(columns);
        let row = row.collect::<Vec<_>>().join(",");
        let body = format!("{{\"status\":\"ok\",\"list\":[{{{row}}}]}}");
        for_every_kind(body.as_bytes())?;
    }

    #[test]
    fn any_bytes_are_refused_without_a_panic(bytes in vec(any::<u8>(), 0..300)) {
        for_every_kind(&bytes).ok();
    }

    #[test]
    fn damaged_answers_are_read_or_refused_alike_however_they_come(
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        step in 1_usize..6_000,
    ) {
        let mut body = fixture("devices_list_mixed_26_7.json");
        let at = at.index(body.len());
        body[at] = byte;
        check_in::<DeviceRow>(step, &body, "devices")?;
        check_in::<DeviceDescription>(step, &body, "devices")?;
        let mut body = fixture("ports_all_columns.json");
        let at = at % body.len();
        body[at] = byte;
        check_in::<PortRow>(step, &body, "ports")?;
        check_in::<PortDescription>(step, &body, "ports")?;
    }
}

/// It is the same whether it comes at once or in steps.
fn check_in<R: Row + PartialEq + std::fmt::Debug>(
    step: usize,
    body: &[u8],
    key: &'static str,
) -> Result<(), TestCaseError> {
    let whole = decode_in::<R>(body.len(), body, key);
    let found = decode_in::<R>(step, body, key);
    if found == whole { Ok(()) } else { Err(TestCaseError::fail(format!("{whole:?}; {found:?}"))) }
}

fn for_every_kind(body: &[u8]) -> Result<(), TestCaseError> {
    let whole = |read: Result<usize, DecodeError>| match read {
        Ok(rows) => (rows <= 1).then_some(()).ok_or_else(|| TestCaseError::fail("rows appeared")),
        Err(error) => Err(TestCaseError::fail(error.to_string())),
    };
    whole(decode::<DeviceRow>(body, "list").map(|read| read.rows.len() + read.refused))?;
    whole(decode::<DeviceDescription>(body, "list").map(|read| read.rows.len() + read.refused))?;
    whole(decode::<PortRow>(body, "list").map(|read| read.rows.len() + read.refused))?;
    whole(decode::<PortDescription>(body, "list").map(|read| read.rows.len() + read.refused))?;
    whole(decode::<LinkRow>(body, "list").map(|read| read.rows.len() + read.refused))
}
