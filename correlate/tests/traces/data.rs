//! Reads topologies and traces: those that are kept beside the tests, and,
//! where they are there, those of the shared folder that may not be copied.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use correlate::model::ComponentState;
use serde_json::Value;

/// A network: nodes, and links between two of them.
#[derive(Clone, Debug)]
pub(crate) struct Topology {
    pub(crate) name: String,
    pub(crate) nodes: Vec<String>,
    /// Its id, and the places of its ends among the nodes.
    pub(crate) links: Vec<(String, usize, usize)>,
}

/// A period of one state: start, end (milliseconds since 1970), state.
pub(crate) type Spell = (i64, i64, ComponentState);

/// What really happened to some components.
#[derive(Clone, Debug)]
pub(crate) struct Trace {
    pub(crate) name: String,
    /// Per component, sorted and disjoint. What lies between the spells of a
    /// trace that lists downtime only was up.
    pub(crate) components: Vec<Vec<Spell>>,
    pub(crate) down_only: bool,
}

/// The data that are kept with the tests.
pub(crate) fn kept() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

/// The data that are only read where they are: `PADWACHT_SHARED`, or
/// `../shared` beside the repository.
pub(crate) fn shared() -> PathBuf {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    std::env::var_os("PADWACHT_SHARED").map_or_else(beside, PathBuf::from).join("data")
}

/// The files in `folder` with `ending`, sorted by name.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    // `NAME.samples.csv` and the like are companions of `NAME.csv`.
    files.retain(|file| {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        name.strip_suffix(ending).is_some_and(|stem| !stem.contains('.'))
    });
    files.sort();
    files
}

pub(crate) fn topologies(data: &Path) -> Vec<Topology> {
    files(&data.join("topologies"), ".json").iter().map(|file| topology(file)).collect()
}

pub(crate) fn traces(data: &Path) -> Vec<Trace> {
    files(&data.join("traces"), ".csv").iter().map(|file| trace(file)).collect()
}

fn read(file: &Path) -> (String, String) {
    let text = std::fs::read_to_string(file);
    let text = text.unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    (file.file_stem().unwrap_or_default().to_string_lossy().into_owned(), text)
}

fn topology(file: &Path) -> Topology {
    let (name, text) = read(file);
    let json: Value =
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let field = |value: &Value, key: &str| value[key].as_str().expect("ids are texts").to_owned();
    let list = |key: &str| json[key].as_array().expect("nodes and links are lists");
    let nodes: Vec<String> = list("nodes").iter().map(|node| field(node, "id")).collect();
    let place: BTreeMap<&String, usize> = nodes.iter().zip(0..).collect();
    let links = list("links")
        .iter()
        .map(|link| (field(link, "id"), place[&field(link, "a")], place[&field(link, "b")]));
    Topology { name, links: links.collect(), nodes: nodes.clone() }
}

fn trace(file: &Path) -> Trace {
    let (name, text) = read(file);
    let mut components: BTreeMap<String, Vec<Spell>> = BTreeMap::new();
    for line in text.lines().skip(1) {
        // From the back, as a component's name may hold commas.
        let fields: Vec<&str> = line.rsplitn(4, ',').collect();
        let [state, end, start, component] = fields[..] else {
            panic!("{}: not four fields: {line}", file.display());
        };
        let instant = |text: &str| text.parse::<i64>().expect("milliseconds");
        let state: ComponentState = state.parse().expect("up, down or unknown");
        let spells = components.entry(component.to_owned()).or_default();
        spells.push((instant(start), instant(end), state));
    }
    let mut components: Vec<Vec<Spell>> = components.into_values().collect();
    components.iter_mut().for_each(|spells| spells.sort_unstable_by_key(|spell| spell.0));
    let down_only = components.iter().flatten().all(|spell| spell.2 == ComponentState::Down);
    Trace { name, components, down_only }
}
