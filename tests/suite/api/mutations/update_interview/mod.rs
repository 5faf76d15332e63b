//! `updateInterview`: the fields that it changes, its effect on status and history, and its validation.

mod effects;
mod fields;
mod status_and_history;
mod validation;
