//! HTTP: GraphQL over HTTP, headers and limits of every response, timeouts, memory, untrusted input, the
//! explorer and server-sent events.

mod absent_fields;
mod allowed_hosts;
mod connections;
mod draining;
mod encoded_bodies;
mod evictions;
mod explorer;
mod fuzz;
mod graphql_over_http;
mod memory;
mod numbers;
mod persisted_queries;
mod readiness;
mod responses;
mod server_sent_events;
mod silent_connections;
mod slash_at_the_end;
mod timeouts;
mod untrusted_input;
