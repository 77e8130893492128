//! Why the series could not be read or written, and whether trying again can help.

use clickhouse::error::Error as ClientError;

/// ClickHouse's own error codes for conditions that pass: overload, a lost
/// connection, a full disk, a missing replica, a cancelled query. From
/// `src/Common/ErrorCodes.cpp` of ClickHouse.
const PASSING_CODES: [u32; 20] = [
    159, // TIMEOUT_EXCEEDED
    164, // READONLY (a replica in recovery)
    201, // QUOTA_EXCEEDED
    202, // TOO_MANY_SIMULTANEOUS_QUERIES
    203, // NO_FREE_CONNECTION
    209, // SOCKET_TIMEOUT
    210, // NETWORK_ERROR
    225, // NO_ZOOKEEPER
    236, // ABORTED
    241, // MEMORY_LIMIT_EXCEEDED
    242, // TABLE_IS_READ_ONLY
    243, // NOT_ENOUGH_SPACE
    252, // TOO_MANY_PARTS
    279, // ALL_CONNECTION_TRIES_FAILED
    285, // TOO_FEW_LIVE_REPLICAS
    319, // UNKNOWN_STATUS_OF_INSERT
    394, // QUERY_WAS_CANCELLED
    425, // SYSTEM_ERROR
    439, // CANNOT_SCHEDULE_TASK
    999, // KEEPER_EXCEPTION
];

/// How much of ClickHouse's own text an error repeats, in characters: its
/// messages can carry whole queries.
const TEXT_CHARS_MAX: usize = 600;

/// Why the series could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum SeriesError {
    /// The settings cannot be used.
    #[error("clickhouse settings: {0}")]
    Config(String),
    /// No connection, or it broke.
    #[error(
        "clickhouse at {url} could not be reached while {doing}: is it running, and is the address right?"
    )]
    Unreachable {
        /// What was attempted.
        doing: &'static str,
        /// The configured address.
        url: String,
        /// What the connection said.
        source: Box<ClientError>,
    },
    /// No answer in time; a write may or may not have been made.
    #[error("clickhouse at {url} gave no answer within {seconds} s while {doing}")]
    Unanswered {
        /// What was attempted.
        doing: &'static str,
        /// The configured address.
        url: String,
        /// The limit in seconds.
        seconds: u64,
    },
    /// ClickHouse answered with an error.
    #[error("clickhouse refused {doing}: {text}")]
    Refused {
        /// What was attempted.
        doing: &'static str,
        /// ClickHouse's error code, where it gave one.
        code: Option<u32>,
        /// Its message, shortened.
        text: String,
    },
    /// The answer did not have the form that this version expects.
    #[error(
        "clickhouse answered in an unexpected form while {doing}; do the tables belong to another version of padwacht?"
    )]
    Form {
        /// What was attempted.
        doing: &'static str,
        /// What did not fit.
        source: Box<ClientError>,
    },
    /// An instant that ClickHouse cannot hold.
    #[error(
        "{what} is {at_ms} ms, outside of what clickhouse can hold: \
         1900-01-01T00:00:00.000Z up to 2299-12-31T23:59:59.999Z"
    )]
    OutOfRange {
        /// Whose instant.
        what: String,
        /// The instant, in milliseconds since 1970.
        at_ms: i64,
    },
    /// A value that must never be written or asked for.
    #[error("{0}")]
    Invalid(String),
    /// A migration differs from the one that was applied earlier.
    #[error(
        "migration {name} was applied with other content (checksum {applied}, now {expected}): \
         this database was made by another build of padwacht"
    )]
    MigrationChanged {
        /// The migration's file name.
        name: String,
        /// The checksum kept in the database.
        applied: String,
        /// The checksum of the file in this build.
        expected: String,
    },
    /// The database is ahead of this build.
    #[error(
        "the database holds migration {number}, this build knows {known} at most: \
         run a newer padwacht"
    )]
    MigrationUnknown {
        /// The greatest number in the database.
        number: u32,
        /// The greatest number in this build.
        known: u32,
    },
}

impl SeriesError {
    /// Whether the same call may succeed later without any change: the server
    /// was away, overloaded or slow. A write that failed so may have been
    /// made; repeating it is harmless.
    pub fn is_retriable(&self) -> bool {
        match self {
            SeriesError::Unreachable { .. } | SeriesError::Unanswered { .. } => true,
            // Without a code it was a proxy in between that answered.
            SeriesError::Refused { code, .. } => {
                code.is_none_or(|code| PASSING_CODES.contains(&code))
            }
            SeriesError::Config(_)
            | SeriesError::Form { .. }
            | SeriesError::OutOfRange { .. }
            | SeriesError::Invalid(_)
            | SeriesError::MigrationChanged { .. }
            | SeriesError::MigrationUnknown { .. } => false,
        }
    }

    /// Explains a failed exchange with the server at `url`.
    pub(super) fn from_exchange(
        doing: &'static str,
        url: &str,
        source: ClientError,
    ) -> SeriesError {
        match source {
            ClientError::BadResponse(text) => {
                SeriesError::Refused { doing, code: code_in(&text), text: shorten(&text) }
            }
            // The client reports a connection that breaks mid-answer as any of these.
            ClientError::Network(_)
            | ClientError::TimedOut
            | ClientError::Other(_)
            | ClientError::Decompression(_)
            | ClientError::NotEnoughData => {
                SeriesError::Unreachable { doing, url: url.to_owned(), source: Box::new(source) }
            }
            source => SeriesError::Form { doing, source: Box::new(source) },
        }
    }
}

/// The number in `Code: 497. DB::Exception: …`.
fn code_in(text: &str) -> Option<u32> {
    let digits = text.split("Code: ").nth(1)?;
    digits.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

fn shorten(text: &str) -> String {
    let text = text.trim();
    match text.char_indices().nth(TEXT_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> SeriesError {
        let source = ClientError::BadResponse(text.to_owned());
        SeriesError::from_exchange("reading", "http://c:8123", source)
    }

    #[test]
    fn passing_conditions_are_retriable_and_mistakes_are_not() {
        assert!(refused("Code: 241. DB::Exception: Memory limit exceeded").is_retriable());
        assert!(!refused("Code: 60. DB::Exception: Table does not exist").is_retriable());
        assert!(!refused("Code: 516. DB::Exception: Authentication failed").is_retriable());
        assert!(refused("502 Bad Gateway").is_retriable());
        let broken = SeriesError::from_exchange("x", "u", ClientError::NotEnoughData);
        assert!(broken.is_retriable());
    }

    #[test]
    fn long_answers_are_shortened() {
        let error = refused(&"é".repeat(5_000)).to_string();
        assert!(error.chars().count() < TEXT_CHARS_MAX + 100, "{error}");
    }
}
