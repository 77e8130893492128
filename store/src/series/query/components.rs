//! What components are called.

use std::collections::BTreeMap;

use clickhouse::Row;
use correlate::model::ComponentId;
use serde::Deserialize;

use super::super::row::texts;
use super::super::{ComponentDimension, Series, SeriesError};
use super::check_ids;

#[derive(Row, Deserialize)]
struct ComponentRead {
    id: String,
    kind: String,
    name: String,
    device: String,
    device_name: String,
    site: String,
    description: String,
}

impl From<ComponentRead> for ComponentDimension {
    fn from(row: ComponentRead) -> ComponentDimension {
        ComponentDimension {
            id: ComponentId::from(row.id),
            kind: row.kind,
            name: row.name,
            device: ComponentId::from(row.device),
            device_name: row.device_name,
            site: row.site,
            description: row.description,
        }
    }
}

impl Series {
    /// What `components` are called; those that nobody named are absent.
    ///
    /// # Errors
    /// More than [`IDS_MAX`](super::super::IDS_MAX) ids, or the server is away or refuses.
    pub async fn component_labels(
        &self,
        components: &[ComponentId],
    ) -> Result<BTreeMap<ComponentId, ComponentDimension>, SeriesError> {
        check_ids(components.len())?;
        let query = self
            .read(
                "SELECT id, kind, name, device, device_name, site, description
                 FROM components FINAL WHERE id IN {ids:Array(String)} ORDER BY id",
            )
            .param("ids", texts(components));
        let rows = self.rows::<ComponentRead>("reading component names", query).await?;
        Ok(rows.into_iter().map(|row| (ComponentId::from(row.id.as_str()), row.into())).collect())
    }
}
