//! Calendars: the feeds of users, the interviews of a calendar, and the namespace of their ids.

pub(crate) mod entries;
pub(crate) mod feeds;
pub(crate) mod namespace;
