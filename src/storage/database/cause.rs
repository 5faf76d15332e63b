//! The error of a driver as an operator reads it: the database's own words and its code.

use crate::storage::database::fault::driver_error;
use sea_orm::{DbErr, sqlx};
use std::fmt::{self, Display};

/// Writes an error without what the libraries put around it: names of their own error types, and the line of
/// PostgreSQL's source that reports the error.
pub(super) struct Cause<'a>(pub(super) &'a DbErr);

impl Display for Cause<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match driver_error(self.0) {
            Some(error) => DriverCause(error).fmt(out),
            None => self.0.fmt(out),
        }
    }
}

/// The same for the driver's own type.
pub(super) struct DriverCause<'a>(pub(super) &'a sqlx::Error);

impl Display for DriverCause<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sqlx::Error::Database(report) = self.0 else { return self.0.fmt(out) };
        out.write_str(report.message())?;
        match report.code() {
            Some(code) => write!(out, " (code {code})"),
            None => Ok(()),
        }
    }
}
