//! Facts written down as a story, so that a random world that went wrong can
//! be read, and kept.

use std::fmt::Write as _;

use correlate::model::{PathExpr, Period, Target, Timestamp, Version};

use super::tell::{instant, quoted};
use super::{Timelines, tell};
use crate::{Fact, Facts};

/// What is retold between two facts, or one of them.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A fact becomes known.
    Fact(&'a Fact),
    /// The engine stops and goes on.
    Restart,
    /// Only time goes by.
    Nothing,
}

/// The text of a story in which `events` happen, each at its clock. Where a
/// definition is refused, its reason is for the reader to fill in.
pub fn retell<'a>(
    title: &str,
    stale_after_ms: Option<i64>,
    origin: Timestamp,
    events: impl IntoIterator<Item = (Timestamp, Event<'a>)>,
    expected: &Timelines,
) -> String {
    let mut text = format!("# {title}\n\n## Proves\npure/set-of-facts\n\n## Setting\n");
    let mut put = |line: String| {
        writeln!(text, "{line}").expect("writing to a String cannot fail");
    };
    put(format!("watched from {}", instant(origin)));
    stale_after_ms.into_iter().for_each(|limit| put(format!("stale after {limit}ms")));
    // The services are told where they belong; a story wants one before.
    put("\n## Services\nfirst needs first\n\n## Story".to_owned());
    put(format!("{} first is removed", instant(origin)));
    let mut set = Facts::default();
    for (now, event) in events {
        let now = instant(now.max(origin));
        put(match event {
            Event::Restart => format!("{now} the engine restarts"),
            Event::Nothing => format!("{now} nothing happens"),
            Event::Fact(fact) => format!("{now} {}", line(fact)),
        });
        if let Event::Fact(fact @ Fact::Define(definition)) = event {
            definition.versions().iter().for_each(|version| put(needs(version)));
            if !set.take(fact) {
                put("    refused because …".to_owned());
            }
        }
    }
    put(format!("\n## Expected\nfirst never exists\n{}", tell(expected)));
    text
}

fn line(fact: &Fact) -> String {
    match fact {
        Fact::Sample(sample) => {
            let (component, at) = (quoted(sample.component.as_str()), instant(sample.at));
            format!("{component} was {} at {at}", sample.state)
        }
        Fact::Define(definition) => format!("{} is redefined", quoted(definition.id.as_str())),
        Fact::Undefine(id) => format!("{} is removed", quoted(id.as_str())),
        Fact::Window(id, None) => format!("window {} is withdrawn", quoted(id)),
        Fact::Window(id, Some(window)) => {
            let target = match &window.target {
                Target::Component(id) => quoted(id.as_str()),
                Target::Service(id) => format!("service {}", quoted(id.as_str())),
            };
            let Period { from, until } = window.period;
            format!(
                "window {} on {target} from {} to {}",
                quoted(id),
                instant(from),
                instant(until)
            )
        }
    }
}

fn needs(version: &Version) -> String {
    let Period { from, until } = version.period;
    let mut text = format!("    needs {}", path(&version.path));
    if from != Timestamp::MIN {
        text.push_str(&format!(" from {}", instant(from)));
    }
    if until != Timestamp::MAX {
        text.push_str(&format!(" to {}", instant(until)));
    }
    text
}

fn path(expr: &PathExpr) -> String {
    let list = |items: &[PathExpr], joint: &str| -> String {
        items.iter().map(path).collect::<Vec<_>>().join(joint)
    };
    match expr {
        PathExpr::Component(id) => quoted(id.as_str()),
        PathExpr::Service(id) => format!("service {}", quoted(id.as_str())),
        PathExpr::All(items) if items.len() > 1 => format!("({})", list(items, " and ")),
        PathExpr::Any(items) if items.len() > 1 => format!("({})", list(items, " or ")),
        PathExpr::All(items) => format!("all ({})", list(items, ", ")),
        PathExpr::Any(items) => format!("any ({})", list(items, ", ")),
        PathExpr::AtLeast(k, items) => format!("{k} of ({})", list(items, ", ")),
    }
}
