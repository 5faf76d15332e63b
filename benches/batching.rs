//! Batching without a database. Each row of a list loads one value and then a second one that depends on the first, as
//! an interview loads its interviewee and then the driver. The benchmarks differ only in when a batch is sent.
#![expect(clippy::unwrap_used, reason = "a failure ends the benchmark")]

use async_graphql::dataloader::{DataLoader, Loader};
use async_graphql::runtime::Timer;
use divan::{Bencher, black_box};
use futures_util::future::{BoxFuture, FutureExt, join_all};
use futures_util::task::{FutureObj, Spawn, SpawnError};
use interviews::graphql::engine::loader_scheduler::{NoDelay, PendingFetches, run_with_batches};
use std::collections::HashMap;
use std::convert::Infallible;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

fn main() {
    divan::main();
}

const SIZES: [u64; 3] = [1, 50, 100];

/// The sum of the values that `size` rows load last.
fn expected(size: u64) -> u64 {
    (0..size).map(|key| key + 2_000).sum()
}

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap()
}

/// Replaces the database: every batch waits once.
async fn fetch(keys: &[u64]) -> HashMap<u64, u64> {
    tokio::task::yield_now().await;
    keys.iter().map(|key| (*key, key + 1_000)).collect()
}

struct Fetch;

impl Loader<u64> for Fetch {
    type Value = u64;
    type Error = Infallible;

    async fn load(&self, keys: &[u64]) -> Result<HashMap<u64, u64>, Infallible> {
        Ok(fetch(keys).await)
    }
}

async fn all_rows(loader: &DataLoader<Fetch>, size: u64) -> u64 {
    let row = async |key| {
        let next = loader.load_one(key).await.unwrap().unwrap();
        loader.load_one(next).await.unwrap().unwrap()
    };
    join_all((0..size).map(row)).await.into_iter().sum()
}

/// This server's scheduler: the task of the request sends the batches when all of its loads wait.
#[divan::bench(args = SIZES)]
fn loader_scheduler(bencher: Bencher, size: u64) {
    let runtime = runtime();
    bencher.bench_local(|| {
        let pending = PendingFetches::default();
        let loader = DataLoader::new(Fetch, pending.clone(), NoDelay).max_batch_size(usize::MAX);
        let sum = runtime.block_on(run_with_batches(pending, all_rows(&loader, black_box(size))));
        assert_eq!(sum, expected(size));
    });
}

struct Tasks;

impl Spawn for Tasks {
    fn spawn_obj(&self, fetch: FutureObj<'static, ()>) -> Result<(), SpawnError> {
        tokio::spawn(fetch);
        Ok(())
    }
}

struct Sleep;

impl Timer for Sleep {
    fn delay(&self, duration: Duration) -> BoxFuture<'static, ()> {
        tokio::time::sleep(duration).boxed()
    }
}

/// async-graphql's own scheduling: a task and a timer of one millisecond for each batch.
#[divan::bench(args = SIZES)]
fn task_and_timer(bencher: Bencher, size: u64) {
    let runtime = runtime();
    bencher.bench_local(|| {
        let loader = DataLoader::new(Fetch, Tasks, Sleep).max_batch_size(usize::MAX);
        let sum = runtime.block_on(all_rows(&loader, black_box(size)));
        assert_eq!(sum, expected(size));
    });
}

impl dataloader::BatchFn<u64, u64> for Fetch {
    async fn load(&mut self, keys: &[u64]) -> HashMap<u64, u64> {
        fetch(keys).await
    }
}

/// The crate `dataloader`: the first load of a batch yields ten times before it sends the batch.
#[divan::bench(args = SIZES)]
fn crate_dataloader(bencher: Bencher, size: u64) {
    let runtime = runtime();
    bencher.bench_local(|| {
        let loader = dataloader::non_cached::Loader::new(Fetch).with_max_batch_size(usize::MAX);
        let row = async |key| {
            let next = loader.load(key).await;
            loader.load(next).await
        };
        let rows = join_all((0..black_box(size)).map(row));
        let sum: u64 = runtime.block_on(rows).into_iter().sum();
        assert_eq!(sum, expected(size));
    });
}
