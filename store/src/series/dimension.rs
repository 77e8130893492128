//! The dimensions (what services and components are called) and the progress
//! of the pipeline.

use clickhouse::Row;
use correlate::model::{ComponentId, ServiceId, Timestamp};
use serde::{Deserialize, Serialize};

use super::row::instant;
use super::{Series, SeriesError};

/// Rows that one call of an upsert may carry; a larger inventory is written in
/// several calls, so that a caller's memory stays bounded.
pub const DIMENSION_ROWS_MAX: usize = 100_000;

/// What a service is called.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServiceDimension {
    /// Its id.
    pub id: ServiceId,
    /// Its name for people; the id where it has none.
    pub name: String,
    /// Whose it is; empty when unknown.
    pub customer: String,
    /// What was sold; empty when unknown.
    pub product: String,
    /// The sold speed in Mbit/s; 0 when it has none.
    pub speed_mbps: u32,
    /// Free text.
    pub description: String,
}

/// What a component is called.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ComponentDimension {
    /// Its id.
    pub id: ComponentId,
    /// `device`, `port`, …
    pub kind: String,
    /// Its name for people.
    pub name: String,
    /// The device that it is part of; its own id for a device.
    pub device: ComponentId,
    /// The name of that device.
    pub device_name: String,
    /// Where it stands; empty when unknown.
    pub site: String,
    /// Free text, such as a port's alias.
    pub description: String,
}

/// How far one instance of a stage has come.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Progress {
    /// `ingest`, `correlate`, …
    pub stage: String,
    /// Which one of the stage, such as an NMS name or a worker number.
    pub instance: String,
    /// When it reported.
    pub at: Timestamp,
    /// Everything before this instant is complete; `None` before the first.
    pub frontier: Option<Timestamp>,
    /// Its epoch.
    pub epoch: u64,
    /// How far it is behind, in milliseconds.
    pub lag_ms: u64,
    /// Free text.
    pub detail: String,
}

#[derive(Row, Serialize)]
struct ServiceRow {
    id: String,
    name: String,
    customer: String,
    product: String,
    speed_mbps: u32,
    description: String,
    version: u64,
    is_deleted: u8,
}

#[derive(Row, Serialize)]
struct ComponentRow {
    id: String,
    kind: String,
    name: String,
    device: String,
    device_name: String,
    site: String,
    description: String,
    version: u64,
    is_deleted: u8,
}

#[derive(Row, Serialize, Deserialize)]
pub(super) struct ProgressRow {
    pub(super) stage: String,
    pub(super) instance: String,
    pub(super) at: i64,
    pub(super) frontier: Option<i64>,
    pub(super) epoch: u64,
    pub(super) lag_ms: u64,
    pub(super) detail: String,
}

impl From<ProgressRow> for Progress {
    fn from(row: ProgressRow) -> Progress {
        Progress {
            stage: row.stage,
            instance: row.instance,
            at: Timestamp(row.at),
            frontier: row.frontier.map(Timestamp),
            epoch: row.epoch,
            lag_ms: row.lag_ms,
            detail: row.detail,
        }
    }
}

impl Series {
    /// Writes what services are called; a row with a greater `version`
    /// replaces one with a smaller. Idempotent.
    ///
    /// # Errors
    /// More than [`DIMENSION_ROWS_MAX`] rows, or the server is away or refuses.
    pub async fn upsert_services(
        &self,
        services: &[ServiceDimension],
        version: u64,
    ) -> Result<(), SeriesError> {
        check_length(services.len())?;
        let mut rows: Vec<ServiceRow> =
            services.iter().map(|service| service_row(service, version)).collect();
        rows.sort_by(|a, b| a.id.cmp(&b.id));
        self.insert::<ServiceRow>("services", &rows).await
    }

    /// Takes services out of the dimension; their intervals stay.
    ///
    /// # Errors
    /// As [`Series::upsert_services`].
    pub async fn remove_services(
        &self,
        services: &[ServiceId],
        version: u64,
    ) -> Result<(), SeriesError> {
        check_length(services.len())?;
        let mut rows: Vec<ServiceRow> = services
            .iter()
            .map(|id| ServiceRow {
                id: id.as_str().to_owned(),
                name: String::new(),
                customer: String::new(),
                product: String::new(),
                speed_mbps: 0,
                description: String::new(),
                version,
                is_deleted: 1,
            })
            .collect();
        rows.sort_by(|a, b| a.id.cmp(&b.id));
        self.insert::<ServiceRow>("services", &rows).await
    }

    /// Writes what components are called; a row with a greater `version`
    /// replaces one with a smaller. Idempotent.
    ///
    /// # Errors
    /// As [`Series::upsert_services`].
    pub async fn upsert_components(
        &self,
        components: &[ComponentDimension],
        version: u64,
    ) -> Result<(), SeriesError> {
        check_length(components.len())?;
        let mut rows: Vec<ComponentRow> =
            components.iter().map(|component| component_row(component, version)).collect();
        rows.sort_by(|a, b| a.id.cmp(&b.id));
        self.insert::<ComponentRow>("components", &rows).await
    }

    /// Writes how far stages have come; kept for 30 days.
    ///
    /// # Errors
    /// More than [`DIMENSION_ROWS_MAX`] rows, an instant that ClickHouse cannot
    /// hold, or the server is away or refuses.
    pub async fn record_progress(&self, progress: &[Progress]) -> Result<(), SeriesError> {
        check_length(progress.len())?;
        let mut rows = progress.iter().map(progress_row).collect::<Result<Vec<_>, _>>()?;
        rows.sort_by(|a, b| (&a.stage, &a.instance, a.at).cmp(&(&b.stage, &b.instance, b.at)));
        self.insert::<ProgressRow>("pipeline_progress", &rows).await
    }
}

pub(super) fn check_length(rows: usize) -> Result<(), SeriesError> {
    if rows <= DIMENSION_ROWS_MAX {
        return Ok(());
    }
    Err(SeriesError::Invalid(format!(
        "at most {DIMENSION_ROWS_MAX} rows can be written in one call, found {rows}"
    )))
}

fn service_row(service: &ServiceDimension, version: u64) -> ServiceRow {
    ServiceRow {
        id: service.id.as_str().to_owned(),
        name: service.name.clone(),
        customer: service.customer.clone(),
        product: service.product.clone(),
        speed_mbps: service.speed_mbps,
        description: service.description.clone(),
        version,
        is_deleted: 0,
    }
}

fn component_row(component: &ComponentDimension, version: u64) -> ComponentRow {
    ComponentRow {
        id: component.id.as_str().to_owned(),
        kind: component.kind.clone(),
        name: component.name.clone(),
        device: component.device.as_str().to_owned(),
        device_name: component.device_name.clone(),
        site: component.site.clone(),
        description: component.description.clone(),
        version,
        is_deleted: 0,
    }
}

fn progress_row(progress: &Progress) -> Result<ProgressRow, SeriesError> {
    let named = |what: &str| format!("the {what} of {}/{}", progress.stage, progress.instance);
    Ok(ProgressRow {
        stage: progress.stage.clone(),
        instance: progress.instance.clone(),
        at: instant(progress.at, || named("report time"))?,
        frontier: progress.frontier.map(|at| instant(at, || named("frontier"))).transpose()?,
        epoch: progress.epoch,
        lag_ms: progress.lag_ms,
        detail: progress.detail.clone(),
    })
}
