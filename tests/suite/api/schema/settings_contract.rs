//! The elements of the schema by which companies set their reminders.

/// A line each, as in `contract.rs`.
pub const SETTINGS: &[&str] = &[
    "Company.settings: CompanySettings",
    "CompanySettings.answerReminderHours: [Int!]!",
    "CompanySettings.id: ID!",
    "CompanySettings.reminders: [Int!]!",
    "CompanySettings.version: Int!",
    "CompanySettingsPayload.settings: CompanySettings",
    "CompanySettingsPayload.userErrors: [UserError!]!",
    "Mutation.updateCompanySettings(companyId: ID!, input: CompanySettingsInput!, expectedVersion: Int): \
     CompanySettingsPayload!",
    "VersionError implements UserError",
    "VersionError.code: UserErrorCode!",
    "VersionError.message: String!",
    "VersionError.path: [String!]!",
    "VersionError.version: Int!",
    "enum InterviewEventType.ANSWER_OVERDUE",
    "enum InterviewEventType.REMINDER_DUE",
    "enum UserErrorCode.INVALID_SETTING",
    "input CompanySettingsInput.answerReminderHours: [Int!]",
    "input CompanySettingsInput.reminders: [Int!]",
];
