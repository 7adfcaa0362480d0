//! Heap allocations in steady state, counted exactly.
#![allow(unsafe_code)] // A global allocator cannot be written without it.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use expressd::value::{Arena, Constants, ConstantsBuilder, ParseLimits, Value};

/// Counts what each thread asks of the system's allocator.
struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

fn count() {
    // A thread that is ending has no counter any more, and no test in it.
    let _ = COUNT.try_with(|count| count.set(count.get() + 1));
}

// SAFETY: every call is passed on unchanged to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `GlobalAlloc::realloc`.
        unsafe { System.realloc(block, layout, size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `GlobalAlloc::dealloc`.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocations of each call once `run` has been called a few times.
fn in_steady_state(mut run: impl FnMut()) -> f64 {
    const CALLS: usize = 100;
    (0..3).for_each(|_| run());
    let before = COUNT.get();
    (0..CALLS).for_each(|_| run());
    (COUNT.get() - before) as f64 / CALLS as f64
}

#[test]
fn the_counter_counts() {
    assert_eq!(
        in_steady_state(|| drop(std::hint::black_box(Box::new(1)))),
        1.0
    );
}

#[test]
fn values_are_read_built_and_printed_without_allocating() {
    let mut builder = ConstantsBuilder::new();
    let [a, b, list] = ["a", "b", "list"].map(|name| builder.key(name));
    let constants = builder.finish();
    let mut arena = Arena::new(Constants::empty());
    let mut out = Vec::new();
    let event =
        br#"{"a":{"b":[1,2.5,"x\n"]}, "c":{"d":1,"d":2},"e":"0123456789abcdef0123456789abcdef"}"#;
    let run = || {
        arena.reset(&constants);
        let event = arena.parse(event, ParseLimits::default()).unwrap();
        let inner = arena
            .get(event, &a)
            .and_then(|inner| arena.get(inner, &b))
            .unwrap();
        let sum = arena
            .elements(inner)
            .filter_map(|element| arena.as_number(element))
            .map(|number| number.as_f64())
            .sum();
        let sum = arena.float(sum);
        let mut text = arena.text_builder();
        text.push_str("sum: ");
        text.push_value(sum);
        let text = text.finish();
        let made = arena.object(&[(b.value().unwrap(), text), (list.value().unwrap(), inner)]);
        let mut patched = event;
        for turn in 0..40 {
            let name = arena.string("again and again");
            let value = arena.integer(turn);
            patched = arena.with(patched, name, value);
            patched = arena.with(patched, a.value().unwrap(), made);
        }
        let elements = arena.with_element(inner, 1, patched);
        let all = arena.array(&[elements, Value::NULL]);
        assert!(arena.equal(patched, patched) && !arena.equal(made, event));
        out.clear();
        arena.print(all, &mut out);
        assert!(out.len() > 100);
    };
    assert_eq!(in_steady_state(run), 0.0);
}
