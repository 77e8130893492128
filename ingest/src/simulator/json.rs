//! JSON as PHP prints it: keys in the order given, four blanks, `\/`, `\uXXXX`.

use std::fmt::Write;

/// A value with its keys in order.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Json {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(&'static str, Json)>),
}

/// A row's columns in order.
pub(super) type Row = Vec<(&'static str, Json)>;

impl From<bool> for Json {
    fn from(value: bool) -> Json {
        Json::Bool(value)
    }
}

impl From<i64> for Json {
    fn from(value: i64) -> Json {
        Json::Int(value)
    }
}

impl From<u32> for Json {
    fn from(value: u32) -> Json {
        Json::Int(i64::from(value))
    }
}

impl From<f64> for Json {
    fn from(value: f64) -> Json {
        Json::Float(value)
    }
}

impl From<&str> for Json {
    fn from(value: &str) -> Json {
        Json::Text(value.to_owned())
    }
}

impl From<String> for Json {
    fn from(value: String) -> Json {
        Json::Text(value)
    }
}

impl<T: Into<Json>> From<Option<T>> for Json {
    fn from(value: Option<T>) -> Json {
        value.map_or(Json::Null, Into::into)
    }
}

impl Json {
    /// As drivers before August 2018 gave it: every value but null as a string.
    pub(super) fn into_string_value(self) -> Json {
        match self {
            Json::Bool(value) => Json::from(if value { "1" } else { "0" }),
            Json::Int(value) => Json::Text(value.to_string()),
            Json::Float(value) => Json::Text(value.to_string()),
            other => other,
        }
    }

    /// The value as text, for LIKE and ORDER BY; `None` for null.
    pub(super) fn text(&self) -> Option<String> {
        match self {
            Json::Text(text) => Some(text.clone()),
            Json::Int(value) => Some(value.to_string()),
            Json::Float(value) => Some(value.to_string()),
            Json::Bool(value) => Some(u8::from(*value).to_string()),
            Json::Null | Json::List(_) | Json::Object(_) => None,
        }
    }

    /// Appends the value, printed with its lines behind the first indented by `depth` levels.
    pub(super) fn write(&self, out: &mut String, depth: usize) {
        match self {
            Json::Null => out.push_str("null"),
            Json::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Json::Int(value) => write_display(out, value),
            // PHP prints whole floats without a fraction, as Rust's Display does.
            Json::Float(value) => write_display(out, value),
            Json::Text(text) => write_text(out, text),
            Json::List(items) if items.is_empty() => out.push_str("[]"),
            Json::List(items) => {
                out.push('[');
                for (place, item) in items.iter().enumerate() {
                    new_line(out, place > 0, depth + 1);
                    item.write(out, depth + 1);
                }
                new_line(out, false, depth);
                out.push(']');
            }
            Json::Object(fields) if fields.is_empty() => out.push_str("{}"),
            Json::Object(fields) => {
                out.push('{');
                for (place, (key, value)) in fields.iter().enumerate() {
                    new_line(out, place > 0, depth + 1);
                    write_text(out, key);
                    out.push_str(": ");
                    value.write(out, depth + 1);
                }
                new_line(out, false, depth);
                out.push('}');
            }
        }
    }

    /// The value as a whole body.
    pub(super) fn body(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, 0);
        out
    }
}

/// Ends a line, with a comma if asked, and indents the next.
pub(super) fn new_line(out: &mut String, comma: bool, depth: usize) {
    out.push_str(if comma { ",\n" } else { "\n" });
    (0..depth).for_each(|_| out.push_str("    "));
}

fn write_display(out: &mut String, value: &dyn std::fmt::Display) {
    write!(out, "{value}").expect("writing to a String cannot fail");
}

fn write_text(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '/' => out.push_str("\\/"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            ' '..='~' => out.push(c),
            other => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    write!(out, "\\u{unit:04x}").expect("writing to a String cannot fail");
                }
            }
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_look_as_php_prints_them() {
        let body = Json::Object(vec![
            ("status", Json::from("ok")),
            ("empty", Json::List(vec![])),
            ("rows", Json::List(vec![Json::Object(vec![("name", Json::from("xe-0/0/1 é"))])])),
            ("taken", Json::from(9.0)),
        ])
        .body();
        let expected = "{\n    \"status\": \"ok\",\n    \"empty\": [],\n    \"rows\": [\n        \
                        {\n            \"name\": \"xe-0\\/0\\/1 \\u00e9\"\n        }\n    ],\n    \
                        \"taken\": 9\n}";
        assert_eq!(body, expected);
    }

    #[test]
    fn every_text_reads_back() {
        let text = "\u{0}\"\\/\n\r\t\u{7f}é€😀";
        let body = Json::from(text).body();
        assert_eq!(serde_json::from_str::<String>(&body).expect("JSON"), text);
    }
}
