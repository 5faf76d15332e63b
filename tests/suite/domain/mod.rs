//! The domain's rules, without a database.

mod messages;
mod state_machine;
