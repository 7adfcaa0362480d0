//! A server for the tests of tasks that call out: it does what the path of a request says.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use super::{Answer, Call};
use crate::engine::TaskReply;
use crate::value::Arena;
use crate::value::Constants;
use crate::value::ParseLimits;

/// Runs until it is dropped.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    /// Connections accepted, and of them those that the client has closed.
    connections: watch::Receiver<(usize, usize)>,
    task: tokio::task::JoinHandle<()>,
}

/// A request.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// Method and path with query.
    pub(super) line: String,
    /// Names in lower case.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
}

/// What the server does next.
pub(super) enum Do {
    /// Answers with a status line's rest, headers and a body.
    Answer(&'static str, Vec<(&'static str, String)>, String),
    /// Sends these bytes as they are and closes.
    Raw(Vec<u8>),
    /// Sends these bytes and nothing more.
    Stall(&'static str),
    /// Closes without a word.
    Close,
}

impl Do {
    pub(super) fn answer(status: &'static str, body: &str) -> Do {
        Do::Answer(status, Vec::new(), body.to_string())
    }
}

impl Server {
    pub(super) async fn start(act: fn(&Seen) -> Do) -> Server {
        Server::listen(act, None).await
    }

    /// Speaks TLS as `localhost` and wants to see a client's certificate.
    pub(super) async fn start_tls(act: fn(&Seen) -> Do) -> Server {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_file(certificate("ca.pem")).unwrap())
            .unwrap();
        let clients =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
        let chain = vec![CertificateDer::from_pem_file(certificate("server.pem")).unwrap()];
        let key = PrivateKeyDer::from_pem_file(certificate("server.key")).unwrap();
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(clients.build().unwrap())
            .with_single_cert(chain, key)
            .unwrap();
        Server::listen(act, Some(TlsAcceptor::from(Arc::new(config)))).await
    }

    async fn listen(act: fn(&Seen) -> Do, tls: Option<TlsAcceptor>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (count, connections) = watch::channel((0, 0));
        let count = Arc::new(count);
        let log = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            let mut open = tokio::task::JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                count.send_modify(|(opened, _)| *opened += 1);
                let (log, count, tls) = (Arc::clone(&log), Arc::clone(&count), tls.clone());
                open.spawn(async move {
                    serve_stream(stream, tls, act, &log).await;
                    count.send_modify(|(_, closed)| *closed += 1);
                });
            }
        });
        Server {
            address,
            seen,
            connections,
            task,
        }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Waits until so many connections were opened and so many closed.
    pub(super) async fn connections(&self, opened: usize, closed: usize) {
        let mut connections = self.connections.clone();
        let want = (opened, closed);
        connections.wait_for(|found| *found == want).await.unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Seen {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

pub(super) fn certificate(name: &str) -> PathBuf {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/certificates");
    PathBuf::from(dir).join(name)
}

/// Calls with this input, and waits for the answer: the result's text, or `error: cause`.
pub(super) async fn answer_of(answer: Answer) -> String {
    let reply = match answer {
        Answer::Now(reply) => reply,
        Answer::Later(reply) => reply.await,
        Answer::Queued(_) | Answer::After(..) | Answer::Never => panic!("nobody waits here"),
    };
    match reply {
        TaskReply::Result(text) => String::from_utf8(text).unwrap(),
        TaskReply::Known(document) => document.to_json(),
        TaskReply::Error { error, cause } => {
            format!(
                "{}: {}",
                error.unwrap_or_default(),
                cause.unwrap_or_default()
            )
        }
    }
}

/// Gives a call with this input to `use_call`.
pub(super) fn with_call<T>(state: &str, input: &str, use_call: impl FnOnce(Call<'_>) -> T) -> T {
    let limits = ParseLimits {
        depth: 100,
        reject_duplicate_keys: false,
    };
    let mut arena = Arena::new(Constants::empty());
    let input = arena.parse(input.as_bytes(), limits).unwrap();
    use_call(Call::example(&arena, input, state))
}

async fn serve_stream(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    act: fn(&Seen) -> Do,
    log: &Mutex<Vec<Seen>>,
) {
    match tls {
        None => serve(stream, act, log).await,
        Some(tls) => {
            if let Ok(stream) = tls.accept(stream).await {
                serve(stream, act, log).await;
            }
        }
    }
}

/// One connection, until the client closes it.
async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    act: fn(&Seen) -> Do,
    log: &Mutex<Vec<Seen>>,
) {
    let mut bytes = Vec::new();
    while let Some(request) = read_request(&mut stream, &mut bytes).await {
        let what = act(&request);
        log.lock().unwrap().push(request);
        match what {
            Do::Answer(status, headers, body) => {
                let mut text = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n", body.len());
                for (name, value) in headers {
                    text.push_str(&format!("{name}: {value}\r\n"));
                }
                text.push_str("\r\n");
                text.push_str(&body);
                let _ = stream.write_all(text.as_bytes()).await;
            }
            Do::Raw(bytes) => {
                let _ = stream.write_all(&bytes).await;
                let _ = stream.shutdown().await;
                return;
            }
            Do::Stall(text) => {
                let _ = stream.write_all(text.as_bytes()).await;
                // Until the client closes.
                while matches!(stream.read(&mut [0; 1_024]).await, Ok(1..)) {}
                return;
            }
            Do::Close => return,
        }
    }
}

async fn read_request<S: AsyncRead + Unpin>(stream: &mut S, bytes: &mut Vec<u8>) -> Option<Seen> {
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
            let mut lines = head.lines();
            let line = lines.next()?.trim_end_matches(" HTTP/1.1").to_string();
            let headers: Vec<_> = lines
                .filter_map(|line| line.split_once(": "))
                .map(|(name, value)| (name.to_ascii_lowercase(), value.to_string()))
                .collect();
            let length = headers.iter().find(|(name, _)| name == "content-length");
            let length: usize = length.map_or(0, |(_, length)| length.parse().unwrap());
            let all = end + 4 + length;
            if bytes.len() >= all {
                let body = String::from_utf8(bytes[end + 4..all].to_vec()).unwrap();
                bytes.drain(..all);
                return Some(Seen {
                    line,
                    headers,
                    body,
                });
            }
        }
        let mut piece = [0; 4_096];
        match stream.read(&mut piece).await {
            Ok(n @ 1..) => bytes.extend_from_slice(&piece[..n]),
            _ => return None,
        }
    }
}
