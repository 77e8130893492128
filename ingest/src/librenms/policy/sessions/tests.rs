//! Each row of the table of sessions and checks.

use super::*;
use crate::librenms::decode::FailingChecks;

const NOW: Timestamp = Timestamp(1_787_220_900_000);

fn ago(seconds: i64) -> Timestamp {
    NOW.plus_millis(-seconds * 1000)
}

/// Up, polled 60 s ago.
fn healthy() -> DeviceFacts {
    DeviceFacts {
        device_id: 1,
        up: Some(true),
        failing: FailingChecks::default(),
        disabled: false,
        ignored: false,
        status_ignored: false,
        last_polled: Some(ago(60)),
        poll_began: Some(ago(70)),
        poll_unsure_ms: 0,
        poll_took_ms: Some(10_000),
        last_ping: Some(ago(70)),
        ping_unsure_ms: 0,
        ping_is_last: true,
        ahead: false,
    }
}

fn failing(icmp: bool, snmp: bool) -> DeviceFacts {
    DeviceFacts {
        up: Some(false),
        failing: FailingChecks { icmp, snmp },
        last_polled: Some(ago(400)),
        poll_began: Some(ago(410)),
        last_ping: Some(ago(30)),
        ..healthy()
    }
}

/// Everything that keeps a device from being looked at, and why.
fn frozen() -> [(DeviceFacts, Reason); 4] {
    let unborn = DeviceFacts { last_polled: None, poll_began: None, ..failing(true, false) };
    [
        (failing(true, true), Reason::DeviceDown),
        (failing(false, true), Reason::ManagementLost),
        (DeviceFacts { disabled: true, ..healthy() }, Reason::Disabled),
        (unborn, Reason::NeverPolled),
    ]
}

fn judged() -> Judged {
    let read = ReadAt { sent: ago(1), received: NOW };
    Judged { read, error: ClockError::default(), interval_ms: 300_000 }
}

/// State, why, from and up to how many seconds ago, and whether it counts.
type Expected = (ComponentState, Option<Reason>, i64, i64, Belief);

fn short(finding: Finding) -> Expected {
    let before = |at: Timestamp| (NOW.millis() - at.millis()).div_euclid(1000);
    let Finding { state, reason, from, to, belief } = finding;
    (state, reason, before(from), before(to), belief)
}

fn peer(state: PeerState, stopped: bool) -> PeerRow {
    PeerRow { peer_id: 1, device_id: 1, state, stopped }
}

fn session(policy: &Policy, row: &PeerRow, device: &DeviceFacts) -> Expected {
    let said = Some((ago(30), if device.up == Some(true) { Up } else { Down }));
    let backdrop = Backdrop { looked: policy.sessions_of(device), said };
    short(policy.session(row, &backdrop, &judged()).expect("there is something to say"))
}

const POLLED: Belief = Belief::Looked(Timestamp(NOW.0 - 70_000));

#[test]
fn a_session_is_up_when_it_is_established_and_down_in_every_other_state() {
    let of = |state| session(&Policy::default(), &peer(state, false), &healthy());
    assert_eq!(of(PeerState::Established), (Up, None, 70, 0, POLLED));
    assert_eq!(of(PeerState::Trying), (Down, None, 70, 0, POLLED));
    assert_eq!(of(PeerState::Odd), (Unknown, Some(Reason::OddStatus), 0, 0, POLLED));
}

#[test]
fn a_session_that_somebody_stopped_is_unknown_unless_the_account_says_otherwise() {
    let stopped = peer(PeerState::Trying, true);
    let shut = Some(Reason::AdminShut);
    let of = |policy: &Policy| session(policy, &stopped, &healthy());
    assert_eq!(of(&Policy::default()), (Unknown, shut, 0, 0, POLLED));
    let strict = Policy { admin_down: Down, ..Policy::default() };
    assert_eq!(of(&strict), (Down, shut, 70, 0, POLLED));
}

#[test]
fn sessions_of_a_device_that_nobody_looks_at_are_unknown_since_that_was_found() {
    let row = peer(PeerState::Established, false);
    for (device, reason) in frozen() {
        let found = session(&Policy::default(), &row, &device);
        assert_eq!(found, (Unknown, Some(reason), 30, 0, Belief::Proven), "{reason:?}");
    }
    let aside = Policy { ignored: SetAside::Unknown, ..Policy::default() };
    let ignored = DeviceFacts { ignored: true, ..healthy() };
    let found = session(&aside, &row, &ignored);
    assert_eq!(found, (Unknown, Some(Reason::Ignored), 30, 0, Belief::Proven));
    assert_eq!(session(&Policy::default(), &row, &ignored), (Up, None, 70, 0, POLLED));
    let follow = Policy { frozen_ports: FrozenPorts::AsDevice, ..Policy::default() };
    let found = session(&follow, &row, &failing(true, false));
    assert_eq!(found, (Down, Some(Reason::DeviceDown), 30, 30, Belief::Proven));
}

#[test]
fn without_a_poll_of_late_a_session_counts_only_if_it_has_moved() {
    let row = peer(PeerState::Established, false);
    let old =
        DeviceFacts { last_polled: Some(ago(990)), poll_began: Some(ago(1_000)), ..healthy() };
    let unsure = DeviceFacts { poll_unsure_ms: 3_600_000, ..healthy() };
    for device in [old, unsure] {
        let (state, .., belief) = session(&Policy::default(), &row, &device);
        assert_eq!((state, belief), (Up, Belief::IfTurned));
    }
}

#[test]
fn what_is_gone_from_its_list_is_unknown_or_stays_as_it_was() {
    let gone = Policy::default().gone_from_list(NOW).map(short);
    assert_eq!(gone, Some((Unknown, Some(Reason::Gone), 0, 0, Belief::Proven)));
    let stale = Policy { deleted: Deleted::Stale, ..Policy::default() };
    assert_eq!(stale.gone_from_list(NOW), None);
}

/// A check whose status changed so many seconds ago.
fn check_row(status: CheckStatus, changed: Option<i64>) -> CheckRow {
    let changed_s = changed.and_then(|s| std::num::NonZeroI64::new(NOW.millis() / 1000 - s));
    let (ignored, disabled) = (Some(false), Some(false));
    CheckRow { service_id: 1, device_id: 1, status, changed_s, ignored, disabled }
}

/// What is said of its change, and what lasts.
fn check(
    policy: &Policy,
    row: &CheckRow,
    told: Option<i64>,
    device: &DeviceFacts,
) -> [Option<Expected>; 2] {
    let said = Some((ago(30), if device.up == Some(true) { Up } else { Down }));
    let backdrop = Backdrop { looked: policy.checks_of(device, NOW), said };
    policy.check(row, told.map(ago), &backdrop, &judged()).map(|found| found.map(short))
}

#[test]
fn a_check_is_what_its_plugin_said_and_a_warning_is_up_by_default() {
    let of = |policy: &Policy, status| {
        check(policy, &check_row(status, Some(9_000)), Some(9_000), &healthy())
    };
    let lasts = |state, reason, from| [None, Some((state, reason, from, 0, POLLED))];
    let policy = Policy::default();
    assert_eq!(of(&policy, CheckStatus::Ok), lasts(Up, None, 601));
    assert_eq!(of(&policy, CheckStatus::Warning), lasts(Up, None, 601));
    assert_eq!(of(&policy, CheckStatus::Critical), lasts(Down, None, 601));
    assert_eq!(of(&policy, CheckStatus::Unknown), lasts(Unknown, Some(Reason::OddStatus), 0));
    let strict = Policy { check_warning: Down, ..policy };
    assert_eq!(of(&strict, CheckStatus::Warning), lasts(Down, None, 601));
    let vague = Policy { check_warning: Unknown, ..policy };
    assert_eq!(of(&vague, CheckStatus::Warning), lasts(Unknown, Some(Reason::OddStatus), 0));
}

#[test]
fn a_change_of_status_is_told_at_its_second_and_once() {
    let policy = Policy::default();
    let row = check_row(CheckStatus::Critical, Some(100));
    let edge = Some((Down, None, 100, 99, Belief::Proven));
    let lasts = Some((Down, None, 100, 0, POLLED));
    assert_eq!(check(&policy, &row, Some(5_000), &healthy()), [edge, lasts]);
    assert_eq!(check(&policy, &row, Some(100), &healthy()), [None, lasts]);
    // What was changed long before it was first heard of is not news.
    assert_eq!(check(&policy, &row, None, &healthy()), [edge, lasts]);
    let old = check_row(CheckStatus::Critical, Some(86_401));
    assert_eq!(check(&policy, &old, None, &healthy())[0], None);
    // The server's clock is 30 s ahead.
    let clock = crate::librenms::server_clock::ServerClock::default();
    clock.heard(Timestamp(40_000), Timestamp(10_000), Timestamp(10_000));
    let error = clock.error().expect("it was heard");
    let backdrop = Backdrop { looked: policy.checks_of(&healthy(), NOW), said: None };
    let [edge, _] = policy.check(&row, Some(ago(900)), &backdrop, &Judged { error, ..judged() });
    assert_eq!(edge.map(|edge| edge.from), Some(ago(100).plus_millis(-error.ahead_ms())));
    assert!(error.ahead_ms() > 29_000);
}

#[test]
fn a_check_that_is_not_run_is_unknown() {
    let policy = Policy::default();
    let new = check_row(CheckStatus::Unknown, None);
    let never = Some((Unknown, Some(Reason::NeverPolled), 0, 0, Belief::Proven));
    assert_eq!(check(&policy, &new, None, &healthy()), [None, never]);
    let off = CheckRow { disabled: Some(true), ..check_row(CheckStatus::Ok, Some(50)) };
    let disabled = Some((Unknown, Some(Reason::Disabled), 0, 0, Belief::Proven));
    assert_eq!(check(&policy, &off, None, &healthy()), [None, disabled]);
    let down = Policy { disabled: Down, ..policy };
    assert_eq!(check(&down, &off, None, &healthy())[1].map(|found| found.0), Some(Down));
}

#[test]
fn a_check_that_is_set_aside_is_real_unless_the_account_says_otherwise() {
    let row = CheckRow { ignored: Some(true), ..check_row(CheckStatus::Critical, Some(9_000)) };
    let of = |policy: &Policy| check(policy, &row, Some(9_000), &healthy())[1];
    assert_eq!(of(&Policy::default()), Some((Down, None, 601, 0, POLLED)));
    let aside = Policy { ignored: SetAside::Unknown, ..Policy::default() };
    assert_eq!(of(&aside), Some((Unknown, Some(Reason::Ignored), 0, 0, Belief::Proven)));
}

#[test]
fn checks_of_a_device_that_does_not_answer_to_ping_are_unknown_but_their_last_change_is_told() {
    let policy = Policy::default();
    let row = check_row(CheckStatus::Critical, Some(100));
    for (device, reason) in frozen() {
        if reason == Reason::ManagementLost {
            // Only SNMP is lost: they go on.
            let looked = Belief::Looked(ago(30));
            let lasts = Some((Down, None, 100, 0, looked));
            assert_eq!(check(&policy, &row, Some(100), &device), [None, lasts]);
            continue;
        }
        let lost = Some((Unknown, Some(reason), 30, 0, Belief::Proven));
        let edge = Some((Down, None, 100, 99, Belief::Proven));
        assert_eq!(check(&policy, &row, Some(9_000), &device), [edge, lost], "{reason:?}");
        assert_eq!(check(&policy, &row, Some(100), &device), [None, lost], "{reason:?}");
    }
}

#[test]
fn checks_that_nobody_looks_at_and_times_in_the_future_say_nothing_new() {
    let policy = Policy::default();
    let row = check_row(CheckStatus::Ok, Some(9_000));
    let old =
        DeviceFacts { last_polled: Some(ago(990)), poll_began: Some(ago(1_000)), ..healthy() };
    let [edge, lasts] = check(&policy, &row, Some(9_000), &old);
    assert_eq!((edge, lasts.map(|found| found.4)), (None, Some(Belief::IfTurned)));
    let ahead = check_row(CheckStatus::Ok, Some(-121));
    assert_eq!(check(&policy, &ahead, None, &healthy()), [None, None]);
}
