//! `[oidc]`: single sign-on by an OpenID provider, and what its groups mean.

use std::collections::BTreeSet;

use api::{SsoConfig, SsoGroup};
use store::records::Role;
use url::{Host, Url};

use super::reader::{Reader, Section};
use super::rule::{Choice, Rule, Text};
use super::tree::Value;

const CLIENT_ID: Text =
    Text { allowed: "the client id that the provider gave", accepts: |text| !text.is_empty() };
const CLAIM: Text = Text {
    allowed: "the name of a claim, such as \"groups\" or \"realm_access.roles\"",
    accepts: |text| !text.is_empty() && !text.contains(char::is_whitespace),
};
const LABEL: Text = Text {
    allowed: "a text of 1 to 60 characters for a button",
    accepts: |text| !text.trim().is_empty() && text.chars().count() <= 60,
};
const GROUPS_CLAIM_DEFAULT: &str = "groups";
const LABEL_NL_DEFAULT: &str = "Inloggen met uw organisatieaccount";
const LABEL_EN_DEFAULT: &str = "Sign in with your organisation account";
/// Name and address of somebody.
const SCOPES_DEFAULT: [&str; 2] = ["profile", "email"];
/// Whether somebody who has no account gets one.
const NEWCOMERS: Choice<bool> = Choice(&[("refuse", false), ("create", true)]);
/// Two factors, a code of a device, a key in hardware, a smart card (RFC 8176, 2).
const AMR_DEFAULT: [&str; 4] = ["mfa", "otp", "hwk", "sc"];
/// Between a group and a customer that it is for.
const ARROW: &str = "->";

/// The issuer, letter for letter: providers compare it so.
struct Issuer;

impl Rule for Issuer {
    type Out = String;

    fn allowed(&self) -> String {
        String::from(
            "the issuer as the provider writes it, https:// (http:// only on this machine) and \
             without a query, such as \"https://login.example.net/realms/isp\"",
        )
    }

    fn read(&self, value: &Value) -> Option<String> {
        let Value::Text(text) = value else { return None };
        let url = Url::parse(text).ok()?;
        let is_loopback = match url.host()? {
            Host::Domain(name) => name == "localhost",
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
        };
        let is_safe = url.scheme() == "https" || (url.scheme() == "http" && is_loopback);
        let is_bare = url.query().is_none() && url.fragment().is_none();
        let has_login = !url.username().is_empty() || url.password().is_some();
        (is_safe && is_bare && !has_login && text.trim() == text).then(|| text.clone())
    }

    fn show(&self, out: &String) -> String {
        format!("{out:?}")
    }
}

/// A list of texts, each of which a function reads.
pub(super) struct ListOf<T: 'static> {
    allowed: &'static str,
    one: fn(&str) -> Option<T>,
    shown: fn(&T) -> String,
}

impl<T> Rule for ListOf<T> {
    type Out = Vec<T>;

    fn allowed(&self) -> String {
        self.allowed.to_owned()
    }

    fn read(&self, value: &Value) -> Option<Vec<T>> {
        let one = |value: &Value| match value {
            Value::Text(text) => (self.one)(text.trim()),
            _ => None,
        };
        match value {
            Value::List(entries) => entries.iter().map(|entry| one(&entry.value)).collect(),
            // The environment has no lists.
            Value::Text(list) => {
                list.split(',').map(str::trim).filter(|t| !t.is_empty()).map(self.one).collect()
            }
            _ => None,
        }
    }

    fn show(&self, out: &Vec<T>) -> String {
        let entries: Vec<String> =
            out.iter().map(|entry| format!("{:?}", (self.shown)(entry))).collect();
        format!("[{}]", entries.join(", "))
    }
}

const SCOPES: ListOf<String> = ListOf {
    allowed: "a list of scopes, such as [\"profile\", \"email\"]",
    one: |text| {
        let fits = |b: u8| b.is_ascii_graphic() && b != b'"' && b != b'\\';
        (!text.is_empty() && text.bytes().all(fits)).then(|| text.to_owned())
    },
    shown: String::clone,
};

/// A group, and the customer that it is for.
type Group = (String, Option<String>);

const GROUPS: ListOf<Group> = ListOf {
    allowed: "a list of groups, each perhaps with the name or number of a customer, such as \
              [\"noc\", \"customers-ede -> 1042\"]",
    one: |text| match text.split_once(ARROW) {
        None => (!text.is_empty()).then(|| (text.to_owned(), None)),
        Some((group, customer)) => {
            let (group, customer) = (group.trim(), customer.trim());
            let is_whole = !group.is_empty() && !customer.is_empty();
            is_whole.then(|| (group.to_owned(), Some(customer.to_owned())))
        }
    },
    shown: |(group, customer)| match customer {
        None => group.clone(),
        Some(customer) => format!("{group} {ARROW} {customer}"),
    },
};

const VALUES: ListOf<String> = ListOf {
    allowed: "a list of names as the provider writes them, such as [\"mfa\"]",
    one: |text| {
        let fits = |byte: u8| byte.is_ascii_graphic();
        (!text.is_empty() && text.bytes().all(fits)).then(|| text.to_owned())
    },
    shown: String::clone,
};

/// Some of the roles.
pub(super) const ROLES: ListOf<Role> = ListOf {
    allowed: "a list of roles, of \"beheer\", \"accountmanager\" and \"klant\"",
    one: |text| text.parse().ok(),
    shown: |role| role.as_str().to_owned(),
};

const ACCOUNTS: ListOf<String> = ListOf {
    allowed: "a list of mail addresses, such as [\"admin@example.net\"]",
    one: |text| {
        let parts = text.rsplit_once('@');
        parts
            .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty())
            .then(|| text.to_lowercase())
    },
    shown: String::clone,
};

/// Reads `[oidc]`; without an issuer there is no single sign-on. Everything is
/// read before anything is given up, so that all errors show.
pub(super) fn read(reader: &Reader<'_>) -> Option<SsoConfig> {
    let section = reader.section("oidc");
    let issuer = section.optional("issuer", &Issuer);
    let client_id = section.optional("client_id", &CLIENT_ID);
    let client_secret = section.secret("client_secret");
    let scopes = section.or("scopes", &SCOPES, SCOPES_DEFAULT.map(str::to_owned).to_vec());
    let groups_claim = section.or("groups_claim", &CLAIM, GROUPS_CLAIM_DEFAULT.to_owned());
    let customers_claim = section.optional("customers_claim", &CLAIM);
    let groups = groups(&section);
    let acr_values = section.or("acr_values", &VALUES, Vec::new());
    let amr_values = section.or("amr_values", &VALUES, AMR_DEFAULT.map(str::to_owned).to_vec());
    let creates_users = section.or("newcomers", &NEWCOMERS, false);
    let label_nl = section.or("label_nl", &LABEL, LABEL_NL_DEFAULT.to_owned());
    let label_en = section.or("label_en", &LABEL, LABEL_EN_DEFAULT.to_owned());
    let only_for: BTreeSet<Role> = section.or("only_for", &ROLES, Vec::new()).into_iter().collect();
    let emergency_accounts = section.or("emergency_accounts", &ACCOUNTS, Vec::new());
    let is_given = section.raw("issuer").is_some();
    if is_given && section.raw("client_id").is_none() {
        section.missing("client_id", &CLIENT_ID.allowed());
    }
    if !is_given && section.raw("client_id").is_some() {
        section.missing("issuer", &Issuer.allowed());
    }
    if is_given && groups.is_empty() {
        let reason = "and its neighbours name no group, so nobody could come in; name one in \
                      beheer_groups, accountmanager_groups or klant_groups";
        section.conflict("beheer_groups", reason);
    }
    if only_for.contains(&Role::Beheer) && emergency_accounts.is_empty() {
        let reason = "holds \"beheer\", so nobody could mend anything while the provider is \
                      away; name an administrator in oidc.emergency_accounts";
        section.conflict("only_for", reason);
    }
    Some(SsoConfig {
        issuer: issuer?,
        client_id: client_id?,
        client_secret,
        scopes,
        groups_claim,
        customers_claim,
        groups,
        acr_values,
        amr_values,
        creates_users,
        labels: [label_nl, label_en],
        only_for,
        emergency_accounts,
    })
}

fn groups(section: &Section<'_>) -> Vec<SsoGroup> {
    let mut all: Vec<SsoGroup> = Vec::new();
    for (role, key) in [
        (Role::Beheer, "beheer_groups"),
        (Role::Accountmanager, "accountmanager_groups"),
        (Role::Klant, "klant_groups"),
    ] {
        let given = section.or(key, &GROUPS, Vec::new());
        if role == Role::Beheer && given.iter().any(|(_, customer)| customer.is_some()) {
            section.conflict(key, "names a customer, and an administrator sees all of them");
        }
        for (group, customer) in given {
            all.push(SsoGroup { group, role, customers: customer.into_iter().collect() });
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(rule: &impl Rule, input: &str, expected: Option<&str>) {
        let shown = rule.read(&Value::Text(input.to_owned())).map(|out| rule.show(&out));
        assert_eq!(shown.as_deref(), expected, "{input}");
    }

    #[test]
    fn an_issuer_stays_as_it_is_written() {
        check(&Issuer, "https://login.example.net", Some("\"https://login.example.net\""));
        check(&Issuer, "https://login.example.net/", Some("\"https://login.example.net/\""));
        check(&Issuer, "http://127.0.0.1:8080/x", Some("\"http://127.0.0.1:8080/x\""));
        for refused in [
            "",
            "login.example.net",
            "http://login.example.net",
            "https://login.example.net?x",
            "https://u:p@login.example.net",
            " https://login.example.net",
        ] {
            check(&Issuer, refused, None);
        }
    }

    #[test]
    fn groups_may_name_a_customer() {
        check(&GROUPS, "noc, cn=ede -> 1042", Some("[\"noc\", \"cn=ede -> 1042\"]"));
        check(&GROUPS, "", Some("[]"));
        check(&GROUPS, "-> 1042", None);
        check(&GROUPS, "ede ->", None);
    }

    #[test]
    fn roles_and_addresses_are_checked() {
        check(&ROLES, "beheer,klant", Some("[\"beheer\", \"klant\"]"));
        check(&ROLES, "admin", None);
        check(&ACCOUNTS, "Admin@Example.net", Some("[\"admin@example.net\"]"));
        check(&ACCOUNTS, "admin", None);
    }
}
