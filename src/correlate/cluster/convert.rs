//! What an epoch changed in a follower, as messages and back.

use anyhow::Context;
use correlate::dataflow::EpochOutput;
use correlate::engine;
use correlate::model::{self, ComponentId, IntervalRevision, ServiceId, Timestamp};
use prost::Message as _;
use store::evidence::{SampleSource, StateReason};
use store::series::{self, EdgeEvidence, SetAsideKind};

use super::frame::PIECE_BYTES;
use super::message::{CauseMove, Changes, Edge, Interval, Revision, Sample, SetAside, Transition};

/// The changes in pieces of about [`PIECE_BYTES`]. Refusals are left out:
/// every process sees every definition, and the leader reports.
pub(super) fn pieces(
    output: EpochOutput,
    set_aside: Vec<series::SetAside>,
    edges: Vec<series::Edge>,
) -> Vec<Changes> {
    let mut pieces = Vec::new();
    let mut piece = Changes::default();
    let mut bytes = 0;
    for revision in output.revisions {
        let revision = revision_of(revision);
        bytes += revision.encoded_len();
        piece.revisions.push(revision);
        close_when_full(&mut pieces, &mut piece, &mut bytes);
    }
    for transition in output.transitions {
        let transition = transition_of(transition);
        bytes += transition.encoded_len();
        piece.transitions.push(transition);
        close_when_full(&mut pieces, &mut piece, &mut bytes);
    }
    for row in set_aside {
        let row = set_aside_of(row);
        bytes += row.encoded_len();
        piece.set_aside.push(row);
        close_when_full(&mut pieces, &mut piece, &mut bytes);
    }
    for edge in edges {
        let edge = edge_of(edge);
        bytes += edge.encoded_len();
        piece.edges.push(edge);
        close_when_full(&mut pieces, &mut piece, &mut bytes);
    }
    piece.too_late = output.too_late;
    piece.too_late_samples = output.too_late_samples.iter().map(sample_of).collect();
    piece.reaching_back = output.reaching_back.iter().map(|id| id.as_str().to_owned()).collect();
    pieces.push(Changes { is_last: true, ..piece });
    pieces
}

fn close_when_full(pieces: &mut Vec<Changes>, piece: &mut Changes, bytes: &mut usize) {
    if *bytes >= PIECE_BYTES {
        *bytes = 0;
        pieces.push(std::mem::take(piece));
    }
}

/// Adds a piece to the changes that came before it.
///
/// # Errors
/// A state or a kind that there is not.
pub(super) fn add(
    output: &mut EpochOutput,
    set_aside: &mut Vec<series::SetAside>,
    edges: &mut Vec<series::Edge>,
    piece: Changes,
) -> anyhow::Result<()> {
    for revision in piece.revisions {
        output.revisions.push(read_revision(revision)?);
    }
    for Transition { component, at_ms, state } in piece.transitions {
        let state = state.map(|state| state.parse()).transpose()?;
        let component = ComponentId::from(component);
        output.transitions.push(engine::Transition { component, at: Timestamp(at_ms), state });
    }
    output.too_late += piece.too_late;
    for sample in piece.too_late_samples {
        output.too_late_samples.push(read_sample(sample)?);
    }
    output.reaching_back.extend(piece.reaching_back.into_iter().map(ServiceId::from));
    for row in piece.set_aside {
        set_aside.push(read_set_aside(row)?);
    }
    for edge in piece.edges {
        edges.push(read_edge(edge)?);
    }
    Ok(())
}

fn edge_of(edge: series::Edge) -> Edge {
    Edge {
        at_ms: edge.at.millis(),
        component: edge.component.as_str().to_owned(),
        state: edge.state.as_str().to_owned(),
        source: edge.known.source.as_str().to_owned(),
        uncertainty_ms: edge.known.uncertainty_ms,
        observed_at_ms: edge.known.observed_at.millis(),
        reason: edge.known.reason.map_or("", StateReason::as_str).to_owned(),
    }
}

fn read_edge(edge: Edge) -> anyhow::Result<series::Edge> {
    let source = SampleSource::parse(&edge.source);
    Ok(series::Edge {
        component: ComponentId::from(edge.component),
        at: Timestamp(edge.at_ms),
        state: edge.state.parse()?,
        known: EdgeEvidence {
            source: source.with_context(|| format!("{:?} is no evidence", edge.source))?,
            uncertainty_ms: edge.uncertainty_ms,
            observed_at: Timestamp(edge.observed_at_ms),
            reason: StateReason::parse(&edge.reason),
        },
    })
}

pub(super) fn sample_of(sample: &model::Sample) -> Sample {
    Sample {
        at_ms: sample.at.millis(),
        component: sample.component.as_str().to_owned(),
        state: sample.state.as_str().to_owned(),
    }
}

pub(super) fn read_sample(sample: Sample) -> anyhow::Result<model::Sample> {
    Ok(model::Sample {
        at: Timestamp(sample.at_ms),
        component: ComponentId::from(sample.component),
        state: sample.state.parse()?,
    })
}

pub(super) fn set_aside_of(row: series::SetAside) -> SetAside {
    let series::SetAside { topic, partition, offset, kind, at, key, reason, size_bytes, count } =
        row;
    let (kind, at_ms) = (kind.as_str().to_owned(), at.millis());
    SetAside { topic, partition, offset, kind, at_ms, key, reason, size_bytes, count }
}

pub(super) fn read_set_aside(row: SetAside) -> anyhow::Result<series::SetAside> {
    let SetAside { topic, partition, offset, kind, at_ms, key, reason, size_bytes, count } = row;
    let kind = SetAsideKind::parse(&kind).with_context(|| format!("{kind:?} is no kind"))?;
    let at = Timestamp(at_ms);
    Ok(series::SetAside { topic, partition, offset, kind, at, key, reason, size_bytes, count })
}

pub(super) fn texts(ids: &[ComponentId]) -> Vec<String> {
    ids.iter().map(|id| id.as_str().to_owned()).collect()
}

pub(super) fn ids(texts: Vec<String>) -> Vec<ComponentId> {
    texts.into_iter().map(ComponentId::from).collect()
}

pub(super) fn interval_of(interval: model::Interval) -> Interval {
    let moved = |(at, cause): &(Timestamp, Vec<ComponentId>)| CauseMove {
        at_ms: at.millis(),
        cause: texts(cause),
    };
    Interval {
        end_ms: interval.end.map(Timestamp::millis),
        state: interval.state.as_str().to_owned(),
        cause: texts(&interval.cause),
        cause_moves: interval.cause_moves.iter().map(moved).collect(),
    }
}

pub(super) fn read_interval(
    start: Timestamp,
    interval: Interval,
) -> anyhow::Result<model::Interval> {
    let moves = interval.cause_moves.into_iter();
    Ok(model::Interval {
        start,
        end: interval.end_ms.map(Timestamp),
        state: interval.state.parse()?,
        cause: ids(interval.cause),
        cause_moves: moves.map(|m| (Timestamp(m.at_ms), ids(m.cause))).collect(),
    })
}

fn revision_of(revision: IntervalRevision) -> Revision {
    let interval = revision.interval.map(interval_of);
    let service = revision.service.as_str().to_owned();
    Revision { service, start_ms: revision.start.millis(), interval }
}

fn read_revision(revision: Revision) -> anyhow::Result<IntervalRevision> {
    let start = Timestamp(revision.start_ms);
    let interval = revision.interval.map(|interval| read_interval(start, interval));
    let service = ServiceId::from(revision.service);
    Ok(IntervalRevision { service, start, interval: interval.transpose()? })
}

fn transition_of(transition: engine::Transition) -> Transition {
    Transition {
        component: transition.component.as_str().to_owned(),
        at_ms: transition.at.millis(),
        state: transition.state.map(|state| state.as_str().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use correlate::model::{ComponentState, ServiceState};

    use super::*;

    fn output(services: usize) -> EpochOutput {
        let revision = |number: usize| {
            let start = Timestamp(-7);
            let interval = model::Interval {
                start,
                end: number.is_multiple_of(2).then_some(Timestamp(9)),
                state: ServiceState::Degraded,
                cause: vec!["n/device/1".into()],
                cause_moves: vec![(Timestamp(3), vec!["n/port/2".into(), "n/port/3".into()])],
            };
            let service = ServiceId::from(format!("s{number:06}"));
            IntervalRevision {
                service,
                start,
                interval: (!number.is_multiple_of(3)).then_some(interval),
            }
        };
        let transition =
            |state| engine::Transition { component: "n/device/1".into(), at: Timestamp(3), state };
        EpochOutput {
            revisions: (0..services).map(revision).collect(),
            transitions: vec![transition(None), transition(Some(ComponentState::Down))],
            rejections: Vec::new(),
            too_late: 5,
            reaching_back: vec!["s1".into(), "s2".into()],
            too_late_samples: vec![model::Sample {
                at: Timestamp(1),
                component: "n/device/1".into(),
                state: ComponentState::Unknown,
            }],
        }
    }

    fn set_aside(offset: u64) -> series::SetAside {
        series::SetAside {
            topic: "t".to_owned(),
            partition: 3,
            offset,
            kind: SetAsideKind::ImplausibleTime,
            at: Timestamp(5),
            key: "k".to_owned(),
            reason: "no".to_owned(),
            size_bytes: 7,
            count: 2,
        }
    }

    fn edge(at: i64) -> series::Edge {
        series::Edge {
            component: "n/port/2".into(),
            at: Timestamp(at),
            state: ComponentState::Down,
            known: EdgeEvidence {
                source: SampleSource::EventLog,
                uncertainty_ms: u32::MAX,
                observed_at: Timestamp(at + 1),
                reason: (at % 2 == 0).then_some(StateReason::Gone),
            },
        }
    }

    #[test]
    fn changes_come_out_as_they_went_in() {
        for services in [0, 3, 60_000] {
            let aside = || (0..services as u64).map(set_aside).collect::<Vec<_>>();
            let edges = || (0..services as i64).map(edge).collect::<Vec<_>>();
            let sent = pieces(output(services), aside(), edges());
            assert_eq!(sent.len() > 1, services > 3, "{} pieces", sent.len());
            let last = sent.iter().position(|piece| piece.is_last);
            assert_eq!(last, Some(sent.len() - 1));
            let mut found = EpochOutput::default();
            let (mut found_aside, mut found_edges) = (Vec::new(), Vec::new());
            for piece in sent {
                add(&mut found, &mut found_aside, &mut found_edges, piece).expect("good");
            }
            assert_eq!((found, found_aside), (output(services), aside()));
            assert_eq!(found_edges, edges());
        }
    }
}
