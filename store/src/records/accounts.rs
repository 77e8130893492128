//! Accounts at network management systems: where to poll, how often, and where
//! the token is. The token itself is never here.

use std::fmt;
use std::str::FromStr;

use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, ModelTrait, QueryFilter, QueryOrder};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::audit::{self, Actor};
use super::database::Records;
use super::entity::{nms_account, source_status};
use super::error::{Doing, RecordsError};
use super::page::Change;
use super::text;

/// A kind of network management system.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NmsKind {
    /// LibreNMS, through its v0 API.
    LibreNms,
}

impl NmsKind {
    /// The name in the records and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            NmsKind::LibreNms => "librenms",
        }
    }
}

impl FromStr for NmsKind {
    type Err = RecordsError;

    fn from_str(text: &str) -> Result<NmsKind, RecordsError> {
        match text {
            "librenms" => Ok(NmsKind::LibreNms),
            _ => Err(RecordsError::invalid("kind", format!("must be librenms, found {text:?}"))),
        }
    }
}

/// Where an account's token is read from when it is needed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TokenRef {
    /// The environment variable of this name.
    Env(String),
    /// The file at this path, such as a systemd credential.
    File(String),
}

impl fmt::Display for TokenRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TokenRef::Env(name) => write!(f, "env:{name}"),
            TokenRef::File(path) => write!(f, "file:{path}"),
        }
    }
}

impl FromStr for TokenRef {
    type Err = RecordsError;

    /// Reads `env:<variable>` or `file:<path>`. The error does not repeat the
    /// text: somebody may have put the token itself there.
    fn from_str(text: &str) -> Result<TokenRef, RecordsError> {
        let variable = |name: &str| {
            name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
                && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
        };
        match text.split_once(':') {
            Some(("env", name)) if variable(name) => Ok(TokenRef::Env(name.to_owned())),
            Some(("file", path)) if !path.trim().is_empty() => {
                Ok(TokenRef::File(text::name("token", path)?))
            }
            _ => Err(RecordsError::invalid(
                "token",
                "must be env:<name of an environment variable> or file:<path>, \
                 never the token itself",
            )),
        }
    }
}

/// How an account is polled.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AccountSettings {
    /// Seconds between two polls; 10 to 3,600.
    pub poll_interval_s: u32,
    /// Requests a minute at most; 1 to 6,000.
    pub requests_per_minute: u32,
    /// The IANA zone of the times that the NMS writes without one, such as
    /// `Europe/Amsterdam`.
    pub time_zone: String,
}

impl Default for AccountSettings {
    /// Every minute, five requests a second, UTC.
    fn default() -> AccountSettings {
        AccountSettings {
            poll_interval_s: 60,
            requests_per_minute: 300,
            time_zone: "UTC".to_owned(),
        }
    }
}

/// An account at a network management system.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NmsAccount {
    /// Its identity and the first part of its component ids: 1 to 32 of
    /// `a-z`, `0-9`, `_` and `-`.
    pub name: String,
    /// What it speaks.
    pub kind: NmsKind,
    /// `http://` or `https://`, without user name, query or final slash.
    pub url: String,
    /// Where its token is.
    pub token: TokenRef,
    /// How it is polled.
    pub settings: AccountSettings,
    /// Whether it is polled at all.
    pub enabled: bool,
}

/// Reads and changes NMS accounts.
#[derive(Clone, Copy, Debug)]
pub struct Accounts<'a>(&'a Records);

impl Records {
    /// The accounts at network management systems.
    pub fn accounts(&self) -> Accounts<'_> {
        Accounts(self)
    }
}

impl Accounts<'_> {
    /// Every account, by name. There are as many as there are NMSes: few.
    ///
    /// # Errors
    /// Only of the database, or a stored value that cannot be read; so for
    /// every method that only reads.
    pub async fn list(self) -> Result<Vec<NmsAccount>, RecordsError> {
        let rows = nms_account::Entity::find()
            .order_by_asc(nms_account::Column::Name)
            .all(self.0.reader())
            .await
            .doing("listing NMS accounts")?;
        rows.into_iter().map(read).collect()
    }

    /// One account.
    ///
    /// # Errors
    /// See [`Accounts::list`].
    pub async fn get(self, name: &str) -> Result<Option<NmsAccount>, RecordsError> {
        let row = nms_account::Entity::find_by_id(name).one(self.0.reader()).await;
        row.doing("reading an NMS account")?.map(read).transpose()
    }

    /// Adds the account, or changes the one of the same name.
    ///
    /// # Errors
    /// [`RecordsError::Invalid`] with the field and what is allowed.
    pub async fn put(self, actor: &Actor, account: &NmsAccount) -> Result<Change, RecordsError> {
        const DOING: &str = "writing an NMS account";
        let account = account.checked()?;
        let tx = self.0.begin(DOING).await?;
        let found = nms_account::Entity::find_by_id(account.name.as_str());
        let before = found.one(&tx).await.doing(DOING)?.map(read).transpose()?;
        if before.as_ref() == Some(&account) {
            return Ok(Change::Unchanged);
        }
        let change = if before.is_some() { Change::Updated } else { Change::Created };
        use nms_account::Column::{Enabled, Kind, Name, Settings, TokenRef, Url};
        let replace = OnConflict::column(Name)
            .update_columns([Kind, Url, TokenRef, Settings, Enabled])
            .to_owned();
        nms_account::Entity::insert(to_row(&account).into_active_model())
            .on_conflict(replace)
            .exec_without_returning(&tx)
            .await
            .doing(DOING)?;
        let entry = audit::Entry {
            action: if before.is_some() { "update" } else { "create" },
            object: format!("account/{}", account.name),
            before: before.as_ref().map(audit_value),
            after: Some(audit_value(&account)),
        };
        audit::append(&tx, actor, [entry]).await?;
        tx.commit().await.doing(DOING)?;
        Ok(change)
    }

    /// Removes the account and its status. Its inventory stays, so that the
    /// past keeps its names.
    ///
    /// # Errors
    /// [`RecordsError::NotFound`].
    pub async fn delete(self, actor: &Actor, name: &str) -> Result<(), RecordsError> {
        const DOING: &str = "deleting an NMS account";
        let tx = self.0.begin(DOING).await?;
        let found = nms_account::Entity::find_by_id(name).one(&tx).await.doing(DOING)?;
        let row = found.ok_or_else(|| RecordsError::not_found("NMS account", name))?;
        let before = read(row.clone())?;
        row.delete(&tx).await.doing(DOING)?;
        source_status::Entity::delete_many()
            .filter(source_status::Column::Account.eq(name))
            .exec(&tx)
            .await
            .doing(DOING)?;
        let entry = audit::Entry {
            action: "delete",
            object: format!("account/{name}"),
            before: Some(audit_value(&before)),
            after: None,
        };
        audit::append(&tx, actor, [entry]).await?;
        tx.commit().await.doing(DOING)
    }
}

impl NmsAccount {
    fn checked(&self) -> Result<NmsAccount, RecordsError> {
        let letter = |letter: char| {
            letter.is_ascii_lowercase() || letter.is_ascii_digit() || matches!(letter, '_' | '-')
        };
        if self.name.is_empty() || self.name.len() > 32 || !self.name.chars().all(letter) {
            let reason = format!("must be 1 to 32 of a-z, 0-9, _ and -, found {:?}", self.name);
            return Err(RecordsError::invalid("name", reason));
        }
        let settings = &self.settings;
        in_range("poll interval", settings.poll_interval_s, 10..=3_600, "seconds")?;
        in_range("throttle", settings.requests_per_minute, 1..=6_000, "requests a minute")?;
        if jiff::tz::TimeZone::get(&settings.time_zone).is_err() {
            let reason = format!(
                "must be an IANA zone such as Europe/Amsterdam, found {:?}",
                settings.time_zone
            );
            return Err(RecordsError::invalid("time zone", reason));
        }
        Ok(NmsAccount {
            url: checked_url(&self.url)?,
            token: self.token.to_string().parse()?,
            ..self.clone()
        })
    }
}

fn in_range(
    field: &'static str,
    found: u32,
    allowed: std::ops::RangeInclusive<u32>,
    unit: &str,
) -> Result<(), RecordsError> {
    if allowed.contains(&found) {
        return Ok(());
    }
    let (least, most) = allowed.into_inner();
    Err(RecordsError::invalid(field, format!("must be {least} to {most} {unit}, found {found}")))
}

/// The error does not repeat the URL: it may hold a password.
fn checked_url(url: &str) -> Result<String, RecordsError> {
    let url = text::name("url", url)?;
    let refuse = |reason: &str| Err(RecordsError::invalid("url", reason));
    let rest = match url.split_once("://") {
        Some(("http" | "https", rest)) => rest,
        _ => return refuse("must begin with http:// or https://"),
    };
    let host = rest.split('/').next().unwrap_or_default();
    if host.contains('@') {
        return refuse("must not hold a user name or password");
    }
    if host.is_empty() || host.starts_with(':') {
        return refuse("must name a host");
    }
    if url.contains(|letter: char| letter.is_whitespace() || matches!(letter, '?' | '#')) {
        return refuse("must not hold blanks, a query or a fragment");
    }
    Ok(url.trim_end_matches('/').to_owned())
}

/// The settings as they are stored; what an older version did not know has
/// its default.
#[derive(Serialize, Deserialize)]
#[serde(default)]
struct StoredSettings {
    poll_interval_s: u32,
    requests_per_minute: u32,
    time_zone: String,
}

impl Default for StoredSettings {
    fn default() -> StoredSettings {
        StoredSettings::from(&AccountSettings::default())
    }
}

impl From<&AccountSettings> for StoredSettings {
    fn from(settings: &AccountSettings) -> StoredSettings {
        StoredSettings {
            poll_interval_s: settings.poll_interval_s,
            requests_per_minute: settings.requests_per_minute,
            time_zone: settings.time_zone.clone(),
        }
    }
}

fn settings_json(settings: &AccountSettings) -> Value {
    json!(StoredSettings::from(settings))
}

fn audit_value(account: &NmsAccount) -> Value {
    json!({
        "kind": account.kind.as_str(),
        "url": account.url,
        "token": account.token.to_string(),
        "settings": settings_json(&account.settings),
        "enabled": account.enabled,
    })
}

fn to_row(account: &NmsAccount) -> nms_account::Model {
    nms_account::Model {
        name: account.name.clone(),
        kind: account.kind.as_str().to_owned(),
        url: account.url.clone(),
        token_ref: account.token.to_string(),
        settings: settings_json(&account.settings).to_string(),
        enabled: account.enabled,
    }
}

fn read(row: nms_account::Model) -> Result<NmsAccount, RecordsError> {
    let corrupt = |error: String| RecordsError::corrupt("NMS account", &row.name, error);
    let settings: StoredSettings =
        serde_json::from_str(&row.settings).map_err(|error| corrupt(error.to_string()))?;
    Ok(NmsAccount {
        kind: row.kind.parse().map_err(|error: RecordsError| corrupt(error.to_string()))?,
        token: row.token_ref.parse().map_err(|error: RecordsError| corrupt(error.to_string()))?,
        settings: AccountSettings {
            poll_interval_s: settings.poll_interval_s,
            requests_per_minute: settings.requests_per_minute,
            time_zone: settings.time_zone,
        },
        name: row.name,
        url: row.url,
        enabled: row.enabled,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_http_and_hold_no_credentials() {
        let check = |url: &str, expected: Result<&str, &str>| {
            let found = checked_url(url).map_err(|error| error.to_string());
            assert_eq!(found, expected.map(str::to_owned).map_err(str::to_owned));
        };
        check(" https://nms.example.net/ ", Ok("https://nms.example.net"));
        check("http://127.0.0.1:8000/librenms", Ok("http://127.0.0.1:8000/librenms"));
        check("https://me:secret@nms", Err("url: must not hold a user name or password"));
        check("ftp://nms", Err("url: must begin with http:// or https://"));
        check("https:///x", Err("url: must name a host"));
        check("https://nms/?token=1", Err("url: must not hold blanks, a query or a fragment"));
    }

    #[test]
    fn token_references_are_never_tokens() {
        for text in ["env:LIBRENMS_API_TOKEN", "file:/run/credentials/token"] {
            assert_eq!(text.parse::<TokenRef>().expect("valid").to_string(), text);
        }
        for text in ["0123456789abcdef", "env:", "env:a b", "file:", "env:1X"] {
            let error = text.parse::<TokenRef>().expect_err("refused").to_string();
            assert!(error.starts_with("token: must be env:<name") && !error.contains("0123"));
        }
    }
}
