//! The engine's state between two epochs, whole or in parts. It is the same
//! for any number of workers and processes.

use super::Control;
use super::flow::{Fact, Order};
use crate::engine::{ComponentSnapshot, Evaluator, Keeper, ServiceSnapshot};
use crate::model::{Timestamp, Window};

/// Components or services in one part: few enough that a part is small, many
/// enough that passing it on costs little.
const PART_MAX: usize = 4_096;

/// A part of the engine's state. The parts of one state may come in any order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SnapshotPart {
    /// The clock, and before which instant nothing changes any more.
    Clock {
        /// The engine's time, if it was ever told.
        now: Option<Timestamp>,
        /// No interval starts earlier.
        origin: Timestamp,
    },
    /// Components.
    Components(Vec<ComponentSnapshot>),
    /// Services.
    Services(Vec<ServiceSnapshot>),
    /// Windows, each by its id.
    Windows(Vec<(String, Window)>),
}

/// The engine's whole state.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct EngineSnapshot {
    /// The engine's time, if it was ever told.
    pub now: Option<Timestamp>,
    /// No interval starts earlier; `None` for what the engine was started with.
    pub origin: Option<Timestamp>,
    /// Every component, sorted by id.
    pub components: Vec<ComponentSnapshot>,
    /// Every service, sorted by id.
    pub services: Vec<ServiceSnapshot>,
    /// Every window, sorted by its id.
    pub windows: Vec<(String, Window)>,
}

impl EngineSnapshot {
    /// Puts parts together.
    pub fn collect(parts: impl IntoIterator<Item = SnapshotPart>) -> EngineSnapshot {
        let mut whole = EngineSnapshot::default();
        for part in parts {
            match part {
                SnapshotPart::Clock { now, origin } => {
                    whole.now = whole.now.max(now);
                    whole.origin = whole.origin.max(Some(origin));
                }
                SnapshotPart::Components(mut more) => whole.components.append(&mut more),
                SnapshotPart::Services(mut more) => whole.services.append(&mut more),
                SnapshotPart::Windows(mut more) => whole.windows.append(&mut more),
            }
        }
        whole.components.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        whole.services.sort_unstable_by(|a, b| a.definition.id.cmp(&b.definition.id));
        whole.windows.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        whole
    }

    /// Joins the parts of several processes.
    pub fn union(parts: impl IntoIterator<Item = EngineSnapshot>) -> EngineSnapshot {
        EngineSnapshot::collect(parts.into_iter().flat_map(EngineSnapshot::into_parts))
    }

    /// Takes it apart, into parts of a size that can be passed on while the
    /// rest waits.
    pub fn into_parts(self) -> impl Iterator<Item = SnapshotPart> {
        let clock = self.origin.map(|origin| SnapshotPart::Clock { now: self.now, origin });
        clock
            .into_iter()
            .chain(pieces(self.components).map(SnapshotPart::Components))
            .chain(pieces(self.services).map(SnapshotPart::Services))
            .chain(pieces(self.windows).map(SnapshotPart::Windows))
    }
}

fn pieces<T>(whole: Vec<T>) -> impl Iterator<Item = Vec<T>> {
    let mut rest = whole.into_iter();
    std::iter::from_fn(move || {
        Some(rest.by_ref().take(PART_MAX).collect::<Vec<T>>()).filter(|piece| !piece.is_empty())
    })
}

impl SnapshotPart {
    /// What the keepers and evaluators of `peers` workers are told, to be what
    /// they were.
    pub(super) fn into_facts(self, peers: usize) -> (Vec<Fact>, Vec<Order>) {
        match self {
            SnapshotPart::Clock { now, origin } => {
                let clocks = now
                    .into_iter()
                    .flat_map(|now| (0..peers).map(move |worker| Fact::Clock { worker, now }));
                (clocks.collect(), vec![Order::Clock { now, origin }])
            }
            SnapshotPart::Components(components) => {
                (components.into_iter().map(Fact::Restore).collect(), Vec::new())
            }
            SnapshotPart::Services(services) => {
                (Vec::new(), services.into_iter().map(Order::Restore).collect())
            }
            SnapshotPart::Windows(windows) => {
                let order = |(id, window)| Order::Control(Control::Window(id, Some(window)));
                (Vec::new(), windows.into_iter().map(order).collect())
            }
        }
    }

    /// What one worker holds, part by part, until `put` says no. What every
    /// worker holds, the `first` one tells.
    pub(super) fn take(
        keeper: &Keeper,
        evaluator: &Evaluator,
        first: bool,
        mut put: impl FnMut(SnapshotPart) -> bool,
    ) {
        let mut going = true;
        if first {
            let (now, origin) = (evaluator.now(), evaluator.origin());
            going = put(SnapshotPart::Clock { now, origin });
            let windows = evaluator.windows().map(|(id, window)| (id.to_owned(), window.clone()));
            going = going && put(SnapshotPart::Windows(windows.collect()));
        }
        let mut from = 0;
        while going && from < keeper.len() {
            going = put(SnapshotPart::Components(keeper.snapshot(from, PART_MAX)));
            from += PART_MAX;
        }
        from = 0;
        while let Some(services) = evaluator.snapshot(from, PART_MAX).filter(|_| going) {
            going = put(SnapshotPart::Services(services));
            from += PART_MAX;
        }
    }
}
