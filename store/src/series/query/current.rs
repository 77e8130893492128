//! The present state of services: what the overview and the list of what is
//! down show.

use clickhouse::Row;
use correlate::model::{ComponentId, ServiceId, ServiceState, Timestamp};
use serde::Deserialize;

use super::super::row::{component_ids, service_state, service_state_number, texts};
use super::super::{SeriesError, SeriesWithin, ServiceDimension};
use super::{IDS_MAX, check_ids, check_limit};

/// The number that stands for "does not exist at present" in queries; no
/// `Enum8` value of a state.
const NO_STATE: i8 = 5;

/// Which services to give. All conditions hold together; the default gives all.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ServiceFilter {
    /// Those in one of these states; empty for any state.
    pub states: Vec<ServiceState>,
    /// Those with one of these ids; `None` for any.
    pub ids: Option<Vec<ServiceId>>,
    /// Those of this customer.
    pub customer: Option<String>,
    /// Those whose id, name, customer or description holds this text, in any case.
    pub text: Option<String>,
    /// Those of whose present state this component is a cause.
    pub cause: Option<ComponentId>,
}

/// In which order.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Order {
    /// Down, unknown, degraded, maintenance, up, not existing; within those
    /// the longest first.
    #[default]
    Severity,
    /// By name, then id.
    Name,
    /// By customer, then name, then id.
    Customer,
    /// By id, bytewise.
    Id,
}

/// Which part of the services in order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Page {
    /// How many to leave out.
    pub offset: u64,
    /// How many to give, `1..=`[`ROWS_MAX`](super::super::ROWS_MAX).
    pub limit: usize,
}

/// A service and its present state.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CurrentService {
    /// What it is called; a service that nobody named has its id for a name.
    pub service: ServiceDimension,
    /// Its state; `None` when it does not exist at present.
    pub state: Option<ServiceState>,
    /// Since when it has that state.
    pub since: Option<Timestamp>,
    /// The components to blame at present, sorted.
    pub cause: Vec<ComponentId>,
}

/// How many services are in which state.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct StateCounts {
    /// Up.
    pub up: u64,
    /// Degraded.
    pub degraded: u64,
    /// Down.
    pub down: u64,
    /// In maintenance.
    pub maintenance: u64,
    /// Unknown.
    pub unknown: u64,
    /// Named, but not existing at present.
    pub not_existing: u64,
}

impl StateCounts {
    /// All of them together.
    pub fn total(&self) -> u64 {
        self.up + self.degraded + self.down + self.maintenance + self.unknown + self.not_existing
    }

    fn of(&self, state: ServiceState) -> u64 {
        match state {
            ServiceState::Up => self.up,
            ServiceState::Degraded => self.degraded,
            ServiceState::Down => self.down,
            ServiceState::Maintenance => self.maintenance,
            ServiceState::Unknown => self.unknown,
        }
    }
}

/// One page of services.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CurrentPage {
    /// The services of the page.
    pub rows: Vec<CurrentService>,
    /// How many the whole filter matches.
    pub matched: u64,
    /// How many the filter matches in each state when its `states` are left
    /// out.
    pub counts: StateCounts,
}

#[derive(Row, Deserialize)]
struct CurrentRead {
    id: String,
    name: String,
    customer: String,
    product: String,
    speed_mbps: u32,
    description: String,
    state_number: i8,
    since_ms: i64,
    cause: Vec<String>,
}

#[derive(Row, Deserialize)]
struct CountRead {
    state_number: i8,
    services: u64,
}

/// Every service that has a name or an open interval, with its present cause:
/// that at the start of the interval, or the last move of it. The inner `IN`
/// finds the few keys that were ever open without the cost of `FINAL`, which
/// then looks at those alone.
pub(super) const CURRENT: &str = "
    SELECT if(d.id = '', i.service, d.id) AS id,
           if(d.name = '', id, d.name) AS name,
           d.customer AS customer, d.product AS product, d.speed_mbps AS speed_mbps,
           d.description AS description,
           if(i.service = '', 5, i.state_number)::Int8 AS state_number,
           i.since_ms AS since_ms, i.cause AS cause
    FROM (
        SELECT service, argMax(CAST(state, 'Int8'), start) AS state_number,
               toUnixTimestamp64Milli(max(start)) AS since_ms,
               argMax(if(empty(cause_moves), cause, cause_moves[-1].2), start) AS cause
        FROM service_intervals FINAL
        WHERE end IS NULL AND (service, start) IN (
            SELECT service, start FROM service_intervals WHERE end IS NULL)
        GROUP BY service
    ) AS i
    FULL OUTER JOIN (SELECT * FROM services FINAL) AS d ON d.id = i.service";

/// The conditions of a filter but its states.
const CONDITIONS: &str = "
    ({any_id:UInt8} OR id IN {ids:Array(String)})
    AND ({any_customer:UInt8} OR customer = {customer:String})
    AND ({any_cause:UInt8} OR has(cause, {cause:String}))
    AND ({text:String} = '' OR positionCaseInsensitiveUTF8(id, {text:String}) > 0
         OR positionCaseInsensitiveUTF8(name, {text:String}) > 0
         OR positionCaseInsensitiveUTF8(customer, {text:String}) > 0
         OR positionCaseInsensitiveUTF8(description, {text:String}) > 0)";

impl Order {
    fn sql(self) -> &'static str {
        match self {
            Order::Severity => {
                "indexOf([2, 4, 1, 3, 0, 5]::Array(Int8), state_number), since_ms, id"
            }
            Order::Name => "lowerUTF8(name), name, id",
            Order::Customer => "lowerUTF8(customer), customer, lowerUTF8(name), name, id",
            Order::Id => "id",
        }
    }
}

impl SeriesWithin<'_> {
    /// The services that `filter` matches, with their present state, in
    /// `order`. What is down and why: filter by [`ServiceState::Down`].
    ///
    /// # Errors
    /// More than [`IDS_MAX`] ids, a page limit out of range, or the server is
    /// away or refuses.
    pub async fn current_services(
        &self,
        filter: &ServiceFilter,
        order: Order,
        page: Page,
    ) -> Result<CurrentPage, SeriesError> {
        check_limit(page.limit)?;
        check_ids(filter.ids.as_ref().map_or(0, Vec::len))?;
        let counts = self.state_counts(filter).await?;
        let matched = match filter.states.as_slice() {
            [] => counts.total(),
            states => {
                ServiceState::ALL.iter().filter(|s| states.contains(s)).map(|s| counts.of(*s)).sum()
            }
        };
        let sql = format!(
            "SELECT id, name, customer, product, speed_mbps, description, state_number, since_ms,
                    cause
             FROM ({CURRENT}) WHERE {CONDITIONS} AND {}
               AND ({{any_state:UInt8}} OR state_number IN {{states:Array(Int8)}})
             ORDER BY {} LIMIT {{limit:UInt64}} OFFSET {{offset:UInt64}}",
            self.condition("id"),
            order.sql()
        );
        let states: Vec<i8> = filter.states.iter().copied().map(service_state_number).collect();
        let query = with_filter(self.read(&sql), filter)
            .param("any_state", u8::from(states.is_empty()))
            .param("states", states)
            .param("limit", page.limit as u64)
            .param("offset", page.offset);
        let rows = self.series.rows::<CurrentRead>("reading the present states", query).await?;
        let rows = rows.into_iter().map(current_service).collect::<Result<_, _>>()?;
        Ok(CurrentPage { rows, matched, counts })
    }

    async fn state_counts(&self, filter: &ServiceFilter) -> Result<StateCounts, SeriesError> {
        let sql = format!(
            "SELECT state_number, count() AS services FROM ({CURRENT})
             WHERE {CONDITIONS} AND {} GROUP BY state_number ORDER BY state_number",
            self.condition("id")
        );
        let query = with_filter(self.read(&sql), filter);
        let mut counts = StateCounts::default();
        for row in self.series.rows::<CountRead>("counting the present states", query).await? {
            *match row.state_number {
                NO_STATE => &mut counts.not_existing,
                number => match service_state(number)? {
                    ServiceState::Up => &mut counts.up,
                    ServiceState::Degraded => &mut counts.degraded,
                    ServiceState::Down => &mut counts.down,
                    ServiceState::Maintenance => &mut counts.maintenance,
                    ServiceState::Unknown => &mut counts.unknown,
                },
            } = row.services;
        }
        Ok(counts)
    }
}

fn with_filter(
    query: clickhouse::query::Query,
    filter: &ServiceFilter,
) -> clickhouse::query::Query {
    query
        .param("any_id", u8::from(filter.ids.is_none()))
        .param("ids", texts(filter.ids.as_deref().unwrap_or_default()))
        .param("any_customer", u8::from(filter.customer.is_none()))
        .param("customer", filter.customer.as_deref().unwrap_or_default())
        .param("any_cause", u8::from(filter.cause.is_none()))
        .param("cause", filter.cause.as_ref().map_or("", ComponentId::as_str))
        .param("text", filter.text.as_deref().unwrap_or_default())
}

fn current_service(row: CurrentRead) -> Result<CurrentService, SeriesError> {
    let exists = row.state_number != NO_STATE;
    Ok(CurrentService {
        service: ServiceDimension {
            id: ServiceId::from(row.id),
            name: row.name,
            customer: row.customer,
            product: row.product,
            speed_mbps: row.speed_mbps,
            description: row.description,
        },
        state: exists.then(|| service_state(row.state_number)).transpose()?,
        since: exists.then_some(Timestamp(row.since_ms)),
        cause: component_ids(row.cause),
    })
}

const _: () = assert!(NO_STATE as usize == ServiceState::ALL.len() && IDS_MAX > 0);
