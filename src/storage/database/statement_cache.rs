//! Caches the SQL of the most frequent statements. Building it takes as long as sending it.

use crate::domain::Scope;
use sea_orm::{DbBackend, Statement, Value};
use std::sync::OnceLock;

/// The SQL of one statement for each database.
pub struct CachedStatement {
    postgres: OnceLock<String>,
    sqlite: OnceLock<String>,
}

/// The SQL of a statement for one id, for each kind of scope.
pub struct CachedScopedStatement {
    driver: CachedStatement,
    company: CachedStatement,
    everything: CachedStatement,
}

impl CachedStatement {
    pub const fn new() -> Self {
        Self { postgres: OnceLock::new(), sqlite: OnceLock::new() }
    }

    /// The statement with these values. `model` builds it on the first call, with any values in the same order.
    pub fn with(
        &self,
        backend: DbBackend,
        values: impl IntoIterator<Item = Value>,
        model: impl FnOnce() -> Statement,
    ) -> Statement {
        let sql = if backend == DbBackend::Postgres { &self.postgres } else { &self.sqlite };
        let sql = sql.get_or_init(|| model().sql);
        Statement::from_sql_and_values(backend, sql, values)
    }
}

impl CachedScopedStatement {
    pub const fn new() -> Self {
        Self { driver: CachedStatement::new(), company: CachedStatement::new(), everything: CachedStatement::new() }
    }

    /// The statement for this id. `model` builds it in the same scope, see [`CachedStatement::with`].
    pub fn with(&self, backend: DbBackend, scope: Scope, id: i64, model: impl FnOnce() -> Statement) -> Statement {
        let (statement, scope_id) = match scope {
            Scope::Driver(driver) => (&self.driver, Some(driver.0)),
            Scope::Company(company) => (&self.company, Some(company.0)),
            Scope::Everything => (&self.everything, None),
        };
        statement.with(backend, scope_id.into_iter().chain([id]).map(Value::from), model)
    }
}
