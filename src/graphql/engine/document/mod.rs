//! From the text of a request to a document that can run. A document is untrusted input: its size is limited before it
//! is validated, and it is validated completely before it runs
//! (<https://spec.graphql.org/October2021/#sec-Validation>).
//!
//! `apollo-compiler` parses and validates by the letter of the specification, with limits of its own against deep and
//! long texts. The executor's own parser overflows the stack on such texts, and its validator misses cases. Valid
//! documents are cached.

mod cache;
mod cost;
mod duplicate_keys;
mod limits;
mod literals;
mod persisted;
mod root_fields;
mod selection_hash;
mod variable_values;
mod variables;

pub use cost::{CostRules, FreeText, PageSizes};
pub use limits::DocumentLimits;
pub use persisted::persisted_query_hash;
pub use root_fields::{RootField, drop_root_arguments};
pub use selection_hash::SelectionHash;

use crate::graphql::engine::allowance::Allowance;
use crate::graphql::engine::error::{Code, RequestError};
use apollo_compiler::executable::{ExecutableDocument, Operation, OperationType};
use apollo_compiler::introspection::check_max_depth;
use apollo_compiler::parser::{LineColumn, Parser};
use apollo_compiler::validation::{DiagnosticList, Valid};
use apollo_compiler::{Node, Schema};
use async_graphql::parser::{parse_query, types::ExecutableDocument as ExecutorDocument};
use async_graphql::{Pos, ServerError, Variables};
use cache::DocumentCache;
use root_fields::collect_root_fields;
use sha2::{Digest, Sha256};
use std::ops::Range;
use std::sync::Arc;

/// The facts about a schema that the checks need.
#[derive(Clone, Copy)]
pub struct SchemaRules<'a> {
    /// The schema in the schema definition language.
    pub sdl: &'a str,
    /// What the cost of its fields depends on.
    pub cost: CostRules,
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
    cost: CostRules,
    scalars: &'static [CustomScalar],
    limits: DocumentLimits,
    cache: DocumentCache,
}

/// Whether a valid document is inserted into the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caching {
    /// For users who are signed in.
    Insert,
    /// For anonymous clients, which must not evict the documents of others.
    ReadOnly,
}

/// The SHA-256 of a document's text. Persisted queries are named by it.
pub type Hash = [u8; 32];

/// The factor by which introspection may cost more than other operations, since it does not use the database. It is
/// what GraphiQL's introspection needs.
const INTROSPECTION_FACTOR: usize = 6;

/// The memory of a document: its text is kept this many times, and each token makes nodes of both trees. Measured on
/// documents of many kinds; a token takes from 100 to 460 bytes, fields with short selections the most.
const COPIES_OF_TEXT: usize = 4;
const MEMORY_OF_TOKEN: usize = 500;

/// A valid document.
pub struct Document {
    text: Arc<str>,
    hash: Hash,
    tokens: usize,
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
        let cache = DocumentCache::new(limits.cache);
        Self { schema, cost: rules.cost, scalars: rules.scalars, limits, cache }
    }

    /// What the operations of one request may use together.
    pub fn allowance(&self) -> Allowance {
        Allowance::new(self.limits.complexity)
    }

    /// The memory of the documents in the cache, in bytes.
    pub fn cached_memory(&self) -> u64 {
        self.cache.memory()
    }

    /// Parses and validates a document, unless it is cached.
    ///
    /// # Errors
    /// `QUERY_TOO_COMPLEX`, `GRAPHQL_PARSE_FAILED` or `GRAPHQL_VALIDATION_FAILED`.
    pub fn parse_and_validate(&self, text: &str, caching: Caching) -> Result<Arc<Document>, RequestError> {
        self.check_length(text)?;
        self.parse_and_validate_hashed(text, hash(text), caching)
    }

    /// [`Documents::parse_and_validate`] for a text whose hash is known.
    fn parse_and_validate_hashed(
        &self,
        text: &str,
        hash: Hash,
        caching: Caching,
    ) -> Result<Arc<Document>, RequestError> {
        if let Some(document) = self.cache.get(&hash) {
            return Ok(document);
        }
        let document = Arc::new(self.check(text, hash)?);
        if caching == Caching::Insert {
            self.cache.insert(document.clone());
        }
        Ok(document)
    }

    /// The document of a persisted query, sent by its hash with or without its text.
    ///
    /// # Errors `PERSISTED_QUERY_NOT_FOUND` for an unknown hash without text, `BAD_REQUEST` for a text with another
    /// hash, and the errors of [`Documents::parse_and_validate`].
    pub fn parse_and_validate_persisted(
        &self,
        text: &str,
        expected: Hash,
        caching: Caching,
    ) -> Result<Arc<Document>, RequestError> {
        if text.is_empty() {
            let unknown = || RequestError::new(Code::PersistedQueryNotFound, "PersistedQueryNotFound", None);
            return self.cache.get(&expected).ok_or_else(unknown);
        }
        self.check_length(text)?;
        if hash(text) != expected {
            return Err(RequestError::new(Code::BadRequest, "`sha256Hash` is not the hash of `query`", None));
        }
        self.parse_and_validate_hashed(text, expected, caching)
    }

    /// Before anything reads the text: tokens bound neither strings nor comments.
    fn check_length(&self, text: &str) -> Result<(), RequestError> {
        let limit = self.limits.length;
        if text.len() <= limit {
            return Ok(());
        }
        Err(RequestError::new(Code::QueryTooComplex, format!("the document has more than {limit} bytes"), None))
    }

    fn check(&self, text: &str, hash: Hash) -> Result<Document, RequestError> {
        let mut parser = Parser::new().token_limit(self.limits.tokens).recursion_limit(self.limits.nesting);
        let ast = parser.parse_ast(text, "");
        let tokens = parser.tokens_reached();
        if tokens > self.limits.tokens {
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
        Ok(Document { text: text.into(), hash, tokens, checked, executable, has_duplicate_keys })
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

    /// Whether an operation selects a part of the schema itself.
    #[must_use]
    pub fn selects_schema(&self, operation: &Operation) -> bool {
        let mut fields = operation.root_fields(&self.checked);
        fields.any(|field| matches!(field.name.as_str(), "__schema" | "__type"))
    }

    /// About the memory that the document uses, in bytes.
    #[must_use]
    pub fn memory(&self) -> usize {
        size_of::<Self>() + COPIES_OF_TEXT * self.text.len() + MEMORY_OF_TOKEN * self.tokens
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
    /// exceeds what is left of the allowance.
    pub fn prepare(
        &self,
        documents: &Documents,
        operation: &Operation,
        variables: &Variables,
        allowance: &mut Allowance,
    ) -> Result<PreparedDocument, RequestError> {
        variables::check(&documents.schema, documents.scalars, operation, variables)?;
        check_max_depth(&self.checked, operation).map_err(|_| {
            RequestError::new(Code::QueryTooComplex, "introspection is nested too deep in itself", None)
        })?;
        let factor = if self.is_introspection(operation) { INTROSPECTION_FACTOR } else { 1 };
        let cost = cost::of(&self.checked, operation, variables, documents.cost);
        allowance.spend_complexity(cost, factor)?;
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
