//! The fields that errors and events name.

use strum::{EnumString, IntoStaticStr, VariantArray};

/// A field of an interview or of a request. Its name is that of the database and the REST API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Field {
    /// The interview that a request names.
    Id,
    /// How the sides meet.
    Kind,
    /// The interview's status.
    Status,
    /// The start of the interview.
    StartAt,
    /// The end of the interview.
    EndAt,
    /// The start of the proposed time.
    AmendStartAt,
    /// The end of the proposed time.
    AmendEndAt,
    /// The side that proposed the time.
    AmendedBy,
    /// A link or a place.
    Location,
    /// The driver's application.
    IntervieweeId,
    /// The member of staff.
    InterviewerId,
    /// Whether the interview may overlap with others.
    AllowOverlap,
    /// The reason of a rejection or cancellation.
    Reason,
    /// The side that did not appear.
    Absent,
    /// The side for which an admin acts.
    As,
    /// How many minutes before the start a reminder is due.
    MinutesBefore,
    /// After how many hours of waiting an answer is overdue.
    Hours,
}

impl Field {
    /// The name in the GraphQL schema and in webhooks: of a field of an interview, of an argument, or of a reminder.
    #[must_use]
    pub fn api_name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Kind => "kind",
            Self::Status => "status",
            Self::StartAt => "startAt",
            Self::EndAt => "endAt",
            Self::AmendStartAt => "amendStartAt",
            Self::AmendEndAt => "amendEndAt",
            Self::AmendedBy => "amendedBy",
            Self::Location => "location",
            Self::IntervieweeId => "intervieweeId",
            Self::InterviewerId => "interviewerId",
            Self::AllowOverlap => "allowOverlap",
            Self::Reason => "reason",
            Self::Absent => "absent",
            Self::As => "as",
            Self::MinutesBefore => "minutesBefore",
            Self::Hours => "hours",
        }
    }

    /// What a sentence for people calls the field, after "the".
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Id => "interview",
            Self::Kind => "kind of interview",
            Self::Status => "status",
            Self::StartAt | Self::AmendStartAt => "start",
            Self::EndAt | Self::AmendEndAt => "end",
            Self::AmendedBy => "side that proposed the time",
            Self::Location => "location",
            Self::IntervieweeId => "application",
            Self::InterviewerId => "interviewer",
            Self::AllowOverlap => "permission to overlap",
            Self::Reason => "reason",
            Self::Absent => "side that did not appear",
            Self::As => "side for which you act",
            Self::MinutesBefore => "minutes before the interview",
            Self::Hours => "hours of waiting",
        }
    }
}
