//! Push from an NMS account: the secret, what to paste into LibreNMS, and
//! what was received.

use askama::Template;
use correlate::model::Timestamp;

use crate::shell::{Section, Shell};
use crate::view::push::{BODY_FROM_25_7, BODY_UNTIL_25_6, PushRow, PushSecretRow, headers};

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

    /// The bodies, by version: the text key of the version, an id, the body.
    fn bodies(&self) -> [(&'static str, &'static str, &'static str); 2] {
        [
            ("push-body-from-25-7", "body-new", BODY_FROM_25_7),
            ("push-body-until-25-6", "body-old", BODY_UNTIL_25_6),
        ]
    }
}
