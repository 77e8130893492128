//! Every target over its kept corpus, and over mutations of it that are the
//! same in every run: what `make test` runs of the fuzzing, in seconds.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use fuzz::TARGETS;

/// Mutations of a corpus in one run of the tests.
const MUTATIONS: usize = 2_000;

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let entries = std::fs::read_dir(&dir).expect("every target has a corpus");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("listed").path()).collect();
    files.sort_unstable();
    assert!(!files.is_empty(), "the corpus of {target} is empty");
    files.into_iter().map(|file| std::fs::read(file).expect("read")).collect()
}

/// splitmix64: the same numbers on every machine.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed ^ (mixed >> 27)) as usize % end.max(1)
    }

    fn mutate(&mut self, input: &[u8], other: &[u8]) -> Vec<u8> {
        let mut bytes = input.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len() + 1);
            let end = (at + self.below(16)).min(bytes.len());
            match self.below(5) {
                0 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
                1 => drop(bytes.drain(at..end)),
                2 => bytes.insert(at, self.below(256) as u8),
                3 => bytes.extend_from_within(at..end),
                _ => {
                    let from = self.below(other.len() + 1);
                    bytes.truncate(at);
                    bytes.extend_from_slice(&other[from..]);
                }
            }
        }
        bytes
    }
}

#[track_caller]
fn check(target: &str) {
    let run = TARGETS.iter().find(|known| known.name == target).expect("a target").run;
    let holds = |input: &[u8]| {
        let result = catch_unwind(AssertUnwindSafe(|| run(input)));
        assert!(
            result.is_ok(),
            "{target} fails on b\"{}\"; keep it in the corpus",
            input.escape_ascii()
        );
    };
    let corpus = corpus(target);
    corpus.iter().for_each(|input| holds(input));
    let mut dice = Dice(1);
    for _ in 0..MUTATIONS {
        let (one, other) = (dice.below(corpus.len()), dice.below(corpus.len()));
        holds(&dice.mutate(&corpus[one], &corpus[other]));
    }
}

#[test]
fn every_target_has_a_corpus_and_a_test() {
    let tests = include_str!("corpus.rs");
    for target in TARGETS {
        assert!(tests.contains(&format!("check(\"{}\")", target.name)), "{}", target.name);
    }
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let kept = std::fs::read_dir(kept).expect("a corpus").map(|entry| entry.expect("listed"));
    let kept: BTreeSet<String> =
        kept.map(|dir| dir.file_name().into_string().expect("ASCII")).collect();
    assert_eq!(kept, TARGETS.iter().map(|target| target.name.to_owned()).collect());
}

#[test]
fn samples_in_pieces_are_the_whole() {
    check("samples");
}

#[test]
fn services_are_read_alike_in_every_way() {
    check("services");
}

#[test]
fn windows_read_back_unchanged() {
    check("windows");
}

#[test]
fn a_refused_path_has_its_place() {
    check("path");
}

#[test]
fn times_are_milliseconds_or_rfc_3339() {
    check("times");
}

#[test]
fn reports_read_back_unchanged() {
    check("report");
}

#[test]
fn definitions_read_back_unchanged() {
    check("definition");
}

#[test]
fn triggers_read_back_unchanged() {
    check("trigger");
}

#[test]
fn a_damaged_checkpoint_is_refused() {
    check("checkpoint");
}

#[test]
fn a_damaged_journal_gives_only_what_was_written() {
    check("journal");
}
