//! The input type `InterviewOperation`: any mutation of an interview, as a value.

use crate::domain::{self, Booking, Command, InterviewId};
use crate::graphql::schema::enums::Side;
use crate::graphql::schema::idempotency::KEY;
use crate::graphql::schema::interview::inputs::{AmendInterviewInput, CreateInterviewInput, UpdateInterviewInput};
use crate::graphql::schema::interview::user_errors::ArgumentPaths;
use crate::services::Operation;
use async_graphql::{ID, InputObject, OneofObject};

/// A mutation of an interview with its arguments: exactly one of the fields.
#[derive(OneofObject)]
pub enum InterviewOperation {
    /// The `input` of `createInterview`.
    Create(CreateInterviewInput),
    /// `updateInterview`
    Update(UpdateOperation),
    /// `amendInterview`
    Amend(AmendOperation),
    /// `acceptInterview`
    Accept(PlainOperation),
    /// `declineAmendment`
    DeclineAmendment(PlainOperation),
    /// `withdrawAmendment`
    WithdrawAmendment(PlainOperation),
    /// `rejectInterview`
    Reject(ReasonOperation),
    /// `cancelInterview`
    Cancel(ReasonOperation),
    /// `completeInterview`
    Complete(PlainOperation),
    /// `markNoShow`
    MarkNoShow(NoShowOperation),
}

/// The arguments of `updateInterview`.
#[derive(InputObject)]
pub struct UpdateOperation {
    /// The interview's id.
    id: ID,
    /// The fields to change.
    input: UpdateInterviewInput,
    /// If given and not the current version: `STALE_VERSION`.
    expected_version: Option<i32>,
}

/// The arguments of `amendInterview`.
#[derive(InputObject)]
pub struct AmendOperation {
    /// The interview's id.
    id: ID,
    /// The proposed time.
    input: AmendInterviewInput,
    /// If given and not the current version: `STALE_VERSION`.
    expected_version: Option<i32>,
}

/// The arguments of a mutation that has no others.
#[derive(InputObject)]
pub struct PlainOperation {
    /// The interview's id.
    id: ID,
    /// The side for which an admin acts, as in the mutation. `completeInterview` has no such argument, and ignores it.
    #[graphql(name = "as")]
    acting: Option<Side>,
    /// If given and not the current version: `STALE_VERSION`.
    expected_version: Option<i32>,
}

/// The arguments of a mutation with a reason.
#[derive(InputObject)]
pub struct ReasonOperation {
    /// The interview's id.
    id: ID,
    /// The reason, at most 2000 characters. An empty text is null.
    reason: Option<String>,
    /// If given and not the current version: `STALE_VERSION`.
    expected_version: Option<i32>,
}

/// The arguments of `markNoShow`.
#[derive(InputObject)]
pub struct NoShowOperation {
    /// The interview's id.
    id: ID,
    /// The side that did not appear.
    absent: Side,
    /// If given and not the current version: `STALE_VERSION`.
    expected_version: Option<i32>,
}

/// Where an operation is in its input, for the paths of its errors.
#[derive(Clone, Copy)]
pub struct OperationPath {
    /// The field that is given.
    pub field: &'static str,
    /// As in the mutation.
    pub arguments: ArgumentPaths,
}

impl OperationPath {
    /// Turns the path of an error of the mutation into that of the operation with this number.
    pub fn locate(self, number: usize, path: &mut Vec<String>) {
        let mut located = vec!["operations".to_owned(), number.to_string()];
        // The key belongs to no operation, and the fields of a new interview are in no `input`.
        let is_of_key = path.first().is_some_and(|first| first == KEY);
        let skipped = usize::from(matches!(self.arguments, ArgumentPaths::InputWithoutId));
        if !is_of_key {
            located.push(self.field.to_owned());
            located.extend(path.drain(skipped..));
        }
        *path = located;
    }
}

impl InterviewOperation {
    pub fn into_parts(self) -> (OperationPath, Operation) {
        let at = |field, arguments| OperationPath { field, arguments };
        let plain =
            |field, PlainOperation { id, acting, expected_version }, command: fn(Option<domain::Side>) -> Command| {
                (at(field, ArgumentPaths::BesideId), change(&id, command(acting.map(Into::into)), expected_version))
            };
        match self {
            Self::Create(input) => {
                (at("create", ArgumentPaths::InputWithoutId), Operation::Create(Booking::from(input)))
            }
            Self::Update(UpdateOperation { id, input, expected_version }) => {
                (at("update", ArgumentPaths::Input), change(&id, input.into(), expected_version))
            }
            Self::Amend(AmendOperation { id, input, expected_version }) => {
                (at("amend", ArgumentPaths::Input), change(&id, input.into(), expected_version))
            }
            Self::Accept(operation) => plain("accept", operation, |acting| Command::Accept { acting }),
            Self::DeclineAmendment(operation) => {
                plain("declineAmendment", operation, |acting| Command::DeclineAmendment { acting })
            }
            Self::WithdrawAmendment(operation) => {
                plain("withdrawAmendment", operation, |acting| Command::WithdrawAmendment { acting })
            }
            Self::Complete(operation) => plain("complete", operation, |_| Command::Complete),
            Self::Reject(ReasonOperation { id, reason, expected_version }) => {
                (at("reject", ArgumentPaths::BesideId), change(&id, Command::Reject { reason }, expected_version))
            }
            Self::Cancel(ReasonOperation { id, reason, expected_version }) => {
                (at("cancel", ArgumentPaths::BesideId), change(&id, Command::Cancel { reason }, expected_version))
            }
            Self::MarkNoShow(NoShowOperation { id, absent, expected_version }) => {
                let command = Command::MarkNoShow { absent: absent.into() };
                (at("markNoShow", ArgumentPaths::BesideId), change(&id, command, expected_version))
            }
        }
    }
}

fn change(id: &ID, command: Command, expected_version: Option<i32>) -> Operation {
    Operation::Change { id: InterviewId::from_text(id), command, expected: expected_version.into() }
}
