//! `updateInterview`: what it changes, what it does to the status, what it records, and what it refuses.

mod effects;
mod fields;
mod refusals;
