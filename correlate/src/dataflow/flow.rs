//! The dataflow of one worker: operators around a keeper and an evaluator.
//!
//! Operators only move facts; what they mean is the engine's.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use serde::{Deserialize, Serialize};
use timely::container::CapacityContainerBuilder;
use timely::dataflow::channels::pact::{Exchange, Pipeline};
use timely::dataflow::operators::Capability;
use timely::dataflow::operators::generic::OutputBuilder;
use timely::dataflow::operators::generic::builder_rc::OperatorBuilder;
use timely::dataflow::operators::vec::Broadcast;
use timely::dataflow::operators::{Concat, ConnectLoop, Feedback, Operator, Probe};
use timely::dataflow::{InputHandleVec, ProbeHandle, StreamVec};
use timely::progress::frontier::{Antichain, MutableAntichain};
use timely::worker::Worker;

use super::Control;
use crate::engine::{
    ComponentRuns, ComponentSnapshot, Evaluator, Keeper, Rejection, ServiceSnapshot, StateChange,
    Transition, stable_hash,
};
use crate::model::{ComponentId, IntervalRevision, Sample, Timestamp};

/// Timely's time: facts of an epoch come at an even tick, and what an
/// evaluator asks because of them at the odd one behind it.
pub(super) type Tick = u64;

/// The ticks of one epoch.
pub(super) const TICKS: Tick = 2;

/// What the keeper of a component is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Fact {
    Sample(Sample),
    Runs(ComponentRuns),
    Restore(ComponentSnapshot),
    /// The keeper of a worker goes on at this time.
    Clock {
        worker: usize,
        now: Timestamp,
    },
    /// The evaluator of a worker wants to hear of a component.
    Subscribe(ComponentId, usize),
}

impl Fact {
    /// Places a fact on the worker that keeps its component, or is meant.
    fn place(&self) -> u64 {
        stable_hash(match self {
            Fact::Sample(sample) => sample.component.as_str(),
            Fact::Runs(samples) => samples.component.as_str(),
            Fact::Restore(snapshot) => snapshot.id.as_str(),
            Fact::Subscribe(component, _) => component.as_str(),
            Fact::Clock { worker, .. } => return *worker as u64,
        })
    }
}

/// What every evaluator is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Order {
    Control(Control),
    Restore(ServiceSnapshot),
    Clock { now: Option<Timestamp>, origin: Timestamp },
}

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
    pub(super) facts: InputHandleVec<Tick, Fact>,
    pub(super) orders: InputHandleVec<Tick, Order>,
    pub(super) probe: ProbeHandle<Tick>,
}

/// Builds the dataflow of `worker`.
pub(super) fn build(worker: &mut Worker, shared: &Rc<Shared>) -> Flow {
    let mut facts = InputHandleVec::new();
    let mut orders = InputHandleVec::new();
    let index = worker.index();
    let probe = worker.dataflow::<Tick, _, _>(|scope| {
        let (asked, questions) = scope.feedback(1);
        let facts = facts.to_stream(scope).concat(questions);
        let orders = orders.to_stream(scope).broadcast();
        let (done, asking) = evaluate(keep(facts, shared.clone()), orders, index, shared.clone());
        asking.connect_loop(asked);
        done.probe().0
    });
    Flow { facts, orders, probe }
}

/// Calls `end` for every tick that `held` waits for and that no frontier holds
/// back any more.
fn end_ticks(
    held: &mut Option<Capability<Tick>>,
    frontiers: &[&MutableAntichain<Tick>],
    mut end: impl FnMut(&Capability<Tick>),
) {
    while let Some(capability) = held.as_mut() {
        if frontiers.iter().any(|frontier| frontier.less_equal(capability.time())) {
            return;
        }
        end(capability);
        if frontiers.iter().all(|frontier| frontier.is_empty()) {
            *held = None;
        } else {
            capability.downgrade(&(capability.time() + 1));
        }
    }
}

/// Facts to their components; what changes goes to the workers that asked.
fn keep<'scope>(
    facts: StreamVec<'scope, Tick, Fact>,
    shared: Rc<Shared>,
) -> StreamVec<'scope, Tick, (usize, StateChange)> {
    let by_component = Exchange::new(Fact::place);
    facts.unary_frontier(by_component, "Keep", move |capability, _| {
        let mut held = Some(capability);
        // Answered when the tick ends: only then are the states those of the epoch.
        let mut asked: Vec<(ComponentId, usize)> = Vec::new();
        let mut restored_at = None;
        move |(input, frontier), output| {
            input.for_each_stamp(|_, batches| {
                let mut keeper = shared.keeper.borrow_mut();
                for fact in batches.flat_map(|batch| batch.drain(..)) {
                    match fact {
                        Fact::Sample(sample) => keeper.observe(&sample),
                        Fact::Runs(samples) => keeper.absorb(&samples),
                        Fact::Restore(snapshot) => keeper.restore(&snapshot),
                        Fact::Clock { now, .. } => restored_at = Some(now),
                        Fact::Subscribe(component, worker) => asked.push((component, worker)),
                    }
                }
            });
            end_ticks(&mut held, &[frontier], |tick| {
                let mut session = output.session(tick);
                let mut keeper = shared.keeper.borrow_mut();
                if tick.time().is_multiple_of(TICKS) {
                    let mut transitions = shared.transitions.borrow_mut();
                    keeper.advance(
                        shared.now.get().max(restored_at.take().unwrap_or(Timestamp::MIN)),
                    );
                    keeper.drain(
                        |worker, change| session.give((worker, change)),
                        |transition| transitions.push(transition),
                    );
                    if !shared.wants_changes.get() {
                        transitions.clear();
                    }
                }
                for (component, worker) in asked.drain(..) {
                    let known = keeper.subscribe(&component, worker);
                    known.into_iter().for_each(|change| session.give((worker, change)));
                }
            });
        }
    })
}

/// State changes and orders to the evaluator. Out come the progress of its
/// epochs, and its questions: those follow from orders alone, so that the
/// loop ends when the orders do.
fn evaluate<'scope>(
    changes: StreamVec<'scope, Tick, (usize, StateChange)>,
    orders: StreamVec<'scope, Tick, Order>,
    index: usize,
    shared: Rc<Shared>,
) -> (StreamVec<'scope, Tick, ()>, StreamVec<'scope, Tick, Fact>) {
    let mut builder = OperatorBuilder::new("Evaluate".to_owned(), orders.scope());
    let by_worker = Exchange::new(|(worker, _): &(usize, StateChange)| *worker as u64);
    let mut changes = builder.new_input(changes, by_worker);
    let mut orders = builder.new_input(orders, Pipeline);
    let (_, done) = builder.new_output::<Vec<()>>();
    let from_orders = [(1, Antichain::from_elem(Default::default()))];
    let (asking, questions) = builder.new_output_connection(from_orders);
    let mut asking = OutputBuilder::<_, CapacityContainerBuilder<Vec<Fact>>>::from(asking);
    builder.build(move |capabilities| {
        let [done, may_ask] = <[_; 2]>::try_from(capabilities).expect("one for each output");
        let (mut held, mut may_ask) = (Some(done), Some(may_ask));
        move |frontiers| {
            changes.for_each_stamp(|_, batches| {
                let mut evaluator = shared.evaluator.borrow_mut();
                for (_, change) in batches.flat_map(|batch| batch.drain(..)) {
                    evaluator.set_states(&change);
                }
            });
            orders.for_each_stamp(|_, batches| {
                batches.flat_map(|batch| batch.drain(..)).for_each(|order| shared.order(order));
            });
            if let Some(capability) = &mut may_ask {
                let new = shared.evaluator.borrow_mut().take_new_components();
                let questions = new.into_iter().map(|id| Fact::Subscribe(id, index));
                asking.activate().session(capability).give_iterator(questions);
                match frontiers[1].frontier().first() {
                    Some(next) => capability.downgrade(next),
                    None => may_ask = None,
                }
            }
            end_ticks(&mut held, &[&frontiers[0], &frontiers[1]], |tick| {
                if tick.time() % TICKS == TICKS - 1 {
                    shared.settle();
                }
            });
        }
    });
    (done, questions)
}

impl Shared {
    fn settle(&self) {
        let mut evaluator = self.evaluator.borrow_mut();
        evaluator.settle(self.now.get());
        let changes = evaluator.take_changes();
        if self.wants_changes.get() {
            self.revisions.borrow_mut().extend(changes);
        }
    }

    fn order(&self, order: Order) {
        let mut evaluator = self.evaluator.borrow_mut();
        let refused = match order {
            Order::Control(Control::Define(definition)) => evaluator.define(definition).err(),
            Order::Control(Control::Undefine(id)) => {
                evaluator.undefine(&id);
                None
            }
            Order::Control(Control::Window(id, window)) => {
                evaluator.set_window(&id, window);
                None
            }
            Order::Restore(service) => evaluator.restore(&service).err(),
            Order::Clock { now, origin } => {
                evaluator.restore_origin(origin);
                self.now.set(self.now.get().max(now.unwrap_or(Timestamp::MIN)));
                None
            }
        };
        self.rejections.borrow_mut().extend(refused);
    }
}
