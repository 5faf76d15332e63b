//! The types of the schema.

pub mod enums;
pub mod event;
pub mod interview;
pub mod interviewee;
pub mod people;
