//! What the contract of safe retries adds to the schema. Its mutations have the argument in their own lists.

/// Fields with their arguments, input fields and values of enums.
pub const ELEMENTS: &[&str] = &[
    "InterviewPayload.replayed: Boolean!",
    "WebhookPayload.replayed: Boolean!",
    "enum UserErrorCode.IDEMPOTENCY_KEY_REUSED",
    "enum UserErrorCode.INVALID_IDEMPOTENCY_KEY",
];
