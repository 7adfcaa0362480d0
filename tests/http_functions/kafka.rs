//! From topic to topic, at any scale: `EXPRESSD_TEST_ORDERS=50000 cargo test --release --test http_functions kafka -- --nocapture`.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::common::broker::broker;
use crate::common::daemon::Daemon;
use crate::common::records::{Reader, Writer};
use crate::common::unique;
use crate::functions::Functions;
use crate::orders::{order, want};

const PARTITIONS: i32 = 4;
/// Calls under way at the same time.
const CONCURRENCY: usize = 256;
/// Sockets that are not calls: the admin port, the Kafka clients, names being looked up.
const OTHER_SOCKETS: usize = 64;
/// How much more memory the second half may take than the first.
const GROWTH: usize = 16 << 20;
/// From so many orders on memory has had time to become flat.
const MANY: usize = 20_000;

/// What was seen of the process while it ran.
#[derive(Default)]
struct Watch {
    /// Outcomes, resident bytes, sockets.
    looks: Vec<(usize, usize, usize)>,
}

#[test]
fn every_order_of_a_topic_has_its_outcome() {
    let orders = std::env::var("EXPRESSD_TEST_ORDERS").map_or(200, |n| n.parse().unwrap());
    let rates = [
        "--fail", "0.05", "--busy", "0.02", "--hang", "0.01", "--delay", "0.002",
    ];
    let Some(functions) = Functions::start(&rates) else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let [input, results, dead] =
        ["in", "results", "dead"].map(|name| unique(&format!("orders-{name}")));
    for topic in [&input, &results, &dead] {
        broker().create_topic(topic, PARTITIONS);
    }
    let config = directory.path().join("config.json");
    let settings = config_of(&functions, [&input, &results, &dead]);
    std::fs::write(&config, settings.to_string()).unwrap();
    let daemon = Daemon::start(&config, "orders");

    let writer = Writer::new(&input);
    for number in 0..orders {
        writer.send(number, Some(order(number).to_string().as_bytes()), &[]);
    }
    let numbers = writer.acknowledged();
    let started = Instant::now();
    let mut watch = Watch::default();
    let mut reader = Reader::new(&[(&results, PARTITIONS), (&dead, PARTITIONS)]);
    let limit = Duration::from_secs(60) + Duration::from_millis(20) * orders as u32;
    while reader.answered.len() < orders {
        assert!(started.elapsed() < limit, "{}", daemon.log());
        reader.read_for(Duration::from_millis(200));
        watch.look(daemon.pid(), reader.answered.len());
    }
    let took = started.elapsed();

    assert_eq!(reader.records[&dead].len(), 0);
    let mut seen = BTreeMap::new();
    let (mut calls, mut caught) = (0, 0);
    for record in &reader.records[&results] {
        let number = numbers[&record.source()];
        let output: Value = serde_json::from_slice(record.value.as_ref().unwrap()).unwrap();
        let (want, called) = want(number);
        assert_eq!(output, want);
        assert!(
            seen.insert(number, ()).is_none(),
            "order {number} has two results"
        );
        calls += called;
        caught += usize::from(output.get("error").is_some());
    }
    assert_eq!(seen.len(), orders);

    // Each call that failed or ran into its time was either tried again or caught, under the key of its first attempt.
    let metrics = Metrics::of(&daemon.log());
    let failed = metrics.sum("expressd_task_calls_total", "result=\"failed\"");
    let cancelled = metrics.sum("expressd_task_calls_total", "result=\"cancelled\"");
    let succeeded = metrics.sum("expressd_task_calls_total", "result=\"succeeded\"");
    let retries = metrics.sum("expressd_retries_total", "");
    assert_eq!(metrics.sum("expressd_catches_total", ""), caught);
    assert_eq!(
        (succeeded, failed + cancelled),
        (calls - caught, retries + caught)
    );
    assert_eq!(metrics.sum("expressd_open_task_calls", ""), 0);
    let stats = functions.stats();
    assert_eq!(stats["keys"], calls, "{stats}");
    for fate in ["failed", "busy", "hung"] {
        assert!(stats[fate].as_u64().unwrap() > 0, "{stats}");
    }
    watch.judge(orders);
    let rate = orders as f64 / took.as_secs_f64();
    println!(
        "{orders} orders, {calls} calls and {retries} retries in {took:.1?}, {rate:.0} orders/s; {watch}; {stats}"
    );
    assert_eq!(daemon.terminate(), Some(0));
}

fn config_of(functions: &Functions, [input, results, dead]: [&String; 3]) -> Value {
    let machines = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/machines");
    json!({
        "admin": { "listen": "127.0.0.1:0" },
        "log": { "level": "info", "format": "json" },
        "kafka": { "broker": broker().address },
        "pipelines": { "orders": {
            "definition": machines.join("order-retry.asl.json"),
            "tasks": [{ "http": {
                "url": format!("http://{}/{{function}}", functions.address),
                "timeouts": { "total": "1s" },
                "concurrency": CONCURRENCY,
            } }],
            // A call waits for its turn within its TimeoutSeconds, so no more executions than that allows.
            "source": { "kafka": { "topics": [input], "group": input, "window": { "records": 250 } } },
            "sink": { "kafka": { "output": results, "dead_letters": dead } },
        } },
    })
}

impl Watch {
    fn look(&mut self, pid: u32, outcomes: usize) {
        let process = PathBuf::from(format!("/proc/{pid}"));
        let statm = std::fs::read_to_string(process.join("statm")).unwrap_or_default();
        let pages = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok());
        let Some(pages) = pages.map(|pages: usize| pages) else {
            return; // Not Linux.
        };
        let files = std::fs::read_dir(process.join("fd")).into_iter().flatten();
        let is_socket = |link: PathBuf| link.to_string_lossy().starts_with("socket:");
        let targets = files.filter_map(|file| std::fs::read_link(file.ok()?.path()).ok());
        let sockets = targets.filter(|target| is_socket(target.clone())).count();
        self.looks.push((outcomes, pages * 4_096, sockets));
    }

    fn sockets(&self) -> usize {
        self.looks.iter().map(|look| look.2).max().unwrap_or(0)
    }

    /// Most resident bytes in the first half and in the second.
    fn memory(&self) -> [usize; 2] {
        let half = self.looks.last().map_or(0, |look| look.0 / 2);
        let most = |second: bool| {
            let looks = self.looks.iter().filter(|look| (look.0 > half) == second);
            looks.map(|look| look.1).max().unwrap_or(0)
        };
        [most(false), most(true)]
    }

    fn judge(&self, orders: usize) {
        assert!(self.sockets() <= CONCURRENCY + OTHER_SOCKETS, "{self}");
        let [first, second] = self.memory();
        assert!(orders < MANY || second <= first + GROWTH, "{self}");
    }
}

impl std::fmt::Display for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [first, second] = self.memory().map(|bytes| bytes >> 20);
        let sockets = self.sockets();
        write!(
            f,
            "{first} MiB in the first half, {second} MiB in the second, {sockets} sockets"
        )
    }
}

/// What `/metrics` says.
struct Metrics(String);

impl Metrics {
    /// Of the daemon with this log, which tells where its admin port is.
    fn of(log: &str) -> Metrics {
        let line = log.lines().find(|line| line.contains("admin port is open"));
        let line: Value = serde_json::from_str(line.unwrap()).unwrap();
        let mut stream = TcpStream::connect(line["address"].as_str().unwrap()).unwrap();
        stream
            .write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        Metrics(text)
    }

    /// Over all series of a metric whose labels contain this.
    fn sum(&self, name: &str, label: &str) -> usize {
        let series = self.0.lines().filter(|line| {
            let rest = line.strip_prefix(name);
            rest.is_some_and(|rest| rest.starts_with('{')) && line.contains(label)
        });
        let values = series.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap());
        values.sum::<f64>() as usize
    }
}
