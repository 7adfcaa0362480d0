//! The cases written by hand in Rust, giving the same JSON as the plans: what an engineer would write instead of a
//! definition. They set the bar, so a slow one is a defect: their ratios to each other are known and checked.
//!
//! `serde_json::Value` is built here with `preserve_order` and `arbitrary_precision`, which the package needs elsewhere
//! and which make it slower than it can be (features unify within a build). It stands for orientation; the bar is the
//! simd-json tree.

mod arena;
mod equal;
mod order;
mod serde_tree;
mod simd_tree;
mod splice;
mod typed;

pub(crate) use crate::support::machine::DECLINED;
pub(crate) use equal::assert_same;

/// A case of the suite: one definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    /// One Pass.
    Passthrough,
    /// A Choice with eight rules, then a template.
    Route,
    /// Five Tasks, two Choices, a Catch.
    Order,
    /// Three branches of three states.
    Parallel3,
    /// A hundred items.
    Map100,
}

/// A program for one case: event in, output appended. Keeps its buffers from event to event.
pub(crate) type Program = Box<dyn FnMut(&[u8], &mut Vec<u8>)>;

/// The bar: the variant that all ratios are taken against.
pub(crate) const REFERENCE: &str = "simd_json_tree";

/// All hand-written programs for a case, by name. `orders` says whether the events are orders, which typed structs need.
pub(crate) fn programs(case: Case, orders: bool) -> Vec<(&'static str, Program)> {
    let mut programs: Vec<(&'static str, Program)> = vec![
        ("serde_json_value", serde_tree::program(case)),
        (REFERENCE, simd_tree::program(case)),
    ];
    if orders {
        programs.push(("typed_serde_json", typed::program::<typed::SerdeJson>(case)));
        programs.push(("typed_sonic_rs", typed::program::<typed::SonicRs>(case)));
    }
    if let Some(splice) = splice::program(case) {
        programs.push(("tape_splice", splice));
    }
    if let Some(printing) = splice::printing_program(case) {
        programs.push(("tape_print", printing));
    }
    if let Some(arena) = arena::program(case) {
        programs.push(("arena", arena));
    }
    programs
}
