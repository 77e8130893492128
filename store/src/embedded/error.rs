//! Why the embedded engine does not run.

use std::path::PathBuf;

use super::library::LIBRARY_VARIABLE;

/// Why the embedded engine does not run.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// `libchdb.so` is nowhere.
    #[error(
        "the clickhouse engine libchdb.so was not found; looked at {}. Get it with \
         `npm ci --prefix dashboards`, or name it in {LIBRARY_VARIABLE}, or give the URL of a \
         clickhouse server instead",
        list(searched)
    )]
    LibraryAbsent {
        /// Every place that was looked at, in order.
        searched: Vec<PathBuf>,
    },
    /// `libchdb.so` is there and cannot be used.
    #[error(
        "the clickhouse engine {path} cannot be loaded; is it whole, and built for this machine?"
    )]
    LibraryUnusable {
        /// The file.
        path: PathBuf,
        /// What the loader said.
        source: libloading::Error,
    },
    /// A file or process operation failed.
    #[error("{doing} at {path} failed")]
    Io {
        /// What was attempted.
        doing: &'static str,
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The child's command line is wrong.
    #[error("embedded-clickhouse: {0}")]
    Arguments(String),
    /// The engine ended with an error of its own.
    #[error("the clickhouse engine ended: {0}")]
    Engine(String),
    /// The engine did not come up.
    #[error("the embedded clickhouse did not start: {reason}")]
    NotStarted {
        /// Its last words.
        reason: String,
    },
}

fn list(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}
