//! Users as rows and as JSON, there and back, and what is allowed in them.

use std::collections::BTreeSet;

use correlate::model::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::{ProfileDraft, Role, User, UserDraft};
use crate::Scope;
use crate::records::audit;
use crate::records::entity::user;
use crate::records::error::RecordsError;
use crate::records::ids::{CustomerId, UserId};
use crate::records::text;

/// The longest address that mail can carry (RFC 5321, 4.5.3.1.3).
const MAX_EMAIL_CHARS: usize = 254;

/// The form in which addresses are stored and looked up.
pub(in crate::records) fn lookup_email(email: &str) -> String {
    email.trim().to_lowercase()
}

fn email(field: &'static str, text: &str) -> Result<String, RecordsError> {
    let email = lookup_email(text);
    let parts = email.rsplit_once('@');
    let valid = parts.is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
        && email.chars().count() <= MAX_EMAIL_CHARS
        && !email.contains(|letter: char| letter.is_whitespace() || letter.is_control());
    if !valid {
        let reason = format!("must be an address such as name@example.net, found {email:?}");
        return Err(RecordsError::invalid(field, reason));
    }
    Ok(email)
}

fn given(text: Option<&String>) -> Option<String> {
    text.map(|text| text.trim()).filter(|text| !text.is_empty()).map(str::to_owned)
}

impl UserDraft {
    /// The draft with its texts checked and trimmed.
    pub(super) fn checked(&self) -> Result<UserDraft, RecordsError> {
        let email = email("email", &self.email)?;
        let name = if self.name.trim().is_empty() { &email } else { &self.name };
        let name = text::name("name", name)?;
        if self.customers.len() > Scope::CUSTOMERS_MAX {
            let reason = format!("at most {} can be acted for", Scope::CUSTOMERS_MAX);
            return Err(RecordsError::invalid("customers", reason));
        }
        if self.role == Role::Beheer && !self.customers.is_empty() {
            let reason = "an administrator sees every customer: name none";
            return Err(RecordsError::invalid("customers", reason));
        }
        let profile = ProfileDraft {
            name,
            language: self.language,
            time_zone: self.time_zone.clone(),
            notification_email: self.notification_email.clone(),
        };
        let ProfileDraft { name, language, time_zone, notification_email } = profile.checked()?;
        let (role, customers) = (self.role, self.customers.clone());
        Ok(UserDraft { email, name, role, language, time_zone, notification_email, customers })
    }

    /// The draft that changes nothing of `user`.
    pub fn of(user: &User) -> UserDraft {
        UserDraft {
            email: user.email.clone(),
            name: user.name.clone(),
            role: user.role,
            language: user.language,
            time_zone: user.time_zone.clone(),
            notification_email: user.notification_email.clone(),
            customers: user.customers.clone(),
        }
    }
}

impl ProfileDraft {
    pub(super) fn checked(&self) -> Result<ProfileDraft, RecordsError> {
        let notified = given(self.notification_email.as_ref());
        let notified = notified.map(|to| email("notification_email", &to)).transpose()?;
        Ok(ProfileDraft {
            name: text::line("name", &self.name)?,
            language: self.language,
            time_zone: text::time_zone(given(self.time_zone.as_ref()))?,
            notification_email: notified,
        })
    }
}

impl User {
    /// The user as `draft` makes them; the draft is checked.
    pub(super) fn changed(&self, draft: UserDraft) -> User {
        let UserDraft { email, name, role, language, time_zone, notification_email, customers } =
            draft;
        User {
            email,
            name,
            role,
            language,
            time_zone,
            notification_email,
            customers,
            ..self.clone()
        }
    }
}

pub(super) fn to_row(user: &User, password_hash: &SecretString) -> user::Model {
    user::Model {
        id: user.id.to_string(),
        email: user.email.clone(),
        name: user.name.clone(),
        password_hash: password_hash.expose_secret().to_owned(),
        role: user.role.as_str().to_owned(),
        language: user.language.as_str().to_owned(),
        active: user.is_active(),
        created_at_ms: user.created_at.millis(),
        standing: user.standing.as_str().to_owned(),
        time_zone: user.time_zone.clone(),
        notification_email: user.notification_email.clone(),
        revision: user.revision,
        search_text: format!("{}\n{}", user.email, user.name).to_lowercase(),
        notification_proven: user.notification_proven,
    }
}

pub(super) fn read(
    row: user::Model,
    customers: BTreeSet<CustomerId>,
) -> Result<User, RecordsError> {
    let corrupt = |error: RecordsError| RecordsError::corrupt("user", &row.id, error);
    Ok(User {
        id: UserId::stored(&row.id)?,
        role: row.role.parse().map_err(corrupt)?,
        language: row.language.parse().map_err(corrupt)?,
        standing: row.standing.parse().map_err(corrupt)?,
        email: row.email,
        name: row.name,
        time_zone: row.time_zone,
        notification_email: row.notification_email,
        notification_proven: row.notification_proven,
        customers,
        revision: row.revision,
        created_at: Timestamp(row.created_at_ms),
    })
}

/// The same entry, with how much fell with the change: sessions that ended and
/// API tokens that were revoked.
pub(super) fn with_fallen(mut entry: audit::Entry, sessions: u64, tokens: u64) -> audit::Entry {
    if let Some(Value::Object(after)) = &mut entry.after {
        for (name, count) in [("sessions_ended", sessions), ("tokens_revoked", tokens)] {
            if count > 0 {
                after.insert(name.to_owned(), json!(count));
            }
        }
    }
    entry
}

/// What to record of a change.
pub(super) fn entry(
    action: &'static str,
    id: UserId,
    before: Option<&User>,
    after: Option<&User>,
) -> audit::Entry {
    let shown = |user: &User| -> Value {
        let customers: Vec<String> = user.customers.iter().map(ToString::to_string).collect();
        json!({
            "email": user.email,
            "name": user.name,
            "role": user.role.as_str(),
            "language": user.language.as_str(),
            "time_zone": user.time_zone,
            "notification_email": user.notification_email,
            "customers": customers,
            "standing": user.standing.as_str(),
        })
    };
    audit::Entry {
        action,
        object: format!("user/{id}"),
        before: before.map(shown),
        after: after.map(shown),
    }
}
