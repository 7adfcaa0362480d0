//! Sample orders for the quick start: a stream with something of everything. Knows no pipelines.

mod orders;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use orders::{Kind, Orders};

/// The `demo` section of a config: sends sample orders to the input topic of a pipeline.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct DemoConfig {
    /// The pipeline; it reads a Kafka topic.
    pub pipeline: String,
    /// Orders per second.
    #[serde(default = "rate")]
    pub rate: u32,
    /// How many orders there are in all.
    #[serde(default = "count")]
    pub count: u64,
    /// How many of each kind there are in a hundred.
    #[serde(default)]
    pub kinds: Kinds,
}

/// Kinds of orders, in shares of their sum.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct Kinds {
    /// Nothing is wrong with it.
    pub good: u32,
    /// It has no items: `InvalidOrderException`, caught.
    pub invalid: u32,
    /// The first call fails with `ServiceException`, the retry after two seconds works.
    pub flaky: u32,
    /// The card is refused: `PaymentFailedException`, caught.
    pub refused: u32,
    /// It is not JSON: a dead letter.
    pub malformed: u32,
}

fn rate() -> u32 {
    500
}

fn count() -> u64 {
    5_000
}

impl Default for Kinds {
    fn default() -> Kinds {
        Kinds {
            good: 84,
            invalid: 5,
            flaky: 4,
            refused: 5,
            malformed: 2,
        }
    }
}

impl DemoConfig {
    /// Everything that is out of bounds: key and reason.
    pub fn check(&self) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        if !(1..=1_000_000).contains(&self.rate) {
            problems.push((
                "rate",
                format!("{} is not between 1 and 1000000", self.rate),
            ));
        }
        if self.kinds.shares().iter().all(|(_, share)| *share == 0) {
            problems.push(("kinds", "there is no kind of order left".to_string()));
        }
        problems
    }
}

impl Kinds {
    fn shares(&self) -> [(Kind, u64); 5] {
        [
            (Kind::Good, self.good),
            (Kind::Invalid, self.invalid),
            (Kind::Flaky, self.flaky),
            (Kind::Refused, self.refused),
            (Kind::Malformed, self.malformed),
        ]
        .map(|(kind, share)| (kind, u64::from(share)))
    }
}
