//! What the database holds and enforces: schema, constraints, migrations, demo data.

mod constraints;
mod demo_data;
mod migrations;
mod overlap_constraints;
