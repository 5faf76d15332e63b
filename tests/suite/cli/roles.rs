//! Roles of PostgreSQL: what a role may not do is found before anything is done, and the error has the SQL that a
//! superuser has to run. One role can own the tables and another serve.

use crate::support::Database::Postgres;
use crate::support::database::open_connection;
use crate::support::shell::Shell;
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use serde_json::json;

/// A database, and a superuser's connection to it.
struct Roles {
    shell: Shell,
    superuser: DatabaseConnection,
    /// Makes the names of roles unique in the cluster.
    suffix: String,
}

impl Roles {
    /// With an empty database; none without PostgreSQL, or where the tests are no superuser.
    async fn start() -> Option<Self> {
        let shell = Shell::on_new(Postgres).await?;
        let superuser = open_connection(shell.setting("DATABASE_URL")).await;
        let (_, suffix) = shell.setting("DATABASE_URL").rsplit_once('/').unwrap();
        let suffix = suffix.split('?').next().unwrap().to_owned();
        Some(Self { shell, superuser, suffix })
    }

    async fn run(&self, sql: &str) {
        self.superuser.execute_unprepared(&sql.replace("{db}", &self.suffix)).await.unwrap();
    }

    /// Creates a role without rights, and makes commands use it.
    async fn create(&mut self, name: &str) -> String {
        let role = format!("{name}_{}", self.suffix);
        self.run(&format!("CREATE ROLE \"{role}\" LOGIN PASSWORD 'secret'")).await;
        self.connect_as(&role);
        role
    }

    fn connect_as(&mut self, role: &str) {
        let url = self.shell.setting("DATABASE_URL");
        let (scheme, rest) = url.split_once("://").unwrap();
        let (_, place) = rest.rsplit_once('@').unwrap();
        let url = format!("{scheme}://{role}:secret@{place}");
        self.shell.set_again("DATABASE_URL", url);
    }

    /// The SQL that a failed command advises.
    fn advice(&self, command: &str) -> String {
        let error = self.shell.fail(command);
        let (reason, sql) = error.split_once("has to run there:\n").unwrap_or_else(|| panic!("{error}"));
        assert!(reason.contains("lacks rights in the database"), "{error}");
        sql.to_owned()
    }
}

#[tokio::test]
async fn role_without_rights_is_refused_with_the_missing_grants_before_the_first_step() {
    let Some(mut roles) = Roles::start().await else { return };
    let role = roles.create("app").await;
    let expected = format!("GRANT USAGE, CREATE ON SCHEMA public TO {role};\nCREATE EXTENSION btree_gist;\n");
    for command in ["migrate up", "serve --migrate"] {
        assert_eq!(roles.advice(command), expected, "{command}");
    }
    assert!(!roles.shell.succeed("migrate status").contains("applied"));
    roles.run(&expected).await;
    assert!(!roles.shell.succeed("migrate up").contains("pending"));
    assert_eq!(roles.shell.start("serve").get("/readyz").await.0, 200);
}

#[tokio::test]
async fn role_that_may_create_in_the_schema_alone_is_refused_with_the_extension_before_the_first_step() {
    let Some(mut roles) = Roles::start().await else { return };
    let role = roles.create("app").await;
    roles.run(&format!("GRANT CREATE ON SCHEMA public TO {role}")).await;
    assert_eq!(roles.advice("migrate up"), "CREATE EXTENSION btree_gist;\n");
    assert!(!roles.shell.succeed("migrate status").contains("applied"));
    // The right to create in the database is enough, because the extension is trusted.
    roles.run(&format!("GRANT CREATE ON DATABASE {{db}} TO {role}")).await;
    roles.shell.succeed("migrate up");
}

#[tokio::test]
async fn role_without_rights_on_the_tables_is_refused_by_every_command_with_the_missing_grants() {
    let Some(mut roles) = Roles::start().await else { return };
    roles.shell.succeed("migrate up");
    let role = roles.create("app").await;
    let grant = format!("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role};");
    for command in ["serve", "migrate up", "migrate down", "migrate status", "demo-data", "expire-cursors"] {
        assert!(roles.advice(command).contains(&grant), "{command}");
    }
}

#[tokio::test]
async fn missing_right_on_any_table_is_noticed_at_the_start() {
    let Some(mut roles) = Roles::start().await else { return };
    roles.shell.succeed("migrate up");
    let role = roles.create("app").await;
    roles.run(&format!("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}")).await;
    let tables = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'";
    let tables = Statement::from_string(roles.superuser.get_database_backend(), tables);
    let tables = roles.superuser.query_all_raw(tables).await.unwrap();
    assert!(tables.len() > 8);
    for table in tables {
        let table: String = table.try_get_by_index(0).unwrap();
        roles.run(&format!("REVOKE SELECT ON {table} FROM {role}")).await;
        assert!(roles.advice("serve").contains("GRANT SELECT"), "{table}");
        roles.run(&format!("GRANT SELECT ON {table} TO {role}")).await;
    }
}

#[tokio::test]
async fn schema_that_does_not_exist_or_is_closed_is_named() {
    let Some(mut roles) = Roles::start().await else { return };
    let role = roles.create("app").await;
    roles.run(&format!("ALTER ROLE {role} SET search_path = \"$user\", \"Fleet\"; CREATE EXTENSION btree_gist")).await;
    let create = format!("CREATE SCHEMA \"Fleet\" AUTHORIZATION {role};\n");
    for command in ["serve", "migrate up"] {
        assert_eq!(roles.advice(command), create, "{command}");
    }
    roles.run("CREATE SCHEMA \"Fleet\"").await;
    let grant = format!("GRANT USAGE, CREATE ON SCHEMA \"Fleet\" TO {role};\n");
    for command in ["serve", "migrate up"] {
        assert_eq!(roles.advice(command), grant, "{command}");
    }
    roles.run(&grant).await;
    roles.shell.succeed("migrate up");
    assert_eq!(roles.shell.start("serve").get("/readyz").await.0, 200);
}

#[tokio::test]
async fn one_role_owns_and_another_serves() {
    let Some(mut roles) = Roles::start().await else { return };
    let owner = roles.create("owner").await;
    roles.run(&format!("ALTER DATABASE {{db}} OWNER TO {owner}")).await;
    roles.shell.succeed("migrate up");
    roles.shell.succeed("demo-data --interviews 30");

    let server = roles.create("server").await;
    let expected = format!(
        "GRANT USAGE ON SCHEMA public TO {server};\n\
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {server};\n\
         ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public \
         GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {server};\n"
    );
    assert_eq!(roles.advice("serve"), expected);
    roles.run(&expected).await;
    // Nothing is pending, so that `--migrate` needs no more rights.
    for command in ["serve", "serve --migrate"] {
        let running = roles.shell.start(command);
        assert_eq!(running.get("/readyz").await.0, 200);
        let token = roles.shell.succeed("token --sub 1000");
        running.relocate(token.trim(), command).await;
        assert_eq!(running.location(token.trim()).await, command);
        let list = "{ interviews(first: 3) { totalCount } interviewChanges(first: 1) { totalCount } }";
        assert_eq!(running.graphql(token.trim(), list).await["errors"], json!(null));
    }
    roles.shell.succeed("migrate up");

    // The role that serves reverts nothing, and does not migrate.
    let become_owner = format!("GRANT {owner} TO {server}; -- or run this command as {owner}\n");
    assert_eq!(roles.advice("migrate down"), become_owner);
    assert!(!roles.shell.succeed("migrate status").contains("pending"));
    roles.connect_as(&owner);
    roles.shell.succeed("migrate down");
    roles.connect_as(&server);
    let grant = format!("GRANT USAGE, CREATE ON SCHEMA public TO {server};\n");
    assert_eq!(roles.advice("migrate up"), grant + &become_owner);

    // What the owner creates later is open to the server.
    roles.connect_as(&owner);
    roles.shell.succeed("migrate up");
    roles.connect_as(&server);
    assert_eq!(roles.shell.start("serve").get("/readyz").await.0, 200);
}
