//! The binary from outside: exit status, what goes to which stream, and
//! `doctor` against real parts.
//!
//! Needs a Kafka broker (`PADWACHT_TEST_KAFKA`), a PostgreSQL
//! (`PADWACHT_TEST_POSTGRES`) and `libchdb.so`; `make test` brings all three.

use std::process::{Command, Output};
use std::sync::Arc;

use correlate::model::Timestamp;
use ingest::simulator::{SimOptions, Simulator, Topology, WallClock, World, WorldOptions};
use sea_orm::ConnectionTrait;
use serde_json::Value;
use store::records::{Actor, Records};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// A command of the binary in an empty directory, with an environment that
/// holds nothing of ours.
fn padwacht(dir: &tempfile::TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_padwacht"));
    let ours = |name: &str| name.starts_with("PADWACHT__") || name.starts_with("LIBRENMS_");
    for (name, _) in std::env::vars().filter(|(name, _)| ours(name)) {
        command.env_remove(name);
    }
    command.current_dir(dir.path()).env("XDG_DATA_HOME", dir.path());
    command
}

#[track_caller]
fn check_status(output: &Output, expected: i32) {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(expected), "{errors}");
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("as this test set it up")
}

#[test]
fn a_wrong_configuration_ends_with_status_2_and_all_errors() {
    let dir = tempfile::tempdir().expect("as this test set it up");
    let wrong = "[correlate]\nstale_afer = \"1m\"\nworkers = 0\n";
    std::fs::write(dir.path().join("padwacht.toml"), wrong).expect("as this test set it up");
    for stage in ["all", "ingest", "correlate", "api", "migrate", "doctor"] {
        let output = padwacht(&dir).arg(stage).output().expect("as this test set it up");
        check_status(&output, 2);
        assert_eq!(
            text(&output.stderr),
            "padwacht: the configuration has 2 errors, so nothing was started:\n  \
             padwacht.toml:2: correlate.stale_afer is no setting; did you mean \
             correlate.stale_after?\n  \
             padwacht.toml:3: correlate.workers must be a whole number from 1 to 256; found 0\n",
            "{stage}"
        );
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn wrong_usage_ends_with_status_2() {
    let dir = tempfile::tempdir().expect("as this test set it up");
    check_status(&padwacht(&dir).arg("alle").output().expect("as this test set it up"), 2);
    check_status(&padwacht(&dir).arg("replay").output().expect("as this test set it up"), 2);
}

#[test]
fn config_print_says_where_each_setting_comes_from_and_hides_secrets() {
    let dir = tempfile::tempdir().expect("as this test set it up");
    std::fs::write(dir.path().join(".env"), "LIBRENMS_API_TOKEN=hunter2\n")
        .expect("as this test set it up");
    let output = padwacht(&dir)
        .args(["config", "print", "--listen", "127.0.0.1:9999"])
        .env("LIBRENMS_API_URL", "https://nms.example.net")
        .env("PADWACHT__CORRELATE__STALE_AFTER", "10m")
        .output()
        .expect("as this test set it up");
    check_status(&output, 0);
    let lines = text(&output.stdout);
    let line = |key: &str| {
        let found =
            lines.lines().find(|line| line.starts_with(key)).expect("as this test set it up");
        found.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(line("api.listen"), "api.listen = \"127.0.0.1:9999\" # flag --listen");
    assert_eq!(
        line("correlate.stale_after"),
        "correlate.stale_after = \"10m\" # environment variable PADWACHT__CORRELATE__STALE_AFTER"
    );
    assert!(line("nms[librenms].token").ends_with("# .env:1 (LIBRENMS_API_TOKEN)"));
    assert!(!lines.contains("hunter2"));
}

/// The findings of `doctor --json` as `part: verdict`, and the whole answer.
fn findings(output: &Output) -> (Vec<String>, Value) {
    let json: Value = serde_json::from_slice(&output.stdout).expect("as this test set it up");
    let found = json["checks"].as_array().expect("as this test set it up").iter().map(|check| {
        format!(
            "{}: {}",
            check["part"].as_str().expect("as this test set it up"),
            check["verdict"].as_str().expect("as this test set it up")
        )
    });
    (found.collect(), json)
}

#[test]
fn doctor_says_of_every_part_that_it_is_away() {
    let dir = tempfile::tempdir().expect("as this test set it up");
    // Port 1 of loopback refuses at once.
    let output = padwacht(&dir)
        .args(["doctor", "--json", "--kafka", "127.0.0.1:1"])
        .args(["--clickhouse", "http://127.0.0.1:1"])
        .args(["--database", "postgres://padwacht@127.0.0.1:1/padwacht"])
        .env("LIBRENMS_API_URL", "http://127.0.0.1:1")
        .env("LIBRENMS_API_TOKEN", "hunter2")
        .env("PADWACHT__MAIL__URL", "smtp://127.0.0.1:1")
        .env("PADWACHT__MAIL__FROM", "noc@example.net")
        .env("PADWACHT__OIDC__ISSUER", "http://127.0.0.1:1")
        .env("PADWACHT__OIDC__CLIENT_ID", "padwacht")
        .env("PADWACHT__OIDC__CLIENT_SECRET", "hunter2")
        .env("PADWACHT__OIDC__BEHEER_GROUPS", "noc")
        .output()
        .expect("as this test set it up");
    check_status(&output, 1);
    let (found, json) = findings(&output);
    assert_eq!(
        found[1..],
        [
            "nms librenms, address and token: fail",
            "log: fail",
            "clickhouse: fail",
            "database: fail",
            "secrets: ok",
            "certificate: off",
            "network: ok",
            "mail: fail",
            "single sign-on: fail",
        ]
    );
    assert_eq!(json["well"], false);
    assert!(!text(&output.stdout).contains("hunter2"));
    assert_eq!(text(&output.stderr), "", "the findings say it all");
}

/// Serves a simulated LibreNMS on a free port for as long as the runtime lives.
async fn serve_librenms() -> String {
    let topology = Topology::surfnet();
    let options = WorldOptions { services: 20, ..WorldOptions::default() };
    let world = World::generate(&topology, &options).expect("as this test set it up");
    let now = || Timestamp(jiff::Timestamp::now().as_millisecond());
    let mut sim_options = SimOptions::new(now(), TOKEN);
    // It has watched long enough to have polled every device.
    sim_options.since = now().plus_millis(-3_600_000);
    let wall: WallClock = Arc::new(now);
    let simulator = Simulator::new(Arc::new(world), Vec::new(), sim_options, wall)
        .expect("as this test set it up");
    let listener =
        tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("as this test set it up");
    let url = format!("http://{}", listener.local_addr().expect("as this test set it up"));
    tokio::spawn(simulator.serve(listener));
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_finds_real_parts_well() {
    let needed = |name: &str| {
        std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run `make test`"))
    };
    let (kafka, database) = (needed("PADWACHT_TEST_KAFKA"), needed("PADWACHT_TEST_POSTGRES"));
    let librenms = serve_librenms().await;
    let dir = tempfile::tempdir().expect("as this test set it up");
    let mut command = padwacht(&dir);
    command
        .args(["doctor", "--json", "--kafka", &kafka, "--database", &database])
        .env("LIBRENMS_API_URL", librenms)
        .env("LIBRENMS_API_TOKEN", TOKEN);
    let output =
        tokio::task::spawn_blocking(move || command.output().expect("as this test set it up"))
            .await
            .expect("as this test set it up");
    let (found, json) = findings(&output);
    assert_eq!(json["well"], true, "{json:#}");
    check_status(&output, 0);
    let expected = [
        "nms librenms, address and token: ok",
        "nms librenms, device list: ok",
        "nms librenms, server clock: ok",
        "nms librenms, age of data: ok",
        "nms librenms, ports: ok",
        "nms librenms, BGP sessions: ok",
        "nms librenms, service checks: ok",
        "nms librenms, staleness limit: ok",
        "log: ok",
        "clickhouse: ok",
        // The tables are made by the first start, and doctor makes none.
        "database: warn",
        "secrets: ok",
        "certificate: off",
        "network: ok",
        "mail: off",
        "single sign-on: off",
    ];
    assert_eq!(found[1..], expected, "{json:#}");
}

#[test]
fn questions_to_a_set_up_that_does_not_run_say_what_to_do() {
    let dir = tempfile::tempdir().expect("as this test set it up");
    let ask = |args: &[&str]| padwacht(&dir).args(args).output().expect("as this test set it up");
    let explain = ["explain", "some-service", "--data-dir", "data"];
    let never = ask(&explain);
    check_status(&never, 1);
    let errors = text(&never.stderr);
    assert!(errors.contains("nothing was ever started in data"), "{errors}");
    assert!(!dir.path().join("data").exists(), "asking makes nothing");

    // As an earlier start left it.
    let engine = dir.path().join("data/clickhouse");
    std::fs::create_dir_all(&engine).expect("as this test set it up");
    std::fs::write(engine.join("padwacht.password"), "x\n").expect("as this test set it up");
    let gone = ask(&explain);
    check_status(&gone, 1);
    let errors = text(&gone.stderr);
    assert!(errors.contains("there is no database data/records.db"), "{errors}");

    check_status(&ask(&["what-if", "--from", "0", "--until", "9"]), 2);
    check_status(&ask(&["explain"]), 2);
    check_status(&ask(&["explain", "s", "--at", "soon"]), 2);
}

#[tokio::test]
async fn questions_to_an_engine_that_is_away_name_the_way_out() {
    let dir = tempfile::tempdir().expect("as this test set it up");
    let url = format!("sqlite://{}", dir.path().join("records.db").display());
    let records = store::records::Records::connect(&url, store::Keyring::ephemeral())
        .await
        .expect("as this test set it up");
    records.migrate().await.expect("as this test set it up");
    let engine = dir.path().join("data/clickhouse");
    std::fs::create_dir_all(&engine).expect("as this test set it up");
    std::fs::write(engine.join("padwacht.password"), "x\n").expect("as this test set it up");
    let output = padwacht(&dir)
        .args(["explain", "s", "--data-dir", "data", "--database", &url])
        // Nothing listens on port 1.
        .env("PADWACHT__CLICKHOUSE__EMBEDDED_HTTP_PORT", "1")
        .output()
        .expect("as this test set it up");
    check_status(&output, 1);
    let errors = text(&output.stderr);
    assert!(errors.contains("runs only while `padwacht all` does"), "{errors}");
}

#[tokio::test]
async fn a_question_without_sense_ends_with_status_2() {
    let dir = tempfile::tempdir().expect("as this test set it up");
    let url = format!("sqlite://{}", dir.path().join("records.db").display());
    let records = store::records::Records::connect(&url, store::Keyring::ephemeral())
        .await
        .expect("as this test set it up");
    records.migrate().await.expect("as this test set it up");
    let ask = |args: &[&str]| {
        let mut command = padwacht(&dir);
        command.args(args).args(["--clickhouse", "http://127.0.0.1:1", "--database", &url]);
        command.output().expect("as this test set it up")
    };
    let output = ask(&["what-if", "--down", "a", "b", "--from", "9", "--until", "9"]);
    check_status(&output, 2);
    assert_eq!(text(&output.stderr), "padwacht: until: must be after from\n");
    let output = ask(&["explain", "s", "--at", "5", "--as-of", "3"]);
    check_status(&output, 2);
    assert_eq!(text(&output.stderr), "padwacht: as_of: must not be before at\n");
}

/// A database with three entries in its audit trail, in a directory of its own.
async fn with_audit_trail() -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().expect("as this test set it up");
    let url = format!("sqlite://{}", dir.path().join("records.db").display());
    let records = Records::connect(&url, store::Keyring::ephemeral()).await;
    let records = records.expect("as this test set it up");
    records.migrate().await.expect("as this test set it up");
    let actor = Actor::new("noc@example.net", Timestamp(1));
    for (key, value) in [("a", 1), ("b", 2), ("c", 3)] {
        let set = records.settings().set(&actor, key, &Value::from(value)).await;
        set.expect("as this test set it up");
    }
    records.close().await;
    (dir, url)
}

/// What `padwacht audit verify` says after `sql` was run behind its back:
/// its status, and what it prints.
async fn verified_after(sql: &str, more: &[&str]) -> (i32, String) {
    let (dir, url) = with_audit_trail().await;
    if !sql.is_empty() {
        let database = sea_orm::Database::connect(&url).await.expect("as this test set it up");
        // Whoever owns the database can take the guard of the trail away.
        for guard in ["audit_is_not_changed", "audit_is_not_cut"] {
            let gone = database.execute_unprepared(&format!("DROP TRIGGER {guard}")).await;
            gone.expect("as this test set it up");
        }
        database.execute_unprepared(sql).await.expect("as this test set it up");
        database.close().await.expect("as this test set it up");
    }
    let args = [&["audit", "verify", "--database", &url], more].concat();
    let output = padwacht(&dir).args(args).output().expect("as this test set it up");
    let status = output.status.code().expect("it ends by itself");
    (status, text(&output.stdout) + &text(&output.stderr))
}

#[tokio::test]
async fn audit_verify_says_that_a_trail_is_whole_and_gives_its_hash() {
    let (status, said) = verified_after("", &[]).await;
    assert_eq!(status, 0, "{said}");
    assert!(said.starts_with("the audit trail is whole: entries 1 to 3\n"), "{said}");
    let hash = said.lines().last().expect("the hash");
    assert!(hash.len() == 64 && hash.bytes().all(|digit| digit.is_ascii_hexdigit()), "{said}");
    // The same history has other ids in another database, so another hash.
    let (status, said) = verified_after("", &["--anchor", hash]).await;
    assert_eq!(status, 1, "{said}");
    assert!(said.contains("no entry has the hash that was given"), "{said}");
}

#[tokio::test]
async fn audit_verify_names_the_entry_at_which_a_trail_breaks() {
    let check = async |sql: &str, expected: &str| {
        let (status, said) = verified_after(sql, &[]).await;
        assert_eq!(status, 1, "{sql}: {said}");
        assert!(said.starts_with("padwacht: the audit trail is broken: "), "{sql}: {said}");
        assert!(said.contains(expected), "{sql}: {said}");
    };
    let altered = "entry 2 is not what was recorded";
    check("UPDATE audit SET actor = 'somebody else' WHERE sequence = 2", altered).await;
    check("UPDATE audit SET after_value = '9' WHERE sequence = 2", altered).await;
    check("UPDATE audit SET at_ms = 2 WHERE sequence = 2", altered).await;
    check("DELETE FROM audit WHERE sequence = 2", "after entry 1 comes entry 3").await;
    check("DELETE FROM audit WHERE sequence = 1", "after entry 0 comes entry 2").await;
    let cut = "entry 3 was recorded, and the trail ends with entry 2";
    check("DELETE FROM audit WHERE sequence = 3", cut).await;
}

#[tokio::test]
async fn secrets_are_verified_and_sealed_anew_with_a_new_key() {
    let dir = tempfile::tempdir().expect("as this test set it up");
    let (key, database) = (dir.path().join("data/secrets.key"), dir.path().join("records.db"));
    let url = format!("sqlite://{}", database.display());
    let keyring = store::Keyring::of_file_or_new(&key).expect("as this test set it up");
    let records = Records::connect(&url, keyring).await.expect("as this test set it up");
    records.migrate().await.expect("as this test set it up");
    let draft = store::records::MailDraft {
        kind: store::records::MailKind::Test,
        recipient: "noc@example.net".to_owned(),
        copy_to: None,
        subject: "x".to_owned(),
        text: "hunter2".into(),
        html: "hunter2".into(),
        expires_at: Timestamp(i64::MAX),
    };
    records.mails().queue(&draft, Timestamp(1)).await.expect("as this test set it up");
    let run = |args: &[&str]| {
        let mut command = padwacht(&dir);
        command.arg("secrets").args(args).args(["--database", &url, "--data-dir", "data"]);
        let output = command.output().expect("as this test set it up");
        check_status(&output, 0);
        text(&output.stdout)
    };
    let found = run(&["verify"]);
    assert!(found.starts_with("mails.body_text: 1 found\nmails.body_html: 1 found\n"), "{found}");
    let done = run(&["rotate", "--new-key"]);
    assert!(done.starts_with("mails.body_text: 1 sealed anew\n"), "{done}");
    let found = run(&["verify"]);
    assert!(found.contains("(seals): 2 secrets\n"), "{found}");
    assert!(found.contains("(opens): 0 secrets; nothing needs it"), "{found}");
    // A process that was running has the old key, and finds the new one by itself.
    let due = records.mails().due(Timestamp(2)).await.expect("read");
    assert_eq!(secrecy::ExposeSecret::expose_secret(&due[0].text), "hunter2");

    std::fs::write(&key, "5e".repeat(32)).expect("as this test set it up");
    let output = padwacht(&dir)
        .args(["secrets", "verify", "--database", &url, "--data-dir", "data"])
        .output()
        .expect("as this test set it up");
    check_status(&output, 1);
    assert!(text(&output.stderr).contains("sealed with other keys"), "{}", text(&output.stderr));
}
