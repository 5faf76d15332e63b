//! Outages and recovery of the database: broken connections, restarts, too few connections, read-only and full
//! databases, commits without an answer. `http/timeouts` has locked databases, `api/errors/internal_errors` damaged
//! ones.

mod broken_connections;
mod connection_limit;
mod error_codes;
mod lost_database;
mod read_only;
mod restart;
mod unknown_outcomes;
