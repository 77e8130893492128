//! The dataflow of one worker: operators around a keeper and an evaluator.
//!
//! Operators only move facts; what they mean is the engine's.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use timely::container::CapacityContainerBuilder;
use timely::dataflow::channels::pact::{Exchange, Pipeline};
use timely::dataflow::operators::vec::Broadcast;
use timely::dataflow::operators::{Operator, Probe};
use timely::dataflow::{InputHandleVec, ProbeHandle};
use timely::worker::Worker;

use super::Control;
use crate::engine::{Evaluator, Keeper, Rejection, StateChange, Transition, stable_hash};
use crate::model::{IntervalRevision, Sample, Timestamp};

/// Numbers epochs; timely's time.
pub(super) type Epoch = u64;

/// What the operators of one worker share with its loop; one thread.
pub(super) struct Shared {
    pub(super) keeper: RefCell<Keeper>,
    pub(super) evaluator: RefCell<Evaluator>,
    /// The clock of the epoch in progress.
    pub(super) now: Cell<Timestamp>,
    /// Whether the epoch in progress hands over what it changed.
    pub(super) wants_changes: Cell<bool>,
    pub(super) revisions: RefCell<Vec<IntervalRevision>>,
    pub(super) transitions: RefCell<Vec<Transition>>,
    pub(super) rejections: RefCell<Vec<Rejection>>,
}

/// The ends of one worker's dataflow.
pub(super) struct Flow {
    pub(super) samples: InputHandleVec<Epoch, Sample>,
    pub(super) controls: InputHandleVec<Epoch, Control>,
    pub(super) probe: ProbeHandle<Epoch>,
}

/// Builds the dataflow of `worker`.
pub(super) fn build(worker: &mut Worker, shared: &Rc<Shared>) -> Flow {
    let mut samples = InputHandleVec::new();
    let mut controls = InputHandleVec::new();
    let probe = worker.dataflow::<Epoch, _, _>(|scope| {
        let by_component = Exchange::new(|sample: &Sample| stable_hash(sample.component.as_str()));
        let keep = shared.clone();
        let changes =
            samples.to_stream(scope).unary_frontier(by_component, "Keep", move |capability, _| {
                let mut capability = Some(capability);
                move |(input, frontier), output| {
                    input.for_each_stamp(|_, batches| {
                        let mut keeper = keep.keeper.borrow_mut();
                        for batch in batches {
                            batch.drain(..).for_each(|sample| keeper.observe(&sample));
                        }
                    });
                    let ended = |time: &Epoch| !frontier.less_equal(time);
                    if let Some(held) = capability.as_mut()
                        && ended(held.time())
                    {
                        let mut changes: Vec<StateChange> = Vec::new();
                        let mut keeper = keep.keeper.borrow_mut();
                        keeper.advance(keep.now.get());
                        keeper.drain(&mut changes, &mut keep.transitions.borrow_mut());
                        if !keep.wants_changes.get() {
                            keep.transitions.borrow_mut().clear();
                        }
                        output.session(held).give_iterator(changes.into_iter());
                        match frontier.frontier().first() {
                            Some(next) => held.downgrade(next),
                            None => capability = None,
                        }
                    }
                }
            });
        let changes = changes.container::<Vec<_>>().broadcast();
        let controls = controls.to_stream(scope).broadcast();
        let evaluate = shared.clone();
        let done = changes.binary_frontier::<_, CapacityContainerBuilder<Vec<()>>, _, _, _, _>(
            controls,
            Pipeline,
            Pipeline,
            "Evaluate",
            move |capability, _| {
                let mut capability = Some(capability);
                move |(changes, changes_frontier), (controls, controls_frontier), _output| {
                    changes.for_each_stamp(|_, batches| {
                        let mut evaluator = evaluate.evaluator.borrow_mut();
                        for batch in batches {
                            batch.drain(..).for_each(|change| evaluator.set_states(&change));
                        }
                    });
                    controls.for_each_stamp(|_, batches| {
                        for batch in batches {
                            batch.drain(..).for_each(|control| evaluate.control(control));
                        }
                    });
                    let ended = |time: &Epoch| {
                        !changes_frontier.less_equal(time) && !controls_frontier.less_equal(time)
                    };
                    if let Some(held) = capability.as_mut()
                        && ended(held.time())
                    {
                        let mut evaluator = evaluate.evaluator.borrow_mut();
                        evaluator.settle(evaluate.now.get());
                        if evaluate.wants_changes.get() {
                            evaluate.revisions.borrow_mut().extend(evaluator.take_changes());
                        }
                        let next = held.time() + 1;
                        match changes_frontier.is_empty() && controls_frontier.is_empty() {
                            false => held.downgrade(&next),
                            true => capability = None,
                        }
                    }
                }
            },
        );
        done.probe().0
    });
    Flow { samples, controls, probe }
}

impl Shared {
    fn control(&self, control: Control) {
        let mut evaluator = self.evaluator.borrow_mut();
        match control {
            Control::Define(definition) => {
                if let Err(rejection) = evaluator.define(definition) {
                    self.rejections.borrow_mut().push(rejection);
                }
            }
            Control::Undefine(id) => evaluator.undefine(&id),
            Control::Window(id, window) => evaluator.set_window(&id, window),
        }
    }
}
