//! The cases on `serde_json::Value`.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

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

fn route(mut event: Value) -> Value {
    let facts = Facts {
        risk: number(&event["customer"]["riskScore"]),
        method: text(&event["payment"]["method"]),
        amount: number(&event["order"]["amount"]),
        created: text(&event["order"]["createdAt"]),
        country: text(&event["customer"]["country"]),
        shipping: text(&event["shipping"]["method"]),
        tier: text(&event["customer"]["tier"]),
        event_type: text(&event["eventType"]),
        promo: event.get("promo").is_some(),
    };
    let items = event["items"].as_array().expect("items is an array");
    let id = text(&event["order"]["id"]);
    let priority = event["order"]["priority"]
        .as_i64()
        .expect("priority is an integer");
    let routing = json!({
        "route": facts.route(),
        "orderId": id,
        "key": format!("{}#{}", text(&event["customer"]["id"]), id),
        "points": priority + 10,
        "skus": items.iter().map(|item| item["sku"].clone()).collect::<Vec<_>>(),
        "lines": items.len(),
        "contact": {
            "email": text(&event["customer"]["email"]),
            "city": text(&event["shipping"]["address"]["city"]),
        },
    });
    members(&mut event).insert("routing".into(), routing);
    event
}

fn order(mut event: Value) -> Value {
    let payment = pay(text(&event["eventType"]));
    let event_members = members(&mut event);
    event_members.insert("validation".into(), json!({"valid": true}));
    event_members.insert(
        "inventory".into(),
        json!({"inStock": true, "warehouse": "W1"}),
    );
    match payment {
        Payment::Captured => {
            event_members.insert(
                "paymentResult".into(),
                json!({"status": "captured", "fee": 0.35}),
            );
            event_members.insert("inventoryUpdate".into(), json!({"reserved": true}));
            event_members.insert(
                "confirmation".into(),
                json!({"channel": "email", "sent": true}),
            );
        }
        Payment::Declined => {
            let (error, cause) = DECLINED;
            event_members.insert("error".into(), json!({"Error": error, "Cause": cause}));
            event_members.insert("outcome".into(), json!({"status": "payment_failed"}));
        }
    }
    event
}

fn parallel3(mut event: Value) -> Value {
    let items = take(&mut event, "items");
    let gross = take(&mut event["order"], "amount");
    let customer = &event["customer"];
    let segment = format!("{}/{}", text(&customer["country"]), text(&customer["tier"]));
    let enriched = json!({
        "price": {
            "gross": gross.clone(),
            "currency": take(&mut event["order"], "currency"),
            "lines": items.as_array().map_or(0, Vec::len),
            "rate": 0.19,
        },
        "customer": {
            "id": take(&mut event["customer"], "id"),
            "risk": take(&mut event["customer"], "riskScore"),
            "segment": segment.as_str(),
        },
        "shipping": {
            "to": take(&mut event["shipping"], "address"),
            "carrier": "DHL",
            "method": take(&mut event["shipping"], "method"),
        },
    });
    json!({
        "orderId": take(&mut event["order"], "id"),
        "eventId": take(&mut event, "eventId"),
        "gross": gross,
        "segment": segment,
        "enriched": enriched,
        "items": items,
    })
}

fn map100(mut event: Value) -> Value {
    let order_id = &event["order"]["id"];
    let items = event["items"].as_array().expect("items is an array");
    let lines: Vec<Value> = items
        .iter()
        .enumerate()
        .map(|(index, item)| {
            let kind = if number(&item["qty"]) >= 5.0 {
                "bulk"
            } else {
                "single"
            };
            json!({
                "sku": item["sku"].clone(),
                "index": index,
                "orderId": order_id.clone(),
                "kind": kind,
                "qty": item["qty"].clone(),
            })
        })
        .collect();
    let count = lines.len();
    members(&mut event).insert("fulfilment".into(), json!({"lines": lines, "count": count}));
    event
}
