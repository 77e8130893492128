//! Changing services: one at a time, and the common part of an import.

use correlate::model::{ServiceDefinition, ServiceError, ServiceId, Timestamp};
use sea_orm::sea_query::OnConflict;
use sea_orm::{DatabaseTransaction, EntityTrait, IntoActiveModel};

use super::references::{self, Checked};
use super::{Service, ServiceDraft, Services, codec, components, load, next};
use crate::records::audit::{self, Actor};
use crate::records::customers;
use crate::records::entity::service;
use crate::records::error::{Doing, RecordsError};
use crate::records::ids::CustomerId;
use crate::records::outbox::Queue;
use crate::records::page::{Change, Page};

/// Rows in one INSERT; 12 values each stay far below SQLite's 32,766.
const INSERT_ROWS: usize = 500;

/// A draft that has passed [`ServiceDraft::checked`] and names its customer by
/// its name, and what it replaces.
pub(super) struct Write {
    pub(super) draft: ServiceDraft,
    pub(super) customer_id: Option<CustomerId>,
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
        let (writes, made) = writes(&tx, vec![(draft, None)], actor.at).await?;
        apply_one(&tx, &mut queue, actor, &writes, made).await?;
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
        let (writes, made) = writes(&tx, vec![(draft, Some(before))], actor.at).await?;
        let change = writes.first().map_or(Change::Unchanged, Write::change);
        if change != Change::Unchanged {
            apply_one(&tx, &mut queue, actor, &writes, made).await?;
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
    writes: &[Write],
    made: Vec<audit::Entry>,
) -> Result<(), RecordsError> {
    let problems = apply(tx, queue, actor, writes, made).await?;
    problems.into_iter().next().map_or(Ok(()), |problem| Err(problem.into()))
}

/// The writes of checked drafts, each with what it replaces, and what to
/// record of the customers that had to be made for them.
pub(super) async fn writes(
    tx: &DatabaseTransaction,
    drafts: Vec<(ServiceDraft, Option<Service>)>,
    at: Timestamp,
) -> Result<(Vec<Write>, Vec<audit::Entry>), RecordsError> {
    let named = drafts.iter().filter_map(|(draft, _)| draft.customer.clone()).collect();
    let (customers, made) = customers::resolve(tx, &named, at).await?;
    let writes = drafts.into_iter().map(|(mut draft, before)| {
        let customer = draft.customer.as_ref().and_then(|text| customers.get(text));
        draft.customer = customer.map(|customer| customer.name.clone());
        Write { draft, customer_id: customer.map(|customer| customer.id), before }
    });
    Ok((writes.collect(), made))
}

/// Writes every one of `writes`, all of which change something, with audit
/// entries (those of `made` first) and outbox rows; or writes nothing and
/// gives what is wrong.
pub(super) async fn apply(
    tx: &DatabaseTransaction,
    queue: &mut Queue<'_>,
    actor: &Actor,
    writes: &[Write],
    made: Vec<audit::Entry>,
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
    write_rows(tx, actor, writes).await?;
    references::write(tx, &redefined).await?;
    components::write(tx, &redefined).await?;
    for definition in redefined {
        queue.push(codec::topic_key(definition), Some(codec::topic_value(definition))).await?;
    }
    audit::append(tx, actor, made.into_iter().chain(writes.iter().map(audit_entry))).await?;
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
            Column::CustomerId,
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
            let Write { draft, customer_id, before } = write;
            codec::row(draft, *customer_id, before.as_ref(), actor.at).into_active_model()
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
