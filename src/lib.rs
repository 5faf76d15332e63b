//! The interview-scheduling server of a driver-recruiting platform, as a library.
pub mod domain;
pub mod storage;
