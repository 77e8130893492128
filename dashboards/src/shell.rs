//! What surrounds every page: who reads it, in which language and zone, how
//! fresh the data are and what is wrong with them.

use correlate::model::Timestamp;

use crate::locale::Locale;

/// The person signed in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct User {
    /// What to call them; the mail address when there is no name.
    pub name: String,
    /// Their mail address.
    pub email: String,
    /// Which entries of the menu lead somewhere for them.
    pub menu: Menu,
}

/// The entries of the menu that not everybody has.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Menu {
    /// Customers.
    pub customers: bool,
    /// Users.
    pub users: bool,
    /// What if.
    pub plan: bool,
    /// What the pipeline set aside, and how it fares.
    pub pipeline: bool,
    /// The audit trail.
    pub audit: bool,
    /// Who may do what.
    pub permissions: bool,
    /// Who tried to sign in, whoever it was.
    pub attempts: bool,
    /// The API tokens of services.
    pub service_tokens: bool,
    /// Mails on their way.
    pub mails: bool,
}

/// What is wrong with a source.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SourceTrouble {
    /// It answers, but not credibly (an empty list, a sudden mass change): its
    /// last states stay in force until they go stale.
    Suspect,
    /// It does not answer.
    Down,
}

/// Something the reader must know before trusting the page.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Notice {
    /// The pipeline is behind: nothing newer than this is shown.
    Stale {
        /// The instant up to which the data are complete.
        until: Timestamp,
    },
    /// A source of states is in trouble.
    Source {
        /// Its name, such as `ams1`.
        name: String,
        /// What is wrong.
        trouble: SourceTrouble,
        /// Since when.
        since: Timestamp,
    },
    /// A source answers as if all were well, with something that cannot be right.
    Alarm {
        /// Its name.
        source: String,
        /// The kind of fault, by its name in metrics.
        fault: String,
        /// Since when.
        since: Timestamp,
    },
    /// There is no account at an NMS, so nothing is watched.
    NothingWatched,
    /// The pipeline set samples or records aside not long ago.
    SetAside {
        /// How many in the last 24 hours.
        count: u64,
        /// The newest of them.
        newest: Timestamp,
    },
}

impl Notice {
    /// The key of what a kind of fault means.
    pub(crate) fn meaning(fault: &str) -> &'static str {
        crate::view::source::explained(fault).map_or("notice-alarm-other", |known| known.meaning)
    }
}

/// How fresh the data are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Freshness {
    /// The instant up to which the data are complete; `None` before the first.
    pub until: Option<Timestamp>,
    /// Whether that is older than it should be.
    pub is_stale: bool,
}

/// What surrounds every page.
#[derive(Clone, Debug)]
pub struct Shell {
    /// Language and time zone.
    pub locale: Locale,
    /// The instant at which the page is made; durations of what is still open
    /// count up to it.
    pub now: Timestamp,
    /// Who is signed in; `None` on the sign-in page.
    pub user: Option<User>,
    /// The path and query of this page, to come back to after a change of
    /// language.
    pub here: String,
    /// What the reader must know before trusting the page, worst first.
    pub notices: Vec<Notice>,
    /// How fresh the data are.
    pub freshness: Freshness,
}

/// The entry of the navigation that is current.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Section {
    Overview,
    Services,
    SetAside,
    Sources,
    WhatIf,
    Customers,
    Users,
    Audit,
    Permissions,
    Attempts,
    ServiceTokens,
    Mails,
    Profile,
    ApiDocs,
    None,
}
