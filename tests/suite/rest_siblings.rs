//! The siblings of the documented REST request: creating, amending, accepting, cancelling, rejecting; and that the REST API and
//! GraphQL give the same result for the same request.

mod creating;
mod request;
mod routes;
mod same_as_graphql;
