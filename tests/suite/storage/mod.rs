//! What the database holds and enforces: schema, constraints, migrations, demo data.

mod cancelled_statements;
mod changed_columns;
mod constraints;
mod demo_data;
mod event_audience;
mod event_log_epoch;
mod folded_names;
mod migrated_users;
mod migrations;
mod overlap_constraints;
mod reminder_times;
mod session_limits;
mod silent_database;
mod sqlite_durability;
