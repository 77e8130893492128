//! The overview: how many services are in which state, what is down and why,
//! and the services.

use askama::Template;
use correlate::model::Timestamp;

use crate::locale::Locale;
use crate::shell::{Section, Shell};
use crate::view::overview::Live;
use crate::view::services::ServiceTable;

/// The overview, `/`.
#[derive(Template, Debug)]
#[template(path = "overview.html")]
pub struct OverviewPage {
    /// What surrounds it.
    pub shell: Shell,
    /// The part that follows the network.
    pub live: Live,
    /// One page of the services.
    pub table: ServiceTable,
}

/// The part of the overview that follows the network, `/live`: the page
/// fetches it anew at every `change` event and once a minute.
#[derive(Template, Debug)]
#[template(path = "parts/live_partial.html")]
pub struct OverviewLivePartial {
    /// Language and time zone.
    pub locale: Locale,
    /// The instant at which it is made.
    pub now: Timestamp,
    /// The figures.
    pub live: Live,
}

impl OverviewPage {
    const SECTION: Section = Section::Overview;
}
