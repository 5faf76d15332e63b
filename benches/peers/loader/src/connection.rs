//! One connection: sends requests until the end, and counts the answers.

use crate::response;
use memchr::memmem;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncWriteExt, BufReader},
    net::TcpStream,
};

/// Overwritten in each request with eight random characters, so that no update leaves its interview as it is.
const NONCE: &[u8] = b"%%NONCE%";
/// The pause after a connection broke.
const RECONNECT_AFTER: Duration = Duration::from_millis(5);

/// What all connections share.
pub struct Plan {
    pub address: String,
    pub requests: Vec<Vec<u8>>,
    /// Texts of a good answer, and how often each occurs in it.
    pub expected: Vec<(String, usize)>,
    pub end: Instant,
}

/// The answers so far.
#[derive(Default)]
pub struct Tally {
    /// The latency of each good answer.
    micros: Vec<u32>,
    bad: u64,
    /// Connections that could not be made, or that ended before an answer was complete.
    broken: u64,
    bytes: u64,
    /// The status and the beginning of one bad answer.
    pub sample: Option<String>,
}

pub async fn run(plan: Arc<Plan>, seed: u64) -> Tally {
    let mut random = fastrand::Rng::with_seed(seed);
    let (mut tally, mut stream, mut request) = (Tally::default(), None, Vec::new());
    let (mut line, mut body) = (String::new(), Vec::new());
    while Instant::now() < plan.end {
        request.clone_from(&plan.requests[random.usize(..plan.requests.len())]);
        if let Some(at) = memmem::find(&request, NONCE) {
            request[at..at + NONCE.len()].fill_with(|| random.alphanumeric() as u8);
        }
        let started = Instant::now();
        let outcome = async {
            let open = match &mut stream {
                Some(open) => open,
                None => stream.insert(connect(&plan.address).await?),
            };
            open.write_all(&request).await?;
            response::read(open, &mut line, &mut body).await
        };
        match outcome.await {
            Err(_) => {
                (tally.broken, stream) = (tally.broken + 1, None);
                tokio::time::sleep(RECONNECT_AFTER).await;
            }
            Ok(status) if plan.is_good(status, &body) => {
                tally.micros.push(started.elapsed().as_micros() as u32);
                tally.bytes += body.len() as u64;
            }
            Ok(status) => {
                tally.bad += 1;
                tally.sample.get_or_insert_with(|| format!("{status} {:.300}", String::from_utf8_lossy(&body)));
            }
        }
    }
    tally
}

async fn connect(address: &str) -> std::io::Result<BufReader<TcpStream>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(BufReader::with_capacity(1 << 16, stream))
}

impl Plan {
    fn is_good(&self, status: u16, body: &[u8]) -> bool {
        let as_expected = |(text, count): &(String, usize)| memmem::find_iter(body, text).count() == *count;
        status == 200 && memmem::find(body, b"\"errors\"").is_none() && self.expected.iter().all(as_expected)
    }
}

impl Tally {
    pub fn add(&mut self, other: Self) {
        self.micros.extend(other.micros);
        self.bad += other.bad;
        self.broken += other.broken;
        self.bytes += other.bytes;
        self.sample = self.sample.take().or(other.sample);
    }

    pub fn into_json(mut self, elapsed: Duration) -> String {
        self.micros.sort_unstable();
        let (good, bad) = (self.micros.len(), self.bad + self.broken);
        let milliseconds = |share: f64| {
            let at = (good as f64 * share) as usize;
            self.micros.get(at).map_or(0.0, |&micros| f64::from(micros) / 1000.0)
        };
        let (seconds, bytes) = (elapsed.as_secs_f64(), self.bytes / good.max(1) as u64);
        let (p50, p99) = (milliseconds(0.5), milliseconds(0.99));
        format!(r#"{{"good":{good},"bad":{bad},"seconds":{seconds:.3},"p50":{p50:.3},"p99":{p99:.3},"bytes":{bytes}}}"#)
    }
}
