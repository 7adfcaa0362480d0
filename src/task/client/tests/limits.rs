//! Every limit of an exchange is counted under its own name.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::super::*;
use crate::units::{ByteSize, HumanDuration};

/// An exchange with a server that says `answer` and then nothing; gives what was counted.
async fn counted(
    scheme: &str,
    timeouts: TimeoutsConfig,
    answer: &'static str,
) -> Vec<ExchangeLimit> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 1_024];
        assert!(stream.read(&mut request).await.unwrap() > 0);
        stream.write_all(answer.as_bytes()).await.unwrap();
        // Until the client goes.
        while stream.read(&mut request).await.is_ok_and(|n| n > 0) {}
    });
    let config = ClientConfig {
        timeouts,
        response: ResponseSize(ByteSize(1 << 10)),
        tls: TlsConfig {
            system_roots: false,
            ..TlsConfig::default()
        },
        ..ClientConfig::default()
    };
    let client = Client::new(&config, false, Resolver::open()).ok().unwrap();
    let request = Request::get(format!("{scheme}://{address}/"));
    let request = request.body(Full::default()).unwrap();
    assert!(client.send(request).await.is_err());
    let metrics = client.metrics();
    drop(client);
    server.await.unwrap();
    let all = ExchangeLimit::ALL.into_iter();
    all.filter(|limit| metrics.count(*limit) == 1).collect()
}

fn short(change: impl Fn(&mut TimeoutsConfig)) -> TimeoutsConfig {
    let mut timeouts = TimeoutsConfig::default();
    change(&mut timeouts);
    timeouts
}

const SOON: HumanDuration = HumanDuration::from_millis(50);
const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2000\r\n\r\n";

#[tokio::test]
async fn a_connection_that_is_not_there_in_time() {
    // Shakes no hands.
    let timeouts = short(|timeouts| timeouts.connect = SOON);
    assert_eq!(
        counted("https", timeouts, "").await,
        [ExchangeLimit::Connect]
    );
}

#[tokio::test]
async fn a_head_that_does_not_come() {
    let timeouts = short(|timeouts| timeouts.first_byte = SOON);
    assert_eq!(
        counted("http", timeouts, "").await,
        [ExchangeLimit::FirstByte]
    );
}

#[tokio::test]
async fn a_body_that_stops() {
    let timeouts = short(|timeouts| timeouts.idle = SOON);
    assert_eq!(counted("http", timeouts, HEAD).await, [ExchangeLimit::Idle]);
}

#[tokio::test]
async fn an_exchange_that_takes_too_long() {
    let timeouts = short(|timeouts| timeouts.total = SOON);
    assert_eq!(
        counted("http", timeouts, HEAD).await,
        [ExchangeLimit::Total]
    );
}

#[tokio::test]
async fn a_body_that_is_too_large() {
    let large = format!("{HEAD}{}", "x".repeat(2_000)).leak();
    let timeouts = TimeoutsConfig::default();
    assert_eq!(
        counted("http", timeouts, large).await,
        [ExchangeLimit::Response]
    );
}
