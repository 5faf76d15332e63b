//! Feeds: addresses from which a calendar program reads the interviews of a user.

use crate::domain::{Authority, CompanyId, FeedId, Refusal, UserId, Viewer};
use chrono::{DateTime, TimeDelta, Utc};
use strum::{EnumString, IntoStaticStr, VariantArray};

/// An address from which a calendar program reads, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalendarFeed {
    /// Assigned by the database.
    pub id: FeedId,
    /// Whose interviews it has.
    pub scope: FeedScope,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it was last read, at most five minutes late; none if it never was.
    pub last_read_at: Option<DateTime<Utc>>,
}

/// Whose interviews a feed has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum FeedScope {
    /// Those of the user.
    Mine,
    /// Those of the user's company.
    Company,
}

/// Whose interviews a calendar has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CalendarOwner {
    /// Those of a driver.
    Driver(UserId),
    /// Those that a member of staff conducts for the company.
    Interviewer(UserId, CompanyId),
    /// All of a company.
    Company(CompanyId),
}

/// The interviews of a feed, by their start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeedWindow {
    /// The earliest start.
    pub from: DateTime<Utc>,
    /// The present. A feed that cannot have all interviews has those after it first.
    pub now: DateTime<Utc>,
    /// The first start that is too late.
    pub to: DateTime<Utc>,
}

impl CalendarFeed {
    /// The most feeds of a user.
    pub const MAX_PER_USER: usize = 5;
    /// The most interviews of a feed.
    pub const MAX_ENTRIES: usize = 1000;
    /// How old the stored time of the last read may be.
    pub const READ_PRECISION: TimeDelta = TimeDelta::minutes(5);

    /// Whether the time of the last read has to be stored anew.
    #[must_use]
    pub fn is_read_time_due(&self, now: DateTime<Utc>) -> bool {
        self.last_read_at.is_none_or(|last| now - last >= Self::READ_PRECISION)
    }
}

impl FeedScope {
    /// Whose interviews the feed of a user with this role has; none if it has no more interviews to show, because the
    /// role has changed since it was created.
    #[must_use]
    pub fn owner(self, user: UserId, authority: Authority) -> Option<CalendarOwner> {
        match (self, authority) {
            (Self::Mine, Authority::Driver) => Some(CalendarOwner::Driver(user)),
            (Self::Mine, Authority::Staff(company)) => Some(CalendarOwner::Interviewer(user, company)),
            (Self::Company, Authority::Staff(company)) => Some(CalendarOwner::Company(company)),
            (Self::Company, Authority::Driver) | (_, Authority::Admin | Authority::Service) => None,
        }
    }
}

impl FeedWindow {
    /// The window at this time: from 30 days before to 400 days after it.
    #[must_use]
    pub fn at(now: DateTime<Utc>) -> Self {
        Self { from: now - TimeDelta::days(30), now, to: now + TimeDelta::days(400) }
    }
}

impl Viewer {
    /// Checks whether the viewer may have a feed. Refuses admins and services, who have no interviews of their own, and
    /// a feed of the company to drivers.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`]
    pub fn permit_feed(&self, scope: FeedScope) -> Result<(), Refusal> {
        match scope.owner(self.id, self.authority) {
            Some(_) => Ok(()),
            None if scope == FeedScope::Company => {
                Err(Refusal::Forbidden("Only staff can have a feed of their company."))
            }
            None => Err(Refusal::Forbidden("Only drivers and staff can have a feed of their interviews.")),
        }
    }
}
