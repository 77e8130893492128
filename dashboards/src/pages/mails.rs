//! Mails on their way.

use askama::Template;

use crate::shell::{Section, Shell};
use crate::urls;
use crate::view::mail::{MailCondition, MailRow};
use crate::view::pager::Pager;

/// The mails on their way, `/mails`.
#[derive(Template, Debug)]
#[template(path = "mails.html")]
pub struct MailsPage {
    /// What surrounds it.
    pub shell: Shell,
    /// Whether a mail server is configured.
    pub is_configured: bool,
    /// Only those that are so.
    pub condition: Option<MailCondition>,
    /// One page of mails, the latest first.
    pub rows: Vec<MailRow>,
    /// Which page.
    pub pager: Pager,
    /// How many wait, whatever is shown.
    pub waiting: u64,
    /// Where a test mail to the reader would go.
    pub own_address: String,
    /// Whether a test mail was just queued.
    pub is_tested: bool,
    /// How many mails were just told to be tried now.
    pub hurried: Option<u64>,
}

impl MailsPage {
    const SECTION: Section = Section::Mails;

    fn is_condition(&self, condition: &MailCondition) -> bool {
        self.condition == Some(*condition)
    }

    fn neighbour_url(&self, forward: bool) -> Option<String> {
        let page = if forward { self.pager.next() } else { self.pager.previous() }?;
        let state = self.condition.map_or("", MailCondition::as_str);
        Some(urls::paged(urls::MAILS, &[("state", state)], page))
    }
}
