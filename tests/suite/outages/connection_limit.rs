//! The database grants fewer connections than the pools may open: requests wait for those that it granted.

use crate::support::Database::Postgres;
use crate::support::cluster;
use crate::support::database::{TestDatabase, open_connection};
use crate::support::people::{JUDE_WITH_LUISA, MONA};
use crate::support::process::{Reply, ServerProcess};
use futures_util::future::join_all;
use rstest::rstest;
use sea_orm::ConnectionTrait;
use serde_json::json;

/// What limits the connections of both servers together to six.
#[derive(Clone, Copy, Debug)]
enum Limit {
    OfRole,
    OfDatabase,
}

/// A role with the rights of a server, and a database with its URL.
async fn limited(limit: Limit) -> Option<(TestDatabase, TestDatabase)> {
    let database = TestDatabase::new(Postgres).await?;
    let name = database.url.rsplit('/').next().unwrap().split('?').next().unwrap().to_owned();
    let role = format!("server_of_{name}");
    let admin = open_connection(&cluster::server().unwrap().admin_url).await;
    let limit = match limit {
        Limit::OfRole => format!("ALTER ROLE {role} CONNECTION LIMIT 6"),
        Limit::OfDatabase => format!("ALTER DATABASE {name} CONNECTION LIMIT 6"),
    };
    admin.execute_unprepared(&format!("CREATE ROLE {role} LOGIN; {limit}")).await.unwrap();
    let grant = format!("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}");
    database.execute(&grant).await;
    let separator = if database.url.contains('?') { '&' } else { '?' };
    let of_role = TestDatabase::at(format!("{}{separator}user={role}", database.url), None);
    Some((database, of_role))
}

/// Two servers with sixteen connections each may open six together.
#[rstest]
#[tokio::test]
async fn no_request_fails_while_fewer_connections_are_granted(
    #[values(Limit::OfRole, Limit::OfDatabase)] limit: Limit,
) {
    let Some((database, of_role)) = limited(limit).await else { return };
    let servers = [ServerProcess::start(&of_role).await, ServerProcess::start(&of_role).await];
    let clients = servers.each_ref().map(|server| server.user(MONA));
    let list =
        json!({"query": "{ interviews(first: 50) { nodes { id interviewee { driver { title } } } totalCount } }"});
    let request = async |number: usize| -> Reply {
        let client = &clients[number % 2];
        if number.is_multiple_of(3) {
            let arguments = format!("id: {JUDE_WITH_LUISA}, input: {{location: \"{number}\"}}");
            return client.mutate("updateInterview", &arguments).await.unwrap();
        }
        client.post(&list).await.unwrap()
    };
    for round in 0..6 {
        for reply in join_all((0..30).map(|number| request(30 * round + number))).await {
            assert_eq!((reply.status, reply.body.get("errors")), (200, None), "{}", reply.body);
        }
    }
    let warnings: Vec<String> = servers.iter().flat_map(ServerProcess::complaints).collect();
    assert!(!warnings.is_empty(), "the limit was reached");
    for server in &servers {
        let complaints = server.complaints();
        assert!(complaints.len() <= 1, "{complaints:#?}");
        assert!(complaints.iter().all(|line| line.contains("DATABASE_CONNECTIONS")), "{complaints:#?}");
    }
    drop((servers, database));
}
