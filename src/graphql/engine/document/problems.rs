//! What is wrong with the variables of a request: every wrong value with its path, so that a form can show each at its
//! field.

use crate::graphql::engine::document::diagnostics::{MAX_ERRORS, truncate};
use crate::graphql::engine::error::{Code, RequestError};
use async_graphql::{Name, Value};
use std::fmt::Write;

/// The number of problems in a response. It keeps the response from being larger than the request.
const MAX_PROBLEMS: usize = MAX_ERRORS;
/// The length of a name in a path, in characters. Clients can send longer names of fields.
const MAX_NAME: usize = 100;

/// A step from a variable to a value in it. The first one is the variable's name.
#[derive(Clone, Copy, Debug)]
pub enum PathPart<'a> {
    /// A variable, or a field of an input object.
    Field(&'a str),
    /// An item of a list, from 0.
    Index(usize),
}

/// The problems that were found up to now, and the path of the value that is being checked.
#[derive(Default)]
pub struct Problems<'a> {
    path: Vec<PathPart<'a>>,
    found: Vec<Problem<'a>>,
}

struct Problem<'a> {
    path: Vec<PathPart<'a>>,
    /// Whole sentences.
    explanation: String,
}

impl<'a> Problems<'a> {
    /// Goes to a part of the present value.
    pub fn enter(&mut self, part: PathPart<'a>) {
        self.path.push(part);
    }

    /// Goes back from that part.
    pub fn leave(&mut self) {
        self.path.pop();
    }

    /// Whether the response has room for no other problem.
    pub fn are_full(&self) -> bool {
        self.found.len() >= MAX_PROBLEMS
    }

    /// Adds a problem of the present value.
    pub fn add(&mut self, explanation: impl Into<String>) {
        if !self.are_full() {
            self.found.push(Problem { path: self.path.clone(), explanation: truncate(explanation.into()) });
        }
    }

    /// # Errors
    /// `BAD_USER_INPUT` with all problems in `extensions.problems`.
    pub fn into_result(self) -> Result<(), RequestError> {
        let Some(first) = self.found.first() else { return Ok(()) };
        let mut message = format!("The variable `{}` is not valid. {}", first.location(), first.explanation);
        if self.found.len() > 1 {
            message.push_str(" There are more problems.");
        }
        let problems = self.found.iter().map(Problem::to_value).collect();
        Err(RequestError::new(Code::BadUserInput, message, None).with_extension("problems", &Value::List(problems)))
    }
}

impl Problem<'_> {
    /// For people: `$input.times[0].startAt`.
    fn location(&self) -> String {
        let mut location = "$".to_owned();
        for (index, part) in self.path.iter().enumerate() {
            // Writing to a string cannot fail.
            let _ = match part {
                PathPart::Field(name) => write!(location, "{}{}", if index > 0 { "." } else { "" }, shortened(name)),
                PathPart::Index(index) => write!(location, "[{index}]"),
            };
        }
        location
    }

    fn to_value(&self) -> Value {
        let path = self.path.iter().map(|part| match part {
            PathPart::Field(name) => Value::from(shortened(name)),
            PathPart::Index(index) => Value::from(*index as u64),
        });
        let fields = [
            (Name::new("path"), Value::List(path.collect())),
            (Name::new("explanation"), Value::from(self.explanation.as_str())),
        ];
        Value::Object(fields.into_iter().collect())
    }
}

fn shortened(name: &str) -> &str {
    name.char_indices().nth(MAX_NAME).map_or(name, |(end, _)| &name[..end])
}
