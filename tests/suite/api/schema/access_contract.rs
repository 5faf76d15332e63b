//! The elements of the schema that end the access of people, in the form of `contract`.

pub const ACCESS: &[&str] = &[
    "ErasePayload.user: User",
    "ErasePayload.userErrors: [UserError!]!",
    "Mutation.eraseUser(id: ID!, cancelOpen: Boolean): ErasePayload!",
    "Mutation.revokeTokens(input: RevokeTokensInput!): RevokePayload!",
    "OpenInterviewsError implements UserError",
    "OpenInterviewsError.code: UserErrorCode!",
    "OpenInterviewsError.interviews: [Interview!]!",
    "OpenInterviewsError.message: String!",
    "OpenInterviewsError.path: [String!]!",
    "RevokePayload.revokedAt: DateTime",
    "RevokePayload.userErrors: [UserError!]!",
    "enum UserErrorCode.INVALID_JTI",
    "enum UserErrorCode.OPEN_INTERVIEWS",
    "input RevokeTokensInput.token: TokenRef",
    "input RevokeTokensInput.userId: ID",
    "input TokenRef.expiresAt: DateTime!",
    "input TokenRef.jti: String!",
];
