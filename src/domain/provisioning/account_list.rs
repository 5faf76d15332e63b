//! Lists of users for administrators.

use crate::domain::{CompanyId, Role, Search};

/// Conditions on users. A user has to meet all that are given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct AccountFilter {
    /// The name contains this text.
    pub search: Option<Search>,
    /// The user has this role.
    pub role: Option<Role>,
    /// The user is staff of this company.
    pub company_id: Option<CompanyId>,
}

/// The position of a user in the list of users, by the id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AccountPosition(pub i64);
