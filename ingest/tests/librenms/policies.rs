//! Two accounts at one server, whose operators want the opposite of it.

use ingest::librenms::{Deleted, FrozenPorts, Policy, SetAside};
use ingest::source::Source;

use crate::fake::{self, Answer, Fake, lines};
use correlate::model::ComponentState::{Down, Unknown, Up};

/// Ports of device 11, which is up, and of device 21, which is down.
fn ports() -> Answer {
    let row = |(id, device, word, admin, deleted): (u64, u64, &str, &str, u8)| {
        format!(
            r#"{{"port_id":{id},"device_id":{device},"ifOperStatus":"{word}",
            "ifAdminStatus":"{admin}","disabled":0,"deleted":{deleted},"poll_time":1787220803}}"#
        )
    };
    let rows = [
        (1, 11, "dormant", "up", 0),
        (2, 11, "testing", "up", 0),
        (3, 11, "notPresent", "up", 0),
        (4, 11, "down", "down", 0),
        (5, 11, "up", "up", 1),
        (6, 21, "up", "up", 0),
    ];
    Answer::json(200, format!(r#"{{"status":"ok","ports":[{}]}}"#, rows.map(row).join(",")))
}

/// What an account with `policy` says of these devices and ports, in a word each.
async fn said(fake: &Fake, policy: Policy) -> Vec<(&'static str, String)> {
    let mut settings = fake.settings();
    settings.policy = policy;
    let (source, _) = fake::source(settings);
    let lines = lines(&source.poll().await);
    let word = |name: &'static str| {
        let line = lines.iter().find(|line| line.contains(&format!(": {name} ")));
        let word = line.and_then(|line| line.split(' ').nth(3));
        (name, word.unwrap_or("nothing").to_owned())
    };
    [
        "device 22",
        "device 41",
        "device 42",
        "device 51",
        "port 1",
        "port 2",
        "port 3",
        "port 4",
        "port 5",
        "port 6",
    ]
    .map(word)
    .to_vec()
}

#[tokio::test]
async fn each_account_has_the_policy_that_its_operator_set() {
    let fake = Fake::healthy().await;
    fake.on("ports", [ports()]);
    let lenient = said(&fake, Policy::default()).await;
    let strict = Policy {
        management_lost: Down,
        admin_down: Down,
        ignored: SetAside::Unknown,
        disabled: Down,
        never_polled: Down,
        frozen_ports: FrozenPorts::AsDevice,
        deleted: Deleted::Stale,
        dormant: Up,
        testing: Unknown,
        not_present: Unknown,
        ..Policy::default()
    };
    let strict = said(&fake, strict).await;
    let expected = [
        // What, by default, and as the other has it: SNMP lost, ignored, disabled, never polled.
        ("device 22", "up", "down"),
        ("device 41", "down", "unknown"),
        ("device 42", "unknown", "down"),
        ("device 51", "unknown", "down"),
        ("port 1", "down", "up"),
        ("port 2", "down", "unknown"),
        ("port 3", "down", "unknown"),
        ("port 4", "unknown", "down"),
        ("port 5", "unknown", "nothing"),
        ("port 6", "unknown", "down"),
    ];
    for (place, (name, by_default, by_the_other)) in expected.into_iter().enumerate() {
        assert_eq!(lenient[place], (name, by_default.to_owned()));
        assert_eq!(strict[place], (name, by_the_other.to_owned()));
    }
}
