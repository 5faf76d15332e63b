//! The types and root fields of the schema: one folder for each capability. A new capability adds a folder and its part
//! of the roots.

mod access;
mod calendar;
mod enums;
mod idempotency;
pub mod interview;
mod patch;
mod people;
mod provisioning;
mod scalars;
mod search;
mod settings;
mod viewer;
mod webhooks;

use crate::domain::calendar::CalendarFeed;
use crate::domain::erasure::MAX_SHOWN;
use crate::domain::webhook::Delivery;
use crate::graphql::engine::document::{FreeText, Items, List, Scan};
use access::mutations::AccessMutations;
use async_graphql::{MergedObject, MergedSubscription, ValidationMode};
use calendar::mutations::CalendarMutations;
use calendar::queries::CalendarQueries;
use interview::bulk::BulkMutations;
use interview::mutations::InterviewMutations;
use interview::queries::InterviewQueries;
use interview::subscription::InterviewSubscriptions;
use people::queries::PeopleQueries;
use provisioning::mutations::ProvisioningMutations;
use provisioning::queries::ProvisioningQueries;
use settings::mutations::SettingsMutations;
use std::sync::LazyLock;
use viewer::queries::ViewerQueries;
use webhooks::mutations::WebhookMutations;
use webhooks::queries::WebhookQueries;

/// The fields with text that users write. A text has up to 2000 characters.
pub const FREE_TEXTS: &[FreeText] = &[
    ("Interview", "location"),
    ("Interview", "reason"),
    ("FieldChange", "from"),
    ("FieldChange", "to"),
    ("Webhook", "url"),
    ("Webhook", "description"),
    ("WebhookDelivery", "body"),
    ("WebhookAttempt", "response"),
];

/// A count reads up to `MAX_COUNT` rows, and more if few of them fulfil its filter.
const COUNT_COST: usize = 1000;
/// A list with conditions that no index has can read all rows of a company.
const SEARCH_COST: usize = 500;

/// The fields that read more rows than they return.
pub const SCANS: &[Scan] = &[
    count("InterviewConnection"),
    count("InterviewEventConnection"),
    count("IntervieweeConnection"),
    count("InterviewerConnection"),
    count("UserConnection"),
    count("CompanyConnection"),
    count("WebhookConnection"),
    count("WebhookDeliveryConnection"),
    Scan { parent: "Query", field: "interviews", argument: Some("filter"), cost: SEARCH_COST },
    Scan { parent: "Query", field: "interviewChanges", argument: Some("filter"), cost: SEARCH_COST },
    Scan { parent: "Query", field: "interviewees", argument: Some("search"), cost: SEARCH_COST },
    Scan { parent: "Query", field: "interviewers", argument: Some("search"), cost: SEARCH_COST },
    // With `role` as well: no index has it.
    Scan { parent: "Query", field: "users", argument: None, cost: SEARCH_COST },
    Scan { parent: "Query", field: "companies", argument: Some("search"), cost: SEARCH_COST },
    Scan { parent: "Webhook", field: "deliveries", argument: Some("state"), cost: SEARCH_COST },
];

const fn count(parent: &'static str) -> Scan {
    Scan { parent, field: "totalCount", argument: None, cost: COUNT_COST }
}

/// An operation of a bulk is a mutation.
const OPERATION_COST: usize = 50;

/// The fields with unpaged lists.
pub const LISTS: &[List] = &[
    List { item_cost: OPERATION_COST, ..rows("bulkInterviews", "operations") },
    rows("syncCompanies", "companies"),
    rows("syncUsers", "users"),
    rows("syncInterviewees", "interviewees"),
    List { parent: "WebhookDelivery", field: "attempts", items: Items::AtMost(MAX_SHOWN_ATTEMPTS), item_cost: 0 },
    List { parent: "OpenInterviewsError", field: "interviews", items: Items::AtMost(MAX_SHOWN), item_cost: 0 },
    List { parent: "Query", field: "calendarFeeds", items: Items::AtMost(CalendarFeed::MAX_PER_USER), item_cost: 0 },
];

const MAX_SHOWN_ATTEMPTS: usize = Delivery::MAX_SHOWN_ATTEMPTS.unsigned_abs() as usize;

const fn rows(field: &'static str, argument: &'static str) -> List {
    List { parent: "Mutation", field, items: Items::OfArgument(argument), item_cost: 0 }
}

/// The points that a refusal for a schedule conflict costs in addition. It tells when a person is busy.
pub const CONFLICT_COST: usize = 100;

/// The schema with its resolvers.
pub type Schema = async_graphql::Schema<Query, Mutation, Subscription>;

/// Queries. Objects that the viewer has no permission to see are treated as if they did not exist.
#[derive(MergedObject)]
pub struct Query(ViewerQueries, InterviewQueries, PeopleQueries, ProvisioningQueries, WebhookQueries, CalendarQueries);

/// Mutations. A mutation is applied completely or not at all; of those that begin with `sync`, each row by itself, and
/// of `bulkInterviews` each operation. Errors that the user can fix are returned in `userErrors`.
#[derive(MergedObject)]
pub struct Mutation(
    InterviewMutations,
    BulkMutations,
    ProvisioningMutations,
    AccessMutations,
    SettingsMutations,
    WebhookMutations,
    CalendarMutations,
);

/// Subscriptions, over WebSocket (subprotocol `graphql-transport-ws`) or server-sent events (`accept:
/// text/event-stream`).
#[derive(MergedSubscription)]
pub struct Subscription(InterviewSubscriptions);

/// The schema. The engine validates documents, so async-graphql does not have to.
pub static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
    let query =
        Query(ViewerQueries, InterviewQueries, PeopleQueries, ProvisioningQueries, WebhookQueries, CalendarQueries);
    let mutation = Mutation(
        InterviewMutations,
        BulkMutations,
        ProvisioningMutations,
        AccessMutations,
        SettingsMutations,
        WebhookMutations,
        CalendarMutations,
    );
    let subscription = Subscription(InterviewSubscriptions);
    Schema::build(query, mutation, subscription).validation_mode(ValidationMode::Fast).finish()
});
