//! Path expressions from JSON.

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess};
use serde_json::Value;

use super::{Kinds, Name, Once, Read, cut, pass_over_list, pass_over_object, shown};
use crate::model::{Names, PathError, PathExpr, ServiceId};

/// The most fields of a refused object that an error names.
const FIELDS_SHOWN_MAX: usize = 8;

/// Reads one expression, rooted at `path`.
pub(in crate::model) fn read_path<'de, D: Deserializer<'de>>(
    source: D,
    names: &mut Names,
) -> Result<Result<PathExpr, PathError>, D::Error> {
    let mut reader = PathReader::new(names);
    let read = Read(Expr { reader: &mut reader, depth: 0 }).deserialize(source)?;
    Ok(reader.outcome(read))
}

/// What reading an expression needs; kept from one to the next.
pub(super) struct PathReader<'n> {
    pub(super) names: &'n mut Names,
    nodes: usize,
    /// The lists around the value that is read, with the place in each.
    steps: Vec<Step>,
    /// Items of lists that are not complete, so that each list is allocated
    /// once, at its size.
    items: Vec<PathExpr>,
    refusal: Option<PathError>,
}

struct Step {
    key: &'static str,
    index: Option<usize>,
}

impl<'n> PathReader<'n> {
    pub(super) fn new(names: &'n mut Names) -> PathReader<'n> {
        PathReader { names, nodes: 0, steps: Vec::new(), items: Vec::new(), refusal: None }
    }

    /// A reader for the next whole expression.
    pub(super) fn expression(&mut self) -> Expr<'_, 'n> {
        self.nodes = 0;
        Expr { reader: self, depth: 0 }
    }

    /// What an expression comes to.
    pub(super) fn outcome(&mut self, read: Option<PathExpr>) -> Result<PathExpr, PathError> {
        match (read, self.refusal.take()) {
            (Some(path), _) => Ok(path),
            (None, refusal) => Err(refusal.expect("a reader that gives nothing says why")),
        }
    }

    /// Notes why there will be no expression. What is refused within it before
    /// is of no interest then.
    fn refuse<T>(&mut self, reason: impl Into<String>) -> Option<T> {
        let mut place = String::from("path");
        for Step { key, index } in &self.steps {
            place.push('.');
            place.push_str(key);
            if let Some(index) = index {
                place.push_str(&format!("[{index}]"));
            }
        }
        self.refusal = Some(PathError { place, reason: reason.into() });
        None
    }

    /// Whether one more expression fits.
    fn enter(&mut self) -> Option<()> {
        self.nodes += 1;
        if self.nodes > PathExpr::MAX_NODES {
            return self.refuse(format!("more than {} nodes in one path", PathExpr::MAX_NODES));
        }
        Some(())
    }
}

/// Reads an expression; `None` when it is refused.
pub(super) struct Expr<'a, 'n> {
    reader: &'a mut PathReader<'n>,
    depth: usize,
}

impl<'de> Kinds<'de> for Expr<'_, '_> {
    type Out = Option<PathExpr>;

    fn other(self, kind: &'static str) -> Option<PathExpr> {
        self.reader.enter()?;
        self.reader.refuse(format!(
            "expected a component id or an object with all, any, at_least or service, found {kind}"
        ))
    }

    fn text(self, id: &str) -> Option<PathExpr> {
        self.reader.enter()?;
        if id.is_empty() {
            return self.reader.refuse("a component id must not be empty");
        }
        Some(PathExpr::Component(self.reader.names.component(id)))
    }

    fn object<A: MapAccess<'de>>(self, mut fields: A) -> Result<Option<PathExpr>, A::Error> {
        let Expr { reader, depth } = self;
        if reader.enter().is_none() {
            pass_over_object(fields)?;
            return Ok(None);
        }
        let mut form = Form::default();
        while let Some(key) = fields.next_key_seed(Name(Key::of))? {
            form.take(key, &mut fields, reader, depth)?;
        }
        Ok(form.finish(reader))
    }
}

enum Key {
    List(&'static str),
    AtLeast,
    Service,
    Other(String),
}

impl Key {
    fn of(name: &str) -> Key {
        match name {
            "all" => Key::List("all"),
            "any" => Key::List("any"),
            "of" => Key::List("of"),
            "at_least" => Key::AtLeast,
            "service" => Key::Service,
            other => Key::Other(other.to_owned()),
        }
    }
}

/// The fields of one object.
#[derive(Default)]
struct Form {
    /// The first list and its key.
    list: Option<(&'static str, Option<Vec<PathExpr>>)>,
    /// A list of the same key again.
    list_twice: bool,
    at_least: Once<Value>,
    service: Once<Option<ServiceId>>,
    /// Fields that do not go with the others.
    others: Vec<String>,
}

impl Form {
    fn take<'de, A: MapAccess<'de>>(
        &mut self,
        key: Key,
        fields: &mut A,
        reader: &mut PathReader<'_>,
        depth: usize,
    ) -> Result<(), A::Error> {
        match key {
            Key::List(key) => match self.list {
                None => {
                    reader.steps.push(Step { key, index: None });
                    let list = fields.next_value_seed(Read(List { reader, depth }))?;
                    reader.steps.pop();
                    self.list = Some((key, list));
                }
                Some((first, _)) => {
                    self.list_twice |= first == key;
                    if first != key {
                        self.others.push(key.to_owned());
                    }
                    fields.next_value::<IgnoredAny>()?;
                }
            },
            Key::AtLeast => self.at_least.read(fields, std::marker::PhantomData)?,
            Key::Service => self.service.read(fields, Read(ServiceRef { reader }))?,
            Key::Other(name) => {
                self.others.push(name);
                fields.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn finish(self, reader: &mut PathReader<'_>) -> Option<PathExpr> {
        let Form { list, list_twice, at_least, service, others } = self;
        let key = list.as_ref().map(|(key, _)| *key);
        let present = [
            key,
            at_least.value.as_ref().map(|_| "at_least"),
            service.value.as_ref().map(|_| "service"),
        ];
        let twice = match (list_twice, at_least.twice, service.twice) {
            (true, _, _) => key,
            (_, true, _) => Some("at_least"),
            (_, _, true) => Some("service"),
            _ => None,
        };
        let fits = matches!(
            present,
            [Some("all" | "any"), None, None] | [Some("of"), Some(_), None] | [None, None, Some(_)]
        );
        if !fits || !others.is_empty() {
            let present = present.into_iter().flatten().map(str::to_owned);
            return reader.refuse(unfit(present.chain(others).collect()));
        }
        if let Some(key) = twice {
            return reader.refuse(format!("{key} is given twice"));
        }
        match (list, at_least.value, service.value) {
            (Some((_, items)), Some(k), _) => at_least_of(reader, &k, items?),
            (Some(("all", items)), ..) => items.map(PathExpr::All),
            (Some((_, items)), ..) => items.map(PathExpr::Any),
            (None, _, service) => match service.flatten() {
                Some(id) => Some(PathExpr::Service(id)),
                None => reader.refuse("service must be a service id that is not empty"),
            },
        }
    }
}

fn at_least_of(
    reader: &mut PathReader<'_>,
    found: &Value,
    items: Vec<PathExpr>,
) -> Option<PathExpr> {
    match found.as_u64().and_then(|k| u32::try_from(k).ok()) {
        Some(k) if k >= 1 && k as usize <= items.len() => Some(PathExpr::AtLeast(k, items)),
        _ => reader.refuse(format!(
            "at_least must be a whole number from 1 to {}, found {}",
            items.len(),
            shown(found)
        )),
    }
}

/// What is wrong with an object of these fields.
fn unfit(mut fields: Vec<String>) -> String {
    fields.sort_unstable();
    fields.dedup();
    let more = fields.len() > FIELDS_SHOWN_MAX;
    fields.truncate(FIELDS_SHOWN_MAX);
    let mut found = match fields.is_empty() {
        true => String::from("no field"),
        false => fields.into_iter().map(cut).collect::<Vec<_>>().join(", "),
    };
    if more {
        found.push_str(", …");
    }
    format!("expected one of all, any, at_least with of, or service; found {found}")
}

/// Reads a list of expressions; `None` when it or one of them is refused.
struct List<'a, 'n> {
    reader: &'a mut PathReader<'n>,
    depth: usize,
}

impl<'de> Kinds<'de> for List<'_, '_> {
    type Out = Option<Vec<PathExpr>>;

    fn other(self, kind: &'static str) -> Self::Out {
        self.reader.refuse(format!("expected a list, found {kind}"))
    }

    fn list<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Out, A::Error> {
        let List { reader, depth } = self;
        if depth == PathExpr::MAX_DEPTH {
            // What is within is passed over without recursion.
            pass_over_list(items)?;
            return Ok(reader.refuse(format!("nested deeper than {} levels", PathExpr::MAX_DEPTH)));
        }
        let (mark, step) = (reader.items.len(), reader.steps.len() - 1);
        let mut index = 0;
        loop {
            reader.steps[step].index = Some(index);
            let expr = Read(Expr { reader, depth: depth + 1 });
            match items.next_element_seed(expr)? {
                Some(Some(item)) => reader.items.push(item),
                Some(None) => {
                    reader.items.truncate(mark);
                    pass_over_list(items)?;
                    return Ok(None);
                }
                None => break,
            }
            index += 1;
        }
        reader.steps[step].index = None;
        if index == 0 {
            return Ok(reader.refuse("the list must not be empty"));
        }
        Ok(Some(reader.items.drain(mark..).collect()))
    }
}

/// Reads the id of a service; `None` when it is none.
struct ServiceRef<'a, 'n> {
    reader: &'a mut PathReader<'n>,
}

impl Kinds<'_> for ServiceRef<'_, '_> {
    type Out = Option<ServiceId>;

    fn other(self, _: &'static str) -> Option<ServiceId> {
        None
    }

    fn text(self, id: &str) -> Option<ServiceId> {
        (!id.is_empty()).then(|| self.reader.names.service(id))
    }
}
