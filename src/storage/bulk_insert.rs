//! Fills an empty database with many rows at once.

use crate::domain::{Account, Company, Event, Interview, Interviewee};
use crate::storage::Result;
use crate::storage::entities::{account, company, event, interviewee, stored_interview};
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DbBackend, EntityTrait, IntoActiveModel, Iterable, PaginatorTrait, Set,
};

/// Rows to be inserted with the ids that they have.
#[derive(Clone, Debug, Default)]
pub(crate) struct CompaniesAndPeople {
    pub companies: Vec<Company>,
    pub users: Vec<Account>,
    pub interviewees: Vec<Interviewee>,
}

/// Whether there are neither companies nor users.
pub(crate) async fn is_empty(connection: &impl ConnectionTrait) -> Result<bool> {
    let companies = company::Entity::find().count(connection).await?;
    Ok(companies == 0 && account::Entity::find().count(connection).await? == 0)
}

pub(crate) async fn insert_people(connection: &impl ConnectionTrait, people: CompaniesAndPeople) -> Result<()> {
    let CompaniesAndPeople { companies, users, interviewees } = people;
    insert(connection, companies.into_iter().map(company::Model::from).map(with_id)).await?;
    insert(connection, users.into_iter().map(account::Model::from).map(with_id)).await?;
    insert(connection, interviewees.into_iter().map(interviewee::Model::from).map(with_id)).await
}

/// Inserts interviews with the ids that they have, and their events with new ids.
pub(crate) async fn insert_interviews(
    connection: &impl ConnectionTrait,
    interviews: &[Interview],
    events: Vec<Event>,
) -> Result<()> {
    let interviews = interviews.iter().map(|interview| stored_interview::ActiveModel {
        id: Set(interview.id.0),
        ..stored_interview::ActiveModel::from(interview)
    });
    insert(connection, interviews).await?;
    insert(connection, events.into_iter().map(event::ActiveModel::from)).await
}

/// Makes new rows get ids above the inserted ones. PostgreSQL's identity columns do not notice ids that a statement
/// sets.
pub(crate) async fn continue_ids(connection: &impl ConnectionTrait) -> Result<()> {
    if connection.get_database_backend() == DbBackend::Postgres {
        for table in ["companies", "users", "interviewees", "interviews"] {
            let sql = format!("SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))");
            connection.execute_unprepared(&sql).await?;
        }
    }
    Ok(())
}

/// Sets every column, including the id.
fn with_id<M: IntoActiveModel<A>, A: ActiveModelTrait>(row: M) -> A {
    row.into_active_model().reset_all()
}

/// The maximum number of parameters of a statement. Larger statements are hardly faster, and take memory that is never
/// released.
const PARAMETERS: usize = 4_000;

async fn insert<A>(connection: &impl ConnectionTrait, rows: impl Iterator<Item = A>) -> Result<()>
where
    A: ActiveModelTrait,
{
    let columns = <A::Entity as EntityTrait>::Column::iter().count();
    let mut rows = rows.peekable();
    while rows.peek().is_some() {
        let batch: Vec<A> = rows.by_ref().take(PARAMETERS / columns).collect();
        A::Entity::insert_many(batch).exec_without_returning(connection).await?;
    }
    Ok(())
}
