//! What services name and no NMS watches.

use askama::Template;

use crate::shell::{Section, Shell};
use crate::view::unwatched::UnwatchedRow;

/// What services name and no NMS watches, of all sources, `/unwatched`.
#[derive(Template, Debug)]
#[template(path = "unwatched.html")]
pub struct UnwatchedPage {
    /// What surrounds it.
    pub shell: Shell,
    /// By source, device and component.
    pub unwatched: Vec<UnwatchedRow>,
    /// Sources whose inventory is being read.
    pub waiting: Vec<String>,
}

impl UnwatchedPage {
    const SECTION: Section = Section::Sources;

    fn waiting_names(&self) -> String {
        self.waiting.join(", ")
    }
}
