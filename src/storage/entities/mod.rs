//! The tables as SeaORM sees them. Private to storage: the tables are nobody else's business.

pub mod company;
pub mod event;
pub mod interview;
pub mod interviewee;
pub mod json;
pub mod revoked_token;
pub mod row;
pub mod user;
