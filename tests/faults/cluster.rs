//! Three nodes of Apache Kafka on this machine, each broker and controller, that can be killed, frozen and started again.

use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};

use super::process;

/// Of a record, as brokers have it by default.
pub(crate) const BYTES: u32 = 1_048_588;
const NODES: usize = 3;
const START: Duration = Duration::from_secs(90);

/// The nodes; dropped, they are gone.
pub(crate) struct Cluster {
    nodes: Vec<Node>,
    runtime: tokio::runtime::Runtime,
}

struct Node {
    directory: PathBuf,
    jars: String,
    port: u16,
    process: Option<Child>,
}

impl Cluster {
    /// Starts the nodes; `Err` where there is no Java.
    pub(crate) fn start(directory: &Path) -> Result<Cluster, String> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/kafka");
        let found = Command::new(script).arg("jars").output();
        let found = found.map_err(|error| error.to_string())?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_string();
        if !found.status.success() {
            return Err(text(&found.stderr));
        }
        let jars = format!("{}/*", text(&found.stdout));
        // All are held until all are known, so that none is given twice.
        let listeners: Vec<_> = (0..2 * NODES)
            .map(|_| TcpListener::bind("127.0.0.1:0").unwrap())
            .collect();
        let ports: Vec<_> = listeners
            .iter()
            .map(|listener| listener.local_addr().unwrap().port())
            .collect();
        drop(listeners);
        let (brokers, controllers) = ports.split_at(NODES);
        let mut nodes: Vec<_> = (0..NODES)
            .map(|index| Node::new(directory, &jars, index, brokers, controllers))
            .collect();
        nodes.iter_mut().for_each(Node::start);
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let cluster = Cluster {
            nodes,
            runtime: runtime.unwrap(),
        };
        cluster.wait_until_whole()?;
        Ok(cluster)
    }

    /// Bootstrap addresses.
    pub(crate) fn brokers(&self) -> String {
        let addresses = self.nodes.iter().map(|n| format!("127.0.0.1:{}", n.port));
        addresses.collect::<Vec<_>>().join(",")
    }

    /// Properties of a client.
    pub(crate) fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", self.brokers());
        config.set_log_level(rdkafka::config::RDKafkaLogLevel::Emerg);
        config
    }

    fn admin(&self) -> AdminClient<DefaultClientContext> {
        self.client().create().unwrap()
    }

    pub(crate) fn create_topic(&self, topic: &str, partitions: i32) {
        self.create_topic_for(topic, partitions, BYTES);
    }

    /// A topic for records of so many bytes.
    pub(crate) fn create_topic_for(&self, topic: &str, partitions: i32, bytes: u32) {
        let bytes = bytes.to_string();
        let topic = NewTopic::new(topic, partitions, TopicReplication::Fixed(3))
            .set("min.insync.replicas", "2")
            .set("max.message.bytes", &bytes);
        let options = AdminOptions::new().operation_timeout(Some(Duration::from_secs(30)));
        let admin = self.admin();
        let deadline = Instant::now() + START;
        loop {
            let created = self
                .runtime
                .block_on(admin.create_topics([&topic], &options));
            match created.unwrap().remove(0) {
                Ok(_) => return,
                Err((_, rdkafka::types::RDKafkaErrorCode::TopicAlreadyExists))
                    if Instant::now() < deadline => {}
                Err(error) => panic!("{error:?}"),
            }
            process::rest(Duration::from_millis(500));
        }
    }

    pub(crate) fn delete_topic(&self, topic: &str) {
        let deleted = self.admin();
        let deleted = deleted.delete_topics(&[topic], &AdminOptions::new());
        self.runtime.block_on(deleted).unwrap().remove(0).unwrap();
    }

    pub(crate) fn kill(&mut self, index: usize) {
        if let Some(mut process) = self.nodes[index].process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    pub(crate) fn start_again(&mut self, index: usize) {
        self.nodes[index].start();
    }

    /// Stops a node without ending it, or lets it go on.
    pub(crate) fn freeze(&self, index: usize, frozen: bool) {
        if let Some(process) = &self.nodes[index].process {
            process::signal(process.id(), if frozen { "STOP" } else { "CONT" });
        }
    }

    /// Waits until every broker is there and every partition has all its replicas.
    pub(crate) fn wait_until_whole(&self) -> Result<(), String> {
        let deadline = Instant::now() + START;
        let ports = self.nodes.iter().map(|node| node.port);
        while !ports
            .clone()
            .all(|port| TcpStream::connect(("127.0.0.1", port)).is_ok())
        {
            if Instant::now() > deadline {
                return Err("the nodes do not listen".into());
            }
            process::rest(Duration::from_millis(200));
        }
        let consumer: BaseConsumer = self.client().create().unwrap();
        loop {
            let metadata = consumer.fetch_metadata(None, Duration::from_secs(5));
            let whole = metadata.is_ok_and(|metadata| {
                let mut partitions = metadata.topics().iter().flat_map(|t| t.partitions());
                metadata.brokers().len() == NODES
                    && partitions.all(|partition| partition.isr().len() == NODES)
            });
            if whole {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err("the cluster does not become whole".into());
            }
            process::rest(Duration::from_millis(200));
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        (0..NODES).for_each(|index| self.kill(index));
    }
}

impl Node {
    fn new(
        directory: &Path,
        jars: &str,
        index: usize,
        brokers: &[u16],
        controllers: &[u16],
    ) -> Node {
        let id = index + 1;
        let directory = directory.join(format!("node-{id}"));
        fs::create_dir_all(&directory).unwrap();
        let voters: Vec<_> = controllers
            .iter()
            .enumerate()
            .map(|(index, port)| format!("{}@127.0.0.1:{port}", index + 1))
            .collect();
        let (port, controller) = (brokers[index], controllers[index]);
        let (voters, data) = (voters.join(","), directory.join("data"));
        let properties = format!(
            "process.roles=broker,controller\nnode.id={id}\ncontroller.quorum.voters={voters}\n\
             listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}\n\
             advertised.listeners=PLAINTEXT://127.0.0.1:{port}\ncontroller.listener.names=CONTROLLER\n\
             listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT\n\
             log.dirs={}\nauto.create.topics.enable=false\nmin.insync.replicas=2\n\
             offsets.topic.replication.factor=3\noffsets.topic.num.partitions=6\n\
             transaction.state.log.replication.factor=3\ntransaction.state.log.num.partitions=3\n\
             share.coordinator.state.topic.replication.factor=3\n\
             group.initial.rebalance.delay.ms=0\ngroup.min.session.timeout.ms=1000\n\
             broker.session.timeout.ms=6000\nreplica.lag.time.max.ms=6000\n\
             num.network.threads=2\nnum.io.threads=2\nlog.cleaner.dedupe.buffer.size=2097152\n",
            data.display()
        );
        fs::write(directory.join("server.properties"), properties).unwrap();
        let node = Node {
            directory,
            jars: jars.to_string(),
            port,
            process: None,
        };
        let formatted = node
            .java("128m", "kafka.tools.StorageTool")
            .args([
                "format",
                "--cluster-id",
                "ExpressdFaultSuite0000",
                "--config",
            ])
            .arg(node.directory.join("server.properties"))
            .output()
            .unwrap();
        assert!(formatted.status.success(), "{formatted:?}");
        node
    }

    fn java(&self, heap: &str, class: &str) -> Command {
        let mut java = Command::new("java");
        java.arg(format!("-Xmx{heap}"))
            .args([
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                &self.jars,
                class,
            ])
            .current_dir(&self.directory)
            .stdin(Stdio::null());
        java
    }

    fn start(&mut self) {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.directory.join("kafka.log"))
            .unwrap();
        let process = self
            .java("320m", "kafka.Kafka")
            .arg("server.properties")
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        self.process = Some(process);
    }
}
