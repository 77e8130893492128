//! `padwacht replay`: files in, intervals out, through the engine that the
//! live stage runs. It never touches the log, ClickHouse or the database.

mod pieces;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use correlate::dataflow::{Control, Options, Workers};
use correlate::files::{self, BadLine, IntervalWriter};
use correlate::model::{Interval, Period, ServiceId, Timestamp};

use crate::cli::ReplayArgs;
use crate::whole_file;

/// Bad lines that `--skip-bad` shows; the rest is counted.
const BAD_SHOWN_MAX: usize = 10;

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
    let lines = std::thread::scope(|scope| {
        let definitions = scope.spawn(|| read_definitions(args, complaints));
        let fed = feed_samples(args, &mut workers);
        let panicked = |_| anyhow::anyhow!("reading {} panicked", args.services.display());
        let (controls, lines) = definitions.join().map_err(panicked)??;
        workers.control(controls)?;
        fed.map(|()| lines)
    })?;
    let read = workers.lines_read()?;
    complaints.take_all(&args.samples, read.first_bad, read.bad)?;
    let settled = workers.settle(period.until.plus_millis(-1))?;
    for rejection in settled.rejections {
        let line = lines.iter().find(|(id, _)| *id == rejection.service).map_or(1, |found| found.1);
        complaints.take(&args.services, BadLine { line, reason: rejection.reason })?;
    }
    Ok(workers.intervals()?)
}

/// Services and windows, and on which line each service stands.
type Definitions = (Vec<Control>, Vec<(ServiceId, u64)>);

fn read_definitions(args: &ReplayArgs, complaints: &mut Complaints) -> anyhow::Result<Definitions> {
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
                controls.push(Control::Define(entry.definition.into()));
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
    Ok((controls, lines))
}

/// Gives every worker its pieces of the file. Unless bad lines are skipped,
/// what lies behind the first one need not be read.
fn feed_samples(args: &ReplayArgs, workers: &mut Workers) -> anyhow::Result<()> {
    let (mut stretches, progress) = pieces::open(&args.samples, workers.len(), args.quiet)?;
    let is_one_stream = stretches.len() == 1;
    let mut dealt = 0;
    let mut going: Vec<usize> = (0..stretches.len()).collect();
    while !going.is_empty() {
        let mut first_bad = None;
        let mut still_going = Vec::with_capacity(going.len());
        for &index in &going {
            let piece = stretches[index]
                .next()
                .with_context(|| format!("read samples from {}", args.samples.display()))?;
            let Some(piece) = piece else { continue };
            let worker = if is_one_stream { dealt % workers.len() } else { index };
            dealt += 1;
            workers.feed_lines(worker, piece)?;
            still_going.push(index);
            if workers.bad_lines(worker) > 0 && first_bad.is_none() {
                first_bad = Some(index);
            }
        }
        going = still_going;
        if let Some(bad) = first_bad.filter(|_| !args.skip_bad) {
            going.retain(|&index| index < bad);
        }
        progress.tick();
    }
    progress.finish();
    Ok(())
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

    /// Takes `count` bad lines, of which `first` are known.
    fn take_all(&mut self, file: &Path, first: Vec<BadLine>, count: u64) -> anyhow::Result<()> {
        let known = first.len() as u64;
        first.into_iter().try_for_each(|line| self.take(file, line))?;
        self.count += count.saturating_sub(known);
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
