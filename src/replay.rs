//! `padwacht replay`: files in, intervals out, through the engine that the
//! live stage runs. It never touches the log, ClickHouse or the database.

use std::fs::File;
use std::io::{self, BufReader, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use correlate::dataflow::{Control, Options, Workers};
use correlate::files::{self, BadLine, IntervalWriter, SampleLines};
use correlate::model::{Interval, Period, ServiceId, Timestamp};
use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::ReplayArgs;
use crate::whole_file;

/// Bytes read at once: large enough to make reading cheap, small enough that
/// the pieces under way stay in the cache.
const PIECE_BYTES: usize = 1 << 20;

/// Bad lines that `--skip-bad` shows; the rest is counted.
const BAD_SHOWN_MAX: usize = 10;

/// How often progress is reported where there is no terminal.
const PLAIN_PROGRESS_EVERY: Duration = Duration::from_secs(10);

/// The exit status of wrong usage and of a bad line.
const EXIT_BAD_INPUT: u8 = 2;

/// Runs the command.
pub(crate) fn run(args: &ReplayArgs) -> anyhow::Result<ExitCode> {
    let period = Period::new(args.from, args.until);
    if period.is_empty() {
        eprintln!("padwacht: --until must be after --from");
        return Ok(ExitCode::from(EXIT_BAD_INPUT));
    }
    let mut complaints = Complaints::new(args.skip_bad);
    match replay(args, period, &mut complaints) {
        Ok(intervals) => {
            complaints.summary(args.quiet);
            write_out(args.out.as_deref(), &intervals, period)?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => match error.downcast::<BadInput>() {
            Ok(bad) => {
                eprintln!("padwacht: {bad}");
                Ok(ExitCode::from(EXIT_BAD_INPUT))
            }
            Err(error) => Err(error),
        },
    }
}

fn replay(
    args: &ReplayArgs,
    period: Period,
    complaints: &mut Complaints,
) -> anyhow::Result<Vec<(ServiceId, Vec<Interval>)>> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let stale_after_ms = match args.stale_after {
        Some(limit) => Some(i64::try_from(limit.as_millis()).context("read --stale-after")?),
        None => None,
    };
    let options = Options {
        workers: args.workers.map_or(cores, |workers| workers as usize),
        stale_after_ms,
        origin: Timestamp::MIN,
    };
    let mut workers = Workers::start(options, None)?;
    let lines = feed_definitions(args, &mut workers, complaints)?;
    feed_samples(args, &mut workers, complaints)?;
    let settled = workers.settle(period.until.plus_millis(-1))?;
    for rejection in settled.rejections {
        let line = lines.iter().find(|(id, _)| *id == rejection.service).map_or(1, |found| found.1);
        complaints.take(&args.services, BadLine { line, reason: rejection.reason })?;
    }
    Ok(workers.intervals()?)
}

/// Feeds services and windows; returns on which line each service stands.
fn feed_definitions(
    args: &ReplayArgs,
    workers: &mut Workers,
    complaints: &mut Complaints,
) -> anyhow::Result<Vec<(ServiceId, u64)>> {
    let text = std::fs::read(&args.services)
        .with_context(|| format!("read services from {}", args.services.display()))?;
    let Ok(text) = String::from_utf8(text) else {
        let line = BadLine { line: 1, reason: String::from("the file is not UTF-8") };
        bail!(BadInput { file: args.services.clone(), line });
    };
    let mut controls = Vec::new();
    let mut lines = Vec::new();
    for entry in files::read_services(&text) {
        match entry {
            Ok(entry) => {
                lines.push((entry.definition.id.clone(), entry.line));
                controls.push(Control::Define(entry.definition));
            }
            Err(bad) => complaints.take(&args.services, bad)?,
        }
    }
    if let Some(file) = &args.maintenance {
        let text =
            std::fs::read(file).with_context(|| format!("read windows from {}", file.display()))?;
        for window in files::read_windows(&text) {
            match window {
                Ok((line, window)) => {
                    controls.push(Control::Window(line.to_string(), Some(window)));
                }
                Err(bad) => complaints.take(file, bad)?,
            }
        }
    }
    workers.control(controls)?;
    Ok(lines)
}

fn feed_samples(
    args: &ReplayArgs,
    workers: &mut Workers,
    complaints: &mut Complaints,
) -> anyhow::Result<()> {
    let (mut input, progress) = open(&args.samples, args.quiet)?;
    let mut lines = SampleLines::new();
    let mut piece: Vec<u8> = Vec::with_capacity(2 * PIECE_BYTES);
    loop {
        let read = input
            .by_ref()
            .take(PIECE_BYTES as u64)
            .read_to_end(&mut piece)
            .with_context(|| format!("read samples from {}", args.samples.display()))?;
        let ended = read == 0;
        let whole = match memchr_last_line(&piece) {
            Some(end) if !ended => end,
            None if !ended => continue,
            _ => piece.len(),
        };
        let mut samples = Vec::new();
        let mut refused = Ok(());
        lines.read(&piece[..whole], |result| match result {
            Ok(sample) => samples.push(sample),
            Err(bad) if refused.is_ok() => refused = complaints.take(&args.samples, bad),
            Err(_) => {}
        });
        refused?;
        if !samples.is_empty() {
            workers.feed(samples)?;
        }
        progress.tick();
        piece.drain(..whole);
        if ended {
            break;
        }
    }
    progress.bar.finish_and_clear();
    match lines.end() {
        Ok(()) => Ok(()),
        Err(bad) => complaints.take(&args.samples, bad),
    }
}

fn memchr_last_line(piece: &[u8]) -> Option<usize> {
    piece.iter().rposition(|&byte| byte == b'\n').map(|end| end + 1)
}

/// Opens a samples file: plain, `.gz`, `.zst`, or `-` for standard input.
fn open(path: &Path, quiet: bool) -> anyhow::Result<(Box<dyn Read>, Progress)> {
    if path == Path::new("-") {
        return Ok((Box::new(io::stdin().lock()), Progress::new(None, quiet)));
    }
    let doing = || format!("open samples {}", path.display());
    let file = File::open(path).with_context(doing)?;
    let progress = Progress::new(file.metadata().ok().map(|meta| meta.len()), quiet);
    let counted = BufReader::with_capacity(PIECE_BYTES, progress.bar.wrap_read(file));
    let input: Box<dyn Read> = match path.extension().and_then(|ending| ending.to_str()) {
        Some("gz") => Box::new(flate2::read::MultiGzDecoder::new(counted)),
        Some("zst") => Box::new(zstd::stream::read::Decoder::new(counted).with_context(doing)?),
        _ => Box::new(counted),
    };
    Ok((input, progress))
}

/// A bar on a terminal, plain lines elsewhere, nothing when quiet.
struct Progress {
    bar: ProgressBar,
    plain: Option<std::cell::Cell<std::time::Instant>>,
}

impl Progress {
    fn new(bytes: Option<u64>, quiet: bool) -> Progress {
        let terminal = io::stderr().is_terminal();
        if quiet || !terminal {
            let bar = ProgressBar::hidden();
            bar.set_length(bytes.unwrap_or(0));
            let plain = (!quiet).then(|| std::cell::Cell::new(std::time::Instant::now()));
            return Progress { bar, plain };
        }
        let bar = match bytes {
            Some(bytes) => ProgressBar::new(bytes).with_style(
                ProgressStyle::with_template(
                    "{wide_bar} {bytes}/{total_bytes} {bytes_per_sec}, {eta} left",
                )
                .expect("the template is well formed"),
            ),
            None => ProgressBar::new_spinner(),
        };
        Progress { bar, plain: None }
    }

    fn tick(&self) {
        let Some(last) = &self.plain else { return };
        if last.get().elapsed() >= PLAIN_PROGRESS_EVERY {
            last.set(std::time::Instant::now());
            let (read, total) = (self.bar.position(), self.bar.length().unwrap_or(0));
            eprintln!("replay: {read} of {total} bytes read");
        }
    }
}

/// An input that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {line}", file.display())]
struct BadInput {
    file: PathBuf,
    line: BadLine,
}

/// What becomes of bad lines: the first ends the work, or all are counted.
struct Complaints {
    skip: bool,
    count: u64,
}

impl Complaints {
    fn new(skip: bool) -> Complaints {
        Complaints { skip, count: 0 }
    }

    fn take(&mut self, file: &Path, line: BadLine) -> anyhow::Result<()> {
        let bad = BadInput { file: file.to_owned(), line };
        if !self.skip {
            return Err(bad.into());
        }
        if self.count < BAD_SHOWN_MAX as u64 {
            eprintln!("padwacht: skipped {bad}");
        }
        self.count += 1;
        Ok(())
    }

    fn summary(&self, quiet: bool) {
        if self.count > 0 && !quiet {
            eprintln!("padwacht: skipped {} bad lines in all", self.count);
        }
    }
}

/// Writes the intervals: to a file whole or not at all, else to standard output.
fn write_out(
    path: Option<&Path>,
    intervals: &[(ServiceId, Vec<Interval>)],
    period: Period,
) -> anyhow::Result<()> {
    let fill = |out: &mut dyn Write| {
        let mut writer = IntervalWriter::new(out, period);
        for (service, list) in intervals {
            writer.write(service, list)?;
        }
        writer.finish()?.flush()
    };
    match path.filter(|path| *path != Path::new("-")) {
        Some(path) => whole_file::write(path, fill)
            .with_context(|| format!("write intervals to {}", path.display())),
        None => match fill(&mut io::stdout().lock()) {
            // A reader such as `head` went away: no failure.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => written.context("write intervals"),
        },
    }
}
