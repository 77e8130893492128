//! What can go wrong with the records, in words for whoever must act on it.

use correlate::model::{ServiceError, ServiceId};
use sea_orm::{DbErr, SqlErr};

use crate::keyring::OpenError;

/// Why something could not be read from or written to the records.
///
/// No message holds a password, a token or the user part of a URL.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordsError {
    /// The database URL is not one of the allowed forms.
    #[error(
        "database URL: {reason}; use sqlite://<path of a file> or \
         postgres://<user>:<password>@<host>/<database>"
    )]
    Url {
        /// What is wrong with it.
        reason: String,
    },
    /// The database cannot be reached or opened.
    #[error("cannot open the records database {database}: {reason}")]
    Unreachable {
        /// Which one, without user name and password.
        database: String,
        /// What the driver or the operating system said.
        reason: String,
    },
    /// Migrations have not run yet.
    #[error(
        "the records database lacks {} of its migrations (first: {}); run `padwacht migrate`",
        .missing.len(),
        .missing.first().map_or("none", String::as_str)
    )]
    SchemaBehind {
        /// The migrations to run, in order.
        missing: Vec<String>,
    },
    /// A newer version of the product has changed the schema.
    #[error(
        "the records database was migrated by a newer version (unknown migration {newest}); \
         run that version, or restore a backup made before the upgrade"
    )]
    SchemaAhead {
        /// The last migration that this version does not know.
        newest: String,
    },
    /// There is no such object.
    #[error("{kind} {id} does not exist")]
    NotFound {
        /// What sort of object.
        kind: &'static str,
        /// Which one.
        id: String,
    },
    /// There is such an object already.
    #[error("{kind} {id} already exists")]
    Exists {
        /// What sort of object.
        kind: &'static str,
        /// Which one.
        id: String,
    },
    /// Somebody else changed the object since it was read.
    #[error("{kind} {id} was changed by somebody else meanwhile; reload it and try again")]
    Stale {
        /// What sort of object.
        kind: &'static str,
        /// Which one.
        id: String,
    },
    /// A value is not allowed.
    #[error("{field}: {reason}")]
    Invalid {
        /// Which field.
        field: &'static str,
        /// What is allowed and what was found.
        reason: String,
    },
    /// A service definition is refused; the last good one stays in force.
    #[error(transparent)]
    Definition(#[from] ServiceError),
    /// Other services need the one that is to be deleted.
    #[error(
        "service {service} is part of the path of {}; take it out of those paths first",
        shown(.by)
    )]
    Referenced {
        /// The service that stays.
        service: ServiceId,
        /// The services that refer to it, sorted.
        by: Vec<ServiceId>,
    },
    /// An import is refused as a whole.
    #[error("import refused, nothing was written: {total} problem(s): {}", .problems.join("; "))]
    Import {
        /// The first problems, one sentence each.
        problems: Vec<String>,
        /// How many there are altogether.
        total: usize,
    },
    /// A stored value does not mean anything to this version.
    #[error("the records database holds an unreadable {kind} {id}: {reason}")]
    Corrupt {
        /// What sort of object.
        kind: &'static str,
        /// Which one.
        id: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The secrets in the database are sealed with keys that we do not have.
    #[error(
        "the secrets in the records database are sealed with other keys: their canary {source}; \
         give this process the keys of the others (secrets.key or secrets.key_file), or the \
         key file that was there when the database was made"
    )]
    ForeignKeys {
        /// What happened to the canary.
        source: OpenError,
    },
    /// A sealed secret cannot be opened.
    #[error("the secret in {kind} {id} {source}")]
    Sealed {
        /// In what sort of object.
        kind: &'static str,
        /// In which one.
        id: String,
        /// Why not.
        source: OpenError,
    },
    /// The database refused or broke off; nothing was written.
    #[error("{doing} failed: {source}")]
    Database {
        /// What was attempted.
        doing: &'static str,
        /// What the driver said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// How many referring services an error names before it counts the rest.
const SHOWN_REFERENCES: usize = 5;

fn shown(by: &[ServiceId]) -> String {
    let names: Vec<&str> = by.iter().take(SHOWN_REFERENCES).map(ServiceId::as_str).collect();
    match by.len().saturating_sub(SHOWN_REFERENCES) {
        0 => names.join(", "),
        rest => format!("{} and {rest} more", names.join(", ")),
    }
}

impl RecordsError {
    /// Whether the same call may succeed later without anybody changing
    /// anything: the database was away or busy.
    pub fn is_retryable(&self) -> bool {
        matches!(self, RecordsError::Database { .. } | RecordsError::Unreachable { .. })
    }

    /// Whether the caller asked for something that is not allowed, so that the
    /// message is meant for the user and not for the log.
    pub fn is_refusal(&self) -> bool {
        !self.is_retryable()
            && !matches!(
                self,
                RecordsError::Corrupt { .. }
                    | RecordsError::ForeignKeys { .. }
                    | RecordsError::Sealed { .. }
                    | RecordsError::SchemaBehind { .. }
                    | RecordsError::SchemaAhead { .. }
            )
    }

    pub(super) fn invalid(field: &'static str, reason: impl Into<String>) -> RecordsError {
        RecordsError::Invalid { field, reason: reason.into() }
    }

    pub(super) fn not_found(kind: &'static str, id: impl ToString) -> RecordsError {
        RecordsError::NotFound { kind, id: id.to_string() }
    }

    pub(super) fn exists(kind: &'static str, id: impl ToString) -> RecordsError {
        RecordsError::Exists { kind, id: id.to_string() }
    }

    pub(super) fn sealed(kind: &'static str, id: impl ToString, source: OpenError) -> RecordsError {
        RecordsError::Sealed { kind, id: id.to_string(), source }
    }

    pub(super) fn corrupt(
        kind: &'static str,
        id: impl ToString,
        reason: impl ToString,
    ) -> RecordsError {
        RecordsError::Corrupt { kind, id: id.to_string(), reason: reason.to_string() }
    }
}

/// Says what was attempted when the database fails.
pub(super) trait Doing<T> {
    fn doing(self, doing: &'static str) -> Result<T, RecordsError>;

    /// As [`Doing::doing`], but a broken unique constraint means that `kind`
    /// `id` exists already.
    fn creating(self, kind: &'static str, id: &str) -> Result<T, RecordsError>;
}

impl<T> Doing<T> for Result<T, DbErr> {
    fn doing(self, doing: &'static str) -> Result<T, RecordsError> {
        self.map_err(|source| RecordsError::Database { doing, source: Box::new(source) })
    }

    fn creating(self, kind: &'static str, id: &str) -> Result<T, RecordsError> {
        self.map_err(|error| match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => RecordsError::exists(kind, id),
            _ => RecordsError::Database { doing: "creating a record", source: Box::new(error) },
        })
    }
}
