//! The path as it is drawn: the expression becomes a series of hops, and
//! redundancy becomes lanes side by side.
//!
//! ```text
//! all[cpe, ge1@sw, sw, any[x, y], core]     cpe ─ sw ─┬ x ┬─ core
//!                                             (ge1)   └ y ┘
//! ```
//! What belongs to one device and stands together is one hop. A long run of
//! hops that work folds into a stretch that the reader can open; what does not
//! work, and the hop before and after it, is always in sight. This module
//! decides what is drawn, never what it looks like.

use correlate::model::ComponentState;

use super::path::{PathNode, PathNodeKind};
use crate::urls;

/// The fewest hops that fold: a stretch takes the room of about two.
const STRETCH_HOPS_MIN: usize = 3;

/// The most names that tell where a stretch leads; the middle goes first.
const STRETCH_NAMES_MAX: usize = 8;

/// One step of a series.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Step {
    Hop(Hop),
    Stretch(Stretch),
    Fork(Fork),
}

/// A device with those of its interfaces that the path uses, or anything else
/// that the path needs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Hop {
    pub(crate) name: String,
    /// A second line, such as the site; may be empty.
    pub(crate) detail: String,
    /// The page of the service, where the hop is one.
    pub(crate) href: Option<String>,
    /// What `name` stands for, where the path itself needs that; a device may
    /// be named only because the path needs its interfaces.
    pub(crate) own: Option<Part>,
    /// The interfaces, in the order of the path.
    pub(crate) parts: Vec<Part>,
    /// Which device this is; empty where that is not known.
    device: String,
}

/// A component of a hop.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) state: ComponentState,
    pub(crate) is_cause: bool,
    pub(crate) in_maintenance: bool,
}

/// A run of hops that all work.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Stretch {
    /// Tells this one from the others on the page, also after an update.
    pub(crate) key: usize,
    pub(crate) steps: Vec<Step>,
}

/// Alternatives: of `lanes`, `needed` must work.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Fork {
    pub(crate) needed: u32,
    pub(crate) state: ComponentState,
    pub(crate) lanes: Vec<Lane>,
}

/// One of the alternatives.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Lane {
    pub(crate) state: ComponentState,
    pub(crate) steps: Vec<Step>,
}

/// The path as it is drawn.
pub(crate) fn route(root: &PathNode) -> Vec<Step> {
    let mut drawing = Drawing { stretches: 0 };
    let steps = drawing.series(root);
    drawing.fold(steps, true)
}

struct Drawing {
    stretches: usize,
}

impl Drawing {
    fn series(&mut self, node: &PathNode) -> Vec<Step> {
        let mut steps = Vec::new();
        self.extend(&mut steps, node);
        steps
    }

    fn extend(&mut self, steps: &mut Vec<Step>, node: &PathNode) {
        match &node.kind {
            PathNodeKind::All => {
                for child in &node.children {
                    self.extend(steps, child);
                }
            }
            PathNodeKind::Any => self.fork(steps, node, 1),
            PathNodeKind::AtLeast(needed) => self.fork(steps, node, *needed),
            PathNodeKind::Component { .. } | PathNodeKind::Service { .. } => {
                let hop = Hop::of(node);
                match steps.last_mut() {
                    Some(Step::Hop(last)) if last.takes(&hop) => last.absorb(hop),
                    _ => steps.push(Step::Hop(hop)),
                }
            }
        }
    }

    fn fork(&mut self, steps: &mut Vec<Step>, node: &PathNode, needed: u32) {
        if let ([only], 1) = (&node.children[..], needed) {
            return self.extend(steps, only);
        }
        let lanes = node.children.iter().map(|child| {
            let steps = self.series(child);
            Lane { state: child.state, steps: self.fold(steps, false) }
        });
        let lanes = lanes.collect();
        steps.push(Step::Fork(Fork { needed, state: node.state, lanes }));
    }

    /// Folds long runs of hops that work. The ends of the whole path stay in
    /// sight (`keeps_ends`): they say where it begins and where it leads.
    fn fold(&mut self, steps: Vec<Step>, keeps_ends: bool) -> Vec<Step> {
        let last = steps.len().saturating_sub(1);
        let is_trouble = |at: usize| steps.get(at).is_some_and(Step::is_troubled_hop);
        let folds: Vec<bool> = (0..steps.len())
            .map(|at| {
                let is_end = keeps_ends && (at == 0 || at == last);
                let is_near = is_trouble(at + 1) || (at > 0 && is_trouble(at - 1));
                matches!(steps[at], Step::Hop(_)) && !is_trouble(at) && !is_near && !is_end
            })
            .collect();
        let mut folded = Vec::new();
        let mut run = Vec::new();
        for (step, folds) in steps.into_iter().zip(folds) {
            if folds {
                run.push(step);
            } else {
                self.close(&mut run, &mut folded);
                folded.push(step);
            }
        }
        self.close(&mut run, &mut folded);
        folded
    }

    fn close(&mut self, run: &mut Vec<Step>, folded: &mut Vec<Step>) {
        if run.len() < STRETCH_HOPS_MIN {
            folded.append(run);
            return;
        }
        self.stretches += 1;
        folded.push(Step::Stretch(Stretch { key: self.stretches, steps: std::mem::take(run) }));
    }
}

impl Step {
    fn is_troubled_hop(&self) -> bool {
        matches!(self, Step::Hop(hop) if hop.is_troubled())
    }
}

impl Hop {
    fn of(node: &PathNode) -> Hop {
        let part = Part {
            name: node.name.clone(),
            state: node.state,
            is_cause: node.is_cause,
            in_maintenance: node.in_maintenance,
        };
        let (name, detail) = (node.name.clone(), node.detail.clone());
        match &node.kind {
            PathNodeKind::Component { id, .. } if *id != node.device && !node.device.is_empty() => {
                let device = node.device.clone();
                let name = if detail.is_empty() { device.clone() } else { detail };
                Hop {
                    name,
                    detail: String::new(),
                    href: None,
                    own: None,
                    parts: vec![part],
                    device,
                }
            }
            kind => {
                let href = match kind {
                    PathNodeKind::Service { id } if !id.is_empty() => Some(urls::service(id)),
                    _ => None,
                };
                let device = node.device.clone();
                Hop { name, detail, href, own: Some(part), parts: Vec::new(), device }
            }
        }
    }

    /// Whether the next component is of the same device.
    fn takes(&self, next: &Hop) -> bool {
        let is_repeated = self.own.is_some() && next.own.is_some();
        !self.device.is_empty() && self.device == next.device && !is_repeated
    }

    fn absorb(&mut self, next: Hop) {
        if next.own.is_some() {
            self.name = next.name;
            self.detail = next.detail;
            self.own = next.own;
        }
        self.parts.extend(next.parts);
    }

    fn all(&self) -> impl Iterator<Item = &Part> {
        self.own.iter().chain(&self.parts)
    }

    /// The class of the colour: the worst state of what the hop is made of.
    pub(crate) fn class(&self) -> &'static str {
        let worst = self.all().map(|part| part.state).min();
        match worst.unwrap_or(ComponentState::Unknown) {
            ComponentState::Up if self.all().any(|part| part.in_maintenance) => "maintenance",
            state => state.as_str(),
        }
    }

    /// Whether anything of it does not work, or is not meant to now.
    pub(crate) fn is_troubled(&self) -> bool {
        self.all().any(Part::is_troubled)
    }

    pub(crate) fn is_cause(&self) -> bool {
        self.all().any(|part| part.is_cause)
    }
}

impl Part {
    pub(crate) fn is_troubled(&self) -> bool {
        self.state != ComponentState::Up || self.is_cause || self.in_maintenance
    }
}

impl Stretch {
    /// The names of its hops, without the middle of a long one.
    pub(crate) fn names(&self) -> String {
        let names: Vec<&str> = self
            .steps
            .iter()
            .filter_map(|step| match step {
                Step::Hop(hop) => Some(hop.name.as_str()),
                Step::Stretch(_) | Step::Fork(_) => None,
            })
            .collect();
        if names.len() <= STRETCH_NAMES_MAX {
            return names.join(" – ");
        }
        let half = STRETCH_NAMES_MAX / 2;
        let (start, end) = (&names[..half], &names[names.len() - half..]);
        format!("{} – … – {}", start.join(" – "), end.join(" – "))
    }

    pub(crate) fn hops(&self) -> u64 {
        self.steps.len() as u64
    }
}

impl Fork {
    /// How many of the lanes work.
    pub(crate) fn working(&self) -> usize {
        self.lanes.iter().filter(|lane| lane.state == ComponentState::Up).count()
    }

    /// The class of the colour: less redundancy than there could be is less
    /// than well.
    pub(crate) fn class(&self) -> &'static str {
        match self.state {
            ComponentState::Up if self.working() < self.lanes.len() => "degraded",
            state => state.as_str(),
        }
    }
}

#[cfg(test)]
mod tests {
    use ComponentState::{Down, Unknown, Up};

    use super::*;

    /// `name` is a device, `name@device` an interface of it; a sign after it
    /// is its state: `!` down, `?` unknown.
    fn leaf(text: &str) -> PathNode {
        let state = match text.chars().last() {
            Some('!') => Down,
            Some('?') => Unknown,
            _ => Up,
        };
        let text = text.trim_end_matches(['!', '?']);
        let (name, device) = text.split_once('@').unwrap_or((text, text));
        PathNode {
            kind: PathNodeKind::Component { id: text.to_owned(), kind: String::new() },
            name: name.to_owned(),
            detail: if name == device { String::new() } else { device.to_owned() },
            device: device.to_owned(),
            state,
            in_maintenance: false,
            is_cause: false,
            children: Vec::new(),
        }
    }

    fn group(kind: PathNodeKind, children: Vec<PathNode>) -> PathNode {
        PathNode { kind, name: String::new(), device: String::new(), children, ..leaf("") }
    }

    fn all(names: &str) -> PathNode {
        group(PathNodeKind::All, names.split(' ').map(leaf).collect())
    }

    fn text(steps: &[Step]) -> String {
        let words = steps.iter().map(|step| match step {
            Step::Hop(hop) => {
                let parts: Vec<&str> = hop.parts.iter().map(|part| part.name.as_str()).collect();
                let own = if hop.own.is_some() { "" } else { "~" };
                let parts =
                    if parts.is_empty() { String::new() } else { format!("({})", parts.join(" ")) };
                format!("{own}{}{parts}", hop.name)
            }
            Step::Stretch(stretch) => format!("<{}>", text(&stretch.steps)),
            Step::Fork(fork) => {
                let lanes: Vec<String> = fork.lanes.iter().map(|lane| text(&lane.steps)).collect();
                format!("{}[{}]", fork.needed, lanes.join(" | "))
            }
        });
        words.collect::<Vec<_>>().join(" ")
    }

    #[track_caller]
    fn check(root: &PathNode, expected: &str) {
        assert_eq!(text(&route(root)), expected);
    }

    #[test]
    fn a_device_and_its_interfaces_are_one_hop() {
        check(&all("cpe up@cpe in@sw sw out@sw in@cr"), "cpe(up) sw(in out) ~cr(in)");
    }

    #[test]
    fn a_device_that_is_passed_twice_is_two_hops() {
        check(&all("a b a"), "a b a");
        check(&all("a a"), "a a");
    }

    #[test]
    fn redundancy_is_lanes_and_an_only_child_is_none() {
        let fork = group(PathNodeKind::Any, vec![all("b c"), leaf("d")]);
        check(&group(PathNodeKind::All, vec![leaf("a"), fork, leaf("e")]), "a 1[b c | d] e");
        check(&group(PathNodeKind::Any, vec![all("a b")]), "a b");
        let two = group(PathNodeKind::AtLeast(2), vec![leaf("a"), leaf("b"), leaf("c")]);
        check(&two, "2[a | b | c]");
    }

    #[test]
    fn a_long_run_that_works_folds_between_the_ends() {
        check(&all("a b c d e"), "a <b c d> e");
        check(&all("a b c d"), "a b c d");
        let lane = group(PathNodeKind::Any, vec![all("a b c"), leaf("d")]);
        check(&lane, "1[<a b c> | d]");
    }

    #[test]
    fn what_does_not_work_stays_in_sight_with_its_neighbours() {
        check(&all("a b c d e f! g h"), "a <b c d> e f g h");
        check(&all("a b c d? e"), "a b c d e");
        check(&all("a b c d p@d! e f g h i"), "a b c d(p) e <f g h> i");
    }

    #[test]
    fn a_hop_has_the_colour_of_its_worst_part() {
        let class = |names: &str, in_maintenance: bool| {
            let mut path = all(names);
            path.children[0].in_maintenance = in_maintenance;
            match &route(&path)[..] {
                [Step::Hop(hop)] => hop.class(),
                other => panic!("one hop expected: {other:?}"),
            }
        };
        assert_eq!(class("a p@a", false), "up");
        assert_eq!(class("a p@a", true), "maintenance");
        assert_eq!(class("a p@a?", false), "unknown");
        assert_eq!(class("a p@a? q@a!", true), "down");
    }

    #[test]
    fn a_stretch_names_its_hops_but_not_all_of_many() {
        let stretch = |n: usize| Stretch {
            key: 1,
            steps: (0..n).map(|at| Step::Hop(Hop::of(&leaf(&at.to_string())))).collect(),
        };
        assert_eq!(stretch(3).names(), "0 – 1 – 2");
        assert_eq!(stretch(20).names(), "0 – 1 – 2 – 3 – … – 16 – 17 – 18 – 19");
    }

    #[test]
    fn a_fork_with_a_lane_down_is_less_than_well() {
        let fork = |lanes: &[ComponentState]| {
            let lane = |state: &ComponentState| Lane { state: *state, steps: Vec::new() };
            Fork { needed: 1, state: Up, lanes: lanes.iter().map(lane).collect() }.class()
        };
        assert_eq!(fork(&[Up, Up]), "up");
        assert_eq!(fork(&[Up, Down]), "degraded");
    }
}
