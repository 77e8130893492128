//! The engine survives its own end, and ends with its parent.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use correlate::model::{Period, ServiceState, Timestamp};
use store::Scope;
use store::embedded::{Embedded, EmbeddedError, EngineState, SUBCOMMAND};
use store::series::Series;

use super::rig::{Rig, batch, engine_config, interval, revision, service};

const ALWAYS: Period = Period::new(Timestamp::MIN, Timestamp::MAX);

/// How long a test waits for a process to come or go before it fails.
const PATIENCE: Duration = Duration::from_secs(60);

fn kill_9(process_id: u32) {
    let status = Command::new("kill").args(["-9", &process_id.to_string()]).status();
    assert!(status.expect("kill runs").success());
}

/// Whether the process is there and no zombie.
fn lives(process_id: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{process_id}/stat"))
        .is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or_default().starts_with(" Z"))
}

fn wait_until_gone(process_id: u32) {
    let deadline = Instant::now() + PATIENCE;
    while lives(process_id) {
        assert!(Instant::now() < deadline, "process {process_id} does not end");
        std::thread::yield_now();
    }
}

#[tokio::test]
async fn after_kill_9_the_engine_comes_back_on_its_port_with_all_data() {
    let rig = Rig::start().await;
    let written = interval(5_000, None, ServiceState::Down, &["c"]);
    rig.series.write(&batch(1, vec![revision("s", written.clone())])).await.expect("written");
    let mut state = rig.engine.state();
    state.mark_unchanged();
    let first = rig.engine.process_id().expect("running");
    kill_9(first);
    let restarting = state
        .wait_for(|state| matches!(state, EngineState::Restarting { failures: 1, .. }))
        .await
        .expect("supervised")
        .clone();
    let EngineState::Restarting { reason, .. } = restarting else { unreachable!() };
    assert!(reason.contains("signal: 9"), "{reason}");
    state
        .wait_for(
            |state| matches!(state, EngineState::Running { process_id } if *process_id != first),
        )
        .await
        .expect("supervised");
    let found = rig
        .series
        .within(&Scope::everything())
        .intervals(&service("s"), ALWAYS, 10)
        .await
        .expect("read");
    assert_eq!(found.rows, [written]);
}

#[tokio::test]
async fn a_clean_stop_ends_the_child_by_itself_and_keeps_the_data() {
    let rig = Rig::start().await;
    let written = interval(5_000, None, ServiceState::Up, &[]);
    rig.series.write(&batch(1, vec![revision("s", written.clone())])).await.expect("written");
    let (process_id, state) = (rig.engine.process_id().expect("running"), rig.engine.state());
    let Rig { engine, dir, .. } = rig;
    engine.shutdown().await;
    assert!(!lives(process_id));
    assert!(matches!(*state.borrow(), EngineState::Stopped { .. }));
    let again = Embedded::start(engine_config(dir.path())).await.expect("starts again");
    let series = Series::connect(&again.series_config()).expect("its own settings");
    assert_eq!(series.migrate().await.expect("nothing to do"), []);
    let found = series
        .within(&Scope::everything())
        .intervals(&service("s"), ALWAYS, 10)
        .await
        .expect("read");
    assert_eq!(found.rows, [written]);
}

#[tokio::test]
async fn dropping_the_engine_ends_the_child() {
    let rig = Rig::start().await;
    let process_id = rig.engine.process_id().expect("running");
    drop(rig.engine);
    let gone = tokio::task::spawn_blocking(move || wait_until_gone(process_id));
    gone.await.expect("it ends");
}

#[test]
fn the_child_ends_when_its_parent_is_gone() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let config = engine_config(dir.path());
    // What the supervisor hands over, with a file that does not exist: the
    // child watches its parent before it loads anything.
    let mut child = Command::new(&config.executable)
        .arg(SUBCOMMAND)
        .args(["--library".as_ref(), config.library.as_os_str()])
        .args(["--path".as_ref(), dir.path().as_os_str()])
        .args(["--config-file", "/dev/null", "--http-port", "0"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("starts");
    drop(child.stdin.take());
    wait_until_gone(child.id());
    child.wait().expect("its status");
}

#[tokio::test]
async fn a_second_engine_on_the_same_directory_is_refused_with_the_reason() {
    let rig = Rig::start().await;
    let error = Embedded::start(engine_config(rig.dir.path())).await.expect_err("refused");
    let text = error.to_string();
    assert!(text.contains("status"), "it names the lock: {text}");
    assert!(rig.series.check().await.is_ok(), "the first one still runs");
}

#[tokio::test]
async fn an_absent_library_says_how_to_get_it() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let mut config = engine_config(dir.path());
    config.library = "nowhere/libchdb.so".into();
    let error = Embedded::start(config).await.expect_err("absent");
    assert!(matches!(error, EmbeddedError::LibraryAbsent { .. }), "{error}");
    assert!(error.to_string().contains("npm ci --prefix dashboards"), "{error}");
}

#[tokio::test]
async fn a_library_that_is_none_is_refused_with_the_reason() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let mut config = engine_config(dir.path());
    config.library = dir.path().join("libchdb.so");
    std::fs::write(&config.library, "no library").expect("writable");
    let error = Embedded::start(config).await.expect_err("unusable").to_string();
    assert!(error.contains("cannot be loaded"), "{error}");
}
