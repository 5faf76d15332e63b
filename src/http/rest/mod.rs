//! The REST API, version 1, for clients that have not moved to GraphQL yet. The same use cases, so that the two can never differ.

pub mod body;

use crate::domain::{Command, ExpectedVersion, InterviewId, Names, Refusal, Side, Viewer};
use crate::http::content_type::is_json;
use crate::http::error_response::BEARER;
use crate::http::middleware::RequestId;
use crate::http::rest::body::{InterviewBody, RestError, amendment, patch};
use crate::http::{Server, authorization};
use crate::services::{AuthenticationError, Include, InterviewWithPeople, ServiceError};
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use std::convert::Infallible;
use std::sync::Arc;

/// A request of a signed-in viewer.
pub struct Caller {
    viewer: Arc<Viewer>,
    request_id: String,
    headers: HeaderMap,
}

/// Why a request was not served.
pub struct Failure {
    status: StatusCode,
    errors: Vec<RestError>,
}

type Answer = Result<Response, Failure>;

/// What a refusal points at in a request, where no single field is at fault.
#[derive(Clone, Copy)]
struct Subject {
    /// What names the interview.
    interview: &'static [&'static str],
    /// What asks for the time that is taken.
    time: &'static [&'static str],
}

impl Subject {
    const NEW: Self = Self { interview: &["interview"], time: &["interview", "start_at"] };
    const EDITED: Self = Self { interview: &["id"], ..Self::NEW };
    /// By its id alone: nothing else is asked for.
    const NAMED: Self = Self { interview: &["id"], time: &["id"] };
}

/// `POST /api/v1/interviews`
pub async fn create(State(server): State<Server>, caller: Caller, body: Bytes) -> Answer {
    let patch = patch(&interview_of(&caller.headers, &body)?).map_err(Failure::unprocessable)?;
    let created = server.services.create_from(&caller.viewer, patch).await;
    caller.answer(&server, (StatusCode::CREATED, Subject::NEW), created).await
}

/// `PATCH /api/v1/interviews/{id}`
pub async fn update(State(server): State<Server>, caller: Caller, PathId(id): PathId, body: Bytes) -> Answer {
    let patch = patch(&interview_of(&caller.headers, &body)?).map_err(Failure::unprocessable)?;
    caller.change(&server, &id, Command::Update(patch)).await
}

/// `POST …/{id}/amend`. An admin acts for the side whose route they use.
pub async fn amend(
    acting: Side,
    State(server): State<Server>,
    caller: Caller,
    PathId(id): PathId,
    body: Bytes,
) -> Answer {
    let fields = interview_of(&caller.headers, &body)?;
    let (start_at, end_at) = amendment(&fields).map_err(Failure::unprocessable)?;
    caller.change(&server, &id, Command::Amend { start_at, end_at, acting: Some(acting) }).await
}

/// `POST …/{id}/accept`
pub async fn accept(acting: Side, State(server): State<Server>, caller: Caller, PathId(id): PathId) -> Answer {
    caller.change(&server, &id, Command::Accept { acting: Some(acting) }).await
}

/// `POST /api/v1/interviews/{id}/cancel`
pub async fn cancel(State(server): State<Server>, caller: Caller, PathId(id): PathId) -> Answer {
    caller.change(&server, &id, Command::Cancel { reason: None }).await
}

/// `POST /api/v1/users/interviews/{id}/reject`
pub async fn reject(State(server): State<Server>, caller: Caller, PathId(id): PathId) -> Answer {
    caller.change(&server, &id, Command::Reject { reason: None }).await
}

/// The id in the path. What is not even text names nothing, as any other text that is no id.
pub struct PathId(String);

impl FromRequestParts<Server> for PathId {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, Infallible> {
        let id = Path::from_request_parts(parts, server).await;
        Ok(Self(id.map_or_else(|_| String::new(), |Path(id)| id)))
    }
}

impl FromRequestParts<Server> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, Failure> {
        let Extension(RequestId(request_id)) =
            Extension::from_request_parts(parts, server).await.unwrap_or(Extension(RequestId(String::new())));
        let refused = |why: &str| Failure::one(StatusCode::UNAUTHORIZED, "UNAUTHENTICATED", why, vec![]);
        match authorization::viewer(&server.services, &parts.headers).await {
            Ok(Some(viewer)) => Ok(Self { viewer, request_id, headers: parts.headers.clone() }),
            Ok(None) => Err(refused("this needs a token: send `Authorization: Bearer <JWT>`")),
            Err(AuthenticationError::Refused(why)) => Err(refused(why)),
            Err(AuthenticationError::Failed(cause)) => Err(Failure::internal(&request_id, &cause)),
        }
    }
}

impl Caller {
    async fn change(&self, server: &Server, id: &str, command: Command) -> Answer {
        let expected = expected_version(&self.headers, id);
        let subject = if matches!(command, Command::Update(_)) { Subject::EDITED } else { Subject::NAMED };
        let id = InterviewId::from_text(id);
        let changed = server.services.change(&self.viewer, id, &command, &expected, Include::People).await;
        self.answer(server, (StatusCode::OK, subject), changed).await
    }

    async fn answer(
        &self,
        server: &Server,
        (status, subject): (StatusCode, Subject),
        outcome: Result<InterviewWithPeople, ServiceError>,
    ) -> Answer {
        let failed = |error: &ServiceError| match error {
            ServiceError::Refused(refusal) => Failure::refused(refusal, subject),
            error => Failure::internal(&self.request_id, error),
        };
        let InterviewWithPeople { interview, people } = outcome.map_err(|error| failed(&error))?;
        let people = match people {
            Some(people) => people,
            None => server.services.people_of(&interview).await.map_err(|error| failed(&error))?,
        };
        let etag = etag(interview.id, interview.version);
        let mut response = (status, Json(InterviewBody::new(interview, people))).into_response();
        if let Ok(etag) = HeaderValue::from_str(&etag) {
            response.headers_mut().insert(header::ETAG, etag);
        }
        Ok(with_headers(response))
    }
}

impl Failure {
    fn one(status: StatusCode, code: &'static str, message: &str, path: Vec<&'static str>) -> Self {
        Self { status, errors: vec![RestError { code, message: message.to_owned(), path }] }
    }

    fn unreadable(message: &str) -> Self {
        Self::one(StatusCode::BAD_REQUEST, "BAD_REQUEST", message, vec![])
    }

    fn unprocessable(errors: Vec<RestError>) -> Self {
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, errors }
    }

    fn internal(request_id: &str, cause: &ServiceError) -> Self {
        tracing::error!(request_id, %cause, "internal error");
        let status = match cause {
            ServiceError::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::one(status, "INTERNAL", "internal error", vec![])
    }

    fn refused(refusal: &Refusal, Subject { interview, time }: Subject) -> Self {
        match refusal {
            Refusal::Invalid(errors) => Self::unprocessable(
                errors.iter().map(|it| RestError::of_field(it.code.name(), it.field, it.message.clone())).collect(),
            ),
            Refusal::NotFound => {
                Self::one(StatusCode::NOT_FOUND, "NOT_FOUND", "there is no such interview", interview.to_vec())
            }
            Refusal::Forbidden(why) => Self::one(StatusCode::FORBIDDEN, "FORBIDDEN", why, interview.to_vec()),
            Refusal::InvalidState { status, .. } => {
                Self::one(StatusCode::CONFLICT, "INVALID_STATE", &Refusal::state_message(*status), interview.to_vec())
            }
            Refusal::Conflicts(conflicts) => Self {
                status: StatusCode::CONFLICT,
                errors: conflicts
                    .iter()
                    .map(|it| RestError { code: "SCHEDULE_CONFLICT", message: it.message(), path: time.to_vec() })
                    .collect(),
            },
            Refusal::Stale(current) => {
                let message = Refusal::stale_message(current);
                Self::one(StatusCode::PRECONDITION_FAILED, "STALE_VERSION", &message, vec!["If-Match"])
            }
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(json!({"errors": self.errors}))).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, BEARER);
        }
        with_headers(response)
    }
}

/// What every answer of the API always had.
fn with_headers(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    headers.insert(header::VARY, HeaderValue::from_static("Accept, Origin"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("max-age=0, private, must-revalidate"));
    response
}

/// Reads `{"interview": {…}}`.
fn interview_of(headers: &HeaderMap, body: &[u8]) -> Result<Map<String, Value>, Failure> {
    if !is_json(headers) {
        let message = "the body has to be JSON, with `content-type: application/json`";
        return Err(Failure::one(StatusCode::UNSUPPORTED_MEDIA_TYPE, "BAD_REQUEST", message, vec![]));
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(mut body)) => match body.remove("interview") {
            Some(Value::Object(interview)) => Ok(interview),
            _ => Err(Failure::unreadable("the body has to have an object `interview`")),
        },
        Ok(_) => Err(Failure::unreadable("the body has to be a JSON object")),
        Err(_) => Err(Failure::unreadable("the body is not JSON")),
    }
}

/// A weak tag: it tells versions of the interview apart, not of the people who are shown with it.
fn etag(id: InterviewId, version: i32) -> String {
    format!("W/\"{id}-{version}\"")
}

/// Reads `If-Match` (RFC 9110, section 13.1.1). Our tags are weak, and compared as such: the lock is on the interview alone.
fn expected_version(headers: &HeaderMap, id: &str) -> ExpectedVersion {
    let given: Vec<&str> = headers.get_all(header::IF_MATCH).iter().map(|it| it.to_str().unwrap_or_default()).collect();
    let tags: Vec<&str> = given.iter().flat_map(|it| it.split(',')).map(str::trim).collect();
    if given.is_empty() || tags.contains(&"*") {
        return ExpectedVersion::Any;
    }
    let version =
        |tag: &&str| tag.trim_start_matches("W/").trim_matches('"').strip_prefix(&format!("{id}-"))?.parse().ok();
    ExpectedVersion::OneOf(tags.iter().filter_map(version).collect())
}
