//! One scenario's topics, daemons, writer and checker, and what came of it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::checker::{Checker, Topics};
use super::cluster::{BYTES, Cluster};
use super::journal;
use super::process::{Daemon, rest};
use super::random::Random;
use super::server::Server;
use super::workload::{Becomes, Book, MACHINE, Mix, Writer};

pub(crate) const PARTITIONS: i32 = 6;
/// Slots of a partition's window in the suite.
const WINDOW: usize = 1_000;
/// A daemon that was told to end is gone after so long.
const END: Duration = Duration::from_secs(30);

/// What all scenarios share.
pub(crate) struct Suite {
    pub(crate) cluster: Cluster,
    pub(crate) server: Server,
    pub(crate) directory: PathBuf,
    pub(crate) seed: u64,
    /// How much of everything: 1 in the short version.
    pub(crate) scale: u64,
    pub(crate) mutant: Option<String>,
    /// Behind the names of what a scenario makes, where it runs more than once.
    pub(crate) run: String,
}

/// A scenario under way.
pub(crate) struct Bed<'a> {
    pub(crate) suite: &'a mut Suite,
    pub(crate) name: &'static str,
    pub(crate) topics: Topics,
    pub(crate) daemons: Vec<Daemon>,
    /// Those that are gone.
    gone: Vec<Daemon>,
    pub(crate) writer: Writer,
    book: Book,
    pub(crate) checker: Checker,
    pub(crate) random: Random,
    pub(crate) rate: u64,
    pub(crate) mix: Mix,
    pub(crate) calls: Becomes,
    /// Events after which so many records may be executed again.
    allowed: usize,
    /// Faults by kind.
    pub(crate) faults: BTreeMap<&'static str, usize>,
    pub(crate) figures: BTreeMap<&'static str, Value>,
    /// File of the definition.
    pub(crate) definition: &'static str,
    /// Whether daemons that are started look at it by themselves.
    pub(crate) watch: bool,
    /// What a config says of the pipeline besides.
    pub(crate) options: &'static str,
    /// Starts without a farewell before a partition is suspected; 0 is never: these daemons are innocent.
    pub(crate) quarantine: u32,
    begun: Instant,
    n_daemons: usize,
}

impl<'a> Bed<'a> {
    pub(crate) fn new(suite: &'a mut Suite, name: &'static str) -> Bed<'a> {
        Bed::with(suite, name, BYTES, &[])
    }

    /// With an output topic for records of so many bytes, and with the delays of retry topics, milliseconds.
    pub(crate) fn with(
        suite: &'a mut Suite,
        name: &'static str,
        bytes: u32,
        delays: &[i64],
    ) -> Bed<'a> {
        let pipeline = format!("{name}{}", suite.run);
        let input = format!("{pipeline}-in");
        let retry = |n: usize| format!("{input}.{pipeline}.retry.{n}");
        let retries = delays.iter().zip(1..).map(|(delay, n)| (retry(n), *delay));
        let topics = Topics {
            retries: retries.collect(),
            output: format!("{pipeline}-out"),
            dead: format!("{pipeline}-dead"),
            partitions: PARTITIONS,
            input,
            pipeline,
        };
        let cluster = &suite.cluster;
        cluster.create_topic_for(&topics.output, PARTITIONS, bytes);
        let retries = topics.retries.iter().map(|(topic, _)| topic);
        for topic in [&topics.input, &topics.dead].into_iter().chain(retries) {
            cluster.create_topic(topic, PARTITIONS);
        }
        suite.server.set_bad(false);
        fs::write(suite.directory.join("machine.asl.json"), MACHINE).unwrap();
        let client = suite.cluster.client();
        let book = Book::default();
        let seed = suite.seed;
        Bed {
            writer: Writer::new(&client, &topics.input, &book, seed),
            checker: Checker::new(&client, topics.clone(), book.clone()),
            suite,
            name,
            topics,
            daemons: Vec::new(),
            gone: Vec::new(),
            book,
            random: Random(seed),
            rate: 600,
            mix: Mix {
                fail: 20,
                wait: 50,
                call: 50,
            },
            calls: Becomes::Result,
            allowed: 0,
            faults: BTreeMap::new(),
            figures: BTreeMap::new(),
            definition: "machine.asl.json",
            watch: false,
            options: "",
            quarantine: 0,
            begun: Instant::now(),
            n_daemons: 0,
        }
    }

    pub(crate) fn start_daemon(&mut self) {
        let config = self.config();
        let name = format!("{}-{}", self.topics.pipeline, self.n_daemons);
        self.n_daemons += 1;
        let mutant = self.suite.mutant.as_deref();
        let daemon = Daemon::start(&self.suite.directory, &name, &config, mutant);
        self.daemons.push(daemon);
    }

    fn config(&self) -> String {
        let Topics {
            input,
            output,
            dead,
            ..
        } = &self.topics;
        let (brokers, port) = (self.suite.cluster.brokers(), self.suite.server.port);
        let (pipeline, instance, after) = (&self.topics.pipeline, self.n_daemons, self.quarantine);
        let Bed {
            definition,
            watch,
            options,
            ..
        } = self;
        format!(
            "instance: \"{instance}\"\nlog: {{ level: \"info,expressd::source=debug\" }}\n\
             admin: {{ listen: \"127.0.0.1:ADMIN\" }}\nmemory: {{ in_flight: 64MiB }}\n\
             reload: {{ watch: {watch} }}\n\
             kafka: {{ broker: \"{brokers}\" }}\npipelines:\n  {pipeline}:\n    definition: {definition}\n{options}\
             \x20   tasks: [{{ resource: \"*\", http: {{ url: \"http://127.0.0.1:{port}/\", breaker: {{ action: off }} }} }}]\n\
             \x20   source:\n      kafka:\n        topics: [{input}]\n        window: {{ records: {WINDOW} }}\n\
             \x20       quarantine: {{ after: {after} }}\n\
             \x20       properties: {{ session.timeout.ms: 6000, heartbeat.interval.ms: 500 }}\n\
             \x20   sink: {{ kafka: {{ output: {output}, dead_letters: {dead}, delivery_timeout: 10s }} }}\n"
        )
    }

    /// Waits until all daemons answer that they are ready.
    pub(crate) fn wait_until_ready(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !self.daemons.iter().all(Daemon::is_ready) {
            if Instant::now() > deadline {
                self.checker
                    .violations
                    .insert("I10: daemons are not ready after a minute".into());
                return;
            }
            rest(Duration::from_millis(50));
        }
    }

    /// Sends, reads and checks for a while.
    pub(crate) fn flow(&mut self, time: Duration) {
        let is_mutant = self.suite.mutant.is_some();
        if is_mutant && !self.checker.violations.is_empty() {
            // A mistake that is found need not be looked for any more.
            return rest(time.min(Duration::from_millis(100)));
        }
        let (begun, mut next_check) = (Instant::now(), Instant::now());
        let Bed {
            writer,
            checker,
            daemons,
            rate,
            mix,
            calls,
            ..
        } = self;
        writer.run(*rate, *mix, *calls, || {
            checker.read(Duration::ZERO);
            if Instant::now() >= next_check {
                checker.check();
                daemons.iter_mut().for_each(Daemon::weigh);
                next_check = Instant::now() + Duration::from_millis(700);
            }
            let is_found = is_mutant && !checker.violations.is_empty();
            begun.elapsed() < time && !is_found
        });
    }

    /// A while of between so many milliseconds.
    pub(crate) fn flow_within(&mut self, low: u64, high: u64) {
        let time = self.random.within(low, high);
        self.flow(Duration::from_millis(time));
    }

    pub(crate) fn count(&mut self, fault: &'static str) {
        *self.faults.entry(fault).or_default() += 1;
    }

    /// A member dies or is thrown out: what it had in its windows, and what it had done since the last commit, comes again.
    pub(crate) fn allow_repeats(&mut self) {
        let since_commit = self.rate as usize * 2;
        self.allowed += PARTITIONS as usize * WINDOW + since_commit;
    }

    /// SIGKILL, when it hurts most.
    pub(crate) fn kill_one(&mut self) {
        let index = self.random.within(0, self.daemons.len() as u64) as usize;
        let mut daemon = self.daemons.swap_remove(index);
        if daemon.wait_until_busy(Duration::from_secs(3)) {
            self.count("kills of busy members");
        }
        daemon.weigh();
        daemon.signal("KILL");
        daemon.wait(END);
        self.count("kills");
        self.allow_repeats();
        self.gone.push(daemon);
    }

    /// SIGTERM; it drains, and its end says so.
    pub(crate) fn terminate_one(&mut self) {
        let index = self.random.within(0, self.daemons.len() as u64) as usize;
        let mut daemon = self.daemons.swap_remove(index);
        daemon.weigh();
        daemon.signal("TERM");
        self.count("terminations");
        let begun = Instant::now();
        while daemon.ended().is_none() && begun.elapsed() < END {
            self.flow(Duration::from_millis(100));
        }
        match daemon
            .wait(Duration::ZERO)
            .or_else(|| daemon.ended().map(|s| (s, begun.elapsed())))
        {
            Some((status, _)) if status.code() == Some(0) => {}
            Some((status, _)) if status.code() == Some(3) => self.allow_repeats(),
            // It had not come far enough to hear of it.
            Some((status, _)) if status.signal() == Some(15) && !daemon.has_subscribed() => {}
            ended => {
                let text = format!("I13: {} ended with {ended:?} after SIGTERM", daemon.name);
                self.checker.violations.insert(text);
            }
        }
        let longest = begun.elapsed().as_millis() as u64;
        let known = self
            .figures
            .get("longest_shutdown_ms")
            .and_then(Value::as_u64);
        self.figures.insert(
            "longest_shutdown_ms",
            json!(longest.max(known.unwrap_or(0))),
        );
        self.gone.push(daemon);
    }

    /// Nothing new comes: everything has to have its outcome and to be committed.
    pub(crate) fn settle(&mut self) {
        self.writer.finish();
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            self.checker.read(Duration::from_millis(50));
            if self.checker.open() == 0 && self.checker.is_committed() {
                return;
            }
            if Instant::now() > deadline || !self.checker.violations.is_empty() {
                let open = self.checker.open();
                let text = format!("I10: not complete in time, {open} records without an outcome");
                self.checker.violations.insert(text);
                return;
            }
            self.daemons.iter_mut().for_each(Daemon::weigh);
        }
    }

    /// Ends the daemons, closes the books.
    pub(crate) fn finish(mut self, ceiling_mib: u64) -> Value {
        self.settle();
        self.daemons.iter().for_each(|daemon| daemon.signal("TERM"));
        while !self.daemons.is_empty() {
            let mut daemon = self.daemons.remove(0);
            if daemon.wait(END).is_none() {
                self.checker
                    .violations
                    .insert(format!("I13: {} does not end", daemon.name));
            }
            self.gone.push(daemon);
        }
        self.checker.finish();
        let repeats = self.checker.repeats();
        if repeats > self.allowed {
            let text = format!("I4: {repeats} repeats, {} are allowed", self.allowed);
            self.checker.violations.insert(text);
        }
        let logs: Vec<&Path> = self.gone.iter().map(Daemon::log).collect();
        let (commits, problems) = journal::check(&logs);
        self.checker.violations.extend(problems);
        let peak = self
            .gone
            .iter()
            .map(|daemon| daemon.peak_kib)
            .max()
            .unwrap_or(0)
            / 1024;
        if peak > ceiling_mib {
            let text = format!("I11: {peak} MiB resident, {ceiling_mib} MiB are the bound");
            self.checker.violations.insert(text);
        }
        let produced = self.book.open().len();
        println!(
            "faults: {:<22} {:>4} s {produced:>7} records, {repeats:>5} repeats (≤ {}), {:?}, {}",
            self.name,
            self.begun.elapsed().as_secs(),
            self.allowed,
            self.faults,
            if self.checker.violations.is_empty() {
                "ok"
            } else {
                "FAILED"
            }
        );
        for violation in &self.checker.violations {
            println!("faults:     {violation}");
        }
        json!({
            "scenario": self.name,
            "seconds": self.begun.elapsed().as_secs(),
            "records": produced,
            "lost": self.checker.open(),
            "dead_letters": self.checker.dead(),
            "errors": self.checker.errors,
            "retried": self.checker.retried(),
            "repeats": repeats,
            "repeats_allowed": self.allowed,
            "faults": self.faults,
            "figures": self.figures,
            "checks_while_running": self.checker.checks,
            "commits_in_journals": commits,
            "peak_resident_mib": peak,
            "violations": self.checker.violations,
        })
    }
}
