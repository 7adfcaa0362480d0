//! The broker that tests run on: a real Kafka where one can be had, the embedded one elsewhere.

use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{Sender, channel};
use std::sync::{LazyLock, Mutex};
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::mocking::MockCluster;

/// A broker and a way to create topics on it.
pub(crate) struct Broker {
    /// Bootstrap address.
    pub(crate) address: String,
    /// Creates topics where the broker lives in this process.
    embedded: Option<Mutex<Sender<NewEmbeddedTopic>>>,
}

/// Name, partitions, and whom to tell when it is there.
type NewEmbeddedTopic = (String, i32, Sender<()>);

/// The broker of this process: `EXPRESSD_TEST_BROKERS`, or what `scripts/kafka start` brings up (and `scripts/kafka stop`
/// ends: the next run finds it warm), or the embedded one.
pub(crate) fn broker() -> &'static Broker {
    static BROKER: LazyLock<Broker> = LazyLock::new(|| match real_address() {
        Ok(address) => Broker {
            address,
            embedded: None,
        },
        Err(reason) => {
            println!("no real Kafka ({reason}): these tests run on the embedded broker");
            embedded()
        }
    });
    &BROKER
}

fn real_address() -> Result<String, String> {
    if let Ok(address) = std::env::var("EXPRESSD_TEST_BROKERS") {
        return Ok(address);
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/kafka");
    let started = Command::new(script).arg("start").output();
    let started = started.map_err(|error| error.to_string())?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    match started.status.success() {
        true => Ok(text(&started.stdout)),
        false => Err(text(&started.stderr)),
    }
}

/// librdkafka's in-process cluster. Its handle stays on one thread, which lives as long as the process.
fn embedded() -> Broker {
    let (address_to, address) = channel();
    let (requests_to, requests) = channel::<NewEmbeddedTopic>();
    std::thread::spawn(move || {
        let cluster = MockCluster::new(1).unwrap();
        address_to.send(cluster.bootstrap_servers()).unwrap();
        for (topic, partitions, done) in requests {
            cluster.create_topic(&topic, partitions, 1).unwrap();
            done.send(()).unwrap();
        }
    });
    Broker {
        address: address.recv().unwrap(),
        embedded: Some(Mutex::new(requests_to)),
    }
}

impl Broker {
    /// Whether this is Apache Kafka and not the embedded broker.
    pub(crate) fn is_real(&self) -> bool {
        self.embedded.is_none()
    }

    /// Properties of a client of this broker.
    pub(crate) fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.address);
        config
    }

    /// Gives a topic of a real broker more partitions, so many in all.
    #[allow(dead_code)] // Not every test's topics grow.
    pub(crate) fn add_partitions(&self, topic: &str, partitions: i32) {
        let admin: AdminClient<DefaultClientContext> = self.client().create().unwrap();
        let more = NewPartitions::new(topic, partitions as usize);
        let options = AdminOptions::new();
        let added = admin.create_partitions([&more], &options);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(added).unwrap().remove(0).unwrap();
    }

    /// Creates a topic that does not exist yet.
    pub(crate) fn create_topic(&self, topic: &str, partitions: i32) {
        if let Some(requests) = &self.embedded {
            let (done_to, done) = channel();
            let request = (topic.to_owned(), partitions, done_to);
            requests.lock().unwrap().send(request).unwrap();
            return done.recv().unwrap();
        }
        let admin: AdminClient<DefaultClientContext> = self.client().create().unwrap();
        let topic = NewTopic::new(topic, partitions, TopicReplication::Fixed(1));
        let options = AdminOptions::new().operation_timeout(Some(Duration::from_secs(30)));
        let created = admin.create_topics([&topic], &options);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(created).unwrap().remove(0).unwrap();
    }
}
