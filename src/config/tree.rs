//! The settings as one tree of values, each with its origin. It knows the
//! shapes of TOML and of variable names, and no setting at all.

use std::collections::BTreeMap;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::{Origin, Problem};

/// A value as it was found.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// Text; from the environment and from flags everything is text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// `true` or `false`.
    Boolean(bool),
    /// A form that no setting takes (a date, a float), as written.
    Other(String),
    /// A list.
    List(Vec<Node>),
    /// A section.
    Table(BTreeMap<String, Node>),
}

/// A value and where it was set.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// The value.
    pub value: Value,
    /// Where it was set.
    pub origin: Origin,
}

impl Node {
    /// A section with nothing in it.
    pub(super) fn empty() -> Node {
        Node { value: Value::Table(BTreeMap::new()), origin: Origin::Default }
    }

    /// A text leaf.
    pub(super) fn text(text: &str, origin: Origin) -> Node {
        Node { value: Value::Text(text.to_owned()), origin }
    }

    /// The member `key`, if this is a table that has it.
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Value::Table(members) => members.get(key),
            _ => None,
        }
    }

    /// Sets the leaf at `path`, making tables and list entries on the way.
    ///
    /// # Errors
    /// The path leads through something that is no table, or names a list
    /// entry beyond the next one; the text says so.
    pub(super) fn set(&mut self, path: &[&str], leaf: Node) -> Result<(), String> {
        let Some((&key, rest)) = path.split_first() else {
            *self = leaf;
            return Ok(());
        };
        let origin = leaf.origin.clone();
        let missing = || Node { origin, ..Node::empty() };
        match &mut self.value {
            Value::List(entries) => {
                let index: usize =
                    key.parse().map_err(|_| format!("{key} must be a number from 0"))?;
                if index > entries.len() {
                    let count = entries.len();
                    return Err(format!("{index} leaves a gap: there are {count} before it"));
                }
                if index == entries.len() {
                    entries.push(missing());
                }
                entries[index].set(rest, leaf)
            }
            Value::Table(members) => {
                let member = members.entry(key.to_owned()).or_insert_with(missing);
                // A numbered child makes a list: PADWACHT__NMS__0__URL.
                let numbered = rest.first().is_some_and(|next| next.parse::<usize>().is_ok());
                if numbered && matches!(&member.value, Value::Table(old) if old.is_empty()) {
                    member.value = Value::List(Vec::new());
                }
                member.set(rest, leaf)
            }
            _ => Err(format!("{key} is inside a setting that is not a section")),
        }
    }
}

impl Value {
    /// The value as an error message quotes it, at most [`QUOTED_CHARS_MAX`] long.
    pub(super) fn quoted(&self) -> String {
        match self {
            Value::Text(text) if text.chars().count() > QUOTED_CHARS_MAX => {
                let start: String = text.chars().take(QUOTED_CHARS_MAX).collect();
                format!("{start:?}…")
            }
            Value::Text(text) => format!("{text:?}"),
            Value::Integer(number) => number.to_string(),
            Value::Boolean(flag) => flag.to_string(),
            Value::Other(text) => text.clone(),
            Value::List(entries) => format!("a list of {}", entries.len()),
            Value::Table(_) => String::from("a section"),
        }
    }
}

/// Enough of a wrong value to find it by.
const QUOTED_CHARS_MAX: usize = 80;

/// Reads a TOML document; every syntax error becomes a problem, and what could
/// be read is kept, so that one run shows all errors.
pub(super) fn from_toml(name: &str, text: &str, problems: &mut Vec<Problem>) -> Node {
    let reader = TomlReader { name: Arc::from(name), lines: Lines::of(text) };
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let line = error.span().map_or(1, |span| reader.lines.at(span.start));
        // `message` does not repeat the line, which could hold a secret.
        let reason = format!("this is not TOML: {}", error.message());
        problems.push(Problem::Source { place: format!("{name}:{line}"), reason });
    }
    Node { value: reader.table(table.get_ref()), origin: reader.origin(0) }
}

struct TomlReader {
    name: Arc<str>,
    lines: Lines,
}

impl TomlReader {
    fn origin(&self, offset: usize) -> Origin {
        Origin::File { name: self.name.clone(), line: self.lines.at(offset) }
    }

    fn table(&self, table: &DeTable<'_>) -> Value {
        let member = |(key, value): (&Spanned<DeString<'_>>, &Spanned<DeValue<'_>>)| {
            let node = Node { value: self.value(value), origin: self.origin(key.span().start) };
            (key.get_ref().to_string(), node)
        };
        Value::Table(table.iter().map(member).collect())
    }

    fn value(&self, value: &Spanned<DeValue<'_>>) -> Value {
        match value.get_ref() {
            DeValue::String(text) => Value::Text(text.to_string()),
            DeValue::Boolean(flag) => Value::Boolean(*flag),
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
                .map_or_else(|_| Value::Other(number.to_string()), Value::Integer),
            DeValue::Float(number) => Value::Other(number.to_string()),
            DeValue::Datetime(time) => Value::Other(time.to_string()),
            DeValue::Table(table) => self.table(table),
            DeValue::Array(entries) => Value::List(
                entries
                    .iter()
                    .map(|entry| Node {
                        value: self.value(entry),
                        origin: self.origin(entry.span().start),
                    })
                    .collect(),
            ),
        }
    }
}

/// From a byte offset to a line number.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Lines {
        Lines(text.match_indices('\n').map(|(offset, _)| offset).collect())
    }

    /// The line that holds the byte at `offset`, from 1.
    fn at(&self, offset: usize) -> usize {
        self.0.partition_point(|&newline| newline < offset) + 1
    }
}
