//! Databases whose files are replaced by an older copy, such as a snapshot of the disk: nothing in the database tells
//! that it was restored.

use super::{changes, error_code};
use crate::api::subscriptions::Subscriber;
use crate::support::Database::Sqlite;
use crate::support::TestApp;
use crate::support::database::TestDatabase;
use crate::support::events::{cursor, latest_event};
use crate::support::own_cluster::OwnClusters;
use interviews::services::SubscriptionEnd;

#[tokio::test]
async fn older_files_of_postgresql_expire_subscriptions_and_cursors_of_a_running_server() {
    let Some(clusters) = OwnClusters::new() else { return };
    let cluster = clusters.start("");
    let app = TestApp::on(cluster.filled().await, &["--event-interval", "20ms"]).await;
    cluster.crash();
    let copy = cluster.copy();
    cluster.start();
    changes(&app, 1, "until the server is connected").await;
    let mut subscriber = Subscriber::of(&app, &app.staff()).await;
    let lost = changes(&app, 3, "lost").await;
    assert_eq!(subscriber.events(3).await, lost);
    let lost_cursor = cursor(&app.database, lost[2]).await;

    cluster.crash();
    cluster.replace_by(&copy);
    cluster.start();
    assert!(latest_event(&app).await < lost[0]);
    // The same transactions as before: the events get the same ids and the same transaction numbers.
    let again = changes(&app, 6, "again").await;
    assert!(lost.iter().all(|id| again.contains(id)), "{lost:?} {again:?}");
    assert!(matches!(subscriber.end().await, SubscriptionEnd::HistoryChanged));
    assert_eq!(error_code(&app, &lost_cursor).await, "CURSOR_EXPIRED");
}

#[tokio::test]
async fn older_file_of_sqlite_expires_cursors_of_events_that_it_lacks() {
    let database = TestDatabase::new(Sqlite).await.unwrap();
    let backup = database.file().with_extension("backup");
    database.execute(&format!("VACUUM INTO '{}'", backup.display())).await;
    let app = TestApp::on(database, &[]).await;
    let kept = latest_event(&app).await;
    let lost = changes(&app, 3, "lost").await;
    let [kept_cursor, lost_cursor] = [cursor(&app.database, kept).await, cursor(&app.database, lost[2]).await];

    let restored = TestDatabase::at(format!("sqlite://{}", backup.display()), None);
    let (_folder, app) = (app.database, TestApp::on(restored, &[]).await);
    app.clock.advance(chrono::TimeDelta::minutes(1)); // the clock of a test does not move by itself
    assert_eq!(latest_event(&app).await, kept);
    assert_eq!(error_code(&app, &lost_cursor).await, "CURSOR_EXPIRED");
    let again = changes(&app, 4, "again").await;
    assert_eq!(error_code(&app, &lost_cursor).await, "CURSOR_EXPIRED");
    assert_eq!(cursor(&app.database, kept).await, kept_cursor);
    let mut subscriber = Subscriber::since(&app, &app.staff(), kept).await;
    assert_eq!(subscriber.events(4).await, again);
}
