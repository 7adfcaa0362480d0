//! The workloads: a definition and the events it is run on, all below `benches/machines`.

use crate::baseline::Case;

/// A definition under a stream of events.
#[derive(Clone, Copy)]
pub(crate) struct Workload {
    /// `case` or `case_events`.
    pub(crate) name: &'static str,
    /// What baselines do, where there are any.
    pub(crate) case: Option<Case>,
    /// The definition.
    pub(crate) definition: &'static str,
    /// Events, one a line.
    pub(crate) events: &'static str,
    /// Whether the events are orders.
    pub(crate) orders: bool,
}

impl Workload {
    /// The events, one by one.
    pub(crate) fn events(&self) -> Vec<&'static [u8]> {
        self.events.lines().map(str::as_bytes).collect()
    }

    /// Bytes of an average event.
    pub(crate) fn bytes(&self) -> usize {
        let events = self.events();
        events.iter().map(|event| event.len()).sum::<usize>() / events.len()
    }
}

const CLICK300: &str = include_str!("../machines/click300.ndjson");
const ORDER1K: &str = include_str!("../machines/order1k.ndjson");
const ORDER2K: &str = include_str!("../machines/order2k.ndjson");
const BIG50K: &str = include_str!("../machines/big50k.ndjson");
const MAP100: &str = include_str!("../machines/map100.ndjson");

const fn on_orders(
    name: &'static str,
    case: Option<Case>,
    definition: &'static str,
    events: &'static str,
) -> Workload {
    Workload {
        name,
        case,
        definition,
        events,
        orders: true,
    }
}

const PASSTHROUGH: &str = include_str!("../machines/passthrough.asl.json");
const ROUTE: &str = include_str!("../machines/route.asl.json");
const JSONATA: &str = include_str!("../machines/jsonata.asl.json");
const ORDER: &str = include_str!("../machines/order.asl.json");
const PARALLEL3: &str = include_str!("../machines/parallel3.asl.json");
const MAP: &str = include_str!("../machines/map100.asl.json");

/// All of them; those that decide first.
pub(crate) const WORKLOADS: [Workload; 10] = [
    on_orders("passthrough", Some(Case::Passthrough), PASSTHROUGH, ORDER1K),
    on_orders("route", Some(Case::Route), ROUTE, ORDER1K),
    on_orders("jsonata", None, JSONATA, ORDER1K),
    on_orders("order", Some(Case::Order), ORDER, ORDER1K),
    on_orders("parallel3", Some(Case::Parallel3), PARALLEL3, ORDER1K),
    on_orders("map100", Some(Case::Map100), MAP, MAP100),
    Workload {
        name: "passthrough_click300",
        case: Some(Case::Passthrough),
        definition: PASSTHROUGH,
        events: CLICK300,
        orders: false,
    },
    on_orders(
        "passthrough_big50k",
        Some(Case::Passthrough),
        PASSTHROUGH,
        BIG50K,
    ),
    on_orders("route_order2k", Some(Case::Route), ROUTE, ORDER2K),
    on_orders("route_big50k", Some(Case::Route), ROUTE, BIG50K),
];
