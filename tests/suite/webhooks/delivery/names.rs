//! The addresses of names are checked where the connection is made.

use crate::support::webhook_receiver::{WebhookReceiver, closed_address};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use interviews::domain::webhook::DeliveryError;
use interviews::domain::webhook::address::AddressPolicy;
use interviews::outbound::{NameLookup, SystemLookup, WebhookClient, WebhookRequest, WebhookTransport};
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Gives the next answer to each look-up, and the last one from then on.
#[derive(Debug)]
struct Answers {
    answers: Vec<Vec<IpAddr>>,
    lookups: Mutex<usize>,
}

impl Answers {
    fn new(answers: &[&[IpAddr]]) -> Arc<Self> {
        let answers = answers.iter().map(|answer| answer.to_vec()).collect();
        Arc::new(Self { answers, lookups: Mutex::new(0) })
    }

    fn lookups(&self) -> usize {
        *self.lookups.lock().unwrap()
    }
}

impl NameLookup for Answers {
    fn addresses(&self, _: &str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        let mut lookups = self.lookups.lock().unwrap();
        let answer = self.answers[(*lookups).min(self.answers.len() - 1)].clone();
        *lookups += 1;
        async move { Ok(answer) }.boxed()
    }
}

const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const METADATA: IpAddr = IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254));
/// Nothing is reached there from a test: an attempt takes no longer than its timeout.
const PUBLIC: IpAddr = IpAddr::V4(Ipv4Addr::new(1, 0, 0, 1));

fn client(allow_private: bool, names: Arc<dyn NameLookup>) -> WebhookClient {
    let policy = AddressPolicy { allow_http: true, allow_private };
    let timeout = if allow_private { Duration::from_secs(15) } else { Duration::from_millis(300) };
    WebhookClient::new(WebhookTransport { policy, timeout, proxy: None }, names)
}

async fn send(client: &WebhookClient, url: &str) -> Result<u16, DeliveryError> {
    let request = WebhookRequest {
        url: url.to_owned(),
        id: "msg_1_1".to_owned(),
        timestamp: 0,
        signature: "v1,".to_owned(),
        body: "{}".into(),
    };
    Ok(client.send(request).await?.status)
}

#[tokio::test]
async fn name_that_becomes_private_after_its_check_reaches_nothing() {
    let receiver = WebhookReceiver::start().await;
    let names = Answers::new(&[&[PUBLIC], &[LOCAL]]);
    let client = client(false, names.clone());
    let url = format!("http://receiver.test:{}/ok", receiver.address.port());
    // The first attempt connects to the address that was checked: it does not look again.
    let first = send(&client, &url).await;
    assert_ne!(first, Err(DeliveryError::RefusedAddress));
    assert_eq!(names.lookups(), 1);
    assert_eq!(send(&client, &url).await, Err(DeliveryError::RefusedAddress));
    assert_eq!(names.lookups(), 2);
    assert_eq!(receiver.received(), []);
}

#[tokio::test]
async fn one_private_address_of_several_is_enough_to_refuse() {
    let receiver = WebhookReceiver::start().await;
    let url = format!("http://receiver.test:{}/ok", receiver.address.port());
    for answer in [[PUBLIC, LOCAL], [LOCAL, PUBLIC], [PUBLIC, METADATA]] {
        let client = client(false, Answers::new(&[&answer]));
        assert_eq!(send(&client, &url).await, Err(DeliveryError::RefusedAddress), "{answer:?}");
    }
    assert_eq!(receiver.received(), []);
}

#[tokio::test]
async fn private_addresses_are_reached_if_they_are_allowed() {
    let receiver = WebhookReceiver::start().await;
    let client = client(true, Answers::new(&[&[LOCAL]]));
    let url = format!("http://receiver.test:{}/ok", receiver.address.port());
    assert_eq!(send(&client, &url).await, Ok(204));
    assert_eq!(receiver.received().len(), 1);
}

#[tokio::test]
async fn name_without_an_address_is_not_found() {
    let client = client(true, Answers::new(&[&[]]));
    assert_eq!(send(&client, "http://receiver.test/").await, Err(DeliveryError::Dns));
}

#[tokio::test]
async fn literal_address_is_checked_before_each_attempt() {
    let receiver = WebhookReceiver::start().await;
    let client = client(false, Arc::new(SystemLookup));
    let port = receiver.address.port();
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "017700000001",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "0.0.0.0",
        "localhost",
    ] {
        assert_eq!(
            send(&client, &format!("http://{host}:{port}/ok")).await,
            Err(DeliveryError::RefusedAddress),
            "{host}"
        );
    }
    assert_eq!(receiver.received(), []);
}

#[tokio::test]
async fn proxy_makes_the_connections_and_no_name_is_looked_up() {
    // A proxy for `http` is sent the whole URL, which this receiver takes for the path.
    let proxy = WebhookReceiver::start().await;
    let names = Answers::new(&[&[LOCAL]]);
    let policy = AddressPolicy { allow_http: true, allow_private: false };
    let transport = WebhookTransport {
        policy,
        timeout: Duration::from_secs(15),
        proxy: Some(format!("http://{}/", proxy.address).parse().unwrap()),
    };
    let client = WebhookClient::new(transport, names.clone());
    assert_eq!(send(&client, "http://receiver.test/ok").await, Ok(204));
    assert_eq!(proxy.received().len(), 1);
    assert_eq!(names.lookups(), 0);
    let private = send(&client, "http://10.0.0.1/ok").await;
    assert_eq!(private, Err(DeliveryError::RefusedAddress), "addresses in URLs are checked in any case");
}

#[tokio::test]
async fn proxy_that_does_not_listen_is_a_failed_connection() {
    let policy = AddressPolicy { allow_http: true, allow_private: false };
    let proxy = format!("http://{}/", closed_address().await).parse().unwrap();
    let transport = WebhookTransport { policy, timeout: Duration::from_secs(15), proxy: Some(proxy) };
    let client = WebhookClient::new(transport, Arc::new(SystemLookup));
    assert_eq!(send(&client, "http://receiver.test/ok").await, Err(DeliveryError::Connect));
}
