//! Which tokens are accepted, how they are sent, and how long users are cached.

mod assertions;
mod identity_provider;
mod secrets;
mod sign_in;
mod token_claims;
mod transports;
