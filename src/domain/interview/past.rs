//! What an interview was before and after its events. The log has the changes only, so that this is found by undoing
//! them, from the present back.

use crate::domain::filter::FilteredValues;
use crate::domain::{Event, EventId, EventType, Field, FieldChange, Interview, IntervieweeId, UserId, time};
use chrono::{DateTime, Utc};
use std::collections::HashMap;
use std::str::FromStr;

/// What a filter compares of an interview before and after an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValuesAtEvent {
    /// None for the event that created the interview.
    pub before: Option<FilteredValues>,
    /// After the event.
    pub after: FilteredValues,
}

/// An interview with its last events, as they were at one moment.
#[derive(Clone, Debug)]
pub struct RecentPast {
    /// The interview after the last event.
    pub interview: Interview,
    /// The last events, oldest first.
    pub events: Vec<Event>,
    /// The time of the last change before them; none if there is none.
    pub previous_at: Option<DateTime<Utc>>,
}

impl RecentPast {
    /// The values before and after each of the events. An event whose changes cannot be undone is left out, with all
    /// events before it.
    #[must_use]
    pub fn values(&self) -> HashMap<EventId, ValuesAtEvent> {
        let mut values = HashMap::new();
        let mut present = Some(FilteredValues::of(&self.interview));
        for (index, event) in self.events.iter().enumerate().rev() {
            let Some(known) = present else { break };
            if event.event_type.is_reminder() {
                values.insert(event.id, ValuesAtEvent { before: Some(known), after: known });
                continue;
            }
            let driver_id = event.audience.driver_id.unwrap_or(known.driver_id);
            let after = FilteredValues { updated_at: event.at, driver_id, ..known };
            let before = if event.event_type == EventType::Created {
                None
            } else {
                let earlier = self.events[..index].iter().rev().find(|event| !event.event_type.is_reminder());
                let previous_at = earlier.map(|event| event.at).or(self.previous_at);
                let updated_at = previous_at.unwrap_or(self.interview.created_at);
                let driver_id = event.audience.former_driver_id.unwrap_or(driver_id);
                let before = FilteredValues { driver_id, updated_at, ..after };
                let Some(before) = event.changes.iter().try_fold(before, FilteredValues::undo) else { break };
                Some(before)
            };
            values.insert(event.id, ValuesAtEvent { before, after });
            present = before;
        }
        values
    }
}

impl FilteredValues {
    /// The values before a change; none if the change is not understood.
    fn undo(self, change: &FieldChange) -> Option<Self> {
        fn parsed<T: FromStr>(text: Option<&str>) -> Option<T> {
            text?.parse().ok()
        }
        let from = change.from.as_deref();
        let time = |text: Option<&str>| time::parse(text?).ok();
        Some(match change.field {
            Field::Status => Self { status: parsed(from)?, ..self },
            Field::Kind => Self { kind: parsed(from)?, ..self },
            Field::AmendedBy if from.is_none() => Self { proposed_by: None, ..self },
            Field::AmendedBy => Self { proposed_by: Some(parsed(from)?), ..self },
            Field::StartAt => Self { start_at: time(from)?, ..self },
            Field::EndAt => Self { end_at: time(from)?, ..self },
            Field::IntervieweeId => Self { interviewee_id: IntervieweeId(parsed(from)?), ..self },
            Field::InterviewerId => Self { interviewer_id: UserId(parsed(from)?), ..self },
            Field::Id
            | Field::AmendStartAt
            | Field::AmendEndAt
            | Field::Location
            | Field::AllowOverlap
            | Field::Reason
            | Field::Absent
            | Field::As
            | Field::MinutesBefore
            | Field::Hours => self,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Audience, CompanyId, InterviewId, InterviewKind, InterviewStatus, Proposal, Side, State};
    use crate::domain::{StatusBeforeProposal, TimeSlot};
    use chrono::TimeDelta;

    const START: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn interview() -> Interview {
        Interview {
            id: InterviewId(1),
            company_id: CompanyId(1),
            driver_id: UserId(2),
            interviewee_id: IntervieweeId(3),
            interviewer_id: UserId(4),
            kind: InterviewKind::VideoCall,
            state: State::Pending,
            slot: TimeSlot::try_new(START, START + TimeDelta::hours(1)).unwrap(),
            location: None,
            allow_overlap: false,
            version: 1,
            created_at: START,
            updated_at: START,
        }
    }

    /// Interviews after each change of one, the first after its creation.
    fn steps() -> Vec<Interview> {
        let mut steps = vec![interview()];
        let mut step = |change: &dyn Fn(&mut Interview)| {
            let mut next = steps.last().unwrap().clone();
            (next.version, next.updated_at) = (next.version + 1, next.updated_at + TimeDelta::minutes(1));
            change(&mut next);
            steps.push(next);
        };
        let slot = TimeSlot::try_new(START + TimeDelta::days(1), START + TimeDelta::hours(26)).unwrap();
        let proposal = |by| Proposal { slot, by, before: StatusBeforeProposal::Pending };
        step(&|it| it.state = State::Amended(proposal(Side::Interviewee)));
        step(&|it| it.state = State::Amended(proposal(Side::Interviewer)));
        step(&|it| (it.state, it.slot) = (State::Scheduled, slot));
        step(&|it| (it.kind, it.interviewer_id) = (InterviewKind::PhoneCall, UserId(5)));
        step(&|it| (it.interviewee_id, it.driver_id, it.state) = (IntervieweeId(6), UserId(7), State::Pending));
        step(&|it| it.location = Some("Gate 2".to_owned()));
        step(&|it| it.state = State::Cancelled { reason: Some("ill".to_owned()) });
        steps
    }

    fn events(steps: &[Interview]) -> Vec<Event> {
        let event = |(index, after): (usize, &Interview)| {
            let before = index.checked_sub(1).map(|index| &steps[index]);
            Event {
                id: EventId(i64::try_from(index).unwrap()),
                interview_id: after.id,
                event_type: if before.is_none() { EventType::Created } else { EventType::Updated },
                at: after.updated_at,
                actor_id: None,
                actor_side: Some(Side::Interviewer),
                changes: after.changes_since(before),
                audience: Audience::of(after, before),
            }
        };
        steps.iter().enumerate().map(event).collect()
    }

    #[test]
    fn values_at_each_event_are_those_that_the_interview_had() {
        let steps = steps();
        let events = events(&steps);
        let last = steps.last().unwrap();
        for first in 0..steps.len() {
            let past = RecentPast {
                interview: last.clone(),
                events: events[first..].to_vec(),
                previous_at: first.checked_sub(1).map(|previous| events[previous].at),
            };
            let values = past.values();
            assert_eq!(values.len(), steps.len() - first);
            for (index, step) in steps.iter().enumerate().skip(first) {
                let before = index.checked_sub(1).map(|index| FilteredValues::of(&steps[index]));
                let expected = ValuesAtEvent { before, after: FilteredValues::of(step) };
                assert_eq!(values[&events[index].id], expected, "event {index} of those from {first}");
            }
        }
        assert_eq!(last.status(), InterviewStatus::Cancelled);
    }

    #[test]
    fn interview_is_the_same_before_and_after_a_reminder() {
        let steps = steps();
        let mut events = events(&steps);
        // One after each change, and two after the third.
        for (place, id) in [(8, 30), (7, 31), (4, 32), (4, 33), (1, 34)] {
            let before = events[place - 1].clone();
            let (id, at) = (EventId(id), before.at + TimeDelta::seconds(1));
            let (event_type, changes) = (EventType::ReminderDue, Vec::new());
            events.insert(place, Event { id, event_type, at, changes, actor_side: None, ..before });
        }
        let past = RecentPast { interview: steps.last().unwrap().clone(), events, previous_at: None };
        let values = past.values();
        assert_eq!(values.len(), steps.len() + 5);
        for (id, step) in [(30, 7), (31, 6), (32, 3), (33, 3), (34, 0)] {
            let same = FilteredValues::of(&steps[step]);
            assert_eq!(values[&EventId(id)], ValuesAtEvent { before: Some(same), after: same }, "{id}");
        }
        for (index, step) in steps.iter().enumerate() {
            let before = index.checked_sub(1).map(|index| FilteredValues::of(&steps[index]));
            let expected = ValuesAtEvent { before, after: FilteredValues::of(step) };
            assert_eq!(values[&EventId(i64::try_from(index).unwrap())], expected, "event {index}");
        }
    }

    #[test]
    fn time_of_the_change_before_the_first_event_is_that_of_no_reminder() {
        let steps = steps();
        let events = events(&steps);
        let reminder = Event {
            id: EventId(30),
            event_type: EventType::AnswerOverdue,
            at: events[4].at + TimeDelta::seconds(1),
            changes: Vec::new(),
            ..events[4].clone()
        };
        let past = RecentPast {
            interview: steps[5].clone(),
            events: vec![reminder, events[5].clone()],
            previous_at: Some(events[4].at),
        };
        let values = past.values();
        assert_eq!(values[&events[5].id].before.unwrap().updated_at, events[4].at);
        assert_eq!(values[&EventId(30)].after.updated_at, events[4].at);
    }

    #[test]
    fn events_before_a_change_that_is_not_understood_are_left_out() {
        let steps = steps();
        let mut events = events(&steps);
        events[4].changes[0].from = Some("by letter".to_owned());
        let past = RecentPast { interview: steps.last().unwrap().clone(), events, previous_at: None };
        let mut known: Vec<i64> = past.values().keys().map(|id| id.0).collect();
        known.sort_unstable();
        assert_eq!(known, [5, 6, 7]);
    }
}
