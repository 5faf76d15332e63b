//! Companies, users and applications that the platform sends, and their lists for administrators.

mod codes;
mod feeds;
mod limits;
mod lists;
mod outcomes;
mod permissions;
mod plans;
mod transactions;
mod viewers;
