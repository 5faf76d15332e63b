//! The documented REST request: its answer, its headers, its optimistic lock, and its refusals.

mod support;

mod rest_update {
    mod answers;
    mod errors;
}
