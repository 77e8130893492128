//! What is wrong with a configuration, in words that say where and what to do.

use std::fmt;

use super::Origin;

/// One thing that is wrong. Secrets never appear in it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum Problem {
    /// A value that is not allowed.
    #[error("{origin}: {key} must be {allowed}; found {found}")]
    Value {
        /// Where it was set.
        origin: Origin,
        /// Which setting, such as `correlate.stale_after`.
        key: String,
        /// What is allowed, as a noun phrase.
        allowed: String,
        /// What was found, quoted, or that it is hidden.
        found: String,
    },
    /// A setting that must be there.
    #[error("{}: {key} is missing; it must be {allowed}", Place(.origin))]
    Missing {
        /// Where it belongs, if anything there was set.
        origin: Origin,
        /// Which setting.
        key: String,
        /// What is allowed.
        allowed: String,
    },
    /// A setting without which stages cannot run in processes of their own.
    #[error("padwacht {stage} needs {key}, {allowed}; `padwacht all` runs without it")]
    Apart {
        /// The stage.
        stage: String,
        /// Which setting.
        key: String,
        /// What is allowed.
        allowed: String,
    },
    /// A key that nothing reads.
    #[error("{origin}: {key} is no setting{}", Suggestion(.suggestion))]
    Unknown {
        /// Where it was set.
        origin: Origin,
        /// The key as found.
        key: String,
        /// The setting that was probably meant.
        suggestion: Option<String>,
    },
    /// A file that cannot be read, or is not in its format.
    #[error("{place}: {reason}")]
    Source {
        /// The file, with a line if one is known.
        place: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// Settings that are allowed one by one but not together.
    #[error("{origin}: {key} {reason}")]
    Conflict {
        /// Where the first of them was set.
        origin: Origin,
        /// Which setting.
        key: String,
        /// What does not fit and what to do.
        reason: String,
    },
}

impl Problem {
    /// Sorts the way people go through their files: what could not be read,
    /// then line by line, then the environment and the flags.
    pub(super) fn order(&self) -> (u8, usize) {
        let origin = match self {
            Problem::Source { .. } | Problem::Apart { .. } => return (0, 0),
            Problem::Value { origin, .. }
            | Problem::Missing { origin, .. }
            | Problem::Unknown { origin, .. }
            | Problem::Conflict { origin, .. } => origin,
        };
        match origin {
            Origin::File { line, .. } => (1, *line),
            Origin::DotEnv { line, .. } => (2, *line),
            Origin::Variable(_) => (3, 0),
            Origin::Flag(_) => (4, 0),
            Origin::Default => (5, 0),
        }
    }
}

struct Place<'a>(&'a Origin);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Origin::Default => f.write_str("configuration"),
            origin => origin.fmt(f),
        }
    }
}

struct Suggestion<'a>(&'a Option<String>);

impl fmt::Display for Suggestion<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(key) => write!(f, "; did you mean {key}?"),
            None => f.write_str("; see the annotated padwacht.toml for all of them"),
        }
    }
}

/// Everything that is wrong with a configuration, all at once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ConfigError {
    /// In the order of the file; never empty.
    pub problems: Vec<Problem>,
}

impl std::error::Error for ConfigError {}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.problems.len() {
            1 => write!(f, "the configuration has an error, so nothing was started:")?,
            n => write!(f, "the configuration has {n} errors, so nothing was started:")?,
        }
        self.problems.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}
