//! Requests that the server makes to others. Neither rules nor SQL are here.

mod document;
mod http_client;

pub use document::{DocumentSource, DocumentUrl, FetchError, InvalidUrl};
