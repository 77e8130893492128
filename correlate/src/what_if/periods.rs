//! Sets of instants as sorted periods that do not meet.

use crate::model::Period;

/// Sorts periods, drops empty ones and joins those that meet.
pub(super) fn merged(mut periods: Vec<Period>) -> Vec<Period> {
    periods.retain(|period| !period.is_empty());
    periods.sort_unstable_by_key(|period| period.from);
    let mut merged: Vec<Period> = Vec::with_capacity(periods.len());
    for period in periods {
        match merged.last_mut() {
            Some(last) if period.from <= last.until => last.until = last.until.max(period.until),
            _ => merged.push(period),
        }
    }
    merged
}

/// What of `period` lies in none of `others`, which are sorted and do not meet.
pub(super) fn without(period: Period, others: &[Period]) -> Vec<Period> {
    let mut left = Vec::new();
    let mut from = period.from;
    for other in others.iter().filter(|other| !other.intersect(&period).is_empty()) {
        left.push(Period::new(from, other.from));
        from = other.until;
    }
    left.push(Period::new(from, period.until));
    left.retain(|piece| !piece.is_empty());
    left
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    fn periods(edges: &[(i64, i64)]) -> Vec<Period> {
        edges.iter().map(|&(from, until)| Period::new(Timestamp(from), Timestamp(until))).collect()
    }

    #[test]
    fn periods_that_meet_are_joined() {
        let given = periods(&[(30, 40), (5, 5), (10, 20), (15, 18), (20, 25)]);
        assert_eq!(merged(given), periods(&[(10, 25), (30, 40)]));
    }

    #[test]
    fn what_is_taken_out_may_leave_pieces() {
        let check = |others: &[(i64, i64)], left: &[(i64, i64)]| {
            let whole = periods(&[(10, 50)])[0];
            assert_eq!(without(whole, &periods(others)), periods(left));
        };
        check(&[], &[(10, 50)]);
        check(&[(0, 10), (50, 60)], &[(10, 50)]);
        check(&[(0, 12), (20, 30), (45, 60)], &[(12, 20), (30, 45)]);
        check(&[(0, 60)], &[]);
    }
}
