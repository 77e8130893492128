//! Every clause of SEMANTICS.md and every trap of the rivals is proved:
//! `CLAUSES.md` says where, and this keeps it true.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use proof::story::Story;

use crate::{folder, stories};

/// A row of the index that is no clause.
const NO_CLAUSE: &str = "-";

struct Row {
    line: usize,
    clause: String,
    says: String,
    proofs: Vec<String>,
}

fn index() -> PathBuf {
    folder().join("CLAUSES.md")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn rows(text: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    for (line, row) in (1..).zip(text.lines()) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let ["", clause, says, proofs, ""] = cells[..] else { continue };
        if clause == "clause" || clause.starts_with("---") {
            continue;
        }
        let proofs = proofs.split(';').map(str::trim).filter(|proof| !proof.is_empty());
        rows.push(Row {
            line,
            clause: clause.to_owned(),
            says: says.to_owned(),
            proofs: proofs.map(str::to_owned).collect(),
        });
    }
    rows
}

/// The stories that prove each clause, sorted.
fn told() -> BTreeMap<String, Vec<String>> {
    let mut told: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let of_a_file = |story: &Story| story.file.extension().is_some_and(|e| e == "story");
    for story in stories().into_iter().filter(of_a_file) {
        let name = story.file.with_extension("").display().to_string();
        for (_, clause) in story.proves {
            told.entry(clause).or_default().push(name.clone());
        }
    }
    told
}

#[test]
fn every_clause_is_proved_and_every_proof_exists() {
    let text = std::fs::read_to_string(index()).expect("CLAUSES.md is there");
    let mut told = told();
    let mut complaints = Vec::new();
    let mut updated = text.clone();
    for row in rows(&text) {
        let Row { line, clause, says, proofs } = &row;
        let stories = told.remove(clause).map(|names| format!("stories: {}", names.join(", ")));
        let others = proofs.iter().filter(|proof| !proof.starts_with("stories:"));
        let wanted: Vec<String> = stories.into_iter().chain(others.cloned()).collect();
        if wanted != *proofs {
            let new = format!("| {clause} | {says} | {} |", wanted.join("; "));
            let old = text.lines().nth(line - 1).expect("it was read from there");
            updated = updated.replace(old, &new);
        }
        if wanted.is_empty() {
            complaints.push(format!("line {line}: nothing proves {clause}; write a story for it"));
        }
        for proof in &wanted {
            complaints.extend(wrong(clause, proof).map(|what| format!("line {line}: {what}")));
        }
    }
    let strangers = told.into_iter();
    complaints.extend(strangers.map(|(clause, stories)| {
        format!("there is no clause {clause}, which these want to prove: {}", stories.join(", "))
    }));
    if updated != text && std::env::var_os("UPDATE_INDEX").is_some() {
        std::fs::write(index(), &updated).expect("CLAUSES.md can be written");
    } else if updated != text {
        complaints.push(String::from("which stories prove what is out of date: UPDATE_INDEX=1"));
    }
    assert!(complaints.is_empty(), "CLAUSES.md: {}", complaints.join("\n"));
}

/// What is wrong with a proof, if anything.
fn wrong(clause: &str, proof: &str) -> Option<String> {
    let (kind, what) = proof.split_once(": ").unwrap_or((proof, ""));
    match kind {
        "stories" => None,
        "later" if !what.is_empty() => None,
        "nothing" => (clause != NO_CLAUSE).then(|| format!("{clause} is a clause")),
        "test" => {
            let (file, name) = what.split_once("::").unwrap_or((what, ""));
            let source = std::fs::read_to_string(root().join(file)).unwrap_or_default();
            let there = !name.is_empty() && source.contains(&format!("fn {name}("));
            (!there).then(|| format!("there is no test {what}"))
        }
        _ => Some(format!("`{proof}` is no proof; write stories, test, later or nothing")),
    }
}

#[test]
fn the_index_holds_every_sentence_of_semantics() {
    let shared =
        std::env::var_os("PADWACHT_SHARED").map_or(root().join("../shared"), PathBuf::from);
    let file = shared.join("SEMANTICS.md");
    let Ok(semantics) = std::fs::read_to_string(&file) else {
        // Not through the macro, which a passing test hides.
        let told = writeln!(
            std::io::stderr(),
            "{} is not there, so the index of clauses was not compared with it",
            file.display()
        );
        return told.expect("standard error can be written to");
    };
    let is_text = |line: &&str| !line.starts_with('#') && !line.starts_with("| ---");
    let semantics = words(&semantics.lines().filter(is_text).collect::<Vec<_>>().join("\n"));
    let mut rest = &semantics[..];
    for row in rows(&std::fs::read_to_string(index()).expect("CLAUSES.md is there")) {
        if row.clause.starts_with("trap/") {
            continue;
        }
        let clause = words(&row.says);
        let clause = clause.as_str();
        let Some(after) = rest.strip_prefix(clause) else {
            let next: String = rest.chars().take(200).collect();
            panic!("line {}: SEMANTICS.md goes on with\n{next}\nnot with\n{clause}", row.line);
        };
        rest = after.trim_start();
    }
    assert_eq!(rest, "", "sentences of SEMANTICS.md that the index does not hold");
}

/// The words alone, without tables and line breaks.
fn words(text: &str) -> String {
    text.replace('|', " ").split_whitespace().collect::<Vec<_>>().join(" ")
}
