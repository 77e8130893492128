//! The web: health, the JSON API, the pages and live updates.
//!
//! Start reading at [`map`], which lists every URL with the policy that guards
//! it; a route cannot be added without one. [`ApiState`] is what the binary
//! hands over, [`router`] makes an axum router of it and [`serve`] runs it.
//!
//! Nothing here correlates or writes a series: figures are read from
//! `store::series`, and edits go to `store::records`, whose outbox tells the
//! engine. Nothing here is rendered by hand: pages are structs of `dashboards`.

mod app;
pub mod ask;
mod auth;
mod changes;
mod choice;
mod days;
mod health;
mod instant;
mod language;
mod letters;
mod mailed;
mod map;
#[cfg(test)]
mod map_tests;
mod metric;
mod nms;
mod own;
mod pages;
mod path_view;
mod people;
mod people_csv;
mod policy;
#[cfg(test)]
mod policy_matrix;
#[cfg(test)]
mod policy_tests;
mod problem;
mod push;
mod reference;
mod server;
mod sso;
mod tokens;
mod upkeep;
mod uptime;
mod v1;
mod web;

pub use app::{ApiConfig, ApiParts, ApiState, Clock, ConfigError};
pub use auth::{
    BootstrapError, NoRandomness, PrintedOnce, TokenError, bootstrap_admin, issue_api_token,
};
pub use choice::{BreachedError, Weakness};
pub use nms::{ConfiguredNms, NmsDesk, NmsField, NmsFinding, NmsRefusal, NmsWanted};
pub use server::{Listeners, Tls, TlsError, router, serve};
pub use sso::{ProviderSeen, SsoConfig, SsoError, SsoGroup, look_at_provider};
pub use web::{Network, NoNetwork, RequestLimits};
