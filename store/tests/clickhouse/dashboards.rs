//! Every query of every Grafana dashboard runs on the engine as the BI user.
//!
//! The macros are expanded as the plugin grafana-clickhouse-datasource does
//! it (its `pkg/macros/macros.go`); one that this test does not know fails.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use correlate::model::{ComponentState, ServiceState};
use serde_json::Value;

use super::rig::{Rig, ask, batch, interval, named, revision, transition};

const FROM_MS: i64 = 1_760_000_000_000;
const TO_MS: i64 = 1_760_600_000_000;

fn dashboards() -> Vec<(PathBuf, Value)> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../dashboards/grafana");
    let mut files: Vec<_> = fs::read_dir(&dir)
        .expect("the directory of the dashboards")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    files.sort();
    files
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).expect("readable");
            let value = serde_json::from_str(&text)
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            (path, value)
        })
        .collect()
}

fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Replaces `$__name(argument)` by what `expand` makes of the argument.
fn replace_call(sql: &str, name: &str, expand: impl Fn(&str) -> String) -> String {
    let mut rest = sql;
    let mut out = String::new();
    while let Some((before, after)) = rest.split_once(&format!("{name}(")) {
        let (argument, after) = after.split_once(')').expect("a closed macro");
        out.push_str(before);
        out.push_str(&expand(argument));
        rest = after;
    }
    out + rest
}

fn expand(sql: &str) -> String {
    let ms = |ms: i64| format!("fromUnixTimestamp64Milli({ms})");
    let seconds = |ms: i64| format!("toDateTime({})", ms / 1_000);
    let sql = replace_call(sql, "$__timeFilter_ms", |column| {
        format!("{column} >= {} AND {column} <= {}", ms(FROM_MS), ms(TO_MS))
    });
    let sql = replace_call(&sql, "$__timeInterval", |column| {
        format!("toStartOfInterval(toDateTime({column}), INTERVAL 60 second)")
    });
    let sql = sql
        .replace("$__fromTime_ms", &ms(FROM_MS))
        .replace("$__toTime_ms", &ms(TO_MS))
        .replace("$__fromTime", &seconds(FROM_MS))
        .replace("$__toTime", &seconds(TO_MS))
        .replace("${service:singlequote}", "'s'")
        .replace("${search:singlequote}", "'o\\'neil'");
    assert!(!sql.contains('$'), "an unknown macro or variable: {sql}");
    sql
}

#[test]
fn dashboards_are_well_formed_and_use_the_data_source_variable() {
    let (mut uids, mut titles) = (BTreeSet::new(), BTreeSet::new());
    for (path, dashboard) in dashboards() {
        let path = path.display();
        let uid = dashboard["uid"].as_str().expect("a uid");
        assert!(uids.insert(uid.to_owned()), "{path}: uid {uid} is used twice");
        let title = dashboard["title"].as_str().expect("a title");
        assert!(titles.insert(title.to_owned()), "{path}: title {title} is used twice");
        let variables = list(&dashboard, "/templating/list");
        assert_eq!(variables[0]["type"], "datasource", "{path}");
        let mut ids = BTreeSet::new();
        for panel in list(&dashboard, "/panels") {
            assert!(ids.insert(panel["id"].as_u64()), "{path}: panel ids repeat");
            assert_eq!(panel["datasource"]["uid"], "${datasource}", "{path}");
            for target in list(panel, "/targets") {
                assert_eq!(target["datasource"]["uid"], "${datasource}", "{path}");
            }
        }
    }
    assert_eq!(uids.len(), 4);
}

#[tokio::test]
async fn every_dashboard_query_runs_for_the_bi_user() {
    let rig = Rig::start().await;
    let mut facts = batch(
        1,
        vec![
            revision(
                "s",
                interval(FROM_MS + 5, Some(FROM_MS + 900_000), ServiceState::Down, &["c"]),
            ),
            revision("s", interval(FROM_MS + 900_000, None, ServiceState::Degraded, &["c"])),
        ],
    );
    facts.recorded_at = correlate::model::Timestamp(FROM_MS + 10);
    facts.transitions = vec![transition("c", FROM_MS + 5, ComponentState::Down)];
    rig.series.write(&facts).await.expect("written");
    rig.series.upsert_services(&[named("s", "Name", "O'Neil")], 1).await.expect("written");
    let bi = rig.engine.bi_config();
    let mut queries = 0;
    for (path, dashboard) in dashboards() {
        let variables = list(&dashboard, "/templating/list").iter();
        let of_variables = variables
            .filter(|variable| variable["type"] == "query")
            .map(|variable| variable["query"].as_str().expect("a text"));
        let of_panels = list(&dashboard, "/panels")
            .iter()
            .flat_map(|panel| list(panel, "/targets"))
            .map(|target| target["rawSql"].as_str().expect("a text"));
        for sql in of_variables.chain(of_panels) {
            let answer = ask(&bi, true, &expand(sql)).await;
            answer.unwrap_or_else(|error| panic!("{}: {error}\n{sql}", path.display()));
            queries += 1;
        }
    }
    assert!(queries >= 20, "{queries}");
    let outages = fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../dashboards/grafana/outages.json"),
    )
    .expect("readable");
    let outages: Value = serde_json::from_str(&outages).expect("valid");
    let first = outages["panels"][0]["targets"][0]["rawSql"].as_str().expect("a text");
    let answer = ask(&bi, true, &expand(first)).await.expect("runs");
    assert_eq!(answer, "1\t0\t1\t899995\t899995", "began, running, services, downtime, median");
}
