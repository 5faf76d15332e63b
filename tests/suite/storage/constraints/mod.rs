//! The constraints of the database hold for every writer: they reject unknown values, incomplete
//! proposals and references to missing rows.

use crate::support::database::TestDatabase;
use crate::support::people::JUDE_WITH_LUISA;
use sea_orm::sqlx::postgres::PgDatabaseError;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, RuntimeErr};

/// A database with the demo data, or the end of a test where there is no PostgreSQL.
macro_rules! filled {
    ($database:expr) => {
        match TestDatabase::new($database).await {
            Some(database) => database,
            None => return,
        }
    };
}

mod references;
mod values;

use Constraint::{Check, ForeignKey, NotNull, PrimaryKey};

/// A constraint that a statement violates.
#[derive(Clone, Copy)]
enum Constraint {
    Check(&'static str),
    /// The table and the column, with a dot between them.
    NotNull(&'static str),
    ForeignKey(&'static str),
    /// The table and the column.
    PrimaryKey(&'static str, &'static str),
}

impl Constraint {
    /// PostgreSQL: the SQLSTATE and the constraint or column. SQLite: the extended result code and
    /// the message, which does not name foreign keys.
    fn error(self, backend: DbBackend) -> String {
        let postgres = backend == DbBackend::Postgres;
        match self {
            Check(name) if postgres => format!("23514 {name}"),
            Check(name) => format!("275 CHECK constraint failed: {name}"),
            NotNull(column) if postgres => format!("23502 {column}"),
            NotNull(column) => format!("1299 NOT NULL constraint failed: {column}"),
            ForeignKey(name) if postgres => format!("23503 {name}"),
            ForeignKey(_) => "787 FOREIGN KEY constraint failed".to_owned(),
            PrimaryKey(table, _) if postgres => format!("23505 {table}_pkey"),
            PrimaryKey(table, column) => format!("1555 UNIQUE constraint failed: {table}.{column}"),
        }
    }
}

/// The error of a statement as in [`Constraint::error`], or none when it succeeds.
async fn error_of(database: &TestDatabase, sql: &str) -> Option<String> {
    let error = database.raw().await.execute_unprepared(sql).await.err()?;
    let DbErr::Exec(RuntimeErr::SqlxError(cause)) = &error else { panic!("{error}: {sql}") };
    let cause = cause.as_database_error().unwrap();
    let code = cause.code().unwrap();
    let Some(postgres) = cause.try_downcast_ref::<PgDatabaseError>() else {
        return Some(format!("{code} {}", cause.message()));
    };
    Some(match (postgres.constraint(), postgres.table(), postgres.column()) {
        (Some(constraint), ..) => format!("{code} {constraint}"),
        (None, Some(table), Some(column)) => format!("{code} {table}.{column}"),
        _ => format!("{code} {postgres}"),
    })
}

async fn refused(database: &TestDatabase, constraint: Constraint, statements: impl IntoIterator<Item = String>) {
    let expected = constraint.error(database.raw().await.get_database_backend());
    for sql in statements {
        assert_eq!(error_of(database, &sql).await.as_deref(), Some(expected.as_str()), "{sql}");
    }
}

async fn done(database: &TestDatabase, statements: impl IntoIterator<Item = String>) {
    for sql in statements {
        assert_eq!(error_of(database, &sql).await, None, "{sql}");
    }
}

/// Changes of Jude's interview with Luisa, which is pending.
fn changes<const N: usize>(changes: [&str; N]) -> [String; N] {
    changes.map(|change| format!("UPDATE interviews SET {change} WHERE id = {JUDE_WITH_LUISA}"))
}
