//! An explanation as a tree in a terminal. What is to blame has a `!` in
//! front, so that the eye finds it without colour.

use std::fmt::Write;

use api::ask::Why;
use correlate::explain::{CoveringWindow, Node, NodeKind, Shown};
use correlate::model::{ComponentId, Period, ServiceState, Timestamp};
use store::evidence::{SampleSource, StateReason};
use store::series::EdgeEvidence;

use super::text::{Times, named};

/// The whole answer.
pub(super) fn text(why: &Why, times: &Times) -> String {
    let explanation = &why.explanation;
    let service = explanation.service.as_str();
    let name = named(&why.service_name(&explanation.service), service);
    let state = explanation.state.map_or("not existing", ServiceState::as_str);
    let mut lines = vec![format!("{name} is {state} at {}", times.instant(explanation.at))];
    if let Some(as_of) = why.as_of {
        lines.push(format!("  as known at {}", times.instant(as_of)));
    }
    let number = explanation.rule.number().map_or(String::new(), |number| format!(" {number}"));
    lines.push(format!("  rule{number}: {}", explanation.rule));
    for id in &explanation.cause {
        lines.push(format!("  to blame: {}", component(why, id)));
    }
    for window in &explanation.windows {
        lines.push(format!("  window on the service {}", covering(window, times)));
    }
    lines.push(recorded(why, times));
    if explanation.state.is_some() {
        lines.push(format!("  nothing in it changes {}", times.period(&explanation.unchanged)));
    }
    if let Some(version) = &explanation.version {
        lines.push(format!("  its definition holds {}", times.period(version)));
    }
    let mut text = lines.join("\n") + "\n";
    if let Some(root) = &explanation.root {
        text.push('\n');
        Branch { why, times, text: &mut text }.node(root, "", "", "");
    }
    text
}

/// What is recorded for the instant, and whether it is the same.
fn recorded(why: &Why, times: &Times) -> String {
    let Some(interval) = &why.recorded else {
        let note = if why.agrees { "" } else { ": the engine has not spoken of it yet" };
        return format!("  recorded: no interval{note}");
    };
    let period = Period::new(interval.start, interval.end.unwrap_or(Timestamp::MAX));
    let mut line = format!("  recorded: {} {}", interval.state, times.period(&period));
    if !why.agrees {
        let cause: Vec<&str> = interval.cause.iter().map(ComponentId::as_str).collect();
        let reason = match why.as_of {
            None => "an edit may still be on its way to the engine",
            Some(_) => "a measurement was revised since, and its older form is not kept",
        };
        write!(line, ", cause {}\n  THIS DIFFERS from the tree below: {reason}", cause.join(" "))
            .expect("writing to a string cannot fail");
    }
    line
}

fn component(why: &Why, id: &ComponentId) -> String {
    named(&why.components.line(id), id.as_str())
}

fn covering(window: &CoveringWindow, times: &Times) -> String {
    format!("{} {}", window.id, times.period(&window.period))
}

/// Why a component has a state that nobody measured.
const fn because(reason: StateReason) -> &'static str {
    match reason {
        StateReason::Silent => "nothing believable was heard of it within the staleness limit",
        StateReason::Disabled => "it or its device is disabled in the NMS",
        StateReason::Ignored => "it is ignored in the NMS",
        StateReason::NeverPolled => "the NMS has never polled it",
        StateReason::AdminShut => "somebody has shut the port",
        StateReason::DeviceDown => "its device is down and cannot be read",
        StateReason::ManagementLost => "the device answers to ping but not to SNMP",
        StateReason::Gone => "the NMS does not list it any more",
        StateReason::OddStatus => "its status means neither up nor down",
        StateReason::CheckUnknown => "the NMS does not say which check failed",
        StateReason::Other => "of what another version of padwacht knows",
    }
}

struct Branch<'a> {
    why: &'a Why,
    times: &'a Times,
    text: &'a mut String,
}

impl Branch<'_> {
    /// One node after `before` (bars of its ancestors) and `joint`; what is
    /// beneath it goes on after `beneath`.
    fn node(&mut self, node: &Node, before: &str, joint: &str, beneath: &str) {
        let mark = if node.blamed { "!" } else { " " };
        let value = node.value.as_str();
        let line = format!("{mark} {before}{joint}{value:<7} {}", self.what(node));
        self.text.push_str(line.trim_end());
        self.text.push('\n');
        let bars = format!("{before}{beneath}");
        for (index, child) in node.children.iter().enumerate() {
            let is_last = index + 1 == node.children.len();
            let (joint, beneath) = if is_last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            self.node(child, &bars, joint, beneath);
        }
    }

    /// How the beginning of a state was known.
    fn known(&self, at: Timestamp, how: &EdgeEvidence) -> String {
        let source = match how.source {
            SampleSource::Poll => "a poll",
            SampleSource::EventLog => "the event log",
            SampleSource::Push => "a push",
            SampleSource::Outage => "the list of outages",
            SampleSource::Other => "elsewhere",
        };
        match how.began_within(at) {
            Some(began) => {
                let [from, until] = [began.from, began.until].map(|at| self.times.instant(at));
                format!(", known from {source}, began between {from} and {until}")
            }
            None => format!(", known from {source}"),
        }
    }

    fn what(&self, node: &Node) -> String {
        match &node.kind {
            NodeKind::Component { id, held, windows } => {
                let mut what = format!("{} {}", component(self.why, id), self.times.period(held));
                if let Some((at, how)) = self.why.known_since(id, held) {
                    what.push_str(&self.known(at, how));
                }
                if let Some(reason) = self.why.reason(id, node.value, held) {
                    write!(what, ", because {}", because(reason))
                        .expect("writing to a string cannot fail");
                }
                for window in windows {
                    write!(what, ", window {}", covering(window, self.times))
                        .expect("writing to a string cannot fail");
                }
                what
            }
            NodeKind::Service { id, version, shown } => {
                let name = named(&self.why.service_name(id), id.as_str());
                let note = match (version, shown) {
                    (None, _) => ", which does not exist at that instant",
                    (_, Shown::Here) => "",
                    (_, Shown::Elsewhere) => ", shown at another place",
                    (_, Shown::TooDeep) => ", not shown: too many references deep",
                };
                format!("service {name}{note}")
            }
            NodeKind::Group { .. } => node.words().unwrap_or_default(),
        }
    }
}
