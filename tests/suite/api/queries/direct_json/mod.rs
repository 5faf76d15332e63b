//! Objects that are written as JSON text without the executor.

mod equal_responses;
mod written_fields;
