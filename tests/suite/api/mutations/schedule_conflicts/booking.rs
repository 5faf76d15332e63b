//! Who is booked with whom, when.

use crate::support::actor::Actor;
use serde_json::{Value, json};

/// A request for an interview on a day on which everybody is free.
#[derive(Clone)]
pub struct Slot {
    pub interviewee: i64,
    pub interviewer: i64,
    pub start: String,
    pub end: String,
    pub allow_overlap: bool,
}

/// Jude Howell, who applied to both companies, with Luisa Hintz of the first one.
pub fn jude(start: &str, end: &str) -> Slot {
    Slot { interviewee: 277, interviewer: 1001, start: start.to_owned(), end: end.to_owned(), allow_overlap: false }
}

impl Slot {
    pub fn with(self, interviewer: i64) -> Self {
        Self { interviewer, ..self }
    }

    pub fn of(self, interviewee: i64) -> Self {
        Self { interviewee, ..self }
    }

    pub fn over_a_clash(self) -> Self {
        Self { allow_overlap: true, ..self }
    }

    /// What comes of asking for it.
    pub async fn ask(&self, who: &Actor) -> Value {
        let Self { interviewee, interviewer, start, end, allow_overlap } = self;
        let input = format!(
            "kind: PHONE_CALL, startAt: {}, endAt: {}, intervieweeId: {interviewee}, interviewerId: {interviewer}, \
             allowOverlap: {allow_overlap}",
            json!(time(start)),
            json!(time(end))
        );
        who.mutate("createInterview", &format!("input: {{{input}}}")).await
    }

    /// Books it; its id.
    pub async fn book(&self, who: &Actor) -> i64 {
        let payload = self.ask(who).await;
        assert_eq!(payload["userErrors"], json!([]));
        payload["interview"]["id"].as_str().unwrap().parse().unwrap()
    }
}

/// `10:30` on the free day; anything longer is a whole time already.
pub fn time(text: &str) -> String {
    match text.len() {
        5 => format!("2025-04-01T{text}:00Z"),
        6..=12 => format!("2025-04-01T{text}Z"),
        _ => text.to_owned(),
    }
}

pub fn times(start: &str, end: &str) -> Value {
    json!({"startAt": time(start), "endAt": time(end)})
}

/// The refusals for taken time: side, ids of the clashing interviews that are shown, message.
pub fn clashes(payload: &Value) -> Vec<(String, Vec<i64>, String)> {
    assert_eq!(payload["interview"], json!(null), "{payload:#}");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let errors = payload["userErrors"].as_array().unwrap().iter();
    let clash = |error: &Value| {
        assert_eq!(
            (&error["__typename"], &error["code"]),
            (&json!("ScheduleConflictError"), &json!("SCHEDULE_CONFLICT"))
        );
        let ids = error["conflicts"].as_array().unwrap().iter();
        (text(&error["side"]), ids.map(|it| text(&it["id"]).parse().unwrap()).collect(), text(&error["message"]))
    };
    errors.map(clash).collect()
}

/// One refusal, as [`clashes`] tells it.
pub fn clash(side: &str, shown: &[i64], message: &str) -> (String, Vec<i64>, String) {
    (side.to_owned(), shown.to_vec(), message.to_owned())
}

pub const INTERVIEWER_TAKEN: &str = "the interviewer has another interview at that time";
pub const DRIVER_TAKEN: &str = "the driver has another interview at that time";
