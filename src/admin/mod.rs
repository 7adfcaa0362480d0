//! The admin port: `/metrics`, `/healthz`, `/readyz`, `/pipelines`, `/config`. Knows how to say it, not what it means to
//! be ready.

mod config;
mod serve;

pub use config::AdminConfig;

use std::future::Future;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::Value as Json;
use tokio::net::TcpListener;

use crate::telemetry::Exporter;

/// Says how the process is.
pub trait Health: Send + Sync {
    /// Why the process should be restarted; none while it lives.
    fn sick(&self) -> Option<String>;
    /// Why it takes in nothing; none when it does.
    fn not_ready(&self) -> Option<String>;
    /// Each pipeline with its state, its definition, and how far behind it is.
    fn pipelines(&self) -> Json;
}

/// What the admin port shows.
#[derive(Clone)]
pub struct Shown {
    /// `/metrics`
    pub exporter: Exporter,
    /// `/healthz`, `/readyz`, `/pipelines`
    pub health: Arc<dyn Health>,
    /// `/config`, without secrets.
    pub config: Arc<Json>,
}

/// Serves the admin port until `shutdown`.
pub async fn serve(
    listener: TcpListener,
    config: &AdminConfig,
    shown: Shown,
    shutdown: impl Future<Output = ()>,
) {
    let token: Arc<str> = config.token.as_str().into();
    let routes = Router::new()
        .route("/metrics", get(metrics))
        .route("/pipelines", get(pipelines))
        .route("/config", get(config_shown))
        .route_layer(from_fn_with_state(token, ask_for_token))
        // Orchestrators have no word to show, and these two tell nothing.
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .with_state(shown);
    serve::serve(listener, routes, config.connections, shutdown).await;
}

async fn ask_for_token(State(token): State<Arc<str>>, request: Request, next: Next) -> Response {
    let sent = request.headers().get(AUTHORIZATION);
    let sent = sent.and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    if !token.is_empty() && !same(sent.unwrap_or_default(), token.as_bytes()) {
        let ask = [(WWW_AUTHENTICATE, "Bearer")];
        return (
            StatusCode::UNAUTHORIZED,
            ask,
            "the token is missing or wrong\n",
        )
            .into_response();
    }
    next.run(request).await
}

/// Takes as long whatever the difference is.
fn same(a: &[u8], b: &[u8]) -> bool {
    let differences = a.iter().zip(b).fold(0, |found, (a, b)| found | (a ^ b));
    a.len() == b.len() && differences == 0
}

async fn metrics(State(shown): State<Shown>) -> impl IntoResponse {
    let content_type = (CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8");
    ([content_type], shown.exporter.render())
}

async fn pipelines(State(shown): State<Shown>) -> impl IntoResponse {
    json(&shown.health.pipelines())
}

async fn config_shown(State(shown): State<Shown>) -> impl IntoResponse {
    json(&shown.config)
}

fn json(value: &Json) -> Response {
    let content_type = (CONTENT_TYPE, "application/json");
    ([content_type], format!("{value:#}\n")).into_response()
}

async fn healthz(State(shown): State<Shown>) -> impl IntoResponse {
    answer(shown.health.sick())
}

async fn readyz(State(shown): State<Shown>) -> impl IntoResponse {
    answer(shown.health.not_ready())
}

fn answer(problem: Option<String>) -> (StatusCode, String) {
    match problem {
        None => (StatusCode::OK, "ok\n".to_string()),
        Some(reason) => (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")),
    }
}

#[cfg(test)]
mod tests;
