//! Many samples summed up before they travel: per component one short list of
//! runs, whatever the number of samples.
//!
//! Nothing here decides a state; the keeper that owns a component does, when
//! it takes the runs in.

use std::hash::{BuildHasher, BuildHasherDefault};

use hashbrown::HashTable;
use rustc_hash::FxHasher;

use super::history::History;
use super::keeper::{ComponentRuns, sample_run};
use crate::model::{ComponentId, ComponentState, Sample, Timestamp};

/// What follows a name in [`Digest::names`]: the comma that follows it on a
/// line of a samples file, so that one comparison covers both. A name that a
/// line would quote is followed by what no line holds.
fn name_end(name: &[u8]) -> u8 {
    if name.iter().any(|byte| matches!(byte, b',' | b'"')) { b'\n' } else { b',' }
}

struct Entry {
    history: History,
    /// Where its name lies, with what follows it.
    name: std::ops::Range<usize>,
    /// The component that followed it last time.
    next: u32,
}

/// Samples of many components, as runs.
#[derive(Default)]
pub struct Digest {
    /// All names in the order of their first sample, so that a poller that
    /// repeats its order walks through memory once.
    names: Vec<u8>,
    entries: Vec<Entry>,
    table: HashTable<u32>,
    last: u32,
}

fn hash(name: &[u8]) -> u64 {
    BuildHasherDefault::<FxHasher>::default().hash_one(name)
}

impl Digest {
    /// A digest of no samples.
    pub fn new() -> Digest {
        Digest::default()
    }

    /// If `text` goes on with the name and a comma of the component that
    /// followed last time, that component and their length.
    #[inline]
    pub(crate) fn guess(&self, text: &[u8]) -> Option<(u32, usize)> {
        let guess = self.entries.get(self.last as usize)?.next;
        let name = self.entries[guess as usize].name.clone();
        let length = name.len();
        (text.get(..length)? == &self.names[name]).then_some((guess, length))
    }

    /// Takes in a sample of a component that [`Digest::guess`] found.
    #[inline]
    pub(crate) fn insert_guessed(&mut self, guess: u32, at: i64, state: ComponentState) {
        self.last = guess;
        self.entries[guess as usize].history.insert(at, state);
    }

    /// Takes in a sample of the component `name`.
    pub(crate) fn insert(&mut self, name: &str, at: i64, state: ComponentState) {
        let found = self.locate(name.as_bytes());
        if let Some(before) = self.entries.get_mut(self.last as usize) {
            before.next = found;
        }
        self.last = found;
        self.entries[found as usize].history.insert(at, state);
    }

    fn locate(&mut self, name: &[u8]) -> u32 {
        let (names, entries) = (&mut self.names, &mut self.entries);
        let name_of = |entry: &Entry| entry.name.start..entry.name.end - 1;
        let is_it = |&at: &u32| names[name_of(&entries[at as usize])] == *name;
        if let Some(&found) = self.table.find(hash(name), is_it) {
            return found;
        }
        let fresh = u32::try_from(entries.len()).expect("fewer than 2^32 components fit in memory");
        let start = names.len();
        names.extend_from_slice(name);
        names.push(name_end(name));
        // A new round begins where the last one did.
        entries.push(Entry { history: History::default(), name: start..names.len(), next: 0 });
        let hash_of = |&at: &u32| hash(&names[name_of(&entries[at as usize])]);
        self.table.insert_unique(hash(name), fresh, hash_of);
        fresh
    }

    /// Hands everything over, by component.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = ComponentRuns> {
        let Digest { names, entries, .. } = std::mem::take(self);
        entries.into_iter().map(move |entry| {
            let name = &names[entry.name.start..entry.name.end - 1];
            let name = std::str::from_utf8(name).expect("it was a str when it came in");
            let runs = entry.history.runs().iter().map(sample_run).collect();
            ComponentRuns { component: ComponentId::from(name), runs }
        })
    }

    /// Hands everything over, sample by sample: those of one component and
    /// one instant as the one that counts, by component in the order of their
    /// first sample, then by time.
    pub fn drain_samples(&mut self) -> impl Iterator<Item = Sample> {
        self.drain().flat_map(|samples| {
            let ComponentRuns { component, runs } = samples;
            runs.into_iter().flat_map(move |run| {
                let component = component.clone();
                (0..i64::from(run.count)).map(move |index| Sample {
                    at: Timestamp(run.start.millis() + i64::from(run.step_ms) * index),
                    component: component.clone(),
                    state: run.state,
                })
            })
        })
    }
}
