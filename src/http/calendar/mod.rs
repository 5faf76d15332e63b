//! iCalendar files: of one interview, for a signed-in user, and feeds, which calendar programs read by a token in the
//! address, because they cannot send one in a header.

mod content_lines;
mod ics;
mod reads;

pub(crate) use reads::FeedReads;

use crate::domain::InterviewId;
use crate::graphql::{Charge, MemoryBudget, NoMemory};
use crate::http::ServerState;
use crate::http::entity_tags::is_current;
use crate::http::error_response::{NO_MEMORY, NO_ROUTE};
use crate::http::method_not_allowed::method_not_allowed;
use crate::http::middleware::request_id::RequestId;
use crate::http::rest::{RestError, SignedInCaller};
use crate::services::{Calendar, FeedTokenHash};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use chrono::{DateTime, Utc};
use std::convert::Infallible;

/// The routes below `/calendar`.
pub(crate) fn router() -> Router<ServerState> {
    Router::new()
        .route("/interviews/{file}", get(interview))
        .route("/feeds/{file}", get(feed))
        .fallback(|| async { NO_ROUTE })
        .method_not_allowed_fallback(method_not_allowed)
}

/// The address of a feed is a secret, which a browser that opens it must not pass on.
pub(crate) const NO_REFERRER: (HeaderName, HeaderValue) =
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));

const CONTENT_TYPE: &str = "text/calendar; charset=utf-8";
/// Programs and browsers may keep a calendar for five minutes; shared caches may not.
const CACHE_CONTROL: &str = "private, max-age=300";

async fn interview(
    State(server): State<ServerState>,
    caller: SignedInCaller,
    FileName(file): FileName,
    headers: HeaderMap,
) -> Response {
    let Some(id) = file.map(|name| InterviewId::from_text(&name)) else { return NO_ROUTE.into_response() };
    match server.services.calendar_of_interview(&caller.viewer, id).await {
        Ok(Some(calendar)) => {
            let disposition = format!("attachment; filename=\"interview-{id}.ics\"");
            // What the file says depends on who reads it.
            let of_a_file = [(header::CONTENT_DISPOSITION, disposition), (header::VARY, "authorization".to_owned())];
            (of_a_file, respond(&server.memory, &calendar, &headers)).into_response()
        }
        Ok(None) => NO_ROUTE.into_response(),
        Err(error) => RestError::failed(&error, &caller.request_id).into_response(),
    }
}

/// A token that nobody has is answered like any other address at which there is nothing, and after the same statement.
async fn feed(
    State(server): State<ServerState>,
    RequestId(request_id): RequestId,
    FileName(file): FileName,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    // A path has slashes, which no token has.
    let token = FeedTokenHash::of(file.as_deref().unwrap_or(uri.path()));
    if let Err(refused) = server.feed_reads.count(&token) {
        return RestError::rate_limited(&refused).into_response();
    }
    match server.services.calendar_of_feed(&token).await {
        Ok(Some(calendar)) => respond(&server.memory, &calendar, &headers),
        Ok(None) => NO_ROUTE.into_response(),
        Err(error) => RestError::failed(&error, &request_id).into_response(),
    }
}

/// The last segment of the path without `.ics`; none if it does not end with it, or is not UTF-8.
struct FileName(Option<String>);

impl FromRequestParts<ServerState> for FileName {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, server: &ServerState) -> Result<Self, Infallible> {
        let segment = Path::<String>::from_request_parts(parts, server).await;
        Ok(Self(segment.ok().and_then(|Path(segment)| segment.strip_suffix(".ics").map(str::to_owned))))
    }
}

/// The calendar, or 304 for a client that has it. The file is written in the first case only.
fn respond(memory: &MemoryBudget, calendar: &Calendar, request: &HeaderMap) -> Response {
    let etag = ics::entity_tag(calendar);
    let response = if is_current(request, &etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let text = ics::write(calendar);
        match memory.charge(text.len()) {
            Ok(charge) => {
                let file = Bytes::from_owner(File { text, _charge: charge });
                ([(header::CONTENT_TYPE, CONTENT_TYPE)], file).into_response()
            }
            Err(NoMemory) => return NO_MEMORY.into_response(),
        }
    };
    let last_change = calendar.entries.iter().map(|entry| entry.updated_at).max();
    let last_modified = last_change.map(|at| [(header::LAST_MODIFIED, http_date(at))]);
    let headers = [(header::ETAG, etag), (header::CACHE_CONTROL, CACHE_CONTROL.to_owned())];
    (headers, last_modified, response).into_response()
}

/// A file, which counts as memory of the server until the socket has taken it.
struct File {
    text: String,
    _charge: Charge,
}

impl AsRef<[u8]> for File {
    fn as_ref(&self) -> &[u8] {
        self.text.as_bytes()
    }
}

/// A time as HTTP writes it (RFC 9110, section 5.6.7).
fn http_date(time: DateTime<Utc>) -> String {
    time.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::calendar::{CalendarEntry, CalendarSide, EntryStatus, Person, PublishedEntry};
    use crate::domain::{InterviewKind, TimeSlot};
    use chrono::TimeDelta;
    use uuid::Uuid;

    fn calendar(interviews: i64) -> Calendar {
        let start: DateTime<Utc> = "2025-03-20T10:00:00Z".parse().unwrap();
        let person = || Person { title: "Jude Howell".to_owned(), phone_number: None };
        let entry = |id| CalendarEntry {
            id: InterviewId(id),
            kind: InterviewKind::VideoCall,
            status: EntryStatus::Confirmed,
            slot: TimeSlot::try_new(start, start + TimeDelta::hours(1)).unwrap(),
            location: None,
            driver: person(),
            interviewer: person(),
            company: "Northern Haulage".to_owned(),
        };
        let published = |id| PublishedEntry { entry: entry(id), sequence: 0, created_at: start, updated_at: start };
        let entries = (1..=interviews).map(published).collect();
        Calendar { name: "My interviews".to_owned(), side: CalendarSide::Driver, entries, namespace: Uuid::nil() }
    }

    fn respond_to(memory: &MemoryBudget, calendar: &Calendar, tag: &str) -> Response {
        respond(memory, calendar, &HeaderMap::from_iter([(header::IF_NONE_MATCH, tag.parse().unwrap())]))
    }

    #[test]
    fn client_that_has_the_calendar_gets_304_without_the_file_being_written() {
        // There is no memory for the file.
        let (memory, calendar) = (MemoryBudget::new(1000), calendar(100));
        assert_eq!(respond_to(&memory, &calendar, "\"another\"").status(), StatusCode::SERVICE_UNAVAILABLE);
        let response = respond_to(&memory, &calendar, &ics::entity_tag(&calendar));
        assert_eq!(response.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(response.headers()[header::CACHE_CONTROL], CACHE_CONTROL);
        assert_eq!(response.headers()[header::LAST_MODIFIED], "Thu, 20 Mar 2025 10:00:00 GMT");
    }

    #[test]
    fn tag_depends_on_where_a_text_ends() {
        let mut calendar = calendar(1);
        let mut tag = |location: Option<&str>, company: &str| {
            let entry = &mut calendar.entries[0].entry;
            (entry.location, entry.company) = (location.map(str::to_owned), company.to_owned());
            ics::entity_tag(&calendar)
        };
        let tags = [(Some("a"), "bc"), (Some("ab"), "c"), (Some(""), "abc"), (None, "abc")];
        let tags: std::collections::BTreeSet<_> = tags.into_iter().map(|(one, other)| tag(one, other)).collect();
        assert_eq!(tags.len(), 4);
    }

    #[test]
    fn file_counts_as_memory_until_it_is_taken() {
        let memory = MemoryBudget::new(1_000_000);
        let response = respond_to(&memory, &calendar(100), "\"another\"");
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(memory.used(), ics::write(&calendar(100)).len());
        drop(response);
        assert_eq!(memory.used(), 0);
    }

    #[test]
    fn empty_calendar_has_a_tag_and_no_time_of_change() {
        let response = respond_to(&MemoryBudget::new(1000), &calendar(0), "\"another\"");
        assert!(response.headers().contains_key(header::ETAG));
        assert!(!response.headers().contains_key(header::LAST_MODIFIED));
    }
}
