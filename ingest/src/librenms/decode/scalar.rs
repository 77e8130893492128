//! Values whose JSON type depends on the age of the server.
//!
//! The same column is `1`, `"1"` or `true`; a number `12`, `12.0` or `"12.000"`;
//! nothing is `null` or `""`. All are read alike, and a value of no use is
//! nothing, never an error.

use std::borrow::Cow;
use std::fmt;

use jiff::civil::DateTime;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// One JSON value; lists and objects are nothing.
#[derive(Clone, PartialEq, Debug)]
enum Scalar<'a> {
    Nothing,
    Int(i64),
    Float(f64),
    Bool(bool),
    Text(Cow<'a, str>),
}

/// What `of` makes of the next value. The value itself is nowhere in memory: of
/// millions, each is what its field makes of it.
fn made<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    of: impl FnOnce(Scalar<'de>) -> T,
) -> Result<T, D::Error> {
    deserializer.deserialize_any(Made(of))
}

struct Made<F>(F);

impl<'de, T, F: FnOnce(Scalar<'de>) -> T> Visitor<'de> for Made<F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(self.0(Scalar::Nothing))
    }

    fn visit_bool<E>(self, value: bool) -> Result<T, E> {
        Ok(self.0(Scalar::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<T, E> {
        Ok(self.0(Scalar::Int(value)))
    }

    fn visit_u64<E>(self, value: u64) -> Result<T, E> {
        Ok(self.0(i64::try_from(value).map_or(Scalar::Nothing, Scalar::Int)))
    }

    fn visit_f64<E>(self, value: f64) -> Result<T, E> {
        Ok(self.0(Scalar::Float(value)))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<T, E> {
        Ok(self.0(Scalar::Text(Cow::Borrowed(value))))
    }

    fn visit_str<E>(self, value: &str) -> Result<T, E> {
        Ok(self.0(Scalar::Text(Cow::Owned(value.to_owned()))))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<T, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(self.0(Scalar::Nothing))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<T, A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(self.0(Scalar::Nothing))
    }
}

impl Scalar<'_> {
    fn int(&self) -> Option<i64> {
        match self {
            Scalar::Nothing => None,
            Scalar::Int(value) => Some(*value),
            // `as` saturates and turns NaN into 0, which `fract` has excluded.
            Scalar::Float(value) => (value.fract() == 0.0).then_some(*value as i64),
            Scalar::Bool(value) => Some(i64::from(*value)),
            Scalar::Text(text) => text.trim().parse().ok(),
        }
    }

    fn float(&self) -> Option<f64> {
        match self {
            Scalar::Float(value) => Some(*value),
            Scalar::Text(text) => text.trim().parse().ok().filter(|value: &f64| value.is_finite()),
            _ => self.int().map(|value| value as f64),
        }
    }

    fn flag(&self) -> Option<bool> {
        match self {
            Scalar::Text(text) if text == "true" => Some(true),
            Scalar::Text(text) if text == "false" => Some(false),
            _ => self.int().map(|value| value != 0),
        }
    }

    fn text(self) -> Option<Box<str>> {
        match self {
            Scalar::Text(text) if text.trim().is_empty() => None,
            Scalar::Text(text) => Some(text.into()),
            Scalar::Int(value) => Some(value.to_string().into()),
            Scalar::Float(value) => Some(value.to_string().into()),
            Scalar::Bool(_) | Scalar::Nothing => None,
        }
    }
}

/// A time as a row gives it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::librenms) enum RowTime {
    /// `2026-08-20 12:13:23`: on the server's own clock, whose zone the row
    /// does not tell.
    Local(DateTime),
    /// `2026-08-20T10:13:23.000000Z`.
    Utc(jiff::Timestamp),
}

impl RowTime {
    fn parse(text: &str) -> Option<RowTime> {
        if let Some(local) = mysql_time(text) {
            return Some(RowTime::Local(local));
        }
        if let Ok(instant) = text.parse::<jiff::Timestamp>() {
            return Some(RowTime::Utc(instant));
        }
        text.parse::<DateTime>().ok().map(RowTime::Local)
    }
}

/// `2026-08-20 12:13:23`, as every row of a list has it three times.
fn mysql_time(text: &str) -> Option<DateTime> {
    let &[a, b, c, d, b'-', e, f, b'-', g, h, b' ', i, j, b':', k, l, b':', m, n] = text.as_bytes()
    else {
        return None;
    };
    if ![a, b, c, d, e, f, g, h, i, j, k, l, m, n].iter().all(u8::is_ascii_digit) {
        return None;
    }
    let two = |tens: u8, ones: u8| ((tens - b'0') * 10 + (ones - b'0')) as i8;
    let year = i16::from(two(a, b)) * 100 + i16::from(two(c, d));
    DateTime::new(year, two(e, f), two(g, h), two(i, j), two(k, l), two(m, n), 0).ok()
}

/// A positive integer, which must be there: the key of a row.
pub(super) fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    reference(deserializer)?.ok_or_else(|| D::Error::custom("an id must be a positive integer"))
}

/// A positive integer; 0 means none.
pub(super) fn reference<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<u64>, D::Error> {
    made(deserializer, |value| {
        let id = value.int().and_then(|id| u64::try_from(id).ok());
        id.filter(|&id| id > 0)
    })
}

/// An integer.
pub(super) fn int<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    made(deserializer, |value| value.int())
}

/// A finite number.
pub(super) fn float<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    made(deserializer, |value| value.float().filter(|value| value.is_finite()))
}

/// Yes or no; any integer but 0 is yes.
pub(super) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    made(deserializer, |value| value.flag())
}

/// What `of` makes of a text that is not blank, or of nothing. For words, which
/// need no copy.
pub(super) fn word<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    of: impl FnOnce(Option<&str>) -> T,
) -> Result<T, D::Error> {
    made(deserializer, |value| match value {
        Scalar::Text(text) if !text.trim().is_empty() => of(Some(&text)),
        _ => of(None),
    })
}

/// A text that is not blank.
pub(super) fn text<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Box<str>>, D::Error> {
    made(deserializer, Scalar::text)
}

/// A time; MySQL's `0000-00-00 00:00:00` is none.
pub(super) fn time<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<RowTime>, D::Error> {
    made(deserializer, |value| match value {
        Scalar::Text(text) => RowTime::parse(text.trim()),
        _ => None,
    })
}
