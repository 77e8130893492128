//! The page from which a browser goes to the OpenID provider after a form.

use askama::Template;

use crate::shell::{Section, Shell};

/// The way out to the provider. The answer also carries a `Refresh`, so that
/// nobody has to press anything.
#[derive(Template, Debug)]
#[template(path = "sign_on_leave.html")]
pub struct SignOnLeavePage {
    /// What surrounds it.
    pub shell: Shell,
    /// Scheme and host of the provider.
    pub place: String,
    /// Where to go.
    pub address: String,
}

impl SignOnLeavePage {
    const SECTION: Section = Section::None;
}
