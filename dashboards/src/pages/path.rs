//! The path of a service as markup: drawn, and as a list that says the same.

use askama::Template;
use correlate::model::{ComponentState, ServiceState};

use crate::locale::{Locale, state_icon};
use crate::markup::{Markup, icon};
use crate::view::path::{PathNode, PathNodeKind, component_state_key};
use crate::view::path_route::{self, Fork, Part, Step};

/// The path as a drawing.
pub(super) fn drawing(locale: &Locale, root: &PathNode) -> Markup {
    Route { locale, steps: &path_route::route(root) }.markup()
}

/// The path as a list.
pub(super) fn list(locale: &Locale, root: &PathNode) -> Markup {
    PathItem { locale, node: root }.markup()
}

/// One series, with everything in it.
#[derive(Template)]
#[template(path = "parts/route.html")]
struct Route<'a> {
    locale: &'a Locale,
    steps: &'a [Step],
}

impl Route<'_> {
    fn markup(&self) -> Markup {
        let html = Template::render(self).expect("writing to a string cannot fail");
        Markup::new(html)
    }

    fn steps(&self, steps: &[Step]) -> Markup {
        Route { locale: self.locale, steps }.markup()
    }

    fn state_icon(&self, state: &ComponentState) -> Markup {
        state_icon(as_service(*state))
    }

    fn part_class(&self, part: &Part) -> &'static str {
        shown(part).as_str()
    }

    fn part_icon(&self, part: &Part) -> Markup {
        state_icon(shown(part))
    }

    fn part_text(&self, part: &Part) -> String {
        let state = self.locale.t(component_state_key(part.state));
        let mut words = vec![state];
        if part.in_maintenance {
            words.push(self.locale.state(ServiceState::Maintenance));
        }
        if part.is_cause {
            words.push(self.locale.t("cause"));
        }
        words.join(" · ")
    }

    fn lane_text(&self, state: &ComponentState) -> String {
        self.locale.t(component_state_key(*state))
    }

    fn working(&self, fork: &Fork) -> String {
        self.locale.t2("path-working", ("n", fork.working()), ("total", fork.lanes.len()))
    }

    fn need(&self, fork: &Fork) -> String {
        let key = if fork.needed == 1 { "path-any-of" } else { "path-at-least" };
        self.locale.t2(key, ("k", fork.needed), ("n", fork.lanes.len()))
    }
}

/// The state by which a component is coloured.
fn shown(part: &Part) -> ServiceState {
    if part.in_maintenance { ServiceState::Maintenance } else { as_service(part.state) }
}

fn as_service(state: ComponentState) -> ServiceState {
    match state {
        ComponentState::Up => ServiceState::Up,
        ComponentState::Down => ServiceState::Down,
        ComponentState::Unknown => ServiceState::Unknown,
    }
}

/// One node of the path as a list, with everything beneath it.
#[derive(Template)]
#[template(path = "parts/path_item.html")]
struct PathItem<'a> {
    locale: &'a Locale,
    node: &'a PathNode,
}

impl PathItem<'_> {
    fn markup(&self) -> Markup {
        let html = Template::render(self).expect("writing to a string cannot fail");
        Markup::new(html)
    }

    fn child(&self, node: &PathNode) -> Markup {
        list(self.locale, node)
    }

    fn icon(&self) -> Markup {
        match &self.node.kind {
            PathNodeKind::All | PathNodeKind::Any | PathNodeKind::AtLeast(_) => icon("diagram-3"),
            PathNodeKind::Component { .. } | PathNodeKind::Service { .. } => {
                state_icon(as_service(self.node.state))
            }
        }
    }

    fn state_text(&self) -> String {
        self.locale.t(component_state_key(self.node.state))
    }

    fn label(&self) -> String {
        match &self.node.kind {
            PathNodeKind::Component { .. } | PathNodeKind::Service { .. } => self.node.name.clone(),
            PathNodeKind::All => self.locale.t("path-all"),
            PathNodeKind::Any => self.locale.t("path-any"),
            PathNodeKind::AtLeast(k) => {
                self.locale.t2("path-at-least", ("k", k), ("n", self.node.children.len()))
            }
        }
    }
}
