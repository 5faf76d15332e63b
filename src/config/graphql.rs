//! Settings of the GraphQL engine: the limits on documents and operations.

use crate::graphql::DocumentLimits;
use clap::Args;
use std::num::NonZeroU32;

/// What a document and an operation may ask for. The default values are those of [`DocumentLimits`].
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "GraphQL limits")]
pub struct GraphQlSettings {
    /// Accept documents of at most this many tokens
    ///
    /// White space, commas and comments between tokens count as tokens. A longer document is refused with the error
    /// code `QUERY_TOO_COMPLEX` before it is parsed to its end.
    #[arg(long, value_name = "COUNT", env = "MAX_TOKENS", default_value_t = DocumentLimits::default().tokens)]
    pub max_tokens: usize,
    /// Accept documents whose brackets are nested at most this deep
    ///
    /// All kinds of brackets count: selections, lists and input objects. A deeper document is refused with the error
    /// code `QUERY_TOO_COMPLEX`.
    #[arg(long, value_name = "LEVELS", env = "MAX_NESTING", default_value_t = DocumentLimits::default().nesting)]
    pub max_nesting: usize,
    /// Accept documents of at most this many selections
    ///
    /// The selections of a fragment count each time that the fragment is spread. A larger document is refused with
    /// the error code `QUERY_TOO_COMPLEX`.
    #[arg(long, value_name = "COUNT", env = "MAX_SELECTIONS", default_value_t = DocumentLimits::default().selections)]
    pub max_selections: usize,
    /// Accept documents whose fields are nested at most this deep
    ///
    /// A root field has the depth 1. Inline fragments and fragment spreads add no depth of their own. A deeper
    /// document is refused with the error code `QUERY_TOO_COMPLEX`.
    #[arg(long, value_name = "LEVELS", env = "MAX_DEPTH", default_value_t = DocumentLimits::default().depth)]
    pub max_depth: usize,
    /// Accept documents of at most this many aliases
    ///
    /// The aliases in a fragment count each time that the fragment is spread. A document with more is refused with
    /// the error code `QUERY_TOO_COMPLEX`.
    #[arg(long, value_name = "COUNT", env = "MAX_ALIASES", default_value_t = DocumentLimits::default().aliases)]
    pub max_aliases: usize,
    /// Accept documents of at most this many directives
    ///
    /// The directives in a fragment count each time that the fragment is spread. A document with more is refused with
    /// the error code `QUERY_TOO_COMPLEX`.
    #[arg(long, value_name = "COUNT", env = "MAX_DIRECTIVES", default_value_t = DocumentLimits::default().directives)]
    pub max_directives: usize,
    /// Execute operations that cost at most this many complexity points
    ///
    /// A field costs one point. A list multiplies the cost of its fields by its page size. Introspection may cost ten
    /// times as much. A more expensive operation is refused with the error code `QUERY_TOO_COMPLEX`.
    #[arg(long, value_name = "POINTS", env = "MAX_COMPLEXITY", default_value_t = DocumentLimits::default().complexity)]
    pub max_complexity: usize,
    /// Let each user spend at most this many complexity points in a minute, at least 1
    ///
    /// Points are regained at a constant rate. An operation beyond them is refused with the error code `RATE_LIMITED`
    /// and a `retry-after` header. Without this setting there is no such limit.
    #[arg(long, value_name = "POINTS", env = "RATE_LIMIT")]
    pub rate_limit: Option<NonZeroU32>,
    /// Cache at most this many parsed and validated documents
    ///
    /// Clients can send the SHA-256 of a cached document instead of its text (automatic persisted queries). A full
    /// cache evicts documents that are used seldom.
    #[arg(
        long,
        value_name = "COUNT",
        env = "DOCUMENT_CACHE",
        default_value_t = DocumentLimits::default().cached_documents
    )]
    pub document_cache: usize,
}

impl GraphQlSettings {
    /// The settings as the engine takes them.
    pub(crate) fn document_limits(&self) -> DocumentLimits {
        DocumentLimits {
            tokens: self.max_tokens,
            nesting: self.max_nesting,
            selections: self.max_selections,
            depth: self.max_depth,
            aliases: self.max_aliases,
            directives: self.max_directives,
            complexity: self.max_complexity,
            cached_documents: self.document_cache,
            ..DocumentLimits::default()
        }
    }
}
