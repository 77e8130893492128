//! Decodes a row by where its columns stand.
//!
//! The rows of a list are made by one program: they have the same columns in
//! the same order, between two values there are always the same bytes, and many
//! values are always the same too. So one row is kept, the model, and every
//! other one is held against it: the text between two values that vary must be
//! the model's, and such a value is stepped over, or is that of a field. Which
//! values vary is found out as rows come in which they do. A row that is laid
//! out otherwise is not decoded here. Pure.

use std::marker::PhantomData;
use std::ops::Range;

use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Error, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;
use wide::u8x16;

use super::row::{self, RowError, Value};

/// Where a value stands, in bytes.
type Place = Range<usize>;

/// A column of the list.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Column {
    /// Where its value stands in [`Layout::model`].
    value: Place,
    /// Which field of the struct it is, if it is used.
    field: Option<usize>,
    /// A row had another value than the model.
    varies: bool,
}

/// Where the value of a field is found.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Found {
    /// In the model, as in every row so far.
    InModel(Place),
    /// In the row at hand.
    InRow(Place),
    /// The list has no such column.
    Nowhere,
}

/// Why a row was not read here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Unread {
    /// It is laid out so as far as it has come, and goes on.
    GoesOn,
    /// It is laid out otherwise, or is no row; decoding it as usual will tell.
    Otherwise,
}

/// Why a row is not followed to its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stop {
    /// See [`Unread`].
    Unread(Unread),
    /// It differs from the model at this place of the model, where nothing is
    /// known to vary.
    Differs(usize),
}

impl From<Unread> for Stop {
    fn from(unread: Unread) -> Stop {
        Stop::Unread(unread)
    }
}

/// How rows of a list are laid out.
#[derive(Debug)]
pub(super) struct Layout<R> {
    /// A row of the list: the others have what it has between its values, and
    /// its values where those do not vary.
    model: Vec<u8>,
    columns: Vec<Column>,
    /// Of those columns that vary, in their order: the value in the model, and
    /// which field it is.
    varying: Vec<(Place, Option<usize>)>,
    fields: Vec<Found>,
    row: PhantomData<fn() -> R>,
}

impl<R: DeserializeOwned> Layout<R> {
    /// How this row is laid out, whose [`Marks`](super::marks::Marks) are at
    /// `marks`. None if it holds lists or objects, or a column twice.
    pub(super) fn of(json: &[u8], marks: &[u32]) -> Option<Layout<R>> {
        let names = fields::<R>();
        let mut fields = vec![Found::Nowhere; names.len()];
        let mut columns: Vec<Column> = Vec::new();
        for (name, value) in row::columns(json, marks) {
            let value = value.start..value.start + value_length(&json[value.start..]).ok()?;
            let field = names.iter().position(|field| field.as_bytes() == name);
            if let Some(field) = field {
                if fields[field] != Found::Nowhere {
                    return None;
                }
                fields[field] = Found::InModel(value.clone());
            }
            columns.push(Column { value, field, varies: false });
        }
        Some(Layout {
            model: json.to_vec(),
            columns,
            varying: Vec::new(),
            fields,
            row: PhantomData,
        })
    }

    /// The row that `bytes` begin with, if it is laid out so, and its length.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Result<(R, usize), Unread> {
        let length = loop {
            match self.follow(bytes) {
                Ok(length) => break length,
                Err(Stop::Unread(unread)) => return Err(unread),
                // As often as there are columns, in all rows together.
                Err(Stop::Differs(place)) => self.learn(place)?,
            }
        };
        let fields = Fields { row: bytes, model: &self.model, found: self.fields.iter() };
        R::deserialize(fields).map(|row| (row, length)).map_err(|_| Unread::Otherwise)
    }

    /// Finds the values of the fields that vary, and how long the row is.
    fn follow(&mut self, bytes: &[u8]) -> Result<usize, Stop> {
        // Up to here both are understood: in the model and in the row.
        let (mut of_model, mut at) = (0, 0);
        for (value, field) in &self.varying {
            at += same(&self.model, of_model..value.start, &bytes[at..])?;
            let length = value_length(&bytes[at..])?;
            if let Some(field) = *field {
                self.fields[field] = Found::InRow(at..at + length);
            }
            (of_model, at) = (value.end, at + length);
        }
        at += same(&self.model, of_model..self.model.len(), &bytes[at..])?;
        Ok(at)
    }

    /// Has the column vary in which a row differs at `place` of the model.
    fn learn(&mut self, place: usize) -> Result<(), Unread> {
        let column = self.columns.iter_mut().find(|column| place <= column.value.end);
        // What differs must be a value, or a number that goes on where it ended.
        let column = column.filter(|column| place >= column.value.start && !column.varies);
        column.ok_or(Unread::Otherwise)?.varies = true;
        let varying = self.columns.iter().filter(|column| column.varies);
        self.varying = varying.map(|column| (column.value.clone(), column.field)).collect();
        Ok(())
    }
}

/// How long this part of the model is, if `bytes` begin with it.
fn same(model: &[u8], part: Place, bytes: &[u8]) -> Result<usize, Stop> {
    let text = &model[part.clone()];
    if bytes.starts_with(text) {
        return Ok(text.len());
    }
    if text.starts_with(bytes) {
        return Err(Unread::GoesOn.into());
    }
    let alike = text.iter().zip(bytes).take_while(|(a, b)| a == b).count();
    Err(Stop::Differs(part.start + alike))
}

/// How long the value is that `bytes` begin with; lists and objects are not
/// looked at.
#[inline]
fn value_length(bytes: &[u8]) -> Result<usize, Unread> {
    match bytes.first().ok_or(Unread::GoesOn)? {
        b'"' => text_length(&bytes[1..]).map(|length| length + 2).ok_or(Unread::GoesOn),
        _ => match word_length(bytes).ok_or(Unread::GoesOn)? {
            0 => Err(Unread::Otherwise),
            length => Ok(length),
        },
    }
}

/// How long the number or word is that `bytes` begin with, if it ends in them.
fn word_length(bytes: &[u8]) -> Option<usize> {
    let (blocks, rest) = bytes.as_chunks::<16>();
    for (n, block) in blocks.iter().enumerate() {
        let block = u8x16::from(*block);
        let is_within = |bytes: u8x16, first: u8, last: u8| {
            let cut = bytes.max(u8x16::splat(first)).min(u8x16::splat(last));
            bytes.simd_eq(cut)
        };
        let letters = is_within(block | u8x16::splat(0x20), b'a', b'z');
        // From `+` to `9` stand the signs, the point and the digits, and two more.
        let others = is_within(block, b'+', b'9');
        let odd = block.simd_eq(u8x16::splat(b',')) | block.simd_eq(u8x16::splat(b'/'));
        let ends = !(letters | (others & !odd)).to_bitmask() & 0xffff;
        if ends != 0 {
            return Some(16 * n + ends.trailing_zeros() as usize);
        }
    }
    let is_of_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+');
    let length = rest.iter().position(|byte| !is_of_word(byte))?;
    Some(16 * blocks.len() + length)
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
fn fields<R: DeserializeOwned>() -> &'static [&'static str] {
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
struct Fields<'de> {
    row: &'de [u8],
    model: &'de [u8],
    found: std::slice::Iter<'de, Found>,
}

impl<'de> Deserializer<'de> for Fields<'de> {
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

impl<'de> SeqAccess<'de> for Fields<'de> {
    type Error = RowError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, RowError> {
        let Some(found) = self.found.next() else { return Ok(None) };
        let raw = match found {
            Found::InModel(place) => &self.model[place.clone()],
            Found::InRow(place) => &self.row[place.clone()],
            Found::Nowhere => b"null",
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
    fn usual<R: DeserializeOwned>(json: &str) -> (Option<Layout<R>>, Result<R, RowError>, usize) {
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
        R: DeserializeOwned + PartialEq + std::fmt::Debug,
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
        // Nor where values are known to vary.
        let other =
            DEVICE.replace(": 7", ": 12").replace("a.example.net", "b").replace("null", "1");
        assert!(layout.read(other.as_bytes()).is_ok());
        assert_eq!(layout.varying.len(), 3);
        for row in [DEVICE, &other] {
            for come in 0..row.len() {
                let found = layout.read(&row.as_bytes()[..come]);
                assert_eq!(found, Err(Unread::GoesOn), "{come} bytes");
            }
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
