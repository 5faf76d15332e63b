//! The life of an interview as a state machine: the table of transitions, the available actions, and random walks that
//! check every invariant.

mod available_actions;
mod editing;
mod fixtures;
mod overlap;
mod random_walk;
mod steps;
mod timing;
mod transition_table;
