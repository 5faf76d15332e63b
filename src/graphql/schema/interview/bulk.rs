//! The mutation `bulkInterviews`.

use crate::domain::{IdempotencyKey, Refusal};
use crate::graphql::context::ContextExt;
use crate::graphql::engine::error::{Code, error_with_code};
use crate::graphql::schema::idempotency::key;
use crate::graphql::schema::interview::mutations::payload;
use crate::graphql::schema::interview::operations::{InterviewOperation, OperationPath};
use crate::graphql::schema::interview::payload::InterviewPayload;
use crate::graphql::schema::people::selection::PeopleSelection;
use crate::services::{AllOrNone, ChangedInterview, Include, Operation, ServiceError};
use async_graphql::{Context, Object, Result, SimpleObject};

/// The most operations of a bulk.
const MAX_OPERATIONS: usize = 100;

/// The result of `bulkInterviews`.
#[derive(SimpleObject)]
pub struct BulkPayload {
    /// The result of each operation, in their order. The paths of errors begin with `operations` and the number of the
    /// operation, from 0 on.
    results: Vec<InterviewPayload>,
    /// The number of operations without an error that are in force: made now or by an earlier request, or with nothing
    /// to change.
    applied: i32,
}

pub struct BulkMutations;

#[Object]
impl BulkMutations {
    /// Makes 1 to 100 operations on interviews, in their order. Each is refused or made by itself; with `atomic`, all
    /// are made or none. Two interviews cannot exchange their times in one call: after each operation, nobody has two
    /// at a time. An operation costs 50 points.
    async fn bulk_interviews(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The operations.")] operations: Vec<InterviewOperation>,
        #[graphql(
            desc = "Whether all are made or none. When one is refused, the results of the others are null without \
                    errors. The default is false.",
            default_with = "Some(false)"
        )]
        atomic: Option<bool>,
        #[graphql(desc = "Makes the mutation safe to repeat: 1 to 250 printable ASCII characters. What was made \
                          before is not made again, and the rest is made now, so that a call that was interrupted \
                          goes on.")]
        idempotency_key: Option<String>,
    ) -> Result<BulkPayload> {
        if !(1..=MAX_OPERATIONS).contains(&operations.len()) {
            let message = format!("The argument `operations` has to have 1 to {MAX_OPERATIONS} items.");
            return Err(error_with_code(Code::BadUserInput, message));
        }
        let viewer = ctx.viewer()?;
        let (paths, operations): (Vec<_>, Vec<_>) = operations.into_iter().map(InterviewOperation::into_parts).unzip();
        let results = match keys(idempotency_key, operations.len()) {
            Ok(keys) if atomic == Some(true) => {
                let made = Box::pin(ctx.services().make_all_or_none(viewer, &operations, &keys)).await;
                all_or_none(operations.len(), ctx.map_failure(made)?)
            }
            Ok(keys) => {
                let people = PeopleSelection::of_interviews(&ctx.look_ahead().field("results").field("interview"));
                let include = if people.any() { Include::People } else { Include::Nothing };
                let made = Box::pin(ctx.services().make_each(viewer, &operations, &keys, include)).await;
                ctx.map_failure(made)?.into_iter().map(Some).collect()
            }
            Err(refusal) => operations.iter().map(|_| Some(Err(refusal.clone()))).collect(),
        };
        let mut payloads = Vec::with_capacity(operations.len());
        for (number, (result, (path, operation))) in
            results.into_iter().zip(paths.into_iter().zip(&operations)).enumerate()
        {
            payloads.push(match result {
                Some(result) => operation_payload(ctx, result, number, path, operation)?,
                None => InterviewPayload::default(),
            });
        }
        let applied = payloads.iter().filter(|payload| payload.interview.is_some()).count();
        Ok(BulkPayload { results: payloads, applied: i32::try_from(applied).unwrap_or(i32::MAX) })
    }
}

/// The key of each operation.
fn keys(argument: Option<String>, operations: usize) -> Result<Vec<Option<IdempotencyKey>>, Refusal> {
    let Some(key) = key(argument)? else { return Ok(vec![None; operations]) };
    let of_item = |number| key.of_item(number).ok_or(Refusal::InvalidKey).map(Some);
    (0..operations).map(of_item).collect()
}

type OperationResult = Result<ChangedInterview, Refusal>;

/// None for an operation that was not made because of another one.
fn all_or_none(operations: usize, outcome: AllOrNone) -> Vec<Option<OperationResult>> {
    match outcome {
        AllOrNone::All(changed) => changed.into_iter().map(|changed| Some(Ok(changed))).collect(),
        AllOrNone::None(number, refusal) => {
            let mut results: Vec<_> = (0..operations).map(|_| None).collect();
            results[number] = Some(Err(refusal));
            results
        }
    }
}

fn operation_payload(
    ctx: &Context<'_>,
    result: OperationResult,
    number: usize,
    path: OperationPath,
    operation: &Operation,
) -> Result<InterviewPayload> {
    let result = result.map_err(ServiceError::Refused);
    let mut payload = payload(ctx, result, path.arguments, |interview| operation.requested_slot(interview))?;
    for error in &mut payload.user_errors {
        path.locate(number, error.path_mut());
    }
    Ok(payload)
}
