//! The form of an account at an NMS.

use askama::Template;
use correlate::model::Timestamp;

use crate::locale::Locale;
use crate::shell::{Section, Shell};
use crate::urls;
use crate::view::source::{Explained, explained};

/// The steps of a try, with what they are called.
const STEPS: [(&str, &str); 8] = [
    ("address and token", "check-address"),
    ("device list", "check-devices"),
    ("server clock", "check-clock"),
    ("age of data", "check-age"),
    ("ports", "check-ports"),
    ("BGP sessions", "check-sessions"),
    ("service checks", "check-checks"),
    ("answer in time", "check-in-time"),
];

/// The settings that there are words for, by their key in the configuration, in
/// the order of the form.
const SETTINGS: [(&str, &str); 30] = [
    ("time_zone", "setting-time-zone"),
    ("clock", "setting-clock"),
    ("version", "setting-version"),
    ("poll_interval", "setting-poll-interval"),
    ("glance_interval", "setting-glance-interval"),
    ("changes_interval", "setting-changes-interval"),
    ("sessions_interval", "setting-sessions-interval"),
    ("checks_interval", "setting-checks-interval"),
    ("inventory_interval", "setting-inventory-interval"),
    ("nms_interval", "setting-nms-interval"),
    ("fresh_for", "setting-fresh-for"),
    ("event_log", "setting-event-log"),
    ("requests_per_second", "setting-requests-per-second"),
    ("requests_at_once", "setting-requests-at-once"),
    ("bytes_in_flight", "setting-bytes-in-flight"),
    ("request_timeout", "setting-request-timeout"),
    ("bulk_ports_max", "setting-bulk-ports-max"),
    ("management_lost", "setting-management-lost"),
    ("snmp_without_ping", "setting-snmp-without-ping"),
    ("disabled", "setting-disabled"),
    ("never_polled", "setting-never-polled"),
    ("deleted", "setting-deleted"),
    ("ignored", "setting-ignored"),
    ("status_ignored", "setting-status-ignored"),
    ("admin_down", "setting-admin-down"),
    ("frozen_ports", "setting-frozen-ports"),
    ("dormant", "setting-dormant"),
    ("testing", "setting-testing"),
    ("not_present", "setting-not-present"),
    ("check_warning", "setting-check-warning"),
];

/// An account as the list of sources shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AccountRow {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub url: String,
    /// Whether it is read.
    pub enabled: bool,
    /// Who set the token, and when; `None` for one of the configuration.
    pub token: Option<(String, Timestamp)>,
    /// Whether one of the configuration has its name and is read instead.
    pub is_hidden: bool,
}

/// An account that is there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AccountHead {
    /// Its name.
    pub name: String,
    /// Who set the token.
    pub token_set_by: String,
    /// When.
    pub token_set_at: Timestamp,
}

/// What the form holds; never a token.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct AccountForm {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub url: String,
    /// Whether it is read.
    pub enabled: bool,
    /// Everything else that can be set.
    pub settings: Vec<AccountSetting>,
}

/// A setting of an account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AccountSetting {
    /// Its key in the configuration.
    pub key: String,
    /// What is set; empty for the default.
    pub value: String,
    /// The default; `None`: found out by itself.
    pub default: Option<String>,
}

/// A field that is not allowed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AccountRefusal {
    /// Which.
    pub field: String,
    /// Why (English).
    pub reason: String,
}

/// A step of a try.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AccountCheck {
    /// What was tried (English).
    pub subject: String,
    /// What was found (English), or the kind of fault.
    pub outcome: Result<String, String>,
}

/// An account, `/sources/{name}/account`, or the form for a new one.
#[derive(Template, Debug)]
#[template(path = "account.html")]
pub struct AccountPage {
    /// What surrounds it.
    pub shell: Shell,
    /// The account; `None` for a new one.
    pub account: Option<AccountHead>,
    /// What the form holds.
    pub form: AccountForm,
    /// What is wrong in it.
    pub refusals: Vec<AccountRefusal>,
    /// How a try of the connection went, if there was one.
    pub check: Option<Vec<AccountCheck>>,
    /// Whether it was just saved.
    pub is_saved: bool,
}

impl AccountPage {
    const SECTION: Section = Section::Sources;

    fn action(&self) -> String {
        let of = |account: &AccountHead| urls::source_account(&account.name);
        self.account.as_ref().map_or_else(|| urls::SOURCE_NEW.to_owned(), of)
    }

    /// What a field is called, in words where there are some.
    fn label(&self, field: &str) -> String {
        let locale: &Locale = &self.shell.locale;
        match field {
            "name" => locale.t("field-name"),
            "url" => locale.t("account-url"),
            "token" => locale.t("account-token"),
            "kind" => locale.t("account-kind"),
            "sure" => locale.t("account-remove"),
            key => match SETTINGS.iter().find(|(known, _)| *known == key) {
                Some((_, text)) => locale.t(text),
                None => key.to_owned(),
            },
        }
    }

    /// What a step is called in the reader's language, where it has a name there.
    fn step_name(&self, step: &AccountCheck) -> Option<String> {
        let found = STEPS.iter().find(|(known, _)| *known == step.subject);
        found.map(|(_, text)| self.shell.locale.t(text))
    }

    /// The settings as the form has them: those with words first, in their order.
    fn settings(&self) -> Vec<&AccountSetting> {
        let mut settings: Vec<&AccountSetting> = self.form.settings.iter().collect();
        let place = |one: &&AccountSetting| {
            SETTINGS.iter().position(|(known, _)| *known == one.key).unwrap_or(SETTINGS.len())
        };
        settings.sort_by_key(place);
        settings
    }

    /// What is wrong with a field, in the reader's language where there are words.
    fn wrong(&self, field: &str) -> Option<String> {
        let key = match field {
            "name" => "account-wrong-name",
            "url" => "account-wrong-url",
            "token" => "account-wrong-token",
            "sure" => "account-wrong-sure",
            _ => return None,
        };
        Some(self.shell.locale.t(key))
    }

    fn is_set(&self) -> bool {
        self.form.settings.iter().any(|setting| !setting.value.is_empty())
    }

    fn explained(&self, fault: &str) -> Option<Explained> {
        explained(fault)
    }

    fn is_well(&self, steps: &[AccountCheck]) -> bool {
        self.refusals.is_empty() && steps.iter().all(|step| step.outcome.is_ok())
    }
}
