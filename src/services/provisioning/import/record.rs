//! What a line says: a row of one of the types.

use super::fields::Fields;
use super::refusal::{LineProblem, Refusal, RowKind};
use crate::domain::Patch;
use crate::domain::provisioning::{CompanyRow, InterviewRow, IntervieweeRow, UserRow};
use chrono::{DateTime, Utc};

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// `company`
    Company(CompanyRow),
    /// `user`
    User(UserRow),
    /// `interviewee`
    Interviewee(IntervieweeRow),
    /// `interview`
    Interview(Box<InterviewRow>),
}

/// A row, and whether its line says when the row changed in the platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// The row.
    pub record: Record,
    /// Whether the line says it. Otherwise it changed now.
    pub is_stamped: bool,
}

/// A line that is no row: its kind, if that is known, and what is wrong.
pub type Unusable = (Option<RowKind>, Vec<Refusal>);

impl Record {
    /// Reads a line. A row of the platform that does not say when it changed did so `now`.
    pub fn parse(line: &[u8], now: DateTime<Utc>) -> Result<Parsed, Unusable> {
        let refused = |problem, field: &str| (None, vec![Refusal::of_line(problem, field)]);
        let mut fields = Fields::parse(line).ok_or_else(|| refused(LineProblem::InvalidJson, ""))?;
        let name = fields.take_type().ok_or_else(|| refused(LineProblem::UnknownType, ""))?;
        let kind = match name.as_str() {
            "company" => RowKind::Companies,
            "user" => RowKind::Users,
            "interviewee" => RowKind::Interviewees,
            "interview" => RowKind::Interviews,
            _ => return Err(refused(LineProblem::UnknownType, &name)),
        };
        let id = fields.own_id().unwrap_or_default();
        let stamp = if kind == RowKind::Interviews { None } else { fields.stamp() };
        let at = stamp.unwrap_or(now);
        let record = match kind {
            RowKind::Companies => Self::Company(company(&mut fields, id, at)),
            RowKind::Users => Self::User(user(&mut fields, id, at)),
            RowKind::Interviewees => Self::Interviewee(interviewee(&mut fields, id, at)),
            RowKind::Interviews => Self::Interview(Box::new(interview(&mut fields, id))),
        };
        let problems = fields.problems();
        if problems.is_empty() {
            Ok(Parsed { record, is_stamped: stamp.is_some() })
        } else {
            Err((Some(kind), problems))
        }
    }

    /// The kind.
    pub fn kind(&self) -> RowKind {
        match self {
            Self::Company(_) => RowKind::Companies,
            Self::User(_) => RowKind::Users,
            Self::Interviewee(_) => RowKind::Interviewees,
            Self::Interview(_) => RowKind::Interviews,
        }
    }

    /// The id, which may be none.
    pub fn id(&self) -> &str {
        match self {
            Self::Company(row) => &row.id,
            Self::User(row) => &row.id,
            Self::Interviewee(row) => &row.id,
            Self::Interview(row) => &row.id,
        }
    }

    /// Sets when the row changed in the platform.
    pub fn stamp(&mut self, at: DateTime<Utc>) {
        match self {
            Self::Company(row) => row.source_updated_at = at,
            Self::User(row) => row.source_updated_at = at,
            Self::Interviewee(row) => row.source_updated_at = at,
            Self::Interview(_) => {}
        }
    }
}

fn company(fields: &mut Fields, id: String, source_updated_at: DateTime<Utc>) -> CompanyRow {
    CompanyRow {
        id,
        source_updated_at,
        name: fields.text("name"),
        image: fields.text("image"),
        time_zone: fields.time_zone("timeZone"),
    }
}

fn user(fields: &mut Fields, id: String, source_updated_at: DateTime<Utc>) -> UserRow {
    UserRow {
        id,
        source_updated_at,
        role: fields.choice("role"),
        company_id: fields.id("companyId"),
        manager: fields.truth("manager"),
        title: fields.text("title"),
        image: fields.text("image"),
        phone_number: fields.text("phoneNumber"),
        contact_phone_number: fields.text("contactPhoneNumber"),
        email: fields.text("email"),
        time_zone: fields.time_zone("timeZone"),
        deactivated_at: fields.time("deactivatedAt"),
    }
}

fn interviewee(fields: &mut Fields, id: String, source_updated_at: DateTime<Utc>) -> IntervieweeRow {
    IntervieweeRow {
        id,
        source_updated_at,
        company_id: fields.id("companyId"),
        driver_id: fields.id("driverId"),
        kind: fields.choice("kind"),
        title: fields.text("title"),
    }
}

fn interview(fields: &mut Fields, id: String) -> InterviewRow {
    InterviewRow {
        id,
        company_id: fields.id("companyId").value(),
        driver_id: fields.id("driverId").value(),
        interviewee_id: fields.id("intervieweeId").value(),
        interviewer_id: fields.id("interviewerId").value(),
        kind: fields.choice("kind").value(),
        status: fields.choice("status").value(),
        start_at: fields.time("startAt").value(),
        end_at: fields.time("endAt").value(),
        amend_start_at: fields.time("amendStartAt").value(),
        amend_end_at: fields.time("amendEndAt").value(),
        amended_by: fields.choice("amendedBy").value(),
        amended_from: fields.choice("amendedFrom").value(),
        location: fields.text("location").value(),
        reason: fields.text("reason").value(),
        absent: fields.choice("absent").value(),
        allow_overlap: fields.truth("allowOverlap") == Patch::Value(true),
        version: fields.number("version").value(),
        created_at: fields.time("createdAt").value(),
        updated_at: fields.time("updatedAt").value(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::provisioning::import::refusal::RefusedLine;

    fn refusals(line: &str) -> Vec<String> {
        let Err((kind, refusals)) = Record::parse(line.as_bytes(), DateTime::UNIX_EPOCH) else { return Vec::new() };
        let print = |refusal| RefusedLine { line: 7, kind, refusal }.to_string();
        refusals.into_iter().map(print).collect()
    }

    #[test]
    fn line_that_is_no_row_is_refused_with_the_field_at_fault() {
        for (line, expected) in [
            ("{", "line 7: INVALID_JSON"),
            ("[]", "line 7: INVALID_JSON"),
            ("{} {}", "line 7: INVALID_JSON"),
            ("\u{feff}{}", "line 7: INVALID_JSON"),
            (r#"{"id": "1"}"#, "line 7: UNKNOWN_TYPE"),
            (r#"{"type": 1, "id": "1"}"#, "line 7: UNKNOWN_TYPE"),
            (r#"{"type": "workingHours", "id": "1"}"#, "line 7: UNKNOWN_TYPE workingHours"),
            (r#"{"type": "a\nb c", "id": "1"}"#, "line 7: UNKNOWN_TYPE a?b?c"),
            (r#"{"type": "user", "title": "Ada"}"#, "line 7: users REQUIRED id"),
            (r#"{"type": "user", "id": null}"#, "line 7: users NULL_NOT_ALLOWED id"),
            (r#"{"type": "user", "id": true}"#, "line 7: users INVALID_VALUE id"),
            (r#"{"type": "user", "id": 1.5}"#, "line 7: users INVALID_VALUE id"),
            (r#"{"type": "user", "id": 9007199254740993.0}"#, "line 7: users INVALID_VALUE id"),
            (r#"{"type": "user", "id": 1e30}"#, "line 7: users INVALID_VALUE id"),
            (r#"{"type": "user", "id": 1, "sourceUpdatedAt": null}"#, "line 7: users NULL_NOT_ALLOWED sourceUpdatedAt"),
            (r#"{"type": "user", "id": 1, "sourceUpdatedAt": "now"}"#, "line 7: users INVALID_VALUE sourceUpdatedAt"),
            (r#"{"type": "user", "id": 1, "nickname": [[1]]}"#, "line 7: users UNKNOWN_FIELD nickname"),
            (r#"{"type": "user", "id": 1, "role": "staff"}"#, "line 7: users INVALID_VALUE role"),
            (r#"{"type": "user", "id": 1, "role": {"a": []}}"#, "line 7: users INVALID_VALUE role"),
            (r#"{"type": "user", "id": 1, "manager": "true"}"#, "line 7: users INVALID_VALUE manager"),
            (r#"{"type": "user", "id": 1, "timeZone": "Mars"}"#, "line 7: users INVALID_VALUE timeZone"),
            (r#"{"type": "user", "id": 1, "title": "a", "title": "b"}"#, "line 7: users DUPLICATE_FIELD title"),
            (r#"{"type": "interview", "id": 1, "version": 1.5}"#, "line 7: interviews INVALID_VALUE version"),
            (
                r#"{"type": "interview", "id": 1, "sourceUpdatedAt": null}"#,
                "line 7: interviews UNKNOWN_FIELD sourceUpdatedAt",
            ),
        ] {
            assert_eq!(refusals(line), [expected], "{line}");
        }
    }

    #[test]
    fn refusals_of_a_line_are_limited() {
        let line = format!(r#"{{"type": "user", "id": 1{}}}"#, r#", "nickname": 1"#.repeat(1000));
        assert_eq!(refusals(&line).len(), 20);
    }

    #[test]
    fn ids_are_texts_or_whole_numbers() {
        for (id, read) in [
            ("\"1\"", "1"),
            ("1", "1"),
            ("9223372036854775808", "9223372036854775808"),
            ("-1", "-1"),
            ("27.0", "27"),
            ("1e2", "100"),
            ("\"1.5\"", "1.5"),
        ] {
            let line = format!(r#"{{"type": "company", "id": {id}}}"#);
            let parsed = Record::parse(line.as_bytes(), DateTime::UNIX_EPOCH).unwrap();
            assert_eq!((parsed.record.id(), parsed.is_stamped), (read, false));
        }
    }
}
