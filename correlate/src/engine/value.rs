//! What a node of the graph is worth at an instant, and how the values of its
//! children add up to it. Pure arithmetic on a byte.

use crate::model::ComponentState;

/// The value of a node: Kleene value, Kleene value of the second evaluation
/// (SEMANTICS, "State of a service", rule 3), and whether anything beneath is
/// down.
///
/// The default is "unknown in both, nothing down": what holds before the
/// first sample and where a referenced service does not exist.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Value(u8);

const DOWN: u8 = ComponentState::Down as u8;
const UNKNOWN: u8 = ComponentState::Unknown as u8;
const UP: u8 = ComponentState::Up as u8;

impl Default for Value {
    fn default() -> Self {
        Value::of(UNKNOWN, UNKNOWN, false)
    }
}

impl Value {
    const fn of(value: u8, second: u8, has_down: bool) -> Value {
        Value(value | second << 2 | (has_down as u8) << 4)
    }

    /// The value of a component that is `state`, inside one of its own
    /// windows or not.
    pub(crate) fn leaf(state: ComponentState, in_window: bool) -> Value {
        match state {
            ComponentState::Up => Value::of(UP, UP, false),
            ComponentState::Unknown => Value::of(UNKNOWN, UNKNOWN, false),
            ComponentState::Down => Value::of(DOWN, if in_window { DOWN } else { UP }, true),
        }
    }

    /// The Kleene value.
    pub(crate) fn state(self) -> ComponentState {
        decode(self.0 & 3)
    }

    /// The Kleene value with every component that is down outside its own
    /// windows taken as up.
    pub(crate) fn second(self) -> ComponentState {
        decode(self.0 >> 2 & 3)
    }

    /// Whether any component beneath is down.
    pub(crate) fn has_down(self) -> bool {
        self.0 & 16 != 0
    }
}

fn decode(bits: u8) -> ComponentState {
    match bits {
        DOWN => ComponentState::Down,
        UNKNOWN => ComponentState::Unknown,
        _ => ComponentState::Up,
    }
}

/// How many children of a node are what; moves as children change.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Tally {
    /// Children by Kleene value, in the first and in the second evaluation.
    counts: [[u32; 3]; 2],
    has_down: u32,
}

impl Tally {
    /// Counts one more child.
    pub(crate) fn add(&mut self, value: Value) {
        self.counts[0][value.state() as usize] += 1;
        self.counts[1][value.second() as usize] += 1;
        self.has_down += u32::from(value.has_down());
    }

    /// Counts one child less.
    pub(crate) fn remove(&mut self, value: Value) {
        self.counts[0][value.state() as usize] -= 1;
        self.counts[1][value.second() as usize] -= 1;
        self.has_down -= u32::from(value.has_down());
    }

    /// The value of a node that needs `needed` of the counted children:
    /// up when that many are up, down when up and unknown together are
    /// fewer, else unknown. `all` needs every one, `any` needs one.
    pub(crate) fn value(&self, needed: u32) -> Value {
        let kleene = |[_, unknown, up]: [u32; 3]| {
            if up >= needed {
                UP
            } else if up + unknown < needed {
                DOWN
            } else {
                UNKNOWN
            }
        };
        Value::of(kleene(self.counts[0]), kleene(self.counts[1]), self.has_down > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ComponentState::{Down, Unknown, Up};

    #[track_caller]
    fn check(children: &[ComponentState], needed: u32, expected: ComponentState) {
        let mut tally = Tally::default();
        children.iter().for_each(|&state| tally.add(Value::leaf(state, false)));
        assert_eq!(tally.value(needed).state(), expected);
        assert_eq!(tally.value(needed).has_down(), children.contains(&Down));
    }

    #[test]
    fn needing_all_is_the_minimum_and_needing_one_the_maximum() {
        for a in [Down, Unknown, Up] {
            for b in [Down, Unknown, Up] {
                check(&[a, b], 2, a.min(b));
                check(&[a, b], 1, a.max(b));
            }
        }
    }

    #[test]
    fn k_of_n_is_unknown_only_while_the_unknown_could_decide() {
        check(&[Up, Up, Down, Unknown], 2, Up);
        check(&[Up, Unknown, Down], 2, Unknown);
        check(&[Up, Down, Down], 2, Down);
    }

    #[test]
    fn a_planned_outage_stays_down_in_the_second_evaluation() {
        let mut tally = Tally::default();
        tally.add(Value::leaf(Down, true));
        tally.add(Value::leaf(Down, false));
        assert_eq!(tally.value(1).second(), Up);
        assert_eq!(tally.value(2).second(), Down);
    }
}
