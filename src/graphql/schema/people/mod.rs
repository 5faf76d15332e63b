//! Drivers, interviewers and applications in the schema.

pub mod interviewee;
pub mod queries;
pub mod selection;
pub mod users;
