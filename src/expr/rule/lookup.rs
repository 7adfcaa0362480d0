//! Rules in a row that compare one variable with literals, answered by one look-up.

use std::ops::Range;

use crate::value::Arena;
use crate::value::Kind;
use crate::value::Value;

use super::data_test::{DataTest, Equality};
use super::{ChoiceRule, ExprError, Scope, Scratch};

/// What a run of rules over one variable comes to: which of them holds first.
#[derive(Debug)]
pub struct Lookup {
    rules: Range<usize>,
    /// Literals of `StringEquals` and their rules; by length, then by bytes.
    texts: Box<[(Box<str>, usize)]>,
    /// Literals of `NumericEquals` and their rules, ascending.
    numbers: Box<[(f64, usize)]>,
    /// The first rule that wants the variable to be there.
    present: Option<usize>,
    missing: Missing,
}

/// What comes of it where the variable is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Missing {
    /// A rule before all comparisons wants just that.
    Holds(usize),
    /// The first comparison fails.
    Fails,
    /// No rule holds.
    Nothing,
}

impl Lookup {
    /// Shorter runs are tried rule by rule as fast.
    const SHORTEST: usize = 4;

    /// All runs that are long enough, in order.
    pub fn all_in(rules: &[&ChoiceRule]) -> Vec<Lookup> {
        let mut lookups = Vec::new();
        let mut start = 0;
        while start < rules.len() {
            let run = rules[start..].iter().map_while(|rule| comparison(rule));
            let variable = comparison(rules[start]).map(|(test, _)| test.variable().text());
            let run = run.take_while(|(test, _)| Some(test.variable().text()) == variable);
            let run: Vec<Equality<'_>> = run.map(|(_, equality)| equality).collect();
            if run.len() >= Lookup::SHORTEST {
                lookups.push(Lookup::of(start, &run));
            }
            start += run.len().max(1);
        }
        lookups
    }

    fn of(start: usize, run: &[Equality<'_>]) -> Lookup {
        let rules = || run.iter().enumerate().map(|(at, test)| (start + at, test));
        let mut texts: Vec<(Box<str>, usize)> = Vec::new();
        let mut numbers: Vec<(f64, usize)> = Vec::new();
        for (rule, test) in rules() {
            match test {
                Equality::Text(text) => texts.push(((*text).into(), rule)),
                Equality::Number(number) => numbers.push((positive_zero(*number), rule)),
                Equality::Present(_) => {}
            }
        }
        // Of equal literals the first rule counts: sorting is stable.
        texts.sort_by(|(a, _), (b, _)| by_length(a, b));
        texts.dedup_by(|(later, _), (first, _)| later == first);
        numbers.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        numbers.dedup_by(|(later, _), (first, _)| later == first);
        let present = rules().find(|(_, test)| matches!(test, Equality::Present(true)));
        let missing = rules().find_map(|(rule, test)| match test {
            Equality::Present(false) => Some(Missing::Holds(rule)),
            Equality::Present(true) => None,
            _ => Some(Missing::Fails),
        });
        Lookup {
            rules: start..start + run.len(),
            texts: texts.into(),
            numbers: numbers.into(),
            present: present.map(|(rule, _)| rule),
            missing: missing.unwrap_or(Missing::Nothing),
        }
    }

    /// The rules that it answers.
    pub fn rules(&self) -> Range<usize> {
        self.rules.clone()
    }

    /// The first of the rules that holds. `first` is the one that the run begins with.
    pub fn find(
        &self,
        first: &ChoiceRule,
        scope: &Scope<'_>,
        arena: &mut Arena,
        scratch: &mut Scratch,
    ) -> Result<Option<usize>, ExprError> {
        let ChoiceRule::Test(test) = first else {
            return Ok(None);
        };
        let Some(value) = test.read(scope, arena, scratch) else {
            return match self.missing {
                Missing::Holds(rule) => Ok(Some(rule)),
                Missing::Nothing => Ok(None),
                Missing::Fails => Err(test.missing()),
            };
        };
        let equal = self.equal_to(value, arena);
        Ok(match (equal, self.present) {
            (Some(equal), Some(present)) => Some(equal.min(present)),
            (equal, present) => equal.or(present),
        })
    }

    fn equal_to(&self, value: Value, arena: &Arena) -> Option<usize> {
        match arena.kind(value) {
            Kind::String => {
                let text = arena.as_str(value)?.decode();
                let place = self
                    .texts
                    .binary_search_by(|(own, _)| by_length(own, &text));
                Some(self.texts[place.ok()?].1)
            }
            Kind::Number => {
                let number = positive_zero(arena.as_number(value)?.as_f64());
                let place = self
                    .numbers
                    .binary_search_by(|(own, _)| own.total_cmp(&number));
                Some(self.numbers[place.ok()?].1)
            }
            _ => None,
        }
    }
}

/// The test of a rule that is nothing but a comparison with a literal.
fn comparison(rule: &ChoiceRule) -> Option<(&DataTest, Equality<'_>)> {
    match rule {
        ChoiceRule::Test(test) => Some((test, test.equality()?)),
        _ => None,
    }
}

fn by_length(a: &str, b: &str) -> std::cmp::Ordering {
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

/// Both zeros are equal.
fn positive_zero(number: f64) -> f64 {
    number + 0.0
}
