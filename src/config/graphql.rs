//! Settings of the GraphQL engine: the limits on documents and operations.

use crate::config::{bytes, count, number};
use crate::graphql::{DocumentLimits, EngineLimits, Introspection};
use clap::{Args, ValueEnum};
use std::num::NonZeroU32;

/// What a document and an operation may ask for. The default values are those of [`DocumentLimits`].
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "GraphQL limits")]
pub struct GraphQlSettings {
    /// Accept documents of at most this many bytes
    ///
    /// A longer document is refused with the error code `QUERY_TOO_COMPLEX` before it is read. The limit also holds
    /// for the variables of a subscription, written as JSON, because the server keeps them as long as the
    /// subscription.
    #[arg(
        long,
        value_name = "BYTES",
        env = "MAX_DOCUMENT",
        default_value_t = DocumentLimits::default().length,
        value_parser = bytes(1)
    )]
    pub max_document: usize,
    /// Accept documents of at most this many tokens
    ///
    /// White space, commas and comments between tokens count as tokens. A longer document is refused with the error
    /// code `QUERY_TOO_COMPLEX` before it is parsed to its end.
    #[arg(
        long,
        value_name = "COUNT",
        env = "MAX_TOKENS",
        default_value_t = DocumentLimits::default().tokens,
        value_parser = count(1)
    )]
    pub max_tokens: usize,
    /// Accept documents whose brackets are nested at most this deep
    ///
    /// All kinds of brackets count: selections, lists and input objects. A deeper document is refused with the error
    /// code `QUERY_TOO_COMPLEX`.
    #[arg(
        long,
        value_name = "LEVELS",
        env = "MAX_NESTING",
        default_value_t = DocumentLimits::default().nesting,
        value_parser = levels()
    )]
    pub max_nesting: usize,
    /// Accept documents of at most this many selections
    ///
    /// The selections of a fragment count each time that the fragment is spread. A larger document is refused with
    /// the error code `QUERY_TOO_COMPLEX`.
    #[arg(
        long,
        value_name = "COUNT",
        env = "MAX_SELECTIONS",
        default_value_t = DocumentLimits::default().selections,
        value_parser = count(1)
    )]
    pub max_selections: usize,
    /// Accept documents whose fields are nested at most this deep
    ///
    /// A root field has the depth 1. Inline fragments and fragment spreads add no depth of their own. A deeper
    /// document is refused with the error code `QUERY_TOO_COMPLEX`.
    #[arg(
        long,
        value_name = "LEVELS",
        env = "MAX_DEPTH",
        default_value_t = DocumentLimits::default().depth,
        value_parser = levels()
    )]
    pub max_depth: usize,
    /// Accept documents of at most this many aliases
    ///
    /// The aliases in a fragment count each time that the fragment is spread. A document with more is refused with
    /// the error code `QUERY_TOO_COMPLEX`.
    #[arg(
        long,
        value_name = "COUNT",
        env = "MAX_ALIASES",
        default_value_t = DocumentLimits::default().aliases,
        value_parser = count(0)
    )]
    pub max_aliases: usize,
    /// Accept documents of at most this many directives
    ///
    /// The directives in a fragment count each time that the fragment is spread. A document with more is refused with
    /// the error code `QUERY_TOO_COMPLEX`.
    #[arg(
        long,
        value_name = "COUNT",
        env = "MAX_DIRECTIVES",
        default_value_t = DocumentLimits::default().directives,
        value_parser = count(0)
    )]
    pub max_directives: usize,
    /// Execute operations that cost at most this many complexity points
    ///
    /// A field costs one point, and `location`, `reason`, `from` and `to` cost five, because users write long texts
    /// there. A list multiplies the cost of its fields by its page size. Each `totalCount` costs 1000 in addition, and
    /// each list with `filter` or `search` 500. Introspection may cost six times as much. A more expensive operation
    /// is refused with the error code `QUERY_TOO_COMPLEX`. The operations of a batch share the points.
    #[arg(
        long,
        value_name = "POINTS",
        env = "MAX_COMPLEXITY",
        default_value_t = DocumentLimits::default().complexity,
        value_parser = count(1)
    )]
    pub max_complexity: usize,
    /// Let each user spend at most this many complexity points in a minute, at least 1
    ///
    /// Points are regained at a constant rate. An operation beyond them is refused with the error code `RATE_LIMITED`
    /// and a `retry-after` header. A REST request, a WebSocket, a document that is refused and an unknown hash cost 10
    /// points, and a booking that is refused for a conflict 100. An event of a subscription costs as much as the
    /// operation, unless subscribers share its response; a subscriber who owes points receives the next event when they
    /// are regained. Clients without a token share the points of their address. The introspection of GraphiQL needs
    /// about 103,300 points. Without this setting there is no such limit.
    #[arg(long, value_name = "POINTS", env = "RATE_LIMIT", value_parser = number::<u32>(1, u32::MAX.into()))]
    pub rate_limit: Option<u32>,
    /// Cache parsed and validated documents in at most this many bytes of memory
    ///
    /// A document uses about 4 bytes for each byte of its text, and 500 for each token. Clients can send the SHA-256 of
    /// a cached document instead of its text (automatic persisted queries). A full cache evicts documents that are
    /// used seldom. Documents of clients without a token are not cached.
    #[arg(
        long,
        value_name = "BYTES",
        env = "DOCUMENT_CACHE",
        default_value_t = DocumentLimits::default().cache,
        value_parser = bytes(0)
    )]
    pub document_cache: usize,
    /// Refuse a response of more than this many bytes
    ///
    /// The responses to a batch share them. The operation fails with the error code `QUERY_TOO_COMPLEX`, or
    /// `OUTCOME_UNKNOWN` if it was a mutation, which may have been made. The server stops writing the response at the
    /// limit.
    #[arg(
        long,
        value_name = "BYTES",
        env = "MAX_RESPONSE",
        default_value_t = 16 * 1024 * 1024,
        value_parser = bytes(1)
    )]
    pub max_response: usize,
    /// Keep responses to subscriptions in at most this many bytes of memory, for other subscribers
    ///
    /// Subscribers with equal selections and permissions share the response to an event while it is kept. A response
    /// of more than 256 KiB is shared only while it is executed. The responses count for `--request-memory`, too.
    #[arg(
        long,
        value_name = "BYTES",
        env = "SHARED_RESPONSES",
        default_value_t = 16 * 1024 * 1024,
        value_parser = bytes(0)
    )]
    pub shared_responses: usize,
    /// Let the subscriptions of one user keep at most this many bytes of memory
    ///
    /// A subscription keeps the text of its document and its variables; subscriptions with equal texts share one. It
    /// counts for 2 KiB besides. A further subscription is refused with the error code `TOO_MANY_SUBSCRIPTIONS`.
    #[arg(
        long,
        value_name = "BYTES",
        env = "SUBSCRIPTION_MEMORY_PER_USER",
        default_value_t = 8 * 1024 * 1024,
        value_parser = bytes(1)
    )]
    pub subscription_memory_per_user: usize,
    /// Let these clients read the schema by introspection
    ///
    /// GraphiQL needs it to complete and check what is typed. Where it is not allowed, a query for `__schema` or
    /// `__type` is refused with the error code `UNAUTHENTICATED` or `GRAPHQL_VALIDATION_FAILED`.
    #[arg(long, value_name = "CLIENTS", env = "INTROSPECTION", value_enum, default_value_t = IntrospectionSetting::On)]
    pub introspection: IntrospectionSetting,
}

/// Levels of nesting. Documents are checked and executed by recursion: more levels could exceed the stack.
fn levels() -> impl Fn(&str) -> Result<usize, String> + Clone + Send + Sync {
    number(1, 200)
}

/// Who may read the schema by introspection.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum IntrospectionSetting {
    /// All clients
    On,
    /// Clients with a token
    SignedIn,
    /// No client
    Off,
}

impl From<IntrospectionSetting> for Introspection {
    fn from(setting: IntrospectionSetting) -> Self {
        match setting {
            IntrospectionSetting::On => Self::On,
            IntrospectionSetting::SignedIn => Self::SignedIn,
            IntrospectionSetting::Off => Self::Off,
        }
    }
}

impl GraphQlSettings {
    /// The settings as the engine takes them.
    pub(crate) fn limits(&self) -> EngineLimits {
        EngineLimits {
            documents: DocumentLimits {
                length: self.max_document,
                tokens: self.max_tokens,
                nesting: self.max_nesting,
                selections: self.max_selections,
                depth: self.max_depth,
                aliases: self.max_aliases,
                directives: self.max_directives,
                complexity: self.max_complexity,
                cache: self.document_cache,
                ..DocumentLimits::default()
            },
            rate_limit: self.rate_limit.and_then(NonZeroU32::new),
            introspection: self.introspection.into(),
            response: self.max_response,
            shared_responses: self.shared_responses,
            subscriptions_per_user: self.subscription_memory_per_user,
        }
    }
}
