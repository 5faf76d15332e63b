//! Requests that the server makes to others. Neither rules nor SQL are here.

mod document;
mod http_client;
mod name_lookup;
mod webhook_client;

pub use crate::domain::webhook::address::AddressPolicy;
pub use document::{DocumentSource, DocumentUrl, FetchError, InvalidUrl};
pub use name_lookup::{NameLookup, SystemLookup};
pub use webhook_client::{
    InvalidProxy, WebhookClient, WebhookProxy, WebhookRequest, WebhookResponse, WebhookTransport,
};
