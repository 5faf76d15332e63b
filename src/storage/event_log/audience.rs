//! [`Event::seen_in`](crate::domain::Event::seen_in) in SQL, and whether reminders are among what is read.

use crate::domain::{EventType, Scope};
use crate::storage::database::parents::without_index;
use crate::storage::entities::event;
use event::Column;
use sea_orm::Condition;
use sea_orm::sea_query::{Expr, ExprTrait};

/// The condition that something of an event is visible in this scope, for queries that begin from an interview.
pub(crate) fn visible_to(scope: Scope) -> Condition {
    conditions(scope, without_index).into_iter().fold(Condition::any(), Condition::add)
}

/// The same as several conditions. An event fulfils at most one of them. Each is the beginning of an index that
/// continues in the order of the log.
pub(super) fn audiences(scope: Scope) -> Vec<Condition> {
    conditions(scope, |column| column)
}

fn conditions(scope: Scope, of: fn(Expr) -> Expr) -> Vec<Condition> {
    let is = |column, id: i64| Condition::all().add(of(Expr::col((event::Entity, column))).eq(id));
    match scope {
        Scope::Driver(driver) => vec![is(Column::DriverId, driver.0), is(Column::FormerDriverId, driver.0)],
        Scope::Company(company) => vec![is(Column::CompanyId, company.0)],
        Scope::Everything => vec![Condition::all()],
    }
}

/// The condition that an event is no reminder, unless they are included.
pub(crate) fn without_reminders(includes_reminders: bool) -> Condition {
    let changes = Expr::col((event::Entity, Column::Type)).is_not_in(reminder_types());
    Condition::all().add_option((!includes_reminders).then_some(changes))
}

/// The types of reminders, as they are stored.
pub(crate) fn reminder_types() -> [&'static str; 2] {
    EventType::REMINDERS.map(|reminder| reminder.into_str())
}
