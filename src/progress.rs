//! How far long work has come: a bar with rate and time left on a terminal,
//! plain lines elsewhere, nothing when quiet. It writes to standard error only
//! and never decides anything.

use std::io::{self, IsTerminal, Read};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// How often progress is reported where there is no terminal.
const PLAIN_EVERY: Duration = Duration::from_secs(10);

const BYTES_TEMPLATE: &str = "{wide_bar} {bytes}/{total_bytes} {bytes_per_sec}, {eta} left";

/// Reports how far one piece of work has come. Threads may share it.
pub(crate) struct Progress {
    what: &'static str,
    bar: ProgressBar,
    /// When a plain line was last written, where lines are written.
    plain: Option<Mutex<Instant>>,
}

impl Progress {
    /// Work that goes through `total` bytes, if that is known.
    pub(crate) fn bytes(what: &'static str, total: Option<u64>, quiet: bool) -> Progress {
        let terminal = io::stderr().is_terminal();
        if quiet || !terminal {
            let bar = ProgressBar::hidden();
            bar.set_length(total.unwrap_or(0));
            let plain = (!quiet).then(|| Mutex::new(Instant::now()));
            return Progress { what, bar, plain };
        }
        let bar = match total {
            Some(total) => {
                let style = ProgressStyle::with_template(BYTES_TEMPLATE);
                ProgressBar::new(total).with_style(style.expect("the template is well formed"))
            }
            None => ProgressBar::new_spinner(),
        };
        Progress { what, bar, plain: None }
    }

    /// Counts what is read from `source`.
    pub(crate) fn wrap_read<R: Read>(&self, source: R) -> impl Read + use<R> {
        self.bar.wrap_read(source)
    }

    /// Reports, where a plain line is due.
    pub(crate) fn tick(&self) {
        let Some(last) = &self.plain else { return };
        let Ok(mut last) = last.lock() else { return };
        if last.elapsed() >= PLAIN_EVERY {
            *last = Instant::now();
            let (done, total) = (self.bar.position(), self.bar.length().unwrap_or(0));
            eprintln!("{}: {done} of {total} bytes read", self.what);
        }
    }

    /// Ends the report; the bar goes.
    pub(crate) fn finish(self) {
        self.bar.finish_and_clear();
    }
}
