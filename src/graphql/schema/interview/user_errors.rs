//! User errors: refusals as data, so that a form can show each at its field.

use crate::domain::calendar::CalendarFeed;
use crate::domain::provisioning::RowError;
use crate::domain::webhook::{self, WebhookError};
use crate::domain::{self, Conflict, Field, FieldError, Refusal, SettingError};
use crate::graphql::schema::enums::{InterviewAction, InterviewStatus, Side};
use crate::graphql::schema::idempotency::KEY;
use crate::graphql::schema::interview::object::Interview;
use crate::graphql::schema::webhooks::enums::WebhookStatus;
use async_graphql::{Enum, Interface, SimpleObject};

/// An error that the user can fix. New types of errors and new codes may be added: a client shows the `message` of
/// those that it does not know.
#[derive(Interface)]
#[graphql(
    field(name = "code", ty = "&UserErrorCode", desc = "The kind of error, for programs."),
    field(name = "message", ty = "&String", desc = "The error in English, in whole sentences for the user."),
    field(name = "path", ty = "&Vec<String>", desc = "The path of the wrong input, starting with an argument.")
)]
pub enum UserError {
    Validation(ValidationError),
    NotFound(NotFoundError),
    Forbidden(ForbiddenError),
    InvalidState(InvalidStateError),
    ScheduleConflict(ScheduleConflictError),
    StaleVersion(StaleVersionError),
    OpenInterviews(OpenInterviewsError),
    Version(VersionError),
    WebhookState(WebhookStateError),
}

/// The kind of a user error.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "crate::domain::RefusalCode")]
pub enum UserErrorCode {
    /// The end is not after the start.
    EndNotAfterStart,
    /// The interview is longer than 24 hours or than the server allows. `limit` is in minutes.
    DurationTooLong,
    /// The text is longer than its field allows. `limit` is in characters.
    TextTooLong,
    /// The field cannot be null.
    NullNotAllowed,
    /// The location is blank, or has control characters, line breaks, a change of the direction of text without its
    /// counterpart, or noncharacters.
    InvalidLocation,
    /// The reason is blank, or has control characters other than line breaks and tabs, a change of the direction of
    /// text without its counterpart, or noncharacters.
    InvalidReason,
    /// The company has no such interviewee.
    IntervieweeNotFound,
    /// The company has no such active interviewer.
    InterviewerNotFound,
    /// The interviewee has as many open interviews as the server allows.
    TooManyOpenInterviews,
    /// The proposed time is the current or the already proposed one.
    AmendmentUnchanged,
    /// An admin has to pass the side to act for: both can do this now.
    SideRequired,
    /// A new row lacks the field.
    Required,
    /// The id is not a whole number from 1 to 9223372036854775807.
    InvalidId,
    /// An earlier row of the request has the same id.
    DuplicateId,
    /// Staff need a company.
    CompanyRequired,
    /// Only staff have a company.
    CompanyNotAllowed,
    /// There is no such company.
    CompanyNotFound,
    /// There is no such driver.
    DriverNotFound,
    /// The company and the driver of an application never change. A user with interviews does not become a driver, and
    /// a driver with interviews nothing else.
    Immutable,
    /// The person was erased: nothing of them is stored any more.
    Erased,
    /// The image is not an http or https URL of at most 2048 characters.
    InvalidImage,
    /// The address does not have exactly one @, or is longer than 254 characters.
    InvalidEmail,
    /// The name or title is blank, longer than 200 characters, or has characters as of `INVALID_TEXT`.
    InvalidTitle,
    /// The text has control characters other than tabs and line feeds, a change of the direction of text without its
    /// counterpart, or noncharacters.
    InvalidText,
    /// The `jti` is empty, longer than 256 bytes, or contains NUL.
    InvalidJti,
    /// The setting of a company cannot have this value.
    InvalidSetting,
    /// The URL of a webhook is not an https URL of at most 2048 characters, has a user, a password or a fragment, or
    /// names a private address.
    InvalidUrl,
    /// The company has 20 webhooks already, or there are 20 without a company.
    TooManyWebhooks,
    /// The user has 5 feeds of calendars. `limit` is in feeds.
    TooManyFeeds,
    /// The idempotency key does not have 1 to 255 printable ASCII characters.
    InvalidIdempotencyKey,
    /// Another request of the user had the idempotency key.
    IdempotencyKeyReused,
    /// The person to erase has open interviews.
    OpenInterviews,
    /// There is no such interview, company or event that the viewer may see, no such webhook that they manage, or no
    /// such user.
    NotFound,
    /// The viewer may see the interview or company, but has no permission for this action.
    Forbidden,
    /// The status of the interview or webhook does not allow this action.
    InvalidState,
    /// A person of the interview has another interview at that time.
    ScheduleConflict,
    /// The interview, the settings of a company, or the webhook have changed since the expected version.
    StaleVersion,
}

macro_rules! user_error {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(SimpleObject)]
        pub struct $name {
            /// The kind of error, for programs.
            code: UserErrorCode,
            /// The error in English, in whole sentences for the user.
            message: String,
            /// The path of the wrong input, starting with an argument.
            path: Vec<String>,
            $($(#[$field_doc])* $field: $type,)*
        }
    };
}

user_error! {
    /// A field of the input is invalid.
    ValidationError {
        /// The limit that the value exceeds, for `TEXT_TOO_LONG` (characters), `DURATION_TOO_LONG` (minutes),
        /// `TOO_MANY_OPEN_INTERVIEWS` (interviews), `TOO_MANY_WEBHOOKS` (webhooks) and `TOO_MANY_FEEDS` (feeds). Null
        /// elsewhere.
        limit: Option<i32>,
    }
}
user_error! {
    /// There is no such interview, company or event that the viewer may see, no such webhook that they manage, or no
    /// such user. The code is `NOT_FOUND`.
    NotFoundError {}
}
user_error! {
    /// The viewer may see the interview or company, but has no permission for this action. The code is `FORBIDDEN`.
    ForbiddenError {}
}
user_error! {
    /// The status of the interview does not allow this action. The code is `INVALID_STATE`.
    InvalidStateError {
        /// The current status.
        status: InterviewStatus,
        /// The actions that are possible for the viewer instead.
        available_actions: Vec<InterviewAction>,
        /// The current interview.
        current: Interview,
    }
}
user_error! {
    /// A person of the interview has another interview at that time. The code is `SCHEDULE_CONFLICT`. There is one
    /// error for each side whose time is taken: two with equal `code` and `path` if both people are busy.
    ScheduleConflictError {
        /// The side whose time is taken.
        side: Side,
        /// The conflicting interviews that the viewer may see. Others are reported, without an interview, only if there
        /// is none of these.
        conflicts: Vec<Interview>,
        /// Whether the viewer can send the same input with `allowOverlap: true` to book over the conflict. False for
        /// `acceptInterview`: staff can update the interview to that time instead, and the driver accepts it.
        overridable: bool,
    }
}
user_error! {
    /// The interview has changed since the expected version. The code is `STALE_VERSION`.
    StaleVersionError {
        /// The current interview.
        current: Interview,
    }
}

/// Where the arguments of a mutation are, for the paths of its errors.
#[derive(Clone, Copy, Debug)]
pub enum ArgumentPaths {
    /// In `input`; there is no `id`.
    InputWithoutId,
    /// In `input`, beside `id`.
    Input,
    /// Beside `id`; there is no `input`.
    BesideId,
}

impl ArgumentPaths {
    fn path(self, field: Field) -> Vec<String> {
        // The fields of a proposal are called `startAt` and `endAt` in its input.
        let name = match field {
            Field::AmendStartAt => "startAt",
            Field::AmendEndAt => "endAt",
            field => field.api_name(),
        };
        match self {
            Self::InputWithoutId | Self::Input => vec!["input".to_owned(), name.to_owned()],
            Self::BesideId => vec![name.to_owned()],
        }
    }

    /// The argument that identifies the interview.
    fn interview_path(self) -> Vec<String> {
        match self {
            Self::InputWithoutId => vec!["input".to_owned()],
            Self::Input | Self::BesideId => vec!["id".to_owned()],
        }
    }

    /// The argument that sets the time.
    fn time_path(self) -> Vec<String> {
        match self {
            Self::InputWithoutId | Self::Input => self.path(Field::StartAt),
            Self::BesideId => self.path(Field::Id),
        }
    }
}

user_error! {
    /// The person to erase has open interviews. The code is `OPEN_INTERVIEWS`.
    OpenInterviewsError {
        /// The open interviews, by id; the first 100 of more.
        interviews: Vec<Interview>,
    }
}

user_error! {
    /// What the request changes has changed since the expected version. The code is `STALE_VERSION`. Of interviews, see
    /// `StaleVersionError`.
    VersionError {
        /// The current version.
        version: i32,
    }
}

user_error! {
    /// The status of the webhook does not allow this action. The code is `INVALID_STATE`. Of interviews, see
    /// `InvalidStateError`.
    WebhookStateError {
        /// The current status.
        status: WebhookStatus,
    }
}

impl UserError {
    /// The error of an argument `path` that names nothing.
    pub fn not_found(message: &str, path: &[&str]) -> Self {
        let (code, message) = (UserErrorCode::NotFound, message.to_owned());
        Self::NotFound(NotFoundError { code, message, path: owned(path) })
    }

    /// The error of an argument `path` that names no company.
    pub fn unknown_company(path: &[&str]) -> Self {
        Self::not_found("This company does not exist, or you cannot see it.", path)
    }

    /// The error of a change of a webhook that has this version.
    pub fn stale_webhook(version: i32) -> Self {
        let message = "This webhook has changed in the meantime. Look at it again before you decide.".to_owned();
        let path = owned(&["expectedVersion"]);
        Self::Version(VersionError { code: UserErrorCode::StaleVersion, message, path, version })
    }

    /// The error of one webhook more than a company may have.
    pub fn too_many_webhooks() -> Self {
        let limit = webhook::Webhook::MAX_PER_COMPANY;
        let message = format!("There are {limit} webhooks already, which is the limit of a company.");
        let (code, path) = (UserErrorCode::TooManyWebhooks, owned(&["input"]));
        Self::Validation(ValidationError { code, message, path, limit: i32::try_from(limit).ok() })
    }

    /// The error of a webhook that receives nothing, because it has this status. The argument `id` names it.
    pub fn webhook_state(message: &str, status: webhook::WebhookStatus, id: &str) -> Self {
        let (code, message, status) = (UserErrorCode::InvalidState, message.to_owned(), status.into());
        Self::WebhookState(WebhookStateError { code, message, path: owned(&[id]), status })
    }

    /// The error of a field of a webhook in `input`.
    pub fn webhook(error: WebhookError) -> Self {
        let path = owned(&["input", error.field.into_str()]);
        let limit = error.limit.and_then(|limit| i32::try_from(limit).ok());
        Self::Validation(ValidationError { code: error.code.into(), message: error.message, path, limit })
    }

    /// The error of a change of settings that have this version.
    pub fn stale_settings(version: i32) -> Self {
        let message = "These settings have changed in the meantime. Look at them again before you decide.".to_owned();
        let path = owned(&["expectedVersion"]);
        Self::Version(VersionError { code: UserErrorCode::StaleVersion, message, path, version })
    }

    /// The error of a setting in `input`.
    pub fn setting(error: SettingError) -> Self {
        let mut path = owned(&["input", error.setting.into_str()]);
        path.extend(error.item.map(|item| item.to_string()));
        Self::Validation(ValidationError { code: error.code.into(), message: error.message, path, limit: None })
    }

    /// The error of a user who has as many feeds as a user may have.
    pub fn too_many_feeds() -> Self {
        let message = "You have 5 calendar feeds. Revoke one that you do not use any more.".to_owned();
        let limit = i32::try_from(CalendarFeed::MAX_PER_USER).ok();
        Self::Validation(ValidationError { code: UserErrorCode::TooManyFeeds, message, path: Vec::new(), limit })
    }

    /// The error of an argument `path` that names no feed of the viewer.
    pub fn unknown_feed(path: &[&str]) -> Self {
        let message = "You have no such calendar feed.".to_owned();
        Self::NotFound(NotFoundError { code: UserErrorCode::NotFound, message, path: owned(path) })
    }

    /// The error of an argument `path` that names no user.
    pub fn unknown_user(path: &[&str]) -> Self {
        Self::not_found("This user does not exist.", path)
    }

    /// The error of an argument `path` that no token can have as its `jti`.
    pub fn invalid_jti(path: &[&str]) -> Self {
        let message = "The `jti` has to have 1 to 256 bytes, and cannot contain NUL.".to_owned();
        Self::Validation(ValidationError { code: UserErrorCode::InvalidJti, message, path: owned(path), limit: None })
    }

    /// The error of erasing a person, whom the argument `path` names, who has these open interviews.
    pub fn open_interviews(interviews: Vec<domain::Interview>, path: &[&str]) -> Self {
        let message = "This person has open interviews. Cancel them first, or together with the erasure.".to_owned();
        let interviews = interviews.into_iter().map(Interview::from).collect();
        Self::OpenInterviews(OpenInterviewsError {
            code: UserErrorCode::OpenInterviews,
            message,
            path: owned(path),
            interviews,
        })
    }

    /// The error of a mutation that the viewer may not make at all.
    pub fn not_permitted(reason: &str) -> Self {
        let (message, path) = (reason.to_owned(), Vec::new());
        Self::Forbidden(ForbiddenError { code: UserErrorCode::Forbidden, message, path })
    }

    /// An error in one field of a row that the platform sends. `path` leads to the row.
    pub fn in_row(error: RowError, mut path: Vec<String>) -> Self {
        path.push(error.field.into_str().to_owned());
        let limit = error.limit.map(|limit| i32::try_from(limit).unwrap_or(i32::MAX));
        Self::Validation(ValidationError { code: error.code.into(), message: error.message, path, limit })
    }

    /// The errors of a refusal.
    pub fn all(refusal: Refusal, paths: ArgumentPaths) -> Vec<Self> {
        let path = paths.interview_path();
        match refusal {
            Refusal::Invalid(errors) => errors.into_iter().map(|error| Self::error(error, paths)).collect(),
            Refusal::NotFound => {
                let message = Refusal::NOT_FOUND.to_owned();
                vec![Self::NotFound(NotFoundError { code: UserErrorCode::NotFound, message, path })]
            }
            Refusal::Forbidden(reason) => {
                let message = reason.to_owned();
                vec![Self::Forbidden(ForbiddenError { code: UserErrorCode::Forbidden, message, path })]
            }
            Refusal::InvalidState { action, current, available } => vec![Self::InvalidState(InvalidStateError {
                code: UserErrorCode::InvalidState,
                message: Refusal::state_message(action, current.status()),
                path,
                status: current.status().into(),
                available_actions: available.into_iter().map(InterviewAction::from).collect(),
                current: Interview::from(*current),
            })],
            Refusal::Conflicts(conflicts) => {
                conflicts.into_iter().map(|conflict| Self::conflict(conflict, paths)).collect()
            }
            Refusal::Stale(current) => vec![Self::StaleVersion(StaleVersionError {
                code: UserErrorCode::StaleVersion,
                message: Refusal::STALE.to_owned(),
                path: vec!["expectedVersion".to_owned()],
                current: Interview::from(*current),
            })],
            Refusal::InvalidKey => vec![Self::invalid_key()],
            Refusal::KeyReused => vec![Self::key_reused()],
        }
    }

    /// The path of the wrong input.
    pub fn path_mut(&mut self) -> &mut Vec<String> {
        match self {
            Self::Validation(error) => &mut error.path,
            Self::NotFound(error) => &mut error.path,
            Self::Forbidden(error) => &mut error.path,
            Self::InvalidState(error) => &mut error.path,
            Self::ScheduleConflict(error) => &mut error.path,
            Self::StaleVersion(error) => &mut error.path,
            Self::OpenInterviews(error) => &mut error.path,
            Self::Version(error) => &mut error.path,
            Self::WebhookState(error) => &mut error.path,
        }
    }

    fn invalid_key() -> Self {
        Self::idempotency_key(UserErrorCode::InvalidIdempotencyKey, Refusal::INVALID_KEY)
    }

    /// The error of a key that another request had.
    pub fn key_reused() -> Self {
        Self::idempotency_key(UserErrorCode::IdempotencyKeyReused, Refusal::KEY_REUSED)
    }

    fn idempotency_key(code: UserErrorCode, message: &str) -> Self {
        let path = owned(&[KEY]);
        Self::Validation(ValidationError { code, message: message.to_owned(), path, limit: None })
    }

    fn error(error: FieldError, paths: ArgumentPaths) -> Self {
        Self::Validation(ValidationError {
            code: error.code.into(),
            message: error.message,
            path: paths.path(error.field),
            limit: error.limit.map(|limit| i32::try_from(limit).unwrap_or(i32::MAX)),
        })
    }

    fn conflict(conflict: Conflict, paths: ArgumentPaths) -> Self {
        Self::ScheduleConflict(ScheduleConflictError {
            code: UserErrorCode::ScheduleConflict,
            message: conflict.message(),
            path: paths.time_path(),
            side: conflict.side.into(),
            overridable: conflict.overridable,
            conflicts: conflict.visible.into_iter().map(Interview::from).collect(),
        })
    }
}

fn owned(path: &[&str]) -> Vec<String> {
    path.iter().map(|part| (*part).to_owned()).collect()
}
