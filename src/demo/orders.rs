//! One sample order after the other, the same ones in every run.

use serde_json::json;

use super::{DemoConfig, Kinds};

/// What happens to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It goes through.
    Good,
    /// It has no items.
    Invalid,
    /// Its first validation fails, the second works.
    Flaky,
    /// Its card is refused.
    Refused,
    /// It is not JSON.
    Malformed,
}

/// The orders of a demo.
pub struct Orders {
    kinds: Kinds,
    left: u64,
    number: u64,
    random: u64,
}

const SKUS: [(&str, u64); 5] = [
    ("tea-100", 490),
    ("cup-7", 1_250),
    ("kettle-2", 5_990),
    ("honey-30", 790),
    ("spoon-4", 350),
];

impl Orders {
    /// From the first order on.
    pub fn new(config: &DemoConfig) -> Orders {
        Orders {
            kinds: config.kinds.clone(),
            left: config.count,
            number: 0,
            random: 0x9e37_79b9_7f4a_7c15,
        }
    }

    /// A number below `bound`, by xorshift: anyone's guess, but the same in every run.
    fn below(&mut self, bound: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % bound
    }

    fn kind(&mut self) -> Kind {
        let shares = self.kinds.shares();
        let total = shares.iter().map(|(_, share)| share).sum::<u64>();
        let mut drawn = self.below(total.max(1));
        for (kind, share) in shares {
            if drawn < share {
                return kind;
            }
            drawn -= share;
        }
        Kind::Good
    }

    fn order(&mut self, kind: Kind) -> String {
        let n_items = 1 + self.below(3);
        let mut cents = 0;
        let items: Vec<_> = (0..n_items)
            .map(|_| {
                let (sku, price) = SKUS[self.below(SKUS.len() as u64) as usize];
                let quantity = 1 + self.below(4);
                cents += price * quantity;
                json!({ "sku": sku, "quantity": quantity, "price": price as f64 / 100.0 })
            })
            .collect();
        let card = match kind {
            Kind::Refused => "refused",
            _ => "visa",
        };
        let order = json!({
            "orderId": format!("o-{}", self.number),
            "customerId": format!("c-{}", self.below(500)),
            "channel": if kind == Kind::Flaky { "fax" } else { "web" },
            "items": if kind == Kind::Invalid { Vec::new() } else { items },
            "amount": cents as f64 / 100.0,
            "payment": { "card": card },
        });
        let mut text = order.to_string();
        if kind == Kind::Malformed {
            // As if the producer had died in the middle of it.
            text.truncate(text.len() / 2);
        }
        text
    }
}

impl Iterator for Orders {
    type Item = (String, String);

    /// The next order's key and value.
    fn next(&mut self) -> Option<(String, String)> {
        self.left = self.left.checked_sub(1)?;
        self.number += 1;
        let kind = self.kind();
        let order = self.order(kind);
        Some((format!("o-{}", self.number), order))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value as Json;

    use super::*;

    fn config(kinds: Kinds) -> DemoConfig {
        DemoConfig {
            pipeline: "orders".to_string(),
            rate: 100,
            count: 1_000,
            kinds,
        }
    }

    #[test]
    fn there_are_orders_of_every_kind() {
        let config = config(Kinds::default());
        assert_eq!(config.check(), []);
        let orders: Vec<_> = Orders::new(&config).collect();
        assert_eq!(orders.len(), 1_000);
        let parsed: Vec<Json> = orders
            .iter()
            .filter_map(|(_, value)| serde_json::from_str(value).ok())
            .collect();
        let n_malformed = orders.len() - parsed.len();
        assert!((5..50).contains(&n_malformed), "{n_malformed}");
        let count = |pointer: &str, want: Json| {
            let is = |order: &&Json| order.pointer(pointer) == Some(&want);
            parsed.iter().filter(is).count()
        };
        for (pointer, want) in [
            ("/items", json!([])),
            ("/channel", json!("fax")),
            ("/payment/card", json!("refused")),
        ] {
            let n = count(pointer, want);
            assert!((20..90).contains(&n), "{pointer}: {n}");
        }
        let again: Vec<_> = Orders::new(&config).collect();
        assert_eq!(orders, again);
    }

    #[test]
    fn a_demo_without_orders_is_refused() {
        let none = Kinds {
            good: 0,
            invalid: 0,
            flaky: 0,
            refused: 0,
            malformed: 0,
        };
        assert_eq!(config(none).check().len(), 1);
    }
}
