//! From the text of a request to a document that can run. A document is untrusted input: its size is limited before it
//! is validated, and it is validated completely before it runs
//! (<https://spec.graphql.org/October2021/#sec-Validation>).
//!
//! `apollo-compiler` parses and validates by the letter of the specification, with limits of its own against deep and
//! long texts. The executor's own parser overflows the stack on such texts, and its validator misses cases. Valid
//! documents are cached.

mod argument_memory;
mod cache;
mod checked_document;
mod cost;
mod diagnostics;
mod duplicate_keys;
mod limits;
mod literals;
mod one_of;
mod persisted;
mod problems;
mod root_fields;
mod selection_hash;
mod suggestions;
mod variable_values;
mod variables;
mod whole_numbers;

pub use argument_memory::memory_of_variables;
pub use checked_document::{Document, PreparedDocument};
pub use cost::{CostRules, FreeText, Items, List, PageSizes, Scan};
pub use limits::DocumentLimits;
pub use persisted::persisted_query_hash;
pub use root_fields::RootField;
pub use selection_hash::SelectionHash;
pub use suggestions::Names;

use crate::graphql::engine::error::{Code, RequestError};
use crate::graphql::engine::excess::Excess;
use apollo_compiler::Schema;
use apollo_compiler::parser::Parser;
use apollo_compiler::validation::{DiagnosticList, Valid};
use async_graphql::parser::parse_query;
use async_graphql::{ServerError, Variables};
use cache::DocumentCache;
use diagnostics::to_server_errors;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// The facts about a schema that the checks need.
#[derive(Clone, Copy)]
pub struct SchemaRules {
    /// The definition of its types.
    pub definition: &'static Valid<Schema>,
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
    /// Checks the text of a value. The error says in whole sentences what is wrong.
    pub check: fn(&str) -> Result<(), String>,
}

fn custom_scalar<'a>(scalars: &'a [CustomScalar], name: &str) -> Option<&'a CustomScalar> {
    scalars.iter().find(|scalar| scalar.name == name)
}

/// The part of introspection that the executor has and the validator does not know
/// (<https://spec.graphql.org/September2025/#sec-The-__Type-Type>).
const NEWER_INTROSPECTION: &str = "extend type __Type { isOneOf: Boolean }";

/// Parses a schema in the schema definition language (SDL).
///
/// # Panics
/// When it is not valid. It is generated from the schema, and a test parses it.
#[must_use]
pub fn parse_schema(sdl: &str) -> Valid<Schema> {
    let schema = Schema::builder().parse(sdl, "schema.graphql").parse(NEWER_INTROSPECTION, "introspection.graphql");
    let schema = schema.build().and_then(Schema::validate);
    #[expect(clippy::expect_used, reason = "the schema is part of the program")]
    schema.expect("the SDL is valid")
}

/// Parses and validates documents, and caches those that are valid.
pub struct Documents {
    schema: &'static Valid<Schema>,
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

impl Documents {
    /// Documents for this schema.
    #[must_use]
    pub fn new(rules: &SchemaRules, limits: DocumentLimits) -> Self {
        let cache = DocumentCache::new(limits.cache);
        Self { schema: rules.definition, cost: rules.cost, scalars: rules.scalars, limits, cache }
    }

    /// The limits on documents and operations.
    pub fn limits(&self) -> &DocumentLimits {
        &self.limits
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

    /// [`Documents::parse_and_validate`] for a text whose length is checked and whose hash is known.
    ///
    /// # Errors
    /// Those of [`Documents::parse_and_validate`].
    pub fn parse_and_validate_hashed(
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
            return Err(RequestError::new(
                Code::BadRequest,
                "The value of `sha256Hash` is not the hash of `query`.",
                None,
            ));
        }
        self.parse_and_validate_hashed(text, expected, caching)
    }

    /// Checks the length of a subscription's variables, which the server keeps as long as the subscription.
    ///
    /// # Errors
    /// `QUERY_TOO_COMPLEX`
    pub fn check_kept_variables(&self, variables: &Variables) -> Result<(), RequestError> {
        let limit = self.limits.length;
        // Variables are JSON.
        if variables.is_empty() || serde_json::to_vec(variables).is_ok_and(|json| json.len() <= limit) {
            return Ok(());
        }
        let message = format!("The variables of the subscription have more than {limit} bytes.");
        Err(RequestError::too_complex(message, Excess::of_limit(limit)))
    }

    /// Before anything reads the text: tokens bound neither strings nor comments.
    fn check_length(&self, text: &str) -> Result<(), RequestError> {
        let limit = self.limits.length;
        if text.len() <= limit {
            return Ok(());
        }
        let message = format!("The document has more than {limit} bytes.");
        Err(RequestError::too_complex(message, Excess::of_limit(limit)))
    }

    fn check(&self, text: &str, hash: Hash) -> Result<Document, RequestError> {
        let mut parser = Parser::new().token_limit(self.limits.tokens).recursion_limit(self.limits.nesting);
        let ast = parser.parse_ast(text, "");
        let tokens = parser.tokens_reached();
        if tokens > self.limits.tokens {
            let message = format!("The document has more than {} tokens.", self.limits.tokens);
            return Err(RequestError::too_complex(message, Excess::of_limit(self.limits.tokens)));
        }
        if parser.recursion_reached() > self.limits.nesting {
            let message = format!("The document is nested more than {} levels deep.", self.limits.nesting);
            return Err(RequestError::too_complex(message, Excess::of_limit(self.limits.nesting)));
        }
        let ast = ast.map_err(|found| {
            RequestError::with(Code::GraphqlParseFailed, to_server_errors(&found.errors)[..1].to_vec())
        })?;
        limits::check(&ast, &self.limits)?;
        let invalid =
            |errors: &DiagnosticList| RequestError::with(Code::GraphqlValidationFailed, to_server_errors(errors));
        let checked = ast.to_executable_validate(self.schema).map_err(|found| invalid(&found.errors))?;
        literals::check(self.schema, &checked, self.scalars)?;
        let executable = parse_query(text).map_err(|error| {
            // A document that only one of the two parsers accepts is rejected. The message of the executor's has many
            // lines.
            let message = "The document is not syntactically valid.".to_owned();
            RequestError::with(Code::GraphqlParseFailed, vec![ServerError { message, ..error.into() }])
        })?;
        let has_duplicate_keys = duplicate_keys::in_any_selection(&checked);
        Ok(Document {
            text: text.into(),
            hash,
            tokens,
            checked,
            executable,
            has_duplicate_keys,
            is_used: AtomicBool::new(false),
        })
    }
}

fn hash(text: &str) -> Hash {
    Sha256::digest(text).into()
}

#[cfg(test)]
mod tests;
