//! Erasing a person: what stays of them.

use crate::domain::{Account, Interview, User, UserId};
use chrono::{DateTime, Utc};

/// What became of a request to erase a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Erasure {
    /// Nothing of the person is stored but this. The same for a person who was erased before.
    Erased(Account),
    /// There is no user with this id.
    UnknownUser,
    /// Nothing was written, because the person has open interviews. Contains at most [`MAX_SHOWN`] of them, by id.
    OpenInterviews(Vec<Interview>),
}

/// The most open interviews that a refusal contains.
pub const MAX_SHOWN: usize = 100;

/// What replaces texts in the event log.
pub const ERASED_TEXT: &str = "[erased]";

fn erased_title(id: UserId) -> String {
    format!("Erased user {id}")
}

impl Account {
    /// What stays of the user: the id and the role, to which interviews and their history refer.
    #[must_use]
    pub fn erased(self, now: DateTime<Utc>) -> Self {
        let User { id, authority, .. } = self.user;
        let user = User {
            id,
            authority,
            title: erased_title(id),
            image: None,
            phone_number: None,
            contact_phone_number: None,
        };
        Self {
            user,
            manager: false,
            email: None,
            time_zone: None,
            deactivated_at: self.deactivated_at.or(Some(now)),
            tokens_valid_after: self.tokens_valid_after,
            erased_at: Some(now),
            source_updated_at: self.source_updated_at,
        }
    }
}
