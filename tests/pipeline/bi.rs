//! Who may read the results, and with what.

use ingest::simulator::FailureKind;
use reqwest::{Client, StatusCode};

use crate::rows::ClickHouse;
use crate::steady::steady;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bi_tools_read_the_intervals_and_strangers_read_nothing() {
    let pipeline = steady().await;
    let (service, cpe) = pipeline.single_line();
    pipeline.break_down(&cpe, FailureKind::Power).await;
    pipeline.comes_to_be(service.as_str(), "down").await;
    let url = &pipeline.clickhouse.url;
    let password = pipeline.dir().join("data/clickhouse/bi.password");
    let password = std::fs::read_to_string(password).expect("its owner can read it");
    let bi = ClickHouse::new(url, "padwacht_bi", password.trim());

    let sql = format!(
        "SELECT service, state, has(cause, '{cpe}') FROM v_service_intervals
         WHERE service = '{service}' AND is_open"
    );
    assert_eq!(bi.ask(&sql).await, Ok(format!("{service}\tdown\t1\n")));
    for sql in [
        "INSERT INTO services (id) VALUES ('x')",
        "ALTER TABLE service_intervals DELETE WHERE 1",
        "CREATE TABLE t (a Int8) ENGINE = Memory",
        "DROP VIEW v_service_intervals",
        "SELECT * FROM file('/etc/passwd', 'LineAsString')",
        "KILL QUERY WHERE 1",
    ] {
        let error = bi.ask(sql).await.expect_err(sql);
        assert!(error.contains("ACCESS_DENIED") || error.contains("READONLY"), "{sql}: {error}");
    }

    let strangers = [("default", ""), ("padwacht", ""), ("padwacht_bi", "guess"), ("nobody", "")];
    for (user, password) in strangers {
        let stranger = ClickHouse::new(url, user, password);
        for sql in ["SELECT count() FROM v_service_intervals", "SHOW TABLES", "SHOW PROCESSLIST"] {
            assert!(stranger.ask(sql).await.is_err(), "{user} may {sql}");
        }
    }
    let query = "query=SELECT+count()+FROM+padwacht.v_service_intervals";
    let bare = Client::new().get(format!("{url}/?{query}")).send().await.expect("it answers");
    assert!(!bare.status().is_success(), "anybody may ask: {}", bare.status());

    for path in ["/api/v1/services", "/api/v1/status", "/api/v1/sources"] {
        let asked = Client::new().get(format!("{}{path}", pipeline.api.base)).send().await;
        assert_eq!(asked.expect("it answers").status(), StatusCode::UNAUTHORIZED, "{path}");
    }
}
