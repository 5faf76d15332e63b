//! The names of fields in the schema.

use crate::domain::Field;

/// The name of a field of an interview, of an argument, or of a reminder.
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
        Field::MinutesBefore => "minutesBefore",
        Field::Hours => "hours",
    }
}
