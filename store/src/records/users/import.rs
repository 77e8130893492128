//! Bringing in many users at once: everything or nothing, and first on trial.
//!
//! Who is not there yet is invited; who is, becomes as the line says. A trial
//! does all of it and takes it back, so that it cannot say anything else than
//! what would happen.

use std::collections::{BTreeMap, BTreeSet};

use correlate::model::Timestamp;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter};

use super::invitations::invite_within;
use super::write::change;
use super::{Language, Role, User, UserDraft, Users, load_one, lookup_email};
use crate::records::audit::{self, Actor};
use crate::records::entity::{customer, user};
use crate::records::error::{Doing, RecordsError};
use crate::records::ids::{CustomerId, TokenHash, UserId};

/// Customers in one `IN (…)`: a bounded statement on both databases.
const NAMES_PER_QUERY: usize = 500;

/// One line of a list of users. What is `None` stays as it is or, for somebody
/// new, has its default.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UserLine {
    /// Where it is in the file, from 1.
    pub line: u64,
    /// Their address.
    pub email: String,
    /// What to call them.
    pub name: Option<String>,
    /// What they may do.
    pub role: Option<Role>,
    /// The language they read.
    pub language: Option<Language>,
    /// The customers that they act for, by name or number.
    pub customers: Option<Vec<String>>,
    /// What is wrong with it already, before the database was asked.
    pub refused: Option<String>,
}

/// What a line does, or would do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum UserPlan {
    /// Somebody new is invited.
    Invite,
    /// Somebody who is there changes, in these respects.
    Update(Vec<&'static str>),
    /// Nothing: it is so already.
    Nothing,
    /// It is refused, and with it the whole file.
    Refused(String),
}

/// A line and what it does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ImportedUser {
    /// Where it is in the file, from 1.
    pub line: u64,
    /// Whom it is about.
    pub email: String,
    /// The user, once they are there.
    pub user: Option<UserId>,
    /// What it does.
    pub plan: UserPlan,
}

/// What an import did, or would do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UserImport {
    /// Line by line, in order.
    pub lines: Vec<ImportedUser>,
    /// Whether it was done. If not, it was a trial, or a line is refused.
    pub is_done: bool,
}

impl UserImport {
    /// How many lines are refused.
    pub fn refused(&self) -> usize {
        self.lines.iter().filter(|line| matches!(line.plan, UserPlan::Refused(_))).count()
    }
}

impl Users<'_> {
    /// Users that one import may hold: a person looks through the trial, and
    /// every other change waits.
    pub const MAX_IMPORT: usize = 1_000;

    /// Invites and changes the users of `lines`, each new one with the
    /// invitation of the same place in `tokens`; with `is_trial` only says what
    /// would happen. If any line is refused, nothing is written.
    ///
    /// # Errors
    /// [`RecordsError::Invalid`] for more than [`Users::MAX_IMPORT`] lines or
    /// fewer tokens than lines.
    pub async fn import(
        self,
        actor: &Actor,
        lines: &[UserLine],
        tokens: &[TokenHash],
        expires_at: Timestamp,
        is_trial: bool,
    ) -> Result<UserImport, RecordsError> {
        const DOING: &str = "importing users";
        if lines.len() > Self::MAX_IMPORT {
            let reason =
                format!("at most {} users at once, found {}", Self::MAX_IMPORT, lines.len());
            return Err(RecordsError::invalid("body", reason));
        }
        if tokens.len() < lines.len() {
            return Err(RecordsError::invalid("tokens", "must be one for each line"));
        }
        let tx = self.begin(DOING).await?;
        let customers = customers(&tx, lines).await?;
        let mut seen = BTreeSet::new();
        let (mut done, mut entries) = (Vec::with_capacity(lines.len()), Vec::new());
        for (line, token) in lines.iter().zip(tokens) {
            let email = lookup_email(&line.email);
            let mut doing = Line { tx: &tx, actor, line, customers: &customers, token, expires_at };
            let result = match &line.refused {
                Some(reason) => Err(RecordsError::invalid("line", reason.clone())),
                None if !seen.insert(email.clone()) => {
                    Err(RecordsError::invalid("email", "occurs twice in the file"))
                }
                None => doing.take(&email).await,
            };
            let (user, plan) = match result {
                Ok((user, plan, entry)) => {
                    entries.extend(entry);
                    (user, plan)
                }
                Err(error) if error.is_refusal() => (None, UserPlan::Refused(said(error))),
                Err(error) => return Err(error),
            };
            done.push(ImportedUser { line: line.line, email, user, plan });
        }
        let mut import = UserImport { lines: done, is_done: false };
        if is_trial || import.refused() > 0 {
            import.lines.iter_mut().for_each(|line| line.user = None);
            return Ok(import);
        }
        audit::append(&tx, actor, entries).await?;
        tx.commit().await.doing(DOING)?;
        import.is_done = true;
        Ok(import)
    }
}

/// A refusal without the name of the field where it says the same.
fn said(error: RecordsError) -> String {
    match error {
        RecordsError::Invalid { field: "line", reason } => reason,
        error => error.to_string(),
    }
}

type Taken = (Option<UserId>, UserPlan, Option<audit::Entry>);

struct Line<'a> {
    tx: &'a DatabaseTransaction,
    actor: &'a Actor,
    line: &'a UserLine,
    customers: &'a BTreeMap<String, CustomerId>,
    token: &'a TokenHash,
    expires_at: Timestamp,
}

impl Line<'_> {
    async fn take(&mut self, email: &str) -> Result<Taken, RecordsError> {
        let row = user::Entity::find()
            .filter(user::Column::Email.eq(email))
            .one(self.tx)
            .await
            .doing("looking for the user of a line")?;
        let before = match row {
            None => None,
            Some(row) => Some(load_one(self.tx, row).await?),
        };
        let draft = self.draft(before.as_ref())?;
        let Some(before) = before else {
            let invited =
                invite_within(self.tx, self.actor, &draft, self.token, self.expires_at).await;
            let (id, entry) = invited?;
            return Ok((Some(id), UserPlan::Invite, Some(entry)));
        };
        let after = before.changed(draft.checked()?);
        let differs = differences(&before, &after);
        let entry = change(self.tx, self.actor.at, "update", &before, after).await?;
        let plan = match &entry {
            None => UserPlan::Nothing,
            Some(_) => UserPlan::Update(differs),
        };
        Ok((Some(before.id), plan, entry))
    }

    fn draft(&self, before: Option<&User>) -> Result<UserDraft, RecordsError> {
        let UserLine { email, name, role, language, customers, .. } = self.line;
        let role_of_new =
            || role.ok_or_else(|| RecordsError::invalid("role", "is needed for somebody new"));
        let mut draft = match before {
            Some(before) => UserDraft::of(before),
            None => UserDraft::new(email.as_str(), role_of_new()?),
        };
        if let Some(role) = role {
            draft.role = *role;
        }
        if let Some(name) = name {
            draft.name.clone_from(name);
        }
        if let Some(language) = language {
            draft.language = *language;
        }
        if let Some(names) = customers {
            let find = |name: &String| {
                let known = self.customers.get(name).copied();
                let reason = || format!("no customer has the name or number {name:?}");
                known.ok_or_else(|| RecordsError::invalid("customers", reason()))
            };
            draft.customers = names.iter().map(find).collect::<Result<_, _>>()?;
        }
        if draft.role == Role::Klant && draft.customers.is_empty() {
            let reason = "somebody with the role klant must act for a customer";
            return Err(RecordsError::invalid("customers", reason));
        }
        Ok(draft)
    }
}

fn differences(before: &User, after: &User) -> Vec<&'static str> {
    [
        ("name", before.name != after.name),
        ("role", before.role != after.role),
        ("language", before.language != after.language),
        ("customers", before.customers != after.customers),
    ]
    .into_iter()
    .filter_map(|(field, differs)| differs.then_some(field))
    .collect()
}

/// The customers that the lines name, by name or number; a name goes before
/// another's number.
async fn customers(
    tx: &DatabaseTransaction,
    lines: &[UserLine],
) -> Result<BTreeMap<String, CustomerId>, RecordsError> {
    let named: BTreeSet<&str> =
        lines.iter().flat_map(|line| line.customers.iter().flatten()).map(String::as_str).collect();
    let named: Vec<&str> = named.into_iter().collect();
    let mut found = BTreeMap::new();
    for column in [customer::Column::Number, customer::Column::Name] {
        for chunk in named.chunks(NAMES_PER_QUERY) {
            let rows = customer::Entity::find()
                .filter(column.is_in(chunk.iter().copied()))
                .all(tx)
                .await
                .doing("looking for the customers of users")?;
            for row in rows {
                let id = CustomerId::stored(&row.id)?;
                let key = match column {
                    customer::Column::Name => Some(row.name),
                    _ => row.number,
                };
                found.extend(key.map(|key| (key, id)));
            }
        }
    }
    Ok(found)
}
