//! A server that speaks the LibreNMS v0 API for a made-up network.
//!
//! From the inside out: [`World`] is the network (sites, devices, ports,
//! customers, services), [`Failure`]s break it, [`Truth`] is what then really
//! was up and down at each instant, and [`Simulator`] shows it as LibreNMS
//! would: late by the poll, frozen where nothing can be polled, with the
//! quirks of its API and, on command, with its faults.
//!
//! World, failures and truth are pure; the NMS's state moves only when it is
//! told the time; only the server asks its clock. For tests and the demo: it
//! never talks to a real network and is not built to be exposed to one.

mod error;
mod failures;
mod history;
mod json;
mod network;
mod nms;
mod random;
mod server;
mod topology;
mod truth;
mod world;

pub use error::SimulatorError;
pub use failures::{Failure, FailureKind, FailureRates, FailureTarget, Rate};
pub use history::{History, HistoryBatch};
pub use nms::Release;
pub use server::{
    Fault, FaultKind, PushCounts, RequestCounts, SimOptions, Simulator, WallClock, Webhook,
};
pub use topology::{Topology, TopologyLink, TopologyNode};
pub use truth::{TrueInterval, Truth};
pub use world::{
    Component, Customer, Device, DeviceIndex, Link, LinkIndex, LinkKind, Port, PortIndex, PortUse,
    Role, Service, ServiceKind, Site, SiteIndex, Standing, World, WorldOptions,
};
