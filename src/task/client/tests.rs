//! HTTP/2: one connection for many exchanges, each of which can be given up alone.

use std::convert::Infallible;
use std::net::SocketAddr;

use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::task::testing::certificate;

mod limits;

/// A server that speaks HTTP/2 and nothing else.
struct Server {
    address: SocketAddr,
    seen: watch::Sender<Seen>,
    task: tokio::task::JoinHandle<()>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Seen {
    connections: usize,
    /// Exchanges that wait until they are let go.
    waiting: usize,
    /// Exchanges whose stream was reset before their answer.
    reset: usize,
    let_go: bool,
}

/// An exchange that waits.
struct Held(watch::Sender<Seen>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.send_modify(|seen| {
            seen.waiting -= 1;
            seen.reset += usize::from(!seen.let_go);
        });
    }
}

impl Server {
    async fn start(tls: Option<TlsAcceptor>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = watch::Sender::new(Seen::default());
        let shown = seen.clone();
        let task = tokio::spawn(async move {
            let mut open = tokio::task::JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                seen.send_modify(|seen| seen.connections += 1);
                let (seen, tls) = (seen.clone(), tls.clone());
                open.spawn(async move {
                    match tls {
                        None => serve(stream, seen).await,
                        Some(tls) => serve(tls.accept(stream).await.unwrap(), seen).await,
                    }
                });
            }
        });
        Server {
            address,
            seen: shown,
            task,
        }
    }

    async fn until(&self, condition: impl FnMut(&Seen) -> bool) -> Seen {
        *self.seen.subscribe().wait_for(condition).await.unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    seen: watch::Sender<Seen>,
) {
    let service = service_fn(|request: Request<Incoming>| {
        let seen = seen.clone();
        async move {
            if request.uri().path() == "/wait" {
                seen.send_modify(|seen| seen.waiting += 1);
                let held = Held(seen);
                let mut changes = held.0.subscribe();
                changes.wait_for(|seen| seen.let_go).await.unwrap();
            }
            let version = format!("{:?}", request.version());
            Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(version)))
        }
    });
    let connection = http2::Builder::new(TokioExecutor::new());
    // It ends with an error when the client goes away in the middle.
    let _ = connection
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// One exchange of eight is given up: its stream is reset, and the others go on over the same connection.
async fn one_of_eight_is_given_up(server: Server, client: Client, url: String) {
    let client = Arc::new(client);
    let send = |path: &str| {
        let (client, uri) = (Arc::clone(&client), format!("{url}{path}"));
        let request = Request::post(uri).body(Full::from("{}")).unwrap();
        tokio::spawn(async move { client.send(request).await.unwrap().into_body() })
    };
    assert_eq!(send("/").await.unwrap(), "HTTP/2.0");
    let mut waiting: Vec<_> = (0..8).map(|_| send("/wait")).collect();
    server.until(|seen| seen.waiting == 8).await;
    waiting.remove(3).abort();
    server
        .until(|seen| seen.reset == 1 && seen.waiting == 7)
        .await;
    // The connection is as good as before.
    assert_eq!(send("/").await.unwrap(), "HTTP/2.0");
    server.seen.send_modify(|seen| seen.let_go = true);
    for exchange in waiting {
        assert_eq!(exchange.await.unwrap(), "HTTP/2.0");
    }
    let seen = server.until(|seen| seen.waiting == 0).await;
    assert_eq!((seen.connections, seen.reset), (1, 1));
}

#[tokio::test]
async fn without_tls_where_the_config_says_so() {
    let config = ClientConfig {
        version: HttpVersion::Http2,
        ..ClientConfig::default()
    };
    let client = Client::new(&config, false, Resolver::open()).ok().unwrap();
    let server = Server::start(None).await;
    let url = format!("http://{}", server.address);
    one_of_eight_is_given_up(server, client, url).await;
}

#[tokio::test]
async fn over_tls_where_the_server_prefers_it() {
    let chain = vec![CertificateDer::from_pem_file(certificate("server.pem")).unwrap()];
    let key = PrivateKeyDer::from_pem_file(certificate("server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut tls = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let server = Server::start(Some(TlsAcceptor::from(Arc::new(tls)))).await;
    let config = ClientConfig {
        tls: TlsConfig {
            system_roots: false,
            ca: Some(certificate("ca.pem")),
            ..TlsConfig::default()
        },
        ..ClientConfig::default()
    };
    let client = Client::new(&config, true, Resolver::open()).ok().unwrap();
    let url = format!("https://localhost:{}", server.address.port());
    one_of_eight_is_given_up(server, client, url).await;
}
