//! A document that was parsed and validated, and what can be done with it.

use crate::graphql::engine::allowance::Allowance;
use crate::graphql::engine::document::cost::OperationCost;
use crate::graphql::engine::document::root_fields::{RootField, collect_root_fields, drop_root_arguments};
use crate::graphql::engine::document::selection_hash::{self, SelectionHash};
use crate::graphql::engine::document::{Documents, Hash, Names, cost, root_fields, variables};
use crate::graphql::engine::error::{Code, RequestError};
use crate::graphql::engine::excess::Excess;
use apollo_compiler::Node;
use apollo_compiler::executable::{ExecutableDocument, Operation, OperationType};
use apollo_compiler::introspection::check_max_depth;
use apollo_compiler::validation::Valid;
use async_graphql::Variables;
use async_graphql::parser::types::ExecutableDocument as ExecutorDocument;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The factor by which introspection may cost more than other operations, since it does not use the database. It is
/// what GraphiQL's introspection needs.
pub(super) const INTROSPECTION_FACTOR: usize = 6;

/// The memory of a document: its text is kept this many times, and each token makes nodes of both trees. Measured on
/// documents of many kinds; a token takes from 100 to 460 bytes, fields with short selections the most.
const COPIES_OF_TEXT: usize = 4;
const MEMORY_OF_TOKEN: usize = 500;
/// The part of it that the executor gets a copy of.
const EXECUTABLE_MEMORY_OF_TOKEN: usize = 100;

/// A valid document.
pub struct Document {
    pub(super) text: Arc<str>,
    pub(super) hash: Hash,
    pub(super) tokens: usize,
    pub(super) checked: Valid<ExecutableDocument>,
    pub(super) executable: ExecutorDocument,
    pub(super) has_duplicate_keys: bool,
    /// Whether a request has used it.
    pub(super) is_used: AtomicBool,
}

/// A document that can run with certain variables.
pub struct PreparedDocument {
    /// What the executor runs.
    pub executable: ExecutorDocument,
    /// The cost of the operation, in points.
    pub cost: usize,
    /// About the memory of an execution, in bytes: the executor's copy of the document, and of the arguments.
    pub memory: usize,
    /// The most memory that the response is expected to take, in bytes.
    pub response_memory: usize,
    /// The first root field of a mutation or subscription.
    pub root_field: Option<RootField>,
}

impl Document {
    /// The operation to run.
    ///
    /// # Errors
    /// `BAD_REQUEST` when the name selects none.
    pub fn operation(&self, name: Option<&str>) -> Result<&Node<Operation>, RequestError> {
        self.checked.operations.get(name).map_err(|_| {
            let message = match name {
                Some(_) => "The value of `operationName` names no operation of the document.",
                None => "The document has several operations. Name one of them in `operationName`.",
            };
            RequestError::new(Code::UnknownOperation, message, None)
        })
    }

    /// Whether an operation selects only the schema itself, for which no token is needed.
    #[must_use]
    pub fn is_introspection(&self, operation: &Operation) -> bool {
        let mut fields = operation.root_fields(&self.checked);
        fields.all(|field| matches!(field.name.as_str(), "__typename" | "__schema" | "__type"))
    }

    /// Whether an operation selects a part of the schema itself.
    #[must_use]
    pub fn selects_schema(&self, operation: &Operation) -> bool {
        let mut fields = operation.root_fields(&self.checked);
        fields.any(|field| matches!(field.name.as_str(), "__schema" | "__type"))
    }

    /// The validated document.
    #[must_use]
    pub fn checked(&self) -> &ExecutableDocument {
        &self.checked
    }

    /// Whether an operation with these variables selects this root field.
    #[must_use]
    pub fn selects_root_field(&self, operation: &Operation, variables: &Variables, name: &str) -> bool {
        let is_in_document = operation.root_fields(&self.checked).any(|field| field.name == name);
        is_in_document && root_fields::selects(&self.executable, operation.name.as_deref(), variables, name)
    }

    /// Whether this is the first request that uses the document: the server has parsed it for this request.
    #[must_use]
    pub fn begin_use(&self) -> bool {
        !self.is_used.swap(true, Ordering::Relaxed)
    }

    /// About the memory that the document uses, in bytes.
    #[must_use]
    pub fn memory(&self) -> usize {
        size_of::<Self>() + COPIES_OF_TEXT * self.text.len() + MEMORY_OF_TOKEN * self.tokens
    }

    /// About the memory of the executor's copy, in bytes.
    fn executable_memory(&self) -> usize {
        self.text.len() + EXECUTABLE_MEMORY_OF_TOKEN * self.tokens
    }

    /// The text and its hash, by which the document is found again.
    #[must_use]
    pub fn source(&self) -> (Arc<str>, Hash) {
        (self.text.clone(), self.hash)
    }

    /// What the executor runs for each event of a subscription: without the arguments that select the events.
    #[must_use]
    pub fn executable_for_event(&self, operation: Option<&str>, variables: &Variables) -> ExecutorDocument {
        let mut executable = self.executable.clone();
        collect_root_fields(&mut executable, operation, variables);
        drop_root_arguments(&mut executable);
        executable
    }

    /// Whether two fields with selections of their own share a response key, so that their values have to be merged.
    #[must_use]
    pub fn has_duplicate_keys(&self) -> bool {
        self.has_duplicate_keys
    }

    /// What a subscription selects of each event.
    #[must_use]
    pub fn selection_hash(&self, operation: &Node<Operation>, variables: &Variables) -> SelectionHash {
        selection_hash::of(&self.checked, operation, variables)
    }

    /// Checks an operation with its variables, coerces these to their types, and collects the root fields of mutations
    /// and subscriptions.
    ///
    /// # Errors `BAD_USER_INPUT` when the variables do not have the declared types, `QUERY_TOO_COMPLEX` when the cost
    /// exceeds what is left of the allowance.
    pub fn prepare(
        &self,
        documents: &Documents,
        operation: &Operation,
        variables: &mut Variables,
        allowance: &mut Allowance,
        names: Names,
    ) -> Result<PreparedDocument, RequestError> {
        variables::coerce(documents.schema, documents.scalars, operation, variables, names)?;
        check_max_depth(&self.checked, operation).map_err(|_| {
            RequestError::too_complex("The introspection is nested too deep in itself.", Excess::unknown())
        })?;
        let factor = if self.is_introspection(operation) { INTROSPECTION_FACTOR } else { 1 };
        let OperationCost { points: cost, argument_memory, response_memory } =
            cost::of(&self.checked, operation, variables, documents.cost);
        allowance.spend_complexity(cost, factor)?;
        let memory = self.executable_memory().saturating_add(argument_memory);
        let mut executable = self.executable.clone();
        let root_field = match operation.operation_type {
            OperationType::Query => None,
            OperationType::Mutation | OperationType::Subscription => {
                collect_root_fields(&mut executable, operation.name.as_deref(), variables)
            }
        };
        Ok(PreparedDocument { executable, cost, memory, response_memory, root_field })
    }
}
