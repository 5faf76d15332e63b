//! The limits on the response to an operation: its length, and the memory of the server.

use crate::graphql::engine::error::{Code, RequestError, error_with_code};
use crate::graphql::engine::excess::Excess;
use crate::graphql::engine::memory::{Charge, MemoryBudget, NoMemory};
use async_graphql::{Error, ErrorExtensions, Value};
use std::sync::{Arc, Mutex, PoisonError};

/// What the response to one operation may use.
#[derive(Clone, Debug)]
pub struct ResponseLimits {
    /// The length of its JSON, in bytes.
    pub max_length: usize,
    /// The length of all responses to a batch together. `max_length` is what is left of it.
    pub total_length: usize,
    /// The memory that it counts for.
    pub memory: MemoryBudget,
    /// For a mutation.
    pub reserved: Option<ReservedMemory>,
}

/// Memory for the response to a mutation, which is counted before the mutation runs: a mutation for whose response
/// there is no memory is refused while nothing is changed.
#[derive(Clone, Debug)]
pub struct ReservedMemory(Arc<Mutex<Charge>>);

impl ReservedMemory {
    /// What is counted for a response that is not written yet.
    #[must_use]
    pub fn new(charge: Charge) -> Self {
        Self(Arc::new(Mutex::new(charge)))
    }

    fn take(&self, bytes: usize) -> Charge {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).split(bytes)
    }
}

/// Why a response cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseError {
    /// Its JSON is longer than this many bytes.
    TooLong(usize),
    /// Its JSON is longer than this many bytes, after a mutation.
    TooLongAfterMutation(usize),
    /// The server has no memory for it.
    NoMemory,
    /// The server has no memory for it, after a mutation whose response is longer than expected.
    NoMemoryAfterMutation,
}

impl ResponseError {
    /// The code of the error.
    #[must_use]
    pub fn code(self) -> Code {
        match self {
            Self::TooLong(_) => Code::QueryTooComplex,
            Self::TooLongAfterMutation(_) | Self::NoMemoryAfterMutation => Code::OutcomeUnknown,
            Self::NoMemory => Code::Overloaded,
        }
    }

    /// What `QUERY_TOO_COMPLEX` has in its extensions.
    fn extensions(self) -> impl Iterator<Item = (&'static str, Value)> {
        let excess = match self {
            Self::TooLong(max) => Some(Excess::of_limit(max)),
            Self::TooLongAfterMutation(_) | Self::NoMemory | Self::NoMemoryAfterMutation => None,
        };
        excess.map(Excess::extensions).into_iter().flatten()
    }

    /// The message for the client.
    #[must_use]
    pub fn message(self) -> String {
        match self {
            Self::TooLong(max) => {
                format!("The response has more than {max} bytes. Ask for shorter lists or fewer fields.")
            }
            Self::TooLongAfterMutation(max) => {
                format!("The response has more than {max} bytes, and the change may have been made.")
            }
            Self::NoMemory => NO_MEMORY.to_owned(),
            Self::NoMemoryAfterMutation => NO_MEMORY_AFTER_MUTATION.to_owned(),
        }
    }
}

impl From<ResponseError> for Error {
    fn from(error: ResponseError) -> Self {
        let of_field = error_with_code(error.code(), error.message());
        of_field.extend_with(|_, extensions| error.extensions().for_each(|(name, value)| extensions.set(name, value)))
    }
}

/// The message of `OVERLOADED` for a server whose memory for requests and responses is in use.
pub const NO_MEMORY: &str = "The server has no memory for this now. Try again, or ask for less.";

const NO_MEMORY_AFTER_MUTATION: &str = "The server has no memory for the response, and the change may have been made.";

impl From<ResponseError> for RequestError {
    fn from(error: ResponseError) -> Self {
        let rejected = Self::new(error.code(), error.message(), None);
        error.extensions().fold(rejected, |rejected, (name, value)| rejected.with_extension(name, &value))
    }
}

impl ResponseLimits {
    /// Checks a length.
    ///
    /// # Errors
    /// [`ResponseError::TooLong`], or [`ResponseError::TooLongAfterMutation`].
    pub fn check_length(&self, length: usize) -> Result<(), ResponseError> {
        if length <= self.max_length { Ok(()) } else { Err(self.too_long()) }
    }

    /// The error for a response that is longer.
    #[must_use]
    pub fn too_long(&self) -> ResponseError {
        if self.reserved.is_some() {
            ResponseError::TooLongAfterMutation(self.total_length)
        } else {
            ResponseError::TooLong(self.total_length)
        }
    }

    /// Makes the charge of a part of the response at least as large as this. The response has `whole` bytes up to now.
    ///
    /// # Errors
    /// [`ResponseError::NoMemory`], or [`ResponseError::NoMemoryAfterMutation`].
    pub fn grow(&self, charge: &mut Charge, bytes: usize, whole: usize) -> Result<(), ResponseError> {
        let Some(reserved) = &self.reserved else {
            return self.memory.grow_part(charge, bytes, whole).map_err(|NoMemory| ResponseError::NoMemory);
        };
        charge.merge(reserved.take(bytes.saturating_sub(charge.bytes())));
        self.memory.grow_part(charge, bytes, whole).map_err(|NoMemory| ResponseError::NoMemoryAfterMutation)
    }
}
