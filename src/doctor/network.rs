//! Where connections without encryption may go, as the configuration says: whoever
//! set it, or runs what somebody else has set, sees it.

use super::Verdict;
use crate::config::InClear;

/// Says it.
pub(super) fn check(in_clear: InClear) -> Verdict {
    match in_clear {
        InClear::ThisMachine => {
            Verdict::Well(String::from("what is not encrypted does not leave this machine"))
        }
        InClear::Private => Verdict::Well(String::from(
            "what is not encrypted stays in private networks, which network.in_clear says are \
             closed or encrypted themselves",
        )),
        InClear::Any => Verdict::Worrying {
            problem: String::from("what is not encrypted may go anywhere"),
            advice: String::from(
                "set network.in_clear to \"private\" or \"this_machine\", unless something else \
                 encrypts all of the way",
            ),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_go_anywhere_is_worrying() {
        for in_clear in [InClear::ThisMachine, InClear::Private] {
            assert!(matches!(check(in_clear), Verdict::Well(_)), "{in_clear:?}");
        }
        assert!(matches!(check(InClear::Any), Verdict::Worrying { .. }));
    }
}
