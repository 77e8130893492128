//! Bringing in many users at once: everything or nothing, and first on trial.
//!
//! Who is not there yet is invited; who is, becomes as the line says. A trial
//! does all of it and takes it back, so that it cannot say anything else than
//! what would happen.

use std::collections::{BTreeMap, BTreeSet};

use correlate::model::Timestamp;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect};

use super::fault::LineFault;
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
    /// The IANA zone in which they read instants.
    pub time_zone: Option<String>,
    /// Where notifications go.
    pub notification_email: Option<String>,
    /// The customers that they act for, by name or number.
    pub customers: Option<Vec<String>>,
    /// What is wrong with it already, before the database was asked.
    pub refused: Option<LineFault>,
}

/// What a line does, or would do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum UserPlan {
    /// Somebody new is invited.
    Invite,
    /// Somebody who is there changes, in these respects.
    Update(Vec<UserDifference>),
    /// Nothing: it is so already.
    Nothing,
    /// It is refused, and with it the whole file.
    Refused(LineFault),
}

/// What changes of somebody.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UserDifference {
    /// Which field, by its name in the file.
    pub field: &'static str,
    /// How it is; empty where it is not there.
    pub before: String,
    /// How it becomes.
    pub after: String,
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
    /// Whether it was done. If not, it was a trial, a line is refused, or it is
    /// not what was expected.
    pub is_done: bool,
    /// Stands for all that it does, or would do: another state of the database
    /// or another file gives another.
    pub hash: String,
    /// Whether it is not what was expected, and so was not done.
    pub has_moved: bool,
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

    /// The columns of a list of users.
    pub const IMPORT_COLUMNS: [&'static str; 7] =
        ["email", "name", "role", "language", "time_zone", "notification_email", "customers"];

    /// Invites and changes the users of `lines`, each new one with the
    /// invitation of the same place in `tokens`; with `is_trial` only says what
    /// would happen. If any line is refused, nothing is written; nor is it if it
    /// would not do what the trial with the hash `expected` said.
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
        expected: Option<&str>,
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
                Some(fault) => Err(Unfit::Refused(fault.clone())),
                None if !seen.insert(email.clone()) => Err(Unfit::Refused(LineFault::Twice)),
                None => doing.take(&email).await,
            };
            let (user, plan) = match result {
                Ok((user, plan, entry)) => {
                    entries.extend(entry);
                    (user, plan)
                }
                Err(Unfit::Refused(fault)) => (None, UserPlan::Refused(fault)),
                Err(Unfit::Failed(error)) => return Err(error),
            };
            done.push(ImportedUser { line: line.line, email, user, plan });
        }
        let hash = hash(&done);
        let has_moved = !is_trial && expected.is_some_and(|expected| expected != hash);
        let mut import = UserImport { lines: done, is_done: false, hash, has_moved };
        if is_trial || has_moved || import.refused() > 0 {
            import.lines.iter_mut().for_each(|line| line.user = None);
            return Ok(import);
        }
        audit::append(&tx, actor, entries).await?;
        tx.commit().await.doing(DOING)?;
        import.is_done = true;
        Ok(import)
    }
}

/// One hash over all that an import does; whom it invites has an id only then.
fn hash(lines: &[ImportedUser]) -> String {
    let told: Vec<_> = lines.iter().map(|line| (line.line, &line.email, &line.plan)).collect();
    TokenHash::of(&format!("{told:?}")).to_hex()
}

/// Why a line does nothing.
enum Unfit {
    /// It is refused.
    Refused(LineFault),
    /// The database failed, and with it the import.
    Failed(RecordsError),
}

impl From<RecordsError> for Unfit {
    fn from(error: RecordsError) -> Unfit {
        if error.is_refusal() { Unfit::Refused(LineFault::of(error)) } else { Unfit::Failed(error) }
    }
}

impl From<LineFault> for Unfit {
    fn from(fault: LineFault) -> Unfit {
        Unfit::Refused(fault)
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
    async fn take(&mut self, email: &str) -> Result<Taken, Unfit> {
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
        let differs = differences(self.tx, &before, &after).await?;
        let entry = change(self.tx, self.actor.at, "update", &before, after).await?;
        let plan = match &entry {
            None => UserPlan::Nothing,
            Some(_) => UserPlan::Update(differs),
        };
        Ok((Some(before.id), plan, entry))
    }

    fn draft(&self, before: Option<&User>) -> Result<UserDraft, LineFault> {
        let UserLine { email, name, role, language, customers, .. } = self.line;
        let UserLine { time_zone, notification_email, .. } = self.line;
        let mut draft = match before {
            Some(before) => UserDraft::of(before),
            None => UserDraft::new(email.as_str(), role.ok_or(LineFault::RoleMissing)?),
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
        if time_zone.is_some() {
            draft.time_zone.clone_from(time_zone);
        }
        if notification_email.is_some() {
            draft.notification_email.clone_from(notification_email);
        }
        if let Some(names) = customers {
            let find = |name: &String| {
                let known = self.customers.get(name).copied();
                known.ok_or_else(|| LineFault::NoCustomer(name.clone()))
            };
            draft.customers = names.iter().map(find).collect::<Result<_, _>>()?;
        }
        if draft.role == Role::Klant && draft.customers.is_empty() {
            return Err(LineFault::ActsForNobody);
        }
        Ok(draft)
    }
}

/// What differs, in words of the file.
async fn differences(
    tx: &DatabaseTransaction,
    before: &User,
    after: &User,
) -> Result<Vec<UserDifference>, RecordsError> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let mut found = vec![
        ("name", before.name.clone(), after.name.clone()),
        ("role", before.role.as_str().to_owned(), after.role.as_str().to_owned()),
        ("language", before.language.as_str().to_owned(), after.language.as_str().to_owned()),
        ("time_zone", text(&before.time_zone), text(&after.time_zone)),
        ("notification_email", text(&before.notification_email), text(&after.notification_email)),
    ];
    if before.customers != after.customers {
        let (before, after) = (names(tx, before).await?, names(tx, after).await?);
        found.push(("customers", before, after));
    }
    let differs = found.into_iter().filter(|(_, before, after)| before != after);
    Ok(differs.map(|(field, before, after)| UserDifference { field, before, after }).collect())
}

/// The customers of `user` by name, as the file parts them.
async fn names(tx: &DatabaseTransaction, user: &User) -> Result<String, RecordsError> {
    let ids: Vec<String> = user.customers.iter().map(ToString::to_string).collect();
    let mut names = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(NAMES_PER_QUERY) {
        let found: Vec<String> = customer::Entity::find()
            .select_only()
            .column(customer::Column::Name)
            .filter(customer::Column::Id.is_in(chunk))
            .into_tuple()
            .all(tx)
            .await
            .doing("reading for whom a user acts")?;
        names.extend(found);
    }
    names.sort_unstable();
    Ok(names.join(" | "))
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
