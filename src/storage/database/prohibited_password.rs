//! A password that SCRAM does not take. What the driver says of it contains the character.

use sea_orm::sqlx;

const REASON: &str = "the password has a character that SCRAM prohibits, such as an unassigned one or a control \
    character (RFC 4013)";

/// The error without the characters of the password.
pub fn without_password(error: sqlx::Error) -> sqlx::Error {
    match &error {
        sqlx::Error::Configuration(cause) if cause.to_string().contains("saslprep password") => {
            sqlx::Error::Configuration(REASON.into())
        }
        _ => error,
    }
}
