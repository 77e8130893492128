//! Stories: scenarios as plain text that anyone can read and add to. The
//! format is described in `correlate/tests/scenarios/README.md`.
//!
//! Reading a story judges its form only; playing it is for the tests.

mod figures;
mod files;
mod path;
mod plot;
mod retell;
mod scan;
mod tell;
mod time;
mod timelines;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use correlate::model::{Interval, ServiceDefinition, ServiceId, Timestamp};

use crate::Fact;
pub use figures::{Bucket, Figure, Over, Share};
pub use files::ReplayFiles;
pub use retell::{Event, retell};
pub use tell::{tell, tell_service};

/// The intervals of some services, each gapless from where it exists.
pub type Timelines = BTreeMap<ServiceId, Vec<Interval>>;

/// One scenario.
#[derive(Clone, Debug)]
pub struct Story {
    /// The file it stands in, as errors name it.
    pub file: PathBuf,
    /// What it tells, in one sentence.
    pub title: String,
    /// The clauses that it proves, each with its line.
    pub proves: Vec<(u64, String)>,
    /// No interval starts earlier.
    pub watched_from: Timestamp,
    /// The staleness limit in milliseconds; `None` for no limit.
    pub stale_after_ms: Option<i64>,
    /// What happens, in order of arrival.
    pub steps: Vec<Step>,
    /// Every interval of every service at the end.
    pub expected: Timelines,
    /// What these intervals add up to.
    pub figures: Vec<Figure>,
}

/// Something that happens when the clock says `now`.
#[derive(Clone, Debug)]
pub struct Step {
    /// Where it is told.
    pub line: u64,
    /// The clock; it never goes back.
    pub now: Timestamp,
    /// What happens.
    pub act: Act,
}

/// What can happen in a story.
#[derive(Clone, Debug)]
pub enum Act {
    /// Facts become known that nothing can be wrong with.
    Learn(Vec<Fact>),
    /// A definition arrives.
    Define {
        /// The definition, or why the product's reader refuses it.
        attempt: Result<ServiceDefinition, String>,
        /// The reason for which it is expected to be refused.
        refused: Option<String>,
    },
    /// Only time goes by.
    Wait,
    /// The engine is stopped and goes on from its snapshot.
    Restart,
    /// What is believed by now of some services.
    Believe(Timelines),
}

/// A place in a story that cannot be understood, and what to do.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{}:{line}: {reason}", file.display())]
pub struct StoryError {
    /// The file.
    pub file: PathBuf,
    /// Line number, from 1.
    pub line: u64,
    /// What was found, and what to write instead.
    pub reason: String,
}

impl Story {
    /// Reads the story that stands in `text`; `file` is for errors.
    ///
    /// # Errors
    /// The first place that cannot be understood.
    pub fn read(file: &Path, text: &str) -> Result<Story, StoryError> {
        plot::read(text)
            .map_err(|(line, reason)| StoryError { file: file.to_owned(), line, reason })
            .map(|story| Story { file: file.to_owned(), ..story })
    }

    /// The clock at the end.
    pub fn last_now(&self) -> Timestamp {
        self.steps.last().map_or(self.watched_from, |step| step.now)
    }

    /// Every fact that the reader accepts, in order of arrival.
    pub fn facts(&self) -> Vec<Fact> {
        let mut facts = Vec::new();
        for step in &self.steps {
            match &step.act {
                Act::Learn(learnt) => facts.extend(learnt.iter().cloned()),
                Act::Define { attempt: Ok(definition), .. } => {
                    facts.push(Fact::Define(definition.clone()));
                }
                Act::Define { .. } | Act::Wait | Act::Restart | Act::Believe(_) => {}
            }
        }
        facts
    }

    /// Every story in `folder` and the folders in it, sorted by file.
    ///
    /// # Errors
    /// A folder or file that cannot be read, or the first story that cannot
    /// be understood.
    pub fn read_all(folder: &Path) -> Result<Vec<Story>, StoryError> {
        let unreadable = |file: &Path, error: std::io::Error| StoryError {
            file: file.to_owned(),
            line: 1,
            reason: format!("cannot be read: {error}"),
        };
        let mut stories = Vec::new();
        let mut open = vec![folder.to_owned()];
        while let Some(path) = open.pop() {
            if path.is_dir() {
                for entry in std::fs::read_dir(&path).map_err(|error| unreadable(&path, error))? {
                    open.push(entry.map_err(|error| unreadable(&path, error))?.path());
                }
            } else if path.extension().is_some_and(|ending| ending == "story") {
                let text =
                    std::fs::read_to_string(&path).map_err(|error| unreadable(&path, error))?;
                let name = path.strip_prefix(folder).unwrap_or(&path);
                stories.push(Story::read(name, &text)?);
            }
        }
        stories.sort_by(|a, b| a.file.cmp(&b.file));
        Ok(stories)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STORY: &str = "# A title\nwords\n\n## Proves\nx/y\n\n## Setting\nwatched from 10:00\n\n\
                         ## Services\nweb needs a and (b or 2 of (c, d, \"e f\"))\n\n## Story\n\
                         10:00 a, b are up\n10:10 a was down at 10:05\n(a remark)\n\n## Expected\n\
                         web  10:00 to 10:05  up\n     10:05 on  down  a\n";

    fn read(text: &str) -> Result<Story, String> {
        Story::read(Path::new("x.story"), text).map_err(|error| error.to_string())
    }

    /// Reads [`STORY`] with `new` in the place of `old`.
    #[track_caller]
    fn check_refused(old: &str, new: &str, expected: &str) {
        assert!(STORY.contains(old), "the story has no {old}");
        assert_eq!(read(&STORY.replacen(old, new, 1)).map(|_| ()), Err(expected.to_owned()));
    }

    #[test]
    fn a_story_is_read_as_it_stands() {
        let story = read(STORY).expect("well formed");
        assert_eq!(story.title, "A title");
        assert_eq!(story.proves, [(5, String::from("x/y"))]);
        assert_eq!(story.facts().len(), 4);
        let Fact::Define(web) = &story.facts()[0] else { panic!("services come first") };
        let path = r#"{"all":["a",{"any":["b",{"at_least":2,"of":["c","d","e f"]}]}]}"#;
        assert_eq!(web.versions()[0].path.to_json().to_string(), path);
        let told = tell(&story.expected);
        assert_eq!(
            told,
            "web          2026-03-02 10:00 to 2026-03-02 10:05  up\n             \
             2026-03-02 10:05 on  down  a\n"
        );
    }

    #[test]
    fn a_place_that_cannot_be_understood_says_what_to_write() {
        check_refused(
            "# A",
            "A",
            "x.story:1: a story begins with `# ` and one sentence that says what it tells",
        );
        check_refused(
            "## Setting",
            "## Settings",
            "x.story:7: there is no section Settings; write Proves, Setting, Services, Story, \
             Expected, Figures",
        );
        check_refused(
            "watched from",
            "looked at",
            "x.story:8: write `on DATE`, `watched from TIME` or `stale after LENGTH`, where \
             `looked` stands",
        );
        check_refused(
            "and (b",
            "and b",
            "x.story:11: write parentheses that say what belongs together: `and` and `or` are \
             mixed after `web needs a and b`, where `or` stands",
        );
        check_refused(
            "are up",
            "are UP",
            "x.story:14: state must be up, down or unknown, found \"UP\"",
        );
        check_refused(
            "10:10 a",
            "9:10 a",
            "x.story:15: write a time such as `10:00`, `10:00:30.250` or `2026-03-02 10:00` \
             (UTC), where `9:10` stands",
        );
        check_refused(
            "10:10 a",
            "09:10 a",
            "x.story:15: the clock never goes back: a story is told in order of arrival; for \
             what is heard late write `was … at TIME`",
        );
        check_refused(
            "at 10:05",
            "",
            "x.story:15: write `at` after `10:10 a was down`, where the end of the line stands",
        );
        check_refused(
            "web  10:00 to",
            "10:00 to",
            "x.story:19: write the id of a service first, where `10:00` stands",
        );
        check_refused(
            "10:05 on",
            "10:04 on",
            "x.story:19: no service can have these intervals: web: it overlaps with the next one: \
             Interval { start: 1772445600000, end: Some(1772445900000), state: Up, cause: [], \
             cause_moves: [] }",
        );
    }

    #[test]
    fn lengths_times_and_calendar_periods_are_read() {
        let figures = "\n## Figures\nweb on 2026-03-29 of Europe/Amsterdam\n    up 1d 2h 3m 4s 5ms\n    \
                       availability none\nweb from 10:00 to now with the rest up\n    completeness 99.950\n";
        let story = read(&format!("{STORY}{figures}")).expect("well formed");
        let Over::Period(day) = story.figures[0].over else { panic!("a day") };
        assert_eq!(day.millis(), 23 * 3_600_000);
        assert_eq!(story.figures[0].buckets, [(Bucket::Up, 93_784_005)]);
        assert_eq!(story.figures[0].availability, Some(None));
        let (digits, decimals) = story.figures[1].completeness.clone().flatten().expect("told");
        assert_eq!(
            (digits.as_str(), Some(decimals)),
            ("99.950", correlate::availability::Decimals::new(3))
        );
        assert!(matches!(story.figures[1].over, Over::WithRestUp(_)));
    }
}
