//! What can go wrong with a source, in kinds for machines and words for people.

/// The kind of a [`SourceError`], the same for every NMS; a label of metrics.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Fault {
    /// The credentials are refused.
    Unauthorized,
    /// The account may not see this.
    Forbidden,
    /// There is no such thing, or no such API, at this address.
    NotFound,
    /// The NMS says that the request is wrong.
    Rejected,
    /// Somebody in between limits the rate.
    Throttled,
    /// The NMS failed while it answered.
    ServerFailed,
    /// The NMS ran out of time or memory, or a gateway lost patience with it.
    Overloaded,
    /// The NMS says that it is not available: maintenance, or no database.
    Unavailable,
    /// No answer, or not all of it, within the deadline.
    TimedOut,
    /// No connection: name, route, port or refusal.
    Unreachable,
    /// The TLS handshake failed: certificate, name or protocol.
    Tls,
    /// The address has moved; redirects are not followed, because they would
    /// carry the token along.
    Redirected,
    /// A page, or anything else that is no JSON, with a status of success.
    NotJson,
    /// JSON, but not of the shape that this NMS gives.
    Malformed,
    /// The answer broke off.
    Truncated,
    /// The answer is larger than the limit.
    TooLarge,
    /// A list without rows where there must be some.
    Empty,
    /// A list with far fewer rows than the last good one.
    Shrunk,
    /// Rows of another object than was asked for.
    ForeignRows,
    /// The time zone of the NMS could not be found out.
    ZoneUnknown,
    /// Times lie in the future: the NMS's clock, or ours, is wrong.
    ClockAhead,
    /// The NMS answers, but has itself stopped looking at the network.
    Stalled,
    /// Not tried: too many calls in a row have failed.
    Paused,
}

impl Fault {
    /// Every kind, for whatever must have a word on each.
    pub const ALL: [Fault; 23] = [
        Fault::Unauthorized,
        Fault::Forbidden,
        Fault::NotFound,
        Fault::Rejected,
        Fault::Throttled,
        Fault::ServerFailed,
        Fault::Overloaded,
        Fault::Unavailable,
        Fault::TimedOut,
        Fault::Unreachable,
        Fault::Tls,
        Fault::Redirected,
        Fault::NotJson,
        Fault::Malformed,
        Fault::Truncated,
        Fault::TooLarge,
        Fault::Empty,
        Fault::Shrunk,
        Fault::ForeignRows,
        Fault::ZoneUnknown,
        Fault::ClockAhead,
        Fault::Stalled,
        Fault::Paused,
    ];

    /// The label of metrics and of stored states.
    pub const fn as_str(self) -> &'static str {
        match self {
            Fault::Unauthorized => "unauthorized",
            Fault::Forbidden => "forbidden",
            Fault::NotFound => "not_found",
            Fault::Rejected => "rejected",
            Fault::Throttled => "throttled",
            Fault::ServerFailed => "server_failed",
            Fault::Overloaded => "overloaded",
            Fault::Unavailable => "unavailable",
            Fault::TimedOut => "timed_out",
            Fault::Unreachable => "unreachable",
            Fault::Tls => "tls",
            Fault::Redirected => "redirected",
            Fault::NotJson => "not_json",
            Fault::Malformed => "malformed",
            Fault::Truncated => "truncated",
            Fault::TooLarge => "too_large",
            Fault::Empty => "empty",
            Fault::Shrunk => "shrunk",
            Fault::ForeignRows => "foreign_rows",
            Fault::ZoneUnknown => "zone_unknown",
            Fault::ClockAhead => "clock_ahead",
            Fault::Stalled => "stalled",
            Fault::Paused => "paused",
        }
    }

    /// Whether the same call may succeed if it is repeated soon.
    pub const fn is_passing(self) -> bool {
        matches!(
            self,
            Fault::Throttled
                | Fault::ServerFailed
                | Fault::Overloaded
                | Fault::Unavailable
                | Fault::TimedOut
                | Fault::Unreachable
                | Fault::Truncated
        )
    }

    /// Whether the NMS answered as if all were well, with something that cannot be
    /// right: to believe it would make outages, or hide them. Somebody must look.
    pub const fn is_alarming(self) -> bool {
        matches!(
            self,
            Fault::NotJson
                | Fault::Malformed
                | Fault::Truncated
                | Fault::Empty
                | Fault::Shrunk
                | Fault::ForeignRows
        )
    }

    /// Whether the NMS did answer, but with something that must not be believed.
    pub const fn is_suspicious(self) -> bool {
        matches!(
            self,
            Fault::NotJson
                | Fault::Malformed
                | Fault::Truncated
                | Fault::TooLarge
                | Fault::Empty
                | Fault::Shrunk
                | Fault::ForeignRows
                | Fault::ZoneUnknown
                | Fault::ClockAhead
                | Fault::Stalled
        )
    }
}

/// Why a source could not be read or is not believed.
///
/// The text says what was attempted, what came instead and what to do. It
/// never quotes a body, because bodies hold secrets.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message}")]
pub struct SourceError {
    /// The kind.
    pub fault: Fault,
    /// The text for the operator.
    pub message: String,
}

impl SourceError {
    pub(crate) fn new(fault: Fault, message: impl Into<String>) -> SourceError {
        SourceError { fault, message: message.into() }
    }
}
