//! The REST API, version 1, for clients that have not moved to GraphQL. It runs the same commands as the mutations.

mod error;
mod idempotency_key;
mod request;
mod response;

use crate::domain::{Command, Refusal, Side};
use crate::graphql::CONFLICT_COST;
use crate::http::ServerState;
use crate::http::error_response::NO_ROUTE;
use crate::http::method_not_allowed::method_not_allowed;
use crate::http::middleware::add_x_runtime;
use crate::services::{ChangedInterview, Include, InterviewWithPeople, ServiceError};
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::middleware::from_fn;
use axum::response::Response;
use axum::routing::{MethodRouter, patch, post};
use error::ErrorPaths;
pub(crate) use error::RestError;
pub(crate) use request::SignedInCaller;
use request::{InterviewFields, Target};
pub(crate) use response::IDEMPOTENCY_REPLAYED;

/// The routes below `/api/v1`. The routes of staff act for the interviewer, those below `/users` for the interviewee;
/// an admin may use either.
pub(crate) fn router() -> Router<ServerState> {
    let routes = [
        ("/interviews", post(create)),
        ("/interviews/{id}", patch(update).put(update)),
        ("/interviews/{id}/amend", post(|s, c, t, f| amend(Side::Interviewer, s, c, t, f))),
        ("/interviews/{id}/accept", post(|s, c, t| accept(Side::Interviewer, s, c, t))),
        ("/interviews/{id}/cancel", post(cancel)),
        ("/users/interviews/{id}/amend", post(|s, c, t, f| amend(Side::Interviewee, s, c, t, f))),
        ("/users/interviews/{id}/accept", post(|s, c, t| accept(Side::Interviewee, s, c, t))),
        ("/users/interviews/{id}/reject", post(reject)),
    ];
    routes
        .into_iter()
        .fold(Router::new(), |router, (path, methods)| route(router, path, &methods))
        .fallback(|| async { NO_ROUTE })
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_fn(add_x_runtime))
}

/// Adds a route under each address that the older API had for it: with and without the suffix `.json`, and a slash at
/// the end.
fn route(router: Router<ServerState>, path: &str, methods: &MethodRouter<ServerState>) -> Router<ServerState> {
    // An id at the end has the suffix itself: see `Target`.
    let endings: &[&str] = if path.ends_with('}') { &["", "/"] } else { &["", "/", ".json", ".json/"] };
    endings.iter().fold(router, |router, ending| router.route(&format!("{path}{ending}"), methods.clone()))
}

type RestResult = Result<Response, RestError>;

async fn create(State(server): State<ServerState>, caller: SignedInCaller, fields: InterviewFields) -> RestResult {
    let created = server.services.create_from(&caller.viewer, fields.patch()?, caller.key.as_ref()).await;
    respond(&server, &caller, StatusCode::CREATED, ErrorPaths::CREATE, created).await
}

async fn update(
    State(server): State<ServerState>,
    caller: SignedInCaller,
    target: Target,
    fields: InterviewFields,
) -> RestResult {
    change(&server, &caller, &target, Command::Update(fields.patch()?)).await
}

async fn amend(
    acting: Side,
    State(server): State<ServerState>,
    caller: SignedInCaller,
    target: Target,
    fields: InterviewFields,
) -> RestResult {
    let (start_at, end_at) = fields.amendment()?;
    change(&server, &caller, &target, Command::Amend { start_at, end_at, acting: Some(acting) }).await
}

async fn accept(acting: Side, State(server): State<ServerState>, caller: SignedInCaller, target: Target) -> RestResult {
    change(&server, &caller, &target, Command::Accept { acting: Some(acting) }).await
}

async fn cancel(State(server): State<ServerState>, caller: SignedInCaller, target: Target) -> RestResult {
    change(&server, &caller, &target, Command::Cancel { reason: None }).await
}

async fn reject(State(server): State<ServerState>, caller: SignedInCaller, target: Target) -> RestResult {
    change(&server, &caller, &target, Command::Reject { reason: None }).await
}

async fn change(server: &ServerState, caller: &SignedInCaller, target: &Target, command: Command) -> RestResult {
    let paths = if matches!(command, Command::Update(_)) { ErrorPaths::UPDATE } else { ErrorPaths::ACTION };
    let Target { id, expected } = target;
    let (include, key) = (Include::People, caller.key.as_ref());
    let changed = server.services.change(&caller.viewer, *id, &command, expected, include, key).await;
    if let Err(ServiceError::Refused(Refusal::Stale(current))) = &changed
        && expected.is_required(current.version)
    {
        return Err(RestError::excluded_version());
    }
    respond(server, caller, StatusCode::OK, paths, changed).await
}

async fn respond(
    server: &ServerState,
    caller: &SignedInCaller,
    status: StatusCode,
    paths: ErrorPaths,
    outcome: Result<ChangedInterview, ServiceError>,
) -> RestResult {
    if let Err(ServiceError::Refused(Refusal::Conflicts(_))) = &outcome {
        server.engine.surcharge(Some(&caller.viewer)).charge(CONFLICT_COST);
    }
    let failed = |error: ServiceError| RestError::from_service(&error, paths, &caller.request_id);
    let ChangedInterview { interview, replayed, .. } = outcome.map_err(failed)?;
    let InterviewWithPeople { interview, people } = interview;
    let people = match people {
        Some(people) => people,
        None => {
            server.services.people_of(&caller.viewer, &interview).await.map_err(|error| failed(error.after_change()))?
        }
    };
    Ok(response::of_interview(status, interview, people, replayed))
}
