//! `PATCH /api/v1/interviews/{id}`: the documented answer, headers, `If-Match`, and errors.

mod answers;
mod errors;
