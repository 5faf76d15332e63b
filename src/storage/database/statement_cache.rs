//! Texts of the statements that are sent most often, built once: building one takes as long as sending it.

use crate::domain::Scope;
use sea_orm::{DbBackend, Statement, Value};
use std::sync::OnceLock;

/// The text of one statement for each database.
pub struct CachedStatement {
    postgres: OnceLock<String>,
    sqlite: OnceLock<String>,
}

/// The texts of a statement for one id in a scope.
pub struct CachedScopedStatement {
    driver: CachedStatement,
    company: CachedStatement,
    everything: CachedStatement,
}

impl CachedStatement {
    /// A statement that nobody has sent yet.
    pub const fn new() -> Self {
        Self { postgres: OnceLock::new(), sqlite: OnceLock::new() }
    }

    /// The statement with these values. `model` is the same with any values, those in the same order; the first call alone asks for it.
    pub fn with(
        &self,
        backend: DbBackend,
        values: impl IntoIterator<Item = Value>,
        model: impl FnOnce() -> Statement,
    ) -> Statement {
        let text = if backend == DbBackend::Postgres { &self.postgres } else { &self.sqlite };
        let text = text.get_or_init(|| model().sql);
        Statement::from_sql_and_values(backend, text, values)
    }
}

impl CachedScopedStatement {
    /// A statement that nobody has sent yet.
    pub const fn new() -> Self {
        Self { driver: CachedStatement::new(), company: CachedStatement::new(), everything: CachedStatement::new() }
    }

    /// The statement for this id. `model` is one in the same scope, for any id: see [`CachedStatement::with`].
    pub fn with(&self, backend: DbBackend, scope: Scope, id: i64, model: impl FnOnce() -> Statement) -> Statement {
        let (text, of) = match scope {
            Scope::Driver(driver) => (&self.driver, Some(driver.0)),
            Scope::Company(company) => (&self.company, Some(company.0)),
            Scope::Everything => (&self.everything, None),
        };
        text.with(backend, of.into_iter().chain([id]).map(Value::from), model)
    }
}
