//! The child of the embedded engine on its own, for this crate's tests: they
//! cannot re-execute themselves, because the test runner owns their `main`.
//! The product uses its hidden subcommand instead.

use std::error::Error as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    // The first argument is the subcommand that the product would dispatch on.
    let Err(error) = store::embedded::run_child(std::env::args_os().skip(2)) else {
        return ExitCode::SUCCESS;
    };
    eprintln!("{error}");
    let mut source = error.source();
    while let Some(cause) = source {
        eprintln!("{cause}");
        source = cause.source();
    }
    ExitCode::FAILURE
}
