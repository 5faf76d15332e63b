//! What the REST API reads and writes: the same bodies as ever, key for key, in the same order.

use crate::domain::{
    Field, Interview, InterviewId, InterviewKind, InterviewPatch, IntervieweeId, Names, Participants, Patch, User,
    UserId, time,
};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};

/// One element of `errors`.
#[derive(Debug, Serialize)]
pub struct RestError {
    /// For programs.
    pub code: &'static str,
    /// For people.
    pub message: String,
    /// What is at fault.
    pub path: Vec<&'static str>,
}

impl RestError {
    pub fn of_field(code: &'static str, field: Field, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), path: vec!["interview", field.name()] }
    }
}

/// An interview with its people.
#[derive(Serialize)]
pub struct InterviewBody {
    interview: Body,
}

#[derive(Serialize)]
struct Body {
    id: i64,
    amend_end_at: Option<String>,
    amend_start_at: Option<String>,
    amended_by: Option<&'static str>,
    end_at: String,
    interviewee: IntervieweeBody,
    interviewee_id: i64,
    interviewer: InterviewerBody,
    interviewer_id: i64,
    kind: &'static str,
    location: Option<String>,
    start_at: String,
    status: &'static str,
}

#[derive(Serialize)]
struct IntervieweeBody {
    id: i64,
    driver: DriverBody,
    kind: &'static str,
    updated_at: String,
}

#[derive(Serialize)]
struct DriverBody {
    id: i64,
    image: Option<String>,
    phone_number: Option<String>,
    title: String,
}

#[derive(Serialize)]
struct InterviewerBody {
    id: i64,
    contact_phone_number: Option<String>,
    image: Option<String>,
    title: String,
}

impl InterviewBody {
    pub fn new(interview: Interview, people: Participants) -> Self {
        let proposal = interview.proposal();
        let Participants { interviewee, driver, interviewer } = people;
        let User { id: driver_id, title: driver_title, image: driver_image, phone_number, .. } = driver;
        let User { title, image, contact_phone_number, .. } = interviewer;
        let driver = DriverBody { id: driver_id.0, image: driver_image, phone_number, title: driver_title };
        let interview = Body {
            id: interview.id.0,
            amend_end_at: proposal.map(|proposal| time::format(proposal.slot.end())),
            amend_start_at: proposal.map(|proposal| time::format(proposal.slot.start())),
            amended_by: proposal.map(|proposal| proposal.by.name()),
            end_at: time::format(interview.slot.end()),
            interviewee: IntervieweeBody {
                id: interviewee.id.0,
                driver,
                kind: interviewee.kind.name(),
                updated_at: time::format(interviewee.updated_at),
            },
            interviewee_id: interview.interviewee_id.0,
            interviewer: InterviewerBody { id: interview.interviewer_id.0, contact_phone_number, image, title },
            interviewer_id: interview.interviewer_id.0,
            kind: interview.kind.name(),
            status: interview.status().name(),
            start_at: time::format(interview.slot.start()),
            location: interview.location,
        };
        Self { interview }
    }
}

/// Reads the fields of `interview`; others are passed over, as ever. All mistakes at once.
pub fn patch(fields: &Map<String, Value>) -> Result<InterviewPatch, Vec<RestError>> {
    let mut fields = Fields { fields, errors: Vec::new() };
    let patch = InterviewPatch {
        kind: fields.read(Field::Kind, "one of video_call, in_person, phone_call", kind),
        start_at: fields.read(Field::StartAt, TIME, moment),
        end_at: fields.read(Field::EndAt, TIME, moment),
        interviewee_id: fields.read(Field::IntervieweeId, "an id", id).map(IntervieweeId),
        interviewer_id: fields.read(Field::InterviewerId, "an id", id).map(UserId),
        location: fields.read(Field::Location, "a text", |value| value.as_str().map(str::to_owned)),
        allow_overlap: fields.read(Field::AllowOverlap, "true or false", Value::as_bool),
    };
    if fields.errors.is_empty() { Ok(patch) } else { Err(fields.errors) }
}

/// Reads the time that is proposed. All mistakes at once.
pub fn amendment(fields: &Map<String, Value>) -> Result<(DateTime<Utc>, DateTime<Utc>), Vec<RestError>> {
    let mut fields = Fields { fields, errors: Vec::new() };
    let mut required = |field| {
        let value = fields.read(field, TIME, moment);
        if matches!(value, Patch::Absent | Patch::Null)
            && !fields.errors.iter().any(|it| it.path.contains(&field.name()))
        {
            fields.errors.push(RestError::of_field("NULL_NOT_ALLOWED", field, "is required"));
        }
        value.value()
    };
    let (start, end) = (required(Field::AmendStartAt), required(Field::AmendEndAt));
    start.zip(end).ok_or(fields.errors)
}

struct Fields<'a> {
    fields: &'a Map<String, Value>,
    errors: Vec<RestError>,
}

impl Fields<'_> {
    fn read<T>(&mut self, field: Field, expected: &str, parse: impl Fn(&Value) -> Option<T>) -> Patch<T> {
        match self.fields.get(field.name()) {
            None => Patch::Absent,
            Some(Value::Null) => Patch::Null,
            Some(value) => parse(value).map_or_else(
                || {
                    self.errors.push(RestError::of_field("BAD_USER_INPUT", field, format!("has to be {expected}")));
                    Patch::Absent
                },
                Patch::Value,
            ),
        }
    }
}

const TIME: &str = "an RFC 3339 date and time with an offset";

fn kind(value: &Value) -> Option<InterviewKind> {
    InterviewKind::from_name(value.as_str()?)
}

fn moment(value: &Value) -> Option<DateTime<Utc>> {
    time::parse(value.as_str()?).ok()
}

/// A number, or as a form would send it.
fn id(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| Some(InterviewId::from_text(value.as_str()?).0))
}
