//! How refusals are told: as data, beside the interview, so that a form can show each at its field.

use crate::domain::{Conflict, Field, FieldError, FieldErrorCode, Refusal};
use crate::graphql::direct_json::One;
use crate::graphql::schema::enums::{InterviewAction, InterviewStatus, Side};
use crate::graphql::schema::interview::object::Interview;
use async_graphql::{Enum, Interface, SimpleObject};

/// The outcome of a mutation.
#[derive(SimpleObject, Default)]
pub struct InterviewPayload {
    /// The interview after the change; null when it was refused, and then nothing was written.
    pub interview: Option<One<Box<Interview>>>,
    /// Why it was refused: everything that is wrong, at once. Empty when it was done.
    pub user_errors: Vec<UserError>,
}

/// Something that the user can mend.
#[derive(Interface)]
#[graphql(
    field(name = "code", ty = "&UserErrorCode", desc = "What is wrong, for programs."),
    field(name = "message", ty = "&String", desc = "What is wrong, for people."),
    field(name = "path", ty = "&Vec<String>", desc = "The input at fault, from the mutation's arguments on.")
)]
pub enum UserError {
    /// A field is wrong.
    Validation(ValidationError),
    /// There is none.
    NotFound(NotFoundError),
    /// Not permitted.
    Forbidden(ForbiddenError),
    /// Not in this state.
    InvalidState(InvalidStateError),
    /// Somebody is busy.
    ScheduleConflict(ScheduleConflictError),
    /// Somebody was faster.
    StaleVersion(StaleVersionError),
}

/// What is wrong with a request.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum UserErrorCode {
    /// The end is not after the start.
    EndNotAfterStart,
    /// The interview would be longer than 24 hours, or the text is longer than its field.
    TooLong,
    /// This field cannot be null.
    NullNotAllowed,
    /// The location is blank or has control characters.
    InvalidLocation,
    /// The reason is blank or has control characters.
    InvalidReason,
    /// There is no such interviewee in the company.
    IntervieweeNotFound,
    /// There is no such active interviewer in the company.
    InterviewerNotFound,
    /// The proposed time is what already stands.
    AmendmentUnchanged,
    /// An admin has to say for which side they act.
    SideRequired,
    /// There is no such interview for the viewer.
    NotFound,
    /// The viewer sees the interview and may not do this.
    Forbidden,
    /// The state of the interview does not allow it.
    InvalidState,
    /// A person of the interview is busy at that time.
    ScheduleConflict,
    /// The interview has changed since the expected version.
    StaleVersion,
}

macro_rules! user_error {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(SimpleObject)]
        pub struct $name {
            /// What is wrong, for programs.
            code: UserErrorCode,
            /// What is wrong, for people.
            message: String,
            /// The input at fault, from the mutation's arguments on.
            path: Vec<String>,
            $($(#[$field_doc])* $field: $type,)*
        }
    };
}

user_error! {
    /// A field of the input is wrong.
    ValidationError {}
}
user_error! {
    /// There is no such interview for the viewer.
    NotFoundError {}
}
user_error! {
    /// The viewer sees the interview and may not do this.
    ForbiddenError {}
}
user_error! {
    /// The state of the interview does not allow it.
    InvalidStateError {
        /// The state it is in.
        status: InterviewStatus,
        /// What the viewer could do instead.
        available_actions: Vec<InterviewAction>,
    }
}
user_error! {
    /// A person of the interview is busy at that time.
    ScheduleConflictError {
        /// Whose time is taken.
        side: Side,
        /// The interviews that take it, as far as the viewer may see them. There may be more.
        conflicts: Vec<Interview>,
    }
}
user_error! {
    /// The interview has changed since the expected version.
    StaleVersionError {
        /// What it is now.
        current: Interview,
    }
}

/// Where a mutation keeps its fields.
#[derive(Clone, Copy, Debug)]
pub enum Arguments {
    /// In `input`, and there is no id yet.
    New,
    /// In `input`.
    Input,
    /// Beside the id.
    Plain,
}

/// A field's name in the schema.
pub fn field_name(field: Field) -> &'static str {
    match field {
        Field::Id => "id",
        Field::Kind => "kind",
        Field::Status => "status",
        Field::StartAt => "startAt",
        Field::EndAt => "endAt",
        Field::AmendStartAt => "amendStartAt",
        Field::AmendEndAt => "amendEndAt",
        Field::AmendedBy => "amendedBy",
        Field::Location => "location",
        Field::IntervieweeId => "intervieweeId",
        Field::InterviewerId => "interviewerId",
        Field::AllowOverlap => "allowOverlap",
        Field::Reason => "reason",
        Field::Absent => "absent",
        Field::As => "as",
    }
}

impl Arguments {
    fn path(self, field: Field) -> Vec<String> {
        // The proposed time is simply the time in the input that proposes it.
        let name = match field {
            Field::AmendStartAt => "startAt",
            Field::AmendEndAt => "endAt",
            field => field_name(field),
        };
        match self {
            Self::New | Self::Input => vec!["input".to_owned(), name.to_owned()],
            Self::Plain => vec![name.to_owned()],
        }
    }

    /// What names the interview.
    fn interview_path(self) -> Vec<String> {
        match self {
            Self::New => vec!["input".to_owned()],
            Self::Input | Self::Plain => vec!["id".to_owned()],
        }
    }

    /// What asked for the time that is taken.
    fn time_path(self) -> Vec<String> {
        match self {
            Self::New | Self::Input => self.path(Field::StartAt),
            Self::Plain => self.path(Field::Id),
        }
    }
}

impl UserError {
    /// Everything that a refusal says.
    pub fn all(refusal: Refusal, arguments: Arguments) -> Vec<Self> {
        let path = arguments.interview_path();
        match refusal {
            Refusal::Invalid(errors) => errors.into_iter().map(|error| Self::error(error, arguments)).collect(),
            Refusal::NotFound => {
                let message = "there is no such interview".to_owned();
                vec![Self::NotFound(NotFoundError { code: UserErrorCode::NotFound, message, path })]
            }
            Refusal::Forbidden(why) => {
                let message = why.to_owned();
                vec![Self::Forbidden(ForbiddenError { code: UserErrorCode::Forbidden, message, path })]
            }
            Refusal::InvalidState { status, available } => vec![Self::InvalidState(InvalidStateError {
                code: UserErrorCode::InvalidState,
                message: crate::domain::Refusal::state_message(status),
                path,
                status: status.into(),
                available_actions: available.into_iter().map(InterviewAction::from).collect(),
            })],
            Refusal::Conflicts(conflicts) => {
                conflicts.into_iter().map(|conflict| Self::conflict(conflict, arguments)).collect()
            }
            Refusal::Stale(current) => vec![Self::StaleVersion(StaleVersionError {
                code: UserErrorCode::StaleVersion,
                message: Refusal::stale_message(&current),
                path: vec!["expectedVersion".to_owned()],
                current: Interview::from(*current),
            })],
        }
    }

    fn error(error: FieldError, arguments: Arguments) -> Self {
        let code = match error.code {
            FieldErrorCode::EndNotAfterStart => UserErrorCode::EndNotAfterStart,
            FieldErrorCode::TooLong => UserErrorCode::TooLong,
            FieldErrorCode::NullNotAllowed => UserErrorCode::NullNotAllowed,
            FieldErrorCode::InvalidLocation => UserErrorCode::InvalidLocation,
            FieldErrorCode::InvalidReason => UserErrorCode::InvalidReason,
            FieldErrorCode::IntervieweeNotFound => UserErrorCode::IntervieweeNotFound,
            FieldErrorCode::InterviewerNotFound => UserErrorCode::InterviewerNotFound,
            FieldErrorCode::AmendmentUnchanged => UserErrorCode::AmendmentUnchanged,
            FieldErrorCode::SideRequired => UserErrorCode::SideRequired,
        };
        Self::Validation(ValidationError { code, message: error.message, path: arguments.path(error.field) })
    }

    fn conflict(conflict: Conflict, arguments: Arguments) -> Self {
        Self::ScheduleConflict(ScheduleConflictError {
            code: UserErrorCode::ScheduleConflict,
            message: conflict.message(),
            path: arguments.time_path(),
            side: conflict.side.into(),
            conflicts: conflict.visible.into_iter().map(Interview::from).collect(),
        })
    }
}
