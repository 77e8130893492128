//! What an epoch changed in a follower, as messages and back.

use correlate::dataflow::EpochOutput;
use correlate::engine;
use correlate::model::{self, ComponentId, IntervalRevision, ServiceId, Timestamp};
use prost::Message as _;

use super::frame::PIECE_BYTES;
use super::message::{CauseMove, Changes, Interval, Revision, Transition};

/// The changes in pieces of about [`PIECE_BYTES`]. Refusals are left out:
/// every process sees every definition, and the leader reports.
pub(super) fn pieces(output: EpochOutput) -> Vec<Changes> {
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
    pieces.push(Changes { too_late: output.too_late, is_last: true, ..piece });
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
/// A state that there is not.
pub(super) fn add(output: &mut EpochOutput, piece: Changes) -> anyhow::Result<()> {
    for revision in piece.revisions {
        output.revisions.push(read_revision(revision)?);
    }
    for Transition { component, at_ms, state } in piece.transitions {
        let state = state.map(|state| state.parse()).transpose()?;
        let component = ComponentId::from(component);
        output.transitions.push(engine::Transition { component, at: Timestamp(at_ms), state });
    }
    output.too_late += piece.too_late;
    Ok(())
}

fn texts(ids: &[ComponentId]) -> Vec<String> {
    ids.iter().map(|id| id.as_str().to_owned()).collect()
}

fn ids(texts: Vec<String>) -> Vec<ComponentId> {
    texts.into_iter().map(ComponentId::from).collect()
}

fn revision_of(revision: IntervalRevision) -> Revision {
    let interval = revision.interval.map(|interval| Interval {
        end_ms: interval.end.map(Timestamp::millis),
        state: interval.state.as_str().to_owned(),
        cause: texts(&interval.cause),
        cause_moves: interval
            .cause_moves
            .iter()
            .map(|(at, cause)| CauseMove { at_ms: at.millis(), cause: texts(cause) })
            .collect(),
    });
    let service = revision.service.as_str().to_owned();
    Revision { service, start_ms: revision.start.millis(), interval }
}

fn read_revision(revision: Revision) -> anyhow::Result<IntervalRevision> {
    let start = Timestamp(revision.start_ms);
    let interval = revision.interval.map(|interval| {
        let moves = interval.cause_moves.into_iter();
        anyhow::Ok(model::Interval {
            start,
            end: interval.end_ms.map(Timestamp),
            state: interval.state.parse()?,
            cause: ids(interval.cause),
            cause_moves: moves.map(|m| (Timestamp(m.at_ms), ids(m.cause))).collect(),
        })
    });
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
            too_late_samples: Vec::new(),
        }
    }

    #[test]
    fn changes_come_out_as_they_went_in() {
        for services in [0, 3, 60_000] {
            let sent = pieces(output(services));
            assert_eq!(sent.len() > 1, services > 3, "{} pieces", sent.len());
            let last = sent.iter().position(|piece| piece.is_last);
            assert_eq!(last, Some(sent.len() - 1));
            let mut found = EpochOutput::default();
            sent.into_iter().for_each(|piece| add(&mut found, piece).expect("good"));
            assert_eq!(found, output(services));
        }
    }
}
