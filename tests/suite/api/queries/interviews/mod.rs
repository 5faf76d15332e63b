//! The query `interviews`: pages, order and filters.

mod filters;
mod paging;
mod paging_during_writes;
mod time_filters;
