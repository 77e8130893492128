//! Which failures pass by themselves.

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::super::LogError;
use super::context::LastError;

/// Says what failed, and why as far as the client knows.
pub(super) fn failed(doing: String, error: &KafkaError, last: &LastError) -> LogError {
    let code = error.rdkafka_error_code();
    // What the cluster says of itself; timeouts have their cause elsewhere.
    let known = last.get().filter(|_| code.is_none_or(is_connection));
    let decisive = known.as_ref().map(|(code, _)| *code).or(code);
    let reason = match known {
        Some((_, reason)) => format!("{error}: {reason}"),
        None => error.to_string(),
    };
    match decisive {
        Some(code) if passes(code) => LogError::Unavailable { doing, reason },
        _ => LogError::Refused { doing, reason },
    }
}

/// The same, of a call on one topic.
pub(super) fn failed_on(
    doing: &str,
    topic: &str,
    error: &KafkaError,
    last: &LastError,
) -> LogError {
    if error.rdkafka_error_code().is_some_and(is_unknown_topic) {
        return LogError::UnknownTopic { topic: topic.to_owned() };
    }
    failed(format!("{doing} topic {topic}"), error, last)
}

fn is_unknown_topic(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode as Code;
    matches!(
        code,
        Code::UnknownTopic
            | Code::UnknownTopicOrPartition
            | Code::UnknownPartition
            | Code::UnknownTopicId
    )
}

/// Whether the connection is to blame, so that its last error tells more.
fn is_connection(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode as Code;
    matches!(
        code,
        Code::BrokerTransportFailure
            | Code::AllBrokersDown
            | Code::OperationTimedOut
            | Code::RequestTimedOut
            | Code::MessageTimedOut
            | Code::TimedOutQueue
    )
}

/// Whether the same call may succeed later without anybody's doing anything.
pub(super) fn passes(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode as Code;
    is_connection(code)
        || matches!(
            code,
            // The client: names that do not resolve yet, a full queue, a
            // producer that is replaced after it lost its sequence.
            Code::Resolve
                | Code::QueueFull
                | Code::Retry
                | Code::NodeUpdate
                | Code::WaitingForCoordinator
                | Code::WaitCache
                | Code::PurgeQueue
                | Code::PurgeInflight
                | Code::Fatal
                | Code::Fenced
                | Code::ISRInsufficient
                // The cluster: starting, electing, moving or short of replicas.
                | Code::LeaderNotAvailable
                | Code::NotLeaderForPartition
                | Code::BrokerNotAvailable
                | Code::ReplicaNotAvailable
                | Code::EligibleLeadersNotAvailable
                | Code::PreferredLeaderNotAvailable
                | Code::NetworkException
                | Code::NotEnoughReplicas
                | Code::NotEnoughReplicasAfterAppend
                | Code::NotController
                | Code::KafkaStorageError
                | Code::ListenerNotFound
                | Code::FencedLeaderEpoch
                | Code::UnknownLeaderEpoch
                | Code::OffsetNotAvailable
                | Code::ReassignmentInProgress
                | Code::CoordinatorLoadInProgress
                | Code::CoordinatorNotAvailable
                | Code::ThrottlingQuotaExceeded
                | Code::OutOfOrderSequenceNumber
                | Code::UnknownProducerId
                | Code::InvalidProducerEpoch
                | Code::ProducerFenced
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broker_that_is_away_passes_and_a_refusal_does_not() {
        for code in [RDKafkaErrorCode::AllBrokersDown, RDKafkaErrorCode::NotEnoughReplicas] {
            let error = KafkaError::MetadataFetch(code);
            let error = failed("ask".to_owned(), &error, &LastError::default());
            assert!(error.is_retriable(), "{error}");
        }
        for code in [RDKafkaErrorCode::TopicAuthorizationFailed, RDKafkaErrorCode::InvalidConfig] {
            let error = KafkaError::AdminOp(code);
            let error = failed("ask".to_owned(), &error, &LastError::default());
            assert!(!error.is_retriable(), "{error}");
        }
    }
}
