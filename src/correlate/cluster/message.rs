//! What the processes of a cluster say to each other, as protobuf.
//!
//! Only processes of one version talk, as their engines must agree; so the
//! numbers here may change from version to version.

/// Raised when the greeting itself changes.
pub(super) const PROTOCOL: u32 = 1;

/// One message.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Envelope {
    #[prost(
        oneof = "Message",
        tags = "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21"
    )]
    pub(super) message: Option<Message>,
}

/// Everything that can be said.
#[derive(Clone, PartialEq, prost::Oneof)]
pub(super) enum Message {
    /// The one who was called: prove that you know the secret.
    #[prost(message, tag = "1")]
    Challenge(Challenge),
    /// The caller says who it is and what for.
    #[prost(message, tag = "2")]
    Hello(Hello),
    /// The call is refused.
    #[prost(message, tag = "3")]
    Refused(Refused),
    /// Nothing new: the sender is there.
    #[prost(message, tag = "4")]
    Ping(Nothing),
    /// The leader: join the others now.
    #[prost(message, tag = "5")]
    Session(Session),
    /// A part of a checkpoint: what to start from, or an answer to `AskState`.
    #[prost(message, tag = "6")]
    State(Piece),
    /// A follower: my workers run.
    #[prost(message, tag = "7")]
    Ready(Nothing),
    /// The leader: read these partitions.
    #[prost(message, tag = "8")]
    Read(Partitions),
    /// A follower: an epoch's worth of samples waits.
    #[prost(message, tag = "9")]
    Full(Nothing),
    /// The leader: what you have read belongs to this epoch.
    #[prost(message, tag = "10")]
    Cut(Cut),
    /// A follower: this is what it holds.
    #[prost(message, tag = "11")]
    Taken(Taken),
    /// The leader: the epoch is journaled; take it in.
    #[prost(message, tag = "12")]
    Finish(Finish),
    /// A follower: what the epoch changed here, or a part of it.
    #[prost(message, tag = "13")]
    Changes(Changes),
    /// The leader: bound the memory.
    #[prost(message, tag = "14")]
    Forget(Forget),
    /// The leader: give the state of your workers.
    #[prost(message, tag = "15")]
    AskState(Nothing),
    /// The leader: the session has ended in order.
    #[prost(message, tag = "16")]
    Stop(Nothing),
    /// A follower: end the session, for I must end.
    #[prost(message, tag = "17")]
    Leaving(Nothing),
    /// The leader: these samples, of any process, came too late; which of them
    /// are yours?
    #[prost(message, tag = "18")]
    TooLate(Samples),
    /// A follower: what it set aside for that.
    #[prost(message, tag = "19")]
    SetAside(SetAsides),
    /// The leader: what services were before the horizon, or a part of it.
    #[prost(message, tag = "20")]
    Past(Past),
    /// A follower: what that makes of the services that its workers own.
    #[prost(message, tag = "21")]
    Recalled(Recalled),
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(super) struct Nothing {}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Challenge {
    #[prost(bytes = "vec", tag = "1")]
    pub(super) nonce: Vec<u8>,
}

/// What a connection is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, prost::Enumeration)]
#[repr(i32)]
pub(super) enum Purpose {
    /// A follower reports to the leader.
    Follow = 0,
    /// Timely's stream between two processes of a session.
    Mesh = 1,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Hello {
    #[prost(uint32, tag = "1")]
    pub(super) protocol: u32,
    /// Of the caller's padwacht.
    #[prost(string, tag = "2")]
    pub(super) version: String,
    #[prost(enumeration = "Purpose", tag = "3")]
    pub(super) purpose: i32,
    /// `Follow`: which process calls. `Mesh`: its rank in the session.
    #[prost(uint32, tag = "4")]
    pub(super) process: u32,
    /// `Follow`: all processes as the caller knows them.
    #[prost(string, repeated, tag = "5")]
    pub(super) processes: Vec<String>,
    /// `Mesh`: which session.
    #[prost(uint64, tag = "6")]
    pub(super) session: u64,
    /// The answer to the challenge.
    #[prost(bytes = "vec", tag = "7")]
    pub(super) proof: Vec<u8>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Refused {
    #[prost(string, tag = "1")]
    pub(super) reason: String,
}

/// Who works together from now on, and how.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Session {
    #[prost(uint64, tag = "1")]
    pub(super) session: u64,
    /// The receiver's place among `addresses`.
    #[prost(uint32, tag = "2")]
    pub(super) rank: u32,
    /// Of each process of the session, the leader's first.
    #[prost(string, repeated, tag = "3")]
    pub(super) addresses: Vec<String>,
    /// Timely workers in each process.
    #[prost(uint32, tag = "4")]
    pub(super) workers: u32,
    #[prost(int64, optional, tag = "5")]
    pub(super) stale_after_ms: Option<i64>,
    #[prost(int64, tag = "6")]
    pub(super) origin_ms: i64,
    /// How long facts are gathered.
    #[prost(uint64, tag = "7")]
    pub(super) batch_interval_ms: u64,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Piece {
    #[prost(bytes = "vec", tag = "1")]
    pub(super) bytes: Vec<u8>,
    #[prost(bool, tag = "2")]
    pub(super) is_last: bool,
}

/// Where to read each partition of the samples from.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Partitions {
    #[prost(message, repeated, tag = "1")]
    pub(super) positions: Vec<Offset>,
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(super) struct Offset {
    #[prost(uint32, tag = "1")]
    pub(super) partition: u32,
    #[prost(uint64, tag = "2")]
    pub(super) next: u64,
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(super) struct Cut {
    #[prost(uint64, tag = "1")]
    pub(super) epoch: u64,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Taken {
    #[prost(uint64, tag = "1")]
    pub(super) epoch: u64,
    #[prost(message, repeated, tag = "2")]
    pub(super) ranges: Vec<OffsetRange>,
    #[prost(message, repeated, tag = "3")]
    pub(super) reached: Vec<Reached>,
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(super) struct OffsetRange {
    #[prost(uint32, tag = "1")]
    pub(super) partition: u32,
    #[prost(uint64, tag = "2")]
    pub(super) from: u64,
    #[prost(uint64, tag = "3")]
    pub(super) until: u64,
}

/// How far a partition has been read since the last cut.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(super) struct Reached {
    #[prost(uint32, tag = "1")]
    pub(super) partition: u32,
    /// Up to a record that the log appended at this moment; or
    #[prost(int64, optional, tag = "2")]
    pub(super) record_ms: Option<i64>,
    /// up to its end, so long ago. The clocks of two machines differ.
    #[prost(int64, tag = "3")]
    pub(super) end_ago_ms: i64,
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(super) struct Finish {
    #[prost(uint64, tag = "1")]
    pub(super) epoch: u64,
    #[prost(int64, tag = "2")]
    pub(super) now_ms: i64,
    #[prost(int64, tag = "3")]
    pub(super) recorded_at_ms: i64,
    /// Samples from before this may be forgotten.
    #[prost(int64, tag = "4")]
    pub(super) samples_from_ms: i64,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Changes {
    #[prost(message, repeated, tag = "1")]
    pub(super) revisions: Vec<Revision>,
    #[prost(message, repeated, tag = "2")]
    pub(super) transitions: Vec<Transition>,
    /// Samples so far that came too late, of this process.
    #[prost(uint64, tag = "3")]
    pub(super) too_late: u64,
    #[prost(bool, tag = "4")]
    pub(super) is_last: bool,
    /// Some of those of this epoch.
    #[prost(message, repeated, tag = "5")]
    pub(super) too_late_samples: Vec<Sample>,
    /// What this process could not use of what it read.
    #[prost(message, repeated, tag = "6")]
    pub(super) set_aside: Vec<SetAside>,
    /// Services whose past from before the horizon the epoch may change.
    #[prost(string, repeated, tag = "7")]
    pub(super) reaching_back: Vec<String>,
    /// How samples that this process read were known.
    #[prost(message, repeated, tag = "8")]
    pub(super) edges: Vec<Edge>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Edge {
    #[prost(int64, tag = "1")]
    pub(super) at_ms: i64,
    #[prost(string, tag = "2")]
    pub(super) component: String,
    #[prost(string, tag = "3")]
    pub(super) state: String,
    #[prost(string, tag = "4")]
    pub(super) source: String,
    #[prost(uint32, tag = "5")]
    pub(super) uncertainty_ms: u32,
    #[prost(int64, tag = "6")]
    pub(super) observed_at_ms: i64,
    /// Empty where there is none.
    #[prost(string, tag = "7")]
    pub(super) reason: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Past {
    #[prost(message, repeated, tag = "1")]
    pub(super) services: Vec<PastService>,
    #[prost(bool, tag = "2")]
    pub(super) is_last: bool,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct PastService {
    #[prost(string, tag = "1")]
    pub(super) service: String,
    #[prost(message, repeated, tag = "2")]
    pub(super) segments: Vec<PastSegment>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct PastSegment {
    #[prost(int64, tag = "1")]
    pub(super) at_ms: i64,
    /// Absent where the service does not exist.
    #[prost(string, optional, tag = "2")]
    pub(super) state: Option<String>,
    #[prost(string, repeated, tag = "3")]
    pub(super) cause: Vec<String>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Recalled {
    #[prost(message, repeated, tag = "1")]
    pub(super) services: Vec<RecalledService>,
    #[prost(bool, tag = "2")]
    pub(super) is_last: bool,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct RecalledService {
    #[prost(string, tag = "1")]
    pub(super) service: String,
    #[prost(message, repeated, tag = "2")]
    pub(super) intervals: Vec<StartedInterval>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct StartedInterval {
    #[prost(int64, tag = "1")]
    pub(super) start_ms: i64,
    #[prost(message, optional, tag = "2")]
    pub(super) interval: Option<Interval>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Samples {
    #[prost(message, repeated, tag = "1")]
    pub(super) samples: Vec<Sample>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Sample {
    #[prost(int64, tag = "1")]
    pub(super) at_ms: i64,
    #[prost(string, tag = "2")]
    pub(super) component: String,
    #[prost(string, tag = "3")]
    pub(super) state: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct SetAsides {
    #[prost(message, repeated, tag = "1")]
    pub(super) rows: Vec<SetAside>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct SetAside {
    #[prost(string, tag = "1")]
    pub(super) topic: String,
    #[prost(uint32, tag = "2")]
    pub(super) partition: u32,
    #[prost(uint64, tag = "3")]
    pub(super) offset: u64,
    #[prost(string, tag = "4")]
    pub(super) kind: String,
    #[prost(int64, tag = "5")]
    pub(super) at_ms: i64,
    #[prost(string, tag = "6")]
    pub(super) key: String,
    #[prost(string, tag = "7")]
    pub(super) reason: String,
    #[prost(uint64, tag = "8")]
    pub(super) size_bytes: u64,
    #[prost(uint64, tag = "9")]
    pub(super) count: u64,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Revision {
    #[prost(string, tag = "1")]
    pub(super) service: String,
    #[prost(int64, tag = "2")]
    pub(super) start_ms: i64,
    /// Withdrawn when absent.
    #[prost(message, optional, tag = "3")]
    pub(super) interval: Option<Interval>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Interval {
    #[prost(int64, optional, tag = "1")]
    pub(super) end_ms: Option<i64>,
    #[prost(string, tag = "2")]
    pub(super) state: String,
    #[prost(string, repeated, tag = "3")]
    pub(super) cause: Vec<String>,
    #[prost(message, repeated, tag = "4")]
    pub(super) cause_moves: Vec<CauseMove>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct CauseMove {
    #[prost(int64, tag = "1")]
    pub(super) at_ms: i64,
    #[prost(string, repeated, tag = "2")]
    pub(super) cause: Vec<String>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Transition {
    #[prost(string, tag = "1")]
    pub(super) component: String,
    #[prost(int64, tag = "2")]
    pub(super) at_ms: i64,
    /// Withdrawn when absent.
    #[prost(string, optional, tag = "3")]
    pub(super) state: Option<String>,
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(super) struct Forget {
    #[prost(int64, tag = "1")]
    pub(super) samples_before_ms: i64,
    #[prost(int64, tag = "2")]
    pub(super) before_ms: i64,
}
