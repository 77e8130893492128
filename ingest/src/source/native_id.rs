//! The id by which an NMS knows a device or a port.

use std::fmt;

/// An NMS's own id of a device or port: any text. The usual ones are numbers,
/// which take no memory of their own, as there are millions of them.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct NativeId(Id);

#[derive(Clone, PartialEq, Eq, Hash)]
enum Id {
    Number(u64),
    /// Never what [`Id::Number`] would look like, so that equal texts are equal.
    Text(Box<str>),
}

impl From<u64> for NativeId {
    fn from(number: u64) -> NativeId {
        NativeId(Id::Number(number))
    }
}

impl From<&str> for NativeId {
    fn from(text: &str) -> NativeId {
        let is_plain = text == "0" || !text.starts_with(['0', '+']);
        NativeId(match text.parse() {
            Ok(number) if is_plain => Id::Number(number),
            _ => Id::Text(text.into()),
        })
    }
}

impl fmt::Display for NativeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Id::Number(number) => number.fmt(f),
            Id::Text(text) => f.write_str(text),
        }
    }
}

impl fmt::Debug for NativeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NativeId({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_the_text_that_it_was_made_of() {
        for text in
            ["0", "7", "18446744073709551615", "18446744073709551616", "07", "+7", "", "eth0"]
        {
            assert_eq!(NativeId::from(text).to_string(), text);
        }
    }

    #[test]
    fn ids_are_equal_when_their_texts_are() {
        assert_eq!(NativeId::from("7"), NativeId::from(7));
        assert_ne!(NativeId::from("07"), NativeId::from(7));
        assert_ne!(NativeId::from("+7"), NativeId::from(7));
    }
}
