//! What the configuration reads of the machine, as an interface so that tests
//! can give it a machine of their own. It only reads; the process environment
//! is never changed.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::path::Path;

/// No configuration or secret file is longer; a longer one was named by mistake.
pub(super) const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// The machine as the configuration sees it.
pub(crate) trait World {
    /// The process environment.
    fn variables(&self) -> BTreeMap<String, String>;
    /// The text of a file; relative paths start at the working directory.
    ///
    /// # Errors
    /// As the operating system says, or `InvalidData` if it is not UTF-8 or too long.
    fn read_file(&self, path: &Path) -> io::Result<String>;
    /// How many threads can run at once; at least 1.
    fn cores(&self) -> usize;
}

/// The machine that this process runs on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Machine;

impl World for Machine {
    fn variables(&self) -> BTreeMap<String, String> {
        let lossy = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
        std::env::vars_os().map(|(name, value)| (lossy(name), lossy(value))).collect()
    }

    fn read_file(&self, path: &Path) -> io::Result<String> {
        let mut text = String::new();
        std::fs::File::open(path)?.take(FILE_BYTES_MAX + 1).read_to_string(&mut text)?;
        if text.len() as u64 > FILE_BYTES_MAX {
            let reason = format!("the file is longer than {FILE_BYTES_MAX} bytes");
            return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
        }
        Ok(text)
    }

    fn cores(&self) -> usize {
        std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
    }
}
