//! Tokens of services: they belong to the installation and act by a role of
//! their own, so they outlive whoever issued them, unless by a ban.

use std::collections::{BTreeMap, BTreeSet};

use correlate::model::Timestamp;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait, IntoActiveModel,
    PaginatorTrait, QueryFilter, QueryOrder,
};

use super::{ApiToken, ApiTokens, KIND_SERVICE, read};
use crate::Scope;
use crate::records::audit::Actor;
use crate::records::entity::{api_token, api_token_customer, customer};
use crate::records::error::{Doing, RecordsError};
use crate::records::ids::{ApiTokenId, CustomerId, UserId};
use crate::records::users::Role;

/// Tokens in one `IN (…)`: a bounded statement on both databases.
const IDS_PER_QUERY: usize = 500;

/// As what a token of a service acts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServiceGrant {
    /// What it may do, within the scopes of the token.
    pub role: Role,
    /// The customers whose services it may see; none for [`Role::Beheer`],
    /// which sees all.
    pub customers: BTreeSet<CustomerId>,
}

impl ServiceGrant {
    /// What it may see.
    pub fn scope(&self) -> Scope {
        match self.role {
            Role::Beheer => Scope::everything(),
            Role::Accountmanager | Role::Klant => Scope::customers(self.customers.iter().copied()),
        }
    }

    fn check(&self) -> Result<(), RecordsError> {
        let refused = |reason: String| Err(RecordsError::invalid("customers", reason));
        match (self.role, self.customers.len()) {
            (Role::Beheer, 0) => Ok(()),
            (Role::Beheer, _) => refused("beheer sees every customer: name none".to_owned()),
            (_, 0) => refused("name at least one customer".to_owned()),
            (_, count) if count > Scope::CUSTOMERS_MAX => {
                refused(format!("at most {} can be named", Scope::CUSTOMERS_MAX))
            }
            _ => Ok(()),
        }
    }
}

impl ApiTokens<'_> {
    /// Every token of a service, revoked and expired ones too, the latest first.
    ///
    /// # Errors
    /// Only of the database, or a stored value that cannot be read.
    pub async fn list_services(self) -> Result<Vec<ApiToken>, RecordsError> {
        let rows = api_token::Entity::find()
            .filter(api_token::Column::Kind.eq(KIND_SERVICE))
            .order_by_desc(api_token::Column::Id)
            .all(self.0.reader())
            .await
            .doing("listing the tokens of services")?;
        let ids: Vec<String> = rows.iter().map(|row| row.id.clone()).collect();
        let mut customers = customers_of(self.0.reader(), &ids).await?;
        rows.into_iter()
            .map(|row| {
                let customers = customers.remove(&row.id).unwrap_or_default();
                read(row, customers)
            })
            .collect()
    }

    /// The tokens of services that `user` issued and that work at `now`, the
    /// latest first.
    ///
    /// # Errors
    /// Only of the database, or a stored value that cannot be read.
    pub async fn issued_by(
        self,
        user: UserId,
        now: Timestamp,
    ) -> Result<Vec<ApiToken>, RecordsError> {
        let works = Condition::any()
            .add(api_token::Column::ExpiresAtMs.is_null())
            .add(api_token::Column::ExpiresAtMs.gt(now.millis()));
        let rows = api_token::Entity::find()
            .filter(issued_by(user))
            .filter(api_token::Column::RevokedAtMs.is_null())
            .filter(works)
            .order_by_desc(api_token::Column::Id)
            .all(self.0.reader())
            .await
            .doing("listing the tokens of services that somebody issued")?;
        rows.into_iter().map(|row| read(row, BTreeSet::new())).collect()
    }

    /// Stops a token of a service from working.
    ///
    /// # Errors
    /// [`RecordsError::NotFound`] if there is no such token in force.
    pub async fn revoke_service(self, actor: &Actor, id: ApiTokenId) -> Result<(), RecordsError> {
        let one = Condition::all().add(api_token::Column::Kind.eq(KIND_SERVICE));
        self.revoke_one(actor, id, one).await
    }
}

/// Those of services that `user` issued.
pub(super) fn issued_by(user: UserId) -> Condition {
    Condition::all()
        .add(api_token::Column::Kind.eq(KIND_SERVICE))
        .add(api_token::Column::UserId.eq(user.to_string()))
}

/// Writes for whom the token `id` acts.
pub(super) async fn write_customers(
    tx: &DatabaseTransaction,
    id: ApiTokenId,
    grant: &ServiceGrant,
) -> Result<(), RecordsError> {
    const DOING: &str = "writing for whom a token acts";
    grant.check()?;
    if grant.customers.is_empty() {
        return Ok(());
    }
    let ids: Vec<String> = grant.customers.iter().map(ToString::to_string).collect();
    let known = customer::Entity::find()
        .filter(customer::Column::Id.is_in(&ids))
        .count(tx)
        .await
        .doing(DOING)?;
    if known != ids.len() as u64 {
        return Err(RecordsError::invalid("customers", "one of them does not exist"));
    }
    let rows = ids.into_iter().map(|customer_id| {
        api_token_customer::Model { token_id: id.to_string(), customer_id }.into_active_model()
    });
    api_token_customer::Entity::insert_many(rows).exec_without_returning(tx).await.doing(DOING)?;
    Ok(())
}

/// The customers of tokens, by the token's id.
pub(super) async fn customers_of(
    db: &impl ConnectionTrait,
    tokens: &[String],
) -> Result<BTreeMap<String, BTreeSet<CustomerId>>, RecordsError> {
    let mut customers: BTreeMap<String, BTreeSet<CustomerId>> = BTreeMap::new();
    for chunk in tokens.chunks(IDS_PER_QUERY) {
        let found = api_token_customer::Entity::find()
            .filter(api_token_customer::Column::TokenId.is_in(chunk))
            .all(db)
            .await
            .doing("reading for whom tokens act")?;
        for row in found {
            let customer = CustomerId::stored(&row.customer_id)?;
            customers.entry(row.token_id).or_default().insert(customer);
        }
    }
    Ok(customers)
}
