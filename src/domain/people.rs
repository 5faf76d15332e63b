//! Companies and people.

use crate::domain::{Authority, CompanyId, Interview, IntervieweeId, UserId, named_enum};
use chrono::{DateTime, Utc};

/// A tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Company {
    /// Its id.
    pub id: CompanyId,
    /// What it is called.
    pub name: String,
}

/// A person who can sign in: driver, staff or admin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The id that tokens carry as `sub`.
    pub id: UserId,
    /// What they may see and do.
    pub authority: Authority,
    /// The name to display.
    pub title: String,
    /// Where their picture is.
    pub image: Option<String>,
    /// A driver's number.
    pub phone_number: Option<String>,
    /// The number under which drivers reach a member of staff.
    pub contact_phone_number: Option<String>,
}

/// The people of one interview.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Participants {
    /// The application.
    pub interviewee: Interviewee,
    /// Who applied.
    pub driver: User,
    /// Who talks to them.
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
    /// Whether this interview is theirs.
    #[must_use]
    pub fn are_of(&self, interview: &Interview) -> bool {
        (self.interviewee.id, self.driver.id, self.interviewer.id)
            == (interview.interviewee_id, interview.driver_id, interview.interviewer_id)
    }
}

named_enum! {
    /// How far an application has come.
    pub enum IntervieweeKind {
        /// The driver's papers were checked.
        Verified = "verified",
        /// An interview was arranged.
        Interview = "interview",
        /// The driver was taken on.
        Accepted = "accepted",
        /// The driver rejected an interview.
        Rejected = "rejected",
    }
}

/// One driver's application to one company. A driver who applied to three companies is three interviewees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interviewee {
    /// Its id.
    pub id: IntervieweeId,
    /// The tenant.
    pub company_id: CompanyId,
    /// Who applied.
    pub driver_id: UserId,
    /// How far it has come.
    pub kind: IntervieweeKind,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}
