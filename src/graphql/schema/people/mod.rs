//! Companies, users and applications in the schema.

pub mod interviewee;
pub mod object;
