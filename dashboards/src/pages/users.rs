//! The users: the list, one of them, and many at once.

use askama::Template;
use correlate::model::Timestamp;

use crate::i18n::Lang;
use crate::locale::Locale;
use crate::shell::{Section, Shell};
use crate::urls;
use crate::view::access::{SessionRow, TokenRow};
use crate::view::import::ImportFault;
use crate::view::mailed::Mailed;
use crate::view::pager::Pager;
use crate::view::people::{FormProblem, ShownLink, UserRole, UserRow, UserStanding};
use crate::view::sign_on::{ProfileSignOn, SignOnButton, UserSignOn};

/// The users, `/users`.
#[derive(Template, Debug)]
#[template(path = "users.html")]
pub struct UsersPage {
    /// What surrounds it.
    pub shell: Shell,
    /// The words searched for.
    pub query: String,
    /// Only this role.
    pub role: Option<UserRole>,
    /// Only this standing.
    pub standing: Option<UserStanding>,
    /// One page of them, by address.
    pub rows: Vec<UserRow>,
    /// Which page.
    pub pager: Pager,
    /// Whether the reader may invite.
    pub may_edit: bool,
}

impl UsersPage {
    const SECTION: Section = Section::Users;

    fn has_role(&self, role: &UserRole) -> bool {
        self.role.as_ref() == Some(role)
    }

    fn has_standing(&self, standing: &UserStanding) -> bool {
        self.standing.as_ref() == Some(standing)
    }

    fn is_narrowed(&self) -> bool {
        !self.query.is_empty() || self.role.is_some() || self.standing.is_some()
    }

    fn neighbour_url(&self, forward: bool) -> Option<String> {
        let page = if forward { self.pager.next() } else { self.pager.previous() }?;
        let role = self.role.map_or("", UserRole::as_str);
        let standing = self.standing.map_or("", UserStanding::as_str);
        let fields = [("q", self.query.as_str()), ("role", role), ("standing", standing)];
        Some(urls::paged(urls::USERS, &fields, page))
    }
}

/// What a form about a user holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UserForm {
    /// Their address.
    pub email: String,
    /// What to call them.
    pub name: String,
    /// What they may do.
    pub role: UserRole,
    /// The language they read.
    pub language: Lang,
    /// The zone in which they read instants; empty for that of the product.
    pub time_zone: String,
    /// Where notifications go; empty for their address.
    pub notification_email: String,
    /// The customers that they act for, one a line.
    pub customers: String,
    /// The revision that was shown.
    pub revision: i64,
}

/// One user, or the form for a new one, `/users/{id}` and `/users/new`.
#[derive(Template, Debug)]
#[template(path = "user.html")]
pub struct UserPage {
    /// What surrounds it.
    pub shell: Shell,
    /// Who it is; `None` for a new one.
    pub user: Option<UserHead>,
    /// What the form holds.
    pub form: UserForm,
    /// What is wrong in it.
    pub problem: Option<FormProblem>,
    /// An invitation that was just made.
    pub link: Option<ShownLink>,
    /// Whether it was just saved.
    pub is_saved: bool,
    /// Whether the reader may change it.
    pub may_edit: bool,
    /// Where they are signed in, the latest first; for who may change it.
    pub sessions: Vec<SessionRow>,
    /// Their personal API tokens, the latest first; for who may change it.
    pub tokens: Vec<TokenRow>,
    /// The time zones that can be chosen.
    pub zones: Vec<String>,
    /// The zone of the product.
    pub product_zone: String,
    /// Who they are at the OpenID provider, for whoever may change it.
    pub sign_on: Option<UserSignOn>,
}

/// Who a page is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UserHead {
    /// Their id.
    pub id: String,
    /// What they are called.
    pub name: String,
    /// Whether they may come in.
    pub standing: UserStanding,
    /// When they were added.
    pub created_at: Timestamp,
    /// Whether they sign in with a second factor.
    pub has_second_factor: bool,
    /// The tokens of services that they issued and that work, by name, for whoever
    /// may change them: a ban revokes these.
    pub issued_tokens: Vec<String>,
}

impl UserPage {
    const SECTION: Section = Section::Users;

    fn action(&self) -> String {
        self.user.as_ref().map_or_else(|| urls::USER_NEW.to_owned(), |user| urls::user(&user.id))
    }

    fn revoke(&self) -> String {
        let of = |user: &UserHead| urls::user_token_revoke(&user.id);
        self.user.as_ref().map(of).unwrap_or_default()
    }
}

/// Many users at once, `/users/import`.
#[derive(Template, Debug)]
#[template(path = "users_import.html")]
pub struct UsersImportPage {
    /// What surrounds it.
    pub shell: Shell,
    /// The list, to try again.
    pub text: String,
    /// Why it is no list.
    pub refused: Option<ImportFault>,
    /// What it did, or would do.
    pub outcome: Option<UsersImported>,
}

/// What a list of users did, or would do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UsersImported {
    /// Line by line.
    pub lines: Vec<UserImportLine>,
    /// How many are refused.
    pub refused: u64,
    /// How many invite somebody.
    pub invited: u64,
    /// How many change somebody.
    pub updated: u64,
    /// Whether it was done.
    pub is_done: bool,
    /// Stands for all of this, so that exactly this can be done.
    pub hash: String,
    /// Whether it was meant, and is not what the trial said any more.
    pub has_moved: bool,
}

/// A line of a list and what it does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UserImportLine {
    /// Where it is.
    pub line: u64,
    /// Whom it is about.
    pub email: String,
    /// What it does.
    pub plan: UserImportPlan,
    /// Where the invitation leads.
    pub link: Option<String>,
}

/// What a line does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum UserImportPlan {
    /// Invites.
    Invite,
    /// Changes, in these respects.
    Update(Vec<(&'static str, String, String)>),
    /// Nothing.
    Nothing,
    /// Is refused; why.
    Refused(ImportFault),
}

impl UserImportLine {
    fn key(&self) -> &'static str {
        match self.plan {
            UserImportPlan::Invite => "import-invite",
            UserImportPlan::Update(_) => "import-update",
            UserImportPlan::Nothing => "import-nothing",
            UserImportPlan::Refused(_) => "import-refused",
        }
    }

    fn class(&self) -> &'static str {
        match self.plan {
            UserImportPlan::Invite => "up",
            UserImportPlan::Update(_) => "maintenance",
            UserImportPlan::Nothing => "unknown",
            UserImportPlan::Refused(_) => "down",
        }
    }

    fn detail(&self, locale: &Locale) -> String {
        match &self.plan {
            UserImportPlan::Update(changes) => {
                let shown =
                    |text: &str| if text.is_empty() { "–".to_owned() } else { text.to_owned() };
                let line = |(field, before, after): &(&str, String, String)| {
                    format!("{field}: {} → {}", shown(before), shown(after))
                };
                changes.iter().map(line).collect::<Vec<_>>().join("; ")
            }
            UserImportPlan::Refused(fault) => fault.text(locale),
            UserImportPlan::Invite | UserImportPlan::Nothing => String::new(),
        }
    }
}

impl UsersImportPage {
    const SECTION: Section = Section::Users;

    fn can_be_done(&self) -> bool {
        let ready = |outcome: &UsersImported| !outcome.is_done && outcome.refused == 0;
        self.outcome.as_ref().is_some_and(ready)
    }
}

/// Where an invitation leads, `/register`. `shell.user` is `None`.
#[derive(Template, Debug)]
#[template(path = "register.html")]
pub struct RegisterPage {
    /// What surrounds it.
    pub shell: Shell,
    /// Whom it invites.
    pub invited: Mailed<InvitedForm>,
    /// What is wrong in the form.
    pub problem: Option<FormProblem>,
}

/// What the form of an invitation holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InvitedForm {
    /// The token of the link.
    pub token: String,
    /// Their address.
    pub email: String,
    /// What to call them.
    pub name: String,
    /// How many characters a password must have.
    pub password_least: usize,
    /// The way to the OpenID provider, if there is one.
    pub sign_on: Option<SignOnButton>,
}

impl InvitedForm {
    fn takes_password(&self) -> bool {
        self.sign_on.as_ref().is_none_or(|button| !button.is_only_way)
    }
}

impl RegisterPage {
    const SECTION: Section = Section::None;
}

/// The reader's own profile, `/profile`.
#[derive(Template, Debug)]
#[template(path = "profile.html")]
pub struct ProfilePage {
    /// What surrounds it.
    pub shell: Shell,
    /// What the form holds; address, role and customers are shown only.
    pub form: UserForm,
    /// What is wrong in it.
    pub problem: Option<FormProblem>,
    /// Whether it was just saved.
    pub is_saved: bool,
    /// The time zones that can be chosen.
    pub zones: Vec<String>,
    /// The zone of the product.
    pub product_zone: String,
    /// Single sign-on, if there is a provider.
    pub sign_on: Option<ProfileSignOn>,
    /// Whether the address for notices still has to be shown to work.
    pub awaits_proof: bool,
}

impl ProfilePage {
    const SECTION: Section = Section::Profile;
    const TAB: &str = urls::PROFILE;
}
