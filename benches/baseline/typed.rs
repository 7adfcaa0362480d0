//! The cases on typed structs: everything an order can hold is known beforehand. Nothing that interprets can know that,
//! so these are not the bar; they show what knowing is worth.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::order::Facts;
use super::order::Payment;
use super::order::pay;
use super::{Case, DECLINED, Program};

/// A serde data format: the structs are the same for both.
pub(super) trait Codec: 'static {
    fn parse<'e, T: Deserialize<'e>>(text: &'e [u8]) -> T;
    fn print<T: Serialize>(value: &T, out: &mut Vec<u8>);
}

pub(super) struct SerdeJson;

impl Codec for SerdeJson {
    fn parse<'e, T: Deserialize<'e>>(text: &'e [u8]) -> T {
        serde_json::from_slice(text).expect("the event is an order")
    }
    fn print<T: Serialize>(value: &T, out: &mut Vec<u8>) {
        serde_json::to_writer(out, value).expect("a Vec takes everything");
    }
}

pub(super) struct SonicRs;

impl Codec for SonicRs {
    fn parse<'e, T: Deserialize<'e>>(text: &'e [u8]) -> T {
        sonic_rs::from_slice(text).expect("the event is an order")
    }
    fn print<T: Serialize>(value: &T, out: &mut Vec<u8>) {
        sonic_rs::to_writer(out, value).expect("a Vec takes everything");
    }
}

pub(super) fn program<C: Codec>(case: Case) -> Program {
    match case {
        Case::Passthrough => Box::new(|event, out| C::print(&C::parse::<Order<'_>>(event), out)),
        Case::Route => Box::new(|event, out| C::print(&route(&C::parse(event)), out)),
        Case::Order => Box::new(|event, out| C::print(&order(&C::parse(event)), out)),
        Case::Parallel3 => Box::new(|event, out| parallel3::<C>(&C::parse(event), out)),
        Case::Map100 => Box::new(|event, out| C::print(&map100(&C::parse(event)), out)),
    }
}

/// A string, borrowed from the event unless something in it is escaped.
#[derive(Deserialize, Serialize)]
#[serde(transparent)]
struct Text<'e>(#[serde(borrow)] Cow<'e, str>);

/// An event.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Order<'e> {
    #[serde(borrow)]
    event_id: Cow<'e, str>,
    #[serde(borrow)]
    event_type: Cow<'e, str>,
    #[serde(borrow)]
    occurred_at: Cow<'e, str>,
    order: Purchase<'e>,
    customer: Customer<'e>,
    payment: Method<'e>,
    items: Vec<Item<'e>>,
    shipping: Shipping<'e>,
    #[serde(borrow)]
    note: Cow<'e, str>,
    tags: Vec<Text<'e>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    promo: Option<Text<'e>>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Purchase<'e> {
    #[serde(borrow)]
    id: Cow<'e, str>,
    #[serde(borrow)]
    created_at: Cow<'e, str>,
    #[serde(borrow)]
    currency: Cow<'e, str>,
    amount: f64,
    #[serde(borrow)]
    channel: Cow<'e, str>,
    priority: i64,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Customer<'e> {
    #[serde(borrow)]
    id: Cow<'e, str>,
    #[serde(borrow)]
    tier: Cow<'e, str>,
    #[serde(borrow)]
    country: Cow<'e, str>,
    #[serde(borrow)]
    email: Cow<'e, str>,
    risk_score: f64,
}

#[derive(Deserialize, Serialize)]
struct Method<'e> {
    #[serde(borrow)]
    method: Cow<'e, str>,
    #[serde(borrow)]
    token: Cow<'e, str>,
    authorized: bool,
}

#[derive(Deserialize, Serialize)]
struct Item<'e> {
    #[serde(borrow)]
    sku: Cow<'e, str>,
    qty: i64,
    price: f64,
    #[serde(borrow)]
    name: Cow<'e, str>,
    line: i64,
}

#[derive(Deserialize, Serialize)]
struct Shipping<'e> {
    #[serde(borrow)]
    method: Cow<'e, str>,
    address: Address<'e>,
}

#[derive(Deserialize, Serialize)]
struct Address<'e> {
    #[serde(borrow)]
    street: Cow<'e, str>,
    #[serde(borrow)]
    city: Cow<'e, str>,
    #[serde(borrow)]
    zip: Cow<'e, str>,
}

/// An event with members appended.
#[derive(Serialize)]
struct With<'o, 'e, T> {
    #[serde(flatten)]
    event: &'o Order<'e>,
    #[serde(flatten)]
    added: T,
}

#[derive(Serialize)]
struct Routed<'o> {
    routing: Routing<'o>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Routing<'o> {
    route: &'static str,
    order_id: &'o str,
    key: String,
    points: i64,
    skus: Vec<&'o str>,
    lines: usize,
    contact: Contact<'o>,
}

#[derive(Serialize)]
struct Contact<'o> {
    email: &'o str,
    city: &'o str,
}

fn route<'o, 'e>(event: &'o Order<'e>) -> With<'o, 'e, Routed<'o>> {
    let facts = Facts {
        risk: event.customer.risk_score,
        method: &event.payment.method,
        amount: event.order.amount,
        created: &event.order.created_at,
        country: &event.customer.country,
        shipping: &event.shipping.method,
        tier: &event.customer.tier,
        event_type: &event.event_type,
        promo: event.promo.is_some(),
    };
    let routing = Routing {
        route: facts.route(),
        order_id: &event.order.id,
        key: [&event.customer.id, "#", &event.order.id].concat(),
        points: event.order.priority + 10,
        skus: event.items.iter().map(|item| &*item.sku).collect(),
        lines: event.items.len(),
        contact: Contact {
            email: &event.customer.email,
            city: &event.shipping.address.city,
        },
    };
    With {
        event,
        added: Routed { routing },
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Steps {
    validation: Validation,
    inventory: Inventory,
    #[serde(flatten)]
    end: End,
}

#[derive(Serialize)]
struct Validation {
    valid: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Inventory {
    in_stock: bool,
    warehouse: &'static str,
}

#[derive(Serialize)]
#[serde(untagged)]
enum End {
    #[serde(rename_all = "camelCase")]
    Complete {
        payment_result: PaymentResult,
        inventory_update: InventoryUpdate,
        confirmation: Confirmation,
    },
    Failed {
        error: ErrorOutput,
        outcome: Status,
    },
}

#[derive(Serialize)]
struct PaymentResult {
    status: &'static str,
    fee: f64,
}

#[derive(Serialize)]
struct InventoryUpdate {
    reserved: bool,
}

#[derive(Serialize)]
struct Confirmation {
    channel: &'static str,
    sent: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ErrorOutput {
    error: &'static str,
    cause: &'static str,
}

#[derive(Serialize)]
struct Status {
    status: &'static str,
}

fn order<'o, 'e>(event: &'o Order<'e>) -> With<'o, 'e, Steps> {
    let end = match pay(&event.event_type) {
        Payment::Captured => End::Complete {
            payment_result: PaymentResult {
                status: "captured",
                fee: 0.35,
            },
            inventory_update: InventoryUpdate { reserved: true },
            confirmation: Confirmation {
                channel: "email",
                sent: true,
            },
        },
        Payment::Declined => End::Failed {
            error: ErrorOutput {
                error: DECLINED.0,
                cause: DECLINED.1,
            },
            outcome: Status {
                status: "payment_failed",
            },
        },
    };
    let added = Steps {
        validation: Validation { valid: true },
        inventory: Inventory {
            in_stock: true,
            warehouse: "W1",
        },
        end,
    };
    With { event, added }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Merged<'o, 'e> {
    order_id: &'o str,
    event_id: &'o str,
    gross: f64,
    segment: &'o str,
    enriched: Enriched<'o, 'e>,
    items: &'o [Item<'e>],
}

#[derive(Serialize)]
struct Enriched<'o, 'e> {
    price: Price<'o>,
    customer: Segment<'o>,
    shipping: Carriage<'o, 'e>,
}

#[derive(Serialize)]
struct Price<'o> {
    gross: f64,
    currency: &'o str,
    lines: usize,
    rate: f64,
}

#[derive(Serialize)]
struct Segment<'o> {
    id: &'o str,
    risk: f64,
    segment: &'o str,
}

#[derive(Serialize)]
struct Carriage<'o, 'e> {
    to: &'o Address<'e>,
    carrier: &'static str,
    method: &'o str,
}

fn parallel3<C: Codec>(event: &Order<'_>, out: &mut Vec<u8>) {
    let segment = [&event.customer.country, "/", &event.customer.tier].concat();
    let merged = Merged {
        order_id: &event.order.id,
        event_id: &event.event_id,
        gross: event.order.amount,
        segment: &segment,
        enriched: Enriched {
            price: Price {
                gross: event.order.amount,
                currency: &event.order.currency,
                lines: event.items.len(),
                rate: 0.19,
            },
            customer: Segment {
                id: &event.customer.id,
                risk: event.customer.risk_score,
                segment: &segment,
            },
            shipping: Carriage {
                to: &event.shipping.address,
                carrier: "DHL",
                method: &event.shipping.method,
            },
        },
        items: &event.items,
    };
    C::print(&merged, out);
}

#[derive(Serialize)]
struct Fulfilled<'o> {
    fulfilment: Fulfilment<'o>,
}

#[derive(Serialize)]
struct Fulfilment<'o> {
    lines: Vec<Line<'o>>,
    count: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'o> {
    sku: &'o str,
    index: usize,
    order_id: &'o str,
    kind: &'static str,
    qty: i64,
}

fn map100<'o, 'e>(event: &'o Order<'e>) -> With<'o, 'e, Fulfilled<'o>> {
    let line = |(index, item): (usize, &'o Item<'e>)| Line {
        sku: &item.sku,
        index,
        order_id: &event.order.id,
        kind: if item.qty >= 5 { "bulk" } else { "single" },
        qty: item.qty,
    };
    let lines: Vec<Line<'o>> = event.items.iter().enumerate().map(line).collect();
    let count = lines.len();
    With {
        event,
        added: Fulfilled {
            fulfilment: Fulfilment { lines, count },
        },
    }
}
