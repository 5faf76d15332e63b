//! The names of companies and users as searches compare them, and the names from which they were made. Neither
//! database can fold a text as Unicode says, so that the server fills the columns: when it writes a name, after the
//! steps of `migrate up`, and when it starts.
//!
//! A server of the previous release writes names alone. A trigger then drops the folded name, which is that of another
//! name, or of a person who was erased.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::text_null;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

/// The step. Its recorded name is written out, so that moving the file cannot change it.
#[derive(Debug)]
pub struct FoldedNames;

const NAMES: [(&str, &str); 2] = [("companies", "name"), ("users", "title")];

impl MigrationName for FoldedNames {
    fn name(&self) -> &'static str {
        "m20261201_000011_folded_names"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for FoldedNames {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let (connection, backend) = (manager.get_connection(), manager.get_database_backend());
        for (table, column) in NAMES {
            let (folded, from) = (format!("{column}_folded"), format!("{column}_folded_from"));
            if backend == DbBackend::Postgres {
                let mut columns = Table::alter().table(table).to_owned();
                columns.add_column(text_null(folded)).add_column(text_null(from));
                manager.alter_table(columns).await?;
            } else {
                // SQLite adds one column with a statement.
                for name in [folded, from] {
                    manager.alter_table(Table::alter().table(table).add_column(text_null(name)).to_owned()).await?;
                }
            }
            for statement in triggers(backend, table, column) {
                connection.execute_unprepared(&statement).await?;
            }
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let (connection, backend) = (manager.get_connection(), manager.get_database_backend());
        for (table, column) in NAMES {
            if backend == DbBackend::Postgres {
                connection.execute_unprepared(&format!("DROP TRIGGER {table}_{column}_folded ON {table}")).await?;
                connection.execute_unprepared(&format!("DROP FUNCTION {table}_{column}_folded()")).await?;
            } else {
                connection.execute_unprepared(&format!("DROP TRIGGER {table}_{column}_folded")).await?;
            }
            for name in [format!("{column}_folded_from"), format!("{column}_folded")] {
                manager.alter_table(Table::alter().table(table).drop_column(name).to_owned()).await?;
            }
        }
        Ok(())
    }

    /// A step that fails leaves nothing behind, on SQLite too, where this is not the default.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// What drops a folded name that is not that of the name.
fn triggers(backend: DbBackend, table: &str, column: &str) -> Vec<String> {
    let name = format!("{table}_{column}_folded");
    if backend == DbBackend::Postgres {
        return vec![
            format!(
                "CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                 NEW.{column}_folded := NULL; NEW.{column}_folded_from := NULL; RETURN NEW; END $$"
            ),
            format!(
                "CREATE TRIGGER {name} BEFORE UPDATE OF {column} ON {table} FOR EACH ROW \
                 WHEN (NEW.{column}_folded_from IS DISTINCT FROM NEW.{column}) EXECUTE FUNCTION {name}()"
            ),
        ];
    }
    vec![format!(
        "CREATE TRIGGER {name} AFTER UPDATE OF {column} ON {table} \
         WHEN NEW.{column}_folded_from IS NOT NEW.{column} BEGIN \
         UPDATE {table} SET {column}_folded = NULL, {column}_folded_from = NULL WHERE id = NEW.id; END"
    )]
}
