//! The files of `../shared/librenms-fixtures` with BGP sessions and service checks:
//! what their rows are, in both of LibreNMS's modes, and what they mean.

use super::client::Call;
use super::decode::{CheckDescription, CheckRow, PeerDescription, PeerRow, Row};
use super::fixtures::{client, server};
use super::{calls, inventory};
use crate::source::{Fault, SourceError};

/// These files.
pub(super) const FILES: [&str; 7] = [
    "bgp_sessions.json",
    "bgp_session_single.json",
    "bgp_sessions_empty.json",
    "services_all.json",
    "services_device.json",
    "services_empty.json",
    "services_strings_2016_one_list_per_host.json",
];

async fn rows<R: Row>(file: &str, call: Call) -> Result<Vec<R>, SourceError> {
    let call = Call { path: format!("200/{file}"), ..call };
    client(&server().await).rows(&call).await
}

async fn sessions(file: &str, call: Call) -> Vec<String> {
    let rows: Vec<PeerRow> = rows(file, call).await.unwrap();
    let text = |row: &PeerRow| {
        let stopped = if row.stopped { " stopped" } else { "" };
        format!("{} of {} {:?}{stopped}", row.peer_id, row.device_id, row.state)
    };
    rows.iter().map(text).collect()
}

async fn checks(file: &str) -> Vec<String> {
    let rows: Vec<CheckRow> = rows(file, calls::checks()).await.unwrap();
    let text = |row: &CheckRow| {
        let set = [(row.ignored, " ignored"), (row.disabled, " disabled")];
        let set = set.iter().filter(|(is_so, _)| *is_so == Some(true)).map(|(_, word)| *word);
        let changed = row.changed_s.map_or(0, std::num::NonZeroI64::get);
        let set: String = set.collect();
        format!("{} of {} {:?} {changed}{set}", row.service_id, row.device_id, row.status)
    };
    rows.iter().map(text).collect()
}

#[tokio::test]
async fn sessions_decode() {
    let all = sessions("bgp_sessions.json", calls::sessions()).await;
    assert_eq!(all, ["1260 of 1 Established", "1261 of 1 Trying", "1262 of 2 Trying stopped"]);
    assert_eq!(sessions("bgp_sessions_empty.json", calls::sessions()).await, [""; 0]);
    let single = Call { list_key: "bgp_session", ..calls::sessions() };
    assert_eq!(sessions("bgp_session_single.json", single).await, ["1261 of 1 Trying"]);
    let names: Vec<PeerDescription> =
        rows("bgp_sessions.json", calls::session_names()).await.unwrap();
    let names: Vec<_> = names.into_iter().map(inventory::session).collect();
    let of = |place: usize| {
        let one = &names[place];
        (&*one.peer, one.remote_as, one.description.as_deref())
    };
    assert_eq!(of(0), ("2001:db8:0:fe::1", Some(64_510), Some("Transit A #CORE")));
    assert_eq!(of(1), ("203.0.113.9", Some(4_200_000_017), Some("CUST-10044")));
    assert_eq!(of(2), ("203.0.113.13", Some(64_520), None));
}

#[tokio::test]
async fn checks_decode_from_lists_within_the_list_of_every_age() {
    assert_eq!(
        checks("services_all.json").await,
        [
            "1 of 1 Critical 1787219580",
            "2 of 1 Ok 1786184100",
            "3 of 11 Unknown 0",
            "4 of 11 Warning 1787134500 ignored",
            "5 of 42 Ok 1761300900 disabled",
        ]
    );
    let two = ["1 of 1 Critical 1787219580", "2 of 1 Ok 1786184100"];
    assert_eq!(checks("services_device.json").await, two);
    let old = checks("services_strings_2016_one_list_per_host.json").await;
    assert_eq!(old, [two[1], two[0]]);
    assert_eq!(checks("services_empty.json").await, [""; 0]);
    let names: Vec<CheckDescription> =
        rows("services_all.json", calls::check_names()).await.unwrap();
    let names: Vec<_> = names.into_iter().map(inventory::check).collect();
    let of = |place: usize| (&*names[place].name, names[place].description.as_deref());
    assert_eq!(of(0), ("Portal HTTPS", Some("http")));
    assert_eq!(of(4), ("ssh", None));
    assert_eq!((names[3].ignored, names[4].disabled), (true, true));
}

#[tokio::test]
async fn lists_within_a_list_are_refused_where_they_do_not_belong() {
    let call = Call { list_key: "services", ..calls::sessions() };
    let error = rows::<PeerRow>("services_all.json", call).await.unwrap_err();
    assert_eq!(error.fault, Fault::Malformed);
    let single = Call { list_key: "bgp_sessions", ..calls::sessions() };
    let error = rows::<PeerRow>("bgp_session_single.json", single).await.unwrap_err();
    assert_eq!(error.fault, Fault::Malformed);
}
