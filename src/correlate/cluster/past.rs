//! The past from before the horizon, on its way to the followers whose
//! workers own the services, and what these make of it.

use correlate::dataflow::AllIntervals;
use correlate::engine::Segment;
use correlate::model::{self, ServiceId, Timestamp};
use prost::Message as _;

use super::convert::{ids, interval_of, read_interval, texts};
use super::frame::PIECE_BYTES;
use super::message::{Past, PastSegment, PastService, Recalled, RecalledService, StartedInterval};

/// The past of services.
pub(super) type Pasts = Vec<(ServiceId, Vec<Segment>)>;

/// The past in pieces of about [`PIECE_BYTES`]; at least one.
pub(super) fn pieces(past: &Pasts) -> Vec<Past> {
    let segment = |segment: &Segment| PastSegment {
        at_ms: segment.at.millis(),
        state: segment.verdict.as_ref().map(|verdict| verdict.0.as_str().to_owned()),
        cause: segment.verdict.as_ref().map(|verdict| texts(&verdict.1)).unwrap_or_default(),
    };
    let mut pieces = vec![Past::default()];
    let mut bytes = 0;
    for (service, segments) in past {
        let service = service.as_str().to_owned();
        let service = PastService { service, segments: segments.iter().map(segment).collect() };
        bytes = room(&mut pieces, bytes, service.encoded_len());
        if let Some(piece) = pieces.last_mut() {
            piece.services.push(service);
        }
    }
    if let Some(piece) = pieces.last_mut() {
        piece.is_last = true;
    }
    pieces
}

/// Begins another piece when the last one is full; gives the bytes in the last.
fn room<T: Default>(pieces: &mut Vec<T>, bytes: usize, more: usize) -> usize {
    if bytes < PIECE_BYTES {
        return bytes + more;
    }
    pieces.push(T::default());
    more
}

/// Adds a piece to the past that came before it.
///
/// # Errors
/// A state that there is not.
pub(super) fn add(past: &mut Pasts, piece: Past) -> anyhow::Result<()> {
    for PastService { service, segments } in piece.services {
        let mut read = Vec::with_capacity(segments.len());
        for PastSegment { at_ms, state, cause } in segments {
            let state = state.map(|state| state.parse()).transpose()?;
            let verdict = state.map(|state| (state, ids(cause)));
            read.push(Segment { at: Timestamp(at_ms), verdict });
        }
        past.push((ServiceId::from(service), read));
    }
    Ok(())
}

/// What the workers recalled, in pieces; at least one.
pub(super) fn recalled_pieces(recalled: AllIntervals) -> Vec<Recalled> {
    let started = |interval: model::Interval| StartedInterval {
        start_ms: interval.start.millis(),
        interval: Some(interval_of(interval)),
    };
    let mut pieces = vec![Recalled::default()];
    let mut bytes = 0;
    for (service, intervals) in recalled {
        let service = service.as_str().to_owned();
        let intervals = intervals.into_iter().map(started).collect();
        let service = RecalledService { service, intervals };
        bytes = room(&mut pieces, bytes, service.encoded_len());
        if let Some(piece) = pieces.last_mut() {
            piece.services.push(service);
        }
    }
    if let Some(piece) = pieces.last_mut() {
        piece.is_last = true;
    }
    pieces
}

/// Adds a piece to what was recalled before it.
///
/// # Errors
/// A state that there is not.
pub(super) fn add_recalled(recalled: &mut AllIntervals, piece: Recalled) -> anyhow::Result<()> {
    for RecalledService { service, intervals } in piece.services {
        let mut read = Vec::with_capacity(intervals.len());
        for StartedInterval { start_ms, interval } in intervals {
            read.extend(
                interval
                    .map(|interval| read_interval(Timestamp(start_ms), interval))
                    .transpose()?,
            );
        }
        recalled.push((ServiceId::from(service), read));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use correlate::model::{ComponentId, ServiceState};

    use super::*;

    fn cause() -> Vec<ComponentId> {
        vec!["n/device/1".into(), "n/port/2".into()]
    }

    #[test]
    fn the_past_comes_out_as_it_went_in() {
        let segments = vec![
            Segment { at: Timestamp(-5), verdict: Some((ServiceState::Down, cause())) },
            Segment { at: Timestamp(9), verdict: None },
        ];
        for services in [0, 1, 30_000] {
            let past: Pasts = (0..services)
                .map(|number| (ServiceId::from(format!("s{number:06}")), segments.clone()))
                .collect();
            let sent = pieces(&past);
            assert_eq!(sent.iter().position(|piece| piece.is_last), Some(sent.len() - 1));
            assert_eq!(sent.len() > 1, services > 1);
            let mut found = Pasts::new();
            sent.into_iter().for_each(|piece| add(&mut found, piece).expect("good"));
            assert_eq!(found, past);
        }
    }

    #[test]
    fn what_is_recalled_comes_out_as_it_went_in_also_nothing_of_a_service() {
        let interval = model::Interval {
            start: Timestamp(1),
            end: Some(Timestamp(2)),
            state: ServiceState::Degraded,
            cause: cause(),
            cause_moves: Vec::new(),
        };
        let recalled: AllIntervals = (0..60_000)
            .map(|number| {
                let intervals = vec![interval.clone(); number % 2];
                (ServiceId::from(format!("s{number:06}")), intervals)
            })
            .collect();
        let sent = recalled_pieces(recalled.clone());
        assert!(sent.len() > 1);
        let mut found = AllIntervals::new();
        sent.into_iter().for_each(|piece| add_recalled(&mut found, piece).expect("good"));
        assert_eq!(found, recalled);
    }
}
