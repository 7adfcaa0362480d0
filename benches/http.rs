//! The order workflow over five HTTP functions that take 5 ms each: ours, and a program of tokio and hyper that makes the
//! same calls; then what an execution costs while it waits.
//!
//! ```text
//! cargo bench --bench http
//! ```
//!
//! The functions run in a process of their own. Rounds alternate between the two; the medians count.
#![allow(clippy::print_stdout, clippy::unwrap_used)] // A bench prints and may panic.

#[path = "http/by_hand.rs"]
mod by_hand;
#[path = "http/functions.rs"]
mod functions;
#[path = "http/ours.rs"]
mod ours;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use serde_json::Value;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUNDS: usize = 7;
const ORDERS: usize = 4_000;
/// Orders under way at the same time.
const IN_FLIGHT: usize = 256;
/// Executions whose call queues behind those under way.
const QUEUED: usize = 20_000;

/// Something that runs orders.
trait Program {
    /// Runs every event, at most `in_flight` at a time; `take` gets its number and its output.
    fn each(
        &self,
        events: &[String],
        in_flight: usize,
        take: impl Fn(usize, &[u8]) + Clone + Send + 'static,
    );

    fn run(&self, events: &[String]) {
        self.each(events, IN_FLIGHT, |_, output| assert!(!output.is_empty()));
    }

    fn outputs(&self, events: &[String]) -> Vec<Value> {
        let outputs = Arc::new(Mutex::new(vec![Value::Null; events.len()]));
        let keep = Arc::clone(&outputs);
        self.each(events, IN_FLIGHT, move |index, output| {
            keep.lock().unwrap()[index] = serde_json::from_slice(output).unwrap();
        });
        outputs.lock().unwrap().clone()
    }
}

fn main() {
    if std::env::args().any(|argument| argument == "--functions") {
        return functions::serve();
    }
    let machines = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/machines");
    let definition = std::fs::read_to_string(machines.join("order.asl.json")).unwrap();
    let orders = std::fs::read_to_string(machines.join("order1k.ndjson")).unwrap();
    let orders: Vec<_> = orders.lines().map(str::to_string).collect();
    let events: Vec<_> = orders.iter().cycle().take(ORDERS).cloned().collect();
    let (mut server, address) = functions();

    let tokio = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let ours = ours::Bench::new(
        &definition,
        &format!("http://{address}/{{function}}"),
        &tokio,
    );
    let by_hand = by_hand::Bench::new(&address, &tokio);
    assert_eq!(ours.outputs(&events[..50]), by_hand.outputs(&events[..50]));

    let (mut our_rates, mut hand_rates) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        our_rates.push(rate(|| ours.run(&events)));
        hand_rates.push(rate(|| by_hand.run(&events)));
    }
    let (our_rate, hand_rate) = (median(&mut our_rates), median(&mut hand_rates));
    println!("{ORDERS} orders, {IN_FLIGHT} under way, 5 functions of 5 ms each; orders a second:");
    println!("  by hand   {hand_rate:8.0}");
    println!("  expressd  {our_rate:8.0}   {:.2}", our_rate / hand_rate);

    let silent = ours::Bench::new(&definition, &format!("http://{address}/silent"), &tokio);
    let (called, queued) = silent.resident_bytes_of_waiting(&orders, QUEUED);
    println!("resident bytes of each execution that waits:");
    println!(
        "  {:6} with a call under way, its connection included: {called}",
        ours::CALLS
    );
    println!("  {QUEUED:6} whose call queues: {queued}");
    let _ = server.kill();
    let _ = server.wait();
}

/// Starts this program again as the functions, and says where they listen.
fn functions() -> (Child, String) {
    use std::io::{BufRead, BufReader};
    let mut child = Command::new(std::env::current_exe().unwrap())
        .arg("--functions")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let output = child.stdout.take().unwrap();
    BufReader::new(output).read_line(&mut line).unwrap();
    (child, line.trim().to_string())
}

fn rate(run: impl FnOnce()) -> f64 {
    let begin = Instant::now();
    run();
    ORDERS as f64 / begin.elapsed().as_secs_f64()
}

fn median(rates: &mut [f64]) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}
