//! Who asks, what they see, and for which side they can act.

use crate::domain::{CompanyId, Interview, Side, UserId, named_enum};

named_enum! {
    /// What kind of user somebody is.
    pub enum Role {
        /// Applies to companies.
        Driver = "driver",
        /// Works for one company.
        Staff = "staff",
        /// Runs the platform.
        Admin = "admin",
    }
}

/// A role with what belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authority {
    /// Sees the interviews in which they are the driver.
    Driver,
    /// Sees the interviews of their company.
    Staff(CompanyId),
    /// Sees everything and can act for either side.
    Admin,
}

/// The user on whose behalf a request is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Viewer {
    /// The user's id.
    pub id: UserId,
    /// The name to display.
    pub title: String,
    /// What they may see and do.
    pub authority: Authority,
}

/// The part of the data that exists for a viewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// What this driver takes part in.
    Driver(UserId),
    /// What belongs to this company.
    Company(CompanyId),
    /// All.
    Everything,
}

impl Scope {
    /// Whether an interview exists in it.
    #[must_use]
    pub fn covers(self, interview: &Interview) -> bool {
        match self {
            Self::Driver(driver) => interview.driver_id == driver,
            Self::Company(company) => interview.company_id == company,
            Self::Everything => true,
        }
    }
}

impl Authority {
    /// The role alone.
    #[must_use]
    pub fn role(self) -> Role {
        match self {
            Self::Driver => Role::Driver,
            Self::Staff(_) => Role::Staff,
            Self::Admin => Role::Admin,
        }
    }
}

impl Viewer {
    /// What exists for them. What lies outside is answered as if it were not there.
    #[must_use]
    pub fn scope(&self) -> Scope {
        match self.authority {
            Authority::Driver => Scope::Driver(self.id),
            Authority::Staff(company) => Scope::Company(company),
            Authority::Admin => Scope::Everything,
        }
    }

    /// The sides for which they can act in an interview that they see.
    #[must_use]
    pub fn sides(&self) -> &'static [Side] {
        match self.authority {
            Authority::Driver => &[Side::Interviewee],
            Authority::Staff(_) => &[Side::Interviewer],
            Authority::Admin => &[Side::Interviewer, Side::Interviewee],
        }
    }

    /// Whether they may act for this side.
    #[must_use]
    pub fn acts_for(&self, side: Side) -> bool {
        self.sides().contains(&side)
    }
}
