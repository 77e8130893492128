//! From the groups that a provider names to a role and customers. Pure.

use std::collections::BTreeSet;

use store::records::{Role, SignOnGrant};

use super::config::SsoConfig;

/// What `groups` and `customers`, the texts of the two claims, give somebody:
/// the mightiest role of their groups, and the customers of the groups that
/// give it together with those of the claim. `None`: no group means anything.
pub(super) fn grant(
    config: &SsoConfig,
    groups: &BTreeSet<String>,
    customers: &BTreeSet<String>,
) -> Option<SignOnGrant> {
    let theirs = || config.groups.iter().filter(|known| groups.contains(&known.group));
    let role = theirs().map(|known| known.role).min()?;
    let customers = match role {
        Role::Beheer => BTreeSet::new(),
        Role::Accountmanager | Role::Klant => theirs()
            .filter(|known| known.role == role)
            .flat_map(|known| known.customers.iter().cloned())
            .chain(customers.iter().cloned())
            .collect(),
    };
    Some(SignOnGrant { role, customers })
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::super::SsoGroup;
    use super::*;

    fn config() -> SsoConfig {
        let group = |group: &str, role, customers: &[&str]| SsoGroup {
            group: group.to_owned(),
            role,
            customers: customers.iter().map(ToString::to_string).collect(),
        };
        SsoConfig {
            issuer: "https://login.example.net".to_owned(),
            client_id: "padwacht".to_owned(),
            client_secret: Some(SecretString::from("s3cret")),
            scopes: Vec::new(),
            groups_claim: "groups".to_owned(),
            customers_claim: None,
            groups: vec![
                group("noc", Role::Beheer, &[]),
                group("sales", Role::Accountmanager, &["Ede"]),
                group("ede", Role::Klant, &["Ede"]),
                group("edam", Role::Klant, &["Edam"]),
            ],
            acr_values: Vec::new(),
            amr_values: Vec::new(),
            creates_users: false,
            labels: ["Inloggen".to_owned(), "Sign in".to_owned()],
            only_for: BTreeSet::new(),
            emergency_accounts: Vec::new(),
        }
    }

    #[track_caller]
    fn check(groups: &[&str], customers: &[&str], expected: Option<(Role, &[&str])>) {
        let set = |texts: &[&str]| texts.iter().map(ToString::to_string).collect();
        let found = grant(&config(), &set(groups), &set(customers));
        let expected =
            expected.map(|(role, customers)| SignOnGrant { role, customers: set(customers) });
        assert_eq!(found, expected, "{groups:?} {customers:?}");
    }

    #[test]
    fn the_mightiest_group_counts() {
        check(&["ede", "noc", "sales"], &["7"], Some((Role::Beheer, &[])));
        check(&["ede", "sales"], &[], Some((Role::Accountmanager, &["Ede"])));
    }

    #[test]
    fn customers_come_from_the_groups_of_that_role_and_the_claim() {
        check(&["ede", "edam", "other"], &["1042"], Some((Role::Klant, &["1042", "Edam", "Ede"])));
        check(&["sales"], &["1042"], Some((Role::Accountmanager, &["1042", "Ede"])));
    }

    #[test]
    fn groups_that_nobody_mapped_give_nothing() {
        check(&["other", "NOC", "noc "], &["1042"], None);
        check(&[], &[], None);
    }
}
