//! The elements of the schema by which interviews come into people's own calendars.

/// A line each, as in `contract.rs`.
pub const CALENDARS: &[&str] = &[
    "CalendarFeed.createdAt: DateTime!",
    "CalendarFeed.id: ID!",
    "CalendarFeed.lastReadAt: DateTime",
    "CalendarFeed.scope: FeedScope!",
    "CalendarFeedPayload.feed: CalendarFeed",
    "CalendarFeedPayload.url: String",
    "CalendarFeedPayload.userErrors: [UserError!]!",
    "CalendarLinks.google: String!",
    "CalendarLinks.ics: String!",
    "CalendarLinks.office365: String!",
    "CalendarLinks.outlook: String!",
    "Interview.calendarLinks: CalendarLinks!",
    "Mutation.createCalendarFeed(scope: FeedScope): CalendarFeedPayload!",
    "Mutation.revokeCalendarFeed(id: ID!): CalendarFeedPayload!",
    "Query.calendarFeeds: [CalendarFeed!]!",
    "enum FeedScope.COMPANY",
    "enum FeedScope.MINE",
    "enum UserErrorCode.TOO_MANY_FEEDS",
];
