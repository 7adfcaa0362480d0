//! The `route` decision and the `order` tasks, as every hand-written program takes them.

/// What the eight rules of `route` look at.
pub(super) struct Facts<'a> {
    pub(super) risk: f64,
    pub(super) method: &'a str,
    pub(super) amount: f64,
    pub(super) created: &'a str,
    pub(super) country: &'a str,
    pub(super) shipping: &'a str,
    pub(super) tier: &'a str,
    pub(super) event_type: &'a str,
    pub(super) promo: bool,
}

impl Facts<'_> {
    pub(super) fn route(&self) -> &'static str {
        if self.risk > 0.9 {
            "review"
        } else if self.method == "voucher" && self.amount > 500.0 {
            "voucherreview"
        } else if self.created < "2026-01-01T00:00:00Z" {
            // All events write their time in this one form, which sorts as text.
            "archive"
        } else if self.country == "US" && self.shipping != "standard" {
            "usfast"
        } else if self.amount >= 1000.0 {
            "highvalue"
        } else if self.tier == "gold" {
            "gold"
        } else if self.event_type.starts_with("order.cancel") {
            "cancel"
        } else if self.tier == "new" || self.promo {
            "promo"
        } else {
            "standard"
        }
    }
}

/// Tasks of `order`, answered in the function.
pub(super) enum Payment {
    Captured,
    Declined,
}

/// `ProcessPayment`.
pub(super) fn pay(event_type: &str) -> Payment {
    match event_type {
        "order.cancelled" => Payment::Declined,
        _ => Payment::Captured,
    }
}
