//! `updateInterview`

mod atomicity;
mod fields;
mod history;
mod status;
mod validation;
