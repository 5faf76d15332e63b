//! Companies, users and applications.

use crate::domain::{Authority, CompanyId, Interview, IntervieweeId, TimeZone, UserId};
use chrono::{DateTime, Utc};
use strum::{EnumString, IntoStaticStr, VariantArray};

/// A tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Company {
    /// Staff, interviewees and interviews belong to one company by this id.
    pub id: CompanyId,
    /// The name to display.
    pub name: String,
    /// The URL of a picture.
    pub image: Option<String>,
    /// The zone of its staff who have chosen no other.
    pub time_zone: TimeZone,
    /// When the company last changed in the platform, as far as this server knows.
    pub source_updated_at: Option<DateTime<Utc>>,
}

/// A person or program who can sign in, as far as interviews show them.
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

/// A user with what only the platform and administrators know of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// What interviews show of the user.
    pub user: User,
    /// Marks staff who may administer their company.
    pub manager: bool,
    /// The user's address for electronic mail.
    pub email: Option<String>,
    /// The zone that the user has chosen.
    pub time_zone: Option<TimeZone>,
    /// Since when the user can no longer sign in.
    pub deactivated_at: Option<DateTime<Utc>>,
    /// Tokens that were issued earlier, or do not say when, are refused.
    pub tokens_valid_after: Option<DateTime<Utc>>,
    /// When the user was erased. Nothing of the person is stored since.
    pub erased_at: Option<DateTime<Utc>>,
    /// When the user last changed in the platform, as far as this server knows.
    pub source_updated_at: Option<DateTime<Utc>>,
}

impl Account {
    /// Whether the user is staff who may administer their company.
    #[must_use]
    pub fn manages_company(&self) -> bool {
        self.manager && matches!(self.user.authority, Authority::Staff(_))
    }
}

/// Whether a token that was issued at this time is accepted from a user whose tokens are valid only since
/// `valid_after`. A token that does not say when it was issued could be an old one.
#[must_use]
pub fn is_token_accepted(issued_at: Option<DateTime<Utc>>, valid_after: Option<DateTime<Utc>>) -> bool {
    valid_after.is_none_or(|valid_after| issued_at.is_some_and(|issued_at| issued_at >= valid_after))
}

impl From<User> for Account {
    fn from(user: User) -> Self {
        Self {
            user,
            manager: false,
            email: None,
            time_zone: None,
            deactivated_at: None,
            tokens_valid_after: None,
            erased_at: None,
            source_updated_at: None,
        }
    }
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
