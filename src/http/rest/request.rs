//! What the REST API reads from a request: the signed-in caller, the interview to change, and the fields of the body.

use crate::domain::{
    ExpectedVersion, Field, IdempotencyKey, InterviewId, InterviewKind, InterviewPatch, IntervieweeId, Patch, UserId,
    Versions, Viewer, time, whole_number,
};
use crate::graphql::no_viewer;
use crate::http::ServerState;
use crate::http::caller::Caller;
use crate::http::content_type::is_json;
use crate::http::entity_tags::{Tag, tags};
use crate::http::json_text::without_byte_order_mark;
use crate::http::limit_per_key::UserPermit;
use crate::http::rest::error::{ErrorObject, RestError};
use crate::http::rest::idempotency_key;
use crate::services::{AuthenticationError, TokenProblem};
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use std::convert::Infallible;
use std::str::FromStr;
use std::sync::Arc;

/// A caller with a valid token, who has paid for the request.
pub(crate) struct SignedInCaller {
    pub(crate) viewer: Arc<Viewer>,
    pub(crate) request_id: String,
    /// With which the request can be repeated.
    pub(super) key: Option<IdempotencyKey>,
    /// Held as long as the request is in flight.
    _permit: UserPermit,
}

impl FromRequestParts<ServerState> for SignedInCaller {
    type Rejection = RestError;

    async fn from_request_parts(parts: &mut Parts, server: &ServerState) -> Result<Self, RestError> {
        let caller = Caller::of(&parts.headers, &parts.extensions);
        match caller.viewer(&server.services).await {
            Ok(Some(viewer)) => {
                let permit = server.admission.admit_user(viewer.id);
                let permit = permit.map_err(|error| RestError::rate_limited(&error.into_request_error()))?;
                server.engine.charge_request(&viewer).map_err(|error| RestError::rate_limited(&error))?;
                let key = idempotency_key::key(&parts.headers).map_err(|_| RestError::invalid_key())?;
                Ok(Self { viewer, request_id: caller.client.request_id, key, _permit: permit })
            }
            Ok(None) => Err(RestError::unauthenticated(no_viewer(TokenProblem::Missing))),
            Err(AuthenticationError::Refused(problem)) => Err(RestError::unauthenticated(no_viewer(problem))),
            Err(AuthenticationError::Failed(cause)) => Err(RestError::failed(&cause, &caller.client.request_id)),
        }
    }
}

/// The interview of the path, and the versions of it that `If-Match` and `If-None-Match` allow.
pub(super) struct Target {
    pub(super) id: InterviewId,
    pub(super) expected: ExpectedVersion,
}

impl FromRequestParts<ServerState> for Target {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, server: &ServerState) -> Result<Self, Infallible> {
        // A path segment that is not UTF-8 is an id that no interview has, as other text that is not an id.
        let id = Path::<String>::from_request_parts(parts, server).await.map_or_else(|_| String::new(), |Path(id)| id);
        let id = without_format(&id, parts.uri.path());
        Ok(Self { expected: expected_version(&parts.headers, id), id: InterviewId::from_text(id) })
    }
}

/// The id without the suffix `.json`, which the older API had at the end of its addresses.
fn without_format<'a>(id: &'a str, path: &str) -> &'a str {
    id.strip_suffix(".json").filter(|_| path.trim_end_matches('/').ends_with(id)).unwrap_or(id)
}

/// Reads `If-Match` and `If-None-Match` (RFC 9110, 13.1.1 and 13.1.2). The server's tags are weak and are compared all
/// the same: they identify the version of the interview, and the lock needs nothing else.
fn expected_version(headers: &HeaderMap, id: &str) -> ExpectedVersion {
    let mut expected = ExpectedVersion::ANY;
    if headers.contains_key(header::IF_MATCH) {
        expected.required = versions(headers, header::IF_MATCH, id);
    }
    if headers.contains_key(header::IF_NONE_MATCH) {
        expected.excluded = versions(headers, header::IF_NONE_MATCH, id);
    }
    expected
}

/// The versions of the interview that the tags of a header name.
fn versions(headers: &HeaderMap, name: HeaderName, id: &str) -> Versions {
    let mut versions = Vec::new();
    for tag in tags(headers, name) {
        match tag {
            Tag::Any => return Versions::All,
            Tag::Text(text) => versions.extend(version_of(text, id)),
        }
    }
    Versions::OneOf(versions)
}

/// The version in the text of a tag, `{id}-{version}`.
fn version_of(tag: &[u8], id: &str) -> Option<i32> {
    let version = tag.strip_prefix(id.as_bytes())?.strip_prefix(b"-")?;
    let is_number = version.iter().all(u8::is_ascii_digit) && !version.starts_with(b"0");
    str::from_utf8(version).ok().filter(|_| is_number)?.parse().ok()
}

/// The object `interview` of the body.
pub(super) struct InterviewFields(Map<String, Value>);

impl FromRequest<ServerState> for InterviewFields {
    type Rejection = RestError;

    async fn from_request(request: Request, server: &ServerState) -> Result<Self, RestError> {
        if !is_json(request.headers()) {
            let message = "The body has to be JSON, with `content-type: application/json`.";
            return Err(RestError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "BAD_REQUEST", message, &[]));
        }
        let body = Bytes::from_request(request, server).await;
        let body = body.map_err(|_| RestError::bad_request("The body could not be read."))?;
        match serde_json::from_slice(without_byte_order_mark(&body)) {
            Ok(Value::Object(mut body)) => match body.remove("interview") {
                Some(Value::Object(fields)) => Ok(Self(fields)),
                _ => Err(RestError::bad_request("The body has to have an object `interview`.")),
            },
            Ok(_) => Err(RestError::bad_request("The body has to be a JSON object.")),
            Err(_) => Err(RestError::bad_request("The body is not JSON.")),
        }
    }
}

const TIME: &str = "a date and a time with an offset as in RFC 3339";

impl InterviewFields {
    /// The fields of an interview. Unknown fields are ignored; all wrong fields are reported at once.
    pub(super) fn patch(&self) -> Result<InterviewPatch, RestError> {
        let mut reader = self.reader();
        let patch = InterviewPatch {
            kind: reader.read(Field::Kind, "one of video_call, in_person and phone_call", as_kind),
            start_at: reader.read(Field::StartAt, TIME, as_time),
            end_at: reader.read(Field::EndAt, TIME, as_time),
            interviewee_id: reader.read(Field::IntervieweeId, "an id", as_id).map(IntervieweeId),
            interviewer_id: reader.read(Field::InterviewerId, "an id", as_id).map(UserId),
            location: reader.read(Field::Location, "a text", |value| value.as_str().map(str::to_owned)),
            allow_overlap: reader.read(Field::AllowOverlap, "true or false", Value::as_bool),
        };
        if reader.errors.is_empty() { Ok(patch) } else { Err(RestError::invalid(reader.errors)) }
    }

    /// The start and the end of the proposed time. All wrong fields are reported at once.
    pub(super) fn amendment(&self) -> Result<(DateTime<Utc>, DateTime<Utc>), RestError> {
        let mut reader = self.reader();
        let (start, end) = (reader.required_time(Field::AmendStartAt), reader.required_time(Field::AmendEndAt));
        start.zip(end).ok_or(reader.errors).map_err(RestError::invalid)
    }

    fn reader(&self) -> FieldReader<'_> {
        FieldReader { fields: &self.0, errors: Vec::new() }
    }
}

/// Reads fields and collects what is wrong with them.
struct FieldReader<'a> {
    fields: &'a Map<String, Value>,
    errors: Vec<ErrorObject>,
}

impl FieldReader<'_> {
    fn read<T>(&mut self, field: Field, expected: &str, parse: impl Fn(&Value) -> Option<T>) -> Patch<T> {
        match self.fields.get(field.into_str()) {
            None => Patch::Absent,
            Some(Value::Null) => Patch::Null,
            Some(value) => parse(value).map_or_else(
                || {
                    let message = format!("The {} has to be {expected}.", field.label());
                    self.errors.push(ErrorObject::of_field("BAD_USER_INPUT", field, message));
                    Patch::Absent
                },
                Patch::Value,
            ),
        }
    }

    fn required_time(&mut self, field: Field) -> Option<DateTime<Utc>> {
        let value = self.read(field, TIME, as_time);
        let is_missing = matches!(value, Patch::Absent | Patch::Null);
        if is_missing && !self.errors.iter().any(|error| error.is_about(field)) {
            self.errors.push(ErrorObject::missing(field));
        }
        value.value()
    }
}

fn as_kind(value: &Value) -> Option<InterviewKind> {
    InterviewKind::from_str(value.as_str()?).ok()
}

fn as_time(value: &Value) -> Option<DateTime<Utc>> {
    time::parse(value.as_str()?).ok()
}

/// A number, or text as a form sends it.
fn as_id(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| whole_number(number.as_f64()?)),
        value => Some(InterviewId::from_text(value.as_str()?).0),
    }
}
