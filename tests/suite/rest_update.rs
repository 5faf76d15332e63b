//! The documented REST request: its answer, its headers, its optimistic lock, and its refusals.

mod answers;
mod errors;
