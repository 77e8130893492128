//! `[clickhouse]` and `[database]`: where intervals and records are kept.

use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::reader::{Reader, Section};
use super::rule::{BytesIn, FilePath, NAME, Rule, Text, UrlOf, Whole};
use super::tree::Value;
use super::{GeneralConfig, InClear};

const SERVER_URL: UrlOf = UrlOf { schemes: &["http", "https"], example: "http://localhost:8123" };
const DATABASE_DEFAULT: &str = "padwacht";
const USER_DEFAULT: &str = "padwacht";
const BI_USER_DEFAULT: &str = "padwacht_bi";
const PORT: Whole = Whole { min: 1, max: u16::MAX as u32 };
/// Not ClickHouse's own 8123, so that both can run on one machine.
const EMBEDDED_PORT_DEFAULT: u32 = 18_123;
/// Below this the engine cannot merge; the queries of a large fleet want 4 GiB.
const EMBEDDED_MEMORY: BytesIn = BytesIn { min: 512 << 20, max: 1 << 40 };
const EMBEDDED_MEMORY_DEFAULT: u64 = 4 << 30;
/// A name that needs no quoting in SQL.
const IDENTIFIER: Text = Text {
    allowed: "a name of 1 to 63 of the characters a-z, 0-9 and _, such as \"padwacht\"",
    accepts: |text| {
        (1..=63).contains(&text.len())
            && !text.starts_with(|c: char| c.is_ascii_digit())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    },
};

/// `[clickhouse]`: where ClickHouse is.
#[derive(Clone, Debug)]
pub(crate) enum ClickHouseConfig {
    /// The engine as a child of this process.
    Embedded(EmbeddedClickHouse),
    /// A server.
    Server(ClickHouseServer),
}

/// The engine as a child; it names its database and its users itself, and
/// keeps their passwords under `dir`.
#[derive(Clone, Debug)]
pub(crate) struct EmbeddedClickHouse {
    /// Where everything is kept.
    pub dir: PathBuf,
    /// `libchdb.so`; where the npm package put it if not given.
    pub library: Option<PathBuf>,
    /// The HTTP interface on 127.0.0.1, for BI tools too.
    pub http_port: u16,
    /// The native interface on 127.0.0.1, if one is wanted.
    pub native_port: Option<u16>,
    /// Memory that the engine may take.
    pub memory_bytes: u64,
}

/// A server.
#[derive(Clone, Debug)]
pub(crate) struct ClickHouseServer {
    /// Its HTTP interface.
    pub url: Url,
    /// The database that holds all tables and views.
    pub database: String,
    /// Who writes: needs the right to create the database and its tables.
    pub user: String,
    /// The password, empty if there is none.
    pub password: SecretString,
    /// The read-only user for Grafana and BI tools, made if it has a password.
    pub bi: Option<(String, SecretString)>,
}

/// `[database]`.
#[derive(Clone, Debug)]
pub(crate) struct DatabaseConfig {
    /// `sqlite://path` or `postgres://user:password@host/database`.
    pub url: SecretString,
}

pub(super) fn read_clickhouse(
    reader: &Reader<'_>,
    general: &GeneralConfig,
    in_clear: InClear,
) -> ClickHouseConfig {
    let section = reader.section("clickhouse");
    let url = section.optional("url", &SERVER_URL);
    let server = read_server(&section);
    let embedded = read_embedded(&section, general);
    if url.as_ref().is_some_and(|url| !url.username().is_empty() || url.password().is_some()) {
        section.conflict("url", "holds a login; use clickhouse.user and clickhouse.password");
    }
    if let Some(reason) = url.as_ref().and_then(|url| in_clear.refuses_http(url)) {
        section.conflict("url", &reason);
    }
    match url {
        Some(url) => ClickHouseConfig::Server(server(url)),
        None => ClickHouseConfig::Embedded(embedded),
    }
}

/// All but the URL, which decides whether there is a server at all.
fn read_server(section: &Section<'_>) -> impl FnOnce(Url) -> ClickHouseServer + use<> {
    let database = section.or("database", &IDENTIFIER, DATABASE_DEFAULT.to_owned());
    let user = section.or("user", &NAME, USER_DEFAULT.to_owned());
    let password = section.secret("password").unwrap_or_else(|| String::new().into());
    let bi_user = section.or("bi_user", &IDENTIFIER, BI_USER_DEFAULT.to_owned());
    let bi = section.secret("bi_password").map(|password| (bi_user, password));
    move |url| ClickHouseServer { url, database, user, password, bi }
}

fn read_embedded(section: &Section<'_>, general: &GeneralConfig) -> EmbeddedClickHouse {
    let port = |number| u16::try_from(number).expect("the rule keeps to the range of ports");
    EmbeddedClickHouse {
        dir: general.data_dir.join("clickhouse"),
        library: section.optional("library", &FilePath),
        http_port: port(section.or("embedded_http_port", &PORT, EMBEDDED_PORT_DEFAULT)),
        native_port: section.optional("embedded_native_port", &PORT).map(port),
        memory_bytes: section.or("embedded_memory", &EMBEDDED_MEMORY, EMBEDDED_MEMORY_DEFAULT),
    }
}

pub(super) fn read_database(
    reader: &Reader<'_>,
    general: &GeneralConfig,
    in_clear: InClear,
) -> DatabaseConfig {
    let section = reader.section("database");
    let default = format!("sqlite://{}", general.data_dir.join("records.db").display());
    let url = section.or("url", &DatabaseUrl, default);
    if let Some(host) = open_host(&url, in_clear) {
        let how = "end the URL in ?sslmode=verify-full, and in &sslrootcert=FILE for an authority \
                   of your own";
        section.conflict("url", &in_clear.refusal(&host, how));
    }
    let url = match section.secret("password") {
        Some(password) => with_password(&section, &url, &password).unwrap_or(url),
        None => url,
    };
    DatabaseConfig { url: SecretString::from(url) }
}

/// The host with which a driver with this URL speaks in clear, or without looking
/// whom it speaks with, where `in_clear` does not reach. The words are those that
/// sqlx reads.
fn open_host(url: &str, in_clear: InClear) -> Option<String> {
    let url = Url::parse(url).ok().filter(|url| url.scheme().starts_with("postgres"))?;
    let named = url.query_pairs().filter(|(key, _)| matches!(key.as_ref(), "host" | "hostaddr"));
    let is_socket = |host: &str| {
        host.starts_with('/')
            || host.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("%2f"))
    };
    let mut hosts =
        named.map(|(_, host)| host.into_owned()).chain(url.host_str().map(str::to_owned));
    let far = hosts.find(|host| !is_socket(host) && !in_clear.reaches_host(host))?;
    let is_mode = |key: &str| matches!(key, "sslmode" | "ssl-mode");
    let mode = url.query_pairs().filter(|(key, _)| is_mode(key)).last();
    let is_checked = mode.is_some_and(|(_, mode)| {
        matches!(mode.to_ascii_lowercase().as_str(), "verify-ca" | "verify-full")
    });
    (!is_checked).then_some(far)
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
