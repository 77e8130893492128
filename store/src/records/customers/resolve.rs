//! Which customer a service names.

use std::collections::{BTreeMap, BTreeSet};

use correlate::model::Timestamp;
use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect,
};
use serde_json::json;

use super::{CustomerDraft, IDS_PER_QUERY, codec};
use crate::records::audit;
use crate::records::entity::customer;
use crate::records::error::{Doing, RecordsError};
use crate::records::ids::CustomerId;

/// Rows in one INSERT; 12 values each stay far below SQLite's 32,766.
const INSERT_ROWS: usize = 500;

/// A customer as a service carries it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::records) struct Named {
    pub(in crate::records) id: CustomerId,
    pub(in crate::records) name: String,
}

/// The customer behind each of `texts`: the one of that name, else the one of
/// that number, else a new one of that name. The new ones are also given as
/// audit entries; whoever asks holds the lock of all changes of services.
pub(in crate::records) async fn resolve(
    tx: &DatabaseTransaction,
    texts: &BTreeSet<String>,
    at: Timestamp,
) -> Result<(BTreeMap<String, Named>, Vec<audit::Entry>), RecordsError> {
    let mut found = BTreeMap::new();
    // Later ones win: names go before numbers.
    for column in [customer::Column::Number, customer::Column::Name] {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        for chunk in texts.chunks(IDS_PER_QUERY) {
            let rows: Vec<(String, String, String)> = customer::Entity::find()
                .select_only()
                .column(column)
                .column(customer::Column::Id)
                .column(customer::Column::Name)
                .filter(column.is_in(chunk.iter().copied()))
                .into_tuple()
                .all(tx)
                .await
                .doing("looking for the customers of services")?;
            for (text, id, name) in rows {
                found.insert(text, Named { id: CustomerId::stored(&id)?, name });
            }
        }
    }
    let mut rows = Vec::new();
    let mut entries = Vec::new();
    for text in texts.iter().filter(|text| !found.contains_key(*text)).cloned().collect::<Vec<_>>()
    {
        let customer = CustomerDraft::named(text.as_str()).applied(None, at)?;
        entries.push(audit::Entry {
            action: "create",
            object: format!("customer/{}", customer.id),
            before: None,
            after: Some(json!({ "name": customer.name })),
        });
        rows.push(codec::to_row(&customer));
        found.insert(text, Named { id: customer.id, name: customer.name });
    }
    for chunk in rows.chunks(INSERT_ROWS) {
        let chunk = chunk.iter().cloned().map(IntoActiveModel::into_active_model);
        customer::Entity::insert_many(chunk)
            .exec_without_returning(tx)
            .await
            .doing("writing the customers of services")?;
    }
    Ok((found, entries))
}
