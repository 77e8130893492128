//! How long services were in which state: sums in milliseconds, no figures.
//!
//! Open intervals count up to `now`, and a period counts up to `now`. An
//! interval also ends where the next of its service starts, so that every
//! millisecond falls into one bucket even while a write becomes visible.

use std::collections::HashMap;

use clickhouse::Row;
use correlate::model::{Period, ServiceId, ServiceState, Timestamp};
use serde::Deserialize;

use super::super::row::{service_state, texts};
use super::super::{SeriesError, SeriesWithin};
use super::{check_ids, clip, clip_instant};

/// Periods that one query may ask for: a year of days and some.
pub const PERIODS_MAX: usize = 400;

/// Services times periods that one query may ask for: what an answer of a few
/// megabytes holds.
pub const SUMS_MAX: usize = 50_000;

/// How a period splits over the states, in milliseconds. The six add up to
/// the period.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Availability {
    /// The period, clipped to what lies before `now`; possibly empty.
    pub period: Period,
    /// The path worked and nothing in it was down.
    pub up_ms: u64,
    /// The path worked without its redundancy.
    pub degraded_ms: u64,
    /// The path did not work.
    pub down_ms: u64,
    /// The path did not work, and planned work explains it.
    pub maintenance_ms: u64,
    /// Nobody can say.
    pub unknown_ms: u64,
    /// The service did not exist.
    pub not_existing_ms: u64,
}

impl Availability {
    fn empty(period: Period) -> Availability {
        Availability {
            period,
            up_ms: 0,
            degraded_ms: 0,
            down_ms: 0,
            maintenance_ms: 0,
            unknown_ms: 0,
            not_existing_ms: 0,
        }
    }

    /// The sum of the six buckets: the length of the period (times the
    /// number of services for a fleet).
    pub fn total_ms(&self) -> u64 {
        self.existing_ms() + self.not_existing_ms
    }

    fn existing_ms(&self) -> u64 {
        self.up_ms + self.degraded_ms + self.down_ms + self.maintenance_ms + self.unknown_ms
    }

    fn add(&mut self, state: ServiceState, ms: u64) {
        *match state {
            ServiceState::Up => &mut self.up_ms,
            ServiceState::Degraded => &mut self.degraded_ms,
            ServiceState::Down => &mut self.down_ms,
            ServiceState::Maintenance => &mut self.maintenance_ms,
            ServiceState::Unknown => &mut self.unknown_ms,
        } += ms;
    }

    /// Puts what no interval covered into `not_existing_ms`.
    fn close(&mut self, services: u64) {
        let total = self.period.millis().unsigned_abs() * services;
        self.not_existing_ms = total.saturating_sub(self.existing_ms());
    }
}

/// One service over several periods.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServiceAvailability {
    /// The service.
    pub service: ServiceId,
    /// One entry for each period, in the order asked.
    pub periods: Vec<Availability>,
}

/// All services together over a period.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FleetAvailability {
    /// How many services existed at some instant of the period.
    pub services: u64,
    /// Sums over those services: the buckets add up to `services` times the
    /// length of the period.
    pub sum: Availability,
}

#[derive(Row, Deserialize)]
struct SumRead {
    service: String,
    period: u32,
    state_number: i8,
    ms: u64,
}

#[derive(Row, Deserialize)]
struct FleetRead {
    period: u32,
    services: u64,
    sums: Vec<u64>,
}

/// The intervals that touch any of the periods, each cut where the next
/// starts and at `now`, once for every period that it touches: columns
/// `service`, `state_number`, `period` (an index) and `ms`.
fn pieces(services: &str) -> String {
    format!(
        "SELECT service, state_number, period,
                toUInt64(least(cut_ms, p_until) - greatest(start_ms, p_from)) AS ms
         FROM (
            SELECT service, CAST(state, 'Int8') AS state_number,
                   toUnixTimestamp64Milli(start) AS start_ms,
                   least(if(isNull(end), {{now:Int64}}, toUnixTimestamp64Milli(assumeNotNull(end))),
                         {{now:Int64}},
                         leadInFrame(toUnixTimestamp64Milli(start), 1, {{now:Int64}}) OVER (
                            PARTITION BY service ORDER BY start
                            ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)) AS cut_ms
            FROM service_intervals FINAL
            WHERE {services}
                  start < fromUnixTimestamp64Milli({{last:Int64}}, 'UTC')
              AND (end IS NULL OR end > fromUnixTimestamp64Milli({{first:Int64}}, 'UTC'))
         )
         ARRAY JOIN {{from:Array(Int64)}} AS p_from, {{until:Array(Int64)}} AS p_until,
                    range(toUInt32({{count:UInt32}})) AS period
         WHERE start_ms < p_until AND cut_ms > p_from"
    )
}

impl SeriesWithin<'_> {
    /// How each of `services` spent each of `periods`, in the order asked. A
    /// service that nobody knows spent them not existing.
    ///
    /// # Errors
    /// More than [`IDS_MAX`](super::super::IDS_MAX) services, [`PERIODS_MAX`] periods, or
    /// [`SUMS_MAX`] of both multiplied; or the server is away or refuses.
    pub async fn availability(
        &self,
        services: &[ServiceId],
        periods: &[Period],
        now: Timestamp,
    ) -> Result<Vec<ServiceAvailability>, SeriesError> {
        check_ids(services.len())?;
        if services.len() * periods.len() > SUMS_MAX {
            return Err(SeriesError::Invalid(format!(
                "at most {SUMS_MAX} services times periods can be asked for, found {} times {}",
                services.len(),
                periods.len()
            )));
        }
        let clipped = clip_periods(periods, now)?;
        let mut sums: HashMap<String, Vec<Availability>> = HashMap::new();
        let empty: Vec<_> = clipped.iter().copied().map(Availability::empty).collect();
        for row in self.service_sums(services, &clipped, now).await? {
            let sums = sums.entry(row.service).or_insert_with(|| empty.clone());
            let slot = sums.get_mut(row.period as usize).ok_or_else(unasked_period)?;
            slot.add(service_state(row.state_number)?, row.ms);
        }
        Ok(services
            .iter()
            .map(|service| {
                let mut periods = sums.get(service.as_str()).unwrap_or(&empty).clone();
                periods.iter_mut().for_each(|period| period.close(1));
                ServiceAvailability { service: service.clone(), periods }
            })
            .collect())
    }

    async fn service_sums(
        &self,
        services: &[ServiceId],
        periods: &[Period],
        now: Timestamp,
    ) -> Result<Vec<SumRead>, SeriesError> {
        if services.is_empty() || periods.is_empty() {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT service, period, state_number, sum(ms) AS ms FROM ({})
             GROUP BY service, period, state_number ORDER BY service, period, state_number",
            pieces(&format!(
                "service IN {{services:Array(String)}} AND {} AND",
                self.condition("service")
            ))
        );
        let query = with_periods(self.read(&sql), periods, now).param("services", texts(services));
        self.series.rows("adding up availability", query).await
    }

    /// How all services together spent each of `periods`, in the order asked.
    ///
    /// # Errors
    /// More than [`PERIODS_MAX`] periods, or the server is away or refuses.
    pub async fn fleet_availability(
        &self,
        periods: &[Period],
        now: Timestamp,
    ) -> Result<Vec<FleetAvailability>, SeriesError> {
        let clipped = clip_periods(periods, now)?;
        let mut fleet: Vec<_> = clipped
            .iter()
            .map(|&period| FleetAvailability { services: 0, sum: Availability::empty(period) })
            .collect();
        if clipped.is_empty() {
            return Ok(fleet);
        }
        let sql = format!(
            "SELECT period, uniqExact(service) AS services,
                    [sumIf(ms, state_number = 0), sumIf(ms, state_number = 1),
                     sumIf(ms, state_number = 2), sumIf(ms, state_number = 3),
                     sumIf(ms, state_number = 4)] AS sums
             FROM ({}) GROUP BY period ORDER BY period",
            pieces(&format!("{} AND", self.condition("service")))
        );
        let query = with_periods(self.read(&sql), &clipped, now);
        for row in
            self.series.rows::<FleetRead>("adding up the fleet's availability", query).await?
        {
            let slot = fleet.get_mut(row.period as usize).ok_or_else(unasked_period)?;
            slot.services = row.services;
            for (state, ms) in ServiceState::ALL.into_iter().zip(row.sums) {
                slot.sum.add(state, ms);
            }
        }
        fleet.iter_mut().for_each(|slot| slot.sum.close(slot.services));
        Ok(fleet)
    }
}

fn unasked_period() -> SeriesError {
    SeriesError::Invalid("clickhouse gave a period that was not asked for".to_owned())
}

/// Each period clipped to ClickHouse's range and to `now`.
fn clip_periods(periods: &[Period], now: Timestamp) -> Result<Vec<Period>, SeriesError> {
    if periods.len() > PERIODS_MAX {
        return Err(SeriesError::Invalid(format!(
            "at most {PERIODS_MAX} periods can be asked for, found {}",
            periods.len()
        )));
    }
    let clipped = periods.iter().map(|period| {
        let (from, until) = clip(*period);
        let until = until.min(clip_instant(now));
        Period::new(Timestamp(from.min(until)), Timestamp(until))
    });
    Ok(clipped.collect())
}

fn with_periods(
    query: clickhouse::query::Query,
    periods: &[Period],
    now: Timestamp,
) -> clickhouse::query::Query {
    let from: Vec<i64> = periods.iter().map(|period| period.from.millis()).collect();
    let until: Vec<i64> = periods.iter().map(|period| period.until.millis()).collect();
    query
        .param("first", from.iter().min().copied().unwrap_or_default())
        .param("last", until.iter().max().copied().unwrap_or_default())
        .param("count", periods.len() as u32)
        .param("from", from)
        .param("until", until)
        .param("now", clip_instant(now))
}
