//! The expression as a tree for people. Decides nothing.

use std::collections::BTreeSet;

use super::evaluation::{Blamed, Evaluation, needed};
use super::{Counts, Form, Node, NodeKind, Shown};
use crate::model::{ComponentState, PathExpr, ServiceId, Target, Version};

/// How many references deep the tree goes. Deeper ones have their value, and
/// what is to blame beneath them is in the cause; nobody reads deeper, and it
/// bounds the recursion.
pub const EXPANDED_LEVELS_MAX: usize = 16;

/// The tree beneath the root; `None` where no version holds.
pub(super) fn of<'f>(evaluation: &Evaluation<'f>, blamed: &Blamed<'f>) -> Option<Node> {
    let mut tree = Tree { evaluation, blamed, expanded: BTreeSet::new() };
    evaluation.root().map(|root| tree.node(root, 0))
}

struct Tree<'e, 'f> {
    evaluation: &'e Evaluation<'f>,
    blamed: &'e Blamed<'f>,
    /// Services whose expressions stand in the tree already.
    expanded: BTreeSet<&'f ServiceId>,
}

impl<'f> Tree<'_, 'f> {
    fn node(&mut self, expr: &'f PathExpr, level: usize) -> Node {
        let value = self.evaluation.value(expr);
        let is_blamed = self.blamed.contains(expr);
        let (kind, children) = match expr {
            PathExpr::Component(id) => {
                let held = self.evaluation.facts.held(id, self.evaluation.at).period;
                let windows = self.evaluation.covering(&Target::Component(id.clone()));
                (NodeKind::Component { id: id.clone(), held, windows }, Vec::new())
            }
            PathExpr::Service(id) => self.service(id, is_blamed, level),
            PathExpr::All(items) => self.group(expr, Form::All, items, level),
            PathExpr::Any(items) => self.group(expr, Form::Any, items, level),
            PathExpr::AtLeast(_, items) => self.group(expr, Form::AtLeast, items, level),
        };
        Node { kind, value: value.state(), second: value.second(), blamed: is_blamed, children }
    }

    fn service(
        &mut self,
        id: &'f ServiceId,
        is_blamed: bool,
        level: usize,
    ) -> (NodeKind, Vec<Node>) {
        let version = self.evaluation.version(id);
        // What is to blame stands where it is blamed.
        let is_its_place = |version: &Version| is_blamed || !self.blamed.contains(&version.path);
        let shown = match version {
            None => Shown::Here,
            Some(_) if level >= EXPANDED_LEVELS_MAX => Shown::TooDeep,
            Some(version) if is_its_place(version) && self.expanded.insert(id) => Shown::Here,
            Some(_) => Shown::Elsewhere,
        };
        let path = version.map(|version| &version.path).filter(|_| shown == Shown::Here);
        let children = path.map(|path| self.node(path, level + 1)).into_iter().collect();
        let version = version.map(|version| version.period);
        (NodeKind::Service { id: id.clone(), version, shown }, children)
    }

    fn group(
        &mut self,
        expr: &'f PathExpr,
        form: Form,
        items: &'f [PathExpr],
        level: usize,
    ) -> (NodeKind, Vec<Node>) {
        let children: Vec<Node> = items.iter().map(|item| self.node(item, level)).collect();
        let first = counts(&children, |node| node.value);
        let second = counts(&children, |node| node.second);
        (NodeKind::Group { form, needed: needed(expr), first, second }, children)
    }
}

fn counts(children: &[Node], value: impl Fn(&Node) -> ComponentState) -> Counts {
    let mut counts = Counts::default();
    for child in children {
        *match value(child) {
            ComponentState::Up => &mut counts.up,
            ComponentState::Unknown => &mut counts.unknown,
            ComponentState::Down => &mut counts.down,
        } += 1;
    }
    counts
}
