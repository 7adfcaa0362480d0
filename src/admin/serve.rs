//! Connections of the admin port: few, short, with small headers.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tracing::debug;

/// Bytes of a request's head, and headers in it.
const HEAD_BYTES: usize = 16 * 1_024;
const HEADERS: usize = 64;
/// For a client to send its request's head, and for a whole connection.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(300);
/// After a failure to accept: as a rule there are no file descriptors left.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves until `shutdown`, then until open requests are answered.
pub(super) async fn serve(
    listener: TcpListener,
    routes: Router,
    connections: usize,
    shutdown: impl Future<Output = ()>,
) {
    let free = Arc::new(Semaphore::new(connections.max(1)));
    let (stop, stopping) = watch::channel(());
    let mut open = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            Some(_) = open.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    // Without a permit the connection is closed at once.
                    if let Ok(permit) = Arc::clone(&free).try_acquire_owned() {
                        let served = connection(stream, routes.clone(), stopping.clone());
                        open.spawn(async move {
                            let _permit = permit;
                            let _ = tokio::time::timeout(CONNECTION_TIMEOUT, served).await;
                        });
                    }
                }
                Err(error) => {
                    debug!(%error, "admin port: connection not accepted");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }
    drop(stop);
    while open.join_next().await.is_some() {}
}

async fn connection(stream: TcpStream, routes: Router, mut stopping: watch::Receiver<()>) {
    let mut served = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .max_buf_size(HEAD_BYTES)
            .max_headers(HEADERS)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(routes))
    );
    tokio::select! {
        ended = served.as_mut() => {
            if let Err(error) = ended {
                debug!(%error, "admin port: connection broke");
            }
            return;
        }
        // It never changes: the sender is gone.
        _ = stopping.changed() => served.as_mut().graceful_shutdown(),
    }
    let _ = served.await;
}
