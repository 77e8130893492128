//! What the lines of LibreNMS's event log say, as far as it is about states.
//!
//! The texts are those of `DeviceObserver`, of the ports module and of the trap
//! handlers; a distributed poller adds its name. A line is never a state by
//! itself: users can write any text into the log, so a row must agree. Pure.

use super::decode::{EventRow, FailingChecks, OperStatus, RowTime};

/// What one line says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum What {
    /// A device was found down, by these checks.
    DeviceDown(FailingChecks),
    /// A device was found up again.
    DeviceUp,
    /// A device had started anew.
    Rebooted,
    /// A port's operational status.
    Oper {
        /// What it was before, where the line tells.
        from: Option<OperStatus>,
        /// What it is.
        to: OperStatus,
    },
    /// Whether a port is administratively shut now.
    Shut(bool),
}

/// One line that matters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Line {
    pub(super) event_id: u64,
    pub(super) device_id: u64,
    /// The port that it is about.
    pub(super) port_id: Option<u64>,
    pub(super) time: RowTime,
    pub(super) what: What,
    /// A person has written it: worth a look, but no evidence.
    pub(super) by_user: bool,
}

impl Line {
    /// What the row says; `None` if it is about something else.
    pub(super) fn of(row: &EventRow) -> Option<Line> {
        let (device_id, time) = (row.device_id?, row.datetime?);
        let message = row.message.as_deref()?.trim();
        let what = match row.kind.as_deref()? {
            "down" | "up" => device(message)?,
            "reboot" => What::Rebooted,
            "interface" => port(message)?,
            _ => return None,
        };
        let is_of_port = matches!(what, What::Oper { .. } | What::Shut(_));
        let port_id = row.reference.filter(|_| is_of_port);
        if is_of_port && port_id.is_none() {
            return None;
        }
        let by_user = row.username.is_some();
        Some(Line { event_id: row.event_id, device_id, port_id, time, what, by_user })
    }
}

/// `Device status changed to Down from icmp,snmp check by poller2.`
fn device(message: &str) -> Option<What> {
    let rest = message.strip_prefix("Device status changed to ")?;
    if rest.starts_with("Up") {
        return Some(What::DeviceUp);
    }
    let rest = rest.strip_prefix("Down")?.trim_start();
    let checks = rest.strip_prefix("from ").and_then(|rest| rest.split_once(" check"));
    let checks = checks.map_or("", |(checks, _)| checks);
    let fails = |check: &str| checks.split(',').any(|part| part.trim() == check);
    Some(What::DeviceDown(FailingChecks { icmp: fails("icmp"), snmp: fails("snmp") }))
}

/// `ifOperStatus: up -> down`, or what a trap handler writes.
fn port(message: &str) -> Option<What> {
    if let Some(change) = message.strip_prefix("ifOperStatus:") {
        let (from, to) = change.split_once("->")?;
        let from = Some(from.trim()).filter(|from| !from.is_empty());
        return Some(What::Oper {
            from: from.map(|from| OperStatus::of(Some(from))),
            to: OperStatus::of(Some(to.trim())),
        });
    }
    if let Some(change) = message.strip_prefix("ifAdminStatus:") {
        let (_, to) = change.split_once("->")?;
        return Some(What::Shut(to.trim() == "down"));
    }
    let went = message.strip_prefix("Interface went ").filter(|rest| rest.ends_with("(TRAP)"))?;
    let to = match went.split_whitespace().next()? {
        "Down" => OperStatus::NotUp,
        "Up" => OperStatus::Up,
        _ => return None,
    };
    Some(What::Oper { from: None, to })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(kind: &str, message: &str, reference: Option<u64>) -> EventRow {
        EventRow {
            event_id: 1,
            device_id: Some(7),
            datetime: Some(RowTime::Local("2026-08-20 12:00:00".parse().unwrap())),
            message: Some(message.into()),
            kind: Some(kind.into()),
            reference,
            username: None,
        }
    }

    #[track_caller]
    fn check(kind: &str, message: &str, expected: Option<What>) {
        let found = Line::of(&row(kind, message, Some(9)));
        assert_eq!(found.map(|line| line.what), expected, "{message}");
    }

    fn down(icmp: bool, snmp: bool) -> Option<What> {
        Some(What::DeviceDown(FailingChecks { icmp, snmp }))
    }

    fn oper(from: Option<OperStatus>, to: OperStatus) -> Option<What> {
        Some(What::Oper { from, to })
    }

    #[test]
    fn devices_go_down_and_come_back() {
        check("down", "Device status changed to Down from icmp check.", down(true, false));
        check("down", "Device status changed to Down from icmp,snmp check.", down(true, true));
        check(
            "down",
            "Device status changed to Down from snmp check by poller2.",
            down(false, true),
        );
        check("down", "Device status changed to Down.", down(false, false));
        check("up", "Device status changed to Up from icmp check.", Some(What::DeviceUp));
        check("up", "Device status changed to Up from snmp check by n1.", Some(What::DeviceUp));
        check("down", "Device status changed to Sideways", None);
        check("reboot", "Device rebooted after 2 days -> 41s", Some(What::Rebooted));
    }

    #[test]
    fn ports_change_by_polls_and_by_traps() {
        use OperStatus::{NotUp, Odd, Up};
        check("interface", "ifOperStatus: up -> down", oper(Some(Up), NotUp));
        check("interface", "ifOperStatus: down -> lowerLayerDown", oper(Some(NotUp), NotUp));
        check("interface", "ifOperStatus:  -> up", oper(None, Up));
        check("interface", "ifOperStatus: up -> NULL", oper(Some(Up), Odd));
        check("interface", "ifAdminStatus: up -> down", Some(What::Shut(true)));
        check("interface", "ifAdminStatus: down -> up", Some(What::Shut(false)));
        check("interface", "Interface went Down : Ethernet2 (TRAP)", oper(None, NotUp));
        check("interface", "Interface went Up : Ethernet2 (TRAP)", oper(None, Up));
        // What the trap said is in the line after it.
        check("interface", "SNMP Trap: linkDown up/down Ethernet2", None);
        check("interface", "ifSpeed: 1 Gbps -> 0 bps", None);
        check("interface", "ifAlias: ifOperStatus: up -> down", None);
    }

    #[test]
    fn other_lines_and_lines_without_their_object_say_nothing() {
        check("alert", "Device status changed to Down from icmp check.", None);
        check("bgpPeer", "BGP Session Down: 203.0.113.9 (AS1)", None);
        assert_eq!(Line::of(&row("interface", "ifOperStatus: up -> down", None)), None);
        let nobody =
            EventRow { device_id: None, ..row("down", "Device status changed to Up", None) };
        assert_eq!(Line::of(&nobody), None);
    }

    #[test]
    fn what_a_person_wrote_is_marked() {
        let forged = EventRow {
            username: Some("eve".into()),
            ..row("down", "Device status changed to Down from icmp check.", None)
        };
        assert!(Line::of(&forged).is_some_and(|line| line.by_user));
    }
}
