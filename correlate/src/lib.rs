//! The core: what uptime is, and the engine that computes it.
//!
//! [`model`] is the vocabulary that every other member uses; [`engine`] turns
//! facts (samples, definitions, windows, the clock) into interval revisions;
//! [`dataflow`] runs engines on timely workers; [`files`] reads and writes the
//! formats of `padwacht replay`; [`availability`] turns intervals into figures;
//! [`explain`] says why a service is what it is, and [`what_if`] what it would
//! be, both from [`facts`] alone.
//!
//! This crate never reads a clock, never does IO, is never async and never
//! draws a random number: time arrives as data. It depends on no other member.

pub mod availability;
pub mod dataflow;
pub mod engine;
pub mod explain;
pub mod facts;
pub mod files;
pub mod model;
pub mod what_if;
