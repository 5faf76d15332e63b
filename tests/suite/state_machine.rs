//! The life of an interview as a state machine, without a database: the table of who may do what and what comes of it, line by line;
//! what is listed as possible against what is refused; and random walks that keep every invariant.

mod actions;
mod editing;
mod steps;
mod table;
mod walk;
mod world;
