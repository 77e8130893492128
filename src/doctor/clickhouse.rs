//! ClickHouse: a server is asked for its version, tables and rights; of the
//! embedded engine, whether its library loads and runs, in a directory that
//! is thrown away.

use store::embedded::{Embedded, EmbeddedConfig, EmbeddedError};
use store::series::{Series, SeriesError, SeriesHealth};

use super::{Verdict, chain};
use crate::config::{ClickHouseConfig, ClickHouseServer, EmbeddedClickHouse};

/// Asks the server, or tries the engine.
pub(super) async fn check(config: &ClickHouseConfig) -> Verdict {
    match config {
        ClickHouseConfig::Server(server) => check_server(server).await,
        ClickHouseConfig::Embedded(embedded) => check_embedded(embedded).await,
    }
}

async fn check_server(server: &ClickHouseServer) -> Verdict {
    let asked = match Series::connect(&crate::parts::series(server)) {
        Ok(series) => series.check().await,
        Err(error) => Err(error),
    };
    match asked {
        Ok(health) => told(server, &health),
        Err(error) => Verdict::wrong(chain(&error), advice(&error)),
    }
}

fn told(server: &ClickHouseServer, health: &SeriesHealth) -> Verdict {
    let seen = format!("ClickHouse {} at {}", health.version, server.url);
    if !health.missing_rights.is_empty() {
        let rights = health.missing_rights.join(", ");
        let problem = format!("{seen}, where user {} may not {rights}", server.user);
        let advice = format!("GRANT {rights} ON {}.* TO {}", server.database, server.user);
        return Verdict::wrong(problem, &advice);
    }
    if health.is_usable() {
        return Verdict::Well(seen);
    }
    let SeriesHealth { migration, migration_known, .. } = health;
    Verdict::Worrying {
        problem: format!("{seen}, with the tables of migration {migration} of {migration_known}"),
        advice: String::from("run `padwacht migrate`; the first start brings them too"),
    }
}

fn advice(error: &SeriesError) -> &'static str {
    match error {
        SeriesError::Refused { .. } => "check clickhouse.user and its password",
        _ => "check clickhouse.url (the HTTP interface, usually port 8123)",
    }
}

async fn check_embedded(config: &EmbeddedClickHouse) -> Verdict {
    match try_engine(config).await {
        Ok(library) => Verdict::Well(format!("embedded, {library} loads and answers")),
        Err(EngineError::Scratch(error)) => Verdict::wrong(
            format!("the engine cannot be tried: no directory for it: {error}"),
            "make room in the directory for temporary files",
        ),
        // Its own text says how to get the library.
        Err(EngineError::Engine(error)) => Verdict::Wrong { problem: chain(&error), advice: None },
    }
}

enum EngineError {
    Scratch(std::io::Error),
    Engine(EmbeddedError),
}

/// Runs the engine once, away from the real data and on a free port.
async fn try_engine(config: &EmbeddedClickHouse) -> Result<String, EngineError> {
    let scratch = tempfile::tempdir().map_err(EngineError::Scratch)?;
    let configured = crate::parts::embedded(config).map_err(EngineError::Engine)?;
    let library = configured.library.display().to_string();
    let trial = EmbeddedConfig {
        data_dir: scratch.path().to_owned(),
        http_port: 0,
        tcp_port: None,
        ..configured
    };
    let engine = Embedded::start(trial).await.map_err(EngineError::Engine)?;
    engine.shutdown().await;
    Ok(library)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn health() -> SeriesHealth {
        SeriesHealth {
            version: String::from("26.8.1.1"),
            migration: 2,
            migration_known: 2,
            missing_rights: Vec::new(),
        }
    }

    fn server() -> ClickHouseServer {
        ClickHouseServer {
            url: "http://c:8123".parse().unwrap(),
            database: String::from("padwacht"),
            user: String::from("writer"),
            password: String::new().into(),
            bi: None,
        }
    }

    #[test]
    fn missing_rights_come_with_the_grant_that_mends_them() {
        let health = SeriesHealth { missing_rights: vec!["INSERT"], ..health() };
        let Verdict::Wrong { advice, .. } = told(&server(), &health) else { panic!("wrong") };
        assert_eq!(advice.as_deref(), Some("GRANT INSERT ON padwacht.* TO writer"));
    }

    #[test]
    fn missing_tables_are_only_worrying() {
        let behind = SeriesHealth { migration: 0, ..health() };
        assert!(matches!(told(&server(), &behind), Verdict::Worrying { .. }));
        assert!(matches!(told(&server(), &health()), Verdict::Well(_)));
    }

    #[tokio::test]
    async fn a_server_that_is_away_is_wrong() {
        // Port 1 of loopback refuses at once.
        let away = ClickHouseServer { url: "http://127.0.0.1:1".parse().unwrap(), ..server() };
        assert!(matches!(check_server(&away).await, Verdict::Wrong { .. }));
    }
}
