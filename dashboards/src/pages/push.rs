//! Push from an NMS account: the secret, what to paste into LibreNMS, and
//! what was received.

use askama::Template;
use correlate::model::Timestamp;

use crate::shell::{Section, Shell};
use crate::view::push::{
    BODY_FROM_25_7, BODY_UNTIL_25_6, PushRow, PushSecretRow, headers, release,
};

/// From this version on, year and month, LibreNMS escapes text in a body.
const ESCAPES_FROM: (u32, u32) = (25, 7);

/// And from this one on, rules send to operations and not to transports.
const OPERATIONS_FROM: (u32, u32) = (26, 4);

/// Push from an NMS account, `/sources/{name}/push`.
#[derive(Template, Debug)]
#[template(path = "push.html")]
pub struct PushPage {
    /// What surrounds it.
    pub shell: Shell,
    /// The account's name.
    pub account: String,
    /// Where it must push to.
    pub url: String,
    /// The version of the NMS, as set or found, if it is known.
    pub version: Option<String>,
    /// The secret that was just made; shown only now.
    pub fresh: Option<String>,
    /// Its secrets, the latest first.
    pub secrets: Vec<PushSecretRow>,
    /// What it pushed last, the latest first.
    pub pushes: Vec<PushRow>,
    /// When the test button was last pressed.
    pub tested_at: Option<Timestamp>,
}

impl PushPage {
    const SECTION: Section = Section::Sources;

    /// Whether any secret works.
    fn is_open(&self) -> bool {
        self.secrets.iter().any(|secret| secret.works)
    }

    fn headers(&self) -> String {
        headers(self.fresh.as_deref())
    }

    /// Whether something that came with `from` is there; `None` where the version
    /// is not known.
    fn is_from(&self, from: (u32, u32)) -> Option<bool> {
        self.version.as_deref().and_then(release).map(|own| own >= from)
    }

    /// The bodies, by version: the text key of the version, an id, the body. Those
    /// for the version of the NMS, or those for others; all, where it is not known.
    fn bodies(&self, own: bool) -> Vec<[&'static str; 3]> {
        let new = ["push-body-from-25-7", "body-new", BODY_FROM_25_7];
        let old = ["push-body-until-25-6", "body-old", BODY_UNTIL_25_6];
        chosen(self.is_from(ESCAPES_FROM), own, new, old)
    }

    /// How rules are bound, in the same way: the text keys of the version, and of
    /// what to do.
    fn bindings(&self, own: bool) -> Vec<[&'static str; 2]> {
        let new = ["push-bind-from-26-4", "push-bind-from-26-4-text"];
        let old = ["push-bind-until-26-3", "push-bind-until-26-3-text"];
        chosen(self.is_from(OPERATIONS_FROM), own, new, old)
    }
}

/// The variant of a version, or else the one of others; both as its own where it
/// is not known whether that is new.
fn chosen<T>(is_new: Option<bool>, own: bool, new: T, old: T) -> Vec<T> {
    match is_new {
        None if own => vec![new, old],
        None => Vec::new(),
        Some(is_new) => vec![if is_new == own { new } else { old }],
    }
}
