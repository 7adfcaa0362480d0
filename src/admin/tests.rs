use std::net::SocketAddr;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use super::*;

struct Starting;

impl Health for Starting {
    fn sick(&self) -> Option<String> {
        None
    }

    fn not_ready(&self) -> Option<String> {
        Some("orders: no assignment yet".to_string())
    }

    fn pipelines(&self) -> Json {
        json!([{"name": "orders"}])
    }
}

/// An open admin port.
struct Port {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: tokio::task::JoinHandle<()>,
}

impl Port {
    async fn open(change: impl FnOnce(&mut AdminConfig)) -> Port {
        let mut config = AdminConfig::default();
        change(&mut config);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let shown = Shown {
            exporter: Exporter::install(),
            health: Arc::new(Starting),
            config: Arc::new(json!({"kafka": {}})),
        };
        let serving = tokio::spawn(async move {
            let shutdown = async {
                let _ = stopped.await;
            };
            serve(listener, &config, shown, shutdown).await;
        });
        Port {
            address,
            stop,
            serving,
        }
    }

    async fn get(&self, path: &str, header: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: x\r\n{header}Connection: close\r\n\r\n");
        // A connection that is refused takes not even the request.
        let _ = stream.write_all(request.as_bytes()).await;
        let mut response = Vec::new();
        let _ = stream.read_to_end(&mut response).await;
        String::from_utf8(response).unwrap()
    }

    async fn close(self) {
        self.stop.send(()).unwrap();
        self.serving.await.unwrap();
    }
}

#[track_caller]
fn starts(response: &str, status: u16) {
    let want = format!("HTTP/1.1 {status}");
    assert!(response.starts_with(&want), "{response}");
}

#[tokio::test]
async fn every_path_answers() {
    let port = Port::open(|_| ()).await;
    starts(&port.get("/healthz", "").await, 200);
    let ready = port.get("/readyz", "").await;
    starts(&ready, 503);
    assert!(ready.ends_with("orders: no assignment yet\n"), "{ready}");
    let metrics = port.get("/metrics", "").await;
    assert!(metrics.contains("# TYPE expressd_execution_seconds histogram"));
    let pipelines = port.get("/pipelines", "").await;
    assert!(pipelines.contains("\"name\": \"orders\""), "{pipelines}");
    let config = port.get("/config", "").await;
    assert!(config.contains("\"kafka\": {}"), "{config}");
    starts(&port.get("/", "").await, 404);
    port.close().await;
}

#[tokio::test]
async fn what_tells_something_asks_for_the_token() {
    let port = Port::open(|config| config.token = "word".to_string()).await;
    for path in ["/metrics", "/pipelines", "/config"] {
        starts(&port.get(path, "").await, 401);
        for wrong in ["wor", "wordy", "worb"] {
            let header = format!("Authorization: Bearer {wrong}\r\n");
            starts(&port.get(path, &header).await, 401);
        }
        let header = "Authorization: Bearer word\r\n";
        starts(&port.get(path, header).await, 200);
    }
    starts(&port.get("/healthz", "").await, 200);
    port.close().await;
}

#[tokio::test]
async fn large_heads_and_too_many_connections_are_refused() {
    let port = Port::open(|config| config.connections = 1).await;
    let large = format!("X-Large: {}\r\n", "x".repeat(100_000));
    let response = port.get("/healthz", &large).await;
    assert!(!response.contains(" 200 "), "{response}");
    port.close().await;

    let port = Port::open(|config| config.connections = 1).await;
    let mut first = TcpStream::connect(port.address).await.unwrap();
    let request = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    first.write_all(request).await.unwrap();
    let mut answer = [0; 12];
    first.read_exact(&mut answer).await.unwrap();
    // The first connection is answered and still open.
    assert_eq!(port.get("/healthz", "").await, "");
    drop(first);
    port.close().await;
}
