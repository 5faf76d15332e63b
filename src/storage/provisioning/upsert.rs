//! Inserts and updates any number of rows with one statement, which is a transaction of its own.

use crate::domain::provisioning::Application;
use crate::domain::{Account, Company};
use crate::storage::Result;
use crate::storage::database::json_values::{type_name, value};
use crate::storage::entities::row::Row;
use crate::storage::entities::{account, application, company};
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DbBackend, DbErr, EntityName, EntityTrait, IdenStatic, IntoActiveModel,
    Iterable, Statement,
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

/// A table of rows that the platform owns.
pub trait PlatformTable: Clone + Send + Sync {
    type Entity: EntityTrait<Model: Row + DeserializeOwned, ActiveModel: ActiveModelTrait<Entity = Self::Entity>>;

    const ID: <Self::Entity as EntityTrait>::Column;

    /// What the server changes by itself besides. A row in which one of them is not as it was read is not written.
    const GUARDS: &'static [<Self::Entity as EntityTrait>::Column];

    /// The columns that belong to the server alone.
    const KEPT: &'static [<Self::Entity as EntityTrait>::Column] = &[];

    fn id(&self) -> i64;

    fn read(row: <Self::Entity as EntityTrait>::Model) -> Result<Self>;

    fn into_columns(self) -> <Self::Entity as EntityTrait>::ActiveModel;
}

/// A row to store.
pub struct Replacement<T> {
    /// The row as it was read; none if there was none.
    pub stored: Option<T>,
    /// The row as it has to be.
    pub row: T,
}

/// Stores the rows, and returns the ids of those that were stored. The others are no longer as they were read, and have
/// to be judged anew.
pub(super) async fn upsert<T: PlatformTable>(
    connection: &impl ConnectionTrait,
    rows: Vec<Replacement<T>>,
) -> Result<Vec<i64>, DbErr> {
    let backend = connection.get_database_backend();
    let rows: Vec<Json> = rows.into_iter().map(|row| Json::Object(input(row))).collect();
    let statement = Statement::from_sql_and_values(backend, sql::<T>(backend), [Json::Array(rows).to_string().into()]);
    let stored = connection.query_all_raw(statement).await?;
    stored.iter().map(|row| row.try_get_by_index(0)).collect()
}

type Column<T> = <<T as PlatformTable>::Entity as EntityTrait>::Column;

/// The columns that the statement writes.
fn written<T: PlatformTable>() -> impl Iterator<Item = Column<T>> {
    let is_kept = |column: &Column<T>| T::KEPT.iter().any(|kept| kept.as_str() == column.as_str());
    Column::<T>::iter().filter(move |column| !is_kept(column))
}

/// The values of a row, by column, and what the row has to be before.
fn input<T: PlatformTable>(replacement: Replacement<T>) -> Map<String, Json> {
    let Replacement { stored, row } = replacement;
    let mut input = Map::new();
    input.insert(IS_NEW.to_owned(), stored.is_none().into());
    let row = row.into_columns();
    input.extend(written::<T>().map(|column| (column.as_str().to_owned(), value(row.get(column).into_value()))));
    if let Some(stored) = stored {
        let stored = stored.into_columns();
        let guard = |column: &Column<T>| (guard_name::<T>(*column), value(stored.get(*column).into_value()));
        input.extend(T::GUARDS.iter().map(guard));
    }
    input
}

const IS_NEW: &str = "is_new";

fn guard_name<T: PlatformTable>(column: Column<T>) -> String {
    format!("stored_{}", column.as_str())
}

/// PostgreSQL locks the rows that exist before it compares them, in the order of their ids, so that two servers do not
/// wait for each other. Of a row that another server inserts at the same time nothing is written. On SQLite one
/// statement writes at a time.
fn sql<T: PlatformTable>(backend: DbBackend) -> String {
    let table = T::Entity::default();
    let table = table.table_name();
    let columns: Vec<&str> = written::<T>().map(|column| column.as_str()).collect();
    let set: Vec<String> = columns
        .iter()
        .filter(|column| **column != "id")
        .map(|column| format!("{column} = excluded.{column}"))
        .collect();
    let values: Vec<String> = columns.iter().map(|column| format!("input.{column}")).collect();
    let is_as_read: Vec<String> = T::GUARDS.iter().map(|column| comparison::<T>(backend, *column)).collect();
    let (columns, set, values) = (columns.join(", "), set.join(", "), values.join(", "));
    let from = format!(
        "FROM input LEFT JOIN stored ON stored.id = input.id \
         WHERE (stored.id IS NULL) = input.{IS_NEW} AND {} ORDER BY input.id",
        is_as_read.join(" AND ")
    );
    let (input, stored) = (input_rows::<T>(backend), stored_rows::<T>(backend, table));
    format!(
        "WITH input AS MATERIALIZED ({input}), stored AS MATERIALIZED ({stored}) \
         INSERT INTO {table} ({columns}) SELECT {values} {from} \
         ON CONFLICT (id) DO UPDATE SET {set} WHERE EXISTS (SELECT 1 FROM stored WHERE stored.id = excluded.id) \
         RETURNING id"
    )
}

/// The parameter as rows.
fn input_rows<T: PlatformTable>(backend: DbBackend) -> String {
    let guards = T::GUARDS.iter().map(|column| (guard_name::<T>(*column), *column));
    let columns = written::<T>().map(|column| (column.as_str().to_owned(), column)).chain(guards);
    if backend == DbBackend::Postgres {
        let columns: Vec<String> = columns.map(|(name, column)| format!("{name} {}", type_name(column))).collect();
        return format!("SELECT * FROM json_to_recordset($1::json) AS rows ({IS_NEW} boolean, {})", columns.join(", "));
    }
    let extracted = |name: &str| format!("json_extract(value, '$.{name}') AS {name}");
    let columns: Vec<String> = columns.map(|(name, _)| extracted(&name)).collect();
    format!("SELECT {}, {} FROM json_each(?)", extracted(IS_NEW), columns.join(", "))
}

/// The columns of stored rows that are compared.
fn stored_rows<T: PlatformTable>(backend: DbBackend, table: &str) -> String {
    let guards: Vec<&str> = T::GUARDS.iter().map(IdenStatic::as_str).collect();
    let lock = if backend == DbBackend::Postgres { " ORDER BY id FOR NO KEY UPDATE" } else { "" };
    format!("SELECT id, {} FROM {table} WHERE id IN (SELECT id FROM input){lock}", guards.join(", "))
}

/// Whether a column is as it was read. SQLite stores times as text, in several formats.
fn comparison<T: PlatformTable>(backend: DbBackend, column: Column<T>) -> String {
    let (name, read) = (column.as_str(), guard_name::<T>(column));
    if backend == DbBackend::Postgres {
        return format!("stored.{name} IS NOT DISTINCT FROM input.{read}");
    }
    if type_name(column) == "timestamptz" {
        let time = |value: String| format!("strftime('%Y-%m-%d %H:%M:%f', {value})");
        return format!("{} IS {}", time(format!("stored.{name}")), time(format!("input.{read}")));
    }
    format!("stored.{name} IS input.{read}")
}

impl PlatformTable for Company {
    type Entity = company::Entity;

    const ID: company::Column = company::Column::Id;
    const GUARDS: &'static [company::Column] = &[company::Column::SourceUpdatedAt];

    fn id(&self) -> i64 {
        self.id.0
    }

    fn read(row: company::Model) -> Result<Self> {
        Self::try_from(row)
    }

    fn into_columns(self) -> company::ActiveModel {
        company::Model::from(self).into_active_model()
    }
}

impl PlatformTable for Account {
    type Entity = account::Entity;

    const ID: account::Column = account::Column::Id;
    const GUARDS: &'static [account::Column] = &[account::Column::SourceUpdatedAt, account::Column::ErasedAt];
    const KEPT: &'static [account::Column] = &[account::Column::TokensValidAfter, account::Column::ErasedAt];

    fn id(&self) -> i64 {
        self.user.id.0
    }

    fn read(row: account::Model) -> Result<Self> {
        Self::try_from(row)
    }

    fn into_columns(self) -> account::ActiveModel {
        account::Model::from(self).into_active_model()
    }
}

impl PlatformTable for Application {
    type Entity = application::Entity;

    const ID: application::Column = application::Column::Id;
    const GUARDS: &'static [application::Column] = &[application::Column::SourceUpdatedAt, application::Column::Kind];

    fn id(&self) -> i64 {
        self.interviewee.id.0
    }

    fn read(row: application::Model) -> Result<Self> {
        Self::try_from(row)
    }

    fn into_columns(self) -> application::ActiveModel {
        application::Model::from(self).into_active_model()
    }
}
