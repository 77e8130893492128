//! Parameters as they come in a query string, and what is wrong with them.

use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use correlate::model::{Period, Timestamp};
use serde::Deserialize;
use store::records::Page;
use utoipa::IntoParams;

use crate::instant;
use crate::problem::{ApiError, Refusal};

/// One day of 24 hours.
const DAY_MS: i64 = 86_400_000;
/// The longest period of one request: two years, as a year is compared with
/// the one before.
pub(crate) const PERIOD_MS_MAX: i64 = 2 * 366 * DAY_MS;

/// Entries of a list in one answer unless asked otherwise.
pub(crate) const PAGE_DEFAULT: u64 = 100;

/// Which part of a list.
#[derive(Deserialize, Default, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// How many to leave out.
    offset: Option<u64>,
    /// How many to give, 1 to 1000; 100 by default.
    limit: Option<u64>,
}

impl PageQuery {
    /// The page that is asked for.
    pub(crate) fn page(query: Result<Query<PageQuery>, QueryRejection>) -> Result<Page, ApiError> {
        let Query(query) = query.map_err(|error| ApiError::refused("query", error.body_text()))?;
        page(query.offset, query.limit)
    }
}

/// The page that `offset` and `limit` ask for.
pub(crate) fn page(offset: Option<u64>, limit: Option<u64>) -> Result<Page, ApiError> {
    let limit = self::limit(limit, PAGE_DEFAULT, Page::MAX_LIMIT)?;
    Ok(Page { offset: offset.unwrap_or(0), limit })
}

/// The `page` of a list that is short enough to be read whole, and how long it is.
pub(crate) fn part<T>(list: Vec<T>, page: Page) -> (Vec<T>, u64) {
    let total = list.len() as u64;
    let skipped = usize::try_from(page.offset).unwrap_or(usize::MAX);
    let taken = usize::try_from(page.limit).unwrap_or(usize::MAX);
    (list.into_iter().skip(skipped).take(taken).collect(), total)
}

/// The period `[from, to)`: `to` is now and `from` so many days of 24 hours
/// before it unless given.
pub(crate) fn period(
    from: Option<&str>,
    to: Option<&str>,
    now: Timestamp,
    default_days: i64,
) -> Result<Period, ApiError> {
    let mut refusals = Vec::new();
    let mut read = |name: &str, given: Option<&str>, default: Timestamp| match given {
        None => default,
        Some(text) => instant::parse(text).unwrap_or_else(|| {
            refusals.push(Refusal { place: name.to_owned(), reason: no_instant(text) });
            default
        }),
    };
    let until = read("to", to, now);
    let from = read("from", from, until.plus_millis(-default_days * DAY_MS));
    if !refusals.is_empty() {
        return Err(ApiError::Refused(refusals));
    }
    let period = Period::new(from, until);
    if period.is_empty() {
        return Err(ApiError::refused("from", "must be before to"));
    }
    if period.millis() > PERIOD_MS_MAX {
        let days = PERIOD_MS_MAX / DAY_MS;
        return Err(ApiError::refused("from", format!("must be at most {days} days before to")));
    }
    Ok(period)
}

/// The instant that the parameter `name` gives.
pub(crate) fn instant(name: &str, text: &str) -> Result<Timestamp, ApiError> {
    instant::parse(text).ok_or_else(|| ApiError::refused(name, no_instant(text)))
}

fn no_instant(text: &str) -> String {
    format!(
        "must be milliseconds since 1970 or RFC 3339 such as 2026-03-29T01:00:00Z, found {text:?}"
    )
}

/// A whole number within `1..=max`, or `default` when nothing is given.
pub(crate) fn limit(given: Option<u64>, default: u64, max: u64) -> Result<u64, ApiError> {
    match given {
        None => Ok(default),
        Some(limit) if (1..=max).contains(&limit) => Ok(limit),
        Some(limit) => Err(ApiError::refused(
            "limit",
            format!("must be a whole number from 1 to {max}, found {limit}"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_700_000_000_000);

    #[track_caller]
    fn check(from: Option<&str>, to: Option<&str>, expected: Result<(i64, i64), &str>) {
        let found = match period(from, to, NOW, 7) {
            Ok(period) => Ok((period.from.0, period.until.0)),
            Err(ApiError::Refused(refusals)) => Err(refusals[0].place.clone()),
            Err(other) => panic!("unexpected {other:?}"),
        };
        assert_eq!(found, expected.map_err(str::to_owned));
    }

    #[test]
    fn periods_have_defaults_and_limits() {
        check(None, None, Ok((NOW.0 - 7 * DAY_MS, NOW.0)));
        check(Some("5"), Some("9"), Ok((5, 9)));
        check(Some("1970-01-01T00:00:01Z"), Some("2000"), Ok((1_000, 2_000)));
        check(Some("9"), Some("9"), Err("from"));
        check(Some("0"), None, Err("from"));
        check(Some("noon"), None, Err("from"));
        check(None, Some("noon"), Err("to"));
    }

    #[test]
    fn a_part_of_a_list_says_how_long_it_is() {
        let ten = || (0..10).collect::<Vec<u32>>();
        let cut = |offset, limit| part(ten(), page(offset, limit).expect("a page"));
        assert_eq!(cut(None, None), (ten(), 10));
        assert_eq!(cut(Some(8), Some(5)), (vec![8, 9], 10));
        assert_eq!(cut(Some(u64::MAX), None), (Vec::new(), 10));
        assert!(page(None, Some(1_001)).is_err());
    }

    #[test]
    fn limits_are_checked() {
        assert_eq!(limit(None, 50, 100), Ok(50));
        assert_eq!(limit(Some(100), 50, 100), Ok(100));
        assert!(limit(Some(0), 50, 100).is_err());
        assert!(limit(Some(101), 50, 100).is_err());
    }
}
