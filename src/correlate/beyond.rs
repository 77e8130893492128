//! Corrects what lies before the horizon, which the engine has forgotten: a
//! back-dated definition or window, a service that is deleted, or a sample
//! that is later than the horizon.
//!
//! The transitions come from ClickHouse, the definitions and windows from the
//! engine; what they give is compared with the rows in ClickHouse, and the
//! difference joins the rows of the epoch that brought the facts. So it is
//! done again when that epoch is taken in again.

use std::collections::{BTreeMap, BTreeSet};

use correlate::engine::Concerned;
use correlate::model::{
    ComponentId, ComponentState, Interval, IntervalRevision, ServiceId, Timestamp,
};
use store::series::{IDS_MAX, Scan, Series, SeriesBatch};
use tokio::task::block_in_place;
use tokio_util::sync::CancellationToken;

use super::epoch::{Engine, ORIGIN};
use super::writer::{Rows, Writer};
use crate::progress::Progress;
use crate::wiring;

/// Services that are corrected together, so that an import of many needs no
/// more memory than a few.
const SERVICES_MAX: usize = 500;

/// The transitions of components, sorted.
type Transitions = BTreeMap<ComponentId, Vec<(Timestamp, ComponentState)>>;

/// What a correction works on.
#[derive(Clone, Copy)]
pub(super) struct Beyond<'a> {
    pub(super) series: &'a Series,
    pub(super) writer: &'a Writer,
    pub(super) shutdown: &'a CancellationToken,
}

impl Beyond<'_> {
    /// Adds to the rows of an epoch what its facts change before the horizon.
    /// Whether it came to the end before shutdown.
    ///
    /// # Errors
    /// ClickHouse refuses for good, or a worker has stopped.
    pub(super) async fn correct(
        self,
        engine: &mut Engine,
        rows: &mut Rows,
    ) -> anyhow::Result<bool> {
        let services = std::mem::take(&mut rows.reaching_back);
        if services.is_empty() {
            return Ok(true);
        }
        // What is read below must hold everything from before this epoch.
        self.writer.settled().await;
        let total = services.len() as u64;
        let progress = Progress::of_stage("correct the past", "services", Some(total));
        for services in services.chunks(SERVICES_MAX) {
            let concerned = block_in_place(|| engine.concerned(services))?;
            let Some(transitions) = self.transitions(&concerned, &rows.batch).await? else {
                return Ok(false);
            };
            let recalled = block_in_place(|| -> anyhow::Result<_> {
                let past = concerned.past(services, ORIGIN, &transitions);
                let past = past.map_err(|error| anyhow::anyhow!(error.reason))?;
                engine.recall(past)
            })?;
            let Some(stored) = self.stored(services, concerned.origin).await? else {
                return Ok(false);
            };
            revise(&mut rows.batch, concerned.origin, &stored, recalled);
            progress.advance(services.len() as u64);
        }
        metrics::counter!("padwacht_correlate_past_corrections_total")
            .increment(services.len() as u64);
        tracing::info!(
            services = services.len(),
            epoch = rows.batch.epoch,
            "corrected intervals from before the horizon"
        );
        Ok(true)
    }

    /// The transitions from before the origin, with what this epoch changed
    /// of them.
    async fn transitions(
        self,
        concerned: &Concerned,
        batch: &SeriesBatch,
    ) -> anyhow::Result<Option<Transitions>> {
        let components: Vec<ComponentId> = concerned.components().into_iter().cloned().collect();
        let mut found: BTreeMap<(ComponentId, Timestamp), ComponentState> = BTreeMap::new();
        for ids in components.chunks(IDS_MAX) {
            let mut last = None;
            loop {
                let doing = "read transitions from before the horizon";
                let page = wiring::insist(self.shutdown, doing, || {
                    self.series.scan_transitions(Scan::Of(ids), concerned.origin, last.as_ref())
                });
                let Some(page) = page.await? else { return Ok(None) };
                let Some(end) = page.last() else { break };
                last = Some(end.clone());
                found.extend(page.into_iter().map(|t| ((t.component, t.at), t.state)));
            }
        }
        for key in &batch.withdrawn_transitions {
            found.remove(key);
        }
        let named: BTreeSet<&ComponentId> = components.iter().collect();
        let fresh = batch.transitions.iter().filter(|change| change.at < concerned.origin);
        for change in fresh.filter(|change| named.contains(&change.component)) {
            found.insert((change.component.clone(), change.at), change.state);
        }
        let mut transitions = Transitions::new();
        for ((component, at), state) in found {
            transitions.entry(component).or_default().push((at, state));
        }
        Ok(Some(transitions))
    }

    /// The rows that begin no later than `origin`.
    async fn stored(
        self,
        services: &[ServiceId],
        origin: Timestamp,
    ) -> anyhow::Result<Option<BTreeMap<(ServiceId, Timestamp), Interval>>> {
        let mut stored = BTreeMap::new();
        let mut last: Option<(ServiceId, Timestamp)> = None;
        loop {
            let doing = "read intervals from before the horizon";
            let after = last.as_ref().map(|(service, start)| (service, *start));
            let page = wiring::insist(self.shutdown, doing, || {
                self.series.scan_intervals(Scan::Of(services), origin.plus_millis(1), after)
            });
            let Some(page) = page.await? else { return Ok(None) };
            let Some((service, interval)) = page.last() else { return Ok(Some(stored)) };
            last = Some((service.clone(), interval.start));
            stored.extend(page.into_iter().map(|(id, interval)| ((id, interval.start), interval)));
        }
    }
}

/// Replaces what `batch` says of the services up to `origin` by the
/// difference between what is `stored` and what is `recalled`.
fn revise(
    batch: &mut SeriesBatch,
    origin: Timestamp,
    stored: &BTreeMap<(ServiceId, Timestamp), Interval>,
    recalled: Vec<(ServiceId, Vec<Interval>)>,
) {
    let recalled: BTreeMap<ServiceId, Vec<Interval>> = recalled.into_iter().collect();
    batch
        .intervals
        .retain(|revision| revision.start > origin || !recalled.contains_key(&revision.service));
    let gone = stored.keys().filter(|(service, start)| {
        let now = recalled.get(service);
        now.is_some_and(|now| now.binary_search_by_key(start, |interval| interval.start).is_err())
    });
    let mut revisions: Vec<IntervalRevision> = gone
        .map(|(service, start)| IntervalRevision {
            service: service.clone(),
            start: *start,
            interval: None,
        })
        .collect();
    for (service, intervals) in &recalled {
        for interval in intervals {
            let start = interval.start;
            if stored.get(&(service.clone(), start)) != Some(interval) {
                let interval = Some(interval.clone());
                let service = service.clone();
                revisions.push(IntervalRevision { service, start, interval });
            }
        }
    }
    batch.intervals.extend(revisions);
}

#[cfg(test)]
mod tests {
    use correlate::model::ServiceState;

    use super::*;

    fn interval(start: i64, end: Option<i64>, state: ServiceState) -> Interval {
        let (start, end) = (Timestamp(start), end.map(Timestamp));
        Interval { start, end, state, cause: Vec::new(), cause_moves: Vec::new() }
    }

    #[test]
    fn the_difference_takes_the_place_of_what_the_epoch_said_of_the_past() {
        use ServiceState::{Down, Unknown, Up};
        let revision = |service: &str, at: i64, interval| IntervalRevision {
            service: service.into(),
            start: Timestamp(at),
            interval,
        };
        let mut batch = SeriesBatch {
            epoch: 9,
            recorded_at: Timestamp(0),
            intervals: vec![
                revision("s", 100, Some(interval(100, None, Up))),
                revision("s", 150, Some(interval(150, None, Down))),
                revision("t", 100, Some(interval(100, None, Up))),
            ],
            transitions: Vec::new(),
            withdrawn_transitions: Vec::new(),
        };
        let stored: BTreeMap<_, _> =
            [interval(10, Some(30), Unknown), interval(30, Some(80), Up), interval(80, None, Down)]
                .into_iter()
                .map(|interval| ((ServiceId::from("s"), interval.start), interval))
                .collect();
        let recalled = vec![interval(10, Some(30), Unknown), interval(30, Some(150), Up)];
        revise(&mut batch, Timestamp(100), &stored, vec![("s".into(), recalled)]);
        let expected = [
            revision("s", 150, Some(interval(150, None, Down))),
            revision("t", 100, Some(interval(100, None, Up))),
            revision("s", 80, None),
            revision("s", 30, Some(interval(30, Some(150), Up))),
        ];
        assert_eq!(batch.intervals, expected);
    }
}
