//! Companies, users and applications.

use crate::domain::{Authority, CompanyId, Interview, IntervieweeId, UserId};
use chrono::{DateTime, Utc};
use strum::{EnumString, IntoStaticStr, VariantArray};

/// A tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Company {
    /// Staff, interviewees and interviews belong to one company by this id.
    pub id: CompanyId,
    /// The name to display.
    pub name: String,
}

/// A person who can sign in: driver, staff or admin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The `sub` claim of the user's tokens.
    pub id: UserId,
    /// The user's role, and the company of staff.
    pub authority: Authority,
    /// The name to display.
    pub title: String,
    /// The URL of a picture.
    pub image: Option<String>,
    /// A driver's own number.
    pub phone_number: Option<String>,
    /// The number under which drivers reach a member of staff.
    pub contact_phone_number: Option<String>,
}

/// The people of one interview.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Participants {
    /// The driver's application.
    pub interviewee: Interviewee,
    /// The user who applied.
    pub driver: User,
    /// The member of staff.
    pub interviewer: User,
}

/// An interview that was read or changed.
#[derive(Clone, Debug)]
pub struct InterviewWithPeople {
    /// The interview, after the change if there was one.
    pub interview: Interview,
    /// Its people; none if they were not read together with it.
    pub people: Option<Participants>,
}

impl From<Interview> for InterviewWithPeople {
    fn from(interview: Interview) -> Self {
        Self { interview, people: None }
    }
}

impl Participants {
    /// Whether these are the people of this interview.
    #[must_use]
    pub fn are_of(&self, interview: &Interview) -> bool {
        (self.interviewee.id, self.driver.id, self.interviewer.id)
            == (interview.interviewee_id, interview.driver_id, interview.interviewer_id)
    }
}

/// The progress of an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum IntervieweeKind {
    /// The driver's papers were checked.
    Verified,
    /// An interview was arranged.
    Interview,
    /// The company hired the driver.
    Accepted,
    /// The driver rejected an interview.
    Rejected,
}

/// One driver's application to one company. A driver who applied to three companies is three interviewees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interviewee {
    /// Interviews refer to the application by this id.
    pub id: IntervieweeId,
    /// The company to which the driver applied.
    pub company_id: CompanyId,
    /// The user who applied.
    pub driver_id: UserId,
    /// The progress of the application.
    pub kind: IntervieweeKind,
    /// The time of the last change of `kind`.
    pub updated_at: DateTime<Utc>,
}
