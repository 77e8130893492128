//! Behaviours of the publisher.
