//! Maintenance windows: planned work, announced, moved or withdrawn at any time,
//! also after the fact. Nothing is ever removed; a withdrawn window stays visible.

use std::collections::BTreeSet;

use correlate::model::{Period, Target, Timestamp, Window};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, DatabaseTransaction, EntityTrait, IntoActiveModel,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};
use serde_json::{Value, json};

use super::audit::{self, Actor};
use super::database::Records;
use super::entity::{maintenance_window as row, service};
use super::error::{Doing, RecordsError};
use super::ids::WindowId;
use super::outbox::Queue;
use super::page::{Change, Page};
use super::text;

/// Targets in one `IN (…)`: a bounded statement on both databases.
const TARGETS_PER_QUERY: usize = 500;

/// A maintenance window as it is in the records.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MaintenanceWindow {
    /// Its identity.
    pub id: WindowId,
    /// What is worked on, and when.
    pub window: Window,
    /// Why, or a ticket number; lines are allowed.
    pub note: String,
    /// Who announced it; see [`Actor::name`].
    pub created_by: String,
    /// When it was announced.
    pub created_at: Timestamp,
    /// When it was withdrawn, if it was; it then counts for nothing.
    pub withdrawn_at: Option<Timestamp>,
}

/// Which windows to list; every condition that is given holds.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct WindowFilter {
    /// Exactly on this.
    pub target: Option<Target>,
    /// Only those that share an instant with this period.
    pub during: Option<Period>,
    /// Withdrawn ones too.
    pub withdrawn: bool,
}

/// Reads and changes maintenance windows.
#[derive(Clone, Copy, Debug)]
pub struct Windows<'a>(&'a Records);

impl Records {
    /// The maintenance windows.
    pub fn windows(&self) -> Windows<'_> {
        Windows(self)
    }
}

impl Windows<'_> {
    /// One window, withdrawn or not.
    ///
    /// # Errors
    /// Only of the database, or a stored value that cannot be read; so for
    /// every method that only reads.
    pub async fn get(self, id: WindowId) -> Result<Option<MaintenanceWindow>, RecordsError> {
        let found = row::Entity::find_by_id(id.to_string()).one(self.0.reader()).await;
        found.doing("reading a maintenance window")?.map(read).transpose()
    }

    /// The windows that `filter` lets through, the latest start first.
    ///
    /// # Errors
    /// See [`Windows::get`].
    pub async fn list(
        self,
        filter: &WindowFilter,
        page: Page,
    ) -> Result<Vec<MaintenanceWindow>, RecordsError> {
        let rows = row::Entity::find()
            .filter(filter.condition())
            .order_by_desc(row::Column::FromMs)
            .order_by_desc(row::Column::Id)
            .offset(page.offset())
            .limit(page.limit())
            .all(self.0.reader())
            .await
            .doing("listing maintenance windows")?;
        rows.into_iter().map(read).collect()
    }

    /// Every window on any of `targets`, of those that share an instant with
    /// `during` (all if there is none), withdrawn ones too where `withdrawn`;
    /// sorted by start, at most `limit` and one more.
    ///
    /// # Errors
    /// See [`Windows::get`].
    pub async fn on(
        self,
        targets: &BTreeSet<Target>,
        during: Option<Period>,
        withdrawn: bool,
        limit: usize,
    ) -> Result<Vec<MaintenanceWindow>, RecordsError> {
        let filter = WindowFilter { target: None, during, withdrawn };
        let targets: Vec<String> = targets.iter().map(ToString::to_string).collect();
        let mut found = Vec::new();
        for chunk in targets.chunks(TARGETS_PER_QUERY) {
            let rows = row::Entity::find()
                .filter(filter.condition())
                .filter(row::Column::Target.is_in(chunk))
                .order_by_asc(row::Column::FromMs)
                .order_by_asc(row::Column::Id)
                .limit(limit as u64 + 1)
                .all(self.0.reader())
                .await
                .doing("reading the windows on some targets")?;
            for row in rows {
                found.push(read(row)?);
            }
            if found.len() > limit {
                break;
            }
        }
        found.sort_by_key(|one: &MaintenanceWindow| (one.window.period.from, one.id));
        Ok(found)
    }

    /// How many windows `filter` lets through.
    ///
    /// # Errors
    /// See [`Windows::get`].
    pub async fn count(self, filter: &WindowFilter) -> Result<u64, RecordsError> {
        row::Entity::find()
            .filter(filter.condition())
            .count(self.0.reader())
            .await
            .doing("counting maintenance windows")
    }

    /// Announces a window.
    ///
    /// # Errors
    /// [`RecordsError::Invalid`] for an empty or open period or target, and
    /// [`RecordsError::NotFound`] for a service that does not exist. Components
    /// are not checked: an NMS may not have reported one yet.
    pub async fn create(
        self,
        actor: &Actor,
        window: &Window,
        note: &str,
    ) -> Result<WindowId, RecordsError> {
        let ids = self.create_all(actor, std::slice::from_ref(window), note).await?;
        Ok(ids[0])
    }

    /// Announces several windows with one note: all of them or none. The ids
    /// are in the order of `windows`.
    ///
    /// # Errors
    /// See [`Windows::create`].
    pub async fn create_all(
        self,
        actor: &Actor,
        windows: &[Window],
        note: &str,
    ) -> Result<Vec<WindowId>, RecordsError> {
        const DOING: &str = "announcing maintenance";
        let note = text::note("note", note)?;
        let windows: Vec<Window> = windows.iter().map(checked).collect::<Result<_, _>>()?;
        let tx = self.0.begin(DOING).await?;
        let mut queue = Queue::lock(&tx, actor.at).await?;
        let mut ids = Vec::with_capacity(windows.len());
        let mut entries = Vec::with_capacity(windows.len());
        for window in windows {
            let created = MaintenanceWindow {
                id: WindowId::new(),
                window,
                note: note.clone(),
                created_by: actor.name.clone(),
                created_at: actor.at,
                withdrawn_at: None,
            };
            refuse_unknown_service(&tx, &created.window.target).await?;
            row::Entity::insert(to_row(&created).into_active_model())
                .exec_without_returning(&tx)
                .await
                .doing(DOING)?;
            queue.push(topic_key(created.id), Some(topic_value(&created.window))).await?;
            entries.push(entry("create", None, Some(&created)));
            ids.push(created.id);
        }
        queue.finish().await?;
        audit::append(&tx, actor, entries).await?;
        tx.commit().await.doing(DOING)?;
        Ok(ids)
    }

    /// Moves a window or changes its target or note. One that was withdrawn
    /// cannot be changed: announce a new one.
    ///
    /// # Errors
    /// [`RecordsError::NotFound`] (also when withdrawn), and those of
    /// [`Windows::create`].
    pub async fn update(
        self,
        actor: &Actor,
        id: WindowId,
        window: &Window,
        note: &str,
    ) -> Result<Change, RecordsError> {
        const DOING: &str = "changing maintenance";
        let (window, note) = (checked(window)?, text::note("note", note)?);
        let tx = self.0.begin(DOING).await?;
        let mut queue = Queue::lock(&tx, actor.at).await?;
        let before = in_force(&tx, id).await?;
        let after = MaintenanceWindow { window, note, ..before.clone() };
        if after == before {
            return Ok(Change::Unchanged);
        }
        if after.window != before.window {
            refuse_unknown_service(&tx, &after.window.target).await?;
            queue.push(topic_key(id), Some(topic_value(&after.window))).await?;
        }
        overwrite(&tx, &after).await?;
        audit::append(&tx, actor, [entry("update", Some(&before), Some(&after))]).await?;
        queue.finish().await?;
        tx.commit().await.doing(DOING)?;
        Ok(Change::Updated)
    }

    /// Withdraws a window: from now on it is as if it had never been.
    ///
    /// # Errors
    /// [`RecordsError::NotFound`], also when it is withdrawn already.
    pub async fn withdraw(self, actor: &Actor, id: WindowId) -> Result<(), RecordsError> {
        const DOING: &str = "withdrawing maintenance";
        let tx = self.0.begin(DOING).await?;
        let mut queue = Queue::lock(&tx, actor.at).await?;
        let before = in_force(&tx, id).await?;
        let after = MaintenanceWindow { withdrawn_at: Some(actor.at), ..before.clone() };
        overwrite(&tx, &after).await?;
        queue.push(topic_key(id), None).await?;
        audit::append(&tx, actor, [entry("withdraw", Some(&before), Some(&after))]).await?;
        queue.finish().await?;
        tx.commit().await.doing(DOING)
    }
}

impl WindowFilter {
    fn condition(&self) -> Condition {
        let mut all = Condition::all();
        if let Some(target) = &self.target {
            all = all.add(row::Column::Target.eq(target.to_string()));
        }
        if let Some(during) = self.during {
            all = all
                .add(row::Column::FromMs.lt(during.until.millis()))
                .add(row::Column::UntilMs.gt(during.from.millis()));
        }
        if !self.withdrawn {
            all = all.add(row::Column::WithdrawnAtMs.is_null());
        }
        all
    }
}

fn checked(window: &Window) -> Result<Window, RecordsError> {
    let Period { from, until } = window.period;
    if from == Timestamp::MIN || until == Timestamp::MAX {
        return Err(RecordsError::invalid("period", "must have a start and an end"));
    }
    if window.period.is_empty() {
        let reason = format!("must end after it starts, found from {from} to {until}");
        return Err(RecordsError::invalid("period", reason));
    }
    let id = match &window.target {
        Target::Component(id) => id.as_str(),
        Target::Service(id) => id.as_str(),
    };
    text::name("target", id)?;
    Ok(window.clone())
}

async fn refuse_unknown_service(
    tx: &DatabaseTransaction,
    target: &Target,
) -> Result<(), RecordsError> {
    let Target::Service(id) = target else { return Ok(()) };
    let found = service::Entity::find_by_id(id.as_str()).one(tx).await;
    match found.doing("looking for the service of a window")? {
        Some(_) => Ok(()),
        None => Err(RecordsError::not_found("service", id)),
    }
}

async fn in_force(
    tx: &DatabaseTransaction,
    id: WindowId,
) -> Result<MaintenanceWindow, RecordsError> {
    let found = row::Entity::find_by_id(id.to_string())
        .filter(row::Column::WithdrawnAtMs.is_null())
        .one(tx)
        .await
        .doing("reading a maintenance window")?;
    found.map_or_else(|| Err(RecordsError::not_found("maintenance window", id)), read)
}

async fn overwrite(
    tx: &DatabaseTransaction,
    window: &MaintenanceWindow,
) -> Result<(), RecordsError> {
    row::Entity::update(to_row(window).into_active_model().reset_all())
        .exec_without_returning(tx)
        .await
        .doing("writing a maintenance window")?;
    Ok(())
}

fn read(row: row::Model) -> Result<MaintenanceWindow, RecordsError> {
    Ok(MaintenanceWindow {
        id: WindowId::stored(&row.id)?,
        window: Window {
            target: Target::parse(&row.target),
            period: Period::new(Timestamp(row.from_ms), Timestamp(row.until_ms)),
        },
        note: row.note,
        created_by: row.created_by,
        created_at: Timestamp(row.created_at_ms),
        withdrawn_at: row.withdrawn_at_ms.map(Timestamp),
    })
}

fn to_row(window: &MaintenanceWindow) -> row::Model {
    row::Model {
        id: window.id.to_string(),
        target: window.window.target.to_string(),
        from_ms: window.window.period.from.millis(),
        until_ms: window.window.period.until.millis(),
        note: window.note.clone(),
        created_by: window.created_by.clone(),
        created_at_ms: window.created_at.millis(),
        withdrawn_at_ms: window.withdrawn_at.map(Timestamp::millis),
    }
}

fn topic_key(id: WindowId) -> String {
    format!("window/{id}")
}

/// The value on the topic: `{"target", "from": ms, "to": ms}`.
fn topic_value(window: &Window) -> String {
    value(window).to_string()
}

fn value(window: &Window) -> Value {
    json!({
        "target": window.target.to_string(),
        "from": window.period.from.millis(),
        "to": window.period.until.millis(),
    })
}

fn entry(
    action: &'static str,
    before: Option<&MaintenanceWindow>,
    after: Option<&MaintenanceWindow>,
) -> audit::Entry {
    let shown = |window: &MaintenanceWindow| {
        let mut shown = value(&window.window);
        shown["note"] = json!(window.note);
        shown["withdrawn_at"] = json!(window.withdrawn_at.map(Timestamp::millis));
        shown
    };
    let id = after.or(before).map(|window| window.id.to_string()).unwrap_or_default();
    audit::Entry {
        action,
        object: format!("window/{id}"),
        before: before.map(shown),
        after: after.map(shown),
    }
}

/// Windows read at a time when all are queued again.
const WALK_ROWS: u64 = 1_000;

/// Queues every window in force again.
pub(super) async fn enqueue_all(
    tx: &DatabaseTransaction,
    queue: &mut Queue<'_>,
) -> Result<(), RecordsError> {
    let mut after = String::new();
    loop {
        let rows = row::Entity::find()
            .filter(row::Column::Id.gt(after.as_str()))
            .filter(row::Column::WithdrawnAtMs.is_null())
            .order_by_asc(row::Column::Id)
            .limit(WALK_ROWS)
            .all(tx)
            .await
            .doing("walking through maintenance windows")?;
        let Some(last) = rows.last() else { return Ok(()) };
        after.clone_from(&last.id);
        for row in rows {
            let MaintenanceWindow { id, window, .. } = read(row)?;
            queue.push(topic_key(id), Some(topic_value(&window))).await?;
        }
    }
}
