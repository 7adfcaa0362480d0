//! Life in a consumer group: both ways to hand partitions over, members that keep theirs through a restart, partitions and
//! topics and brokers that come later.

use std::io;
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::admin::Admin;
use crate::bed::{Bed, LIMIT, ORDERS, PARTITIONS, PASS, WINDOW, assert_answered, count, order};
use crate::common::broker::broker;
use crate::common::daemon::Daemon;
use crate::common::one_at_a_time;
use crate::common::records::{Reader, committed_and_end};

fn source(config: &mut Value) -> &mut Value {
    &mut config["pipelines"]["orders"]["source"]["kafka"]
}

/// Waits until the log says something.
#[track_caller]
fn wait_for_log(daemon: &Daemon, what: &str) {
    let deadline = Instant::now() + LIMIT;
    while !daemon.log().contains(what) {
        assert!(Instant::now() < deadline, "no {what} in {}", daemon.log());
        std::thread::park_timeout(Duration::from_millis(50));
    }
}

#[test]
fn a_rebalance_between_two_daemons_loses_and_repeats_nothing() {
    let _turn = one_at_a_time();
    rebalance(Bed::new("rebalance", ORDERS), "cooperative-sticky");
}

#[test]
fn a_group_that_gives_everything_back_loses_and_repeats_nothing() {
    let _turn = one_at_a_time();
    rebalance(Bed::new("eager", ORDERS), "range");
}

/// One daemon, then two, then the other one, under load.
fn rebalance(bed: Bed, assignor: &str) {
    let start = |instance: &str| {
        let mut config = bed.config(instance);
        source(&mut config)["properties"]["partition.assignment.strategy"] = json!(assignor);
        bed.daemon_with(instance, &config)
    };
    let writer = bed.writer();
    let mut reader = bed.reader();
    let mut sent = 0;
    let mut send = |orders: usize| {
        for number in sent..sent + orders {
            writer.send(number, Some(order(number).as_bytes()), &[]);
        }
        sent += orders;
    };
    let has_refused = |reader: &Reader, instance: &str| {
        let mut refused = reader.records[&bed.dead_letters].iter();
        refused.any(|letter| letter.header("expressd.instance") == instance)
    };

    send(5_000);
    let first = start("first");
    reader.read_until(LIMIT, |reader| has_refused(reader, "first"));
    // The load goes on until the second daemon has shown that it owns a partition.
    let second = start("second");
    let mut rounds = 0;
    while !has_refused(&reader, "second") {
        rounds += 1;
        assert!(rounds < 600, "the second daemon never got a partition");
        send(200);
        reader.read_for(Duration::from_millis(100));
    }
    send(2_000);
    assert_eq!(first.terminate(), Some(0));
    send(2_000);
    let orders = writer.acknowledged();
    reader.read_until(LIMIT, |reader| reader.answered.len() >= orders.len());
    assert_eq!(second.terminate(), Some(0));
    reader.read_to_end();
    let repeats = assert_answered(&bed, &orders, &reader);
    if broker().is_real() {
        assert_eq!(repeats, 0, "all hand-overs were drained");
    } else {
        // The embedded broker's group coordinator may refuse the commits of a hand-over.
        println!("{repeats} repeats; that there are none only a real broker can show");
        assert!(repeats <= 2 * WINDOW * PARTITIONS as usize);
    }
    bed.assert_committed();
}

#[test]
fn a_static_member_keeps_its_partitions_through_a_restart_and_yields_to_its_double() {
    let _turn = one_at_a_time();
    if !broker().is_real() {
        println!("only a real broker knows static members");
        return;
    }
    let bed = Bed::new("static", PASS);
    let start = |instance: &str, member: &str| {
        let mut config = bed.config(instance);
        let properties = &mut source(&mut config)["properties"];
        properties["group.instance.id"] = json!(member);
        properties["session.timeout.ms"] = json!(30_000);
        bed.daemon_with(instance, &config)
    };
    let writer = bed.writer();
    let mut reader = bed.reader();
    let mut sent = 0;
    let mut send = || {
        for number in sent..sent + 200 {
            writer.send(number, Some(b"{}"), &[]);
        }
        sent += 200;
        writer.acknowledged();
        sent
    };
    let first = start("first", "one");
    wait_for_log(&first, " assigned ");
    let stays = start("stays", "two");
    wait_for_log(&stays, " assigned ");
    let all = send();
    reader.read_until(LIMIT, |reader| count(reader) >= all);
    let moves = |daemon: &Daemon| {
        let log = daemon.log();
        let count = |what| log.matches(what).count();
        (count(" assigned "), count(" revoked "), count(" lost "))
    };
    let before = moves(&stays);

    assert_eq!(first.terminate(), Some(0));
    send();
    let again = start("again", "one");
    let all = send();
    reader.read_until(LIMIT, |reader| count(reader) >= all);
    assert_eq!(moves(&stays), before, "nothing moves");

    // The older of two with one name is thrown out.
    let double = start("double", "one");
    let (exit, log) = again.wait(LIMIT);
    assert_eq!(exit, Some(4), "{log}");
    assert!(log.contains("fenced"), "{log}");
    let all = send();
    reader.read_until(LIMIT, |reader| reader.answered.len() >= all);
    assert_eq!(moves(&stays), before, "nothing moves");
    assert_eq!(double.terminate(), Some(0));
    assert_eq!(stays.terminate(), Some(0));
    reader.read_to_end();
    bed.assert_committed();
}

#[test]
fn partitions_that_are_added_are_read() {
    let _turn = one_at_a_time();
    if !broker().is_real() {
        println!("the embedded broker's topics do not grow");
        return;
    }
    let bed = Bed::new("grows", PASS);
    let mut config = bed.config("grows");
    source(&mut config)["properties"]["topic.metadata.refresh.interval.ms"] = json!(500);
    let daemon = bed.daemon_with("grows", &config);
    wait_for_log(&daemon, " assigned ");
    let grown = PARTITIONS + 3;
    broker().add_partitions(&bed.input, grown);
    // Another writer: it has to learn of the new ones.
    let writer = bed.writer();
    (0..500).for_each(|number| writer.send(number, Some(b"{}"), &[]));
    let places = writer.acknowledged();
    let new = places
        .keys()
        .filter(|(partition, _)| *partition >= PARTITIONS);
    assert!(new.count() > 0, "the new partitions have records");
    let mut reader = bed.reader();
    reader.read_until(LIMIT, |reader| reader.answered.len() >= 500);
    assert_eq!(daemon.terminate(), Some(0));
    for (committed, end) in committed_and_end(&bed.group, &bed.input, grown) {
        assert_eq!(committed.unwrap_or(0).max(0), end);
    }
}

#[test]
fn topics_that_are_not_there_yet_are_waited_for() {
    let _turn = one_at_a_time();
    if !broker().is_real() {
        println!("the embedded broker has every topic");
        return;
    }
    let bed = Bed::without_topics("later", PASS);
    let mut config = bed.config("later");
    let admin = Admin::on_a_free_port(&mut config);
    let daemon = bed.daemon_with("later", &config);
    // Made one after the other: what is missing is told, and nothing is taken in.
    for topic in [&bed.results, &bed.dead_letters, &bed.input] {
        let missing = format!("orders: waits for topics that do not exist: {topic}");
        admin.wait_for("the reason", "/readyz", |ready| {
            ready.starts_with("HTTP/1.1 503") && ready.contains(&missing)
        });
        wait_for_log(&daemon, topic);
        broker().create_topic(topic, PARTITIONS);
    }
    admin.wait_for("readiness", "/readyz", |r| r.starts_with("HTTP/1.1 200"));
    let writer = bed.writer();
    (0..20).for_each(|number| writer.send(number, Some(b"{}"), &[]));
    let mut reader = bed.reader();
    reader.read_until(LIMIT, |reader| count(reader) >= 20);
    assert_eq!(daemon.terminate(), Some(0));
}

#[test]
fn a_broker_that_comes_later_is_waited_for() {
    let _turn = one_at_a_time();
    let bed = Bed::new("nobody", PASS);
    let writer = bed.writer();
    (0..20).for_each(|number| writer.send(number, Some(b"{}"), &[]));
    writer.acknowledged();
    // Bound and given back: nobody listens there yet.
    let door = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = door.local_addr().unwrap();
    drop(door);
    let mut config = bed.config("nobody");
    config["kafka"] = json!({
        "broker": address.to_string(),
        "properties": { "reconnect.backoff.max.ms": 500 },
    });
    let admin = Admin::on_a_free_port(&mut config);
    let daemon = bed.daemon_with("nobody", &config);
    admin.wait_for("the reason", "/readyz", |ready| {
        ready.starts_with("HTTP/1.1 503") && ready.contains("Connection refused")
    });
    wait_for_log(&daemon, "waiting before anything is read");
    let health = admin.get("/healthz");
    assert!(health.starts_with("HTTP/1.1 200"), "{health}");

    pass_on(TcpListener::bind(address).unwrap(), &broker().address);
    let mut reader = bed.reader();
    reader.read_until(LIMIT, |reader| count(reader) >= 20);
    admin.wait_for("readiness", "/readyz", |r| r.starts_with("HTTP/1.1 200"));
    assert_eq!(daemon.terminate(), Some(0));
    bed.assert_committed();
}

/// Connections lead on to another address, as long as the process lives.
fn pass_on(listener: TcpListener, to: &str) {
    let to = to.to_owned();
    std::thread::spawn(move || {
        for here in listener.incoming().flatten() {
            let there = TcpStream::connect(&to).unwrap();
            let ways = [(&here, &there), (&there, &here)];
            for (from, to) in ways.map(|(a, b)| (a.try_clone().unwrap(), b.try_clone().unwrap())) {
                std::thread::spawn(move || io::copy(&mut &from, &mut &to).ok());
            }
        }
    });
}
