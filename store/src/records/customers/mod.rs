//! Customers: whose services they are, who answers for them, and whom to call.
//!
//! A service names its customer, and so do imports, by name or by number;
//! [`mod@resolve`] says which customer that is, and makes one that nobody knows yet.

mod codec;
mod resolve;
mod write;

use std::collections::{BTreeMap, BTreeSet};

use correlate::model::Timestamp;
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::database::Records;
use super::entity::customer;
use super::error::{Doing, RecordsError};
use super::ids::{CustomerId, UserId};
use super::page::{Page, holds_words};
use super::users::Language;
use crate::Scope;

pub(super) use resolve::resolve;

/// Ids in one `IN (…)`: a bounded statement on both databases.
const IDS_PER_QUERY: usize = 500;

/// A customer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Customer {
    /// Its identity.
    pub id: CustomerId,
    /// Its name; unique.
    pub name: String,
    /// Its number in the provider's own administration, when known; unique.
    pub number: Option<String>,
    /// Whom to call or write.
    pub contacts: Vec<Contact>,
    /// The account manager, who sees its services.
    pub account_manager: Option<UserId>,
    /// The language of what is sent to it.
    pub language: Language,
    /// The IANA zone of what is sent to it, such as `Europe/Amsterdam`;
    /// `None`: that of the product.
    pub time_zone: Option<String>,
    /// Counts changes from 1; hand it back to [`Customers::update`].
    pub revision: i64,
    /// When it was first named.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub changed_at: Timestamp,
}

/// Somebody at a customer. Not a user: contacts do not sign in.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Contact {
    /// What they are called.
    pub name: String,
    /// What they do there, such as `NOC`; may be empty.
    pub role: String,
    /// Their mail address; may be empty.
    pub email: String,
    /// Their telephone number; may be empty.
    pub phone: String,
}

/// A customer as somebody wants it to be. Name, number and the parts of
/// contacts are one line of at most 200 characters.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CustomerDraft {
    /// Its name.
    pub name: String,
    /// Its number; nothing when empty.
    pub number: Option<String>,
    /// Whom to call, at most [`Customers::CONTACTS_MAX`].
    pub contacts: Vec<Contact>,
    /// The account manager; a user with that role, or an administrator.
    pub account_manager: Option<UserId>,
    /// The language of what is sent to it.
    pub language: Language,
    /// An IANA zone; nothing when empty.
    pub time_zone: Option<String>,
}

impl CustomerDraft {
    /// A customer of whom only the name is known.
    pub fn named(name: impl Into<String>) -> CustomerDraft {
        CustomerDraft {
            name: name.into(),
            number: None,
            contacts: Vec::new(),
            account_manager: None,
            language: Language::Nl,
            time_zone: None,
        }
    }
}

/// Which customers to list; every condition that is given holds.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct CustomerFilter {
    /// Words that all occur in name or number; case does not matter.
    pub search: Option<String>,
    /// Only those of this account manager.
    pub account_manager: Option<UserId>,
}

/// Reads and changes customers.
#[derive(Clone, Copy, Debug)]
pub struct Customers<'a>(&'a Records);

/// Customers as far as a reader may see them.
#[derive(Clone, Copy, Debug)]
pub struct CustomersWithin<'a> {
    records: &'a Records,
    scope: &'a Scope,
}

impl Records {
    /// The customers. One also appears when the first service names it.
    pub fn customers(&self) -> Customers<'_> {
        Customers(self)
    }
}

impl<'a> Customers<'a> {
    /// Contacts that one customer may have: what fits a page.
    pub const CONTACTS_MAX: usize = 20;

    /// The customers as far as `scope` goes; the only way to read them.
    pub fn within(self, scope: &'a Scope) -> CustomersWithin<'a> {
        CustomersWithin { records: self.0, scope }
    }
}

impl CustomersWithin<'_> {
    /// One customer.
    ///
    /// # Errors
    /// Only of the database, or a stored value that cannot be read; so for
    /// every method that only reads.
    pub async fn get(self, id: CustomerId) -> Result<Option<Customer>, RecordsError> {
        let row = customer::Entity::find_by_id(id.to_string())
            .filter(self.scope.condition(customer::Column::Id))
            .one(self.records.reader())
            .await;
        row.doing("reading a customer")?.map(codec::read).transpose()
    }

    /// Those of `ids` that are in the scope.
    ///
    /// # Errors
    /// See [`CustomersWithin::get`].
    pub async fn by_ids(
        self,
        ids: &[CustomerId],
    ) -> Result<BTreeMap<CustomerId, Customer>, RecordsError> {
        let mut found = BTreeMap::new();
        for chunk in ids.chunks(IDS_PER_QUERY) {
            let rows = customer::Entity::find()
                .filter(customer::Column::Id.is_in(chunk.iter().map(ToString::to_string)))
                .filter(self.scope.condition(customer::Column::Id))
                .all(self.records.reader())
                .await
                .doing("reading customers")?;
            for row in rows {
                let customer = codec::read(row)?;
                found.insert(customer.id, customer);
            }
        }
        Ok(found)
    }

    /// The customers of each of `managers`, who are their account managers: ids and
    /// names, by name.
    ///
    /// # Errors
    /// See [`CustomersWithin::get`].
    pub async fn assigned(
        self,
        managers: &[UserId],
    ) -> Result<BTreeMap<UserId, Vec<(CustomerId, String)>>, RecordsError> {
        let mut found: BTreeMap<UserId, Vec<(CustomerId, String)>> = BTreeMap::new();
        for chunk in managers.chunks(IDS_PER_QUERY) {
            let rows: Vec<(String, String, String)> = customer::Entity::find()
                .select_only()
                .column(customer::Column::AccountManager)
                .column(customer::Column::Id)
                .column(customer::Column::Name)
                .filter(
                    customer::Column::AccountManager.is_in(chunk.iter().map(ToString::to_string)),
                )
                .filter(self.scope.condition(customer::Column::Id))
                .order_by_asc(customer::Column::SortName)
                .order_by_asc(customer::Column::Id)
                .into_tuple()
                .all(self.records.reader())
                .await
                .doing("reading who is account manager of whom")?;
            for (manager, id, name) in rows {
                let assigned = found.entry(UserId::stored(&manager)?).or_default();
                assigned.push((CustomerId::stored(&id)?, name));
            }
        }
        Ok(found)
    }

    /// The customer behind each of `texts` that is the name or, where no
    /// customer has that name, the number of one; others are left out.
    ///
    /// # Errors
    /// See [`CustomersWithin::get`].
    pub async fn named(
        self,
        texts: &BTreeSet<String>,
    ) -> Result<BTreeMap<String, CustomerId>, RecordsError> {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let mut found = BTreeMap::new();
        // Later ones win: names go before numbers.
        for column in [customer::Column::Number, customer::Column::Name] {
            for chunk in texts.chunks(IDS_PER_QUERY) {
                let rows: Vec<(String, String)> = customer::Entity::find()
                    .select_only()
                    .column(column)
                    .column(customer::Column::Id)
                    .filter(column.is_in(chunk.iter().copied()))
                    .filter(self.scope.condition(customer::Column::Id))
                    .into_tuple()
                    .all(self.records.reader())
                    .await
                    .doing("looking for customers by name")?;
                for (text, id) in rows {
                    found.insert(text, CustomerId::stored(&id)?);
                }
            }
        }
        Ok(found)
    }

    /// The customers that `filter` lets through, by name (case does not
    /// matter), then id.
    ///
    /// # Errors
    /// See [`CustomersWithin::get`].
    pub async fn list(
        self,
        filter: &CustomerFilter,
        page: Page,
    ) -> Result<Vec<Customer>, RecordsError> {
        let rows = customer::Entity::find()
            .filter(filter.condition(self.scope))
            .order_by_asc(customer::Column::SortName)
            .order_by_asc(customer::Column::Id)
            .offset(page.offset())
            .limit(page.limit())
            .all(self.records.reader())
            .await
            .doing("listing customers")?;
        rows.into_iter().map(codec::read).collect()
    }

    /// How many customers `filter` lets through.
    ///
    /// # Errors
    /// See [`CustomersWithin::get`].
    pub async fn count(self, filter: &CustomerFilter) -> Result<u64, RecordsError> {
        customer::Entity::find()
            .filter(filter.condition(self.scope))
            .count(self.records.reader())
            .await
            .doing("counting customers")
    }
}

impl CustomerFilter {
    fn condition(&self, scope: &Scope) -> Condition {
        let mut all = scope.condition(customer::Column::Id);
        if let Some(words) = &self.search {
            all = all.add(holds_words(customer::Column::SearchText, words));
        }
        if let Some(manager) = self.account_manager {
            all = all.add(customer::Column::AccountManager.eq(manager.to_string()));
        }
        all
    }
}
