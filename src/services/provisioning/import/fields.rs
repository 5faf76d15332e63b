//! The fields of a line: an object of JSON whose values are simple.

use super::refusal::{LineProblem, Refusal};
use crate::domain::{Patch, TimeZone, time, whole_number};
use chrono::{DateTime, Utc};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;
use std::str::FromStr;

/// A value. Lists, objects and numbers that are not whole are not kept: no field has them.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Scalar {
    Null,
    Bool(bool),
    Integer(i128),
    Text(String),
    Other,
}

/// The most refusals of one line.
const MAX_PROBLEMS: usize = 20;

/// The fields of a line that were not read yet, and what is wrong with those that were.
#[derive(Debug)]
pub struct Fields {
    fields: Vec<(String, Scalar)>,
    problems: Vec<Refusal>,
}

impl Fields {
    /// The fields of a line; none if it is not an object of JSON.
    pub fn parse(line: &[u8]) -> Option<Self> {
        let Object(fields) = serde_json::from_slice(line).ok()?;
        Some(Self { fields, problems: Vec::new() })
    }

    /// Takes the name of the line's type.
    pub fn take_type(&mut self) -> Option<String> {
        match self.take("type")? {
            Scalar::Text(name) => Some(name),
            _ => None,
        }
    }

    /// The text of a field.
    pub fn text(&mut self, name: &'static str) -> Patch<String> {
        self.read(name, |value| match value {
            Scalar::Text(text) => Some(text),
            _ => None,
        })
    }

    /// An id, as text or as a whole number, which may be none.
    pub fn id(&mut self, name: &'static str) -> Patch<String> {
        self.read(name, |value| match value {
            Scalar::Text(text) => Some(text),
            Scalar::Integer(number) => Some(number.to_string()),
            Scalar::Null | Scalar::Bool(_) | Scalar::Other => None,
        })
    }

    /// The id of the row, which every line has.
    pub fn own_id(&mut self) -> Option<String> {
        let known = self.problems.len();
        let id = self.id("id");
        match &id {
            Patch::Absent if self.problems.len() > known => {} // refused as it is
            Patch::Absent => self.problems.push(Refusal::of_line(LineProblem::Required, "id")),
            Patch::Null => self.problems.push(Refusal::of_line(LineProblem::NullNotAllowed, "id")),
            Patch::Value(_) => {}
        }
        id.value()
    }

    /// When the row changed in the platform; none if the line does not say it.
    pub fn stamp(&mut self) -> Option<DateTime<Utc>> {
        let stamp = self.time("sourceUpdatedAt");
        if stamp == Patch::Null {
            self.problems.push(Refusal::of_line(LineProblem::NullNotAllowed, "sourceUpdatedAt"));
        }
        stamp.value()
    }

    /// A truth value.
    pub fn truth(&mut self, name: &'static str) -> Patch<bool> {
        self.read(name, |value| match value {
            Scalar::Bool(truth) => Some(truth),
            _ => None,
        })
    }

    /// A number of 32 bits.
    pub fn number(&mut self, name: &'static str) -> Patch<i32> {
        self.read(name, |value| match value {
            Scalar::Integer(number) => number.try_into().ok(),
            _ => None,
        })
    }

    /// A time as in RFC 3339.
    pub fn time(&mut self, name: &'static str) -> Patch<DateTime<Utc>> {
        self.parsed(name, |text| time::parse(text).ok())
    }

    /// A time zone.
    pub fn time_zone(&mut self, name: &'static str) -> Patch<TimeZone> {
        self.parsed(name, |text| TimeZone::parse(text).ok())
    }

    /// A value of an enum, by its name in the GraphQL schema. The domain has the same names in lower case.
    pub fn choice<T: FromStr>(&mut self, name: &'static str) -> Patch<T> {
        self.parsed(name, |text| {
            let is_name = text.chars().all(|c| c.is_ascii_uppercase() || c == '_');
            text.to_ascii_lowercase().parse().ok().filter(|_| is_name)
        })
    }

    /// The problems of the fields, after the last one was read: the first [`MAX_PROBLEMS`]. What is left is unknown.
    pub fn problems(self) -> Vec<Refusal> {
        let unknown = |(name, _): (String, Scalar)| Refusal::of_line(LineProblem::UnknownField, &name);
        self.problems.into_iter().chain(self.fields.into_iter().map(unknown)).take(MAX_PROBLEMS).collect()
    }

    fn parsed<T>(&mut self, name: &'static str, parse: impl FnOnce(&str) -> Option<T>) -> Patch<T> {
        self.read(name, |value| match value {
            Scalar::Text(text) => parse(&text),
            _ => None,
        })
    }

    fn read<T>(&mut self, name: &'static str, convert: impl FnOnce(Scalar) -> Option<T>) -> Patch<T> {
        match self.take(name) {
            None => Patch::Absent,
            Some(Scalar::Null) => Patch::Null,
            Some(value) => convert(value).map_or_else(
                || {
                    self.problems.push(Refusal::of_line(LineProblem::InvalidValue, name));
                    Patch::Absent
                },
                Patch::Value,
            ),
        }
    }

    /// A field that occurs again is refused: which of the values is meant cannot be known.
    fn take(&mut self, name: &str) -> Option<Scalar> {
        let index = self.fields.iter().position(|(other, _)| other == name)?;
        let (_, value) = self.fields.remove(index);
        let count = self.fields.len();
        self.fields.retain(|(other, _)| other != name);
        if self.fields.len() < count {
            self.problems.push(Refusal::of_line(LineProblem::DuplicateField, name));
        }
        Some(value)
    }
}

struct Object(Vec<(String, Scalar)>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor;
        impl<'de> Visitor<'de> for ObjectVisitor {
            type Value = Object;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Object(fields))
            }
        }
        deserializer.deserialize_map(ObjectVisitor)
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ScalarVisitor;
        impl<'de> Visitor<'de> for ScalarVisitor {
            type Value = Scalar;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a value")
            }

            fn visit_unit<E>(self) -> Result<Scalar, E> {
                Ok(Scalar::Null)
            }

            fn visit_bool<E>(self, value: bool) -> Result<Scalar, E> {
                Ok(Scalar::Bool(value))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Scalar, E> {
                Ok(Scalar::Integer(value.into()))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Scalar, E> {
                Ok(Scalar::Integer(value.into()))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Scalar, E> {
                Ok(whole_number(value).map_or(Scalar::Other, |whole| Scalar::Integer(whole.into())))
            }

            fn visit_str<E>(self, value: &str) -> Result<Scalar, E> {
                Ok(Scalar::Text(value.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Scalar, A::Error> {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Scalar::Other)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Scalar::Other)
            }
        }
        deserializer.deserialize_any(ScalarVisitor)
    }
}
