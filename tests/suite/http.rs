//! HTTP: what every answer has, how requests fail, what an outage looks like from outside, and the explorer.

mod answers;
mod explorer;
mod failures;
mod graphql_errors;
mod outages;
mod server;
mod timeouts;
