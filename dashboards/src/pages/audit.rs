//! Who changed what, and who may do what.

use askama::Template;
use correlate::model::Timestamp;

use crate::shell::{Section, Shell};
use crate::urls;
use crate::view::pager::Pager;
use crate::view::people::{Permission, PermissionReach, UserRole};

/// The sorts of objects that the trail can be narrowed to.
const KINDS: [(&str, &str); 8] = [
    ("service", "audit-kind-service"),
    ("customer", "audit-kind-customer"),
    ("user", "audit-kind-user"),
    ("window", "audit-kind-window"),
    ("session", "audit-kind-session"),
    ("api-token", "audit-kind-api-token"),
    ("account", "audit-kind-account"),
    ("setting", "audit-kind-setting"),
];

/// The audit trail, `/audit`.
#[derive(Template, Debug)]
#[template(path = "audit.html")]
pub struct AuditPage {
    /// What surrounds it.
    pub shell: Shell,
    /// The text searched for in object and actor.
    pub query: String,
    /// Only objects of this sort; empty for all.
    pub kind: String,
    /// Only from this instant on.
    pub from: Option<Timestamp>,
    /// Only before this instant.
    pub until: Option<Timestamp>,
    /// One page of entries, the latest first.
    pub rows: Vec<AuditRow>,
    /// Which page.
    pub pager: Pager,
    /// Whether the chain is whole; `None` when it was not asked for.
    pub verdict: Option<AuditVerdict>,
}

/// An entry of the trail.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AuditRow {
    /// Its number.
    pub sequence: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// From where; empty when it was no request.
    pub address: String,
    /// By which API token: what it is for, or how it begins.
    pub token: Option<String>,
    /// What was done, as it is recorded.
    pub action: String,
    /// What that is called, where the entry says so.
    pub name: Option<String>,
    /// To what.
    pub object: String,
    /// What changed: field, before, after; what was not there is empty.
    pub changes: Vec<(String, String, String)>,
}

impl AuditRow {
    /// The page of what was changed, if it has one and is still there.
    fn page(&self) -> Option<String> {
        let (kind, id) = self.object.split_once('/')?;
        match kind {
            _ if self.action == "delete" => None,
            "customer" => Some(urls::customer(id)),
            "service" => Some(urls::service(id)),
            "user" => Some(urls::user(id)),
            _ => None,
        }
    }
}

/// What checking the chain came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AuditVerdict {
    /// It is whole.
    Whole {
        /// The first entry that is kept.
        first: u64,
        /// The last entry.
        last: u64,
        /// Its hash.
        hash: String,
    },
    /// It breaks; where, in English.
    Broken(String),
}

impl AuditPage {
    const SECTION: Section = Section::Audit;

    fn kinds(&self) -> [(&'static str, &'static str); 8] {
        KINDS
    }

    fn is_kind(&self, kind: &str) -> bool {
        self.kind == kind
    }

    fn fields(&self) -> [(&'static str, String); 4] {
        let at = |at: Option<Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
        [
            ("q", self.query.clone()),
            ("kind", self.kind.clone()),
            ("from", at(self.from)),
            ("until", at(self.until)),
        ]
    }

    fn url(&self, path: &str, page: u64) -> String {
        let fields = self.fields();
        let fields: Vec<(&str, &str)> =
            fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        urls::paged(path, &fields, page)
    }

    fn csv_url(&self) -> String {
        self.url(urls::AUDIT_CSV, 1)
    }

    fn neighbour_url(&self, forward: bool) -> Option<String> {
        let page = if forward { self.pager.next() } else { self.pager.previous() }?;
        Some(self.url(urls::AUDIT, page))
    }

    fn whole(&self, first: &u64, last: &u64) -> String {
        self.shell.locale.t2("audit-whole", ("first", first), ("last", last))
    }

    fn field(&self, at: &Option<Timestamp>) -> String {
        at.map(|at| self.shell.locale.field(at)).unwrap_or_default()
    }
}

/// Who may do what, `/permissions`.
#[derive(Template, Debug)]
#[template(path = "permissions.html")]
pub struct PermissionsPage {
    /// What surrounds it.
    pub shell: Shell,
    /// Every action.
    pub rows: Vec<PermissionRow>,
    /// The roles that must have a second factor.
    pub second_factor: Vec<UserRole>,
    /// Whether those were just saved.
    pub is_saved: bool,
}

/// An action, and how far each role goes in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PermissionRow {
    /// Which.
    pub permission: Permission,
    /// How far each of [`UserRole::ALL`] goes.
    pub reach: Vec<PermissionReach>,
    /// How far a token of a service with each of these goes.
    pub service: Vec<PermissionReach>,
    /// What a change asks besides the role: `nothing`, `recent`,
    /// `recent-in-session`, `recent-or-service` or `session`.
    pub confirmation: &'static str,
    /// The scopes by which a token does it; empty where none does.
    pub scopes: Vec<&'static str>,
    /// The routes that are part of it.
    pub routes: Vec<String>,
}

impl PermissionRow {
    fn confirmation_key(&self) -> &'static str {
        match self.confirmation {
            "recent" => "confirmation-recent",
            "recent-in-session" => "confirmation-recent-in-session",
            "recent-or-service" => "confirmation-recent-or-service",
            "session" => "confirmation-session",
            _ => "confirmation-nothing",
        }
    }

    fn service_differs(&self, role: &usize) -> bool {
        self.service.get(*role) != self.reach.get(*role)
    }
}

impl PermissionsPage {
    const SECTION: Section = Section::Permissions;

    fn roles(&self) -> [UserRole; 3] {
        UserRole::ALL
    }

    fn requires(&self, role: &UserRole) -> bool {
        self.second_factor.contains(role)
    }
}
