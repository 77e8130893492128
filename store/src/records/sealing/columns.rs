//! Which columns are sealed, what for, and how their rows are walked.
//!
//! A column that is not in [`SEALED`] is neither rotated nor verified: whoever
//! seals a new one adds it here.

use sea_orm::sea_query::{Alias, Expr, LikeExpr, Query, SimpleExpr};
use sea_orm::{ConnectionTrait, ExprTrait};

use crate::records::error::{Doing, RecordsError};

/// What the secrets are, as the first part of their purpose.
pub(in crate::records) const MAIL_TEXT: &str = "mail-text";
pub(in crate::records) const MAIL_HTML: &str = "mail-html";
pub(in crate::records) const ANSWER: &str = "answer";
pub(in crate::records) const TOTP_SEED: &str = "totp-seed";
pub(in crate::records) const NMS_TOKEN: &str = "nms-token";

/// Every column that holds sealed secrets; '' is none.
pub(super) const SEALED: &[Column] = &[
    // Links in mails let somebody in.
    Column { table: "mails", keys: &["id"], column: "body_text", purpose: MAIL_TEXT },
    Column { table: "mails", keys: &["id"], column: "body_html", purpose: MAIL_HTML },
    // What a creation answered may tell of people.
    Column {
        table: "idempotency_keys",
        keys: &["user_id", "key"],
        column: "body",
        purpose: ANSWER,
    },
    // Whoever has a seed makes the one-time codes of its owner. It moves from
    // one of these tables to the other as it is sealed, so both are one purpose.
    Column { table: "totp_factors", keys: &["user_id"], column: "sealed", purpose: TOTP_SEED },
    Column { table: "totp_setups", keys: &["user_id"], column: "sealed", purpose: TOTP_SEED },
    // Whoever has a token reads the whole network.
    Column { table: "nms_accounts", keys: &["name"], column: "token_sealed", purpose: NMS_TOKEN },
];

/// One of them.
pub(super) struct Column {
    table: &'static str,
    /// The primary key.
    keys: &'static [&'static str],
    column: &'static str,
    /// The first part of the purpose; the keys follow.
    purpose: &'static str,
}

/// A row with something in it.
pub(super) struct Sealed {
    /// Values of the primary key.
    pub(super) keys: Vec<String>,
    /// As it is stored.
    pub(super) text: String,
}

/// Which rows to read, of those with something in them.
#[derive(Clone, Copy)]
pub(super) enum Which<'a> {
    All,
    NotBeginningWith(&'a str),
}

/// The purpose under which the secret of a row is sealed: what it is, then the
/// primary key of its row.
pub(in crate::records) fn purpose(what: &str, keys: &[&str]) -> String {
    format!("{what}/{}", keys.join("/"))
}

impl Column {
    /// Such as `mails.body_text`.
    pub(super) fn name(&self) -> String {
        format!("{}.{}", self.table, self.column)
    }

    /// Such as `mails.body_text of 0199…`.
    pub(super) fn row_name(&self, keys: &[String]) -> String {
        format!("{} of {}", self.name(), keys.join("/"))
    }

    pub(super) fn purpose(&self, keys: &[String]) -> String {
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        purpose(self.purpose, &keys)
    }

    /// Up to `limit` rows behind `after` in the order of the primary key.
    pub(super) async fn read(
        &self,
        db: &impl ConnectionTrait,
        which: Which<'_>,
        after: Option<Vec<String>>,
        limit: u64,
    ) -> Result<Vec<Sealed>, RecordsError> {
        const DOING: &str = "reading sealed secrets";
        let mut query = Query::select()
            .columns(self.keys.iter().map(|&key| Alias::new(key)))
            .column(Alias::new(self.column))
            .from(Alias::new(self.table))
            .and_where(self.value().ne(""))
            .limit(limit)
            .to_owned();
        if let Which::NotBeginningWith(prefix) = which {
            // No character of a prefix means something in a pattern.
            query.and_where(self.value().not_like(LikeExpr::new(format!("{prefix}%"))));
        }
        if let Some(after) = after {
            let row: Vec<SimpleExpr> =
                self.keys.iter().map(|&key| Expr::col(Alias::new(key))).collect();
            let last: Vec<SimpleExpr> = after.into_iter().map(Expr::val).collect();
            query.and_where(Expr::tuple(row).gt(Expr::tuple(last)));
        }
        for &key in self.keys {
            query.order_by(Alias::new(key), sea_orm::Order::Asc);
        }
        let rows = db.query_all(&query).await.doing(DOING)?;
        rows.into_iter()
            .map(|row| {
                let keys = (0..self.keys.len()).map(|index| row.try_get_by_index(index));
                let keys = keys.collect::<Result<Vec<String>, _>>()?;
                Ok(Sealed { text: row.try_get_by_index(keys.len())?, keys })
            })
            .collect::<Result<_, sea_orm::DbErr>>()
            .doing(DOING)
    }

    /// Puts `sealed` in the place of what `row` held; gives 0 when that has
    /// changed meanwhile.
    pub(super) async fn replace(
        &self,
        db: &impl ConnectionTrait,
        row: &Sealed,
        sealed: String,
    ) -> Result<u64, RecordsError> {
        let mut query = Query::update()
            .table(Alias::new(self.table))
            .value(Alias::new(self.column), sealed)
            .and_where(self.value().eq(row.text.as_str()))
            .to_owned();
        for (&key, value) in self.keys.iter().zip(&row.keys) {
            query.and_where(Expr::col(Alias::new(key)).eq(value.as_str()));
        }
        let done = db.execute(&query).await.doing("sealing a secret anew")?;
        Ok(done.rows_affected())
    }

    fn value(&self) -> SimpleExpr {
        Expr::col(Alias::new(self.column))
    }
}
