//! The response of the REST API: the same JSON as that of the API that it replaces, key for key and in the same order.

use crate::domain::{Interview, Participants, User, time};
use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use serde::Serialize;

/// The headers of every response.
pub(super) const HEADERS: [(HeaderName, HeaderValue); 3] = [
    (header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8")),
    (header::VARY, HeaderValue::from_static("Accept, Origin")),
    (header::CACHE_CONTROL, HeaderValue::from_static("max-age=0, private, must-revalidate")),
];

/// Tells that an earlier request with the same key has made the change. Its value is `true`.
pub(crate) const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The interview with its people. The `ETag` is weak: it identifies the version of the interview, not of its people.
pub(super) fn of_interview(status: StatusCode, interview: Interview, people: Participants, replayed: bool) -> Response {
    let etag = format!("W/\"{}-{}\"", interview.id, interview.version);
    let body = Body { interview: InterviewBody::new(interview, people) };
    let replayed = replayed.then_some([(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"))]);
    (status, HEADERS, [(header::ETAG, etag)], replayed.map(AppendHeaders), Json(body)).into_response()
}

#[derive(Serialize)]
struct Body {
    interview: InterviewBody,
}

#[derive(Serialize)]
struct InterviewBody {
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
    fn new(interview: Interview, people: Participants) -> Self {
        let proposal = interview.proposal();
        let Participants { interviewee, driver, interviewer } = people;
        let User { id: driver_id, title: driver_title, image: driver_image, phone_number, .. } = driver;
        let User { title, image, contact_phone_number, .. } = interviewer;
        let driver = DriverBody { id: driver_id.0, image: driver_image, phone_number, title: driver_title };
        Self {
            id: interview.id.0,
            amend_end_at: proposal.map(|proposal| time::format(proposal.slot.end())),
            amend_start_at: proposal.map(|proposal| time::format(proposal.slot.start())),
            amended_by: proposal.map(|proposal| proposal.by.into_str()),
            end_at: time::format(interview.slot.end()),
            interviewee: IntervieweeBody {
                id: interviewee.id.0,
                driver,
                kind: interviewee.kind.into_str(),
                updated_at: time::format(interviewee.updated_at),
            },
            interviewee_id: interview.interviewee_id.0,
            interviewer: InterviewerBody { id: interview.interviewer_id.0, contact_phone_number, image, title },
            interviewer_id: interview.interviewer_id.0,
            kind: interview.kind.into_str(),
            status: interview.status().into_str(),
            start_at: time::format(interview.slot.start()),
            location: interview.location,
        }
    }
}
