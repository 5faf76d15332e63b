//! What the tests of lists share.

pub mod filtered;
pub mod lists;
pub mod rows;
