//! The cases on simd-json's tape, read in place, with new members spliced into the event's own bytes. It takes for
//! granted what the interpreter must check: that the event is compact, spells everything as AWS prints it, and has no
//! member twice nor one that is about to be added. `parallel3` keeps nothing of the event, so there is nothing to splice.

use simd_json::prelude::{ValueAsScalar, ValueIntoString, Writable};
use simd_json::tape::{Array, Object, Value};
use simd_json::{Buffers, Tape};

use super::order::Facts;
use super::order::Payment;
use super::order::pay;
use super::{Case, DECLINED, Program};

pub(super) fn program(case: Case) -> Option<Program> {
    match case {
        Case::Passthrough => Some(splicing(|_, _| {})),
        Case::Route => Some(splicing(route)),
        Case::Order => Some(splicing(order)),
        Case::Map100 => Some(splicing(map100)),
        Case::Parallel3 => None,
    }
}

/// The same without taking anything for granted: every member is printed again, since a tape does not know where its
/// values stand in the text. What a lazy tape costs in an interpreter, but for its look-out for repeated names.
pub(super) fn printing_program(case: Case) -> Option<Program> {
    match case {
        Case::Passthrough => Some(printing(|_, _| {})),
        Case::Route => Some(printing(route)),
        Case::Map100 => Some(printing(map100)),
        Case::Order | Case::Parallel3 => None,
    }
}

fn printing(add: fn(&Object<'_, '_>, &mut Vec<u8>)) -> Program {
    let mut scratch = Vec::new();
    let mut buffers = Buffers::default();
    let mut idle = Tape(Vec::new());
    Box::new(move |event, out| {
        scratch.clear();
        scratch.extend_from_slice(event);
        let mut tape = std::mem::replace(&mut idle, Tape(Vec::new())).reset();
        simd_json::fill_tape(&mut scratch, &mut buffers, &mut tape).expect("the event is JSON");
        tape.as_value().write(out).expect("a Vec takes everything");
        out.pop();
        add(
            &tape.as_value().as_object().expect("the event is an object"),
            out,
        );
        out.push(b'}');
        idle = tape.reset();
    })
}

/// Copies the event and lets `add` append members before its last brace.
fn splicing(add: fn(&Object<'_, '_>, &mut Vec<u8>)) -> Program {
    let mut scratch = Vec::new();
    let mut buffers = Buffers::default();
    let mut idle = Tape(Vec::new());
    Box::new(move |event, out| {
        // simd-json unescapes in its input, so it works on a copy.
        scratch.clear();
        scratch.extend_from_slice(event);
        let mut tape = std::mem::replace(&mut idle, Tape(Vec::new())).reset();
        simd_json::fill_tape(&mut scratch, &mut buffers, &mut tape).expect("the event is JSON");
        let (brace, members) = event.split_last().expect("the event is not empty");
        out.extend_from_slice(members);
        add(
            &tape.as_value().as_object().expect("the event is an object"),
            out,
        );
        out.push(*brace);
        idle = tape.reset();
    })
}

fn object<'t, 'e>(parent: &Object<'t, 'e>, name: &str) -> Object<'t, 'e> {
    let member = parent.get(name).and_then(|value| value.as_object());
    member.expect("the member is an object")
}

fn array<'t, 'e>(parent: &Object<'t, 'e>, name: &str) -> Array<'t, 'e> {
    let member = parent.get(name).and_then(|value| value.as_array());
    member.expect("the member is an array")
}

fn text<'e>(parent: &Object<'_, 'e>, name: &str) -> &'e str {
    let member = parent.get(name).and_then(Value::into_string);
    member.expect("the member is a string")
}

fn number(parent: &Object<'_, '_>, name: &str) -> f64 {
    let member = parent.get(name).and_then(|value| value.cast_f64());
    member.expect("the member is a number")
}

fn integer(parent: &Object<'_, '_>, name: &str) -> i64 {
    let member = parent.get(name).and_then(|value| value.as_i64());
    member.expect("the member is an integer")
}

fn print_text(text: &str, out: &mut Vec<u8>) {
    serde_json::to_writer(out, text).expect("a Vec takes everything");
}

fn print_integer(value: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

fn route(event: &Object<'_, '_>, out: &mut Vec<u8>) {
    let customer = object(event, "customer");
    let order = object(event, "order");
    let shipping = object(event, "shipping");
    let facts = Facts {
        risk: number(&customer, "riskScore"),
        method: text(&object(event, "payment"), "method"),
        amount: number(&order, "amount"),
        created: text(&order, "createdAt"),
        country: text(&customer, "country"),
        shipping: text(&shipping, "method"),
        tier: text(&customer, "tier"),
        event_type: text(event, "eventType"),
        promo: event.get("promo").is_some(),
    };
    let (customer_id, order_id) = (text(&customer, "id"), text(&order, "id"));
    out.extend_from_slice(br#","routing":{"route":""#);
    out.extend_from_slice(facts.route().as_bytes());
    out.extend_from_slice(br#"","orderId":"#);
    print_text(order_id, out);
    out.extend_from_slice(br#","key":"#);
    print_text(customer_id, out);
    out.pop();
    out.push(b'#');
    let quote = out.len();
    print_text(order_id, out);
    out.remove(quote);
    out.extend_from_slice(br#","points":"#);
    print_integer(integer(&order, "priority") + 10, out);
    out.extend_from_slice(br#","skus":["#);
    let items = array(event, "items");
    for item in &items {
        print_text(
            text(&item.as_object().expect("the item is an object"), "sku"),
            out,
        );
        out.push(b',');
    }
    out.pop();
    out.extend_from_slice(br#"],"lines":"#);
    print_integer(items.len() as i64, out);
    out.extend_from_slice(br#","contact":{"email":"#);
    print_text(text(&customer, "email"), out);
    out.extend_from_slice(br#","city":"#);
    print_text(text(&object(&shipping, "address"), "city"), out);
    out.extend_from_slice(b"}}");
}

fn order(event: &Object<'_, '_>, out: &mut Vec<u8>) {
    out.extend_from_slice(
        br#","validation":{"valid":true},"inventory":{"inStock":true,"warehouse":"W1"}"#,
    );
    match pay(text(event, "eventType")) {
        Payment::Captured => out.extend_from_slice(
            br#","paymentResult":{"status":"captured","fee":0.35},"inventoryUpdate":{"reserved":true},"confirmation":{"channel":"email","sent":true}"#,
        ),
        Payment::Declined => {
            out.extend_from_slice(br#","error":{"Error":"#);
            print_text(DECLINED.0, out);
            out.extend_from_slice(br#","Cause":"#);
            print_text(DECLINED.1, out);
            out.extend_from_slice(br#"},"outcome":{"status":"payment_failed"}"#);
        }
    }
}

fn map100(event: &Object<'_, '_>, out: &mut Vec<u8>) {
    let order_id = text(&object(event, "order"), "id");
    let items = array(event, "items");
    out.extend_from_slice(br#","fulfilment":{"lines":["#);
    for (index, item) in items.iter().enumerate() {
        let item = item.as_object().expect("the item is an object");
        let qty = integer(&item, "qty");
        out.extend_from_slice(br#"{"sku":"#);
        print_text(text(&item, "sku"), out);
        out.extend_from_slice(br#","index":"#);
        print_integer(index as i64, out);
        out.extend_from_slice(br#","orderId":"#);
        print_text(order_id, out);
        out.extend_from_slice(if qty >= 5 {
            br#","kind":"bulk","qty":"#
        } else {
            br#","kind":"single","qty":"#.as_slice()
        });
        print_integer(qty, out);
        out.extend_from_slice(b"},");
    }
    out.pop();
    out.extend_from_slice(br#"],"count":"#);
    print_integer(items.len() as i64, out);
    out.push(b'}');
}
