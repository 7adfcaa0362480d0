//! What one would write for this one workflow: tokio, hyper's pooled client, serde_json.

use std::sync::Arc;

use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use serde_json::Value;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use super::Program;

pub(crate) struct Bench {
    functions: Arc<Functions>,
    tokio: Handle,
}

struct Functions {
    client: Client<HttpConnector, Full<Bytes>>,
    address: String,
}

impl Bench {
    pub(crate) fn new(address: &str, tokio: &tokio::runtime::Runtime) -> Bench {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .build(connector);
        Bench {
            functions: Arc::new(Functions {
                client,
                address: address.to_string(),
            }),
            tokio: tokio.handle().clone(),
        }
    }
}

impl Program for Bench {
    fn each(
        &self,
        events: &[String],
        in_flight: usize,
        take: impl Fn(usize, &[u8]) + Clone + Send + 'static,
    ) {
        self.tokio.block_on(async {
            let room = Arc::new(Semaphore::new(in_flight));
            for (index, event) in events.iter().enumerate() {
                let permit = Arc::clone(&room).acquire_owned().await.unwrap();
                let (functions, event, take) =
                    (Arc::clone(&self.functions), event.clone(), take.clone());
                tokio::spawn(async move {
                    let output = functions.order(event.as_bytes()).await;
                    take(index, &output);
                    drop(permit);
                });
            }
            let _all = room.acquire_many(in_flight as u32).await.unwrap();
        });
    }
}

impl Functions {
    async fn order(&self, event: &[u8]) -> Vec<u8> {
        let mut order: Value = serde_json::from_slice(event).unwrap();
        order["validation"] = self.call("ValidateOrder", &order).await;
        assert_eq!(order["validation"]["valid"], true);
        order["inventory"] = self.call("CheckInventory", &order).await;
        assert_eq!(order["inventory"]["inStock"], true);
        order["paymentResult"] = self.call("ProcessPayment", &order).await;
        order["inventoryUpdate"] = self.call("UpdateInventory", &order).await;
        order["confirmation"] = self.call("SendConfirmation", &order).await;
        serde_json::to_vec(&order).unwrap()
    }

    async fn call(&self, function: &str, input: &Value) -> Value {
        let body = serde_json::to_vec(input).unwrap();
        let request = Request::post(format!("http://{}/{function}", self.address))
            .header("content-type", "application/json")
            .body(Full::from(body))
            .unwrap();
        let response = self.client.request(request).await.unwrap();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        serde_json::from_slice(&body).unwrap()
    }
}
