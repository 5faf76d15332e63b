//! One file a query field, and one for each rule that several fields share.

mod batching;
mod bounded_reads;
mod changes_cursor;
mod direct_json;
mod execution;
mod field_change_titles;
mod history;
mod interview_changes;
mod interviews;
mod nested_lists;
mod page_arguments;
mod search;
mod search_folding;
