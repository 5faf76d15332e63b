//! A database with another encoding than UTF8 cannot store every text, and is refused by name.

use crate::support::cluster;
use crate::support::database::TestDatabase;
use crate::support::shell::{SECRET, Shell};
use rstest::rstest;

#[rstest]
#[case("SQL_ASCII")]
#[case("LATIN1")]
#[tokio::test]
async fn database_with_another_encoding_is_refused(#[case] encoding: &str) {
    let Some(cluster) = cluster::server() else { return };
    let name = format!("encoded_as_{}_{}", encoding.to_lowercase(), std::process::id());
    let admin = TestDatabase::at(cluster.admin_url.clone(), None);
    let create = format!("CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0");
    admin.execute(&create).await;
    let shell = Shell::new().set("JWT_SECRET", SECRET).set("DATABASE_URL", cluster.url_of(&name));
    for command in ["migrate up", "migrate status", "serve", "serve --migrate", "demo-data"] {
        let error = shell.fail(command);
        let reason = format!("the database has the encoding {encoding}, but the server needs UTF8");
        assert!(error.contains(&reason) && error.lines().count() == 1, "{command}: {error}");
    }
    admin.execute(&format!("DROP DATABASE {name}")).await;
}
