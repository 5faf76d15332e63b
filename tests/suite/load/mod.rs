//! Many clients at once on real server processes: races, retries and crashes.

mod booking_race;
mod concurrent_changes;
mod concurrent_feeds;
mod crash;
mod frozen_server;
mod held_locks;
mod transaction_retries;
mod user_shares;
