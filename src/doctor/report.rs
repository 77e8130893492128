//! What doctor found, and its two forms: text for people, JSON for programs.

use serde_json::json;

/// How one part is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    /// It works; with what was seen.
    Well(String),
    /// It works, but somebody should look.
    Worrying {
        /// What was seen.
        problem: String,
        /// What to do.
        advice: String,
    },
    /// It does not work.
    Wrong {
        /// What was seen.
        problem: String,
        /// What to do, if the problem does not say it.
        advice: Option<String>,
    },
    /// It is not configured, and what that means.
    Off(String),
}

/// One part and how it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Check {
    /// The part, such as `nms ams1`.
    pub(super) part: String,
    /// How it is.
    pub(super) verdict: Verdict,
}

/// All parts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Report {
    /// In the order in which they matter.
    pub(super) checks: Vec<Check>,
}

impl Verdict {
    /// Something is wrong, and this is what to do.
    pub(super) fn wrong(problem: impl Into<String>, advice: &str) -> Verdict {
        Verdict::Wrong { problem: problem.into(), advice: Some(advice.to_owned()) }
    }

    fn word(&self) -> &'static str {
        match self {
            Verdict::Well(_) => "ok",
            Verdict::Worrying { .. } => "warn",
            Verdict::Wrong { .. } => "FAIL",
            Verdict::Off(_) => "off",
        }
    }

    fn text(&self) -> &str {
        match self {
            Verdict::Well(text) | Verdict::Off(text) => text,
            Verdict::Worrying { problem, .. } | Verdict::Wrong { problem, .. } => problem,
        }
    }

    fn advice(&self) -> Option<&str> {
        match self {
            Verdict::Worrying { advice, .. } => Some(advice),
            Verdict::Wrong { advice, .. } => advice.as_deref(),
            Verdict::Well(_) | Verdict::Off(_) => None,
        }
    }
}

impl Report {
    /// Whether nothing is wrong.
    pub(super) fn is_well(&self) -> bool {
        self.wrong_count() == 0
    }

    fn wrong_count(&self) -> usize {
        let is_wrong = |check: &&Check| matches!(check.verdict, Verdict::Wrong { .. });
        self.checks.iter().filter(is_wrong).count()
    }

    /// For people: one line a part, the advice below it.
    pub(super) fn to_text(&self) -> String {
        let mut text = String::new();
        for Check { part, verdict } in &self.checks {
            text.push_str(&format!("{:4}  {part}: {}\n", verdict.word(), verdict.text()));
            if let Some(advice) = verdict.advice() {
                text.push_str(&format!("      -> {advice}\n"));
            }
        }
        text.push_str(&match self.wrong_count() {
            0 => String::from("all is well\n"),
            1 => String::from("one part is wrong\n"),
            n => format!("{n} parts are wrong\n"),
        });
        text
    }

    /// For programs: `{"well", "checks": [{"part", "verdict", "text", "advice"}]}`.
    pub(super) fn to_json(&self) -> String {
        let check = |check: &Check| {
            json!({
                "part": check.part,
                "verdict": check.verdict.word().to_lowercase(),
                "text": check.verdict.text(),
                "advice": check.verdict.advice(),
            })
        };
        let checks: Vec<_> = self.checks.iter().map(check).collect();
        format!("{:#}\n", json!({ "well": self.is_well(), "checks": checks }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let wrong = Verdict::wrong("the server refused the token", "make a new one");
        Report {
            checks: vec![
                Check { part: String::from("log"), verdict: Verdict::Well("3 brokers".into()) },
                Check { part: String::from("nms ams1"), verdict: wrong },
                Check { part: String::from("mail"), verdict: Verdict::Off("not set".into()) },
            ],
        }
    }

    #[test]
    fn text_puts_the_advice_below_the_problem() {
        assert_eq!(
            report().to_text(),
            "ok    log: 3 brokers\n\
             FAIL  nms ams1: the server refused the token\n      -> make a new one\n\
             off   mail: not set\none part is wrong\n"
        );
    }

    #[test]
    fn json_says_the_same() {
        let json: serde_json::Value = serde_json::from_str(&report().to_json()).unwrap();
        assert_eq!(json["well"], false);
        assert_eq!(json["checks"][1]["verdict"], "fail");
        assert_eq!(json["checks"][1]["advice"], "make a new one");
    }
}
