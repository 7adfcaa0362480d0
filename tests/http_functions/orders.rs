//! Orders, and what has to become of them.

use serde_json::{Value, json};

/// One of ten has no items, one of ten a card that is refused.
pub(crate) fn order(number: usize) -> Value {
    match number % 10 {
        8 => json!({ "orderId": number, "items": [] }),
        9 => json!({ "orderId": number, "items": [1], "payment": { "card": "refused" } }),
        _ => json!({ "orderId": number, "items": [1] }),
    }
}

/// What becomes of it, and how many of its functions are called.
pub(crate) fn want(number: usize) -> (Value, usize) {
    let mut order = order(number);
    let sent = json!({ "sent": true, "channel": "mail" });
    let error = |name: &str, message: &str| {
        let cause = format!("{{\"errorType\": \"{name}\", \"errorMessage\": \"{message}\"}}");
        json!({ "Error": name, "Cause": cause })
    };
    let mut set = |name: &str, value: Value| order[name] = value;
    let calls = match number % 10 {
        8 => {
            set(
                "error",
                error("InvalidOrderException", "the order has no items"),
            );
            set("notification", sent);
            2
        }
        9 => {
            set("validation", json!({ "valid": true, "attempts": 1 }));
            set(
                "inventory",
                json!({ "available": true, "warehouse": "north" }),
            );
            set(
                "error",
                error("PaymentFailedException", "the issuer refused the card"),
            );
            set("notification", sent);
            4
        }
        _ => {
            set("validation", json!({ "valid": true, "attempts": 1 }));
            set(
                "inventory",
                json!({ "available": true, "warehouse": "north" }),
            );
            set(
                "payment",
                json!({ "status": "captured", "provider": "example-pay" }),
            );
            set("stock", json!({ "reserved": true }));
            set("confirmation", sent);
            5
        }
    };
    (order, calls)
}
