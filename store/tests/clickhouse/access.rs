//! Who may do what with the embedded engine.

use correlate::model::ServiceState;
use store::Scope;
use store::series::SeriesConfig;

use super::rig::{Rig, ask, batch, interval, period, revision, service};

#[track_caller]
fn check_denied(answer: Result<String, String>, sql: &str) {
    let error = answer.expect_err(sql);
    let denied = ["ACCESS_DENIED", "QUOTA_EXCEEDED", "AUTHENTICATION_FAILED", "READONLY"];
    assert!(denied.iter().any(|word| error.contains(word)), "{sql}: {error}");
}

async fn with_one_interval() -> Rig {
    let rig = Rig::start().await;
    let down = revision("s", interval(1_000, None, ServiceState::Down, &["c"]));
    rig.series.write(&batch(1, vec![down])).await.expect("written");
    rig
}

#[tokio::test]
async fn without_credentials_nothing_can_be_read_or_done() {
    let rig = with_one_interval().await;
    let config = rig.engine.series_config();
    for sql in [
        "SELECT * FROM padwacht.service_intervals",
        "SELECT name FROM system.tables",
        "SELECT * FROM file('/etc/passwd', 'LineAsString')",
        "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
        "SELECT count() FROM numbers(10)",
        "SHOW DATABASES",
        "CREATE TABLE t (a Int8) ENGINE = Memory",
        "CREATE TEMPORARY TABLE t (a Int8)",
        "SYSTEM STOP LISTEN HTTP",
        "KILL QUERY WHERE 1",
    ] {
        check_denied(ask(&config, false, sql).await, sql);
    }
    let wrong = SeriesConfig { password: "guess".into(), ..config };
    check_denied(ask(&wrong, true, "SELECT 1").await, "with a wrong password");
}

#[tokio::test]
async fn the_bi_user_reads_intervals_and_cannot_do_anything_else() {
    let rig = with_one_interval().await;
    let bi = rig.engine.bi_config();
    let read = "SELECT service, state, cause FROM v_service_intervals";
    assert_eq!(ask(&bi, true, read).await.expect("readable"), "s\tdown\t['c']");
    assert_eq!(ask(&bi, true, "SHOW DATABASES").await.expect("allowed"), "padwacht");
    for sql in [
        "INSERT INTO services (id) VALUES ('x')",
        "CREATE TABLE t (a Int8) ENGINE = Memory",
        "CREATE TEMPORARY TABLE t (a Int8)",
        "CREATE VIEW v AS SELECT 1",
        "CREATE USER x",
        "ALTER TABLE services DELETE WHERE 1",
        "TRUNCATE TABLE services",
        "DROP TABLE services",
        "SELECT * FROM file('/etc/passwd', 'LineAsString')",
        "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
        "SELECT * FROM remote('127.0.0.1', 'padwacht', 'services')",
        "SELECT * FROM executable('x', 'TSV', 'a String')",
        "SELECT 1 INTO OUTFILE '/tmp/padwacht-bi'",
        "SELECT * FROM system.users",
        "SYSTEM STOP LISTEN HTTP",
        "KILL QUERY WHERE 1",
        "SET readonly = 0",
    ] {
        let answer = ask(&bi, true, sql).await;
        let error = answer.expect_err(sql);
        assert!(
            ["ACCESS_DENIED", "READONLY", "INTO_OUTFILE_NOT_ALLOWED"]
                .iter()
                .any(|word| error.contains(word)),
            "{sql}: {error}"
        );
    }
    for setting in [
        "max_memory_usage = 100000000000",
        "max_memory_usage_for_user = 0",
        "max_concurrent_queries_for_user = 0",
        "max_execution_time = 0",
    ] {
        let sql = format!("SELECT 1 SETTINGS {setting}");
        let error = ask(&bi, true, &sql).await.expect_err("constrained");
        assert!(error.contains("SETTING_CONSTRAINT_VIOLATION"), "{error}");
    }
    let kept = rig
        .series
        .within(&Scope::everything())
        .intervals(&service("s"), period(0, 5_000), 10)
        .await
        .expect("read");
    assert_eq!(kept.rows.len(), 1);
}

#[tokio::test]
async fn the_product_user_cannot_read_files_or_manage_users() {
    let rig = Rig::start().await;
    let config = rig.engine.series_config();
    for sql in [
        "SELECT * FROM file('/etc/passwd', 'LineAsString')",
        "CREATE USER x",
        "SYSTEM SHUTDOWN",
        "CREATE DATABASE other",
    ] {
        check_denied(ask(&config, true, sql).await, sql);
    }
}

#[tokio::test]
async fn making_a_bi_user_without_the_right_to_is_refused_and_explained() {
    let rig = Rig::start().await;
    let error = rig.series.ensure_bi_user("grafana", &"secret".into()).await.expect_err("refused");
    let text = error.to_string();
    assert!(text.contains("ACCESS_DENIED"), "the statement itself is understood: {text}");
    assert!(!error.is_retriable());
    let error = rig.series.ensure_bi_user("a b", &"secret".into()).await.expect_err("refused");
    assert!(error.to_string().contains("letters, digits and _"), "{error}");
}
