//! Customers as rows and as JSON, there and back, and what is allowed in them.

use correlate::model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Contact, Customer, CustomerDraft, Customers};
use crate::records::entity::customer;
use crate::records::error::RecordsError;
use crate::records::ids::{CustomerId, UserId};
use crate::records::text;

#[derive(Serialize, Deserialize)]
#[serde(default)]
struct StoredContact {
    name: String,
    role: String,
    email: String,
    phone: String,
}

impl Default for StoredContact {
    fn default() -> StoredContact {
        StoredContact::from(&Contact::default())
    }
}

impl From<&Contact> for StoredContact {
    fn from(contact: &Contact) -> StoredContact {
        StoredContact {
            name: contact.name.clone(),
            role: contact.role.clone(),
            email: contact.email.clone(),
            phone: contact.phone.clone(),
        }
    }
}

pub(super) fn read(row: customer::Model) -> Result<Customer, RecordsError> {
    let corrupt = |reason: String| RecordsError::corrupt("customer", &row.id, reason);
    let contacts: Vec<StoredContact> =
        serde_json::from_str(&row.contacts).map_err(|error| corrupt(error.to_string()))?;
    let contact = |stored: StoredContact| Contact {
        name: stored.name,
        role: stored.role,
        email: stored.email,
        phone: stored.phone,
    };
    Ok(Customer {
        id: CustomerId::stored(&row.id)?,
        contacts: contacts.into_iter().map(contact).collect(),
        account_manager: row.account_manager.as_deref().map(UserId::stored).transpose()?,
        language: row.language.parse().map_err(|error: RecordsError| corrupt(error.to_string()))?,
        name: row.name,
        number: row.number,
        time_zone: row.time_zone,
        revision: row.revision,
        created_at: Timestamp(row.created_at_ms),
        changed_at: Timestamp(row.changed_at_ms),
    })
}

pub(super) fn to_row(customer: &Customer) -> customer::Model {
    let number = customer.number.as_deref().unwrap_or_default();
    let contacts: Vec<StoredContact> = customer.contacts.iter().map(StoredContact::from).collect();
    customer::Model {
        id: customer.id.to_string(),
        name: customer.name.clone(),
        number: customer.number.clone(),
        created_at_ms: customer.created_at.millis(),
        sort_name: customer.name.to_lowercase(),
        search_text: format!("{}\n{number}", customer.name).to_lowercase(),
        contacts: json!(contacts).to_string(),
        account_manager: customer.account_manager.map(|id| id.to_string()),
        language: customer.language.as_str().to_owned(),
        time_zone: customer.time_zone.clone(),
        revision: customer.revision,
        changed_at_ms: customer.changed_at.millis(),
    }
}

/// The form in the audit trail.
pub(super) fn audit_value(customer: &Customer) -> Value {
    let contacts: Vec<StoredContact> = customer.contacts.iter().map(StoredContact::from).collect();
    json!({
        "name": customer.name,
        "number": customer.number,
        "contacts": contacts,
        "account_manager": customer.account_manager.map(|id| id.to_string()),
        "language": customer.language.as_str(),
        "time_zone": customer.time_zone,
    })
}

impl CustomerDraft {
    /// The customer that the draft makes of `before`, or of nothing.
    pub(super) fn applied(
        &self,
        before: Option<&Customer>,
        at: Timestamp,
    ) -> Result<Customer, RecordsError> {
        let given = |text: &Option<String>| {
            text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let number = given(&self.number).map(|number| text::name("number", &number)).transpose()?;
        if self.contacts.len() > Customers::CONTACTS_MAX {
            let reason = format!("at most {} contacts can be kept", Customers::CONTACTS_MAX);
            return Err(RecordsError::invalid("contacts", reason));
        }
        Ok(Customer {
            id: before.map_or_else(CustomerId::new, |before| before.id),
            name: text::name("name", &self.name)?,
            number,
            contacts: self.contacts.iter().map(checked_contact).collect::<Result<_, _>>()?,
            account_manager: self.account_manager,
            language: self.language,
            time_zone: text::time_zone(given(&self.time_zone))?,
            revision: before.map_or(1, |before| before.revision),
            created_at: before.map_or(at, |before| before.created_at),
            changed_at: before.map_or(at, |before| before.changed_at),
        })
    }
}

fn checked_contact(contact: &Contact) -> Result<Contact, RecordsError> {
    Ok(Contact {
        name: text::name("contacts", &contact.name)?,
        role: text::line("contacts", &contact.role)?,
        email: text::line("contacts", &contact.email)?,
        phone: text::line("contacts", &contact.phone)?,
    })
}
