//! How far long work has come: a bar with rate and time left on a terminal,
//! plain lines elsewhere, nothing when quiet. It writes to standard error, or
//! to the log of a stage, and never decides anything.

use std::io::{self, IsTerminal, Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, Mutex};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// How often progress is reported where there is no terminal.
const PLAIN_EVERY: Duration = Duration::from_secs(10);

/// Work that is done sooner shows nothing.
const SHOWN_AFTER: Duration = Duration::from_secs(1);

const BYTES_TEMPLATE: &str = "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec}, {eta} left";
const COUNT_TEMPLATE: &str = "{msg} {wide_bar} {human_pos}/{human_len} {per_sec}, {eta} left";
const OPEN_TEMPLATE: &str = "{spinner} {msg} {human_pos} {per_sec}";

/// The bars on the terminal, which log lines must not cut through.
static BARS: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);

/// Whether the process was told to be quiet, as logging is told what to say.
static QUIET: AtomicBool = AtomicBool::new(false);

/// From now on the stages of this process show no progress, if `quiet`.
pub(crate) fn be_quiet_if(quiet: bool) {
    QUIET.store(quiet, Ordering::Relaxed);
}

/// Standard error with the bars out of the way: where logging writes.
pub(crate) fn stderr() -> impl Write {
    struct AboveBars;
    impl Write for AboveBars {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            BARS.suspend(|| io::stderr().write(bytes))
        }

        fn flush(&mut self) -> io::Result<()> {
            io::stderr().flush()
        }
    }
    AboveBars
}

/// Where plain lines go.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Plain {
    Nowhere,
    Stderr,
    Log,
}

/// Reports how far one piece of work has come. Threads may share it; when it
/// is dropped, the bar goes.
pub(crate) struct Progress {
    what: &'static str,
    unit: &'static str,
    bar: ProgressBar,
    style: ProgressStyle,
    on_terminal: bool,
    plain: Plain,
    started: Instant,
    /// Whether the bar is drawn yet, and when a plain line was last written.
    shown: Mutex<(bool, Instant)>,
}

impl Progress {
    /// Work of a command that goes through `total` bytes, if that is known.
    pub(crate) fn bytes(what: &'static str, total: Option<u64>, quiet: bool) -> Progress {
        let plain = if quiet { Plain::Nowhere } else { Plain::Stderr };
        Progress::new(what, "bytes", BYTES_TEMPLATE, total, plain)
    }

    /// Work of a stage: `total` things that are called `unit`, if that is known.
    pub(crate) fn of_stage(what: &'static str, unit: &'static str, total: Option<u64>) -> Progress {
        let quiet = QUIET.load(Ordering::Relaxed);
        let plain = if quiet { Plain::Nowhere } else { Plain::Log };
        Progress::new(what, unit, COUNT_TEMPLATE, total, plain)
    }

    fn new(
        what: &'static str,
        unit: &'static str,
        template: &str,
        total: Option<u64>,
        plain: Plain,
    ) -> Progress {
        let bar = ProgressBar::hidden();
        bar.set_message(what);
        let template = if total.is_some() { template } else { OPEN_TEMPLATE };
        bar.set_length(total.unwrap_or(0));
        let style = ProgressStyle::with_template(template).expect("the template is well formed");
        let on_terminal = plain != Plain::Nowhere && io::stderr().is_terminal();
        let started = Instant::now();
        let shown = Mutex::new((false, started));
        Progress { what, unit, bar, style, on_terminal, plain, started, shown }
    }

    /// Counts what is read from `source`.
    pub(crate) fn wrap_read<R: Read>(&self, source: R) -> impl Read + use<R> {
        self.bar.wrap_read(source)
    }

    /// So much more is done.
    pub(crate) fn advance(&self, by: u64) {
        self.bar.inc(by);
        self.tick();
    }

    /// So much is done in all.
    pub(crate) fn reached(&self, done: u64) {
        self.bar.set_position(done);
        self.tick();
    }

    /// Shows what is due: the bar once the work has taken a while, or a line.
    pub(crate) fn tick(&self) {
        if self.plain == Plain::Nowhere || self.started.elapsed() < SHOWN_AFTER {
            return;
        }
        let Ok(mut shown) = self.shown.lock() else { return };
        if self.on_terminal {
            if !shown.0 {
                shown.0 = true;
                // A bar joins the others before it is drawn for the first time.
                let _ = BARS.add(self.bar.clone());
                self.bar.set_style(self.style.clone());
                self.bar.tick();
            }
        } else if shown.1.elapsed() >= PLAIN_EVERY {
            shown.1 = Instant::now();
            self.line();
        }
    }

    fn line(&self) {
        let (what, unit, done) = (self.what, self.unit, self.bar.position());
        let total = self.bar.length().filter(|&total| total > 0);
        let rate = done as f64 / self.started.elapsed().as_secs_f64().max(f64::MIN_POSITIVE);
        let left_s = total.map(|total| total.saturating_sub(done) as f64 / rate.max(1e-9));
        if self.plain == Plain::Log {
            let (per_s, left_s) = (rate as u64, left_s.map(|left| left as u64));
            tracing::info!(what, unit, done, total, per_s, left_s, "in progress");
            return;
        }
        let of = total.map(|total| format!(" of {total}")).unwrap_or_default();
        let left = left_s.map(|left| format!(", {left:.0} s left")).unwrap_or_default();
        eprintln!("{what}: {done}{of} {unit}, {rate:.0} {unit}/s{left}");
    }

    /// Ends the report; the bar goes.
    pub(crate) fn finish(self) {
        drop(self);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_counts_from_any_thread_and_shows_nothing_when_quiet() {
        let progress = Progress::bytes("work", Some(300), true);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| progress.advance(100));
            }
        });
        assert_eq!(progress.bar.position(), 300);
        assert!(progress.bar.is_hidden());
        let mut read = Vec::new();
        progress.wrap_read(&b"seven b"[..]).read_to_end(&mut read).expect("in memory");
        assert_eq!(progress.bar.position(), 307);
        progress.finish();
    }

    #[test]
    fn every_template_is_well_formed() {
        for total in [None, Some(5)] {
            Progress::bytes("a", total, false).finish();
            Progress::of_stage("b", "epochs", total).reached(3);
        }
    }
}
