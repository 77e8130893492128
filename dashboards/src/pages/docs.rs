//! The documentation of the API.

use std::sync::Arc;

use askama::Template;

use crate::shell::{Section, Shell};
use crate::view::reference::Reference;

/// The documentation of the API, `/docs`: the OpenAPI document for people.
#[derive(Template, Debug)]
#[template(path = "docs.html")]
pub struct DocsPage {
    /// What surrounds it.
    pub shell: Shell,
    /// What the document says.
    pub reference: Arc<Reference>,
    /// Where the document is.
    pub document: &'static str,
    /// Scheme, host and port under which the API answers.
    pub origin: String,
}

impl DocsPage {
    const SECTION: Section = Section::ApiDocs;
}
