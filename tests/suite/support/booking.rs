//! Creating interviews: `app.book(JUDE, LUISA).at("10:00").await` is the id of a new interview.

use super::TestApp;
use super::actor::Actor;
use super::lifecycle::interview_of;
use super::people::{COASTAL_FREIGHT, MONA, PIET, application_of, company_of};
use futures_util::future::BoxFuture;
use interviews::domain::{InterviewId, IntervieweeId, UserId};
use serde_json::{Value, json};

/// The request to create an interview. Awaiting it creates the interview and gives its id.
#[derive(Clone)]
#[must_use = "nothing is created until the booking is awaited or attempted"]
pub struct Booking {
    by: Actor,
    driver: Actor,
    interviewee: IntervieweeId,
    interviewer: UserId,
    kind: &'static str,
    start: String,
    end: String,
    allow_overlap: bool,
}

impl TestApp {
    /// A telephone interview of an hour, created by staff of the interviewer's company: Mona, or Piet.
    pub fn book(&self, driver: UserId, interviewer: UserId) -> Booking {
        let company = company_of(interviewer);
        let by = self.user(if company == COASTAL_FREIGHT { PIET } else { MONA });
        let interviewee = application_of(driver, company);
        let driver = self.user(driver);
        let allow_overlap = false;
        Booking {
            by,
            driver,
            interviewee,
            interviewer,
            kind: "PHONE_CALL",
            start: at("10:00"),
            end: at("11:00"),
            allow_overlap,
        }
    }
}

impl Booking {
    /// Begins at this time of the free day and takes an hour.
    pub fn at(self, start: &str) -> Self {
        let start = at(start);
        let end = start.parse::<chrono::DateTime<chrono::Utc>>().unwrap() + chrono::TimeDelta::hours(1);
        Self { start, end: end.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true), ..self }
    }

    /// Ends at this time of the free day.
    pub fn until(self, end: &str) -> Self {
        Self { end: at(end), ..self }
    }

    /// Created by another user.
    pub fn by(self, actor: &Actor) -> Self {
        Self { by: actor.clone(), ..self }
    }

    pub fn allowing_overlap(self) -> Self {
        Self { allow_overlap: true, ..self }
    }

    /// Sends the request; the payload, whether the interview was created or not.
    pub async fn attempt(&self) -> Value {
        let Self { interviewee, interviewer, kind, start, end, allow_overlap, .. } = self;
        let input = format!(
            r#"kind: {kind}, startAt: "{start}", endAt: "{end}", intervieweeId: {interviewee},
            interviewerId: {interviewer}, allowOverlap: {allow_overlap}"#
        );
        self.by.mutate("createInterview", &format!("input: {{{input}}}")).await
    }

    /// Creates the interview, and the driver accepts it.
    pub async fn accepted(self) -> InterviewId {
        let driver = self.driver.clone();
        let id = self.await;
        interview_of(&driver.accept(id).await);
        id
    }
}

impl IntoFuture for Booking {
    type Output = InterviewId;
    type IntoFuture = BoxFuture<'static, InterviewId>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let payload = self.attempt().await;
            InterviewId(interview_of(&payload)["id"].as_str().unwrap().parse().unwrap())
        })
    }
}

/// `10:30` or `10:30:00.001` on 2025-04-01, the free day: no interview of the demo data is on it. Any longer text is a
/// whole time.
pub fn at(text: &str) -> String {
    match text.len() {
        5 => format!("2025-04-01T{text}:00Z"),
        6..=12 => format!("2025-04-01T{text}Z"),
        _ => text.to_owned(),
    }
}

/// `startAt` and `endAt` of an input as JSON.
pub fn times(start: &str, end: &str) -> Value {
    json!({"startAt": at(start), "endAt": at(end)})
}

/// The same as GraphQL literals.
pub fn time_arguments(start: &str, end: &str) -> String {
    format!(r#"startAt: "{}", endAt: "{}""#, at(start), at(end))
}

/// Arguments of `amendInterview` that propose these times.
pub fn proposal(id: impl std::fmt::Display, start: &str, end: &str) -> String {
    format!("id: {id}, input: {{{}}}", time_arguments(start, end))
}
