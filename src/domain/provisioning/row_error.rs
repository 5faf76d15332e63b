//! Errors of rows, with the field at fault.

use crate::domain::RefusalCode;
use strum::{IntoStaticStr, VariantArray};

/// An error in one field of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowError {
    /// For programs.
    pub code: RefusalCode,
    /// The field at fault.
    pub field: RowField,
    /// For people: whole sentences.
    pub message: String,
    /// The limit that the value exceeds, in characters.
    pub limit: Option<u64>,
}

/// A field of a row, by its name in the API and in the lines of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "camelCase", const_into_str)]
pub enum RowField {
    /// The id in the platform.
    Id,
    /// The name of a company.
    Name,
    /// The URL of a picture.
    Image,
    /// The role of a user.
    Role,
    /// The company of staff, or the one to which a driver applied.
    CompanyId,
    /// Whether a member of staff may administer their company.
    Manager,
    /// The name of a user, or what a driver applied for.
    Title,
    /// A driver's own number.
    PhoneNumber,
    /// The number under which drivers reach a member of staff.
    ContactPhoneNumber,
    /// A user's address.
    Email,
    /// The driver who applied.
    DriverId,
    /// The progress of an application.
    Kind,
    /// A time zone.
    TimeZone,
    /// The driver's application of an interview.
    IntervieweeId,
    /// The member of staff of an interview.
    InterviewerId,
    /// The status of an interview.
    Status,
    /// The start of an interview.
    StartAt,
    /// The end of an interview.
    EndAt,
    /// The start of a proposed time.
    AmendStartAt,
    /// The end of a proposed time.
    AmendEndAt,
    /// The side that proposed a time.
    AmendedBy,
    /// The status of an interview before a time was proposed.
    AmendedFrom,
    /// A link or a place.
    Location,
    /// The reason of a rejection or cancellation.
    Reason,
    /// The side that did not appear.
    Absent,
    /// The number of changes of an interview.
    Version,
    /// The creation of an interview.
    CreatedAt,
    /// The last change of an interview.
    UpdatedAt,
}

impl RowField {
    /// What a sentence for people calls the field, after "the".
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Name => "name",
            Self::Image => "picture",
            Self::Role => "role",
            Self::CompanyId => "company",
            Self::Manager => "mark of managers",
            Self::Title => "title",
            Self::PhoneNumber => "telephone number",
            Self::ContactPhoneNumber => "telephone number for drivers",
            Self::Email => "address",
            Self::DriverId => "driver",
            Self::Kind => "kind of the application",
            Self::TimeZone => "time zone",
            Self::IntervieweeId => "application",
            Self::InterviewerId => "interviewer",
            Self::Status => "status",
            Self::StartAt => "start",
            Self::EndAt => "end",
            Self::AmendStartAt => "start of a proposed time",
            Self::AmendEndAt => "end of a proposed time",
            Self::AmendedBy => "side that proposed a time",
            Self::AmendedFrom => "status before a proposal",
            Self::Location => "location",
            Self::Reason => "reason",
            Self::Absent => "side that did not appear",
            Self::Version => "version",
            Self::CreatedAt => "time of creation",
            Self::UpdatedAt => "time of change",
        }
    }
}

impl RowError {
    /// An error whose message names no limit.
    pub fn new(code: RefusalCode, field: RowField, message: impl Into<String>) -> Self {
        Self { code, field, message: message.into(), limit: None }
    }

    /// A new row lacks the field.
    #[must_use]
    pub fn required(field: RowField) -> Self {
        Self::new(RefusalCode::Required, field, format!("A new row needs the {}.", field.label()))
    }

    /// The row clears a field that always has a value.
    #[must_use]
    pub fn cleared(field: RowField) -> Self {
        Self::new(RefusalCode::NullNotAllowed, field, format!("The {} cannot be empty.", field.label()))
    }

    pub(super) fn too_long(field: RowField, limit: usize) -> Self {
        let message = format!("The {} can have at most {limit} characters.", field.label());
        Self { limit: Some(limit as u64), ..Self::new(RefusalCode::TextTooLong, field, message) }
    }

    pub(super) fn immutable(field: RowField, message: &str) -> Self {
        Self::new(RefusalCode::Immutable, field, message)
    }

    pub(super) fn erased(field: RowField) -> Self {
        Self::new(RefusalCode::Erased, field, "This person was erased.")
    }
}
