//! Instants, lengths of time and zones as stories write them.

use correlate::model::{Period, Timestamp};
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use super::scan::{Complaint, Words};

/// A Monday without any peculiarity, for stories that name no date.
const SOME_DAY: Date = Date::constant(2026, 3, 2);

/// The day that a bare time of day means.
#[derive(Clone, Copy, Debug)]
pub(super) struct Calendar {
    pub(super) day: Date,
}

impl Default for Calendar {
    fn default() -> Calendar {
        Calendar { day: SOME_DAY }
    }
}

const WANTED: &str = "a time such as `10:00`, `10:00:30.250` or `2026-03-02 10:00` (UTC)";

impl Calendar {
    /// Whether an instant comes next.
    pub(super) fn is_next(self, words: &Words) -> bool {
        self.instant(&mut words.clone()).is_ok()
    }

    /// An instant in UTC: a time of day, with a date before it if it is not
    /// on this day.
    pub(super) fn instant(self, words: &mut Words) -> Result<Timestamp, Complaint> {
        let mark = words.mark();
        let day = match words.peek().and_then(date) {
            Some(day) => {
                words.word(WANTED)?;
                day
            }
            None => self.day,
        };
        let Some(millis) = words.peek().and_then(of_day) else {
            words.back_to(mark);
            return words.fail(WANTED);
        };
        words.word(WANTED)?;
        Ok(midnight(day, &TimeZone::UTC).plus_millis(millis))
    }

    /// `from T to T`.
    pub(super) fn period(self, words: &mut Words) -> Result<Period, Complaint> {
        words.expect("from")?;
        let from = self.instant(words)?;
        words.expect("to")?;
        Ok(Period::new(from, self.instant(words)?))
    }
}

/// A date such as `2026-03-02`.
pub(super) fn date(text: &str) -> Option<Date> {
    text.parse().ok().filter(|_| text.len() == "2026-03-02".len())
}

/// When `day` begins in `zone`.
pub(super) fn midnight(day: Date, zone: &TimeZone) -> Timestamp {
    let start = day.to_zoned(zone.clone()).expect("stories stay far from the ends of the calendar");
    Timestamp(start.timestamp().as_millisecond())
}

/// The milliseconds of a time of day; `24:00` is the next midnight.
fn of_day(text: &str) -> Option<i64> {
    const DAY_MS: i64 = 86_400_000;
    if text == "24:00" {
        return Some(DAY_MS);
    }
    let time: Time = text.parse().ok().filter(|_| text.as_bytes().get(2) == Some(&b':'))?;
    let since_midnight = time.duration_since(Time::midnight());
    i64::try_from(since_midnight.as_millis()).ok()
}

/// A length of time: one or more of `250ms`, `30s`, `15m`, `2h`, `3d`, from
/// the largest to the smallest, in milliseconds.
pub(super) fn length_ms(words: &mut Words) -> Result<i64, Complaint> {
    let wanted = "a length of time such as `15m`, `1h 30m` or `250ms`";
    let mut sum: Option<i64> = None;
    let mut smallest = i64::MAX;
    while let Some((unit, count)) = words.peek().and_then(part_ms).filter(|part| part.0 < smallest)
    {
        words.word(wanted)?;
        smallest = unit;
        sum = Some(sum.unwrap_or(0) + unit * count);
    }
    match sum {
        Some(sum) => Ok(sum),
        None => words.fail(wanted),
    }
}

fn part_ms(word: &str) -> Option<(i64, i64)> {
    let digits = word.find(|c: char| !c.is_ascii_digit())?;
    let unit = match &word[digits..] {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    Some((unit, word[..digits].parse().ok()?))
}
