//! Who sees an event of the log: the company and the driver of its time, and no later driver of the interview.

use crate::domain::{CompanyId, Event, Field, FieldChange, Interview, Scope, UserId};
use std::borrow::Cow;

/// The company and the driver of an interview at the time of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Audience {
    /// The company of the interview.
    pub company_id: CompanyId,
    /// The driver after the event. None for an event that was stored without its driver, and whose driver is not in the
    /// database any more.
    pub driver_id: Option<UserId>,
    /// The driver before the event, if the event gave the interview to another driver.
    pub former_driver_id: Option<UserId>,
}

impl Audience {
    /// Whether the interview was visible in this scope before the event, if it existed.
    #[must_use]
    pub fn saw_interview_before(&self, scope: Scope) -> bool {
        match scope {
            Scope::Driver(driver) => self.former_driver_id.or(self.driver_id) == Some(driver),
            Scope::Company(_) | Scope::Everything => self.sees_interview_after(scope),
        }
    }

    /// Whether the interview is visible in this scope after the event.
    #[must_use]
    pub fn sees_interview_after(&self, scope: Scope) -> bool {
        match scope {
            Scope::Driver(driver) => self.driver_id == Some(driver),
            Scope::Company(company) => self.company_id == company,
            Scope::Everything => true,
        }
    }

    /// The audience of the event that made `interview` of the interview `before`; none for a new interview.
    #[must_use]
    pub fn of(interview: &Interview, before: Option<&Interview>) -> Self {
        let former_driver = before.map(|before| before.driver_id).filter(|former| *former != interview.driver_id);
        Self { company_id: interview.company_id, driver_id: Some(interview.driver_id), former_driver_id: former_driver }
    }
}

impl Event {
    /// What is visible of the event in this scope; none if nothing is. Of an event that gives the interview to another
    /// driver, the new driver sees the values after it, and the former driver the values before it.
    #[must_use]
    pub fn seen_in(&self, scope: Scope) -> Option<Cow<'_, Self>> {
        let Audience { company_id, driver_id, former_driver_id } = self.audience;
        let viewer = match scope {
            Scope::Everything => return Some(Cow::Borrowed(self)),
            Scope::Company(company) => return (company == company_id).then_some(Cow::Borrowed(self)),
            Scope::Driver(driver) => Some(driver),
        };
        if former_driver_id.is_none() {
            return (viewer == driver_id).then_some(Cow::Borrowed(self));
        }
        let half = if viewer == driver_id {
            |change: FieldChange| FieldChange { from: None, ..change }
        } else if viewer == former_driver_id {
            |change: FieldChange| FieldChange { to: None, ..change }
        } else {
            return None;
        };
        // A change without a value on the viewer's side would tell that the other driver had one.
        let has_value = |change: &FieldChange| change.from.is_some() || change.to.is_some();
        // So would a change of the status to the new driver, for whom the interview begins as pending in any case.
        let tells_of_former = |change: &FieldChange| viewer == driver_id && change.field == Field::Status;
        let changes = self
            .changes
            .iter()
            .filter(|change| !tells_of_former(change))
            .cloned()
            .map(half)
            .filter(has_value)
            .collect();
        Some(Cow::Owned(Self { changes, ..self.clone() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{EventId, EventType, InterviewId, Side};
    use chrono::DateTime;

    const COMPANY: CompanyId = CompanyId(1);
    const FORMER: UserId = UserId(2);
    const NEW: UserId = UserId(3);
    const ANOTHER: UserId = UserId(4);

    fn change(field: Field, from: Option<&str>, to: Option<&str>) -> FieldChange {
        FieldChange { field, from: from.map(str::to_owned), to: to.map(str::to_owned) }
    }

    const START: Option<&str> = Some("2031-03-05T14:00:00.000Z");

    fn event(driver: Option<UserId>, former_driver: Option<UserId>) -> Event {
        Event {
            id: EventId(1),
            interview_id: InterviewId(1),
            event_type: EventType::Updated,
            at: DateTime::UNIX_EPOCH,
            actor_id: None,
            actor_side: Some(Side::Interviewer),
            changes: vec![
                change(Field::Status, Some("AMENDED"), Some("PENDING")),
                change(Field::AmendStartAt, START, None),
                change(Field::Location, None, Some("Gate 2")),
                change(Field::IntervieweeId, Some("277"), Some("1001")),
            ],
            audience: Audience { company_id: COMPANY, driver_id: driver, former_driver_id: former_driver },
        }
    }

    /// The visible changes.
    fn seen(event: &Event, scope: Scope) -> Option<Vec<FieldChange>> {
        Some(event.seen_in(scope)?.into_owned().changes)
    }

    #[test]
    fn event_is_visible_to_its_driver_its_company_and_everybody_who_sees_everything() {
        let event = event(Some(NEW), None);
        for scope in [Scope::Driver(NEW), Scope::Company(COMPANY), Scope::Everything] {
            assert_eq!(event.seen_in(scope).as_deref(), Some(&event), "{scope:?}");
        }
        for scope in [Scope::Driver(ANOTHER), Scope::Company(CompanyId(2))] {
            assert_eq!(event.seen_in(scope), None, "{scope:?}");
        }
    }

    #[test]
    fn each_driver_sees_their_own_values_of_an_event_that_changes_the_driver() {
        let event = event(Some(NEW), Some(FORMER));
        let after =
            vec![change(Field::Location, None, Some("Gate 2")), change(Field::IntervieweeId, None, Some("1001"))];
        assert_eq!(seen(&event, Scope::Driver(NEW)), Some(after));
        let before = vec![
            change(Field::Status, Some("AMENDED"), None),
            change(Field::AmendStartAt, START, None),
            change(Field::IntervieweeId, Some("277"), None),
        ];
        assert_eq!(seen(&event, Scope::Driver(FORMER)), Some(before));
        assert_eq!(seen(&event, Scope::Driver(ANOTHER)), None);
        for scope in [Scope::Company(COMPANY), Scope::Everything] {
            assert_eq!(event.seen_in(scope).as_deref(), Some(&event), "{scope:?}");
        }
    }

    #[test]
    fn event_without_a_known_driver_is_visible_to_no_driver() {
        let event = event(None, None);
        assert_eq!(event.seen_in(Scope::Driver(NEW)), None);
        assert_eq!(event.seen_in(Scope::Company(COMPANY)).as_deref(), Some(&event));
    }
}
