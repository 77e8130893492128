//! Where a setting came from, so that every error can say where to look.

use std::fmt;
use std::sync::Arc;

/// The place that gave a setting its value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Origin {
    /// Nobody set it.
    Default,
    /// A line of the configuration file, counted from 1.
    File {
        /// The file as it was named.
        name: Arc<str>,
        /// The line, from 1.
        line: usize,
    },
    /// A variable of the process environment.
    Variable(Arc<str>),
    /// A line of the `.env` file, counted from 1.
    DotEnv {
        /// The variable.
        name: Arc<str>,
        /// The line, from 1.
        line: usize,
    },
    /// A command-line flag, such as `--kafka`.
    Flag(&'static str),
}

impl Origin {
    /// Whether the key was spelled as a variable name, which has no dots.
    pub(super) fn is_variable(&self) -> bool {
        matches!(self, Origin::Variable(_) | Origin::DotEnv { .. })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File { name, line } => write!(f, "{name}:{line}"),
            Origin::Variable(name) => write!(f, "environment variable {name}"),
            Origin::DotEnv { name, line } => write!(f, ".env:{line} ({name})"),
            Origin::Flag(name) => write!(f, "flag {name}"),
        }
    }
}
