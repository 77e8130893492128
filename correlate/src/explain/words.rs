//! The explanation in English words, for the command line and for programs
//! that pass them on. Pages have texts of their own.

use std::fmt;

use super::{Counts, Form, Node, NodeKind, Rule};
use crate::model::ComponentState;

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Rule::NotExisting => "no version of the service holds at this instant",
            Rule::Unknown => {
                "what is unknown could decide either way, and nothing else decides: unknown"
            }
            Rule::MaintenanceAlone => {
                "down, and still down when everything that is down outside its own windows is \
                 taken as up: maintenance alone explains it"
            }
            Rule::ServiceWindow => {
                "down by more than maintenance of components, but inside a window on the service \
                 itself: maintenance"
            }
            Rule::Down => {
                "down, and up or unknown when everything that is down outside its own windows is \
                 taken as up: an unplanned outage"
            }
            Rule::Degraded => "up, but something in the expression is down: redundancy is lost",
            Rule::Up => "up, and nothing in the expression is down",
        })
    }
}

impl Node {
    /// Why the node has its value, such as `2 of 3 needed, 1 up, 1 unknown,
    /// 1 down → unknown`; nothing for a component or a service.
    pub fn words(&self) -> Option<String> {
        let NodeKind::Group { form, needed, first, second } = &self.kind else { return None };
        let total = first.total();
        let needs = match form {
            Form::All => format!("all {total} needed"),
            Form::Any => format!("1 of {total} needed"),
            Form::AtLeast => format!("{needed} of {total} needed"),
        };
        let mut words = format!("{needs}, {first} → {}", self.value);
        if self.value == ComponentState::Down {
            words
                .push_str(&format!("; unplanned failures taken as up: {second} → {}", self.second));
        }
        Some(words)
    }
}

impl Counts {
    /// All of them together.
    pub const fn total(&self) -> u32 {
        self.up + self.unknown + self.down
    }
}

impl fmt::Display for Counts {
    /// `2 up, 1 down`: what there is none of is left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [(self.up, "up"), (self.unknown, "unknown"), (self.down, "down")];
        let mut separator = "";
        for (count, state) in parts.into_iter().filter(|part| part.0 > 0) {
            write!(f, "{separator}{count} {state}")?;
            separator = ", ";
        }
        Ok(())
    }
}
