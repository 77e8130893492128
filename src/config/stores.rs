//! `[clickhouse]` and `[database]`: where intervals and records are kept.

use std::net::SocketAddr;
use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::GeneralConfig;
use super::reader::{Reader, Section};
use super::rule::{FilePath, Listen, NAME, Rule, Text, UrlOf};
use super::tree::Value;

const SERVER_URL: UrlOf = UrlOf { schemes: &["http", "https"], example: "http://localhost:8123" };
const DATABASE_DEFAULT: &str = "padwacht";
const USER_DEFAULT: &str = "padwacht";
const BI_USER_DEFAULT: &str = "bi";
/// Not ClickHouse's own 8123, so that both can run on one machine.
const EMBEDDED_LISTEN_DEFAULT: &str = "127.0.0.1:18123";
/// A name that needs no quoting in SQL.
const IDENTIFIER: Text = Text {
    allowed: "a name of 1 to 63 of the characters a-z, 0-9 and _, such as \"padwacht\"",
    accepts: |text| {
        (1..=63).contains(&text.len())
            && !text.starts_with(|c: char| c.is_ascii_digit())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    },
};

/// Where ClickHouse is.
#[derive(Clone, Debug)]
pub(crate) enum ClickHousePlace {
    /// The engine as a child of this process.
    Embedded {
        /// Its directory.
        dir: PathBuf,
        /// `libchdb.so`; where the npm package put it if not given.
        library: Option<PathBuf>,
        /// Where its HTTP interface listens, for BI tools too. Loopback only,
        /// as the local session needs no password.
        listen: SocketAddr,
    },
    /// A server.
    Server {
        /// Its HTTP interface.
        url: Url,
        /// Who writes: needs the right to create the database and its tables.
        user: String,
        /// The password, empty if there is none.
        password: SecretString,
    },
}

/// `[clickhouse]`.
#[derive(Clone, Debug)]
pub(crate) struct ClickHouseConfig {
    /// Where ClickHouse is.
    pub place: ClickHousePlace,
    /// The database that holds all tables and views.
    pub database: String,
    /// The read-only user for Grafana and BI tools.
    pub bi_user: String,
    /// Its password; without one, one is made and kept under the data directory.
    pub bi_password: Option<SecretString>,
}

/// `[database]`.
#[derive(Clone, Debug)]
pub(crate) struct DatabaseConfig {
    /// `sqlite://path` or `postgres://user:password@host/database`.
    pub url: SecretString,
}

pub(super) fn read_clickhouse(reader: &Reader<'_>, general: &GeneralConfig) -> ClickHouseConfig {
    let section = reader.section("clickhouse");
    let url = section.optional("url", &SERVER_URL);
    if url.as_ref().is_some_and(|url| !url.username().is_empty() || url.password().is_some()) {
        section.conflict("url", "holds a login; use clickhouse.user and clickhouse.password");
    }
    let user = section.or("user", &NAME, USER_DEFAULT.to_owned());
    let password = section.secret("password");
    let library = section.optional("library", &FilePath);
    let listen = embedded_listen(&section);
    let place = match url {
        Some(url) => {
            let password = password.unwrap_or_else(|| SecretString::from(String::new()));
            ClickHousePlace::Server { url, user, password }
        }
        None => {
            let dir = general.data_dir.join("clickhouse");
            ClickHousePlace::Embedded { dir, library, listen }
        }
    };
    ClickHouseConfig {
        place,
        database: section.or("database", &IDENTIFIER, DATABASE_DEFAULT.to_owned()),
        bi_user: section.or("bi_user", &IDENTIFIER, BI_USER_DEFAULT.to_owned()),
        bi_password: section.secret("bi_password"),
    }
}

fn embedded_listen(section: &Section<'_>) -> SocketAddr {
    let default = EMBEDDED_LISTEN_DEFAULT.parse().expect("a constant address");
    let listen = section.or("embedded_listen", &Listen, default);
    if !listen.ip().is_loopback() {
        section.conflict(
            "embedded_listen",
            "must be a loopback address such as 127.0.0.1; let a reverse proxy with TLS face the network",
        );
    }
    listen
}

pub(super) fn read_database(reader: &Reader<'_>, general: &GeneralConfig) -> DatabaseConfig {
    let section = reader.section("database");
    let default = format!("sqlite://{}", general.data_dir.join("records.db").display());
    let url = section.or("url", &DatabaseUrl, default);
    let url = match section.secret("password") {
        Some(password) => with_password(&section, &url, &password).unwrap_or(url),
        None => url,
    };
    DatabaseConfig { url: SecretString::from(url) }
}

fn with_password(section: &Section<'_>, url: &str, password: &SecretString) -> Option<String> {
    let mut parsed = Url::parse(url).ok().filter(|url| url.scheme().starts_with("postgres"));
    let Some(parsed) = parsed.as_mut().filter(|url| url.password().is_none()) else {
        section.conflict(
            "url",
            "and database.password do not fit: a password needs a postgres:// URL without one",
        );
        return None;
    };
    parsed.set_password(Some(password.expose_secret())).ok()?;
    Some(parsed.to_string())
}

/// The URL of a relational database.
struct DatabaseUrl;

impl Rule for DatabaseUrl {
    type Out = String;

    fn allowed(&self) -> String {
        String::from(
            "sqlite://FILE or postgres://USER@HOST/DATABASE, such as \
             \"sqlite:///var/lib/padwacht/records.db\"",
        )
    }

    fn read(&self, value: &Value) -> Option<String> {
        let Value::Text(text) = value else { return None };
        let is_sqlite = text.strip_prefix("sqlite://").is_some_and(|path| !path.is_empty());
        let is_postgres = Url::parse(text).is_ok_and(|url| {
            matches!(url.scheme(), "postgres" | "postgresql")
                && url.has_host()
                && url.path().len() > "/".len()
        });
        (is_sqlite || is_postgres).then(|| text.clone())
    }

    fn show(&self, out: &String) -> String {
        match Url::parse(out) {
            Ok(url) if url.password().is_some() => {
                let login = format!("{}:hidden@", url.username());
                let rest = out.rsplit_once('@').map_or("", |(_, rest)| rest);
                format!("\"{}://{login}{rest}\"", url.scheme())
            }
            _ => format!("{out:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(input: &str, expected: Option<&str>) {
        let read = DatabaseUrl.read(&Value::Text(input.to_owned()));
        assert_eq!(read.map(|url| DatabaseUrl.show(&url)).as_deref(), expected, "{input}");
    }

    #[test]
    fn database_urls_are_checked_and_hide_passwords() {
        check("sqlite:///var/lib/records.db", Some("\"sqlite:///var/lib/records.db\""));
        check("postgres://p:s3cret@db/padwacht", Some("\"postgres://p:hidden@db/padwacht\""));
        check("postgresql://db/padwacht", Some("\"postgresql://db/padwacht\""));
        for input in ["sqlite://", "postgres://db", "mysql://db/x", "records.db", ""] {
            check(input, None);
        }
    }
}
