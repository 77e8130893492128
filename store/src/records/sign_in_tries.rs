//! Counts tries to sign in, for all processes together: by whatever key the
//! caller counts, such as an account or a network address.
//!
//! A key counts in one of two ways: tries since the last success, or tries that
//! wear off one by one, whatever else is tried meanwhile.
//!
//! How long to wait is for the caller to say; here the question and the count
//! are one step, so that many tries at once gain nothing.

use correlate::model::Timestamp;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, ExprTrait, IntoActiveModel,
    QueryFilter,
};

use super::database::Records;
use super::entity::sign_in_try as row;
use super::error::{Doing, RecordsError};
use super::ids::TokenHash;

/// What is known of a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tried {
    /// Tries since the last success.
    pub failed: u32,
    /// The last of them.
    pub last: Timestamp,
    /// When the last of those that wear off is worn off.
    pub spent_until: Timestamp,
}

/// What a try is counted under.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TryKey {
    /// Of what is counted: it may be long, or secret.
    pub key: TokenHash,
    /// Milliseconds in which one try wears off; 0: none does, and a success
    /// makes the key start afresh.
    pub regain_ms: i64,
}

/// Whether a try may be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Admission {
    /// It may, and is counted.
    Admitted,
    /// It may not, and is not counted.
    Refused {
        /// How many milliseconds to wait.
        wait_ms: i64,
        /// Whether it is the first refusal since a try was counted: enough to
        /// write one down, and no more, as refused tries cost nothing.
        is_first: bool,
    },
}

/// Counts tries to sign in.
#[derive(Clone, Copy, Debug)]
pub struct SignInTries<'a>(&'a Records);

impl Records {
    /// Tries to sign in.
    pub fn sign_in_tries(&self) -> SignInTries<'_> {
        SignInTries(self)
    }
}

impl SignInTries<'_> {
    /// Counts a try under each of `keys` at `now`, unless `wait_ms` (of the
    /// number of a key and what is known of it) gives a wait for one of them.
    /// A key whose last try was before `forgotten` starts afresh.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn admit(
        self,
        keys: &[TryKey],
        forgotten: Timestamp,
        now: Timestamp,
        wait_ms: impl Fn(usize, Tried) -> i64,
    ) -> Result<Admission, RecordsError> {
        const DOING: &str = "counting a try to sign in";
        let counted = keys;
        let keys: Vec<String> = keys.iter().map(|key| key.key.to_hex()).collect();
        // Refused again and again: that must not cost a transaction each time.
        let known = read(self.0.reader(), &keys).await?;
        if let Some((wait_ms, true)) = longest(&keys, &known, &wait_ms) {
            return Ok(Admission::Refused { wait_ms, is_first: false });
        }
        let tx = self.0.begin(DOING).await?;
        lock(&tx, &keys, now).await?;
        let known = read(&tx, &keys).await?;
        let refused = longest(&keys, &known, &wait_ms);
        match refused {
            Some((_, true)) => {}
            Some((_, false)) => {
                update(&keys)
                    .col_expr(row::Column::Noted, Expr::value(true))
                    .exec(&tx)
                    .await
                    .doing(DOING)?;
            }
            None => {
                update(&keys)
                    .col_expr(row::Column::Failed, Expr::value(0))
                    .filter(row::Column::LastAtMs.lt(forgotten.millis()))
                    .exec(&tx)
                    .await
                    .doing(DOING)?;
                for (TryKey { regain_ms, .. }, key) in counted.iter().zip(&keys) {
                    let spent = known.iter().find(|row| row.key_sha256 == *key);
                    let spent = spent.map_or(0, |row| row.spent_until_ms);
                    let spent = Ord::max(spent, now.millis());
                    update(std::slice::from_ref(key))
                        .col_expr(
                            row::Column::SpentUntilMs,
                            Expr::value(spent.saturating_add(*regain_ms)),
                        )
                        .exec(&tx)
                        .await
                        .doing(DOING)?;
                }
                update(&keys)
                    .col_expr(row::Column::Failed, Expr::col(row::Column::Failed).add(1))
                    .col_expr(row::Column::LastAtMs, Expr::value(now.millis()))
                    .col_expr(row::Column::Noted, Expr::value(false))
                    .exec(&tx)
                    .await
                    .doing(DOING)?;
            }
        }
        tx.commit().await.doing(DOING)?;
        Ok(match refused {
            None => Admission::Admitted,
            Some((wait_ms, noted)) => Admission::Refused { wait_ms, is_first: !noted },
        })
    }

    /// A try was right: keys of which nothing wears off start afresh, and the
    /// others get this one try back.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn succeeded(self, keys: &[TryKey]) -> Result<(), RecordsError> {
        const DOING: &str = "forgetting tries to sign in";
        let tx = self.0.begin(DOING).await?;
        // In the order in which they are counted, so that nobody waits for both.
        let mut keys: Vec<(String, i64)> =
            keys.iter().map(|key| (key.key.to_hex(), key.regain_ms)).collect();
        keys.sort_unstable();
        for (key, regain_ms) in keys {
            if regain_ms == 0 {
                row::Entity::delete_by_id(key).exec(&tx).await.doing(DOING)?;
                continue;
            }
            let less = Expr::col(row::Column::SpentUntilMs).sub(regain_ms);
            update(&[key])
                .col_expr(row::Column::SpentUntilMs, less)
                .exec(&tx)
                .await
                .doing(DOING)?;
        }
        tx.commit().await.doing(DOING)
    }

    /// Forgets keys without a try since `before` of which all is worn off at
    /// `now`; gives how many.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn prune(self, before: Timestamp, now: Timestamp) -> Result<u64, RecordsError> {
        let pruned = row::Entity::delete_many()
            .filter(row::Column::LastAtMs.lt(before.millis()))
            .filter(row::Column::SpentUntilMs.lte(now.millis()))
            .exec(self.0.writer())
            .await
            .doing("forgetting tries to sign in")?;
        Ok(pruned.rows_affected)
    }
}

/// Makes the rows of `keys` where they are missing, and holds them until `tx`
/// ends; always in the same order, so that nobody waits for both.
async fn lock(
    tx: &DatabaseTransaction,
    keys: &[String],
    now: Timestamp,
) -> Result<(), RecordsError> {
    let mut keys = keys.to_vec();
    keys.sort_unstable();
    for key in keys {
        let fresh = row::Model {
            key_sha256: key,
            failed: 0,
            last_at_ms: now.millis(),
            noted: false,
            spent_until_ms: 0,
        };
        let unchanged = OnConflict::column(row::Column::KeySha256)
            .value(row::Column::Failed, Expr::col((row::Entity, row::Column::Failed)))
            .to_owned();
        row::Entity::insert(fresh.into_active_model())
            .on_conflict(unchanged)
            .exec_without_returning(tx)
            .await
            .doing("waiting for another try to sign in")?;
    }
    Ok(())
}

fn update(keys: &[String]) -> sea_orm::UpdateMany<row::Entity> {
    row::Entity::update_many().filter(row::Column::KeySha256.is_in(keys))
}

async fn read(db: &impl ConnectionTrait, keys: &[String]) -> Result<Vec<row::Model>, RecordsError> {
    row::Entity::find()
        .filter(row::Column::KeySha256.is_in(keys))
        .all(db)
        .await
        .doing("reading tries to sign in")
}

/// The longest wait of `keys`, if any must wait, and whether it is noted.
fn longest(
    keys: &[String],
    known: &[row::Model],
    wait_ms: &impl Fn(usize, Tried) -> i64,
) -> Option<(i64, bool)> {
    let waits = keys.iter().enumerate().filter_map(|(number, key)| {
        let found = known.iter().find(|row| row.key_sha256 == *key)?;
        let failed = u32::try_from(found.failed).unwrap_or(u32::MAX);
        let spent_until = Timestamp(found.spent_until_ms);
        let last = Timestamp(found.last_at_ms);
        let wait_ms = wait_ms(number, Tried { failed, last, spent_until });
        (wait_ms > 0).then_some((wait_ms, found.noted))
    });
    waits.max_by_key(|(wait_ms, _)| *wait_ms)
}
