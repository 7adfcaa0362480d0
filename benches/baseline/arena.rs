//! The cases over our own values: what the interpreter's memory costs without the interpreter. Unlike the splice it takes
//! nothing for granted: whatever the event looks like, the answer is right.

use std::sync::Arc;

use expressd::value::{Arena, Constants, ConstantsBuilder, Key, ParseLimits, Value};

use super::order::Facts;
use super::{Case, Program};

pub(super) fn program(case: Case) -> Option<Program> {
    match case {
        Case::Passthrough => Some(reading(|_, event, _, _| event)),
        Case::Route => Some(reading(route)),
        Case::Map100 => Some(reading(map100)),
        Case::Order | Case::Parallel3 => None,
    }
}

/// Every name and constant the cases use.
struct Plan {
    keys: Vec<Key>,
    kinds: [Value; 2],
    constants: Arc<Constants>,
}

#[rustfmt::skip]
const NAMES: &[&str] = &[
    "customer", "order", "shipping", "payment", "items", "riskScore", "method", "amount", "createdAt", "country", "tier",
    "eventType", "promo", "id", "priority", "sku", "email", "address", "city", "routing", "route", "orderId", "key",
    "points", "skus", "lines", "contact", "qty", "fulfilment", "count", "index", "kind", "item",
];

impl Plan {
    fn new() -> Plan {
        let mut builder = ConstantsBuilder::new();
        Plan {
            keys: NAMES.iter().map(|name| builder.key(name)).collect(),
            kinds: ["single", "bulk"].map(|kind| builder.string(kind)),
            constants: builder.finish(),
        }
    }
}

/// A key by its name, found when the program is compiled.
macro_rules! key {
    ($plan:expr, $name:literal) => {{
        const INDEX: usize = position($name);
        &$plan.keys[INDEX]
    }};
}

const fn position(name: &str) -> usize {
    let mut index = 0;
    while !equal(NAMES[index].as_bytes(), name.as_bytes()) {
        index += 1;
    }
    index
}

const fn equal(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut at = 0;
    while at < a.len() {
        if a[at] != b[at] {
            return false;
        }
        at += 1;
    }
    true
}

fn reading(answer: fn(&mut Arena, Value, &Plan, &mut Vec<Value>) -> Value) -> Program {
    let plan = Plan::new();
    let mut arena = Arena::new(plan.constants.clone());
    let mut list = Vec::new();
    Box::new(move |event, out| {
        arena.reset(&plan.constants);
        let event = arena
            .parse(event, ParseLimits::default())
            .expect("the event is JSON");
        let answer = answer(&mut arena, event, &plan, &mut list);
        arena.print(answer, out);
    })
}

fn get(arena: &Arena, object: Value, key: &Key) -> Value {
    arena.get(object, key).expect("the member is there")
}

fn name(key: &Key) -> Value {
    key.value()
        .expect("every key has its place in the constants")
}

fn text<'a>(arena: &'a Arena, object: Value, key: &Key) -> &'a str {
    let member = arena.as_str(get(arena, object, key));
    member.expect("the member is a string").spelled()
}

fn number(arena: &Arena, object: Value, key: &Key) -> f64 {
    let member = arena.as_number(get(arena, object, key));
    member.expect("the member is a number").as_f64()
}

fn integer(arena: &Arena, object: Value, key: &Key) -> i64 {
    let member = arena
        .as_number(get(arena, object, key))
        .and_then(|number| number.as_i64());
    member.expect("the member is an integer")
}

fn route(arena: &mut Arena, event: Value, plan: &Plan, skus: &mut Vec<Value>) -> Value {
    let [customer, order, shipping, payment, items] = [
        key!(plan, "customer"),
        key!(plan, "order"),
        key!(plan, "shipping"),
        key!(plan, "payment"),
        key!(plan, "items"),
    ]
    .map(|key| get(arena, event, key));
    let facts = Facts {
        risk: number(arena, customer, key!(plan, "riskScore")),
        method: text(arena, payment, key!(plan, "method")),
        amount: number(arena, order, key!(plan, "amount")),
        created: text(arena, order, key!(plan, "createdAt")),
        country: text(arena, customer, key!(plan, "country")),
        shipping: text(arena, shipping, key!(plan, "method")),
        tier: text(arena, customer, key!(plan, "tier")),
        event_type: text(arena, event, key!(plan, "eventType")),
        promo: arena.get(event, key!(plan, "promo")).is_some(),
    };
    let route = facts.route();
    let route = arena.string(route);
    let order_id = get(arena, order, key!(plan, "id"));
    let customer_id = get(arena, customer, key!(plan, "id"));
    let points = integer(arena, order, key!(plan, "priority")) + 10;
    let points = arena.integer(points);
    let mut joined = arena.text_builder();
    joined.push_value(customer_id);
    joined.push_str("#");
    joined.push_value(order_id);
    let joined = joined.finish();
    skus.clear();
    skus.extend(
        arena
            .elements(items)
            .map(|item| get(arena, item, key!(plan, "sku"))),
    );
    let skus = arena.array(skus);
    let lines = arena.len(items) as i64;
    let lines = arena.integer(lines);
    let email = get(arena, customer, key!(plan, "email"));
    let city = get(
        arena,
        get(arena, shipping, key!(plan, "address")),
        key!(plan, "city"),
    );
    let contact = arena.object(&[
        (name(key!(plan, "email")), email),
        (name(key!(plan, "city")), city),
    ]);
    let routing = arena.object(&[
        (name(key!(plan, "route")), route),
        (name(key!(plan, "orderId")), order_id),
        (name(key!(plan, "key")), joined),
        (name(key!(plan, "points")), points),
        (name(key!(plan, "skus")), skus),
        (name(key!(plan, "lines")), lines),
        (name(key!(plan, "contact")), contact),
    ]);
    arena.with(event, name(key!(plan, "routing")), routing)
}

fn map100(arena: &mut Arena, event: Value, plan: &Plan, lines: &mut Vec<Value>) -> Value {
    let order_id = get(
        arena,
        get(arena, event, key!(plan, "order")),
        key!(plan, "id"),
    );
    let items = get(arena, event, key!(plan, "items"));
    lines.clear();
    lines.extend(arena.elements(items));
    for (index, slot) in lines.iter_mut().enumerate() {
        let qty = get(arena, *slot, key!(plan, "qty"));
        let is_bulk = arena.as_number(qty).and_then(|qty| qty.as_i64()) >= Some(5);
        let sku = get(arena, *slot, key!(plan, "sku"));
        let index = arena.integer(index as i64);
        *slot = arena.object(&[
            (name(key!(plan, "sku")), sku),
            (name(key!(plan, "index")), index),
            (name(key!(plan, "orderId")), order_id),
            (name(key!(plan, "kind")), plan.kinds[usize::from(is_bulk)]),
            (name(key!(plan, "qty")), qty),
        ]);
    }
    let count = arena.integer(lines.len() as i64);
    let lines = arena.array(lines);
    let fulfilment = arena.object(&[
        (name(key!(plan, "lines")), lines),
        (name(key!(plan, "count")), count),
    ]);
    arena.with(event, name(key!(plan, "fulfilment")), fulfilment)
}
