use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

fn gate(change: impl FnOnce(&mut GateConfig)) -> Arc<Gate> {
    let mut config = GateConfig::default();
    config.breaker.calls = 2;
    change(&mut config);
    Gate::new("test", &config)
}

/// A call that ends as `work` does; says whether it had to queue.
fn call(
    gate: &Arc<Gate>,
    work: impl Future<Output = Health> + Send + 'static,
) -> (bool, tokio::task::JoinHandle<TaskReply>) {
    let through = |mut pass: Pass| async move {
        pass.begin();
        let health = work.await;
        pass.ended((TaskReply::Result(b"1".to_vec()), health))
    };
    match gate.enter(Some(10_000)) {
        Ok(pass) => (false, tokio::spawn(through(pass))),
        Err(queue) => {
            let call = async move {
                match queue.await {
                    Ok(pass) => through(pass).await,
                    Err(refusal) => refusal,
                }
            };
            (true, tokio::spawn(call))
        }
    }
}

async fn healthy(health: Health) -> Health {
    health
}

async fn fail(gate: &Arc<Gate>, times: usize) {
    for _ in 0..times {
        call(gate, healthy(Health::Down)).1.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn no_more_calls_are_under_way_than_may() {
    let gate = gate(|config| config.concurrency = 3);
    let (under_way, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let (under_way, most) = (Arc::clone(&under_way), Arc::clone(&most));
            call(&gate, async move {
                let now = under_way.fetch_add(1, Ordering::Relaxed) + 1;
                most.fetch_max(now, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_secs(1)).await;
                under_way.fetch_sub(1, Ordering::Relaxed);
                Health::Up
            })
        })
        .collect();
    let queued: Vec<_> = calls.iter().map(|(queued, _)| *queued).collect();
    assert_eq!(queued.iter().filter(|queued| **queued).count(), 17);
    for (_, call) in calls {
        call.await.unwrap();
    }
    assert_eq!(most.load(Ordering::Relaxed), 3);
}

#[tokio::test(start_paused = true)]
async fn the_rate_is_kept() {
    let gate = gate(|config| config.rate = Some(10));
    let begin = Instant::now();
    let calls: Vec<_> = (0..11).map(|_| call(&gate, healthy(Health::Up))).collect();
    for (_, call) in calls {
        call.await.unwrap();
    }
    assert_eq!(begin.elapsed().as_millis(), 1_000);
}

#[tokio::test(start_paused = true)]
async fn calls_wait_while_the_endpoint_is_down() {
    let gate = gate(|_| {});
    let breaker = gate.metrics();
    fail(&gate, 2).await;
    assert!(breaker.is_open());
    let begin = Instant::now();
    let calls: Vec<_> = (0..5).map(|_| call(&gate, healthy(Health::Up))).collect();
    for (queued, call) in calls {
        assert!(queued);
        assert_eq!(call.await.unwrap(), TaskReply::Result(b"1".to_vec()));
        assert_eq!(begin.elapsed().as_secs(), 1);
    }
    assert!(!call(&gate, healthy(Health::Up)).0);
    assert_eq!((breaker.is_open(), breaker.trips()), (false, 1));
}

#[tokio::test(start_paused = true)]
async fn calls_fail_at_once_where_the_config_says_so() {
    let gate = gate(|config| config.breaker.action = BreakerAction::Fail);
    fail(&gate, 2).await;
    let begin = Instant::now();
    let reply = call(&gate, healthy(Health::Up)).1.await.unwrap();
    let TaskReply::Error { error, cause } = reply else {
        panic!("the breaker is open");
    };
    assert_eq!(error.as_deref(), Some("Lambda.ServiceException"));
    assert_eq!(
        cause.as_deref(),
        Some("the circuit breaker of test is open")
    );
    assert!(begin.elapsed().is_zero());
}

#[tokio::test(start_paused = true)]
async fn a_try_that_is_cancelled_does_not_hold_the_others() {
    let gate = gate(|_| {});
    fail(&gate, 2).await;
    let (_, first) = call(&gate, std::future::pending());
    let (_, second) = call(&gate, healthy(Health::Up));
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(!second.is_finished());
    first.abort();
    second.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn silence_until_the_timeout_counts_as_down() {
    let gate = gate(|_| {});
    let silent: Vec<_> = (0..2)
        .map(|_| call(&gate, std::future::pending()))
        .collect();
    tokio::time::sleep(Duration::from_secs(10)).await;
    for (queued, call) in silent {
        assert!(!queued);
        call.abort();
        assert!(call.await.unwrap_err().is_cancelled());
    }
    assert!(call(&gate, healthy(Health::Up)).0);
}
