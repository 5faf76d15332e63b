//! Messages of refusals are whole sentences for the person who made the request.

use crate::support::sentences::check;
use interviews::domain::{Action, Conflict, Field, FieldError, InterviewStatus, Refusal, Side, TimeSlot, time};
use strum::VariantArray;

#[test]
fn every_refused_action_says_why_in_a_sentence() {
    for action in Action::VARIANTS {
        for status in InterviewStatus::VARIANTS {
            let message = Refusal::state_message(*action, *status);
            check(&message);
            assert!(!message.contains('_'), "a name of the program: {message}");
        }
    }
    [Refusal::NOT_FOUND, Refusal::STALE].into_iter().for_each(check);
}

#[test]
fn conflict_names_the_person_in_a_sentence() {
    for side in Side::VARIANTS {
        check(&Conflict { side: *side, visible: Vec::new(), overridable: false }.message());
    }
}

#[test]
fn missing_field_is_named_in_a_sentence() {
    for field in Field::VARIANTS {
        let FieldError { message, limit, .. } = FieldError::missing(*field);
        check(&message);
        assert!(!message.contains('_') && limit.is_none(), "{message}");
    }
}

#[test]
fn wrong_time_is_explained_in_a_sentence() {
    for text in ["", "2025-03-20", "0000-06-01T00:00:00Z"] {
        check(&time::parse(text).unwrap_err().to_string());
    }
    let now = time::parse("2025-03-20T10:00:00Z").unwrap();
    for end in [now, now + chrono::TimeDelta::days(2)] {
        check(&TimeSlot::try_new(now, end).unwrap_err().to_string());
    }
}
