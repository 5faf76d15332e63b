//! The types, queries, mutations and subscriptions of the schema, one folder for each capability.

pub mod enums;
pub mod interview;
pub mod people;
pub mod scalars;
