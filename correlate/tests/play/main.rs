//! Plays every story of `correlate/tests/scenarios` in every way that must
//! not matter: workers, epochs, order of arrival, restarts, company, files.
//!
//! `STORY=words cargo test -p correlate --test play` plays only the stories
//! whose file name holds these words. A failure is told in the stories' own
//! notation.

mod clauses;
mod figures;
mod files;
mod orders;
mod player;

use std::path::{Path, PathBuf};

use proof::story::{Story, Timelines, tell, tell_service};

/// Fewer would mean that some were lost.
const STORIES_MIN: usize = 120;

/// Where the stories are.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios")
}

/// Every story, and the example in the description of the format.
fn stories() -> Vec<Story> {
    let mut stories = Story::read_all(&folder()).unwrap_or_else(|error| panic!("{error}"));
    let readme = std::fs::read_to_string(folder().join("README.md")).expect("README.md is there");
    let example = readme.split("```").find_map(|block| block.strip_prefix("text\n"));
    let example = Story::read(Path::new("README.md"), example.expect("it holds an example"));
    stories.push(example.unwrap_or_else(|error| panic!("the example: {error}")));
    stories
}

/// Plays every story that is asked for, and fails with all that went wrong.
#[track_caller]
fn every_story(play: impl Fn(&Story) -> Result<(), String>) {
    let wanted = std::env::var("STORY").unwrap_or_default();
    let mut failures = Vec::new();
    for story in stories().iter().filter(|s| s.file.to_string_lossy().contains(&wanted)) {
        if let Err(what) = play(story) {
            failures.push(format!("{}: {}\n{what}", story.file.display(), story.title));
        }
    }
    assert!(failures.is_empty(), "{} stories fail\n\n{}", failures.len(), failures.join("\n\n"));
}

/// Compares what came out with what a story says.
fn compare(found: &Timelines, expected: &Timelines, when: &str) -> Result<(), String> {
    if found == expected {
        return Ok(());
    }
    let empty = Vec::new();
    let mut differences = format!("{when}:\n");
    for service in expected.keys().chain(found.keys().filter(|id| !expected.contains_key(*id))) {
        let (wanted, got) =
            (expected.get(service).unwrap_or(&empty), found.get(service).unwrap_or(&empty));
        if wanted != got {
            let (wanted, got) = (tell_service(service, wanted), tell_service(service, got));
            differences.push_str(&format!("expected\n{wanted}found\n{got}"));
        }
    }
    Err(differences)
}

#[test]
fn there_are_enough_stories_and_each_has_a_title_of_its_own() {
    let mut stories = stories();
    stories.pop_if(|last| last.file == Path::new("README.md"));
    assert!(stories.len() >= STORIES_MIN, "{} stories", stories.len());
    for (index, story) in stories.iter().enumerate() {
        let twin = stories[..index].iter().find(|other| other.title == story.title);
        assert!(twin.is_none(), "{} has the title of another", story.file.display());
    }
}

#[test]
fn what_is_told_of_intervals_reads_back_as_the_same() {
    every_story(|story| {
        let told = tell(&story.expected);
        let text = format!(
            "# Again\n## Proves\nx\n## Services\nx needs y\n## Story\n2030-01-01 00:00 nothing \
             happens\n## Expected\n{told}"
        );
        let again = Story::read(&story.file, &text).map_err(|error| error.to_string())?;
        compare(&again.expected, &story.expected, "told and read again")
    });
}
