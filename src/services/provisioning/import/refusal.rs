//! Why a line was refused, as the command prints it: a code, and the field at fault.

use crate::domain::provisioning::RowError;
use std::fmt;
use strum::{IntoStaticStr, VariantArray};

/// What makes a line no row. Rows are judged by the domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE", const_into_str)]
pub enum LineProblem {
    /// The line is longer than 4 MiB.
    LineTooLong,
    /// The line is not an object of JSON.
    InvalidJson,
    /// The line has no type, or one that is not imported.
    UnknownType,
    /// The type has no such field.
    UnknownField,
    /// The field occurs more than once.
    DuplicateField,
    /// The value is not of the field's type.
    InvalidValue,
    /// The line lacks the field.
    Required,
    /// The field is null.
    NullNotAllowed,
}

/// The kind of a row, by its name in refusals and counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum RowKind {
    /// Lines of the type `company`.
    Companies,
    /// Lines of the type `user`.
    Users,
    /// Lines of the type `interviewee`.
    Interviewees,
    /// Lines of the type `interview`.
    Interviews,
}

/// A code with the field at fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    code: &'static str,
    field: String,
}

/// A refusal with its line. It prints as `line 17: users COMPANY_NOT_FOUND companyId`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedLine {
    /// The number of the line.
    pub line: u64,
    /// None if the type of the line is not known.
    pub kind: Option<RowKind>,
    /// What is wrong.
    pub refusal: Refusal,
}

/// The longest part of a name that is printed, in characters.
const MAX_NAME: usize = 60;

impl Refusal {
    /// `field` can be any text of the input.
    pub fn of_line(problem: LineProblem, field: &str) -> Self {
        let printable = |c: char| if c.is_control() || c.is_whitespace() { '?' } else { c };
        Self { code: problem.into_str(), field: field.chars().take(MAX_NAME).map(printable).collect() }
    }
}

impl From<RowError> for Refusal {
    fn from(error: RowError) -> Self {
        Self { code: error.code.into_str(), field: error.field.into_str().to_owned() }
    }
}

impl fmt::Display for RefusedLine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "line {}:", self.line)?;
        if let Some(kind) = self.kind {
            write!(formatter, " {}", kind.into_str())?;
        }
        write!(formatter, " {}", self.refusal.code)?;
        if self.refusal.field.is_empty() { Ok(()) } else { write!(formatter, " {}", self.refusal.field) }
    }
}
