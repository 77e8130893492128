//! Intervals as lines `service,start,end,state,cause`, wherever they come
//! from; times are milliseconds after the start of their history.

use std::path::Path;
use std::process::Command;

use reqwest::Client;
use tokio::time::Instant;

use crate::history::History;
use crate::pipeline::Pipeline;
use crate::wait::PATIENCE;

/// The lines of a difference that are shown.
const SHOWN_LINES: usize = 12;

/// Intervals, sorted by service and start.
pub(crate) type Rows = Vec<String>;

/// One user of a ClickHouse, over plain HTTP as any tool would.
#[derive(Clone)]
pub(crate) struct ClickHouse {
    client: Client,
    /// Its HTTP interface.
    pub(crate) url: String,
    user: String,
    password: String,
}

impl ClickHouse {
    pub(crate) fn new(url: &str, user: &str, password: &str) -> ClickHouse {
        let [url, user, password] = [url, user, password].map(str::to_owned);
        ClickHouse { client: Client::new(), url, user, password }
    }

    /// The answer as tab-separated lines.
    ///
    /// # Errors
    /// What ClickHouse says, or that it is away.
    pub(crate) async fn ask(&self, sql: &str) -> Result<String, String> {
        let request = self.client.post(&self.url).query(&[("database", "padwacht")]);
        let request = request
            .header("X-ClickHouse-User", &self.user)
            .header("X-ClickHouse-Key", &self.password)
            .body(sql.to_owned());
        let answer = request.send().await.map_err(|error| error.to_string())?;
        let is_good = answer.status().is_success();
        let text = answer.text().await.map_err(|error| error.to_string())?;
        if is_good { Ok(text) } else { Err(text) }
    }

    /// What is stored about `history`, clipped to it.
    ///
    /// # Errors
    /// As [`ClickHouse::ask`].
    pub(crate) async fn rows(&self, history: &History) -> Result<Rows, String> {
        let (from, until) = (history.from(), history.until());
        let sql = format!(
            "SELECT service, greatest(toUnixTimestamp64Milli(start), {from}) - {start} AS a,
                 least(ifNull(toUnixTimestamp64Milli(end), {until}), {until}) - {start} AS b,
                 state, arrayStringConcat(cause, ' ')
             FROM service_intervals FINAL
             WHERE toUnixTimestamp64Milli(start) < {until}
                 AND (end IS NULL OR toUnixTimestamp64Milli(end) > {from})
             ORDER BY service, a",
            start = history.start
        );
        let lines = self.ask(&sql).await?;
        Ok(lines.lines().map(|line| line.replace('\t', ",")).collect())
    }
}

/// What `padwacht replay` makes of the samples in the log of `pipeline`.
pub(crate) async fn replay(pipeline: &Pipeline, history: &History, stale_after: &str) -> Rows {
    let samples = pipeline.log.samples_csv().await;
    let services = serde_json::to_string(&pipeline.nms.services()).expect("JSON");
    let dir = pipeline.dir();
    std::fs::write(dir.join("samples.csv"), samples).expect("written");
    std::fs::write(dir.join("services.json"), services).expect("written");
    replay_in(dir, history, stale_after)
}

fn replay_in(dir: &Path, history: &History, stale_after: &str) -> Rows {
    let mut command = Command::new(env!("CARGO_BIN_EXE_padwacht"));
    command.current_dir(dir).args(["replay", "--quiet", "--stale-after", stale_after]);
    command.args(["--samples", "samples.csv", "--services", "services.json"]);
    command.args(["--from", &history.from().to_string()]);
    command.args(["--until", &history.until().to_string()]);
    let output = command.output().expect("the binary runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    let relative = |time: &str| time.parse::<i64>().expect("a time") - history.start.millis();
    let line = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        let [service, start, end, state, cause] = fields[..] else { panic!("{line:?}") };
        format!("{service},{},{},{state},{cause}", relative(start), relative(end))
    };
    text.lines().skip(1).map(line).collect()
}

/// The rows of a longer history as far as `history` goes.
pub(crate) fn clip(rows: &Rows, history: &History) -> Rows {
    let until = history.until().millis() - history.start.millis();
    let clipped = rows.iter().filter_map(|row| {
        let fields: Vec<&str> = row.splitn(4, ',').collect();
        let [service, start, end, rest] = fields[..] else { panic!("{row:?}") };
        let [from, to] = [start, end].map(|time| time.parse::<i64>().expect("a time"));
        (from < until).then(|| format!("{service},{from},{},{rest}", to.min(until)))
    });
    clipped.collect()
}

/// Waits until ClickHouse holds exactly what `padwacht replay` makes of the
/// log as it is then: ingest may still learn more of the past. Gives the rows.
pub(crate) async fn settle_on_replay(
    pipeline: &Pipeline,
    history: &History,
    stale_after: &str,
) -> Rows {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let expected = replay(pipeline, history, stale_after).await;
        let found = pipeline.clickhouse.rows(history).await;
        if found.as_ref() == Ok(&expected) {
            return expected;
        }
        if Instant::now() >= deadline {
            assert_same("what ClickHouse holds", &found.expect("it answers"), &expected);
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
}

/// Fails with the first differences.
#[track_caller]
pub(crate) fn assert_same(what: &str, found: &Rows, expected: &Rows) {
    let only = |these: &Rows, others: &Rows| {
        let lines: Vec<_> = these.iter().filter(|row| !others.contains(row)).cloned().collect();
        let shown = lines.iter().take(SHOWN_LINES).map(|line| format!("\n  {line}"));
        format!("{}:{}", lines.len(), shown.collect::<String>())
    };
    assert!(
        found == expected,
        "{what} differs\nfound and not expected, {}\nexpected and not found, {}",
        only(found, expected),
        only(expected, found)
    );
}
