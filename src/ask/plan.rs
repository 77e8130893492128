//! What would be, as a list in a terminal: first what must not happen, then
//! who is hit, the worst first.

use api::ask::Supposed;
use correlate::model::{ComponentId, Interval, Period, ServiceId, Target, Timestamp};
use correlate::what_if::{Effect, Overlap};

use super::text::{Times, length, named};

/// The components to blame that one line names; `--json` has all.
const CAUSES_SHOWN: usize = 4;

/// The whole answer, with at most `limit` overlaps and services.
pub(super) fn text(supposed: &Supposed, times: &Times, limit: usize) -> String {
    let mut lines = Lines { supposed, times, lines: Vec::new() };
    lines.head();
    lines.overlaps(limit);
    lines.effects(limit);
    let answer = &supposed.answer;
    lines.add(format!("{} more services need any of it and stay as they are", answer.unaffected));
    lines.lines.join("\n") + "\n"
}

struct Lines<'a> {
    supposed: &'a Supposed,
    times: &'a Times,
    lines: Vec<String>,
}

impl Lines<'_> {
    fn add(&mut self, line: String) {
        self.lines.push(line);
    }

    fn head(&mut self) {
        let question = &self.supposed.question;
        let Period { from, until } = question.period;
        let [from, until] = [from, until].map(|at| self.times.instant(at));
        self.add(format!("from {from} until {until}, {}", length(question.period.millis())));
        for id in &question.down {
            let is_planned = question.windows.contains(&Target::Component(id.clone()));
            let note = if is_planned { ", in a window" } else { "" };
            self.add(format!("  supposed down{note}: {}", self.component(id)));
        }
        for target in &question.windows {
            match target {
                Target::Component(id) if question.down.contains(id) => {}
                Target::Component(id) => {
                    self.add(format!("  supposed window: {}", self.component(id)));
                }
                Target::Service(id) => {
                    self.add(format!("  supposed window: service {}", self.service(id)));
                }
            }
        }
        for target in &self.supposed.unneeded {
            self.lines.push(format!("  NOTE no service needs {target}: is the id right?"));
        }
    }

    fn overlaps(&mut self, limit: usize) {
        let overlaps = &self.supposed.answer.overlaps;
        if overlaps.is_empty() {
            return;
        }
        self.add(format!("\nCLASH with work that is planned already: {}", overlaps.len()));
        for overlap in overlaps.iter().take(limit) {
            let line = self.overlap(overlap);
            self.add(line);
        }
        self.left_out(overlaps.len(), limit);
    }

    fn overlap(&self, overlap: &Overlap) -> String {
        let own: Vec<String> = overlap.own.iter().map(|id| self.component(id)).collect();
        let note = self.supposed.windows.get(&overlap.window).map_or("", |window| &window.note);
        let note = if note.is_empty() { String::new() } else { format!(" {note:?}") };
        format!(
            "  {} has no path left {}:\n    window {}{note} on {}\n    together with {}",
            self.service(&overlap.service),
            self.period(&overlap.period),
            overlap.window,
            self.component(&overlap.planned),
            own.join(", ")
        )
    }

    fn effects(&mut self, limit: usize) {
        let effects = &self.supposed.answer.effects;
        let mut last = None;
        for effect in effects.iter().take(limit) {
            if last != Some(effect.worst) {
                let count = effects.iter().filter(|other| other.worst == effect.worst).count();
                self.add(format!("\n{}: {count}", effect.worst));
                last = Some(effect.worst);
            }
            let line = self.effect(effect);
            self.add(line);
        }
        self.left_out(effects.len(), limit);
        self.add(String::new());
    }

    fn effect(&self, effect: &Effect) -> String {
        let customer = self.supposed.services.get(&effect.service);
        let customer = customer.and_then(|service| service.customer.as_deref());
        let customer = customer.map_or(String::new(), |customer| format!(", {customer}"));
        let before: Vec<&str> = states(&effect.before);
        let mut line = format!(
            "  {}{customer}: {} (otherwise {})",
            self.service(&effect.service),
            length(effect.differs_ms),
            before.join(", then ")
        );
        for interval in &effect.after {
            let period = Period::new(interval.start, interval.end.unwrap_or(Timestamp::MAX));
            let cause = self.causes(&interval.cause);
            let cause = if cause.is_empty() { cause } else { format!(": {cause}") };
            line.push_str(&format!("\n    {} {}{cause}", interval.state, self.period(&period)));
        }
        line
    }

    /// The components to blame in one line.
    fn causes(&self, ids: &[ComponentId]) -> String {
        let mut names: Vec<String> =
            ids.iter().take(CAUSES_SHOWN).map(|id| self.component(id)).collect();
        if ids.len() > CAUSES_SHOWN {
            names.push(format!("+{}", ids.len() - CAUSES_SHOWN));
        }
        names.join(", ")
    }

    fn left_out(&mut self, total: usize, limit: usize) {
        if total > limit {
            self.add(format!("  … and {} more; see --limit", total - limit));
        }
    }

    fn period(&self, period: &Period) -> String {
        if *period == self.supposed.question.period {
            return "all the time".to_owned();
        }
        let [from, until] = [period.from, period.until].map(|at| self.times.instant(at));
        format!("from {from} until {until}")
    }

    fn component(&self, id: &ComponentId) -> String {
        named(&self.supposed.components.line(id), id.as_str())
    }

    fn service(&self, id: &ServiceId) -> String {
        let name = self.supposed.services.get(id).map_or(id.as_str(), |service| &service.name);
        named(name, id.as_str())
    }
}

/// The states of intervals, in order.
fn states(intervals: &[Interval]) -> Vec<&'static str> {
    if intervals.is_empty() {
        return vec!["not existing"];
    }
    intervals.iter().map(|interval| interval.state.as_str()).collect()
}
