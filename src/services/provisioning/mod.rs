//! Takes in what the platform owns, and lists it for administrators.

mod erasure;
mod lists;
mod sync;

pub use sync::sync_within;
