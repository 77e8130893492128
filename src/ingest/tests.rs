//! Behaviours of the ingest stage.
