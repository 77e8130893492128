//! The child of the embedded engine on its own, for the tests beside it: they
//! cannot re-execute themselves, because the test runner owns their `main`.
//! The product uses its hidden subcommand instead.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    // The first argument is the subcommand that the product would dispatch on.
    Ok(store::embedded::run_child(std::env::args_os().skip(2))?)
}
