//! Why somebody did not come in by the provider: a short code for the address
//! of the page that tells them, and never more than that.

use dashboards::SignOnProblem;

/// Every problem with its code.
const CODES: [(SignOnProblem, &str); 11] = [
    (SignOnProblem::Away, "away"),
    (SignOnProblem::Ended, "ended"),
    (SignOnProblem::Denied, "denied"),
    (SignOnProblem::Unproven, "unproven"),
    (SignOnProblem::NotMapped, "not-mapped"),
    (SignOnProblem::Unknown, "unknown"),
    (SignOnProblem::AddressTaken, "address-taken"),
    (SignOnProblem::Closed, "closed"),
    (SignOnProblem::LinkTaken, "link-taken"),
    (SignOnProblem::Invitation, "invitation"),
    (SignOnProblem::OnlyWay, "only-way"),
];

/// The code of a problem.
pub(super) fn code(problem: SignOnProblem) -> &'static str {
    CODES.iter().find(|(known, _)| *known == problem).map_or("unproven", |(_, code)| code)
}

/// The problem that a code stands for.
pub(super) fn of_code(code: &str) -> Option<SignOnProblem> {
    CODES.iter().find(|(_, known)| *known == code).map(|(problem, _)| *problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_has_a_code_of_its_own() {
        for problem in SignOnProblem::ALL {
            assert_eq!(of_code(code(problem)), Some(problem));
        }
        assert_eq!(of_code("<script>"), None);
    }
}
