//! What services would be: a form for a plan, and its answer.

use askama::Template;
use correlate::model::{Interval, Period, Timestamp};

use super::why::period_markup;
use crate::markup::Markup;
use crate::shell::{Section, Shell};
use crate::view::plan::{Hit, Outcome, PlanForm, PlanRefusal};

/// What services would be, `/what-if`.
#[derive(Template, Debug)]
#[template(path = "what_if.html")]
pub struct WhatIfPage {
    /// What surrounds it.
    pub shell: Shell,
    /// The form, as it was sent.
    pub form: PlanForm,
    /// Why there is no answer, when one was asked for.
    pub refused: Option<PlanRefusal>,
    /// The answer; `None` before it was asked for.
    pub outcome: Option<Outcome>,
    /// How many windows were announced a moment ago.
    pub announced: Option<u64>,
}

impl WhatIfPage {
    const SECTION: Section = Section::WhatIf;

    fn refusal_key(&self, refusal: &PlanRefusal) -> &'static str {
        match refusal {
            PlanRefusal::Nothing => "plan-refused-nothing",
            PlanRefusal::Period => "plan-refused-period",
            PlanRefusal::TooLarge => "plan-refused-large",
        }
    }

    fn period(&self, period: &Period) -> Markup {
        period_markup(&self.shell.locale, period)
    }

    /// What is not only `a` state of the whole plan is told piece by piece.
    fn is_in_pieces(&self, hit: &Hit) -> bool {
        hit.after.len() > 1
    }

    fn piece(&self, interval: &Interval) -> Markup {
        self.period(&Period::new(interval.start, interval.end.unwrap_or(Timestamp::MAX)))
    }

    fn otherwise(&self, hit: &Hit) -> String {
        let locale = &self.shell.locale;
        if hit.otherwise.is_empty() {
            return locale.t("state-not-existing");
        }
        let states: Vec<String> = hit.otherwise.iter().map(|state| locale.state(state)).collect();
        states.join(" → ")
    }

    fn is_truncated(&self, outcome: &Outcome) -> bool {
        let total: u64 = outcome.totals.iter().map(|total| total.1).sum();
        total > outcome.hits.len() as u64
    }
}
