//! No person is in two interviews at the same time: which requests are refused, how the conflict is reported, and what reserves no
//! time.

pub mod booking;
mod interval_edges;
mod other_companies;
mod random_walk;
mod refusals;
mod released_time;
