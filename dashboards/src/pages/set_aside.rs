//! What the pipeline set aside, and why.

use askama::Template;

use crate::shell::{Section, Shell};
use crate::view::pager::Pager;
use crate::view::set_aside::{SetAsideReason, SetAsideRow, neighbour};

/// What the pipeline set aside, `/set-aside`.
#[derive(Template, Debug)]
#[template(path = "set_aside.html")]
pub struct SetAsidePage {
    /// What surrounds it.
    pub shell: Shell,
    /// Only these are shown; `None` for all.
    pub reason: Option<SetAsideReason>,
    /// One page of them, newest first.
    pub rows: Vec<SetAsideRow>,
    /// Which page.
    pub pager: Pager,
}

impl SetAsidePage {
    const SECTION: Section = Section::SetAside;

    fn shows(&self, reason: &SetAsideReason) -> bool {
        self.reason.as_ref() == Some(reason)
    }

    fn neighbour_url(&self, forward: bool) -> Option<String> {
        neighbour(self.reason, &self.pager, forward)
    }
}
