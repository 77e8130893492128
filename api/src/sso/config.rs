//! What single sign-on is told by the configuration.

use std::collections::BTreeSet;

use secrecy::SecretString;
use store::records::Role;

/// One OpenID provider, and what its groups mean here.
#[derive(Clone, Debug)]
pub struct SsoConfig {
    /// The issuer, letter for letter as the provider writes it.
    pub issuer: String,
    /// The name under which the provider knows us.
    pub client_id: String,
    /// What proves us to the provider; without one PKCE alone does.
    pub client_secret: Option<SecretString>,
    /// What to ask for besides `openid`.
    pub scopes: Vec<String>,
    /// The claim that holds the groups: its name, or a path such as
    /// `realm_access.roles`.
    pub groups_claim: String,
    /// The claim that holds names or numbers of customers, if there is one.
    pub customers_claim: Option<String>,
    /// What each group means.
    pub groups: Vec<SsoGroup>,
    /// Classes of authentication (`acr`) that mean two factors: the provider is
    /// asked for them.
    pub acr_values: Vec<String>,
    /// Methods of authentication (`amr`, RFC 8176) of which any means two factors.
    pub amr_values: Vec<String>,
    /// Whether somebody who is not known yet gets an account.
    pub creates_users: bool,
    /// What the button says, in Dutch and in English.
    pub labels: [String; 2],
    /// Roles that come in by the provider alone.
    pub only_for: BTreeSet<Role>,
    /// Addresses, lower-cased, of accounts that keep their password all the same.
    pub emergency_accounts: Vec<String>,
}

/// What a group of the provider means here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SsoGroup {
    /// The group as it stands in the claim.
    pub group: String,
    /// The role that it gives.
    pub role: Role,
    /// Customers, by name or number, that it lets act for.
    pub customers: Vec<String>,
}
