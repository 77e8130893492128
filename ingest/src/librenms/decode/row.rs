//! Decodes one row into any struct that derives `Deserialize`, stepping over
//! the columns that it has no field for.
//!
//! serde_json would look at every byte of the ninety columns that are not used;
//! here they cost two marks each. What is stepped over is not checked: a row
//! whose unused columns are damaged is decoded all the same. Values that are
//! used are decoded as serde_json decodes them, and never quoted in an error.
//! Pure; borrows texts from the row.

use std::fmt;
use std::ops::Range;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, Error, IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};

/// Why a row could not be decoded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum RowError {
    /// It is no JSON, as far as that was looked at.
    NoJson,
    /// It is JSON, but no such row: it lacks its key.
    NoRow,
}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RowError::NoJson => "no JSON",
            RowError::NoRow => "no such row",
        })
    }
}

impl std::error::Error for RowError {}

impl Error for RowError {
    /// What the row's own code says is dropped: it may quote a value.
    fn custom<T: fmt::Display>(_: T) -> RowError {
        RowError::NoRow
    }
}

impl From<serde_json::Error> for RowError {
    fn from(error: serde_json::Error) -> RowError {
        if error.is_data() { RowError::NoRow } else { RowError::NoJson }
    }
}

/// Decodes the object in `json`, whose [`Marks`](super::marks::Marks) are at
/// `places`.
pub(super) fn decode<'de, R: Deserialize<'de>>(
    json: &'de [u8],
    places: &[u32],
) -> Result<R, RowError> {
    R::deserialize(Row { json, places })
}

/// The columns of the object in `json`, up to the first that is no JSON: each
/// with its name and where its value stands.
pub(super) fn columns<'de>(
    json: &'de [u8],
    places: &[u32],
) -> impl Iterator<Item = (&'de [u8], Range<usize>)> {
    let row = Row { json, places };
    let mut columns = Columns { row, next: 1, wanted: Wanted::ALL, value: None };
    std::iter::from_fn(move || {
        let Column { name, value, at } = columns.next_wanted().ok()??;
        Some((name, at..at + Value { raw: value }.word().len()))
    })
}

/// A whole row.
struct Row<'de, 'm> {
    json: &'de [u8],
    places: &'m [u32],
}

impl<'de> Deserializer<'de> for Row<'de, '_> {
    type Error = RowError;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, RowError> {
        visitor.visit_map(Columns { row: self, next: 1, wanted: Wanted::of(fields), value: None })
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        visitor.visit_map(Columns { row: self, next: 1, wanted: Wanted::ALL, value: None })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// A column as it stands in the row.
struct Column<'de> {
    name: &'de [u8],
    value: &'de [u8],
    /// Where in the row the value begins.
    at: usize,
}

/// The columns of a row, one after the other.
struct Columns<'de, 'm> {
    row: Row<'de, 'm>,
    /// The mark to look at next: the quote before a column's name, or the
    /// bracket at the end.
    next: usize,
    wanted: Wanted,
    /// The value of the column whose name was given last.
    value: Option<&'de [u8]>,
}

impl<'de> Columns<'de, '_> {
    fn place(&self, mark: usize) -> Result<usize, RowError> {
        self.row.places.get(mark).map(|&place| place as usize).ok_or(RowError::NoJson)
    }

    /// The next column that is wanted, if there is one.
    fn next_wanted(&mut self) -> Result<Option<Column<'de>>, RowError> {
        let json = self.row.json;
        loop {
            let from = self.place(self.next)?;
            if json[from] != b'"' {
                // Only the bracket that ends the row is its last byte.
                return if from + 1 == json.len() { Ok(None) } else { Err(RowError::NoJson) };
            }
            let until = self.place(self.next + 1)?;
            let name = &json[from + 1..until];
            self.next += 2;
            let after = self.place(self.next)?;
            let value = value_start(json, until + 1)?;
            let end = match json[value] {
                b'"' | b'{' | b'[' => self.value_end()?,
                _ => after,
            };
            if self.wanted.has(name) {
                return Ok(Some(Column { name, value: &json[value..end], at: value }));
            }
        }
    }

    /// Just after the text, list or object that begins at the next mark; the
    /// marks are then behind it.
    fn value_end(&mut self) -> Result<usize, RowError> {
        let json = self.row.json;
        if json[self.place(self.next)?] == b'"' {
            let end = self.place(self.next + 1)? + 1;
            self.next += 2;
            return Ok(end);
        }
        let mut depth = 0_u32;
        loop {
            let place = self.place(self.next)?;
            self.next += 1;
            match json[place] {
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ => continue,
            }
            if depth == 0 {
                return Ok(place + 1);
            }
        }
    }
}

/// The columns of which something is to be made.
#[derive(Clone, Copy)]
struct Wanted {
    /// All if there are none.
    names: &'static [&'static str],
    /// Bit n: there is one of n bytes. Tells most others at a glance.
    lengths: u64,
}

impl Wanted {
    const ALL: Wanted = Wanted { names: &[], lengths: u64::MAX };

    fn of(names: &'static [&'static str]) -> Wanted {
        let length = |name: &&str| 1_u64.checked_shl(name.len() as u32).unwrap_or(0);
        Wanted { names, lengths: names.iter().map(length).fold(0, |all, one| all | one) }
    }

    fn has(&self, name: &[u8]) -> bool {
        if name.len() < 64 && self.lengths >> name.len() & 1 == 0 {
            return false;
        }
        let is_it = |one: &&str| {
            let one = one.as_bytes();
            one.len() == name.len() && one.first() == name.first() && one == name
        };
        self.names.is_empty() || self.names.iter().any(is_it)
    }
}

/// Where the value begins, behind the colon at or after `place`.
fn value_start(json: &[u8], place: usize) -> Result<usize, RowError> {
    // As PHP prints it, and as it stands without any blanks.
    match json.get(place..) {
        Some([b':', b' ', byte, ..]) if !is_blank(*byte) => return Ok(place + 2),
        Some([b':', byte, ..]) if !is_blank(*byte) => return Ok(place + 1),
        _ => {}
    }
    let rest = json.get(place..).unwrap_or_default();
    let colon = rest.iter().position(|byte| !is_blank(*byte)).ok_or(RowError::NoJson)?;
    if rest[colon] != b':' {
        return Err(RowError::NoJson);
    }
    let value = rest[colon + 1..].iter().position(|byte| !is_blank(*byte));
    value.map(|value| place + colon + 1 + value).ok_or(RowError::NoJson)
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

impl<'de> MapAccess<'de> for Columns<'de, '_> {
    type Error = RowError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, RowError> {
        let Some(Column { name, value, .. }) = self.next_wanted()? else { return Ok(None) };
        self.value = Some(value);
        let name = std::str::from_utf8(name).map_err(|_| RowError::NoJson)?;
        seed.deserialize(BorrowedStrDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, RowError> {
        let raw = self.value.take().ok_or(RowError::NoJson)?;
        seed.deserialize(Value { raw })
    }
}

/// One value; behind a number or word there may be blanks and a comma.
pub(super) struct Value<'de> {
    pub(super) raw: &'de [u8],
}

impl<'de> Value<'de> {
    /// A number or word without what stands behind it.
    fn word(&self) -> &'de [u8] {
        let raw = self.raw.trim_ascii_end();
        raw.strip_suffix(b",").map_or(raw, <[u8]>::trim_ascii_end)
    }

    /// What serde_json makes of it.
    fn by_serde_json<V: Visitor<'de>>(raw: &'de [u8], visitor: V) -> Result<V::Value, RowError> {
        let mut json = serde_json::Deserializer::from_slice(raw);
        let value = json.deserialize_any(visitor)?;
        json.end()?;
        Ok(value)
    }
}

impl<'de> Deserializer<'de> for Value<'de> {
    type Error = RowError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        match self.raw {
            [b'"', text @ .., b'"'] if !text.contains(&b'\\') => {
                let text = std::str::from_utf8(text).map_err(|_| RowError::NoJson)?;
                visitor.visit_borrowed_str(text)
            }
            [b'"' | b'{' | b'[', ..] => Value::by_serde_json(self.raw, visitor),
            _ => match self.word() {
                b"null" => visitor.visit_unit(),
                b"true" => visitor.visit_bool(true),
                b"false" => visitor.visit_bool(false),
                word => match whole_number(word) {
                    Some(number) => visitor.visit_u64(number),
                    None => Value::by_serde_json(word, visitor),
                },
            },
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        match self.word() {
            b"null" => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, RowError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, RowError> {
        match self.raw {
            [b'"', text @ .., b'"'] => {
                let text = std::str::from_utf8(text).map_err(|_| RowError::NoJson)?;
                visitor.visit_enum(text.into_deserializer())
            }
            _ => Err(RowError::NoRow),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// An integer from 0 of at most 18 digits, which fits into 64 bits.
fn whole_number(word: &[u8]) -> Option<u64> {
    let fits = (1..=18).contains(&word.len()) && (word[0] != b'0' || word.len() == 1);
    if !fits || !word.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(word.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde_json::Value as Json;

    use super::super::marks::Marks;
    use super::*;

    #[derive(Deserialize, PartialEq, Debug)]
    struct Some2 {
        a: Option<Json>,
        #[serde(default)]
        b: Json,
    }

    fn read<'de, R: Deserialize<'de>>(json: &'de str) -> Result<R, RowError> {
        let mut marks = Marks::default();
        let end = marks.end_of(json.as_bytes()).ok_or(RowError::NoJson)?;
        decode(&json.as_bytes()[..end], marks.places())
    }

    #[track_caller]
    fn check(json: &str) {
        let expected: BTreeMap<String, Json> = serde_json::from_str(json).unwrap();
        assert_eq!(read::<BTreeMap<String, Json>>(json), Ok(expected), "{json}");
        let expected: Some2 = serde_json::from_str(json).unwrap();
        assert_eq!(read::<Some2>(json), Ok(expected), "{json}");
    }

    #[test]
    fn values_of_every_type_are_read_as_serde_json_reads_them() {
        check("{}");
        check(r#"{"a":1}"#);
        check("{\n  \"x\" : [1, {\"a\": \"}\"}] ,\n  \"a\" : -1.5e3\n , \"b\":0 }");
        check(r#"{"a":null,"b":"\u00e9\/\"","c":{"a":[]},"d":true}"#);
        check(r#"{"a":18446744073709551615,"b":-9223372036854775808}"#);
        check(r#"{"a":false,"b":12345678901234567890123}"#);
        check(r#"{"c":"","a":"","b":{"b":[{"b":2}]}}"#);
    }

    #[test]
    fn what_is_used_must_be_json() {
        for json in [
            r#"{"a":}"#,
            r#"{"a":,"b":1}"#,
            r#"{"a" 1}"#,
            r#"{"a":01}"#,
            r#"{"a":tru}"#,
            r#"{"a":1 2}"#,
            r#"{"a":"\x"}"#,
            r#"{"a":[1,}"#,
            r#"{"a"}"#,
        ] {
            assert!(serde_json::from_str::<Some2>(json).is_err(), "{json}");
            assert_eq!(read::<Some2>(json), Err(RowError::NoJson), "{json}");
        }
    }

    #[test]
    fn a_row_without_its_key_and_one_with_a_column_twice_are_no_rows() {
        #[derive(Deserialize, PartialEq, Debug)]
        struct Keyed {
            id: u64,
        }
        assert_eq!(read::<Keyed>(r#"{"id":7,"x":"id"}"#), Ok(Keyed { id: 7 }));
        for json in [r#"{"x":1}"#, r#"{"id":"seven"}"#, r#"{"id":1,"id":2}"#] {
            assert_eq!(read::<Keyed>(json), Err(RowError::NoRow), "{json}");
        }
    }

    #[test]
    fn texts_are_borrowed() {
        #[derive(Deserialize)]
        struct Borrowed<'a> {
            a: &'a str,
        }
        let json = r#"{"x":1,"a":"text"}"#;
        let read: Borrowed<'_> = read(json).unwrap();
        assert_eq!(read.a.as_ptr(), json[11..].as_ptr().wrapping_add(1));
    }

    fn any_json() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            any::<i64>().prop_map(Json::from),
            any::<u64>().prop_map(Json::from),
            any::<f64>().prop_map(Json::from),
            any::<String>().prop_map(Json::from),
            r#"["\\/{}\[\]:, ]{0,80}"#.prop_map(Json::from),
        ];
        leaf.prop_recursive(3, 20, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
                prop::collection::btree_map("[ab\"]{0,2}", inner, 0..4)
                    .prop_map(|map| Json::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_row_is_read_as_serde_json_reads_it(
            row in prop::collection::btree_map("[a-c]{1,2}", any_json(), 0..8),
            pretty in any::<bool>(),
        ) {
            let json = if pretty { serde_json::to_string_pretty(&row) } else { serde_json::to_string(&row) };
            let json = json.unwrap();
            let expected: Some2 = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(read::<Some2>(&json), Ok(expected));
            let expected: BTreeMap<String, Json> = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(read::<BTreeMap<String, Json>>(&json), Ok(expected));
        }

        #[test]
        fn any_text_is_read_or_refused(json in r#"\{["a:,\\{}\[\] 0-9tfn.-]{0,60}"#) {
            read::<Some2>(&json).ok();
            read::<BTreeMap<String, Json>>(&json).ok();
        }
    }
}
