//! The view against the truth, and the habits of LibreNMS one by one.

use super::eventlog::What;
use super::*;
use crate::simulator::failures::{FailureKind, FailureRates};
use crate::simulator::json::{Json, Row};
use crate::simulator::{Topology, WorldOptions};

const CYCLE_MS: i64 = 300_000;
const HOUR_MS: i64 = 3_600_000;

fn world() -> Arc<World> {
    let options = WorldOptions { services: 60, ..WorldOptions::default() };
    Arc::new(World::generate(&Topology::surfnet(), &options).expect("valid"))
}

fn options() -> NmsOptions {
    NmsOptions {
        poll_cycle_ms: CYCLE_MS,
        ping_cycle_ms: None,
        zone: jiff::tz::TimeZone::UTC,
        release: Release::V26_7,
        dispatcher: false,
    }
}

fn failure(world: &World, name: &str, kind: FailureKind, from: i64, until: i64) -> Failure {
    Failure::named(world, name, kind, Timestamp(from), Timestamp(until)).expect("valid")
}

fn column(row: &Row, name: &str) -> Json {
    row.iter().find(|(key, _)| *key == name).map(|(_, value)| value.clone()).expect("a column")
}

fn text(row: &Row, name: &str) -> String {
    column(row, name).text().unwrap_or_default()
}

fn lines(nms: &Nms) -> Vec<(u64, Timestamp, DeviceIndex, String)> {
    let events = nms.events().since(0);
    events.map(|event| (event.id, event.at, event.device, event.what.message(None))).collect()
}

/// A busy day of failures, watched to its end.
fn busy_day(release: Release, ping_cycle_ms: Option<i64>) -> Nms {
    let world = world();
    let day = Period::new(Timestamp(0), Timestamp(24 * HOUR_MS));
    let failures = Failure::random(&world, 8, day, &FailureRates::lively());
    let options = NmsOptions { release, ping_cycle_ms, ..options() };
    let mut nms = Nms::new(&world, &failures, day.from, options);
    nms.advance(day.until);
    nms
}

/// Whether the component changed in `(after, at]`.
fn changed(truth: &Truth, component: Component, after: Timestamp, at: Timestamp) -> bool {
    let course = truth.course(component);
    course.changes().iter().any(|change| *change > after && *change <= at)
}

#[test]
fn every_device_event_is_true_and_at_most_a_cycle_late() {
    for release in [Release::V25_5, Release::V26_7] {
        let nms = busy_day(release, None);
        let mut seen = 0;
        for event in nms.events().since(0) {
            let (at, device) = (event.at, event.device);
            let component = Component::Device(device);
            let works = nms.truth().course(component).works_at(at);
            let managed = nms.truth().answers_management_at(device, at);
            let before = at.plus_millis(-CYCLE_MS);
            match event.what {
                What::Down(failing) => {
                    assert!(!works || !managed, "{event:?}");
                    assert_eq!(failing.icmp, !works, "{event:?}");
                    assert!(
                        changed(nms.truth(), component, before, at)
                            || nms.truth().answers_management_at(device, before) != managed
                            || failing.as_str() == "snmp",
                        "{event:?}"
                    );
                }
                What::Up(_) => assert!(works && managed, "{event:?}"),
                _ => continue,
            }
            seen += 1;
        }
        assert!(seen > 100, "a busy day has events, found {seen}");
    }
}

#[test]
fn every_port_event_shows_the_port_as_it_was() {
    let nms = busy_day(Release::V26_7, None);
    let mut seen = 0;
    for event in nms.events().since(0) {
        if let What::Oper { port, to, .. } = event.what {
            let works = nms.truth().course(Component::Port(port)).works_at(event.at);
            assert_eq!(to == OperStatus::Up, works, "{event:?}");
            seen += 1;
        }
    }
    assert!(seen > 100, "a busy day has port events, found {seen}");
}

#[test]
fn every_outage_longer_than_a_cycle_is_noticed_within_one() {
    let nms = busy_day(Release::V26_7, None);
    let mut seen = 0;
    for (place, device) in nms.world.devices().iter().enumerate() {
        let index = DeviceIndex::at(place);
        if device.standing != Standing::Normal {
            continue;
        }
        let course = nms.truth().course(Component::Device(index));
        let mut edges = course.changes().to_vec();
        edges.push(nms.now());
        for pair in edges.windows(2) {
            let (from, until) = (pair[0], pair[1]);
            if course.works_at(from) || until.millis() - from.millis() <= CYCLE_MS {
                continue;
            }
            let limit = from.plus_millis(CYCLE_MS);
            let rows = nms.outages.get(&index).expect("an outage row");
            let covers = rows
                .iter()
                .any(|row| row.going_down <= limit && row.up_again.is_none_or(|up| up > limit));
            assert!(covers, "{index:?} down from {from} to {until}: {rows:?}");
            seen += 1;
        }
    }
    assert!(seen > 5, "found {seen}");
}

#[test]
fn it_does_not_matter_in_how_many_steps_time_passes() {
    let world = world();
    let day = Period::new(Timestamp(0), Timestamp(24 * HOUR_MS));
    let failures = Failure::random(&world, 8, day, &FailureRates::lively());
    let options = NmsOptions { ping_cycle_ms: Some(60_000), ..options() };
    let mut leap = Nms::new(&world, &failures, day.from, options.clone());
    leap.advance(day.until);
    let mut steps = Nms::new(&world, &failures, day.from, options);
    for at in (0..=day.until.millis()).step_by(77_777) {
        steps.advance(Timestamp(at));
    }
    steps.advance(day.until);
    assert_eq!(lines(&leap), lines(&steps));
    assert_eq!(leap.outages, steps.outages);
    for place in 0..world.devices().len() {
        let device = DeviceIndex::at(place);
        assert_eq!(leap.device_row(device, Shape::Raw), steps.device_row(device, Shape::Raw));
    }
}

#[test]
fn rows_freeze_while_a_device_is_down_and_only_last_ping_goes_on() {
    let world = world();
    let switch = world.devices().iter().position(|d| d.hostname.starts_with("as1.zwolle"));
    let switch = DeviceIndex::at(switch.expect("a switch in Zwolle"));
    let name = world.id_of(Component::Device(switch));
    let dark = failure(&world, name.as_str(), FailureKind::Power, HOUR_MS, 3 * HOUR_MS);
    let mut nms = Nms::new(&world, &[dark], Timestamp(0), options());
    nms.advance(Timestamp(HOUR_MS - 1));
    let before = nms.device_row(switch, Shape::Raw);
    let ports: Vec<_> = world.device(switch).ports().collect();
    let rows = |nms: &Nms| -> Vec<(Json, Json)> {
        let cell = |port, name| nms.port_cell(port, name).expect("a column");
        ports.iter().map(|port| (cell(*port, "ifOperStatus"), cell(*port, "poll_time"))).collect()
    };
    let ports_before = rows(&nms);
    nms.advance(Timestamp(2 * HOUR_MS));
    let during = nms.device_row(switch, Shape::Raw);
    assert_eq!(
        (text(&during, "status"), text(&during, "status_reason")),
        ("0".into(), "icmp,snmp".into())
    );
    assert_eq!(column(&during, "last_polled"), column(&before, "last_polled"));
    assert_eq!(column(&during, "uptime"), column(&before, "uptime"));
    assert_ne!(column(&during, "last_ping"), column(&before, "last_ping"));
    assert_eq!(rows(&nms), ports_before);
    nms.advance(Timestamp(3 * HOUR_MS + CYCLE_MS + 15_000));
    let after = nms.device_row(switch, Shape::Raw);
    assert_eq!((text(&after, "status"), text(&after, "status_reason")), ("1".into(), "".into()));
    assert!(text(&after, "uptime").parse::<i64>().expect("a number") <= CYCLE_MS / 1000);
    assert!(lines(&nms).iter().any(|(_, _, device, message)| {
        *device == switch && message.starts_with("Device rebooted after ")
    }));
}

#[test]
fn fast_ping_gives_the_reasons_icmp_then_both_then_snmp_then_none() {
    let world = world();
    let cpe = world.devices().iter().position(|device| device.role == crate::simulator::Role::Cpe);
    let cpe = DeviceIndex::at(cpe.expect("a customer"));
    let name = world.id_of(Component::Device(cpe));
    let dark = failure(&world, name.as_str(), FailureKind::Power, 1_000_500, 2_000_500);
    let options = NmsOptions { ping_cycle_ms: Some(10_000), ..options() };
    let mut nms = Nms::new(&world, &[dark], Timestamp(0), options);
    let mut reasons = vec![String::new()];
    for at in (0..3_000_000).step_by(1_000) {
        nms.advance(Timestamp(at));
        let reason = text(&nms.device_row(cpe, Shape::Raw), "status_reason");
        if reasons.last() != Some(&reason) {
            reasons.push(reason);
        }
    }
    assert_eq!(reasons, ["", "icmp", "icmp,snmp", "snmp", ""]);
    let outages = nms.outages.get(&cpe).expect("an outage");
    assert_eq!(outages.len(), 1);
    assert!(outages[0].going_down.millis() - 1_000_500 <= 10_000);
}

#[test]
fn the_bug_of_26_7_leaves_outages_open_or_unwritten() {
    let world = world();
    let idle = Nms::new(&world, &[], Timestamp(0), options());
    // A device whose discovery runs well before its next poll.
    let device = (0..world.devices().len()).map(DeviceIndex::at).find(|device| {
        let discovery = idle.cadence(Check::Discovery, *device).next(Timestamp(HOUR_MS));
        let poll = idle.cadence(Check::Poll, *device).next(discovery);
        world.device(*device).role == crate::simulator::Role::Cpe
            && poll.millis() - discovery.millis() > 60_000
            && poll.millis() - discovery.millis() < CYCLE_MS - 60_000
    });
    let device = device.expect("one of many");
    let discovery = idle.cadence(Check::Discovery, device).next(Timestamp(HOUR_MS)).millis();
    let name = world.id_of(Component::Device(device));
    let watch = |from, until| {
        let dark = failure(&world, name.as_str(), FailureKind::Power, from, until);
        let mut nms = Nms::new(&world, &[dark], Timestamp(0), options());
        nms.set_bug_26_7(true);
        nms.advance(Timestamp(discovery + HOUR_MS));
        nms
    };
    let open = watch(discovery - HOUR_MS / 2, discovery - 1_000);
    assert!(open.is_up(device));
    assert_eq!(open.outages.get(&device).map(|rows| rows[0].up_again), Some(None));
    let unwritten = watch(discovery - 1_000, discovery + 2 * HOUR_MS);
    assert!(!unwritten.is_up(device));
    assert_eq!(unwritten.outages.get(&device), None);
}

#[test]
fn a_stalled_poller_group_freezes_its_rows_as_they_are() {
    let world = world();
    let device = world
        .devices()
        .iter()
        .position(|device| device.poller_group == 1 && device.standing == Standing::Normal);
    let device = DeviceIndex::at(device.expect("a device of group 1"));
    let name = world.id_of(Component::Device(device));
    let dark = failure(&world, name.as_str(), FailureKind::Power, 2 * HOUR_MS, 9 * HOUR_MS);
    let mut nms = Nms::new(&world, &[dark], Timestamp(0), options());
    nms.advance(Timestamp(HOUR_MS));
    assert!(nms.set_stalled(1, true));
    assert!(!nms.set_stalled(2, true));
    let before = nms.device_row(device, Shape::Raw);
    nms.advance(Timestamp(3 * HOUR_MS));
    let during = nms.device_row(device, Shape::Raw);
    assert_eq!(text(&during, "status"), "1");
    assert_eq!(column(&during, "last_ping"), column(&before, "last_ping"));
    nms.set_stalled(1, false);
    nms.advance(Timestamp(3 * HOUR_MS + CYCLE_MS));
    assert_eq!(text(&nms.device_row(device, Shape::Raw), "status"), "0");
}

#[test]
fn links_vanish_at_discovery_and_return_with_new_ids() {
    let world = world();
    let cut = failure(&world, "link:L5", FailureKind::FibreCut, HOUR_MS, 8 * HOUR_MS);
    let mut nms = Nms::new(&world, &[cut], Timestamp(0), options());
    let rows = |nms: &Nms| -> Vec<Row> {
        nms.link_places(None).into_iter().map(|place| nms.link_row(place)).collect()
    };
    let all = rows(&nms);
    nms.advance(Timestamp(8 * HOUR_MS - 1));
    assert_eq!(rows(&nms).len(), all.len() - 2);
    nms.advance(Timestamp(15 * HOUR_MS));
    let again = rows(&nms);
    assert_eq!(again.len(), all.len());
    assert_ne!(again, all);
}

#[test]
fn a_shut_port_says_so_and_its_peer_is_only_down() {
    let world = world();
    let link = world.links().iter().find(|link| link.id == "L5").expect("known");
    let name = world.id_of(Component::Port(link.a));
    let shut = failure(&world, name.as_str(), FailureKind::AdminDown, HOUR_MS, 2 * HOUR_MS);
    let mut nms = Nms::new(&world, &[shut], Timestamp(0), options());
    nms.advance(Timestamp(HOUR_MS + CYCLE_MS));
    let cell = |nms: &Nms, port, name| nms.port_cell(port, name).and_then(|cell| cell.text());
    for (port, admin) in [(link.a, "down"), (link.b, "up")] {
        assert_eq!(cell(&nms, port, "ifOperStatus").as_deref(), Some("down"));
        assert_eq!(cell(&nms, port, "ifOperStatus_prev").as_deref(), Some("up"));
        assert_eq!(cell(&nms, port, "ifAdminStatus").as_deref(), Some(admin));
        let ticks: i64 = cell(&nms, port, "ifLastChange").expect("set").parse().expect("a number");
        let booted = nms.network.booted_at(world.port(port).device);
        let changed = booted.millis() + ticks * 10;
        assert!(changed > HOUR_MS - 10 && changed <= HOUR_MS, "{changed}");
    }
    nms.advance(Timestamp(2 * HOUR_MS + CYCLE_MS));
    assert_eq!(cell(&nms, link.b, "ifOperStatus").as_deref(), Some("up"));
}

#[test]
fn an_injected_failure_starts_now_and_ends_when_cleared() {
    let world = world();
    let mut nms = Nms::new(&world, &[], Timestamp(0), options());
    nms.advance(Timestamp(HOUR_MS));
    let cut = failure(&world, "link:L5", FailureKind::FibreCut, 0, i64::MAX);
    let id = nms.fail(&cut);
    nms.advance(Timestamp(2 * HOUR_MS));
    assert!(nms.clear(id));
    nms.advance(Timestamp(3 * HOUR_MS));
    assert!(!nms.clear(id), "it is over");
    let down: Vec<Period> = nms
        .truth()
        .intervals()
        .filter(|interval| interval.state == correlate::model::ComponentState::Down)
        .map(|interval| interval.period)
        .collect();
    assert_eq!(down, [Period::new(Timestamp(HOUR_MS), Timestamp(2 * HOUR_MS)); 2]);
}

/// An unbroken NMS of this release at 0, with fast ping if asked, and a customer's device of it.
fn customer(release: Release, ping_cycle_ms: Option<i64>) -> (Arc<World>, DeviceIndex, NmsOptions) {
    let world = world();
    let cpe = world.devices().iter().position(|device| device.role == crate::simulator::Role::Cpe);
    let device = DeviceIndex::at(cpe.expect("a customer"));
    (world, device, NmsOptions { release, ping_cycle_ms, ..options() })
}

#[test]
fn fast_ping_writes_outages_only_since_25_10() {
    for (release, limit_ms) in [(Release::V25_5, CYCLE_MS), (Release::V26_3, 10_000)] {
        let (world, device, options) = customer(release, Some(10_000));
        let name = world.id_of(Component::Device(device));
        let idle = Nms::new(&world, &[], Timestamp(0), options.clone());
        // Just after a poll, so that the next one is far away.
        let from = idle.cadence(Check::Poll, device).next(Timestamp(HOUR_MS)).millis() + 1;
        let dark = failure(&world, name.as_str(), FailureKind::Power, from, 2 * HOUR_MS);
        let mut nms = Nms::new(&world, &[dark], Timestamp(0), options);
        nms.advance(Timestamp(from + 20_000));
        assert!(!nms.is_up(device), "the status is known at once");
        assert_eq!(nms.outages.contains_key(&device), release == Release::V26_3);
        nms.advance(Timestamp(from + CYCLE_MS));
        let outage = nms.outages[&device][0];
        assert!(outage.going_down.millis() - from <= limit_ms, "{release:?}");
    }
}

#[test]
fn before_26_7_the_next_poll_mends_what_discovery_left() {
    let (world, device, options) = customer(Release::V26_5, None);
    let idle = Nms::new(&world, &[], Timestamp(0), options.clone());
    let discovery = idle.cadence(Check::Discovery, device).next(Timestamp(HOUR_MS)).millis();
    let name = world.id_of(Component::Device(device));
    let dark =
        failure(&world, name.as_str(), FailureKind::Power, discovery - 1_000, discovery + HOUR_MS);
    let mut nms = Nms::new(&world, &[dark], Timestamp(0), options);
    nms.set_bug_26_7(true);
    nms.advance(Timestamp(discovery + 2 * HOUR_MS));
    assert!(nms.outages[&device][0].up_again.is_some());
}

#[test]
fn before_25_8_an_outage_may_stay_open_for_ever() {
    let (world, device, options) = customer(Release::V25_5, None);
    let name = world.id_of(Component::Device(device));
    let both = [
        failure(&world, name.as_str(), FailureKind::ManagementLost, HOUR_MS, 3 * HOUR_MS),
        failure(&world, name.as_str(), FailureKind::Power, 2 * HOUR_MS, 4 * HOUR_MS),
    ];
    let mut nms = Nms::new(&world, &both, Timestamp(0), options);
    nms.advance(Timestamp(5 * HOUR_MS));
    assert!(nms.is_up(device));
    let open: Vec<bool> = nms.outages[&device].iter().map(|row| row.up_again.is_none()).collect();
    assert_eq!(open, [true, false]);
}

#[test]
fn with_bug_20310_fast_ping_clears_lost_management_again_and_again() {
    let (world, device, options) = customer(Release::V26_7, Some(60_000));
    let name = world.id_of(Component::Device(device));
    let lost = failure(&world, name.as_str(), FailureKind::ManagementLost, HOUR_MS, 2 * HOUR_MS);
    let mut nms = Nms::new(&world, &[lost], Timestamp(0), options);
    nms.set_bug_20310(true);
    nms.advance(Timestamp(3 * HOUR_MS));
    let outages = &nms.outages[&device];
    assert_eq!(outages.len(), 12, "one per poll of an hour");
    let short = |row: &Outage| {
        row.up_again.is_some_and(|up| up.millis() - row.going_down.millis() <= 60_000)
    };
    assert!(outages.iter().all(short));
}

#[test]
fn an_upgrade_gives_what_is_down_its_new_reason() {
    let (world, device, options) = customer(Release::V25_5, None);
    let name = world.id_of(Component::Device(device));
    let dark = failure(&world, name.as_str(), FailureKind::Power, HOUR_MS, 9 * HOUR_MS);
    let mut nms = Nms::new(&world, &[dark], Timestamp(0), options);
    nms.advance(Timestamp(2 * HOUR_MS));
    assert_eq!(text(&nms.device_row(device, Shape::Raw), "status_reason"), "icmp");
    nms.set_release(Release::V26_7);
    nms.advance(Timestamp(2 * HOUR_MS + CYCLE_MS));
    assert_eq!(text(&nms.device_row(device, Shape::Raw), "status_reason"), "icmp,snmp");
}
