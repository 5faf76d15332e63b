//! No person has two interviews at the same time: which requests are refused, how the conflict is reported, and what
//! reserves no time.

mod interval_edges;
mod other_companies;
mod overlap_permission;
mod random_walk;
mod refusals;
mod released_time;

use interviews::domain::InterviewId;
use serde_json::Value;

/// The side and the conflicting interviews, by id, of each error of a payload that has conflict errors alone.
fn conflicts(payload: &Value) -> Vec<(&str, Vec<InterviewId>)> {
    assert_eq!(payload["interview"], Value::Null, "{payload:#}");
    let mut conflicts = Vec::new();
    for error in payload["userErrors"].as_array().unwrap() {
        assert_eq!([&error["__typename"], &error["code"]], ["ScheduleConflictError", "SCHEDULE_CONFLICT"]);
        let interviews = error["conflicts"].as_array().unwrap().iter();
        let id = |interview: &Value| InterviewId(interview["id"].as_str().unwrap().parse().unwrap());
        let mut ids: Vec<InterviewId> = interviews.map(id).collect();
        ids.sort_unstable();
        conflicts.push((error["side"].as_str().unwrap(), ids));
    }
    conflicts
}

/// The conflicts with one interview of both people.
fn both_sides(id: InterviewId) -> [(&'static str, Vec<InterviewId>); 2] {
    [("INTERVIEWER", vec![id]), ("INTERVIEWEE", vec![id])]
}
