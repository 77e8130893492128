//! The figures as a table for people and README, or as JSON for programs.

use serde_json::{Value, json};

/// What a figure should be.
#[derive(Clone, Copy)]
pub(crate) enum Goal {
    AtLeast(f64),
    AtMost(f64),
    Below(f64),
}

/// One figure.
pub(crate) struct Row {
    what: String,
    figure: f64,
    unit: &'static str,
    /// How many times the floor it is.
    ratio: Option<f64>,
    goal: Option<Goal>,
}

impl Row {
    pub(crate) fn new(what: impl Into<String>, figure: f64, unit: &'static str) -> Row {
        Row { what: what.into(), figure, unit, ratio: None, goal: None }
    }

    pub(crate) fn ratio(self, ratio: f64) -> Row {
        Row { ratio: Some(ratio), ..self }
    }

    pub(crate) fn goal(self, goal: Goal) -> Row {
        Row { goal: Some(goal), ..self }
    }

    fn is_met(&self) -> Option<bool> {
        Some(match self.goal? {
            Goal::AtLeast(least) => self.figure >= least,
            Goal::AtMost(most) => self.figure <= most,
            Goal::Below(most) => self.figure < most,
        })
    }

    fn goal_text(&self) -> String {
        match self.goal {
            None => String::new(),
            Some(Goal::AtLeast(least)) => format!("at least {}", text(least)),
            Some(Goal::AtMost(most)) => format!("at most {}", text(most)),
            Some(Goal::Below(most)) => format!("below {}", text(most)),
        }
    }

    fn json(&self) -> Value {
        json!({
            "what": self.what,
            "figure": self.figure,
            "unit": self.unit,
            "ratio_to_floor": self.ratio,
            "goal": self.goal.map(|_| self.goal_text()),
            "met": self.is_met(),
        })
    }
}

/// Prints the rows, as JSON or as a table in Markdown.
pub(crate) fn print(rows: &[Row], as_json: bool) {
    if as_json {
        let rows: Vec<Value> = rows.iter().map(Row::json).collect();
        println!("{}", Value::from(rows));
        return;
    }
    println!("| what | figure | × floor | goal | met |");
    println!("| --- | ---: | ---: | --- | --- |");
    for row in rows {
        let ratio = row.ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default();
        let met = row.is_met().map_or("", |met| if met { "yes" } else { "no" });
        let (what, figure, unit) = (&row.what, text(row.figure), row.unit);
        println!("| {what} | {figure} {unit} | {ratio} | {} | {met} |", row.goal_text());
    }
}

/// Three digits or more, thousands apart.
fn text(figure: f64) -> String {
    if figure < 100.0 {
        return format!("{figure:.2}").trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    let digits = format!("{figure:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The middle one.
pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// The smallest figure that `share` of them do not exceed.
pub(crate) fn quantile(figures: &mut [f64], share: f64) -> f64 {
    figures.sort_by(f64::total_cmp);
    let rank = (figures.len() as f64 * share).ceil() as usize;
    figures[rank.clamp(1, figures.len()) - 1]
}
