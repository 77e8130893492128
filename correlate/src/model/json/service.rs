//! Service definitions from JSON.

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess};
use serde_json::Value;

use super::path::PathReader;
use super::{Kinds, Name, Once, Read, shown};
use crate::model::{
    Names, PathError, PathExpr, Period, ServiceDefinition, ServiceError, ServiceId, Timestamp,
    Version,
};

type Time<'t> = &'t dyn Fn(&str) -> Option<Timestamp>;

/// Reads one service.
pub(in crate::model) fn read_service<'de, D: Deserializer<'de>>(
    source: D,
    names: &mut Names,
    time: Time<'_>,
) -> Result<Result<ServiceDefinition, ServiceError>, D::Error> {
    Read(Service { reader: PathReader::new(names), time }).deserialize(source)
}

/// Reads a text that is one service.
pub(in crate::model) fn parse_service(
    json: &str,
    names: &mut Names,
    time: Time<'_>,
) -> Result<ServiceDefinition, ServiceError> {
    let mut source = serde_json::Deserializer::from_str(json);
    let read = read_service(&mut source, names, time);
    match read.and_then(|service| source.end().map(|()| service)) {
        Ok(service) => service,
        Err(error) => Err(no_json(&error)),
    }
}

fn no_json(error: &serde_json::Error) -> ServiceError {
    let (line, column) = (error.line(), error.column());
    let text = error.to_string();
    let reason = text.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&text);
    ServiceError::Json { line, column, reason: reason.to_owned() }
}

/// Why the versions were refused, without the service's id, which may come after them.
enum Refusal {
    Path(usize, PathError),
    Versions(String),
}

impl Refusal {
    fn of(self, service: ServiceId) -> ServiceError {
        match self {
            Refusal::Path(version, error) => ServiceError::Path { service, version, error },
            Refusal::Versions(reason) => ServiceError::Versions { service, reason },
        }
    }
}

struct Service<'t, 'n> {
    reader: PathReader<'n>,
    time: Time<'t>,
}

enum Field {
    Id,
    Path,
    Versions,
    Other,
}

impl Field {
    fn of(name: &str) -> Field {
        match name {
            "id" => Field::Id,
            "path" => Field::Path,
            "versions" => Field::Versions,
            _ => Field::Other,
        }
    }
}

impl<'de> Kinds<'de> for Service<'_, '_> {
    type Out = Result<ServiceDefinition, ServiceError>;

    fn other(self, _: &'static str) -> Self::Out {
        let reason = "a service must be an object with id and path or versions";
        Err(ServiceError::Shape(reason.to_owned()))
    }

    fn object<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Out, A::Error> {
        let Service { mut reader, time } = self;
        let mut id = Once::default();
        let mut path = Once::default();
        let mut versions = Once::default();
        while let Some(field) = fields.next_key_seed(Name(Field::of))? {
            match field {
                Field::Id => id.read(&mut fields, Read(Id(reader.names)))?,
                Field::Path => path.read(&mut fields, Path(&mut reader))?,
                Field::Versions => {
                    versions.read(&mut fields, Read(Versions { reader: &mut reader, time }))?;
                }
                Field::Other => drop(fields.next_value::<IgnoredAny>()?),
            }
        }
        Ok(service(id, path, versions))
    }
}

/// Puts the fields of a service together.
fn service(
    id: Once<Option<ServiceId>>,
    path: Once<Result<PathExpr, PathError>>,
    versions: Once<Option<Result<Vec<Version>, Refusal>>>,
) -> Result<ServiceDefinition, ServiceError> {
    let shape = |reason: String| Err(ServiceError::Shape(reason));
    let Some(Some(service)) = id.value else {
        return shape("a service needs an id that is a text and not empty".to_owned());
    };
    let twice = [("id", id.twice), ("path", path.twice), ("versions", versions.twice)];
    if let Some((field, _)) = twice.into_iter().find(|(_, twice)| *twice) {
        return shape(format!("service {service}: {field} is given twice"));
    }
    match (path.value, versions.value) {
        (Some(Ok(path)), None) => Ok(ServiceDefinition::always(service, path)),
        (Some(Err(error)), None) => Err(Refusal::Path(1, error).of(service)),
        (None, Some(Some(Ok(versions)))) => ServiceDefinition::new(service, versions),
        (None, Some(Some(Err(refusal)))) => Err(refusal.of(service)),
        _ => shape(format!("service {service}: needs either path or a list of versions")),
    }
}

/// Reads the service's id; `None` when it is none.
struct Id<'a>(&'a mut Names);

impl Kinds<'_> for Id<'_> {
    type Out = Option<ServiceId>;

    fn other(self, _: &'static str) -> Option<ServiceId> {
        None
    }

    fn text(self, id: &str) -> Option<ServiceId> {
        (!id.is_empty()).then(|| self.0.service(id))
    }
}

/// Reads a whole path.
struct Path<'a, 'n>(&'a mut PathReader<'n>);

impl<'de> DeserializeSeed<'de> for Path<'_, '_> {
    type Value = Result<PathExpr, PathError>;

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<Self::Value, D::Error> {
        let read = Read(self.0.expression()).deserialize(source)?;
        Ok(self.0.outcome(read))
    }
}

/// Reads a list of versions; `None` when it is no list.
struct Versions<'a, 't, 'n> {
    reader: &'a mut PathReader<'n>,
    time: Time<'t>,
}

impl<'de> Kinds<'de> for Versions<'_, '_, '_> {
    type Out = Option<Result<Vec<Version>, Refusal>>;

    fn other(self, _: &'static str) -> Self::Out {
        None
    }

    fn list<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Out, A::Error> {
        let Versions { reader, time } = self;
        let mut read = Vec::new();
        loop {
            let number = read.len() + 1;
            match items.next_element_seed(Read(OneVersion { reader, time, number }))? {
                Some(Ok(version)) => read.push(version),
                Some(Err(refusal)) => {
                    super::pass_over_list(items)?;
                    return Ok(Some(Err(refusal)));
                }
                None => break,
            }
        }
        read.shrink_to_fit();
        Ok(Some(Ok(read)))
    }
}

/// Reads one version; what is no object has no path.
struct OneVersion<'a, 't, 'n> {
    reader: &'a mut PathReader<'n>,
    time: Time<'t>,
    /// Which it is, from 1.
    number: usize,
}

enum VersionField {
    From,
    To,
    Path,
    Other,
}

impl VersionField {
    fn of(name: &str) -> VersionField {
        match name {
            "from" => VersionField::From,
            "to" => VersionField::To,
            "path" => VersionField::Path,
            _ => VersionField::Other,
        }
    }
}

impl<'de> Kinds<'de> for OneVersion<'_, '_, '_> {
    type Out = Result<Version, Refusal>;

    fn other(self, _: &'static str) -> Self::Out {
        Err(Refusal::Path(self.number, no_path(self.reader)))
    }

    fn object<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Out, A::Error> {
        let OneVersion { reader, time, number } = self;
        let mut from: Once<Value> = Once::default();
        let mut to: Once<Value> = Once::default();
        let mut path = Once::default();
        while let Some(field) = fields.next_key_seed(Name(VersionField::of))? {
            match field {
                VersionField::From => from.read(&mut fields, std::marker::PhantomData)?,
                VersionField::To => to.read(&mut fields, std::marker::PhantomData)?,
                VersionField::Path => path.read(&mut fields, Path(reader))?,
                VersionField::Other => drop(fields.next_value::<IgnoredAny>()?),
            }
        }
        let period = |from: &Once<Value>, to: &Once<Value>| {
            let from = edge("from", from, Timestamp::MIN, time)?;
            Ok::<_, String>(Period::new(from, edge("to", to, Timestamp::MAX, time)?))
        };
        let period = match period(&from, &to) {
            Ok(_) if path.twice => Err(String::from("path is given twice")),
            period => period,
        };
        Ok(match (period, path.value) {
            (Err(reason), _) => Err(Refusal::Versions(format!("version {number}: {reason}"))),
            (Ok(period), Some(Ok(path))) => Ok(Version { period, path }),
            (Ok(_), Some(Err(error))) => Err(Refusal::Path(number, error)),
            (Ok(_), None) => Err(Refusal::Path(number, no_path(reader))),
        })
    }
}

fn no_path(reader: &mut PathReader<'_>) -> PathError {
    let read = Kinds::other(reader.expression(), "null");
    reader.outcome(read).expect_err("null is no path")
}

fn edge(
    name: &str,
    field: &Once<Value>,
    open: Timestamp,
    time: Time<'_>,
) -> Result<Timestamp, String> {
    if field.twice {
        return Err(format!("{name} is given twice"));
    }
    let read = match &field.value {
        None | Some(Value::Null) => return Ok(open),
        Some(Value::Number(number)) => number.as_i64().map(Timestamp),
        Some(Value::String(text)) => time(text),
        Some(_) => None,
    };
    read.ok_or_else(|| {
        let found = field.value.as_ref().map(shown).unwrap_or_default();
        format!("{name} must be milliseconds since 1970, RFC 3339 or null, found {found}")
    })
}
