//! Texts of the statements that are sent most often, built once: building one takes as long as sending it.

use super::rows::statement;
use sea_orm::{DbBackend, EntityTrait, Select, Statement, Value};
use std::sync::OnceLock;

/// The text of one statement for each database.
pub struct Text {
    postgres: OnceLock<String>,
    sqlite: OnceLock<String>,
}

impl Text {
    /// A statement that nobody has sent yet.
    pub const fn new() -> Self {
        Self { postgres: OnceLock::new(), sqlite: OnceLock::new() }
    }

    /// The statement with these values. `query` is the same with any values, those in the same order; the first call alone asks for it.
    pub fn with<E: EntityTrait>(
        &self,
        backend: DbBackend,
        values: impl IntoIterator<Item = Value>,
        query: impl FnOnce() -> Select<E>,
    ) -> Statement {
        let text = if backend == DbBackend::Postgres { &self.postgres } else { &self.sqlite };
        let text = text.get_or_init(|| statement(backend, &query()).sql);
        Statement::from_sql_and_values(backend, text, values)
    }
}
