//! What the benches compare with must itself be right: every way of answering a workload gives the same JSON.

#[allow(dead_code)] // The benches use all of it.
#[path = "../benches/baseline/mod.rs"]
mod baseline;
#[allow(dead_code)]
#[path = "../benches/support/mod.rs"]
mod support;

use support::{WORKLOADS, assert_agree, variants};

#[test]
fn all_ways_to_answer_a_workload_agree() {
    for workload in &WORKLOADS {
        assert_agree(workload, &mut variants(workload));
    }
}

#[test]
#[should_panic(expected = "twice")]
fn a_member_printed_twice_is_noticed() {
    baseline::assert_same(br#"{"a":1,"b":2}"#, br#"{"a":1,"b":2,"a":1}"#);
}
