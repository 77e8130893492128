//! The list of services.

use askama::Template;

use crate::shell::{Section, Shell};
use crate::view::overview::StateCounts;
use crate::view::services::ServiceTable;

/// The list of services, `/services`.
#[derive(Template, Debug)]
#[template(path = "services.html")]
pub struct ServicesPage {
    /// What surrounds it.
    pub shell: Shell,
    /// Services per state, over all services (not only those found).
    pub counts: StateCounts,
    /// One page of the services.
    pub table: ServiceTable,
}

impl ServicesPage {
    const SECTION: Section = Section::Services;
}
