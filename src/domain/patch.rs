//! One field of a partial update.

use crate::domain::{Field, FieldError};
use serde::{Serialize, Serializer};

/// A field of a partial update. Absent, null and a value are three different things.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// Keep the stored value.
    #[default]
    Absent,
    /// Clear the field.
    Null,
    /// Set the field.
    Value(T),
}

/// Absent as null, null as an empty list: serialized fields have no lists.
impl<T: Serialize> Serialize for Patch<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Absent => serializer.serialize_none(),
            Self::Null => [(); 0].serialize(serializer),
            Self::Value(value) => value.serialize(serializer),
        }
    }
}

impl<T> Patch<T> {
    /// Converts the value, if there is one.
    pub fn map<U>(self, convert: impl FnOnce(T) -> U) -> Patch<U> {
        match self {
            Self::Absent => Patch::Absent,
            Self::Null => Patch::Null,
            Self::Value(value) => Patch::Value(convert(value)),
        }
    }

    /// The value; none if it is absent or null.
    pub fn value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }

    /// The value after the update of a field that cannot be null.
    pub(crate) fn over(self, stored: T, field: Field, errors: &mut Vec<FieldError>) -> T {
        match self {
            Self::Value(value) => value,
            Self::Absent => stored,
            Self::Null => {
                errors.push(FieldError::cleared(field));
                stored
            }
        }
    }

    /// The value of a field that a creation requires.
    pub(crate) fn required(self, field: Field, errors: &mut Vec<FieldError>) -> Option<T> {
        let value = self.value();
        if value.is_none() {
            errors.push(FieldError::missing(field));
        }
        value
    }
}
