//! A database host that is gone sends nothing, not even the end of a connection. The server gives the connection up,
//! also for statements that belong to no request, such as those that read the event log.

use crate::support::Database::Postgres;
use crate::support::database::TestDatabase;
use crate::support::listening_server::TIMEOUT;
use interviews::storage::{DatabaseOptions, Db};
use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};
use std::time::Duration;
use tokio::io::copy;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::timeout;

/// Forwards connections to the database. The first one becomes silent when `silence` is sent, and stays open.
async fn forward(listener: TcpListener, database: PgConnectOptions, silence: oneshot::Receiver<()>) {
    let mut silence = Some(silence);
    loop {
        let client = listener.accept().await.unwrap().0;
        let server = TcpStream::connect((database.get_host(), database.get_port())).await.unwrap();
        let silence = silence.take();
        tokio::spawn(async move {
            let ((mut from_client, mut to_client), (mut from_server, mut to_server)) =
                (client.into_split(), server.into_split());
            let forwarding = async {
                let _ = tokio::join!(copy(&mut from_client, &mut to_server), copy(&mut from_server, &mut to_client));
            };
            match silence {
                None => forwarding.await,
                Some(silence) => {
                    tokio::select! {
                        () = forwarding => {}
                        _ = silence => std::future::pending().await,
                    }
                }
            }
        });
    }
}

async fn read(db: &Db) -> Result<i32, DbErr> {
    let statement = Statement::from_string(DbBackend::Postgres, "SELECT 1");
    db.reader().query_one_raw(statement).await?.unwrap().try_get_by_index(0)
}

#[tokio::test]
async fn connection_whose_database_is_silent_is_replaced() {
    let Some(database) = TestDatabase::new(Postgres).await else { return };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let separator = if database.url.contains('?') { '&' } else { '?' };
    let url = format!("{}{separator}host=127.0.0.1&port={port}", database.url);
    let (silence, silenced) = oneshot::channel();
    let proxy = tokio::spawn(forward(listener, database.url.parse().unwrap(), silenced));
    let request_timeout = Some(Duration::from_millis(100));
    let options = DatabaseOptions { url, max_connections: 1, request_timeout, ..database.options() };
    let db = Db::connect(&options).await.unwrap();
    assert_eq!(read(&db).await.unwrap(), 1);

    silence.send(()).unwrap();
    // The only connection is replaced, and the statement runs again.
    assert_eq!(timeout(TIMEOUT, read(&db)).await.expect("a response in time").unwrap(), 1);
    proxy.abort();
}
