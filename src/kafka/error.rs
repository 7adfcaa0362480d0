//! Client errors, sorted by what can be done about them.

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

/// What a failed delivery asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryFailure {
    /// The same outcome again, with backoff, for ever.
    Resend,
    /// The broker will never take a record of this size or shape.
    TooLarge,
    /// An operator has to act; it is tried again slowly meanwhile.
    Refused,
    /// This producer is finished; a new one takes over.
    ProducerBroken,
}

/// Sorts a delivery report's error. What is not known is sent again: an outcome is never given up.
pub fn delivery_failure(code: RDKafkaErrorCode) -> DeliveryFailure {
    use RDKafkaErrorCode as E;
    match code {
        E::MessageSizeTooLarge | E::InvalidMessageSize | E::InvalidRecord => {
            DeliveryFailure::TooLarge
        }
        E::UnknownTopic
        | E::UnknownTopicOrPartition
        | E::UnknownPartition
        | E::InvalidTopic
        | E::TopicAuthorizationFailed
        | E::ClusterAuthorizationFailed
        | E::PolicyViolation => DeliveryFailure::Refused,
        E::Fatal
        | E::OutOfOrderSequenceNumber
        | E::UnknownProducerId
        | E::InvalidProducerEpoch
        | E::ProducerFenced => DeliveryFailure::ProducerBroken,
        _ => DeliveryFailure::Resend,
    }
}

/// What a consumer's error asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsumerFailure {
    /// The client recovers by itself.
    Passing,
    /// Nothing helps but an operator: fenced, or not allowed.
    Fatal,
}

/// Sorts an error that a consumer reports.
pub fn consumer_failure(code: RDKafkaErrorCode) -> ConsumerFailure {
    use RDKafkaErrorCode as E;
    match code {
        E::Fatal
        | E::FencedInstanceId
        | E::GroupAuthorizationFailed
        | E::TopicAuthorizationFailed
        | E::ClusterAuthorizationFailed
        | E::InconsistentGroupProtocol
        | E::InvalidGroupId => ConsumerFailure::Fatal,
        _ => ConsumerFailure::Passing,
    }
}

/// What a failed commit means for the partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitFailure {
    /// Again at the next interval.
    Retry,
    /// Somebody else may own the partition: the rebalance will tell.
    Fenced,
}

/// Sorts a failed commit.
pub fn commit_failure(code: RDKafkaErrorCode) -> CommitFailure {
    use RDKafkaErrorCode as E;
    match code {
        E::IllegalGeneration
        | E::UnknownMemberId
        | E::FencedInstanceId
        | E::StaleMemberEpoch
        | E::AssignmentLost => CommitFailure::Fenced,
        _ => CommitFailure::Retry,
    }
}

/// Whether there is no such topic.
pub fn is_missing_topic(error: &KafkaError) -> bool {
    use RDKafkaErrorCode as E;
    let code = error.rdkafka_error_code();
    matches!(code, Some(E::UnknownTopic | E::UnknownTopicOrPartition))
}
