//! The user who makes a request, what they see, and for which sides they can act.

use crate::domain::{Account, CompanyId, Interview, Interviewee, Side, TimeZone, UserId};
use strum::{EnumString, IntoStaticStr, VariantArray};

/// The role of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Role {
    /// Applies to companies.
    Driver,
    /// Works for one company.
    Staff,
    /// Operates the platform.
    Admin,
    /// A program of the platform.
    Service,
}

/// A role with the data that its permissions depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authority {
    /// Sees the interviews in which they are the driver.
    Driver,
    /// Sees the interviews of their company.
    Staff(CompanyId),
    /// Sees everything and can act for either side.
    Admin,
    /// Sees everything and acts for no side.
    Service,
}

/// The user who makes a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Viewer {
    /// The actor of the events that the viewer causes.
    pub id: UserId,
    /// The name to display.
    pub title: String,
    /// Decides what the viewer sees and may change.
    pub authority: Authority,
    /// Whether the viewer is staff who may administer their company.
    pub manager: bool,
    /// The zone that the viewer has chosen.
    pub time_zone: Option<TimeZone>,
}

/// The part of the data that is visible to a viewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// The interviews and applications of this driver.
    Driver(UserId),
    /// The interviews and applications at this company.
    Company(CompanyId),
    /// All data, for admins and services.
    Everything,
}

impl From<Account> for Viewer {
    fn from(account: Account) -> Self {
        let (manager, time_zone) = (account.manages_company(), account.time_zone);
        let user = account.user;
        Self { id: user.id, title: user.title, authority: user.authority, manager, time_zone }
    }
}

impl Scope {
    /// Whether the interview is visible in this scope.
    #[must_use]
    pub fn covers(self, interview: &Interview) -> bool {
        match self {
            Self::Driver(driver) => interview.driver_id == driver,
            Self::Company(company) => interview.company_id == company,
            Self::Everything => true,
        }
    }

    /// Whether the application is visible in this scope.
    #[must_use]
    pub fn covers_application(self, interviewee: &Interviewee) -> bool {
        match self {
            Self::Driver(driver) => interviewee.driver_id == driver,
            Self::Company(company) => interviewee.company_id == company,
            Self::Everything => true,
        }
    }
}

impl Authority {
    /// The company of staff.
    #[must_use]
    pub fn company(self) -> Option<CompanyId> {
        match self {
            Self::Staff(company) => Some(company),
            Self::Driver | Self::Admin | Self::Service => None,
        }
    }

    /// The role without its data.
    #[must_use]
    pub fn role(self) -> Role {
        match self {
            Self::Driver => Role::Driver,
            Self::Staff(_) => Role::Staff,
            Self::Admin => Role::Admin,
            Self::Service => Role::Service,
        }
    }
}

impl Viewer {
    /// What the viewer sees. Data outside of the scope is treated as if it did not exist.
    #[must_use]
    pub fn scope(&self) -> Scope {
        match self.authority {
            Authority::Driver => Scope::Driver(self.id),
            Authority::Staff(company) => Scope::Company(company),
            Authority::Admin | Authority::Service => Scope::Everything,
        }
    }

    /// The sides for which the viewer can act in a visible interview.
    #[must_use]
    pub fn sides(&self) -> &'static [Side] {
        match self.authority {
            Authority::Driver => &[Side::Interviewee],
            Authority::Staff(_) => &[Side::Interviewer],
            Authority::Admin => &[Side::Interviewer, Side::Interviewee],
            Authority::Service => &[],
        }
    }

    /// Whether the viewer can act for this side.
    #[must_use]
    pub fn acts_for(&self, side: Side) -> bool {
        self.sides().contains(&side)
    }
}
