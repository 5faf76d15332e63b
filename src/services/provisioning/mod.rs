//! Takes in what the platform owns, and lists it for administrators.

mod erasure;
pub mod export;
pub mod import;
mod lists;
mod sync;

pub use sync::sync_within;
