//! Changing customers.

use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::{Customer, CustomerDraft, Customers, codec};
use crate::Scope;
use crate::records::audit::{self, Actor};
use crate::records::entity::{customer, service, user, user_customer};
use crate::records::error::{Doing, RecordsError};
use crate::records::ids::{CustomerId, UserId};
use crate::records::locks::Lock;
use crate::records::page::Change;
use crate::records::users::Role;

/// Services renamed at a time.
const RENAME_ROWS: u64 = 1_000;

impl Customers<'_> {
    /// Adds a customer.
    ///
    /// # Errors
    /// [`RecordsError::Exists`] for a known name or number,
    /// [`RecordsError::Invalid`].
    pub async fn create(
        self,
        actor: &Actor,
        draft: &CustomerDraft,
    ) -> Result<CustomerId, RecordsError> {
        const DOING: &str = "adding a customer";
        let after = draft.applied(None, actor.at)?;
        let tx = self.begin(DOING).await?;
        refuse_taken(&tx, &after).await?;
        check_manager(&tx, None, &after).await?;
        customer::Entity::insert(codec::to_row(&after).into_active_model())
            .exec_without_returning(&tx)
            .await
            .creating("customer", &after.name)?;
        audit::append(&tx, actor, [entry("create", None, Some(&after))]).await?;
        tx.commit().await.doing(DOING)?;
        Ok(after.id)
    }

    /// Changes a customer; a new name goes to its services too. `revision` is
    /// that of the customer as it was shown; `None` overwrites whatever is there.
    ///
    /// # Errors
    /// [`RecordsError::NotFound`], [`RecordsError::Stale`], and those of
    /// [`Customers::create`].
    pub async fn update(
        self,
        actor: &Actor,
        id: CustomerId,
        draft: &CustomerDraft,
        revision: Option<i64>,
    ) -> Result<Change, RecordsError> {
        const DOING: &str = "changing a customer";
        let tx = self.begin(DOING).await?;
        let before = existing(&tx, id).await?;
        if revision.is_some_and(|revision| revision != before.revision) {
            return Err(RecordsError::Stale { kind: "customer", id: id.to_string() });
        }
        let mut after = draft.applied(Some(&before), actor.at)?;
        if after == before {
            return Ok(Change::Unchanged);
        }
        refuse_taken(&tx, &after).await?;
        check_manager(&tx, Some(&before), &after).await?;
        (after.revision, after.changed_at) = (before.revision + 1, actor.at);
        customer::Entity::update(codec::to_row(&after).into_active_model().reset_all())
            .exec_without_returning(&tx)
            .await
            .creating("customer", &after.name)?;
        if after.name != before.name {
            rename_services(&tx, &after).await?;
        }
        audit::append(&tx, actor, [entry("update", Some(&before), Some(&after))]).await?;
        tx.commit().await.doing(DOING)?;
        Ok(Change::Updated)
    }

    /// Removes a customer that has no services and for whom nobody acts.
    ///
    /// # Errors
    /// [`RecordsError::NotFound`], or [`RecordsError::Invalid`] while it is needed.
    pub async fn delete(self, actor: &Actor, id: CustomerId) -> Result<(), RecordsError> {
        const DOING: &str = "removing a customer";
        let tx = self.begin(DOING).await?;
        Lock::Users.take(&tx).await?;
        let before = existing(&tx, id).await?;
        let services = service::Entity::find()
            .filter(service::Column::CustomerId.eq(id.to_string()))
            .count(&tx)
            .await
            .doing(DOING)?;
        let people = user_customer::Entity::find()
            .filter(user_customer::Column::CustomerId.eq(id.to_string()))
            .count(&tx)
            .await
            .doing(DOING)?;
        if services + people > 0 {
            let reason = format!(
                "has {services} service(s), and {people} user(s) act for it; move those first"
            );
            return Err(RecordsError::invalid("customer", reason));
        }
        customer::Entity::delete_by_id(id.to_string()).exec(&tx).await.doing(DOING)?;
        audit::append(&tx, actor, [entry("delete", Some(&before), None)]).await?;
        tx.commit().await.doing(DOING)
    }

    /// Begins a change. Services name customers, so it waits for changes of
    /// those, and they for it.
    async fn begin(self, doing: &'static str) -> Result<DatabaseTransaction, RecordsError> {
        let tx = self.0.begin(doing).await?;
        Lock::Outbox.take(&tx).await?;
        Ok(tx)
    }
}

async fn existing(tx: &DatabaseTransaction, id: CustomerId) -> Result<Customer, RecordsError> {
    let row = customer::Entity::find_by_id(id.to_string()).one(tx).await;
    let row = row.doing("reading a customer")?;
    codec::read(row.ok_or_else(|| RecordsError::not_found("customer", id))?)
}

/// A name or number that is another's: a service could not say whom it means.
async fn refuse_taken(tx: &DatabaseTransaction, after: &Customer) -> Result<(), RecordsError> {
    let mine = [Some(after.name.as_str()), after.number.as_deref()];
    for text in mine.into_iter().flatten() {
        let taken = customer::Entity::find()
            .filter(customer::Column::Id.ne(after.id.to_string()))
            .filter(customer::Column::Name.eq(text).or(customer::Column::Number.eq(text)))
            .limit(1)
            .one(tx)
            .await
            .doing("looking for a customer of the same name")?;
        if taken.is_some() {
            return Err(RecordsError::exists("customer", text));
        }
    }
    Ok(())
}

/// The account manager must be one, and have room for one more.
async fn check_manager(
    tx: &DatabaseTransaction,
    before: Option<&Customer>,
    after: &Customer,
) -> Result<(), RecordsError> {
    const DOING: &str = "looking for the account manager";
    let Some(manager) = after.account_manager else { return Ok(()) };
    if before.is_some_and(|before| before.account_manager == Some(manager)) {
        return Ok(());
    }
    let row = user::Entity::find_by_id(manager.to_string()).one(tx).await.doing(DOING)?;
    let role = row.map(|row| row.role);
    let may = [Role::Accountmanager, Role::Beheer]
        .iter()
        .any(|may| role.as_deref() == Some(may.as_str()));
    if !may {
        let reason = "must be a user with the role accountmanager or beheer";
        return Err(RecordsError::invalid("account_manager", reason));
    }
    // With those that they act for: what they see is both.
    let acting = user_customer::Entity::find()
        .filter(user_customer::Column::UserId.eq(manager.to_string()))
        .filter(user_customer::Column::CustomerId.ne(after.id.to_string()))
        .count(tx)
        .await
        .doing(DOING)?;
    if managed(tx, manager).await? + acting >= Scope::CUSTOMERS_MAX as u64 {
        let reason = format!("has {} customers already, the most", Scope::CUSTOMERS_MAX);
        return Err(RecordsError::invalid("account_manager", reason));
    }
    Ok(())
}

async fn managed(tx: &DatabaseTransaction, manager: UserId) -> Result<u64, RecordsError> {
    customer::Entity::find()
        .filter(customer::Column::AccountManager.eq(manager.to_string()))
        .count(tx)
        .await
        .doing("counting the customers of an account manager")
}

/// Writes the new name into the services, where it is searched and sorted by.
async fn rename_services(tx: &DatabaseTransaction, after: &Customer) -> Result<(), RecordsError> {
    const DOING: &str = "renaming the customer of services";
    let mut last = String::new();
    loop {
        let rows: Vec<(String, String)> = service::Entity::find()
            .select_only()
            .column(service::Column::Id)
            .column(service::Column::Name)
            .filter(service::Column::CustomerId.eq(after.id.to_string()))
            .filter(service::Column::Id.gt(last.as_str()))
            .order_by_asc(service::Column::Id)
            .limit(RENAME_ROWS)
            .into_tuple()
            .all(tx)
            .await
            .doing(DOING)?;
        let Some((id, _)) = rows.last() else { return Ok(()) };
        last.clone_from(id);
        for (id, name) in rows {
            let search = format!("{id}\n{name}\n{}", after.name).to_lowercase();
            service::Entity::update_many()
                .col_expr(service::Column::Customer, Expr::value(after.name.as_str()))
                .col_expr(service::Column::SearchText, Expr::value(search))
                .filter(service::Column::Id.eq(id))
                .exec(tx)
                .await
                .doing(DOING)?;
        }
    }
}

fn entry(
    action: &'static str,
    before: Option<&Customer>,
    after: Option<&Customer>,
) -> audit::Entry {
    let id = after.or(before).map(|customer| customer.id.to_string()).unwrap_or_default();
    audit::Entry {
        action,
        object: format!("customer/{id}"),
        before: before.map(codec::audit_value),
        after: after.map(codec::audit_value),
    }
}
