//! Changing services: one at a time, and the common part of an import.

use std::collections::BTreeSet;

use correlate::model::{ServiceDefinition, ServiceError, ServiceId};
use sea_orm::sea_query::OnConflict;
use sea_orm::{DatabaseTransaction, EntityTrait, IntoActiveModel};

use super::references::{self, Checked};
use super::{Service, ServiceDraft, Services, codec, components, load, next};
use crate::records::audit::{self, Actor};
use crate::records::customers;
use crate::records::entity::service;
use crate::records::error::{Doing, RecordsError};
use crate::records::outbox::Queue;
use crate::records::page::{Change, Page};

/// Rows in one INSERT; 11 values each stay far below SQLite's 32,766.
const INSERT_ROWS: usize = 500;

/// A draft that has passed [`ServiceDraft::checked`], and what it replaces.
pub(super) struct Write {
    pub(super) draft: ServiceDraft,
    pub(super) before: Option<Service>,
}

impl Write {
    /// What writing it would do.
    pub(super) fn change(&self) -> Change {
        match &self.before {
            None => Change::Created,
            Some(before) if before.to_draft() == self.draft => Change::Unchanged,
            Some(_) => Change::Updated,
        }
    }

    fn changes_definition(&self) -> bool {
        self.before.as_ref().is_none_or(|before| before.definition != self.draft.definition)
    }
}

impl Services<'_> {
    /// Adds a service.
    ///
    /// # Errors
    /// [`RecordsError::Exists`], [`RecordsError::Invalid`], or
    /// [`RecordsError::Definition`] for a reference that leads nowhere or round.
    pub async fn create(self, actor: &Actor, draft: &ServiceDraft) -> Result<(), RecordsError> {
        const DOING: &str = "creating a service";
        let draft = draft.checked()?;
        let tx = self.0.begin(DOING).await?;
        let mut queue = Queue::lock(&tx, actor.at).await?;
        let id = &draft.definition.id;
        if load(&tx, std::slice::from_ref(id)).await?.contains_key(id) {
            return Err(RecordsError::exists("service", id));
        }
        apply_one(&tx, &mut queue, actor, Write { draft, before: None }).await?;
        queue.finish().await?;
        tx.commit().await.doing(DOING)
    }

    /// Changes a service. `revision` is that of the service as it was shown to
    /// whoever changes it; `None` overwrites whatever is there.
    ///
    /// # Errors
    /// [`RecordsError::NotFound`], [`RecordsError::Stale`], and those of
    /// [`Services::create`]; the last good definition stays in force.
    pub async fn update(
        self,
        actor: &Actor,
        draft: &ServiceDraft,
        revision: Option<i64>,
    ) -> Result<Change, RecordsError> {
        const DOING: &str = "changing a service";
        let draft = draft.checked()?;
        let tx = self.0.begin(DOING).await?;
        let mut queue = Queue::lock(&tx, actor.at).await?;
        let id = draft.definition.id.clone();
        let before = existing(&tx, &id).await?;
        if revision.is_some_and(|revision| revision != before.revision) {
            return Err(RecordsError::Stale { kind: "service", id: id.to_string() });
        }
        let write = Write { draft, before: Some(before) };
        let change = write.change();
        if change != Change::Unchanged {
            apply_one(&tx, &mut queue, actor, write).await?;
            queue.finish().await?;
            tx.commit().await.doing(DOING)?;
        }
        Ok(change)
    }

    /// Removes a service and, in the engine, all that it ever was. To end one
    /// and keep its history, give its last version an end.
    ///
    /// # Errors
    /// [`RecordsError::NotFound`], or [`RecordsError::Referenced`] while other
    /// services need it.
    pub async fn delete(self, actor: &Actor, id: &ServiceId) -> Result<(), RecordsError> {
        const DOING: &str = "deleting a service";
        let tx = self.0.begin(DOING).await?;
        let mut queue = Queue::lock(&tx, actor.at).await?;
        let before = existing(&tx, id).await?;
        let by = references::referring_to(&tx, id).await?;
        if !by.is_empty() {
            return Err(RecordsError::Referenced { service: id.clone(), by });
        }
        service::Entity::delete_by_id(id.as_str()).exec(&tx).await.doing(DOING)?;
        queue.push(codec::topic_key(&before.definition), None).await?;
        let entry = audit::Entry {
            action: "delete",
            object: object(id),
            before: Some(codec::audit_value(&before.to_draft())),
            after: None,
        };
        audit::append(&tx, actor, [entry]).await?;
        queue.finish().await?;
        tx.commit().await.doing(DOING)
    }
}

async fn existing(tx: &DatabaseTransaction, id: &ServiceId) -> Result<Service, RecordsError> {
    let found = load(tx, std::slice::from_ref(id)).await?.remove(id);
    found.ok_or_else(|| RecordsError::not_found("service", id))
}

async fn apply_one(
    tx: &DatabaseTransaction,
    queue: &mut Queue<'_>,
    actor: &Actor,
    write: Write,
) -> Result<(), RecordsError> {
    let problems = apply(tx, queue, actor, std::slice::from_ref(&write)).await?;
    problems.into_iter().next().map_or(Ok(()), |problem| Err(problem.into()))
}

/// Writes every one of `writes`, all of which change something, with audit
/// entries and outbox rows; or writes nothing and gives what is wrong.
pub(super) async fn apply(
    tx: &DatabaseTransaction,
    queue: &mut Queue<'_>,
    actor: &Actor,
    writes: &[Write],
) -> Result<Vec<ServiceError>, RecordsError> {
    let redefined: Vec<&ServiceDefinition> = writes
        .iter()
        .filter(|write| write.changes_definition())
        .map(|write| &write.draft.definition)
        .collect();
    let redefined = match references::check(tx, &redefined).await? {
        Checked::Refused(problems) => return Ok(problems),
        Checked::Ordered(redefined) => redefined,
    };
    let named: BTreeSet<&str> =
        writes.iter().filter_map(|write| write.draft.customer.as_deref()).collect();
    customers::ensure(tx, &named, actor.at).await?;
    write_rows(tx, actor, writes).await?;
    references::write(tx, &redefined).await?;
    components::write(tx, &redefined).await?;
    for definition in redefined {
        queue.push(codec::topic_key(definition), Some(codec::topic_value(definition))).await?;
    }
    audit::append(tx, actor, writes.iter().map(audit_entry)).await?;
    Ok(Vec::new())
}

async fn write_rows(
    tx: &DatabaseTransaction,
    actor: &Actor,
    writes: &[Write],
) -> Result<(), RecordsError> {
    use service::Column;
    let replace = OnConflict::column(Column::Id)
        .update_columns([
            Column::Name,
            Column::SortName,
            Column::Customer,
            Column::Description,
            Column::Active,
            Column::Versions,
            Column::SearchText,
            Column::Revision,
            Column::ChangedAtMs,
        ])
        .to_owned();
    for chunk in writes.chunks(INSERT_ROWS) {
        let rows = chunk.iter().map(|write| {
            codec::row(&write.draft, write.before.as_ref(), actor.at).into_active_model()
        });
        service::Entity::insert_many(rows)
            .on_conflict(replace.clone())
            .exec_without_returning(tx)
            .await
            .doing("writing services")?;
    }
    Ok(())
}

fn audit_entry(write: &Write) -> audit::Entry {
    audit::Entry {
        action: if write.before.is_some() { "update" } else { "create" },
        object: object(&write.draft.definition.id),
        before: write.before.as_ref().map(|before| codec::audit_value(&before.to_draft())),
        after: Some(codec::audit_value(&write.draft)),
    }
}

fn object(id: &ServiceId) -> String {
    format!("service/{id}")
}

/// Queues every definition again.
pub(in crate::records) async fn enqueue_all(
    tx: &DatabaseTransaction,
    queue: &mut Queue<'_>,
) -> Result<(), RecordsError> {
    let mut after: Option<ServiceId> = None;
    loop {
        let services = next(tx, after.as_ref(), Page::MAX_LIMIT).await?;
        let Some(last) = services.last() else { return Ok(()) };
        after = Some(last.definition.id.clone());
        for Service { definition, .. } in &services {
            queue.push(codec::topic_key(definition), Some(codec::topic_value(definition))).await?;
        }
    }
}
