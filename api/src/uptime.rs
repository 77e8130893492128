//! Figures of services over the periods that pages and the API show: today,
//! seven days, thirty days, each up to now.

use std::collections::HashMap;

use correlate::availability::{Buckets, Decimals};
use correlate::model::{Period, ServiceId, ServiceState, Timestamp};
use jiff::tz::TimeZone;
use store::series::{Availability, IDS_MAX, SeriesError, SeriesWithin};

use crate::days;

/// Today is one day, and so on: the last so many calendar days, up to now.
pub(crate) const TODAY: u16 = 1;
/// Today and the six days before it.
pub(crate) const WEEK: u16 = 7;
/// Today and the twenty-nine days before it.
pub(crate) const MONTH: u16 = 30;

/// The buckets of one service over today, seven and thirty days.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Recent {
    pub(crate) today: Buckets,
    pub(crate) week: Buckets,
    pub(crate) month: Buckets,
}

/// The buckets of `services` over the recent periods, by service.
pub(crate) async fn recent(
    series: SeriesWithin<'_>,
    zone: &TimeZone,
    services: &[ServiceId],
    now: Timestamp,
) -> Result<HashMap<ServiceId, Recent>, SeriesError> {
    let periods = [TODAY, WEEK, MONTH].map(|days| days::to_date(zone, now, days));
    let mut found = HashMap::with_capacity(services.len());
    for ids in services.chunks(IDS_MAX) {
        for row in series.availability(ids, &periods, now).await? {
            let [today, week, month] = row.periods.as_slice() else {
                continue;
            };
            let recent =
                Recent { today: buckets(today), week: buckets(week), month: buckets(month) };
            found.insert(row.service, recent);
        }
    }
    Ok(found)
}

/// The buckets of one service over each of `periods`, in that order.
pub(crate) async fn over(
    series: SeriesWithin<'_>,
    service: &ServiceId,
    periods: &[Period],
    now: Timestamp,
) -> Result<Vec<Buckets>, SeriesError> {
    let rows = series.availability(std::slice::from_ref(service), periods, now).await?;
    Ok(rows.iter().flat_map(|row| row.periods.iter().map(buckets)).collect())
}

/// The series' sums as the core's buckets. Contracts, which exclude time and
/// set hours, come with a later version.
pub(crate) fn buckets(sums: &Availability) -> Buckets {
    Buckets {
        up_ms: sums.up_ms,
        degraded_ms: sums.degraded_ms,
        down_ms: sums.down_ms,
        unknown_ms: sums.unknown_ms,
        maintenance_ms: sums.maintenance_ms,
        excluded_ms: 0,
        out_of_hours_ms: 0,
        not_existing_ms: sums.not_existing_ms,
    }
}

/// Availability as text, such as `99.98`; `None` where there is no figure.
pub(crate) fn availability(buckets: &Buckets, decimals: Decimals) -> Option<String> {
    buckets.availability().map(|ratio| ratio.percent(decimals).to_string())
}

/// Completeness as text; `None` where there is none.
pub(crate) fn completeness(buckets: &Buckets, decimals: Decimals) -> Option<String> {
    buckets.completeness().map(|ratio| ratio.percent(decimals).to_string())
}

/// The worst state that some of the period was spent in: down, degraded,
/// unknown, maintenance, up; `None` when the service did not exist.
pub(crate) fn worst(buckets: &Buckets) -> Option<ServiceState> {
    [
        (buckets.down_ms, ServiceState::Down),
        (buckets.degraded_ms, ServiceState::Degraded),
        (buckets.unknown_ms, ServiceState::Unknown),
        (buckets.maintenance_ms, ServiceState::Maintenance),
        (buckets.up_ms, ServiceState::Up),
    ]
    .into_iter()
    .find_map(|(ms, state)| (ms > 0).then_some(state))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_state_of_a_day_is_named() {
        let check = |buckets: Buckets, expected| assert_eq!(worst(&buckets), expected);
        check(Buckets::default(), None);
        check(Buckets { not_existing_ms: 5, ..Buckets::default() }, None);
        check(
            Buckets { up_ms: 9, maintenance_ms: 1, ..Buckets::default() },
            Some(ServiceState::Maintenance),
        );
        check(
            Buckets { up_ms: 9, degraded_ms: 1, unknown_ms: 5, ..Buckets::default() },
            Some(ServiceState::Degraded),
        );
        check(
            Buckets { up_ms: 9, degraded_ms: 5, down_ms: 1, ..Buckets::default() },
            Some(ServiceState::Down),
        );
    }

    #[test]
    fn figures_are_texts_rounded_toward_worse() {
        let buckets = Buckets { up_ms: 999_996, down_ms: 4, unknown_ms: 1, ..Buckets::default() };
        assert_eq!(availability(&buckets, Decimals::TWO).as_deref(), Some("99.99"));
        assert_eq!(availability(&buckets, Decimals::FOUR).as_deref(), Some("99.9996"));
        assert_eq!(completeness(&buckets, Decimals::TWO).as_deref(), Some("99.99"));
        assert_eq!(availability(&Buckets::default(), Decimals::TWO), None);
    }
}
