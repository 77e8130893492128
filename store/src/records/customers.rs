//! Customers: for now the names that services carry, each with an id of its own.

use std::collections::BTreeSet;

use correlate::model::Timestamp;
use sea_orm::sea_query::OnConflict;
use sea_orm::{DatabaseTransaction, EntityTrait, IntoActiveModel, QueryOrder, QuerySelect};

use super::database::Records;
use super::entity::customer;
use super::error::{Doing, RecordsError};
use super::ids::CustomerId;
use super::page::Page;

/// Rows in one INSERT; 4 values each stay far below SQLite's 32,766.
const INSERT_ROWS: usize = 1_000;

/// A customer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Customer {
    /// Its identity.
    pub id: CustomerId,
    /// Its name; unique.
    pub name: String,
    /// Its number in the provider's own administration, when known; unique.
    pub number: Option<String>,
}

/// Reads customers.
#[derive(Clone, Copy, Debug)]
pub struct Customers<'a>(&'a Records);

impl Records {
    /// The customers. One appears when the first service names it.
    pub fn customers(&self) -> Customers<'_> {
        Customers(self)
    }
}

impl Customers<'_> {
    /// A page of all customers, by name.
    ///
    /// # Errors
    /// Only of the database, or a stored value that cannot be read.
    pub async fn list(self, page: Page) -> Result<Vec<Customer>, RecordsError> {
        let rows = customer::Entity::find()
            .order_by_asc(customer::Column::Name)
            .offset(page.offset())
            .limit(page.limit())
            .all(self.0.reader())
            .await
            .doing("reading customers")?;
        rows.into_iter()
            .map(|row| {
                let id = CustomerId::stored(&row.id)?;
                Ok(Customer { id, name: row.name, number: row.number })
            })
            .collect()
    }
}

/// Makes those of `names` that are not there yet.
pub(super) async fn ensure(
    tx: &DatabaseTransaction,
    names: &BTreeSet<&str>,
    at: Timestamp,
) -> Result<(), RecordsError> {
    let names: Vec<&str> = names.iter().copied().collect();
    for chunk in names.chunks(INSERT_ROWS) {
        let rows = chunk.iter().map(|name| {
            customer::Model {
                id: CustomerId::new().to_string(),
                name: (*name).to_owned(),
                number: None,
                created_at_ms: at.millis(),
            }
            .into_active_model()
        });
        let there = OnConflict::column(customer::Column::Name).do_nothing().to_owned();
        customer::Entity::insert_many(rows)
            .on_conflict(there)
            .try_insert()
            .exec_without_returning(tx)
            .await
            .doing("writing customers")?;
    }
    Ok(())
}
