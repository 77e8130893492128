//! Who changed what, and who may do what.

use askama::Template;
use correlate::model::Timestamp;

use crate::shell::{Section, Shell};
use crate::urls;
use crate::view::pager::Pager;
use crate::view::people::{Permission, PermissionReach, UserRole};

/// The sorts of objects that the trail can be narrowed to.
const KINDS: [(&str, &str); 7] = [
    ("service", "audit-kind-service"),
    ("customer", "audit-kind-customer"),
    ("user", "audit-kind-user"),
    ("window", "audit-kind-window"),
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
    /// Whether by an API token.
    pub by_token: bool,
    /// What was done, as it is recorded.
    pub action: String,
    /// To what.
    pub object: String,
    /// What changed: field, before, after; what was not there is empty.
    pub changes: Vec<(String, String, String)>,
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

    fn kinds(&self) -> [(&'static str, &'static str); 7] {
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
}

/// An action, and how far each role goes in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PermissionRow {
    /// Which.
    pub permission: Permission,
    /// How far each of [`UserRole::ALL`] goes.
    pub reach: Vec<PermissionReach>,
    /// The routes that are part of it.
    pub routes: Vec<String>,
}

impl PermissionsPage {
    const SECTION: Section = Section::Permissions;

    fn roles(&self) -> [UserRole; 3] {
        UserRole::ALL
    }
}
