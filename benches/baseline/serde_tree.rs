//! The cases on `serde_json::Value`.

use serde_json::Map;
use serde_json::Value;

use super::order::Facts;
use super::order::Payment;
use super::order::pay;
use super::{Case, DECLINED, Program};

pub(super) fn program(case: Case) -> Program {
    let run: fn(Value) -> Value = match case {
        Case::Passthrough => |event| event,
        Case::Route => route,
        Case::Order => order,
        Case::Parallel3 => parallel3,
        Case::Map100 => map100,
    };
    Box::new(move |event, out| {
        let event = serde_json::from_slice(event).expect("the event is JSON");
        serde_json::to_writer(out, &run(event)).expect("a Vec takes everything");
    })
}

fn text(value: &Value) -> &str {
    value.as_str().expect("the member is a string")
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("the member is a number")
}

fn members(value: &mut Value) -> &mut Map<String, Value> {
    value.as_object_mut().expect("the value is an object")
}

fn take(value: &mut Value, name: &str) -> Value {
    value.get_mut(name).map_or(Value::Null, Value::take)
}

/// `json!` would copy what is moved in here.
fn object<const N: usize>(given: [(&str, Value); N]) -> Value {
    let members = given
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value));
    Value::Object(members.collect())
}

fn route(mut event: Value) -> Value {
    let (customer, order, shipping) = (&event["customer"], &event["order"], &event["shipping"]);
    let facts = Facts {
        risk: number(&customer["riskScore"]),
        method: text(&event["payment"]["method"]),
        amount: number(&order["amount"]),
        created: text(&order["createdAt"]),
        country: text(&customer["country"]),
        shipping: text(&shipping["method"]),
        tier: text(&customer["tier"]),
        event_type: text(&event["eventType"]),
        promo: event.get("promo").is_some(),
    };
    let items = event["items"].as_array().expect("items is an array");
    let skus = items.iter().map(|item| item["sku"].clone()).collect();
    let key = [text(&customer["id"]), "#", text(&order["id"])].concat();
    let priority = order["priority"].as_i64().expect("priority is an integer");
    let routing = object([
        ("route", facts.route().into()),
        ("orderId", order["id"].clone()),
        ("key", key.into()),
        ("points", (priority + 10).into()),
        ("skus", Value::Array(skus)),
        ("lines", items.len().into()),
        (
            "contact",
            object([
                ("email", customer["email"].clone()),
                ("city", shipping["address"]["city"].clone()),
            ]),
        ),
    ]);
    members(&mut event).insert("routing".to_owned(), routing);
    event
}

fn order(mut event: Value) -> Value {
    let payment = pay(text(&event["eventType"]));
    let event_members = members(&mut event);
    let mut set = |name: &str, value| event_members.insert(name.to_owned(), value);
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

fn parallel3(mut event: Value) -> Value {
    let event_id = take(&mut event, "eventId");
    let items = take(&mut event, "items");
    let mut order = take(&mut event, "order");
    let mut customer = take(&mut event, "customer");
    let mut shipping = take(&mut event, "shipping");
    let gross = take(&mut order, "amount");
    let segment = [text(&customer["country"]), "/", text(&customer["tier"])].concat();
    let price = object([
        ("gross", gross.clone()),
        ("currency", take(&mut order, "currency")),
        ("lines", items.as_array().map_or(0, Vec::len).into()),
        ("rate", 0.19.into()),
    ]);
    let customer = object([
        ("id", take(&mut customer, "id")),
        ("risk", take(&mut customer, "riskScore")),
        ("segment", segment.as_str().into()),
    ]);
    let shipping = object([
        ("to", take(&mut shipping, "address")),
        ("carrier", "DHL".into()),
        ("method", take(&mut shipping, "method")),
    ]);
    object([
        ("orderId", take(&mut order, "id")),
        ("eventId", event_id),
        ("gross", gross),
        ("segment", segment.into()),
        (
            "enriched",
            object([
                ("price", price),
                ("customer", customer),
                ("shipping", shipping),
            ]),
        ),
        ("items", items),
    ])
}

fn map100(mut event: Value) -> Value {
    let order_id = &event["order"]["id"];
    let items = event["items"].as_array().expect("items is an array");
    let line = |(index, item): (usize, &Value)| {
        let kind = if number(&item["qty"]) >= 5.0 {
            "bulk"
        } else {
            "single"
        };
        object([
            ("sku", item["sku"].clone()),
            ("index", index.into()),
            ("orderId", order_id.clone()),
            ("kind", kind.into()),
            ("qty", item["qty"].clone()),
        ])
    };
    let lines: Vec<Value> = items.iter().enumerate().map(line).collect();
    let count = lines.len();
    let fulfilment = object([("lines", lines.into()), ("count", count.into())]);
    members(&mut event).insert("fulfilment".to_owned(), fulfilment);
    event
}
