//! A proxy between the server and PostgreSQL that fails as networks and other proxies do.

use interviews::storage::{DatabaseOptions, Db, Synchronous};
use sea_orm::sqlx::postgres::PgConnectOptions;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// Leads to the database until it is dropped.
pub struct DatabaseProxy {
    url: String,
    port: u16,
    shared: Arc<Shared>,
    open: Option<JoinHandle<()>>,
}

/// What happens to a request that contains a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The database gets the request and executes it. The response is dropped and the connection ends.
    CutResponse,
    /// The connection ends instead of passing the request on.
    CutRequest,
    /// The database gets the request and executes it. The response is dropped, and nothing else is passed on.
    DropResponse,
}

struct Shared {
    /// Nothing is passed on while this is set.
    is_silent: watch::Sender<bool>,
    /// Of connections with smaller numbers nothing is passed on any more.
    first_alive: watch::Sender<usize>,
    fault: Mutex<Option<(&'static str, Fault)>>,
    connections: AtomicUsize,
    /// Requests that were not passed on, because their connection is not alive.
    unheard: AtomicUsize,
}

impl DatabaseProxy {
    pub async fn to(url: &str) -> Self {
        let shared = Arc::new(Shared {
            is_silent: watch::Sender::new(false),
            first_alive: watch::Sender::new(0),
            fault: Mutex::default(),
            connections: AtomicUsize::new(0),
            unheard: AtomicUsize::new(0),
        });
        let mut proxy = Self { url: url.to_owned(), port: 0, shared, open: None };
        proxy.open().await;
        proxy
    }

    /// The database's URL by the address of the proxy.
    pub fn url(&self) -> String {
        let separator = if self.url.contains('?') { '&' } else { '?' };
        format!("{}{separator}host=127.0.0.1&port={}", self.url, self.port)
    }

    /// Connections through the proxy.
    pub async fn connect(&self, max_connections: u32) -> Db {
        let options = DatabaseOptions {
            url: self.url(),
            max_connections,
            max_per_user: None,
            acquire_timeout: Duration::from_secs(1),
            request_timeout: None,
            create: false,
            synchronous: Synchronous::Normal,
        };
        Db::connect(&options).await.unwrap()
    }

    /// Accepts connections.
    pub async fn open(&mut self) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await.unwrap();
        self.port = listener.local_addr().unwrap().port();
        let (database, shared): (PgConnectOptions, _) = (self.url.parse().unwrap(), self.shared.clone());
        self.open = Some(tokio::spawn(async move {
            // Aborting this task ends all connections.
            let mut connections = JoinSet::new();
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let server = TcpStream::connect((database.get_host(), database.get_port())).await.unwrap();
                connections.spawn(shared.clone().connect(client, server));
            }
        }));
    }

    /// Cuts every connection and refuses new ones.
    pub async fn close(&mut self) {
        let open = self.open.take().unwrap();
        open.abort();
        assert!(open.await.unwrap_err().is_cancelled());
    }

    /// Passes nothing on, or what has arrived meanwhile.
    pub fn set_silent(&self, is_silent: bool) {
        self.shared.is_silent.send_replace(is_silent);
    }

    /// Passes nothing on of the connections that are open, for ever. They stay open.
    pub fn silence_open_connections(&self) {
        self.shared.first_alive.send_replace(self.shared.connections.load(Ordering::SeqCst));
    }

    /// How many requests came on connections that were silenced.
    pub fn unheard_requests(&self) -> usize {
        self.shared.unheard.load(Ordering::SeqCst)
    }

    /// How many connections were opened so far.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Lets the next request that contains this text fail.
    pub fn fail_once(&self, text: &'static str, fault: Fault) {
        *self.shared.fault.lock().unwrap() = Some((text, fault));
    }

    /// Whether the request that was to fail has come.
    pub fn has_failed(&self) -> bool {
        self.shared.fault.lock().unwrap().is_none()
    }
}

impl Drop for DatabaseProxy {
    fn drop(&mut self) {
        if let Some(open) = &self.open {
            open.abort();
        }
    }
}

impl Shared {
    /// Forwards in both directions until either end closes.
    async fn connect(self: Arc<Self>, client: TcpStream, server: TcpStream) {
        let number = self.connections.fetch_add(1, Ordering::SeqCst);
        let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
        let fault = watch::Sender::new(None);
        tokio::select! {
            () = self.forward_requests(number, from_client, to_server, &fault) => {}
            () = self.forward_responses(number, from_server, to_client, &fault) => {}
        }
    }

    async fn forward_requests(
        &self,
        number: usize,
        mut client: OwnedReadHalf,
        mut server: OwnedWriteHalf,
        fault: &watch::Sender<Option<Fault>>,
    ) {
        let mut buffer = vec![0; 65536];
        while let Ok(count @ 1..) = client.read(&mut buffer).await {
            if *self.first_alive.borrow() > number {
                self.unheard.fetch_add(1, Ordering::SeqCst);
                return std::future::pending().await;
            }
            self.until_not_silent().await;
            if let Some(planned) = self.take_fault(&buffer[..count]) {
                if planned == Fault::CutRequest {
                    return;
                }
                fault.send_replace(Some(planned));
            }
            if server.write_all(&buffer[..count]).await.is_err() {
                return;
            }
        }
    }

    async fn forward_responses(
        &self,
        number: usize,
        mut server: OwnedReadHalf,
        mut client: OwnedWriteHalf,
        fault: &watch::Sender<Option<Fault>>,
    ) {
        let mut buffer = vec![0; 65536];
        while let Ok(count @ 1..) = server.read(&mut buffer).await {
            if *self.first_alive.borrow() > number {
                return std::future::pending().await;
            }
            self.until_not_silent().await;
            let fault = *fault.borrow();
            match fault {
                Some(Fault::DropResponse) => {}
                Some(_) => return,
                None => {
                    if client.write_all(&buffer[..count]).await.is_err() {
                        return;
                    }
                    continue;
                }
            }
            return std::future::pending().await;
        }
    }

    fn take_fault(&self, request: &[u8]) -> Option<Fault> {
        let mut planned = self.fault.lock().unwrap();
        let contains = |text: &str| request.windows(text.len()).any(|part| part == text.as_bytes());
        planned.take_if(|(text, _)| contains(text)).map(|(_, fault)| fault)
    }

    async fn until_not_silent(&self) {
        let _ = self.is_silent.subscribe().wait_for(|is_silent| !is_silent).await;
    }
}
