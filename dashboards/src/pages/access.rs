//! Who is signed in, who tried to be, and what programs come in by.

use askama::Template;
use correlate::model::Timestamp;

use crate::shell::{Section, Shell};
use crate::urls;
use crate::view::access::{AttemptRow, SessionRow, TokenForm, TokenLife, TokenRow, attempt_text};
use crate::view::pager::Pager;
use crate::view::people::{FormProblem, UserRole};

/// The reader's own sessions, `/profile/sessions`.
#[derive(Template, Debug)]
#[template(path = "sessions.html")]
pub struct SessionsPage {
    /// What surrounds it.
    pub shell: Shell,
    /// The sessions, the latest first.
    pub sessions: Vec<SessionRow>,
    /// Their last attempts to sign in, the latest first.
    pub attempts: Vec<AttemptRow>,
    /// How many sessions were just ended.
    pub ended: Option<u64>,
}

impl SessionsPage {
    const SECTION: Section = Section::Profile;
    const TAB: &str = urls::PROFILE_SESSIONS;

    fn has_others(&self) -> bool {
        self.sessions.iter().any(|session| !session.is_current)
    }
}

/// The reader's own API tokens, `/profile/tokens`.
#[derive(Template, Debug)]
#[template(path = "tokens.html")]
pub struct TokensPage {
    /// What surrounds it.
    pub shell: Shell,
    /// The token that was just issued; shown only now.
    pub fresh: Option<String>,
    /// The tokens, the latest first.
    pub tokens: Vec<TokenRow>,
    /// What the form holds.
    pub form: TokenForm,
    /// What is wrong in it.
    pub problem: Option<FormProblem>,
    /// Whether one was just revoked.
    pub is_saved: bool,
}

impl TokensPage {
    const SECTION: Section = Section::Profile;
    const TAB: &str = urls::PROFILE_TOKENS;
    const ACTION: &str = urls::PROFILE_TOKENS;

    fn revoke(&self) -> &'static str {
        urls::PROFILE_TOKEN_REVOKE
    }

    fn is_life(&self, life: &TokenLife) -> bool {
        self.form.life == *life
    }
}

/// The API tokens of services, `/service-tokens`.
#[derive(Template, Debug)]
#[template(path = "service_tokens.html")]
pub struct ServiceTokensPage {
    /// What surrounds it.
    pub shell: Shell,
    /// The token that was just issued; shown only now.
    pub fresh: Option<String>,
    /// The tokens, the latest first.
    pub tokens: Vec<TokenRow>,
    /// What the form holds.
    pub form: TokenForm,
    /// What is wrong in it.
    pub problem: Option<FormProblem>,
    /// Whether one was just revoked.
    pub is_saved: bool,
}

impl ServiceTokensPage {
    const SECTION: Section = Section::ServiceTokens;
    const ACTION: &str = urls::SERVICE_TOKENS;

    fn revoke(&self) -> &'static str {
        urls::SERVICE_TOKEN_REVOKE
    }

    fn is_life(&self, life: &TokenLife) -> bool {
        self.form.life == *life
    }

    fn is_role(&self, role: &UserRole) -> bool {
        self.form.role == *role
    }
}

/// Who tried to sign in, `/login-attempts`.
#[derive(Template, Debug)]
#[template(path = "attempts.html")]
pub struct AttemptsPage {
    /// What surrounds it.
    pub shell: Shell,
    /// Whether the attempts of everybody are shown, and not only the reader's own.
    pub is_everybody: bool,
    /// Only accounts that hold this.
    pub account: String,
    /// Only addresses that begin so.
    pub address: String,
    /// Only those that went so; empty for all.
    pub result: String,
    /// How attempts can go, as the records name it.
    pub results: Vec<&'static str>,
    /// Only from this instant on.
    pub from: Option<Timestamp>,
    /// Only before this instant.
    pub until: Option<Timestamp>,
    /// One page of attempts, the latest first.
    pub rows: Vec<AttemptRow>,
    /// Which page.
    pub pager: Pager,
    /// For how many days attempts are kept.
    pub kept_days: u64,
}

impl AttemptsPage {
    const SECTION: Section = Section::Attempts;

    fn is_result(&self, result: &str) -> bool {
        self.result == result
    }

    fn result_text(&self, result: &str) -> String {
        attempt_text(result, &self.shell.locale)
    }

    fn url(&self, path: &str, page: u64) -> String {
        let at = |at: Option<Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
        let (from, until) = (at(self.from), at(self.until));
        let fields = [
            ("account", self.account.as_str()),
            ("address", &self.address),
            ("result", &self.result),
            ("from", &from),
            ("until", &until),
        ];
        urls::paged(path, &fields, page)
    }

    fn csv_url(&self) -> String {
        self.url(urls::LOGIN_ATTEMPTS_CSV, 1)
    }

    fn neighbour_url(&self, forward: bool) -> Option<String> {
        let page = if forward { self.pager.next() } else { self.pager.previous() }?;
        Some(self.url(urls::LOGIN_ATTEMPTS, page))
    }

    fn field(&self, at: &Option<Timestamp>) -> String {
        at.map(|at| self.shell.locale.field(at)).unwrap_or_default()
    }
}
