//! The domain's rules, without a database.

mod state_machine;
