//! The admin port: `/metrics`, `/healthz`, `/readyz`. Knows how to say it, not what it means to be ready.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

use crate::telemetry::Exporter;

/// The `admin` section of a config.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct AdminConfig {
    /// Address and port of `/metrics`, `/healthz` and `/readyz`; port 0 takes a free one. Nothing there asks who asks,
    /// so other addresses than loopback are for closed networks.
    pub listen: SocketAddr,
    /// Whether there is an admin port at all.
    pub enabled: bool,
}

impl Default for AdminConfig {
    fn default() -> AdminConfig {
        AdminConfig {
            listen: SocketAddr::from(([127, 0, 0, 1], 9464)),
            enabled: true,
        }
    }
}

/// Says how the process is.
pub trait Health: Send + Sync {
    /// Why the process should be restarted; none while it lives.
    fn sick(&self) -> Option<String>;
    /// Why it takes in nothing; none when it does.
    fn not_ready(&self) -> Option<String>;
}

#[derive(Clone)]
struct Shared {
    exporter: Exporter,
    health: Arc<dyn Health>,
}

/// Serves the admin port until `shutdown`.
pub async fn serve(
    listener: TcpListener,
    exporter: Exporter,
    health: Arc<dyn Health>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let routes = Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .with_state(Shared { exporter, health });
    axum::serve(listener, routes)
        .with_graceful_shutdown(shutdown)
        .await
}

async fn metrics(State(shared): State<Shared>) -> impl IntoResponse {
    let content_type = (CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8");
    ([content_type], shared.exporter.render())
}

async fn healthz(State(shared): State<Shared>) -> impl IntoResponse {
    answer(shared.health.sick())
}

async fn readyz(State(shared): State<Shared>) -> impl IntoResponse {
    answer(shared.health.not_ready())
}

fn answer(problem: Option<String>) -> (StatusCode, String) {
    match problem {
        None => (StatusCode::OK, "ok\n".to_string()),
        Some(reason) => (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")),
    }
}

#[cfg(test)]
mod tests {
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
    }

    async fn get(address: SocketAddr, path: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).await.unwrap();
        response
    }

    #[tokio::test]
    async fn the_three_paths_answer() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async {
            let _ = stopped.await;
        };
        let serving = tokio::spawn(serve(
            listener,
            Exporter::install(),
            Arc::new(Starting),
            shutdown,
        ));
        assert!(get(address, "/healthz").await.starts_with("HTTP/1.1 200"));
        let ready = get(address, "/readyz").await;
        assert!(ready.starts_with("HTTP/1.1 503"), "{ready}");
        assert!(ready.ends_with("orders: no assignment yet\n"), "{ready}");
        let metrics = get(address, "/metrics").await;
        assert!(metrics.contains("# TYPE expressd_execution_seconds histogram"));
        assert!(get(address, "/").await.starts_with("HTTP/1.1 404"));
        stop.send(()).unwrap();
        serving.await.unwrap().unwrap();
    }
}
