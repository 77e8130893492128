//! Reads definitions from JSON straight into the vocabulary: no tree of values
//! in between, and one text per id.
//!
//! What is wrong in the *content* of well-formed JSON is no error of serde: a
//! reader notes it, passes over the rest, and says it with the place when the
//! object around it is complete. So fields may stand in any order, and
//! the error is the same for a text and for a value that was read before.

mod path;
mod service;

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

pub(super) use path::read_path;
pub(super) use service::{parse_service, read_service};

/// The most characters of a refused value that an error repeats.
const SHOWN_MAX: usize = 80;

/// A reader that takes some kinds of JSON values and refuses the others.
trait Kinds<'de>: Sized {
    /// What comes of it, the refusal included.
    type Out;

    /// A value of a kind that is not taken, such as `a number`.
    fn other(self, kind: &'static str) -> Self::Out;

    fn text(self, _text: &str) -> Self::Out {
        self.other("a text")
    }

    fn list<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Out, A::Error> {
        pass_over_list(items)?;
        Ok(self.other("a list"))
    }

    fn object<A: MapAccess<'de>>(self, fields: A) -> Result<Self::Out, A::Error> {
        pass_over_object(fields)?;
        Ok(self.other("an object"))
    }
}

/// Lets serde drive a [`Kinds`].
struct Read<K>(K);

impl<'de, K: Kinds<'de>> DeserializeSeed<'de> for Read<K> {
    type Value = K::Out;

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<K::Out, D::Error> {
        source.deserialize_any(self)
    }
}

impl<'de, K: Kinds<'de>> Visitor<'de> for Read<K> {
    type Value = K::Out;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<K::Out, E> {
        Ok(self.0.other("a boolean"))
    }

    fn visit_i64<E>(self, _: i64) -> Result<K::Out, E> {
        Ok(self.0.other("a number"))
    }

    fn visit_u64<E>(self, _: u64) -> Result<K::Out, E> {
        Ok(self.0.other("a number"))
    }

    fn visit_f64<E>(self, _: f64) -> Result<K::Out, E> {
        Ok(self.0.other("a number"))
    }

    fn visit_unit<E>(self) -> Result<K::Out, E> {
        Ok(self.0.other("null"))
    }

    fn visit_str<E>(self, text: &str) -> Result<K::Out, E> {
        Ok(self.0.text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<K::Out, A::Error> {
        self.0.list(items)
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<K::Out, A::Error> {
        self.0.object(fields)
    }
}

fn pass_over_list<'de, A: SeqAccess<'de>>(mut items: A) -> Result<(), A::Error> {
    while items.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

fn pass_over_object<'de, A: MapAccess<'de>>(mut fields: A) -> Result<(), A::Error> {
    while fields.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
}

/// Reads the name of a field without keeping it.
struct Name<F>(F);

impl<'de, T, F: FnOnce(&str) -> T> DeserializeSeed<'de> for Name<F> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<T, D::Error> {
        source.deserialize_str(self)
    }
}

impl<T, F: FnOnce(&str) -> T> Visitor<'_> for Name<F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E>(self, name: &str) -> Result<T, E> {
        Ok((self.0)(name))
    }
}

/// A value as an error repeats it.
fn shown(value: &Value) -> String {
    cut(value.to_string())
}

fn cut(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(SHOWN_MAX) {
        text.truncate(end);
        text.push('…');
    }
    text
}

/// A field of which there may be only one.
struct Once<T> {
    value: Option<T>,
    twice: bool,
}

impl<T> Default for Once<T> {
    fn default() -> Self {
        Once { value: None, twice: false }
    }
}

impl<T> Once<T> {
    /// Reads the field's value, or passes over it if there was one before.
    fn read<'de, A: MapAccess<'de>>(
        &mut self,
        fields: &mut A,
        seed: impl DeserializeSeed<'de, Value = T>,
    ) -> Result<(), A::Error> {
        if self.value.is_some() {
            self.twice = true;
            fields.next_value::<IgnoredAny>()?;
        } else {
            self.value = Some(fields.next_value_seed(seed)?);
        }
        Ok(())
    }
}
