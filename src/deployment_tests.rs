//! What `deploy/` says of the keys that seal: every stage that opens what is
//! sealed in the database has them, all have the same, and no stage makes its own.
//! And of what is not encrypted: Compose answers for its own network alone.

use std::collections::BTreeMap;

use crate::all::Stages;

const COMPOSE: &str = include_str!("../deploy/compose.yaml");
const ENVIRONMENT: &str = include_str!("../deploy/compose.env.example");
const STAGE_UNIT: &str = include_str!("../deploy/systemd/padwacht@.service");
const WHOLE_UNIT: &str = include_str!("../deploy/systemd/padwacht.service");

const KEY_FILE: &str = "PADWACHT__SECRETS__KEY_FILE";

/// The stages that run apart, and whether each needs the keys.
fn stages() -> BTreeMap<&'static str, bool> {
    let stages = [Stages::Ingest, Stages::Correlate, Stages::Api];
    let mut stages: BTreeMap<_, _> =
        stages.map(|stage| (stage.name(), stage.opens_secrets())).into();
    // Seals what an older version left in clear.
    stages.insert("migrate", true);
    stages
}

/// As much of YAML as the Compose file takes: sections by indentation, anchors,
/// aliases and merges; what is in one line is text.
#[derive(Clone, Default, Debug)]
struct Section {
    text: String,
    members: BTreeMap<String, Section>,
}

impl Section {
    fn parse(yaml: &str) -> Section {
        let lines: Vec<(usize, &str)> = yaml
            .lines()
            .filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
            .map(|line| (line.len() - line.trim_start().len(), line.trim()))
            .collect();
        let mut anchors = BTreeMap::new();
        let (root, rest) = Section::below(&lines, 0, &mut anchors);
        assert!(rest.is_empty(), "not understood: {rest:?}");
        root
    }

    /// The members that are indented by `indent`, and the lines behind them.
    fn below<'a>(
        mut lines: &'a [(usize, &'a str)],
        indent: usize,
        anchors: &mut BTreeMap<String, Section>,
    ) -> (Section, &'a [(usize, &'a str)]) {
        let mut section = Section::default();
        while let Some((&(at, line), rest)) = lines.split_first() {
            if at < indent {
                break;
            }
            assert_eq!(at, indent, "{line}");
            lines = rest;
            if line.starts_with("- ") {
                continue;
            }
            let (key, value) = line.split_once(':').unwrap_or_else(|| panic!("no key: {line}"));
            let (anchor, value) = match value.trim().strip_prefix('&') {
                Some(named) => {
                    let (name, value) = named.split_once(' ').unwrap_or((named, ""));
                    (Some(name), value.trim())
                }
                None => (None, value.trim()),
            };
            let mut member = match value.strip_prefix('*') {
                Some(alias) => anchors.get(alias).cloned().expect("an anchor before its alias"),
                None => Section { text: value.to_owned(), ..Section::default() },
            };
            if let Some(&(deeper, _)) = lines.first()
                && deeper > indent
            {
                let (found, rest) = Section::below(lines, deeper, anchors);
                (member.members, lines) = (found.members, rest);
            }
            if let Some(anchor) = anchor {
                anchors.insert(anchor.to_owned(), member.clone());
            }
            if key == "<<" {
                // What is said beside it goes before.
                for (key, inherited) in member.members {
                    section.members.entry(key).or_insert(inherited);
                }
            } else {
                section.members.insert(key.to_owned(), member);
            }
        }
        (section, lines)
    }

    fn get(&self, key: &str) -> Option<&Section> {
        self.members.get(key)
    }

    fn list(&self, key: &str) -> Vec<&str> {
        let text = self.get(key).map_or("", |list| list.text.as_str());
        text.trim_matches(['[', ']']).split(',').map(str::trim).collect()
    }
}

#[test]
fn every_stage_of_compose_that_opens_secrets_has_the_same_key() {
    let compose = Section::parse(COMPOSE);
    let services = compose.get("services").expect("services");
    let source = compose.get("secrets").and_then(|all| all.get("secrets-key")).expect("a key");
    let variable = source.text.trim_matches(['{', '}', ' ']).strip_prefix("environment: ");
    let variable = variable.expect("from the environment");
    assert!(ENVIRONMENT.lines().any(|line| line == format!("{variable}=")), "{variable}");
    let mut seen = Vec::new();
    for (name, service) in &services.members {
        let [stage] = service.list("command")[..] else { continue };
        let Some(&needs) = stages().get(stage) else { continue };
        seen.push(stage);
        let environment = service.get("environment").expect("an environment");
        let file = environment.get(KEY_FILE).map(|file| file.text.as_str());
        let given = service.list("secrets").contains(&"secrets-key");
        let expected = needs.then_some("/run/secrets/secrets-key");
        assert_eq!((file, given), (expected, needs), "{name}");
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen, stages().into_keys().collect::<Vec<_>>());
}

#[test]
fn compose_says_that_its_network_is_its_own() {
    let compose = Section::parse(COMPOSE);
    let services = &compose.get("services").expect("services").members;
    let stages = services.values().filter(
        |service| matches!(service.list("command")[..], [stage] if stages().contains_key(stage)),
    );
    let said = stages.map(|stage| {
        let environment = stage.get("environment").expect("an environment");
        environment.get("PADWACHT__NETWORK__IN_CLEAR").map(|said| said.text.as_str())
    });
    let said: Vec<_> = said.collect();
    assert!(said.len() > 3 && said.iter().all(|said| *said == Some("private")), "{said:?}");
    // What answers beyond it is on loopback: a proxy with TLS stands before it.
    let open = services.iter().flat_map(|(name, service)| {
        service
            .list("ports")
            .into_iter()
            .filter(|port| !port.is_empty())
            .map(move |port| (name, port))
    });
    for (name, port) in open {
        assert!(port.trim_matches('"').starts_with("127.0.0.1:"), "{name}: {port}");
    }
    // The units know no network.
    for unit in [STAGE_UNIT, WHOLE_UNIT] {
        assert!(!unit.contains("IN_CLEAR"), "{unit}");
    }
}

/// The settings of a unit, without its comments.
fn settings(unit: &'static str) -> Vec<&'static str> {
    unit.lines().filter(|line| !line.starts_with('#')).collect()
}

#[test]
fn every_unit_of_a_stage_has_the_key_of_the_others() {
    let unit = settings(STAGE_UNIT);
    let credential = unit.iter().find_map(|line| line.strip_prefix("LoadCredential=secrets.key:"));
    assert_eq!(credential, Some("/etc/padwacht/secrets.key"), "one file, whatever the stage");
    let set = format!("Environment={KEY_FILE}=%d/secrets.key");
    assert!(unit.contains(&set.as_str()), "{unit:?}");
    assert!(unit.iter().any(|line| line.starts_with("ExecStart=/usr/bin/padwacht %i ")));
    // All in one process makes the only key that there is, where it stays.
    let whole = settings(WHOLE_UNIT);
    assert!(whole.contains(&"StateDirectory=padwacht"), "{whole:?}");
    assert!(!whole.iter().any(|line| line.contains(KEY_FILE)), "{whole:?}");
}
