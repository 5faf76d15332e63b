//! Connections, cursors and page arguments as Relay specifies them (<https://relay.dev/graphql/connections.htm>).

pub mod connection;
pub mod cursor;
pub mod page_arguments;
