//! The cases on simd-json's borrowed tree, with its buffers reused: the bar for the interpreter.

use std::borrow::Cow;

use simd_json::Buffers;
use simd_json::StaticNode;
use simd_json::borrowed::{Object, Value};
use simd_json::prelude::{ValueAsMutObject, ValueAsScalar, Writable};

use super::order::Facts;
use super::order::Payment;
use super::order::pay;
use super::{Case, DECLINED, Program};

pub(super) fn program(case: Case) -> Program {
    let mut scratch = Vec::new();
    let mut buffers = Buffers::default();
    let run: fn(Value<'_>) -> Value<'_> = match case {
        Case::Passthrough => |event| event,
        Case::Route => route,
        Case::Order => order,
        Case::Parallel3 => parallel3,
        Case::Map100 => map100,
    };
    Box::new(move |event, out| {
        // simd-json unescapes in its input, so it works on a copy.
        scratch.clear();
        scratch.extend_from_slice(event);
        let event = simd_json::borrowed::to_value_with_buffers(&mut scratch, &mut buffers)
            .expect("the event is JSON");
        run(event).write(out).expect("a Vec takes everything");
    })
}

fn text<'a>(value: &'a Value<'_>) -> &'a str {
    value.as_str().expect("the member is a string")
}

fn number(value: &Value<'_>) -> f64 {
    value.cast_f64().expect("the member is a number")
}

fn members<'a, 'e>(value: &'a mut Value<'e>) -> &'a mut Object<'e> {
    value.as_object_mut().expect("the value is an object")
}

fn elements<'a, 'e>(value: &'a Value<'e>) -> &'a [Value<'e>] {
    match value {
        Value::Array(elements) => elements,
        _ => panic!("the value is an array"),
    }
}

fn take<'e>(value: &mut Value<'e>, name: &str) -> Value<'e> {
    let null = Value::Static(StaticNode::Null);
    members(value)
        .get_mut(name)
        .map_or(null.clone(), |member| std::mem::replace(member, null))
}

/// An object of distinct members.
fn object<'e, const N: usize>(given: [(&'static str, Value<'e>); N]) -> Value<'e> {
    let mut members = Object::with_capacity_and_hasher(N, Default::default());
    for (name, value) in given {
        members.insert(Cow::Borrowed(name), value);
    }
    Value::Object(Box::new(members))
}

fn route(mut event: Value<'_>) -> Value<'_> {
    let customer = &event["customer"];
    let order = &event["order"];
    let shipping = &event["shipping"];
    let members_of_event = match &event {
        Value::Object(members) => members,
        _ => panic!("the event is an object"),
    };
    let facts = Facts {
        risk: number(&customer["riskScore"]),
        method: text(&event["payment"]["method"]),
        amount: number(&order["amount"]),
        created: text(&order["createdAt"]),
        country: text(&customer["country"]),
        shipping: text(&shipping["method"]),
        tier: text(&customer["tier"]),
        event_type: text(&event["eventType"]),
        promo: members_of_event.contains_key("promo"),
    };
    let items = elements(&event["items"]);
    let (customer_id, order_id) = (text(&customer["id"]), text(&order["id"]));
    let mut key = String::with_capacity(customer_id.len() + 1 + order_id.len());
    key.push_str(customer_id);
    key.push('#');
    key.push_str(order_id);
    let priority = order["priority"].as_i64().expect("priority is an integer");
    let routing = object([
        ("route", facts.route().into()),
        ("orderId", order["id"].clone()),
        ("key", key.into()),
        ("points", (priority + 10).into()),
        (
            "skus",
            items
                .iter()
                .map(|item| item["sku"].clone())
                .collect::<Vec<_>>()
                .into(),
        ),
        ("lines", items.len().into()),
        (
            "contact",
            object([
                ("email", customer["email"].clone()),
                ("city", shipping["address"]["city"].clone()),
            ]),
        ),
    ]);
    members(&mut event).insert(Cow::Borrowed("routing"), routing);
    event
}

fn order(mut event: Value<'_>) -> Value<'_> {
    let payment = pay(text(&event["eventType"]));
    let event_members = members(&mut event);
    let mut set = |name, value| event_members.insert(Cow::Borrowed(name), value);
    set("validation", object([("valid", true.into())]));
    set(
        "inventory",
        object([("inStock", true.into()), ("warehouse", "W1".into())]),
    );
    match payment {
        Payment::Captured => {
            set(
                "paymentResult",
                object([("status", "captured".into()), ("fee", 0.35.into())]),
            );
            set("inventoryUpdate", object([("reserved", true.into())]));
            set(
                "confirmation",
                object([("channel", "email".into()), ("sent", true.into())]),
            );
        }
        Payment::Declined => {
            let (error, cause) = DECLINED;
            set(
                "error",
                object([("Error", error.into()), ("Cause", cause.into())]),
            );
            set("outcome", object([("status", "payment_failed".into())]));
        }
    }
    event
}

fn parallel3(mut event: Value<'_>) -> Value<'_> {
    let event_id = take(&mut event, "eventId");
    let items = take(&mut event, "items");
    let mut order = take(&mut event, "order");
    let mut customer = take(&mut event, "customer");
    let mut shipping = take(&mut event, "shipping");
    let gross = take(&mut order, "amount");
    let (country, tier) = (text(&customer["country"]), text(&customer["tier"]));
    let mut segment = String::with_capacity(country.len() + 1 + tier.len());
    segment.push_str(country);
    segment.push('/');
    segment.push_str(tier);
    let segment = Value::from(segment);
    let enriched = object([
        (
            "price",
            object([
                ("gross", gross.clone()),
                ("currency", take(&mut order, "currency")),
                ("lines", elements(&items).len().into()),
                ("rate", 0.19.into()),
            ]),
        ),
        (
            "customer",
            object([
                ("id", take(&mut customer, "id")),
                ("risk", take(&mut customer, "riskScore")),
                ("segment", segment.clone()),
            ]),
        ),
        (
            "shipping",
            object([
                ("to", take(&mut shipping, "address")),
                ("carrier", "DHL".into()),
                ("method", take(&mut shipping, "method")),
            ]),
        ),
    ]);
    object([
        ("orderId", take(&mut order, "id")),
        ("eventId", event_id),
        ("gross", gross),
        ("segment", segment),
        ("enriched", enriched),
        ("items", items),
    ])
}

fn map100(mut event: Value<'_>) -> Value<'_> {
    let order_id = &event["order"]["id"];
    let lines: Vec<Value<'_>> = elements(&event["items"])
        .iter()
        .enumerate()
        .map(|(index, item)| {
            let qty = &item["qty"];
            object([
                ("sku", item["sku"].clone()),
                ("index", index.into()),
                ("orderId", order_id.clone()),
                (
                    "kind",
                    if number(qty) >= 5.0 { "bulk" } else { "single" }.into(),
                ),
                ("qty", qty.clone()),
            ])
        })
        .collect();
    let count = lines.len();
    let fulfilment = object([("lines", lines.into()), ("count", count.into())]);
    members(&mut event).insert(Cow::Borrowed("fulfilment"), fulfilment);
    event
}
