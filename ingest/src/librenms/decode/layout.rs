//! Decodes a row by where its columns stand.
//!
//! The rows of a list are made by one program: they have the same columns in
//! the same order, between two values there are always the same bytes, and most
//! values are the same too. So one row is kept, and every other one is held
//! against it, many bytes at a time: only where they differ a value is looked
//! at, and stepped over if it is not used. A row that is laid out otherwise is
//! not decoded here. Pure.

use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;
use wide::u8x16;

use super::row::{self, RowError, Value};

/// Where in a row a value stands; empty for a column that the list has not.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Place {
    from: u32,
    until: u32,
}

impl Place {
    /// None if that is more than 32 bits hold.
    fn of(from: usize, until: usize) -> Option<Place> {
        Some(Place { from: u32::try_from(from).ok()?, until: u32::try_from(until).ok()? })
    }
}

/// A column of the list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Column {
    /// Where its value stands in [`Layout::model`].
    value: Place,
    /// A value that begins with so many bytes of it does not end in them, and
    /// none of them is a backslash.
    goes_on: u32,
    /// Which field of the struct it is, if it is used.
    field: Option<u8>,
}

/// Why a row was not read here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Unread {
    /// It is laid out so as far as it has come, and goes on.
    GoesOn,
    /// It is laid out otherwise, or is no row; decoding it as usual will tell.
    Otherwise,
}

/// How rows of a list are laid out.
#[derive(Debug)]
pub(super) struct Layout<R> {
    /// A row of the list: the others have what it has between its values, and
    /// most of its values too.
    model: Vec<u8>,
    columns: Vec<Column>,
    /// Where the values of the fields stand in the row at hand.
    places: Vec<Place>,
    row: PhantomData<fn() -> R>,
}

impl<'a, R: Deserialize<'a>> Layout<R> {
    /// How this row is laid out, whose [`Marks`](super::marks::Marks) are at
    /// `marks`. None if it holds lists or objects, or a column twice.
    pub(super) fn of(json: &[u8], marks: &[u32]) -> Option<Layout<R>> {
        let fields = fields::<R>();
        let mut columns: Vec<Column> = Vec::new();
        for (name, value) in row::columns(json, marks) {
            let until = value.start + value_length(&json[value.start..], 0).ok()?;
            let field = fields.iter().position(|field| field.as_bytes() == name);
            let field = field.and_then(|field| u8::try_from(field).ok());
            if field.is_some() && columns.iter().any(|column| column.field == field) {
                return None;
            }
            let value = Place::of(value.start, until)?;
            let has_escapes = json[value.from as usize..until].contains(&b'\\');
            let goes_on = if has_escapes { 0 } else { value.until - value.from - 1 };
            columns.push(Column { value, goes_on, field });
        }
        let places = vec![Place::default(); fields.len()];
        Some(Layout { model: json.to_vec(), columns, places, row: PhantomData })
    }

    /// The row that `bytes` begin with, if it is laid out so, and its length.
    pub(super) fn read(&mut self, bytes: &'a [u8]) -> Result<(R, usize), Unread> {
        let place = |from, until| Place::of(from, until).ok_or(Unread::Otherwise);
        // Up to here both are understood: in the model and in the row.
        let (mut of_model, mut at) = (0, 0);
        let mut columns = self.columns.iter();
        loop {
            let differ = of_model + alike(&self.model[of_model..], &bytes[at..]);
            // So far it is as the model, which does not end here.
            if differ < self.model.len() && at + (differ - of_model) == bytes.len() {
                return Err(Unread::GoesOn);
            }
            let place_of = |in_model: u32| at + (in_model as usize - of_model);
            let other = loop {
                let Some(column) = columns.next() else { break None };
                if differ <= column.value.until as usize {
                    break Some(column);
                }
                // The value is the same, and so is the byte behind it.
                if let Some(field) = column.field {
                    let Place { from, until } = column.value;
                    self.places[usize::from(field)] = place(place_of(from), place_of(until))?;
                }
            };
            let Some(&Column { value, goes_on, field }) = other else {
                if differ < self.model.len() {
                    return Err(Unread::Otherwise);
                }
                at += differ - of_model;
                break;
            };
            // What differs must be the value, or a number that goes on where it ended.
            let alike = differ.checked_sub(value.from as usize).ok_or(Unread::Otherwise)?;
            let from = place_of(value.from);
            let until = from + value_length(&bytes[from..], alike.min(goes_on as usize))?;
            if let Some(field) = field {
                self.places[usize::from(field)] = place(from, until)?;
            }
            (of_model, at) = (value.until as usize, until);
        }
        let fields = Fields { json: bytes, places: self.places.iter() };
        R::deserialize(fields).map(|row| (row, at)).map_err(|_| Unread::Otherwise)
    }
}

/// How many bytes both begin with.
fn alike(a: &[u8], b: &[u8]) -> usize {
    let length = a.len().min(b.len());
    let (blocks, rest) = a[..length].as_chunks::<16>();
    let (others, other_rest) = b[..length].as_chunks::<16>();
    for (n, (block, other)) in blocks.iter().zip(others).enumerate() {
        let same = u8x16::from(*block).simd_eq(u8x16::from(*other)).to_bitmask();
        if same != 0xffff {
            return 16 * n + same.trailing_ones() as usize;
        }
    }
    let same = rest.iter().zip(other_rest).take_while(|(a, b)| a == b).count();
    16 * blocks.len() + same
}

/// How long the value is that `bytes` begin with; lists and objects are not
/// looked at. It is known not to end within the first `known` bytes, nor to have
/// a backslash there.
fn value_length(bytes: &[u8], known: usize) -> Result<usize, Unread> {
    let known = if bytes.first() == Some(&b'"') { known.max(1) } else { known };
    let rest = bytes.get(known..).ok_or(Unread::GoesOn)?;
    match bytes.first().ok_or(Unread::GoesOn)? {
        b'"' => text_length(rest).map(|length| known + length + 1).ok_or(Unread::GoesOn),
        _ => {
            let is_of_word =
                |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'z' | b'.' | b'-' | b'+' | b'E');
            let more = rest.iter().position(|byte| !is_of_word(byte)).ok_or(Unread::GoesOn)?;
            if known + more > 0 { Ok(known + more) } else { Err(Unread::Otherwise) }
        }
    }
}

/// How long the text is that `bytes` begin with, up to its closing quote.
fn text_length(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += quote_or_backslash(&bytes[at..])?;
        match bytes[at] {
            b'"' => return Some(at),
            _ => at += 2,
        }
        if at > bytes.len() {
            return None;
        }
    }
}

/// Where the first quote or backslash is.
fn quote_or_backslash(bytes: &[u8]) -> Option<usize> {
    let (blocks, rest) = bytes.as_chunks::<16>();
    for (n, block) in blocks.iter().enumerate() {
        let block = u8x16::from(*block);
        let hits = block.simd_eq(u8x16::splat(b'"')) | block.simd_eq(u8x16::splat(b'\\'));
        let hits = hits.to_bitmask();
        if hits != 0 {
            return Some(16 * n + hits.trailing_zeros() as usize);
        }
    }
    let at = rest.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
    Some(16 * blocks.len() + at)
}

/// The names of the fields of a struct that derives `Deserialize`.
fn fields<'de, R: Deserialize<'de>>() -> &'static [&'static str] {
    let mut fields: &'static [&'static str] = &[];
    // It must fail, as it is given nothing.
    drop(R::deserialize(Names(&mut fields)));
    fields
}

/// Hears what fields a struct has.
struct Names<'a>(&'a mut &'static [&'static str]);

impl<'de> Deserializer<'de> for Names<'_> {
    type Error = RowError;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, RowError> {
        *self.0 = fields;
        Err(RowError::NoRow)
    }

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, RowError> {
        Err(RowError::custom("only structs have fields"))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// The values of a struct's fields, in their order.
struct Fields<'de, 'p> {
    json: &'de [u8],
    places: std::slice::Iter<'p, Place>,
}

impl<'de> Deserializer<'de> for Fields<'de, '_> {
    type Error = RowError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        visitor.visit_seq(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier
        ignored_any
    }
}

impl<'de> SeqAccess<'de> for Fields<'de, '_> {
    type Error = RowError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, RowError> {
        let Some(place) = self.places.next() else { return Ok(None) };
        let raw = match &self.json[place.from as usize..place.until as usize] {
            [] => b"null",
            raw => raw,
        };
        seed.deserialize(Value { raw }).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::marks::Marks;
    use super::super::rows::{DeviceRow, PortDescription};
    use super::*;

    /// Where the first row of `json` ends, its layout, and what it is.
    fn usual<'a, R: Deserialize<'a>>(
        json: &'a str,
    ) -> (Option<Layout<R>>, Result<R, RowError>, usize) {
        let mut marks = Marks::default();
        let end = marks.end_of(json.as_bytes()).expect("a row");
        let row = &json.as_bytes()[..end];
        (Layout::of(row, marks.places()), row::decode(row, marks.places()), end)
    }

    /// Whether the second row is laid out as the first. If so it is what
    /// decoding makes of it.
    #[track_caller]
    fn is_alike<R>(first: &str, second: &str) -> bool
    where
        R: for<'a> Deserialize<'a> + PartialEq + std::fmt::Debug,
    {
        let Some(mut layout) = usual::<R>(first).0 else { return false };
        let behind = format!("{second},\n {second}");
        let Ok((row, length)) = layout.read(behind.as_bytes()) else { return false };
        let (_, expected, end) = usual::<R>(&behind);
        assert_eq!((Ok(row), length), (expected, end), "{first} {second}");
        true
    }

    const DEVICE: &str = r#"{ "x": null, "device_id": 7, "hostname": "a.example.net",
        "status": 1, "status_reason": "", "last_polled": "2026-08-20 12:13:23", "y": -1.5e3 }"#;

    #[test]
    fn a_row_with_other_values_is_decoded_without_looking_for_them() {
        assert!(is_alike::<DeviceRow>(DEVICE, DEVICE));
        let other = r#"{ "x": "[{\"}\\", "device_id": "8", "hostname": "a much longer name, with a \"quote\"",
        "status": false, "status_reason": "icmp,snmp", "last_polled": null, "y": true }"#;
        assert!(is_alike::<DeviceRow>(DEVICE, other));
    }

    #[test]
    fn a_value_that_begins_or_ends_as_the_one_before_is_another() {
        for (known, other) in [
            (": 7", ": 77"),
            (": 1,", ": 10,"),
            ("-1.5e3", "-1.5"),
            ("a.example.net", "a.example.net.org"),
            ("a.example.net", "a.example"),
            ("a.example.net", "a.example.net\\\""),
            ("\"status_reason\": \"\"", "\"status_reason\": \"icmp\""),
        ] {
            let other = DEVICE.replace(known, other);
            assert_ne!(other, DEVICE, "{known}");
            assert!(is_alike::<DeviceRow>(DEVICE, &other), "{other}");
            assert!(is_alike::<DeviceRow>(&other, DEVICE), "{other}");
        }
    }

    #[test]
    fn a_row_that_is_laid_out_otherwise_is_not() {
        for (what, other) in [
            ("a blank", DEVICE.replace(": 7", ":7")),
            ("a blank behind a text", DEVICE.replace(".net\"", ".net\" ")),
            ("a blank behind a number", DEVICE.replace(": 7,", ": 7 ,")),
            ("a name", DEVICE.replace("\"y\"", "\"z\"")),
            ("a column more", DEVICE.replace("-1.5e3", "1, \"z\": 2")),
            ("a column less", DEVICE.replace(" \"x\": null,", "")),
            ("an object", DEVICE.replace("null", "{\"a\": 1}")),
            ("a list", DEVICE.replace("null", "[]")),
        ] {
            assert!(!is_alike::<DeviceRow>(DEVICE, &other), "{what}");
        }
        assert!(!is_alike::<DeviceRow>(
            "{\"a\": {}, \"device_id\": 1}",
            "{\"a\": {}, \"device_id\": 2}"
        ));
    }

    #[test]
    fn a_row_that_has_not_all_come_is_not_decoded() {
        let mut layout = usual::<DeviceRow>(DEVICE).0.expect("a plain row");
        for come in 0..DEVICE.len() {
            let found = layout.read(&DEVICE.as_bytes()[..come]);
            assert_eq!(found, Err(Unread::GoesOn), "{come} bytes");
        }
    }

    #[test]
    fn what_is_no_row_is_left_to_be_decoded_as_usual() {
        assert!(!is_alike::<DeviceRow>(DEVICE, &DEVICE.replace('7', "null")), "no id");
        assert!(!is_alike::<DeviceRow>(DEVICE, &DEVICE.replace(": 7", ": 7e")), "no JSON");
    }

    proptest! {
        #[test]
        fn any_row_that_is_alike_is_what_decoding_makes_of_it(
            first in r#"\{"(port_id|x)":"?[0-9]{1,2}"?,"(port_id|ifName|y)":("[a"\\,{]{0,20}"|[0-9nul.]{1,4})\}"#,
            values in prop::collection::vec(r#"("([a,:{}\[\] ]|\\["\\n]){0,40}"|[0-9nul.\[]{1,4})"#, 2),
        ) {
            let mut marks = Marks::default();
            if marks.end_of(first.as_bytes()) == Some(first.len()) {
                let mut columns = row::columns(first.as_bytes(), marks.places());
                let names: Vec<_> = columns.by_ref().map(|(name, _)| String::from_utf8_lossy(name)).collect();
                if let [a, b] = &names[..] {
                    let second = format!("{{\"{a}\":{},\"{b}\":{}}}", values[0], values[1]);
                    if Marks::default().end_of(second.as_bytes()) == Some(second.len()) {
                        is_alike::<PortDescription>(&first, &second);
                    }
                }
            }
        }
    }
}
