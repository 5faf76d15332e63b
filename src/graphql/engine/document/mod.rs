//! From the text of a request to a document that can run. A document is untrusted input: its size is limited before it
//! is validated, and it is validated completely before it runs
//! (<https://spec.graphql.org/October2021/#sec-Validation>).
//!
//! `apollo-compiler` parses and validates by the letter of the specification, with limits of its own against deep and
//! long texts. The executor's own parser overflows the stack on such texts, and its validator misses cases. Valid
//! documents are cached.

mod cost;
mod duplicate_keys;
mod limits;
mod literals;
mod persisted;
mod root_fields;
mod selection_hash;
mod variable_values;
mod variables;

pub use cost::PageSizes;
pub use limits::DocumentLimits;
pub use persisted::persisted_query_hash;
pub use root_fields::{RootField, drop_root_arguments};
pub use selection_hash::SelectionHash;

use crate::graphql::engine::error::{Code, RequestError};
use apollo_compiler::executable::{ExecutableDocument, Operation, OperationType};
use apollo_compiler::introspection::check_max_depth;
use apollo_compiler::parser::{LineColumn, Parser};
use apollo_compiler::validation::{DiagnosticList, Valid};
use apollo_compiler::{Node, Schema};
use async_graphql::parser::{parse_query, types::ExecutableDocument as ExecutorDocument};
use async_graphql::{Pos, ServerError, Variables};
use quick_cache::UnitWeighter;
use quick_cache::sync::Cache;
use root_fields::collect_root_fields;
use sha2::{Digest, Sha256};
use std::ops::Range;
use std::sync::Arc;

/// The facts about a schema that the checks need.
#[derive(Clone, Copy)]
pub struct SchemaRules<'a> {
    /// The schema in the schema definition language.
    pub sdl: &'a str,
    /// The number of items that connections may return.
    pub page_sizes: PageSizes,
    /// The custom scalars whose text is checked.
    pub scalars: &'static [CustomScalar],
}

/// A custom scalar whose values are strings of a certain form.
#[derive(Clone, Copy, Debug)]
pub struct CustomScalar {
    /// The name in the schema.
    pub name: &'static str,
    /// Checks the text of a value. The error says what is wrong.
    pub check: fn(&str) -> Result<(), String>,
}

fn custom_scalar<'a>(scalars: &'a [CustomScalar], name: &str) -> Option<&'a CustomScalar> {
    scalars.iter().find(|scalar| scalar.name == name)
}

/// Parses and validates documents, and caches those that are valid.
pub struct Documents {
    schema: Valid<Schema>,
    page_sizes: PageSizes,
    scalars: &'static [CustomScalar],
    limits: DocumentLimits,
    cache: Cache<Hash, Arc<Document>>,
}

/// The SHA-256 of a document's text. Persisted queries are named by it.
pub type Hash = [u8; 32];

/// The factor by which introspection may cost more than other operations, since it does not use the database.
/// GraphiQL's introspection needs about a third of it.
const INTROSPECTION_FACTOR: usize = 10;

/// The number of documents for which the cache allocates memory at the start.
const INITIAL_CACHE_CAPACITY: usize = 100;

/// A valid document.
pub struct Document {
    checked: Valid<ExecutableDocument>,
    executable: ExecutorDocument,
    has_duplicate_keys: bool,
}

/// A document that can run with certain variables.
pub struct PreparedDocument {
    /// What the executor runs.
    pub executable: ExecutorDocument,
    /// The cost of the operation, in points.
    pub cost: usize,
    /// The first root field of a mutation or subscription.
    pub root_field: Option<RootField>,
}

impl Documents {
    /// # Panics
    /// When the SDL is not valid. It is generated from the schema, and a test parses it.
    #[must_use]
    pub fn new(rules: &SchemaRules<'_>, limits: DocumentLimits) -> Self {
        #[expect(clippy::expect_used, reason = "the schema is part of the program")]
        let schema = Schema::parse_and_validate(rules.sdl, "schema.graphql").expect("the SDL is valid");
        let capacity = limits.cached_documents;
        let cache = Cache::with_weighter(capacity.min(INITIAL_CACHE_CAPACITY), capacity as u64, UnitWeighter);
        Self { schema, page_sizes: rules.page_sizes, scalars: rules.scalars, limits, cache }
    }

    /// Parses and validates a document, unless it is cached.
    ///
    /// # Errors
    /// `QUERY_TOO_COMPLEX`, `GRAPHQL_PARSE_FAILED` or `GRAPHQL_VALIDATION_FAILED`.
    pub fn parse_and_validate(&self, text: &str) -> Result<Arc<Document>, RequestError> {
        self.parse_and_validate_hashed(text, hash(text))
    }

    fn parse_and_validate_hashed(&self, text: &str, hash: Hash) -> Result<Arc<Document>, RequestError> {
        if let Some(document) = self.cache.get(&hash) {
            return Ok(document);
        }
        let document = Arc::new(self.check(text)?);
        self.cache.insert(hash, document.clone());
        Ok(document)
    }

    /// The document of a persisted query, sent by its hash with or without its text.
    ///
    /// # Errors `PERSISTED_QUERY_NOT_FOUND` for an unknown hash without text, `BAD_REQUEST` for a text with another
    /// hash, and the errors of [`Documents::parse_and_validate`].
    pub fn parse_and_validate_persisted(&self, text: &str, expected: Hash) -> Result<Arc<Document>, RequestError> {
        if text.is_empty() {
            let unknown = || RequestError::new(Code::PersistedQueryNotFound, "PersistedQueryNotFound", None);
            return self.cache.get(&expected).ok_or_else(unknown);
        }
        if hash(text) != expected {
            return Err(RequestError::new(Code::BadRequest, "`sha256Hash` is not the hash of `query`", None));
        }
        self.parse_and_validate_hashed(text, expected)
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
        literals::check(&self.schema, &checked, self.scalars)?;
        let executable = parse_query(text).map_err(|error| {
            // A document that only one of the two parsers accepts is rejected.
            RequestError::with(Code::GraphqlParseFailed, vec![ServerError::from(error)])
        })?;
        let has_duplicate_keys = duplicate_keys::in_any_selection(&checked);
        Ok(Document { checked, executable, has_duplicate_keys })
    }
}

impl Document {
    /// The operation to run.
    ///
    /// # Errors
    /// `BAD_REQUEST` when the name selects none.
    pub fn operation(&self, name: Option<&str>) -> Result<&Node<Operation>, RequestError> {
        self.checked.operations.get(name).map_err(|_| {
            let message = match name {
                Some(_) => "`operationName` names no operation of the document",
                None => "the document has several operations: `operationName` has to pick one",
            };
            RequestError::new(Code::UnknownOperation, message, None)
        })
    }

    /// Whether an operation selects only the schema itself, for which no token is needed.
    #[must_use]
    pub fn is_introspection(&self, operation: &Operation) -> bool {
        let mut fields = operation.root_fields(&self.checked);
        fields.all(|field| matches!(field.name.as_str(), "__typename" | "__schema" | "__type"))
    }

    /// Whether two fields with selections of their own share a response key, so that their values have to be merged.
    #[must_use]
    pub fn has_duplicate_keys(&self) -> bool {
        self.has_duplicate_keys
    }

    /// What a subscription selects of each event.
    #[must_use]
    pub fn selection_hash(&self, operation: &Node<Operation>, variables: &Variables) -> SelectionHash {
        selection_hash::of(&self.checked, operation, variables)
    }

    /// Checks an operation with its variables, and collects the root fields of mutations and subscriptions.
    ///
    /// # Errors `BAD_USER_INPUT` when the variables do not have the declared types, `QUERY_TOO_COMPLEX` when the cost
    /// exceeds the limit.
    pub fn prepare(
        &self,
        documents: &Documents,
        operation: &Operation,
        variables: &Variables,
    ) -> Result<PreparedDocument, RequestError> {
        variables::check(&documents.schema, documents.scalars, operation, variables)?;
        check_max_depth(&self.checked, operation).map_err(|_| {
            RequestError::new(Code::QueryTooComplex, "introspection is nested too deep in itself", None)
        })?;
        let factor = if self.is_introspection(operation) { INTROSPECTION_FACTOR } else { 1 };
        let limit = documents.limits.complexity.saturating_mul(factor);
        let cost = cost::of(&self.checked, operation, variables, documents.page_sizes);
        if cost > limit {
            let message = format!("the operation costs more than {limit}; ask for shorter lists or fewer fields");
            return Err(RequestError::new(Code::QueryTooComplex, message, None));
        }
        let mut executable = self.executable.clone();
        let root_field = match operation.operation_type {
            OperationType::Query => None,
            OperationType::Mutation | OperationType::Subscription => {
                collect_root_fields(&mut executable, operation.name.as_deref(), variables)
            }
        };
        Ok(PreparedDocument { executable, cost, root_field })
    }
}

fn hash(text: &str) -> Hash {
    Sha256::digest(text).into()
}

/// The number of errors in a response, and the length of a message in characters. They keep the response to a wrong
/// document from being larger than the document.
const MAX_ERRORS: usize = 20;
const MAX_MESSAGE_LENGTH: usize = 300;

fn to_server_errors(diagnostics: &DiagnosticList) -> Vec<ServerError> {
    let errors = diagnostics.iter().take(MAX_ERRORS);
    errors
        .map(|error| ServerError::new(truncate(error.error.to_string()), position(error.line_column_range())))
        .collect()
}

fn truncate(message: String) -> String {
    match message.char_indices().nth(MAX_MESSAGE_LENGTH) {
        Some((end, _)) => format!("{}…", &message[..end]),
        None => message,
    }
}

fn position(range: Option<Range<LineColumn>>) -> Option<Pos> {
    range.map(|range| Pos { line: range.start.line, column: range.start.column })
}

#[cfg(test)]
mod tests;
