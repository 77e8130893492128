//! Sums of milliseconds, compared with a naive recomputation.

use correlate::model::{Interval, Period, ServiceState, Timestamp};
use store::Scope;
use store::series::{Availability, civil_days};

use super::rig::{Rig, batch, interval, period, revision, service};

/// What `intervals` give for `period` at `now`, in the order of the states'
/// numbers, then not existing.
fn naive(intervals: &[Interval], period: Period, now: i64) -> [u64; 6] {
    let mut sums = [0; 6];
    let until = period.until.min(Timestamp(now));
    for interval in intervals {
        let end = interval.end.unwrap_or(Timestamp(now)).min(until);
        let ms = Period::new(interval.start.max(period.from), end).millis();
        sums[interval.state as usize] += ms.unsigned_abs();
    }
    let covered: u64 = sums.iter().sum();
    sums[5] = Period::new(period.from, until).millis().unsigned_abs() - covered;
    sums
}

fn sums(a: &Availability) -> [u64; 6] {
    [a.up_ms, a.degraded_ms, a.down_ms, a.maintenance_ms, a.unknown_ms, a.not_existing_ms]
}

fn history(seed: i64) -> Vec<Interval> {
    let mut at = 1_760_000_000_000 + seed * 7_777;
    let mut written = Vec::new();
    for step in 0..200_i64 {
        let state = ServiceState::ALL[usize::try_from((step * 7 + seed) % 5).expect("small")];
        let end = at + 1 + (step * step * 104_729 + seed * 31) % 40_000_000;
        written.push(interval(at, (step < 199).then_some(end), state, &[]));
        // A version that ended leaves a time without the service.
        at = if step == 90 { end + 123_457 } else { end };
    }
    written
}

#[tokio::test]
async fn sums_equal_a_naive_recomputation_and_add_up_to_the_millisecond() {
    let rig = Rig::start().await;
    let histories: Vec<_> = (1..=3).map(history).collect();
    let ids: Vec<_> = (1..=4).map(|n| service(&format!("s{n}"))).collect();
    let revisions = histories.iter().zip(&ids).flat_map(|(intervals, id)| {
        intervals.iter().cloned().map(|interval| revision(id.as_str(), interval))
    });
    rig.series.write(&batch(1, revisions.collect())).await.expect("written");
    let now = 1_764_000_000_123;
    let days = civil_days("Europe/Amsterdam", Timestamp(now), 60).expect("valid");
    let mut periods: Vec<_> = days.iter().map(|day| day.period).collect();
    periods.push(Period::new(periods[0].from, periods[59].until));
    periods.push(period(now + 1, now + 500));
    periods.push(period(1_760_500_000_001, 1_760_500_000_002));

    let found = rig
        .series
        .within(&Scope::everything())
        .availability(&ids, &periods, Timestamp(now))
        .await
        .expect("read");
    let mut fleet = vec![[0_u64; 6]; periods.len()];
    for (index, service) in found.iter().enumerate() {
        assert_eq!(service.service, ids[index]);
        let intervals = histories.get(index).map_or(&[][..], Vec::as_slice);
        for (slot, (availability, period)) in service.periods.iter().zip(&periods).enumerate() {
            if period.from.millis() > now {
                assert_eq!(availability.total_ms(), 0, "a future period is empty");
                continue;
            }
            assert_eq!(sums(availability), naive(intervals, *period, now), "{period:?}");
            assert_eq!(availability.total_ms(), availability.period.millis().unsigned_abs());
            let sums = sums(availability);
            (0..5).for_each(|state| fleet[slot][state] += sums[state]);
        }
        let whole = sums(&service.periods[60]);
        for (bucket, ms) in whole.iter().enumerate() {
            let parts: u64 = service.periods[..60].iter().map(|day| sums(day)[bucket]).sum();
            assert_eq!(parts, *ms, "the days add up to the whole");
        }
    }
    let together = rig
        .series
        .within(&Scope::everything())
        .fleet_availability(&periods, Timestamp(now))
        .await
        .expect("read");
    for (slot, all) in together.iter().enumerate() {
        assert_eq!(sums(&all.sum)[..5], fleet[slot][..5]);
        assert_eq!(all.sum.total_ms(), all.services * all.sum.period.millis().unsigned_abs());
    }
    assert_eq!(together[60].services, 3);
}

#[tokio::test]
async fn an_open_interval_that_its_successor_overtakes_is_not_counted_twice() {
    let rig = Rig::start().await;
    // As a reader may see it while a write becomes visible.
    let halfway = vec![
        revision("s", interval(0, None, ServiceState::Up, &[])),
        revision("s", interval(600, None, ServiceState::Down, &["c"])),
    ];
    rig.series.write(&batch(1, halfway)).await.expect("written");
    let found = rig
        .series
        .within(&Scope::everything())
        .availability(&[service("s")], &[period(0, 1_000)], Timestamp(1_000))
        .await
        .expect("read");
    assert_eq!(sums(&found[0].periods[0]), [600, 0, 400, 0, 0, 0]);
}

#[tokio::test]
async fn nothing_asked_is_nothing_answered() {
    let rig = Rig::start().await;
    let now = Timestamp(5);
    assert_eq!(
        rig.series
            .within(&Scope::everything())
            .availability(&[], &[period(0, 1)], now)
            .await
            .expect("read"),
        []
    );
    assert_eq!(
        rig.series.within(&Scope::everything()).fleet_availability(&[], now).await.expect("read"),
        []
    );
    let none = rig
        .series
        .within(&Scope::everything())
        .availability(&[service("s")], &[], now)
        .await
        .expect("read");
    assert_eq!(none[0].periods, []);
}
