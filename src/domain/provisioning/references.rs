//! What rows refer to, and what was found of it.

use crate::domain::{CompanyId, UserId};
use std::collections::{HashMap, HashSet};

/// What has to be looked up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Companies that may exist.
    pub companies: Vec<CompanyId>,
    /// Users who may be drivers.
    pub drivers: Vec<UserId>,
    /// Users who may have interviews, on either side.
    pub interviewed: Vec<UserId>,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct References {
    /// The companies that exist.
    pub companies: HashSet<CompanyId>,
    /// The users who are drivers, with whether they were erased.
    pub drivers: HashMap<UserId, bool>,
    /// The users who have interviews.
    pub interviewed: HashSet<UserId>,
}

impl Wanted {
    /// Whether there is nothing to look up.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.companies.is_empty() && self.drivers.is_empty() && self.interviewed.is_empty()
    }
}
