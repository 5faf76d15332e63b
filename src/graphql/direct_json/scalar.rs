//! JSON of scalars and enums.

use crate::graphql::engine::json::write_string;
use async_graphql::ID;
use async_graphql::resolver_utils::EnumType;

/// A scalar or an enum, or a nullable one.
pub trait JsonScalar {
    /// Appends the value as JSON.
    fn write(&self, out: &mut Vec<u8>);
}

impl<T: JsonScalar> JsonScalar for Option<T> {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Some(value) => value.write(out),
            None => out.extend_from_slice(b"null"),
        }
    }
}

impl JsonScalar for &str {
    fn write(&self, out: &mut Vec<u8>) {
        write_string(self, out);
    }
}

impl JsonScalar for ID {
    fn write(&self, out: &mut Vec<u8>) {
        write_string(self, out);
    }
}

impl JsonScalar for bool {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(if *self { b"true" } else { b"false" });
    }
}

impl JsonScalar for i32 {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.to_string().as_bytes());
    }
}

/// Appends the name of an enum value.
pub fn write_enum<T: EnumType>(value: T, out: &mut Vec<u8>) {
    if let Some(item) = T::items().iter().find(|item| item.value == value) {
        item.name.write(out);
    }
}

/// Implements [`JsonScalar`] for enums.
macro_rules! json_enums {
    ($($name:ident)*) => {$(
        impl $crate::graphql::direct_json::JsonScalar for $name {
            fn write(&self, out: &mut Vec<u8>) {
                $crate::graphql::direct_json::write_enum(*self, out);
            }
        }
    )*};
}
pub(in crate::graphql) use json_enums;
