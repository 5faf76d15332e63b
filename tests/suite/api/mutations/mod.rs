//! One file a mutation, and one for each rule that several mutations share.

mod accept_interview;
mod acting_side;
mod amend_interview;
mod available_actions;
mod booking_limits;
mod bulk_interviews;
mod cancel_interview;
mod complete_interview;
mod create_interview;
mod decline_amendment;
mod event_id;
mod exceeded_limits;
mod expected_version;
mod invalid_state;
mod mark_no_show;
mod permissions;
mod reject_interview;
mod schedule_conflicts;
mod update_interview;
mod warnings;
mod withdraw_amendment;
