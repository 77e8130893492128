//! However the stages run and whatever is killed on the way, the intervals are
//! those of `padwacht replay` over the log; and one history gives the same
//! ones. An ingest that was killed may tell more or less exactly when something
//! happened: its rows are the same outside of what is stated to be uncertain.

use correlate::model::Period;
use tokio::sync::OnceCell;

use crate::disturbance::{Kill, Victim, draw};
use crate::doubt::{Told, assert_same_but_for_doubt};
use crate::history::{History, STALE_AFTER, STEPS};
use crate::pipeline::{Database, Pipeline};
use crate::rows::{Rows, assert_same, settle_on_replay};

/// How late LibreNMS may see a change: until its next ping, or, for ports,
/// until its next poll.
const SEEN_WITHIN_MS: i64 = 25_000;

/// How much of the time may be in doubt where ingest was killed: one that starts
/// after the pollers stood still knows nothing of what was before, and of some
/// twenty components that a service needs one is enough.
const DOUBTFUL_PERCENT: i64 = 66;

/// Leads a pipeline through the history; services come in `pieces`. `meddle`
/// is called in each step while the stages work, and gives whether the log
/// must hold all of the step before the next one comes.
pub(crate) async fn lead(
    pipeline: &mut Pipeline,
    history: &History,
    pieces: usize,
    mut meddle: impl AsyncFnMut(&mut Pipeline, usize) -> bool,
) {
    let services = pipeline.nms.services();
    let mut pieces = services.chunks(services.len().div_ceil(pieces));
    let every = history.steps / pieces.len();
    pipeline.read_all().await;
    for step in 1..=history.steps {
        if (step - 1) % every == 0
            && let Some(piece) = pieces.next()
        {
            pipeline.api.import(piece).await;
        }
        history.advance(&pipeline.nms, step);
        if meddle(pipeline, step).await {
            pipeline.read_all().await;
        }
    }
}

/// Leads a pipeline through the history while it is struck by `kills`.
pub(crate) async fn lead_under(kills: &[Kill], pipeline: &mut Pipeline, history: &History) {
    lead(pipeline, history, 6, async |pipeline, step| {
        for kill in kills.iter().filter(|kill| kill.step == step) {
            kill.strike(pipeline).await;
        }
        true
    })
    .await;
}

/// Waits until ClickHouse holds what `padwacht replay` makes of the log.
pub(crate) async fn check_against_replay(pipeline: &Pipeline, history: &History) -> Rows {
    settle_on_replay(pipeline, history, STALE_AFTER).await
}

/// The outage that the history is about is there, as a person would see it.
#[track_caller]
pub(crate) fn check_outage(rows: &Rows) {
    let (_, service, Period { from, until }) = History::new().outage();
    let start = History::new().start;
    let (from, until) = (from.millis() - start.millis(), until.millis() - start.millis());
    let of_service: Vec<_> = rows.iter().filter(|row| row.contains(service.as_str())).collect();
    let is_outage = |row: &&&String| {
        let fields: Vec<&str> = row.split(',').collect();
        let [_, begun, ended, state, _] = fields[..] else { panic!("{row:?}") };
        let late = |seen: &str, was: i64| seen.parse::<i64>().expect("a time") - was;
        state == "down"
            && (0..SEEN_WITHIN_MS).contains(&late(begun, from))
            && (0..SEEN_WITHIN_MS).contains(&late(ended, until))
    };
    assert_eq!(of_service.iter().filter(is_outage).count(), 1, "{from} {until} {of_service:#?}");
}

/// What `padwacht all`, left alone, makes of the history.
pub(crate) async fn undisturbed() -> &'static Rows {
    &told_undisturbed().await.rows
}

async fn told_undisturbed() -> &'static Told {
    static TOLD: OnceCell<Told> = OnceCell::const_new();
    let run = async || {
        let history = History::new();
        let mut pipeline = Pipeline::all(history.nms().await, STALE_AFTER).await;
        lead(&mut pipeline, &history, 1, async |_, _| true).await;
        let rows = check_against_replay(&pipeline, &history).await;
        Told::by(&pipeline, &history, rows).await
    };
    TOLD.get_or_init(run).await
}

/// What a pipeline whose ingest was killed tells is what an undisturbed one
/// tells, as far as `history` goes, but for what either says to be uncertain,
/// which is less than `doubtful_percent` of the time.
pub(crate) async fn check_but_for_doubt(
    pipeline: &Pipeline,
    history: &History,
    rows: Rows,
    doubtful_percent: i64,
) {
    check_outage(&rows);
    let told = Told::by(pipeline, history, rows).await;
    let expected = told_undisturbed().await.clipped(history);
    let what = "what a killed ingest tells";
    let compared = assert_same_but_for_doubt(what, history, &told, &expected);
    eprintln!("{compared:?}");
    // A service needs some twenty components of a network in which much breaks.
    assert!(compared.doubtful_ms * 100 < compared.all_ms * doubtful_percent, "{compared:?}");
    assert!(compared.silent_ms * 20 < compared.all_ms, "{compared:?}");
    assert!(compared.causes > history.world.service_list().len(), "{compared:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_on_embedded_defaults() {
    let rows = undisturbed().await;
    check_outage(rows);
    for state in ["up", "degraded", "down", "unknown"] {
        let has = rows.iter().any(|row| row.contains(&format!(",{state},")));
        assert!(has, "the history has no service that is {state}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stages_apart_on_kafka_give_the_same_intervals() {
    let history = History::new();
    let mut pipeline = Pipeline::apart(history.nms().await, STALE_AFTER, Database::Postgres).await;
    lead(&mut pipeline, &history, 1, async |_, _| true).await;
    let rows = check_against_replay(&pipeline, &history).await;
    assert_same("what the stages apart give", &rows, undisturbed().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_nine_of_any_stage_leaves_what_is_certain() {
    let [ingest, correlate, api] = ["ingest", "correlate", "api"].map(Victim::Stage);
    let victims =
        [ingest, correlate, api, Victim::ClickHouse, ingest, correlate, api, correlate, ingest];
    let kills = draw("apart", &victims, STEPS);
    let history = History::new();
    let mut pipeline = Pipeline::apart(history.nms().await, STALE_AFTER, Database::Sqlite).await;
    lead_under(&kills, &mut pipeline, &history).await;
    let rows = check_against_replay(&pipeline, &history).await;
    check_but_for_doubt(&pipeline, &history, rows, DOUBTFUL_PERCENT).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_nine_of_the_whole_process_leaves_what_is_certain() {
    let all = Victim::Stage("all");
    let kills = draw("all", &[all, all, Victim::ClickHouse, all, Victim::ClickHouse, all], STEPS);
    let history = History::new();
    let mut pipeline = Pipeline::all(history.nms().await, STALE_AFTER).await;
    lead_under(&kills, &mut pipeline, &history).await;
    let rows = check_against_replay(&pipeline, &history).await;
    check_but_for_doubt(&pipeline, &history, rows, DOUBTFUL_PERCENT).await;
}
