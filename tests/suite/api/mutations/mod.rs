//! One file a mutation, and one for each rule that several mutations share.

mod accept_and_reject_interview;
mod acting_side;
mod amend_interview;
mod create_interview;
mod end_interview;
mod expected_version;
mod history_events;
mod looking;
pub mod schedule_conflicts;
mod state_errors;
mod update_interview;
