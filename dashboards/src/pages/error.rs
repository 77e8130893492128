//! The pages that say that there is no page.

use askama::Template;

use crate::shell::{Section, Shell};

/// Why there is no page.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ErrorKind {
    /// 404: nothing is there.
    NotFound,
    /// 403: the reader may not see it.
    Forbidden,
    /// 500: our fault.
    Internal {
        /// The request id, to find it in the log.
        reference: String,
    },
    /// 503: the store of figures does not answer.
    Unavailable {
        /// The request id, to find it in the log.
        reference: String,
    },
    /// What is said to programs too, in the reader's language.
    Told {
        /// The HTTP status.
        status: u16,
        /// What it is.
        title: String,
        /// What to do.
        detail: String,
        /// What is wrong in what was sent (English).
        refusals: Vec<String>,
        /// Seconds until it is worth another try, where that is known.
        retry_after_s: Option<u64>,
    },
}

impl ErrorKind {
    /// The HTTP status.
    pub const fn status(&self) -> u16 {
        match self {
            ErrorKind::NotFound => 404,
            ErrorKind::Forbidden => 403,
            ErrorKind::Internal { .. } => 500,
            ErrorKind::Unavailable { .. } => 503,
            ErrorKind::Told { status, .. } => *status,
        }
    }
}

/// A page that says why there is no page.
#[derive(Template, Debug)]
#[template(path = "error.html")]
pub struct ErrorPage {
    /// What surrounds it.
    pub shell: Shell,
    /// Why.
    pub kind: ErrorKind,
}

impl ErrorPage {
    const SECTION: Section = Section::None;
}

impl ErrorPage {
    fn heading(&self) -> String {
        let locale = &self.shell.locale;
        match &self.kind {
            ErrorKind::NotFound => locale.t("error-not-found"),
            ErrorKind::Forbidden => locale.t("error-forbidden"),
            ErrorKind::Internal { .. } => locale.t("error-internal"),
            ErrorKind::Unavailable { .. } => locale.t("error-unavailable"),
            ErrorKind::Told { title, .. } => title.clone(),
        }
    }

    fn explanation(&self) -> String {
        let locale = &self.shell.locale;
        match &self.kind {
            ErrorKind::NotFound => locale.t("error-not-found-text"),
            ErrorKind::Forbidden => locale.t("error-forbidden-text"),
            ErrorKind::Internal { .. } => locale.t("error-internal-text"),
            ErrorKind::Unavailable { .. } => locale.t("error-unavailable-text"),
            ErrorKind::Told { detail, retry_after_s: None, .. } => detail.clone(),
            ErrorKind::Told { retry_after_s: Some(seconds), .. } => {
                let millis = i64::try_from(*seconds).unwrap_or(i64::MAX).saturating_mul(1_000);
                locale.t1("error-wait", "wait", locale.duration(millis))
            }
        }
    }

    fn refusals(&self) -> &[String] {
        match &self.kind {
            ErrorKind::Told { refusals, .. } => refusals,
            _ => &[],
        }
    }

    fn reference(&self) -> Option<&str> {
        match &self.kind {
            ErrorKind::Internal { reference } | ErrorKind::Unavailable { reference } => {
                Some(reference)
            }
            ErrorKind::NotFound | ErrorKind::Forbidden | ErrorKind::Told { .. } => None,
        }
    }
}
