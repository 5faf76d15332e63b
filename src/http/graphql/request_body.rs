//! Parses the body of a GraphQL request: one operation, or a batch of them. A field that is null is as an absent one,
//! and so are `operationName`, `variables` and `extensions` when they are the empty text, as clients send what is not
//! set.

use crate::http::graphql::request::check;
use async_graphql::{Extensions, Request as Operation, Variables};
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, forward_to_deserialize_any};
use serde_json::{Map, Value};
use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;

const NOT_AN_OBJECT: &str = "The body has to be a JSON object with a `query`, or an array of them.";
const NOT_JSON: &str = "The body is not JSON.";

/// Parses one operation.
pub(super) fn single(body: &[u8]) -> Result<Operation, String> {
    let fields: Fields = serde_json::from_slice(body).map_err(|_| describe_error(body))?;
    fields.try_into()
}

/// Parses the payload of a WebSocket message, with errors that speak of a message.
pub(super) fn payload(payload: &[u8]) -> Result<Operation, String> {
    single(payload).map_err(|error| match error.as_str() {
        NOT_JSON => "The message is not JSON.".to_owned(),
        NOT_AN_OBJECT => "The message is not a GraphQL request.".to_owned(),
        _ => error,
    })
}

/// Parses a batch of at most `max` operations. Reads no further than to the first one beyond it.
pub(super) fn batch(body: &[u8], max: usize) -> Result<Vec<Operation>, String> {
    let wrong_size = || Err(format!("A batch has from 1 to {max} operations."));
    let is_too_long = Cell::new(false);
    let mut json = serde_json::Deserializer::from_slice(body);
    let operations = AtMost { max, is_too_long: &is_too_long }.deserialize(&mut json);
    let operations = operations.and_then(|operations| json.end().map(|()| operations));
    if is_too_long.get() {
        return wrong_size();
    }
    let operations = operations.map_err(|_| describe_error(body))?;
    if operations.is_empty() {
        return wrong_size();
    }
    operations.into_iter().map(Operation::try_from).collect()
}

/// The fields of an operation.
#[derive(Default)]
struct Fields {
    query: Option<String>,
    operation_name: Option<String>,
    variables: Variables,
    extensions: Extensions,
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "camelCase")]
enum Field {
    Query,
    OperationName,
    Variables,
    Extensions,
    #[serde(other)]
    Unknown,
}

impl TryFrom<Fields> for Operation {
    type Error = String;

    fn try_from(fields: Fields) -> Result<Self, String> {
        let Fields { query, operation_name, variables, extensions } = fields;
        let has_query = query.is_some();
        let mut operation = Self::new(query.unwrap_or_default()).variables(variables);
        (operation.operation_name, operation.extensions) = (operation_name, extensions);
        check(operation, has_query)
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Derived code would also take the fields as an array, in their order.
        deserializer.deserialize_map(ObjectOnly)
    }
}

struct ObjectOnly;

impl<'de> Visitor<'de> for ObjectOnly {
    type Value = Fields;

    fn expecting(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        text.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Fields, A::Error> {
        let mut fields = Fields::default();
        let mut known = [false; 4];
        while let Some(field) = object.next_key()? {
            let index = match field {
                Field::Query => 0,
                Field::OperationName => 1,
                Field::Variables => 2,
                Field::Extensions => 3,
                Field::Unknown => {
                    object.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            if std::mem::replace(&mut known[index], true) {
                return Err(A::Error::custom("a field occurs twice"));
            }
            match field {
                Field::Query => fields.query = object.next_value()?,
                Field::OperationName => fields.operation_name = object.next_value()?,
                Field::Variables => fields.variables = object.next_value::<ObjectOrAbsent<_>>()?.0,
                Field::Extensions => fields.extensions = object.next_value::<ObjectOrAbsent<_>>()?.0,
                Field::Unknown => {}
            }
        }
        Ok(fields)
    }
}

/// A field that is an object, or the default when it is null or the empty text.
struct ObjectOrAbsent<T>(T);

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for ObjectOrAbsent<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectOrAbsentVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de> + Default> Visitor<'de> for ObjectOrAbsentVisitor<T> {
            type Value = T;

            fn expecting(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
                text.write_str("an object")
            }

            fn visit_unit<E: Error>(self) -> Result<T, E> {
                Ok(T::default())
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
                if text.is_empty() { Ok(T::default()) } else { Err(E::invalid_type(Unexpected::Str(text), &self)) }
            }

            fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<T, A::Error> {
                T::deserialize(SomeMap(object))
            }
        }
        deserializer.deserialize_any(ObjectOrAbsentVisitor(PhantomData)).map(Self)
    }
}

/// An object for types that read an optional one.
struct SomeMap<A>(A);

impl<'de, A: MapAccess<'de>> Deserializer<'de> for SomeMap<A> {
    type Error = A::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, A::Error> {
        visitor.visit_map(self.0)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, A::Error> {
        visitor.visit_some(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// An array of at most `max` operations.
struct AtMost<'a> {
    max: usize,
    is_too_long: &'a Cell<bool>,
}

impl<'de> DeserializeSeed<'de> for AtMost<'_> {
    type Value = Vec<Fields>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<Fields>, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for AtMost<'_> {
    type Value = Vec<Fields>;

    fn expecting(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        text.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Vec<Fields>, A::Error> {
        let mut operations = Vec::new();
        while operations.len() < self.max {
            match array.next_element()? {
                Some(operation) => operations.push(operation),
                None => return Ok(operations),
            }
        }
        self.is_too_long.set(array.next_element::<IgnoredAny>()?.is_some());
        Ok(operations)
    }
}

/// Why a body cannot be parsed.
fn describe_error(body: &[u8]) -> String {
    let error = match serde_json::from_slice(body) {
        Ok(Value::Object(request)) => find_wrong_type(&request),
        Ok(Value::Array(requests)) => requests.iter().find_map(|request| match request {
            Value::Object(request) => find_wrong_type(request),
            _ => Some(NOT_AN_OBJECT),
        }),
        Ok(_) => None,
        Err(_) => Some(NOT_JSON),
    };
    error.unwrap_or(NOT_AN_OBJECT).to_owned()
}

fn find_wrong_type(request: &Map<String, Value>) -> Option<&'static str> {
    let is = |name: &str, fits: fn(&Value) -> bool| {
        request.get(name).is_none_or(|value| value.is_null() || *value == "" || fits(value))
    };
    if !is("query", Value::is_string) {
        Some("The field `query` has to be a string.")
    } else if !is("operationName", Value::is_string) {
        Some("The field `operationName` has to be a string.")
    } else if !is("variables", Value::is_object) {
        Some("The field `variables` has to be an object.")
    } else if !is("extensions", Value::is_object) {
        Some("The field `extensions` has to be an object.")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batch_is_read_no_further_than_to_its_limit() {
        let error = Err("A batch has from 1 to 2 operations.".to_owned());
        let queries = |body: &str| {
            let operations = batch(body.as_bytes(), 2)?;
            Ok::<_, String>(operations.into_iter().map(|operation| operation.query).collect::<Vec<_>>())
        };
        assert_eq!(queries(r#"[{"query": "a"}, {"query": "b"}]"#), Ok(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(queries("[]"), error);
        assert_eq!(queries(r#"[{"query": "a"}, {"query": "b"}, {"query": "c"}]"#), error);
        assert_eq!(queries(r"[{}, {}, {}, and this is no JSON"), error);
        assert_eq!(queries(r"[{}, {}]"), Err("The field `query` is missing.".to_owned()));
        assert_eq!(queries(r#"[{"query": "a"}, 5]"#), Err(NOT_AN_OBJECT.to_owned()));
        assert_eq!(queries(r#"[["a"], {"query": "a"}]"#), Err(NOT_AN_OBJECT.to_owned()));
        assert_eq!(queries(r#"[{"query": "a"}] x"#), Err("The body is not JSON.".to_owned()));
        assert_eq!(queries(r#"[{"query": 5}]"#), Err("The field `query` has to be a string.".to_owned()));
    }

    #[test]
    fn operation_is_an_object_with_each_field_once() {
        let body = r#"{"query": "a", "operationName": null, "variables": null, "id": [1], "extensions": {"b": 1}}"#;
        let operation = single(body.as_bytes()).unwrap();
        assert_eq!((operation.query.as_str(), operation.operation_name), ("a", None));
        assert_eq!(operation.extensions["b"], 1.into());
        for (body, error) in [
            (r#"["a"]"#, NOT_AN_OBJECT),
            (r#"{"query": "a", "query": "b"}"#, NOT_AN_OBJECT),
            (r#"{"query": null}"#, "The field `query` is missing."),
            (r#"{"query": 5}"#, "The field `query` has to be a string."),
            (r#"{"variables": {}}"#, "The field `query` is missing."),
            (r#"{"query": "a", "variables": []}"#, "The field `variables` has to be an object."),
            (r#"{"query": "a", "variables": "{}"}"#, "The field `variables` has to be an object."),
            (r#"{"query": "a", "variables": "", "extensions": " "}"#, "The field `extensions` has to be an object."),
            (r#"{"query": "a"}}"#, "The body is not JSON."),
        ] {
            assert_eq!(single(body.as_bytes()).unwrap_err(), error, "{body}");
        }
    }
}
