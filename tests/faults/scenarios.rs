//! The scenarios. Level 0 belongs to the short version, level 1 to the middle one, level 2 to the long
//! one.

use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use serde_json::{Value, json};

use super::bed::{Bed, PARTITIONS, Suite};
use super::changes;
use super::process::rest;
use super::workload::{Becomes, Mix};

pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) level: u32,
    pub(crate) run: fn(&mut Suite) -> Value,
}

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "kills",
        level: 0,
        run: kills,
    },
    Scenario {
        name: "terminations",
        level: 0,
        run: terminations,
    },
    Scenario {
        name: "brokers",
        level: 0,
        run: brokers,
    },
    Scenario {
        name: "poison",
        level: 0,
        run: poison,
    },
    Scenario {
        name: "freezes",
        level: 1,
        run: freezes,
    },
    Scenario {
        name: "output-gone",
        level: 1,
        run: output_gone,
    },
    Scenario {
        name: "coordinator",
        level: 1,
        run: coordinator,
    },
    Scenario {
        name: "storm",
        level: 1,
        run: storm,
    },
    Scenario {
        name: "tasks",
        level: 1,
        run: tasks,
    },
    Scenario {
        name: "reload",
        level: 1,
        run: changes::reload,
    },
    Scenario {
        name: "retries",
        level: 1,
        run: changes::retries,
    },
    Scenario {
        name: "crash",
        level: 1,
        run: crash,
    },
    Scenario {
        name: "large",
        level: 1,
        run: large,
    },
    Scenario {
        name: "memory",
        level: 1,
        run: memory,
    },
    Scenario {
        name: "soak",
        level: 2,
        run: soak,
    },
];

/// Resident memory of a daemon of the suite, MiB.
pub(crate) const CEILING: u64 = 300;

pub(crate) fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn started<'a>(suite: &'a mut Suite, name: &'static str, daemons: usize) -> Bed<'a> {
    let bed = Bed::new(suite, name);
    running(bed, daemons)
}

/// Daemons that find something to do when they come.
pub(crate) fn running(mut bed: Bed<'_>, daemons: usize) -> Bed<'_> {
    bed.flow(seconds(1));
    (0..daemons).for_each(|_| bed.start_daemon());
    bed.wait_until_ready();
    bed.flow(seconds(2));
    bed
}

/// kill -9 of one, two and four members at jittered moments.
fn kills(suite: &mut Suite) -> Value {
    let rounds = suite.scale;
    let mut bed = started(suite, "kills", 4);
    for _ in 0..rounds {
        for together in [1, 2, 4] {
            for _ in 0..together {
                bed.kill_one();
            }
            bed.flow_within(100, 1_500);
            for _ in 0..together {
                bed.start_daemon();
            }
            bed.flow_within(2_000, 6_000);
        }
    }
    let repeats = bed.checker.repeats();
    if repeats == 0 {
        bed.checker
            .violations
            .insert("I14: kills, and nothing was executed again".into());
    }
    bed.finish(CEILING)
}

/// SIGTERM at any moment: drained, nothing is executed again.
fn terminations(suite: &mut Suite) -> Value {
    let rounds = if suite.scale == 1 { 4 } else { 40 };
    let mut bed = started(suite, "terminations", 2);
    for _ in 0..rounds {
        bed.start_daemon();
        bed.flow_within(50, 2_500);
        bed.terminate_one();
    }
    bed.finish(CEILING)
}

/// Brokers die one after the other.
fn brokers(suite: &mut Suite) -> Value {
    let rounds = if suite.scale == 1 { 1 } else { 3 };
    let mut bed = started(suite, "brokers", 2);
    let mut longest = Duration::ZERO;
    let mut slowest = Duration::ZERO;
    for index in 0..rounds {
        bed.flow(seconds(2));
        bed.checker.begin_gap();
        bed.suite.cluster.kill(index);
        bed.count("brokers killed");
        // Acknowledgements may have died with it.
        bed.allow_repeats();
        let killed = Instant::now();
        bed.flow(seconds(12));
        longest = longest.max(bed.checker.gap);
        slowest = slowest.max(recovery(&bed, killed));
        bed.suite.cluster.start_again(index);
        if let Err(reason) = bed.suite.cluster.wait_until_whole() {
            bed.checker.violations.insert(reason);
        }
    }
    bed.figures
        .insert("longest_gap_ms", json!(longest.as_millis() as u64));
    bed.figures
        .insert("recovery_ms", json!(slowest.as_millis() as u64));
    if longest > seconds(20) || slowest > seconds(30) {
        bed.checker.violations.insert(format!(
            "I10: a gap of {longest:?}, recovered after {slowest:?}"
        ));
    }
    bed.finish(CEILING)
}

/// From a fault until a second with nine tenths of what comes in went out.
fn recovery(bed: &Bed<'_>, fault: Instant) -> Duration {
    let wanted = bed.rate as usize * 9 / 10;
    let mut begin = fault;
    while begin < Instant::now() {
        let end = begin + seconds(1);
        let arrivals = bed.checker.arrivals.iter();
        if arrivals.filter(|at| **at >= begin && **at < end).count() >= wanted {
            return begin - fault;
        }
        begin += Duration::from_millis(100);
    }
    begin - fault
}

/// Events that hurt, among others.
fn poison(suite: &mut Suite) -> Value {
    let rounds = 3 * suite.scale;
    let mut bed = started(suite, "poison", 1);
    for _ in 0..rounds {
        bed.writer.poison();
        bed.count("poisonings");
        bed.flow_within(200, 1_000);
    }
    bed.finish(CEILING)
}

/// Results that are larger than what their topic takes, among others; and some that are not when they are compressed, and
/// some of which two are too large together.
fn large(suite: &mut Suite) -> Value {
    let rounds = 20;
    let mut bed = running(Bed::with(suite, "large", 200_000, &[]), 1);
    for _ in 0..rounds {
        bed.writer.large(220_000, Becomes::DeadLetter);
        bed.writer.dull(220_000);
        (0..6).for_each(|_| bed.writer.large(90_000, Becomes::Result));
        bed.count("large results");
        bed.flow_within(200, 500);
    }
    bed.finish(CEILING)
}

/// SIGSTOP past the session: somebody else has the partitions when it wakes.
fn freezes(suite: &mut Suite) -> Value {
    let rounds = suite.scale.min(10);
    let mut bed = started(suite, "freezes", 3);
    for _ in 0..rounds {
        let index = bed.random.within(0, 3) as usize;
        bed.daemons[index].wait_until_busy(seconds(3));
        bed.daemons[index].signal("STOP");
        bed.count("freezes");
        bed.allow_repeats();
        bed.flow_within(8_000, 11_000);
        bed.daemons[index].signal("CONT");
        bed.flow_within(3_000, 6_000);
    }
    bed.finish(CEILING)
}

/// The output topic is deleted, and made again later.
fn output_gone(suite: &mut Suite) -> Value {
    let mut bed = started(suite, "output-gone", 2);
    // What was acknowledged has to be read before it is deleted.
    bed.daemons.iter().for_each(|daemon| daemon.signal("STOP"));
    rest(seconds(1));
    bed.checker.check();
    let output = bed.topics.output.clone();
    bed.suite.cluster.delete_topic(&output);
    bed.daemons.iter().for_each(|daemon| daemon.signal("CONT"));
    bed.count("topics deleted");
    bed.allow_repeats();
    bed.rate = 200;
    bed.flow(seconds(60));
    bed.suite.cluster.create_topic(&output, PARTITIONS);
    bed.checker.begin_again();
    bed.flow(seconds(15));
    bed.finish(CEILING)
}

/// One broker after the other does not answer, the coordinator among them.
fn coordinator(suite: &mut Suite) -> Value {
    let mut bed = started(suite, "coordinator", 2);
    for index in 0..3 {
        bed.suite.cluster.freeze(index, true);
        bed.count("brokers frozen");
        bed.flow_within(7_000, 9_000);
        bed.suite.cluster.freeze(index, false);
        bed.flow(seconds(4));
        bed.allow_repeats();
    }
    if let Err(reason) = bed.suite.cluster.wait_until_whole() {
        bed.checker.violations.insert(reason);
    }
    bed.finish(CEILING)
}

/// Strangers join the group and leave it again, as fast as they can.
fn storm(suite: &mut Suite) -> Value {
    let rounds = 5 * suite.scale;
    let mut bed = started(suite, "storm", 3);
    let mut client = bed.suite.cluster.client();
    client
        .set("group.id", &bed.topics.pipeline)
        .set("partition.assignment.strategy", "cooperative-sticky")
        .set("session.timeout.ms", "6000")
        .set("enable.auto.commit", "false");
    let input = bed.topics.input.clone();
    for _ in 0..rounds {
        let stranger: BaseConsumer = client.create().unwrap();
        stranger.subscribe(&[&input]).unwrap();
        let until = Instant::now() + Duration::from_millis(bed.random.within(200, 1_500));
        while Instant::now() < until {
            stranger.poll(Duration::ZERO);
            bed.flow(Duration::from_millis(50));
        }
        drop(stranger);
        bed.count("strangers");
        bed.flow_within(100, 800);
    }
    bed.finish(CEILING)
}

/// The task server answers 500, 429, hangs, resets, drips, sends ten megabytes or rubbish.
fn tasks(suite: &mut Suite) -> Value {
    let mut bed = Bed::new(suite, "tasks");
    bed.calls = Becomes::Either;
    (0..2).for_each(|_| bed.start_daemon());
    bed.wait_until_ready();
    bed.suite.server.set_bad(true);
    bed.mix = Mix {
        fail: 10,
        wait: 10,
        call: 300,
    };
    bed.rate = 150;
    bed.flow(seconds(20));
    bed.count("bad servers");
    bed.suite.server.set_bad(false);
    bed.flow(seconds(5));
    let calls = bed.suite.server.calls();
    bed.figures.insert("task_calls", json!(calls));
    if bed.checker.dead() == 0 {
        bed.checker
            .violations
            .insert("I14: a bad server, and no dead letter".into());
    }
    bed.finish(CEILING)
}

/// A record that kills whoever runs it.
fn crash(suite: &mut Suite) -> Value {
    let mut bed = Bed::new(suite, "crash");
    bed.quarantine = 3;
    // No other dead letters: the first one ends the wait.
    bed.mix = Mix {
        fail: 0,
        wait: 0,
        call: 0,
    };
    bed.rate = 100;
    bed.start_daemon();
    bed.wait_until_ready();
    bed.flow(seconds(2));
    let dead = bed.checker.dead();
    let poison = b"{\"call\":\"crash\",\"limit\":60}".to_vec();
    bed.writer.send(Some(poison), Becomes::DeadLetter);
    let mut seen = bed.suite.server.crashes();
    let mut restarts = 0;
    let begun = Instant::now();
    while bed.checker.dead() == dead && begun.elapsed() < seconds(120) {
        bed.flow(Duration::from_millis(100));
        let crashes = bed.suite.server.crashes();
        if crashes > seen {
            seen = crashes;
            bed.kill_one();
            bed.start_daemon();
            restarts += 1;
        }
    }
    bed.figures.insert("restarts", json!(restarts));
    if restarts > 5 {
        bed.checker.violations.insert(format!(
            "the record was set aside after {restarts} restarts"
        ));
    }
    bed.finish(CEILING)
}

/// Events of 256 KiB that grow when they are parsed, at full rate, with a budget of 64 MiB.
fn memory(suite: &mut Suite) -> Value {
    let events = if suite.scale > 3 { 3_000 } else { 300 };
    let mut bed = Bed::new(suite, "memory");
    bed.mix.call = 0;
    bed.start_daemon();
    bed.wait_until_ready();
    let blown = format!("[{}1]", "{\"\":0},".repeat(37_000)).into_bytes();
    for n in 0..events {
        bed.writer.send(Some(blown.clone()), Becomes::Either);
        if n % 50 == 0 {
            bed.daemons[0].weigh();
            bed.flow(Duration::from_millis(20));
        }
    }
    bed.count("events that blow up");
    bed.flow(seconds(5));
    bed.finish(160)
}

/// The same load for a long time: memory does not grow.
fn soak(suite: &mut Suite) -> Value {
    let minutes = match suite.scale {
        1 => 1,
        3 => 10,
        _ => 30,
    };
    let mut bed = Bed::new(suite, "soak");
    bed.rate = 200;
    bed.start_daemon();
    bed.wait_until_ready();
    // Caches fill, pools grow to their size.
    bed.flow(seconds(60));
    let mut samples = Vec::new();
    for _ in 0..minutes * 12 {
        bed.flow(seconds(5));
        let daemon = &mut bed.daemons[0];
        samples.push((daemon.metric("expressd_heap_bytes"), daemon.resident_kib()));
    }
    let third = samples.len() / 3;
    let (first, last) = (&samples[..third], &samples[samples.len() - third..]);
    let heap = |part: &[(f64, u64)]| {
        part.iter().map(|(heap, _)| heap).sum::<f64>() / part.len() as f64 / 1024.0
    };
    let resident = |part: &[(f64, u64)]| part.iter().map(|(_, kib)| *kib).max().unwrap_or(0);
    let figures = json!({
        "minutes": minutes,
        "heap_kib": [heap(first) as u64, heap(last) as u64],
        "resident_kib": [resident(first), resident(last)],
    });
    println!("faults: soak: first and last third: {figures}");
    if resident(last) > resident(first) + 8 * 1024 {
        let text = format!("I11: resident memory grows: {figures}");
        bed.checker.violations.insert(text);
    }
    if heap(last) > heap(first) + 512.0 {
        let text = format!("I11: the heap grows: {figures}");
        bed.checker.violations.insert(text);
    }
    bed.figures.insert("memory", figures);
    bed.finish(CEILING)
}
