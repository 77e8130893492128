//! Checkpoint and journal are lost: the state is rebuilt from the log and
//! ClickHouse, and rows that only the lost state could explain are withdrawn.

use std::path::{Path, PathBuf};

use correlate::dataflow::SnapshotPart;
use correlate::engine::{ComponentSnapshot, SampleRun};
use correlate::model::{ComponentState, Timestamp};
use store::checkpoint::{Packing, save_packed};

use crate::history::{History, STALE_AFTER};
use crate::pipeline::Pipeline;
use crate::rows::settle_on_replay;
use crate::same_intervals::{check_but_for_doubt, check_outage, lead};
use crate::wait;

/// Damages everything in the directory of the correlate stage in one way.
type Damage = fn(&Path);

fn files(dir: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).expect("the stage has a directory").flatten();
    let files = entries.map(|entry| entry.path());
    files.filter(|path| path.extension().is_some_and(|found| found == ending)).collect()
}

fn rewrite(dir: &Path, ending: &str, change: impl Fn(&mut Vec<u8>)) {
    let found = files(dir, ending);
    assert!(!found.is_empty(), "there is no {ending} in {}", dir.display());
    for path in found {
        let mut bytes = std::fs::read(&path).expect("it can be read");
        change(&mut bytes);
        std::fs::write(&path, bytes).expect("it can be written");
    }
}

fn remove(dir: &Path, ending: &str) {
    files(dir, ending).iter().for_each(|path| std::fs::remove_file(path).expect("it can go"));
}

fn everything_gone(dir: &Path) {
    remove(dir, "checkpoint");
    remove(dir, "journal");
}

fn a_bit_flipped(dir: &Path) {
    rewrite(dir, "checkpoint", |bytes| {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x10;
    });
}

fn an_older_format(dir: &Path) {
    // The number stands after the six letters that name the kind of file.
    rewrite(dir, "checkpoint", |bytes| bytes[7] = 0);
}

fn cut_short(dir: &Path) {
    rewrite(dir, "checkpoint", |bytes| bytes.truncate(bytes.len() / 3));
    remove(dir, "journal");
}

/// Files that are in order, with a record that makes no sense.
fn a_record_that_cannot_be_read(dir: &Path) {
    let found = files(dir, "checkpoint");
    assert!(!found.is_empty(), "there is no checkpoint");
    for path in found {
        let epoch = path.file_stem().and_then(|stem| stem.to_str()?.parse().ok());
        let run =
            SampleRun { start: Timestamp(0), step_ms: 0, count: 0, state: ComponentState::Up };
        let component = ComponentSnapshot {
            id: "n/device/1".into(),
            runs: vec![run],
            forgotten: false,
            transitions: Vec::new(),
        };
        let mut packing = Packing::new(epoch.expect("its name is its epoch"), Vec::new())
            .expect("it can be compressed");
        packing.add(SnapshotPart::Components(vec![component])).expect("it can be compressed");
        save_packed(dir, packing).expect("it can be written");
    }
}

fn the_journal_alone_gone(dir: &Path) {
    remove(dir, "journal");
}

/// Rows that no state explains, as a crash of the lost one may leave them.
async fn leave_stray_rows(pipeline: &Pipeline, history: &History) {
    let service = &pipeline.nms.services()[0]["id"];
    let service = service.as_str().expect("a service has an id");
    let at = history.start.millis() + 7;
    let columns = "(service, start, end, state, version, recorded_at)";
    for service in [service, "ghost"] {
        let sql = format!(
            "INSERT INTO service_intervals {columns} SELECT '{service}',
                 fromUnixTimestamp64Milli({at}), NULL, 'down', 1, now64(3)"
        );
        pipeline.clickhouse.ask(&sql).await.expect("inserted");
    }
}

/// Kills the stage in the midst of its work, lets `damage` happen, and starts
/// it again; ClickHouse must come to hold the same as before.
async fn strike(pipeline: &mut Pipeline, history: &History, damage: Damage) {
    settle_on_replay(pipeline, history, STALE_AFTER).await;
    leave_stray_rows(pipeline, history).await;
    pipeline.stage("all").kill();
    damage(&pipeline.dir().join("data/correlate"));
    pipeline.start_again("all").await;
    settle_on_replay(pipeline, history, STALE_AFTER).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_state_is_rebuilt_from_log_and_clickhouse() {
    let history = History::first(14);
    let mut pipeline = Pipeline::all(history.nms().await, STALE_AFTER).await;
    lead(&mut pipeline, &history, 1, async |pipeline, step| {
        let damage: Option<Damage> = match step {
            3 => Some(everything_gone),
            5 => Some(a_bit_flipped),
            7 => Some(an_older_format),
            9 => Some(cut_short),
            11 => Some(the_journal_alone_gone),
            13 => Some(a_record_that_cannot_be_read),
            _ => None,
        };
        if let Some(damage) = damage {
            pipeline.read_all().await;
            strike(pipeline, &history.until_step(step), damage).await;
        }
        true
    })
    .await;
    let rows = settle_on_replay(&pipeline, &history, STALE_AFTER).await;
    check_but_for_doubt(&pipeline, &history, rows, 50).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_log_no_longer_holds_is_taken_from_clickhouse() {
    let history = History::first(14);
    let mut pipeline = Pipeline::all(history.nms().await, STALE_AFTER).await;
    lead(&mut pipeline, &history, 1, async |pipeline, step| {
        if step == 9 {
            pipeline.read_all().await;
            let until_now = history.until_step(step);
            settle_on_replay(pipeline, &until_now, STALE_AFTER).await;
            leave_stray_rows(pipeline, &until_now).await;
            pipeline.stage("all").kill();
            everything_gone(&pipeline.dir().join("data/correlate"));
            pipeline.log.drop_older_half().await;
            pipeline.start_again("all").await;
            stray_rows_go(pipeline, &until_now).await;
        }
        true
    })
    .await;
    stray_rows_go(&pipeline, &history).await;
    let rows = pipeline.clickhouse.rows(&history).await.expect("it answers");
    check_outage(&rows);
}

/// Waits until no row is left that nothing explains.
async fn stray_rows_go(pipeline: &Pipeline, history: &History) {
    let at = history.start.millis() + 7;
    let sql = format!(
        "SELECT count() FROM service_intervals FINAL
         WHERE toUnixTimestamp64Milli(start) = {at} OR service = 'ghost'"
    );
    wait::until_true("stray rows are withdrawn", async || {
        pipeline.clickhouse.ask(&sql).await == Ok("0\n".to_owned())
    })
    .await;
}
