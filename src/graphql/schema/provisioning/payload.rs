//! The type `SyncPayload`: what became of the rows of a request.

use crate::domain::provisioning;
use crate::graphql::schema::interview::user_errors::UserError;
use async_graphql::{Enum, ID, SimpleObject};

/// What became of the rows of a request.
#[derive(SimpleObject)]
pub struct SyncPayload {
    /// One result for each row, in their order. Empty if the viewer may not write rows.
    pub results: Vec<SyncResult>,
    /// The errors of the rows that were refused, with the row in the `path`: `["users", "3", "companyId"]`.
    pub user_errors: Vec<UserError>,
}

/// What became of a row.
#[derive(SimpleObject)]
pub struct SyncResult {
    /// The id of the row as it was sent.
    id: ID,
    /// What became of it.
    outcome: SyncOutcome,
}

/// What became of a row.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum SyncOutcome {
    /// The row is stored.
    Written,
    /// The row says what is stored already. It has the new `sourceUpdatedAt`.
    Unchanged,
    /// What is stored is as new, or newer. Nothing was written.
    Outdated,
    /// The row has errors, which are in `userErrors`. Nothing of it was written.
    Refused,
}

impl SyncPayload {
    /// `argument` is the list of the rows, and `ids` are their ids.
    pub fn new(argument: &str, ids: Vec<ID>, outcomes: Vec<provisioning::SyncOutcome>) -> Self {
        let (mut results, mut user_errors) = (Vec::with_capacity(ids.len()), Vec::new());
        for (index, (id, outcome)) in ids.into_iter().zip(outcomes).enumerate() {
            let outcome = match outcome {
                provisioning::SyncOutcome::Written => SyncOutcome::Written,
                provisioning::SyncOutcome::Unchanged => SyncOutcome::Unchanged,
                provisioning::SyncOutcome::Outdated => SyncOutcome::Outdated,
                provisioning::SyncOutcome::Refused(errors) => {
                    let path = || vec![argument.to_owned(), index.to_string()];
                    user_errors.extend(errors.into_iter().map(|error| UserError::in_row(error, path())));
                    SyncOutcome::Refused
                }
            };
            results.push(SyncResult { id, outcome });
        }
        Self { results, user_errors }
    }

    /// The result for a viewer who may not write rows.
    pub fn not_permitted(reason: &str) -> Self {
        Self { results: Vec::new(), user_errors: vec![UserError::not_permitted(reason)] }
    }
}
