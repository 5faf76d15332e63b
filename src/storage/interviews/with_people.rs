//! Finds an interview and its people in one statement. For a single interview another round trip to the database takes
//! longer than finding the rows.

use crate::domain::{Interview, InterviewId, InterviewWithPeople, Interviewee, Participants, Scope, User};
use crate::storage::database::fetch;
use crate::storage::database::statement_cache::CachedScopedStatement;
use crate::storage::entities::{interview, interviewee, user};
use crate::storage::interviews::{self, column, visible_to};
use crate::storage::{Result, StorageError};
use sea_orm::sea_query::{Expr, ExprTrait, Func, IntoIden, JoinType, SelectStatement};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, EntityTrait, Iterable, QueryFilter, QueryTrait, Statement};

/// An interview, its interviewee, driver and interviewer.
pub(super) type Row = (interview::Model, interviewee::Model, user::Model, user::Model);

const DRIVER: &str = "driver";
const INTERVIEWER: &str = "interviewer";

/// The same as [`interviews::find`], with the people. Without them if a row is missing or invalid: the resolver that
/// needs it reports that.
pub(crate) async fn find(
    connection: &impl ConnectionTrait,
    scope: Scope,
    id: InterviewId,
) -> Result<Option<InterviewWithPeople>> {
    static STATEMENT: CachedScopedStatement = CachedScopedStatement::new();
    let backend = connection.get_database_backend();
    let statement = STATEMENT.with(backend, scope, id.0, || statement(backend, scope, id));
    let row: Option<Row> = match fetch::fetch_one(connection, statement).await {
        Err(DbErr::Json(_)) => None, // SQLite stores values of any type
        row => row?,
    };
    match row {
        Some(row) => self::read(row).map(Some),
        None => find_alone(connection, scope, id).await,
    }
}

/// The same without the people.
pub(super) async fn find_alone(
    connection: &impl ConnectionTrait,
    scope: Scope,
    id: InterviewId,
) -> Result<Option<InterviewWithPeople>> {
    Ok(interviews::find(connection, scope, id).await?.map(InterviewWithPeople::from))
}

pub(super) fn read((interview, interviewee, driver, interviewer): Row) -> Result<InterviewWithPeople> {
    let people = || -> Result<Participants, StorageError> {
        Ok(Participants {
            interviewee: Interviewee::try_from(interviewee)?,
            driver: User::try_from(driver)?,
            interviewer: User::try_from(interviewer)?,
        })
    };
    Ok(InterviewWithPeople { interview: Interview::try_from(interview)?, people: people().ok() })
}

fn statement(backend: DbBackend, scope: Scope, id: InterviewId) -> Statement {
    let query = visible_to(scope).filter(interview::COLUMN.id.eq(id.0)).into_query();
    backend.build(&with_columns_of_people(query, backend))
}

/// All interviews with their people.
pub(super) fn every(backend: DbBackend) -> SelectStatement {
    with_columns_of_people(interview::Entity::find().into_query(), backend)
}

fn with_columns_of_people(mut query: SelectStatement, backend: DbBackend) -> SelectStatement {
    let interviewee = Expr::col((interviewee::Entity, interviewee::Column::Id));
    query.inner_join(interviewee::Entity, interviewee.eq(column(interview::Column::IntervieweeId)));
    for (name, of) in [(DRIVER, interview::Column::DriverId), (INTERVIEWER, interview::Column::InterviewerId)] {
        query.join_as(JoinType::InnerJoin, user::Entity, name, Expr::col((name, user::Column::Id)).eq(column(of)));
    }
    select(&mut query, backend);
    query
}

/// Selects the columns of all four tables, in the order of [`Row`].
fn select(query: &mut SelectStatement, backend: DbBackend) {
    let tables = [
        columns::<interview::Entity>(&interview::Entity),
        columns::<interviewee::Entity>(&interviewee::Entity),
        columns::<user::Entity>(&DRIVER),
        columns::<user::Entity>(&INTERVIEWER),
    ];
    query.clear_selects();
    if backend == DbBackend::Sqlite {
        let rows = tables.map(|columns| Expr::from(Func::cust("json_array").args(columns)));
        query.expr(Func::cust("json_group_array").arg(Func::cust("json_array").args(rows)));
    } else {
        query.exprs(tables.into_iter().flatten());
    }
}

fn columns<E: EntityTrait>(table: &(impl IntoIden + Clone)) -> Vec<Expr> {
    E::Column::iter().map(|column| Expr::col((table.clone(), column))).collect()
}
