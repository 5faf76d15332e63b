//! The tokens to revoke, and their conversion.

use crate::domain::UserId;
use crate::graphql::schema::scalars::DateTime;
use crate::services::RevokedTokens;
use async_graphql::{ID, InputObject, OneofObject};

/// The tokens to revoke: exactly one of the fields.
#[derive(OneofObject)]
pub enum RevokeTokensInput {
    /// One token.
    Token(TokenRef),
    /// All tokens of the user with this id that were issued before now, and those that do not say when they were issued
    /// (claim `iat`). The user can sign in with tokens that are issued from the next second on.
    UserId(ID),
}

/// A token, by its claims.
#[derive(InputObject)]
pub struct TokenRef {
    /// The claim `jti`: 1 to 256 bytes (`INVALID_JTI`).
    jti: String,
    /// The claim `exp`. The server may forget the revocation after it.
    expires_at: DateTime,
}

impl From<RevokeTokensInput> for RevokedTokens {
    fn from(input: RevokeTokensInput) -> Self {
        match input {
            RevokeTokensInput::Token(TokenRef { jti, expires_at }) => Self::Token { jti, expires_at: expires_at.0 },
            RevokeTokensInput::UserId(id) => Self::OfUser(UserId::from_text(&id)),
        }
    }
}
