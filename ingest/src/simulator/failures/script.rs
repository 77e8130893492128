//! Failure scripts: CSV with header `component,from,to,kind`, or a JSON list of
//! objects with these fields. Times are milliseconds since 1970 or RFC 3339;
//! in JSON `to` may be null or absent, in CSV empty: for ever.

use correlate::model::Timestamp;
use serde::Deserialize;

use super::{Failure, FailureKind};
use crate::simulator::{SimulatorError, World};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    component: String,
    from: Moment,
    #[serde(default)]
    to: Option<Moment>,
    kind: String,
}

/// A time as a script writes it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Moment {
    Millis(i64),
    Text(String),
}

impl Moment {
    fn read(&self) -> Result<Timestamp, String> {
        match self {
            Moment::Millis(millis) => Ok(Timestamp(*millis)),
            Moment::Text(text) => match text.parse::<i64>() {
                Ok(millis) => Ok(Timestamp(millis)),
                Err(_) => text
                    .parse::<jiff::Timestamp>()
                    .map(|at| Timestamp(at.as_millisecond()))
                    .map_err(|_| {
                        format!("a time must be milliseconds or RFC 3339, found {text:?}")
                    }),
            },
        }
    }
}

impl FailureKind {
    /// Reads the name that [`FailureKind::as_str`] gives.
    pub fn parse(text: &str) -> Option<FailureKind> {
        FailureKind::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

impl Failure {
    /// How many entries a script may have.
    pub const MAX_SCRIPT_ENTRIES: usize = 1_000_000;

    /// Reads a script for `world`; text that starts with `[` is JSON, anything else CSV.
    ///
    /// # Errors
    /// [`SimulatorError::Script`] with the number of the first bad entry, from 1 (0: the text
    /// as a whole).
    pub fn read_script(world: &World, text: &str) -> Result<Vec<Failure>, SimulatorError> {
        let entries = if text.trim_start().starts_with('[') {
            serde_json::from_str(text)
                .map_err(|error| SimulatorError::Script { entry: 0, reason: error.to_string() })?
        } else {
            read_csv(text)?
        };
        if entries.len() > Failure::MAX_SCRIPT_ENTRIES {
            let reason = format!("more than {} entries", Failure::MAX_SCRIPT_ENTRIES);
            return Err(SimulatorError::Script { entry: 0, reason });
        }
        let numbered = entries.iter().zip(1..);
        numbered
            .map(|(entry, number)| {
                read_entry(world, entry)
                    .map_err(|reason| SimulatorError::Script { entry: number, reason })
            })
            .collect()
    }

    /// Writes failures as a CSV script that [`Failure::read_script`] reads.
    pub fn write_script(world: &World, failures: &[Failure]) -> String {
        let mut text = String::from("component,from,to,kind\n");
        for failure in failures {
            let to = match failure.until {
                Timestamp::MAX => String::new(),
                until => until.to_string(),
            };
            let name = quoted(&failure.target.name(world));
            text.push_str(&format!("{name},{},{to},{}\n", failure.from, failure.kind.as_str()));
        }
        text
    }
}

fn quoted(field: &str) -> String {
    if field.contains([',', '"']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

fn read_csv(text: &str) -> Result<Vec<Entry>, SimulatorError> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let rows = reader.deserialize::<[String; 4]>();
    let mut entries = Vec::new();
    for (row, number) in rows.zip(1..) {
        let [component, from, to, kind] = row.map_err(|error| SimulatorError::Script {
            entry: number,
            reason: format!("expected component,from,to,kind: {error}"),
        })?;
        let to = (!to.is_empty()).then_some(Moment::Text(to));
        entries.push(Entry { component, from: Moment::Text(from), to, kind });
    }
    Ok(entries)
}

fn read_entry(world: &World, entry: &Entry) -> Result<Failure, String> {
    let Some(kind) = FailureKind::parse(&entry.kind) else {
        let allowed: Vec<&str> = FailureKind::ALL.into_iter().map(FailureKind::as_str).collect();
        return Err(format!("kind must be one of {}, found {:?}", allowed.join(", "), entry.kind));
    };
    let until = match &entry.to {
        Some(moment) => moment.read()?,
        None => Timestamp::MAX,
    };
    Failure::named(world, &entry.component, kind, entry.from.read()?, until)
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::{Topology, WorldOptions};

    fn world() -> World {
        World::generate(&Topology::surfnet(), &WorldOptions::default()).expect("valid")
    }

    #[test]
    fn both_forms_give_the_same_failures_and_read_back() {
        let world = world();
        let csv = "component,from,to,kind\nsite:Zwolle,1000,2000,power\n\
                   link:L5,1970-01-01T00:00:03Z,,fibre_cut\n";
        let json = r#"[{"component":"site:Zwolle","from":1000,"to":2000,"kind":"power"},
            {"component":"link:L5","from":"1970-01-01T00:00:03Z","kind":"fibre_cut"}]"#;
        let read = Failure::read_script(&world, csv).expect("valid");
        assert_eq!(read, Failure::read_script(&world, json).expect("valid"));
        let again = Failure::write_script(&world, &read);
        assert_eq!(Failure::read_script(&world, &again).expect("valid"), read);
        assert_eq!(read[1].until, Timestamp::MAX);
    }

    #[test]
    fn a_bad_entry_is_named_by_its_number() {
        let check = |csv: &str, expected: &str| {
            let error = Failure::read_script(&world(), csv).expect_err("refused");
            assert_eq!(error.to_string(), expected);
        };
        check(
            "component,from,to,kind\nlink:L5,1,2,fibre_cut\nlink:L5,1,2,flood\n",
            "failure script, entry 2: kind must be one of power, fibre_cut, port_flap, \
             management_lost, admin_down, found \"flood\"",
        );
        check(
            "component,from,to,kind\nlink:L5,noon,2,fibre_cut\n",
            "failure script, entry 1: a time must be milliseconds or RFC 3339, found \"noon\"",
        );
        check(
            "component,from,to,kind\nlink:L5,2,2,fibre_cut\n",
            "failure script, entry 1: failure of \"link:L5\": from (2) must be before to (2)",
        );
    }
}
