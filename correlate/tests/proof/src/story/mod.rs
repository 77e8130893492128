//! Stories: scenarios as plain text that anyone can read and add to. The
//! format is described in `correlate/tests/scenarios/README.md`.
//!
//! Reading a story judges its form only; playing it is for the tests.

mod figures;
mod files;
mod path;
mod plot;
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
