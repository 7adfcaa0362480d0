//! Typical expressions over `$states.input` of an event of 1 KB.

pub(crate) const EVENT: &str = include_str!("../machines/event1k.json");

/// Name, expression and what it yields.
pub(crate) const CASES: &[(&str, &str, &str)] = &[
    ("read", "$states.input.customer.address.city", "\"Köln\""),
    ("compare", "$states.input.total > 100", "true"),
    (
        "condition",
        "$states.input.status = 'paid' and $states.input.total > 100 ? 'ship' : 'hold'",
        "\"ship\"",
    ),
    (
        "concat",
        "$states.input.customer.name & ' <' & $states.input.customer.email & '>'",
        "\"Ann Example <ann@example.com>\"",
    ),
    ("sum", "$sum($states.input.items.(price * qty))", "172.75"),
    (
        "filter",
        "$states.input.items[qty > 1].sku",
        "[\"b-2\",\"d-4\"]",
    ),
    (
        "object",
        "{'id': $states.input.id, 'city': $states.input.customer.address.city, 'n': $count($states.input.items)}",
        "{\"id\":\"o-1\",\"city\":\"Köln\",\"n\":4}",
    ),
    (
        "map",
        "$map($states.input.items, function($i){ {'sku': $i.sku, 'cost': $i.price * $i.qty} })[1]",
        "{\"sku\":\"b-2\",\"cost\":25.5}",
    ),
    ("sort", "$states.input.items^(>price)[0].sku", "\"d-4\""),
];
