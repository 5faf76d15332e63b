//! From the text of a request to a document that may run: what a stranger sends is measured before it is understood, understood once,
//! and checked in full against the schema before anything runs (<https://spec.graphql.org/October2021/#sec-Validation>).
//!
//! `apollo-compiler` parses and validates to the letter of the specification, with limits of its own against deep and long texts;
//! the executor's parser and validator overflow the stack on the former and miss cases of the latter. A document that has passed is
//! kept for the next request, so that this is paid for once.

pub mod collect_root_fields;
mod cost;
mod duplicate_keys;
mod limits;
mod literals;
mod selection_hash;
mod variables;

pub use limits::DocumentLimits;
pub use selection_hash::SelectionHash;

use crate::graphql::engine::error::{Code, set_code};
use apollo_compiler::executable::{ExecutableDocument, Operation, OperationType};
use apollo_compiler::introspection::check_max_depth;
use apollo_compiler::parser::{LineColumn, Parser};
use apollo_compiler::validation::{DiagnosticList, Valid};
use apollo_compiler::{Node, Schema};
use async_graphql::parser::{parse_query, types::ExecutableDocument as ExecutorDocument};
use async_graphql::{Error, Pos, ServerError, Variables};
use quick_cache::UnitWeighter;
use quick_cache::sync::Cache;
use sha2::{Digest, Sha256};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// Understands documents, and remembers those that are valid.
pub struct Documents {
    schema: Valid<Schema>,
    limits: DocumentLimits,
    known: Cache<Hash, Arc<Document>>,
}

/// The SHA-256 of a document's text: by it clients name a document that they do not send again.
pub type Hash = [u8; 32];

/// Introspection touches no database: it may cost this many times as much as other operations. GraphiQL's needs about a third of that.
const INTROSPECTION: usize = 10;

/// For how many documents there is room from the start.
const FEW: usize = 100;

/// A valid document.
pub struct Document {
    checked: Valid<ExecutableDocument>,
    executable: ExecutorDocument,
    has_duplicate_keys: bool,
}

/// Why a request does not run. Nothing of it has.
#[derive(Clone, Debug)]
pub struct RequestError {
    /// The code of every error.
    pub code: Code,
    /// What is wrong; at least one.
    pub errors: Vec<ServerError>,
    /// When to try again, where that helps.
    pub retry_after: Option<Duration>,
}

impl RequestError {
    /// With one error.
    pub fn new(code: Code, message: impl Into<String>, at: Option<Pos>) -> Self {
        Self::with(code, vec![ServerError::new(message, at)])
    }

    /// The server failed before anything ran.
    #[must_use]
    pub fn failed(error: Error) -> Self {
        let mut error = error.into_server_error(Pos::default());
        error.locations.clear();
        Self::with(Code::Internal, vec![error])
    }

    fn with(code: Code, mut errors: Vec<ServerError>) -> Self {
        for error in &mut errors {
            set_code(error, code);
        }
        Self { code, errors, retry_after: None }
    }
}

impl Documents {
    /// For requests to the schema of this SDL.
    ///
    /// # Panics
    /// When the SDL is not valid: it is our own, and a test reads it.
    #[must_use]
    pub fn new(sdl: &str, limits: DocumentLimits) -> Self {
        #[expect(clippy::expect_used, reason = "the schema is part of the program")]
        let schema = Schema::parse_and_validate(sdl, "schema.graphql").expect("our own schema");
        let known = Cache::with_weighter(limits.remembered.min(FEW), limits.remembered as u64, UnitWeighter);
        Self { schema, limits, known }
    }

    /// Understands a text.
    ///
    /// # Errors
    /// [`RequestError`] with `QUERY_TOO_COMPLEX`, `GRAPHQL_PARSE_FAILED` or `GRAPHQL_VALIDATION_FAILED`.
    pub fn parse_and_validate(&self, text: &str) -> Result<Arc<Document>, RequestError> {
        self.parse_and_validate_hashed(text, hash(text))
    }

    fn parse_and_validate_hashed(&self, text: &str, hash: Hash) -> Result<Arc<Document>, RequestError> {
        if let Some(document) = self.known.get(&hash) {
            return Ok(document);
        }
        let document = Arc::new(self.check(text)?);
        self.known.insert(hash, document.clone());
        Ok(document)
    }

    /// Understands what a request names by a hash, with the text or without it: automatic persisted queries
    /// (<https://www.apollographql.com/docs/apollo-server/performance/apq>).
    ///
    /// # Errors
    /// [`RequestError`]: also with `PERSISTED_QUERY_NOT_FOUND` when the text is not known, with `BAD_REQUEST` when it is another's.
    pub fn parse_and_validate_persisted(&self, text: &str, named: Hash) -> Result<Arc<Document>, RequestError> {
        if text.is_empty() {
            let unknown = || RequestError::new(Code::PersistedQueryNotFound, "PersistedQueryNotFound", None);
            return self.known.get(&named).ok_or_else(unknown);
        }
        if hash(text) != named {
            return Err(RequestError::new(Code::BadRequest, "`sha256Hash` is not the hash of `query`", None));
        }
        self.parse_and_validate_hashed(text, named)
    }

    fn check(&self, text: &str) -> Result<Document, RequestError> {
        let mut parser = Parser::new().token_limit(self.limits.tokens).recursion_limit(self.limits.nesting);
        let ast = parser.parse_ast(text, "");
        if parser.tokens_reached() > self.limits.tokens {
            let message = format!("the document has more than {} tokens", self.limits.tokens);
            return Err(RequestError::new(Code::QueryTooComplex, message, None));
        }
        if parser.recursion_reached() > self.limits.nesting {
            let message = format!("the document is nested more than {} levels deep", self.limits.nesting);
            return Err(RequestError::new(Code::QueryTooComplex, message, None));
        }
        let ast = ast.map_err(|found| {
            RequestError::with(Code::GraphqlParseFailed, to_server_errors(&found.errors)[..1].to_vec())
        })?;
        limits::check(&ast, &self.limits)?;
        let invalid =
            |errors: &DiagnosticList| RequestError::with(Code::GraphqlValidationFailed, to_server_errors(errors));
        let checked = ast.to_executable_validate(&self.schema).map_err(|found| invalid(&found.errors))?;
        literals::check(&self.schema, &checked)?;
        let executable = parse_query(text).map_err(|error| {
            // The two parsers disagree: the stricter one is right.
            RequestError::with(Code::GraphqlParseFailed, vec![ServerError::from(error)])
        })?;
        let has_duplicate_keys = duplicate_keys::in_any_selection(&checked);
        Ok(Document { checked, executable, has_duplicate_keys })
    }
}

impl Document {
    /// The operation that is to run.
    ///
    /// # Errors
    /// [`RequestError`] with `BAD_REQUEST` when the name picks none.
    pub fn operation(&self, name: Option<&str>) -> Result<&Node<Operation>, RequestError> {
        self.checked.operations.get(name).map_err(|_| {
            let message = match name {
                Some(_) => "`operationName` names no operation of the document",
                None => "the document has several operations: `operationName` has to pick one",
            };
            RequestError::new(Code::UnknownOperation, message, None)
        })
    }

    /// Whether an operation asks for nothing but the schema itself, which everybody may see.
    #[must_use]
    pub fn is_introspection(&self, operation: &Operation) -> bool {
        let mut fields = operation.root_fields(&self.checked);
        fields.all(|field| matches!(field.name.as_str(), "__typename" | "__schema" | "__type"))
    }

    /// Whether a response key occurs twice in one selection.
    #[must_use]
    pub fn has_duplicate_keys(&self) -> bool {
        self.has_duplicate_keys
    }

    /// What an operation costs: a field is one, and a list costs each of its fields as often as it may have items.
    #[must_use]
    pub fn cost(&self, operation: &Operation, variables: &Variables) -> usize {
        cost::of(&self.checked, operation, variables)
    }

    /// What a subscription asks about each event, whichever events it wants.
    #[must_use]
    pub fn selection_hash(&self, operation: &Node<Operation>, variables: &Variables) -> SelectionHash {
        selection_hash::of(&self.checked, operation, variables)
    }

    /// What the executor runs: the document, with root fields of the same name merged where they would run twice.
    ///
    /// # Errors
    /// [`RequestError`] with `BAD_USER_INPUT` when the variables are not what the operation declares, or `QUERY_TOO_COMPLEX` when it costs
    /// too much with them.
    pub fn prepare(
        &self,
        documents: &Documents,
        operation: &Operation,
        variables: &Variables,
    ) -> Result<ExecutorDocument, RequestError> {
        variables::check(&documents.schema, operation, variables)?;
        check_max_depth(&self.checked, operation).map_err(|_| {
            RequestError::new(Code::QueryTooComplex, "introspection is nested too deep in itself", None)
        })?;
        let factor = if self.is_introspection(operation) { INTROSPECTION } else { 1 };
        let limit = documents.limits.complexity.saturating_mul(factor);
        if self.cost(operation, variables) > limit {
            let message = format!("the operation costs more than {limit}; ask for shorter lists or fewer fields");
            return Err(RequestError::new(Code::QueryTooComplex, message, None));
        }
        let mut executable = self.executable.clone();
        if operation.operation_type != OperationType::Query {
            collect_root_fields::root_fields(&mut executable, operation.name.as_deref(), variables);
        }
        Ok(executable)
    }
}

fn hash(text: &str) -> Hash {
    Sha256::digest(text).into()
}

/// The most errors that one answer lists, and the longest message, in characters: an answer is not to be larger than its question.
const MOST_ERRORS: usize = 20;
const LONGEST_MESSAGE: usize = 300;

fn to_server_errors(found: &DiagnosticList) -> Vec<ServerError> {
    let errors = found.iter().take(MOST_ERRORS);
    errors
        .map(|error| ServerError::new(truncate(error.error.to_string()), position(error.line_column_range())))
        .collect()
}

fn truncate(message: String) -> String {
    match message.char_indices().nth(LONGEST_MESSAGE) {
        Some((end, _)) => format!("{}…", &message[..end]),
        None => message,
    }
}

fn position(range: Option<Range<LineColumn>>) -> Option<Pos> {
    range.map(|range| Pos { line: range.start.line, column: range.start.column })
}

#[cfg(test)]
mod tests;
