//! Who may read the schema by introspection.

use crate::graphql::engine::document::Names;
use crate::graphql::engine::error::{Code, NoViewer, RequestError};

/// Who may read the schema by introspection. Everyone may ask for `__typename`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Introspection {
    /// Every client, also without a token.
    On,
    /// Clients with a token.
    SignedIn,
    /// No client.
    Off,
}

impl Introspection {
    /// Whether errors may tell names of the schema.
    pub(super) fn names(self, is_signed_in: bool) -> Names {
        let is_open = match self {
            Self::On => true,
            Self::SignedIn => is_signed_in,
            Self::Off => false,
        };
        if is_open { Names::Shown } else { Names::Hidden }
    }

    /// # Errors
    /// `UNAUTHENTICATED`, or `GRAPHQL_VALIDATION_FAILED` where nobody may.
    pub(super) fn check(self, is_signed_in: bool, no_token: NoViewer) -> Result<(), RequestError> {
        let error = match self {
            Self::On => return Ok(()),
            Self::SignedIn if is_signed_in => return Ok(()),
            Self::SignedIn => no_token.into(),
            Self::Off => {
                let message = "Introspection is switched off on this server. Only `__typename` is left of it.";
                RequestError::new(Code::GraphqlValidationFailed, message, None)
            }
        };
        Err(error)
    }
}
