//! The columns that hold sealed secrets, and the keys that they are sealed
//! with.
//!
//! A canary, a known text that was sealed when the database was made, tells a
//! process that comes with other keys before it seals anything with them.
//! [`Secrets::rotate`] seals with the first key whatever is sealed with
//! another, in transactions of [`ROWS_PER_TRANSACTION`] rows; broken off, it
//! goes on where it was. [`Secrets::verify`] opens everything and says what
//! each key is still needed for. Neither gives out what it opens.

mod columns;

use std::collections::BTreeMap;

use sea_orm::sea_query::{Alias, Expr, OnConflict, Query};
use sea_orm::{ConnectionTrait, DatabaseTransaction, ExprTrait};
use secrecy::ExposeSecret;
use serde_json::json;

use super::audit::{self, Actor};
use super::database::Records;
use super::error::{Doing, RecordsError};
use crate::Keyring;
use crate::keyring::OpenError;
pub(super) use columns::{ANSWER, MAIL_HTML, MAIL_TEXT, NMS_TOKEN, TOTP_SEED, purpose};
use columns::{Column, SEALED, Sealed, Which};

/// Few enough that pages wait for no one, as SQLite has one writer.
const ROWS_PER_TRANSACTION: u64 = 200;

const CANARY_TABLE: &str = "sealing_canary";
const CANARY: &str = "canary";

/// How many secrets of one sort there are, or were sealed anew.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SecretCount {
    /// What sort, such as `mails.body_text`.
    pub what: String,
    /// How many.
    pub count: u64,
}

/// What [`Secrets::rotate`] did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SecretsRotated {
    /// The key that seals everything now.
    pub key: String,
    /// How many of each sort were sealed anew; sorts of which there were none
    /// count 0.
    pub resealed: Vec<SecretCount>,
    /// Those that could not be opened and are as they were: what, and why.
    pub unreadable: Vec<(String, OpenError)>,
}

/// What [`Secrets::verify`] found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SecretsVerified {
    /// How many of each sort there are.
    pub found: Vec<SecretCount>,
    /// How many secrets each key of the ring, or of another, has sealed.
    pub by_key: BTreeMap<String, u64>,
    /// How many lie there unsealed.
    pub clear: u64,
    /// Those that cannot be opened: what, and why.
    pub unreadable: Vec<(String, OpenError)>,
}

/// Checks and renews the sealing of everything.
#[derive(Clone, Copy, Debug)]
pub struct Secrets<'a>(&'a Records);

impl Records {
    /// The secrets that are sealed in the database.
    pub fn secrets(&self) -> Secrets<'_> {
        Secrets(self)
    }
}

impl Secrets<'_> {
    /// Seals with the first key whatever is not; each transaction records what
    /// it did. A secret that changes meanwhile is left to who changes it.
    ///
    /// # Errors
    /// [`RecordsError::ForeignKeys`], or of the database; what was sealed until
    /// then stays so.
    pub async fn rotate(self, actor: &Actor) -> Result<SecretsRotated, RecordsError> {
        const DOING: &str = "sealing secrets anew";
        self.0.check_keys().await?;
        let keyring = self.0.keyring();
        let mut done =
            SecretsRotated { key: keyring.current_id(), resealed: vec![], unreadable: vec![] };
        for column in SEALED {
            let mut count = 0;
            let mut after = None;
            loop {
                let tx = self.0.begin(DOING).await?;
                let batch = reseal(&tx, keyring, column, after).await?;
                count += batch.resealed;
                done.unreadable.extend(batch.unreadable);
                if batch.resealed > 0 {
                    let after = json!({ "key": done.key, "rows": batch.resealed });
                    let entry = audit::Entry {
                        action: "reseal",
                        object: format!("secrets/{}", column.name()),
                        before: None,
                        after: Some(after),
                    };
                    audit::append(&tx, actor, [entry]).await?;
                }
                tx.commit().await.doing(DOING)?;
                after = batch.last;
                if after.is_none() {
                    break;
                }
            }
            done.resealed.push(SecretCount { what: column.name(), count });
        }
        self.renew_canary().await?;
        Ok(done)
    }

    /// Opens every secret and forgets what is in it. Changes nothing.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn verify(self) -> Result<SecretsVerified, RecordsError> {
        let keyring = self.0.keyring();
        let mut found = SecretsVerified {
            found: Vec::new(),
            by_key: BTreeMap::new(),
            clear: 0,
            unreadable: Vec::new(),
        };
        for column in SEALED {
            let mut count = 0;
            let mut after = None;
            loop {
                let rows =
                    column.read(self.0.reader(), Which::All, after, ROWS_PER_TRANSACTION).await?;
                let Some(last) = rows.last() else { break };
                after = Some(last.keys.clone());
                for row in rows {
                    count += 1;
                    found.note(keyring, column, &row);
                }
            }
            found.found.push(SecretCount { what: column.name(), count });
        }
        Ok(found)
    }

    async fn renew_canary(self) -> Result<(), RecordsError> {
        const DOING: &str = "noting the key that seals";
        let tx = self.0.begin(DOING).await?;
        write_canary(&tx, self.0.keyring()).await?;
        tx.commit().await.doing(DOING)
    }
}

impl SecretsVerified {
    fn note(&mut self, keyring: &Keyring, column: &Column, row: &Sealed) {
        match Keyring::key_of(&row.text) {
            None => self.clear += 1,
            Some(key) => *self.by_key.entry(key.to_owned()).or_default() += 1,
        }
        if Keyring::is_sealed(&row.text)
            && let Err(error) = keyring.open(&column.purpose(&row.keys), &row.text)
        {
            self.unreadable.push((column.row_name(&row.keys), error));
        }
    }

    /// Whether everything is sealed and can be opened.
    pub fn is_well(&self) -> bool {
        self.clear == 0 && self.unreadable.is_empty()
    }
}

/// What became of some rows.
struct Batch {
    resealed: u64,
    unreadable: Vec<(String, OpenError)>,
    /// The keys of the last row; `None` when there are no more.
    last: Option<Vec<String>>,
}

/// Seals rows of `column` behind `after` that are not sealed with the first key.
async fn reseal(
    tx: &DatabaseTransaction,
    keyring: &Keyring,
    column: &Column,
    after: Option<Vec<String>>,
) -> Result<Batch, RecordsError> {
    let current = keyring.current_prefix();
    let rows = column.read(tx, Which::NotBeginningWith(&current), after, ROWS_PER_TRANSACTION);
    let rows = rows.await?;
    let mut batch = Batch { resealed: 0, unreadable: Vec::new(), last: None };
    batch.last = rows.last().map(|row| row.keys.clone());
    for row in rows {
        let purpose = column.purpose(&row.keys);
        let sealed = if Keyring::is_sealed(&row.text) {
            match keyring.open(&purpose, &row.text) {
                Ok(plain) => keyring.seal(&purpose, plain.expose_secret()),
                Err(error) => {
                    batch.unreadable.push((column.row_name(&row.keys), error));
                    continue;
                }
            }
        } else {
            // From before secrets were sealed.
            keyring.seal(&purpose, row.text.as_bytes())
        };
        batch.resealed += column.replace(tx, &row, sealed).await?;
    }
    Ok(batch)
}

/// Within the migration: the first time, seals what lies there in clear; later,
/// makes sure that the keys are those of this database.
pub(super) async fn take_up(
    tx: &DatabaseTransaction,
    keyring: &Keyring,
) -> Result<(), RecordsError> {
    if let Some(canary) = canary(tx).await? {
        return match keyring.open(CANARY, &canary) {
            Ok(_) => Ok(()),
            Err(source) => Err(RecordsError::ForeignKeys { source }),
        };
    }
    for column in SEALED {
        let mut after = None;
        loop {
            let batch = reseal(tx, keyring, column, after).await?;
            after = batch.last;
            if after.is_none() {
                break;
            }
        }
    }
    write_canary(tx, keyring).await
}

/// Whether the keys are those of this database; one without a canary is new.
pub(super) async fn check(
    db: &impl ConnectionTrait,
    keyring: &Keyring,
) -> Result<(), RecordsError> {
    match canary(db).await? {
        Some(canary) => keyring
            .open(CANARY, &canary)
            .map(drop)
            .map_err(|source| RecordsError::ForeignKeys { source }),
        None => Ok(()),
    }
}

async fn canary(db: &impl ConnectionTrait) -> Result<Option<String>, RecordsError> {
    const DOING: &str = "looking which keys seal";
    let query = Query::select()
        .column(Alias::new("sealed"))
        .from(Alias::new(CANARY_TABLE))
        .and_where(Expr::col(Alias::new("id")).eq(CANARY))
        .to_owned();
    let row = db.query_one(&query).await.doing(DOING)?;
    row.map(|row| row.try_get_by_index(0)).transpose().doing(DOING)
}

async fn write_canary(db: &impl ConnectionTrait, keyring: &Keyring) -> Result<(), RecordsError> {
    let sealed = keyring.seal(CANARY, CANARY.as_bytes());
    let replace =
        OnConflict::column(Alias::new("id")).update_column(Alias::new("sealed")).to_owned();
    let query = Query::insert()
        .into_table(Alias::new(CANARY_TABLE))
        .columns([Alias::new("id"), Alias::new("sealed")])
        .values_panic([CANARY.into(), sealed.into()])
        .on_conflict(replace)
        .to_owned();
    db.execute(&query).await.map(drop).doing("noting the key that seals")
}
