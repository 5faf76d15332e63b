//! The argument `idempotencyKey`.

use crate::domain::{IdempotencyKey, Interface, Refusal};

/// The name of the argument.
pub const KEY: &str = "idempotencyKey";

/// The key of a mutation.
///
/// # Errors
/// [`Refusal::InvalidKey`]
pub fn key(argument: Option<String>) -> Result<Option<IdempotencyKey>, Refusal> {
    argument.map(|text| IdempotencyKey::parse(Interface::GraphQl, &text)).transpose()
}
