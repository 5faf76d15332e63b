//! Responses: what became of a request, as JSON.

use crate::graphql::engine::error::{Code, RequestError};
use crate::graphql::engine::json::{Json, TooLong, write_response};
use crate::graphql::engine::memory::Charge;
use crate::graphql::engine::response_limits::{ResponseError, ResponseLimits};
use async_graphql::{ServerError, Value};
use strum::VariantArray;

/// The result of a request.
#[derive(Debug)]
pub enum Outcome {
    /// The operation ran. Fields can have failed.
    Executed(Response),
    /// Nothing ran, or nothing was changed.
    Rejected(RequestError),
}

impl Outcome {
    /// The JSON of the response, without `data` when nothing ran. It has no line breaks.
    #[must_use]
    pub fn into_json(self) -> Json {
        match self {
            Self::Executed(response) => response.json,
            Self::Rejected(error) => {
                let mut text = Vec::new();
                // Without a limit: the number of errors and the length of their messages are limited.
                let _ = write_response(None, &error.errors, usize::MAX, &mut text);
                Json::new(text, Charge::default())
            }
        }
    }

    /// Why nothing ran; `None` when the operation ran.
    #[must_use]
    pub fn rejection(&self) -> Option<&RequestError> {
        match self {
            Self::Executed(_) => None,
            Self::Rejected(error) => Some(error),
        }
    }

    /// The code of the first error.
    #[must_use]
    pub fn first_code(&self) -> Option<Code> {
        match self {
            Self::Executed(response) => response.first_code,
            Self::Rejected(error) => Some(error.code),
        }
    }

    /// Whether the operation ran without any error.
    #[must_use]
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Executed(response) if !response.has_errors)
    }
}

/// The response to an operation that ran.
#[derive(Debug)]
pub struct Response {
    json: Json,
    has_errors: bool,
    failure: Option<Code>,
    first_code: Option<Code>,
}

impl Response {
    /// Writes the response to an operation.
    ///
    /// # Errors
    /// [`ResponseError`] when it exceeds the limits.
    pub fn write(response: async_graphql::Response, limits: &ResponseLimits) -> Result<Self, ResponseError> {
        let async_graphql::Response { data, errors, .. } = response;
        let mut text = Vec::new();
        write_response(Some(&data), &errors, limits.max_length, &mut text).map_err(|TooLong| limits.too_long())?;
        let mut charge = Charge::default();
        limits.grow(&mut charge, text.len(), text.len())?;
        let (has_errors, failure, first_code) =
            (!errors.is_empty(), failure(&errors), errors.first().and_then(code_of));
        Ok(Self { json: Json::new(text, charge), has_errors, failure, first_code })
    }

    /// The length of the JSON, in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.json.len()
    }

    /// The code of a field for which the server failed.
    #[must_use]
    pub fn failure(&self) -> Option<Code> {
        self.failure
    }

    /// The JSON of the response.
    #[must_use]
    pub fn into_json(self) -> Json {
        self.json
    }
}

fn code_of(error: &ServerError) -> Option<Code> {
    let Value::String(code) = error.extensions.as_ref()?.get("code")? else { return None };
    Code::VARIANTS.iter().find(|known| known.as_str() == code).copied()
}

fn failure(errors: &[ServerError]) -> Option<Code> {
    let code = |error: &ServerError| error.extensions.as_ref()?.get("code").cloned();
    let has_failed_with = |failure: &Code| errors.iter().any(|error| code(error) == Some(failure.as_str().into()));
    [Code::Internal, Code::Unavailable, Code::Timeout, Code::Overloaded].into_iter().find(has_failed_with)
}
