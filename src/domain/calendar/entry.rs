//! An interview as a calendar shows it.

use crate::domain::{
    Authority, Interview, InterviewId, InterviewKind, InterviewStatus, StatusBeforeProposal, TimeSlot, User,
};
use chrono::{DateTime, Utc};
use url::Url;

/// An interview with what a calendar shows of its people.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CalendarEntry {
    /// The interview.
    pub id: InterviewId,
    /// How the two sides meet.
    pub kind: InterviewKind,
    /// Whether it takes place.
    pub status: EntryStatus,
    /// When it takes place. A proposed time is not shown before both sides have agreed to it.
    pub slot: TimeSlot,
    /// A link or a place.
    pub location: Option<String>,
    /// The driver.
    pub driver: Person,
    /// The member of staff.
    pub interviewer: Person,
    /// The name of the company.
    pub company: String,
}

/// An entry of a feed or a file, which calendar programs compare with the one that they have.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PublishedEntry {
    /// The entry.
    pub entry: CalendarEntry,
    /// Rises with each change for which a calendar program has to replace its entry.
    pub sequence: i32,
    /// When the interview was created.
    pub created_at: DateTime<Utc>,
    /// When the interview last changed.
    pub updated_at: DateTime<Utc>,
}

/// What a calendar shows of a person.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Person {
    /// The name to display.
    pub title: String,
    /// The number under which the other side reaches the person.
    pub phone_number: Option<String>,
}

/// Whether an interview takes place, as calendars know it (RFC 5545, section 3.8.1.11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntryStatus {
    /// One side has not agreed yet.
    Tentative,
    /// Both sides have agreed.
    Confirmed,
    /// It does not take place. Calendars that show it already have to learn of it.
    Cancelled,
}

/// Whose calendar an entry is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CalendarSide {
    /// The driver's. It names the company.
    Driver,
    /// Staff's, or that of an admin or a service. It names the driver.
    Staff,
}

impl From<Authority> for CalendarSide {
    fn from(authority: Authority) -> Self {
        match authority {
            Authority::Driver => Self::Driver,
            Authority::Staff(_) | Authority::Admin | Authority::Service => Self::Staff,
        }
    }
}

impl EntryStatus {
    /// The status of an interview. One for which another time is proposed keeps its own until the proposal is accepted.
    #[must_use]
    pub fn new(status: InterviewStatus, before_proposal: Option<StatusBeforeProposal>) -> Self {
        match status {
            InterviewStatus::Amended if before_proposal == Some(StatusBeforeProposal::Scheduled) => Self::Confirmed,
            InterviewStatus::Pending | InterviewStatus::Amended => Self::Tentative,
            InterviewStatus::Scheduled | InterviewStatus::Completed => Self::Confirmed,
            InterviewStatus::Rejected | InterviewStatus::Cancelled | InterviewStatus::NoShow => Self::Cancelled,
        }
    }
}

impl CalendarEntry {
    /// The entry of an interview.
    #[must_use]
    pub fn new(interview: &Interview, driver: &User, interviewer: &User, company: &str) -> Self {
        Self {
            id: interview.id,
            kind: interview.kind,
            status: EntryStatus::new(interview.status(), interview.proposal().map(|proposal| proposal.before)),
            slot: interview.slot,
            location: interview.location.clone(),
            driver: Person { title: driver.title.clone(), phone_number: driver.phone_number.clone() },
            interviewer: Person {
                title: interviewer.title.clone(),
                phone_number: interviewer.contact_phone_number.clone(),
            },
            company: company.to_owned(),
        }
    }

    /// The title of the entry.
    #[must_use]
    pub fn summary(&self, calendar: CalendarSide) -> String {
        match calendar {
            CalendarSide::Driver => format!("Interview with {}", self.company),
            CalendarSide::Staff => format!("Interview: {}", self.driver.title),
        }
    }

    /// How the two sides meet, with the number of the other side if it is by telephone.
    #[must_use]
    pub fn description(&self, calendar: CalendarSide) -> String {
        let other = match calendar {
            CalendarSide::Driver => &self.interviewer,
            CalendarSide::Staff => &self.driver,
        };
        match (self.kind, &other.phone_number) {
            (InterviewKind::PhoneCall, Some(number)) => format!("Phone call: {number}"),
            (InterviewKind::PhoneCall, None) => "Phone call".to_owned(),
            (InterviewKind::VideoCall, _) => "Video call".to_owned(),
            (InterviewKind::InPerson, _) => "In person".to_owned(),
        }
    }

    /// The location, if it is an http or https URL and nothing else. The URL standard reads an address in many other
    /// texts: words that follow it would be a part of the link.
    #[must_use]
    pub fn url(&self) -> Option<Url> {
        let location = self.location.as_deref()?;
        let url = Url::parse(location).ok()?;
        let (scheme, _) = location.split_once("://")?;
        let is_web = ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
        let has_user = !url.username().is_empty() || url.password().is_some();
        (is_web && !has_user && !location.contains(char::is_whitespace)).then_some(url)
    }
}
