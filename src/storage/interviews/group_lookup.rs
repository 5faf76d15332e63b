//! Finds single interviews with their people, several for different requests with one statement on PostgreSQL.

use crate::domain::{CompanyId, InterviewId, InterviewWithPeople, Scope, UserId};
use crate::storage::database::array_parameter::array_parameter;
use crate::storage::database::{ReservedConnection, UserConnection};
use crate::storage::entities::row::{Columns, Row as _};
use crate::storage::grouping::{Admission, GroupConnection, GroupQueue, Job};
use crate::storage::interviews::find::visibility;
use crate::storage::interviews::with_people::{self, Row};
use crate::storage::{Db, Result};
use sea_orm::sea_query::Expr;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, IdenStatic, Statement};
use std::collections::HashMap;
use std::mem::discriminant;
use std::sync::LazyLock;

/// One interview of one scope.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lookup {
    pub scope: Scope,
    pub id: InterviewId,
}

/// The interview with its people, if it exists in its scope.
pub(crate) async fn find_to_read(db: &Db, user: UserId, lookup: Lookup) -> Result<Option<InterviewWithPeople>> {
    if db.is_postgres() {
        return find(&mut UserConnection::to_read(db, user), lookup).await;
    }
    with_people::find(&*db.reader_of(user).await?, lookup.scope, lookup.id).await
}

/// The same on a connection of PostgreSQL that other statements of the request use too. Gives the connection back if it
/// has to wait.
pub(crate) async fn find(connection: &mut UserConnection<'_>, lookup: Lookup) -> Result<Option<InterviewWithPeople>> {
    let (db, Lookup { scope, id }) = (connection.db(), lookup);
    let place = match Lookup::queue(db).admit(connection, || lookup).await? {
        Admission::InGroup(place) => place,
        Admission::Alone(turn) => {
            let found = with_people::find(connection.get().await?, scope, id).await;
            if let Some(turn) = turn {
                turn.end(connection.take_after_read());
            }
            return found;
        }
    };
    match place.outcome().await? {
        Some(row) => with_people::read(row).map(Some),
        None => with_people::find_alone(connection.get().await?, scope, id).await,
    }
}

impl Job for Lookup {
    /// None if the interview or one of its people was not found.
    type Outcome = Option<Row>;

    const AT_ONCE: usize = 2;

    fn queue(db: &Db) -> &GroupQueue<Self> {
        db.waiting_lookups()
    }

    async fn reserve(db: &Db) -> Result<ReservedConnection, DbErr> {
        db.reserve_to_read().await
    }

    async fn serve(connection: &mut GroupConnection<'_, Self>, lookups: &[Self]) -> Vec<Result<Option<Row>, DbErr>> {
        let mut outcomes: Vec<_> = lookups.iter().map(|_| Ok(None)).collect();
        let mut kinds = HashMap::<_, Vec<usize>>::new();
        for (place, lookup) in lookups.iter().enumerate() {
            kinds.entry(discriminant(&lookup.scope)).or_default().push(place);
        }
        for places in kinds.into_values() {
            let of_kind: Vec<Self> = places.iter().map(|place| lookups[*place]).collect();
            match read(connection, &of_kind).await {
                Ok(rows) => places.into_iter().zip(rows).for_each(|(place, row)| outcomes[place] = Ok(row)),
                Err(error) => places.into_iter().for_each(|place| outcomes[place] = Err(error.clone())),
            }
        }
        outcomes
    }
}

/// Reads interviews of scopes of one kind.
async fn read(connection: &mut GroupConnection<'_, Lookup>, lookups: &[Lookup]) -> Result<Vec<Option<Row>>, DbErr> {
    let mut found: Vec<Option<Row>> = lookups.iter().map(|_| None).collect();
    let Some(statement) = statement(lookups) else { return Ok(found) };
    for row in connection.get().await?.query_all_raw(statement).await? {
        let mut columns = Columns::of(&row);
        let row = Row::read(&mut columns)?;
        let place: i64 = columns.take()?;
        let place = usize::try_from(place).ok().and_then(|place| found.get_mut(place.checked_sub(1)?));
        *place.ok_or_else(|| DbErr::Type("a place beyond the group".to_owned()))? = Some(row);
    }
    Ok(found)
}

/// None without lookups.
fn statement(lookups: &[Lookup]) -> Option<Statement> {
    static OF_DRIVERS: LazyLock<String> = LazyLock::new(|| sql(Scope::Driver(UserId(0))));
    static OF_COMPANIES: LazyLock<String> = LazyLock::new(|| sql(Scope::Company(CompanyId(0))));
    static OF_ALL: LazyLock<String> = LazyLock::new(|| sql(Scope::Everything));
    let sql = match lookups.first()?.scope {
        Scope::Driver(_) => &*OF_DRIVERS,
        Scope::Company(_) => &*OF_COMPANIES,
        Scope::Everything => &*OF_ALL,
    };
    let ids = lookups.iter().map(|lookup| lookup.id.0).collect();
    let values = lookups.iter().map(|lookup| visibility(lookup.scope).map_or(0, |(_, value)| value)).collect();
    let parameters = [ids, values].map(|values: Vec<i64>| array_parameter(DbBackend::Postgres, values));
    Some(Statement::from_sql_and_values(DbBackend::Postgres, sql, parameters.into_iter().flatten()))
}

/// The text for scopes of the same kind as this one.
fn sql(scope: Scope) -> String {
    let mut query = with_people::every(DbBackend::Postgres);
    query.expr(Expr::cust("given.place"));
    let every = DbBackend::Postgres.build(&query).sql;
    let is_visible = match visibility(scope) {
        Some((column, _)) => format!(" AND interviews.{} = given.scope", column.as_str()),
        None => String::new(),
    };
    format!(
        "{every} INNER JOIN unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY AS given (id, scope, place) \
         ON interviews.id = given.id{is_visible}"
    )
}
