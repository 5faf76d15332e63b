//! The tables as SeaORM entities, and their conversion to domain types. Private to storage.

pub mod account;
pub mod application;
pub mod calendar_feed;
pub mod company;
pub mod company_settings;
pub mod event;
pub mod idempotency_key;
pub mod interview;
pub mod interviewee;
pub mod json;
pub mod revoked_token;
pub mod row;
pub mod stored_interview;
pub mod user;
pub mod webhook;
pub mod webhook_attempt;
pub mod webhook_delivery;
