//! The functions of the order workflow, each of which takes 5 ms.

use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::routing::post;
use tokio::net::TcpListener;

/// Says where it listens and serves until it is killed.
pub(crate) fn serve() {
    let tokio = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    tokio.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("{}", listener.local_addr().unwrap());
        let app = Router::new().route("/{function}", post(function));
        axum::serve(listener, app).await.unwrap();
    });
}

async fn function(Path(function): Path<String>) -> &'static str {
    if function == "silent" {
        std::future::pending::<()>().await;
    }
    tokio::time::sleep(Duration::from_millis(5)).await;
    match function.as_str() {
        "ValidateOrder" => r#"{"valid":true,"score":17}"#,
        "CheckInventory" => r#"{"inStock":true,"warehouse":"north"}"#,
        "ProcessPayment" => r#"{"status":"captured","provider":"example-pay"}"#,
        "UpdateInventory" => r#"{"reserved":true}"#,
        _ => r#"{"sent":true,"channel":"mail"}"#,
    }
}
