//! The results of the mutations that end access.

use crate::domain::erasure::Erasure;
use crate::graphql::schema::interview::user_errors::UserError;
use crate::graphql::schema::provisioning::user::User;
use crate::graphql::schema::scalars::DateTime;
use crate::services::Revocation;
use async_graphql::SimpleObject;
use std::sync::Arc;

/// The result of `revokeTokens`.
#[derive(SimpleObject)]
pub struct RevokePayload {
    /// The time since when the tokens are revoked. Null if there are user errors.
    revoked_at: Option<DateTime>,
    /// The errors that the user can fix. Empty on success.
    user_errors: Vec<UserError>,
}

/// The result of `eraseUser`.
#[derive(SimpleObject)]
pub struct ErasePayload {
    /// What is left of the user. Null if there are user errors; nothing was changed then.
    user: Option<User>,
    /// The errors that the user can fix. Empty on success.
    user_errors: Vec<UserError>,
}

impl RevokePayload {
    pub fn refused(error: UserError) -> Self {
        Self { revoked_at: None, user_errors: vec![error] }
    }
}

impl ErasePayload {
    pub fn refused(error: UserError) -> Self {
        Self { user: None, user_errors: vec![error] }
    }
}

impl From<Revocation> for RevokePayload {
    fn from(revocation: Revocation) -> Self {
        match revocation {
            Revocation::Done(at) => Self { revoked_at: Some(DateTime(at)), user_errors: Vec::new() },
            Revocation::UnknownUser => Self::refused(UserError::unknown_user(&["input", "userId"])),
            Revocation::InvalidJti => Self::refused(UserError::invalid_jti(&["input", "token", "jti"])),
        }
    }
}

impl From<Erasure> for ErasePayload {
    fn from(erasure: Erasure) -> Self {
        match erasure {
            Erasure::Erased(account) => Self { user: Some(User(Arc::new(account))), user_errors: Vec::new() },
            Erasure::UnknownUser => Self::refused(UserError::unknown_user(&["id"])),
            Erasure::OpenInterviews(interviews) => Self::refused(UserError::open_interviews(interviews, &["id"])),
        }
    }
}
