//! Variables that several rules of a Choice look at: found once.

use super::{ChoiceRule, DataTest};

impl ChoiceRule {
    /// Has each variable that more than one test looks at found only once in each run of the rules; gives their paths. The
    /// scratch wants to know how many there are before the first rule is tried: see `Scratch::begin_rules`.
    pub fn share_variables(rules: &mut [&mut ChoiceRule]) -> Vec<String> {
        let mut seen: Vec<(String, usize)> = Vec::new();
        for rule in rules.iter_mut() {
            each_test(rule, &mut |test| {
                let variable = test.variable();
                // What an indefinite path finds is an array made for whoever asks.
                if !variable.is_definite() {
                    return;
                }
                match seen.iter_mut().find(|(text, _)| text == variable.text()) {
                    Some((_, tests)) => *tests += 1,
                    None => seen.push((variable.text().to_owned(), 1)),
                }
            });
        }
        let shared = seen.into_iter().filter(|(_, tests)| *tests > 1);
        let shared: Vec<String> = shared.map(|(text, _)| text).collect();
        for rule in rules {
            each_test(rule, &mut |test| {
                let place = shared
                    .iter()
                    .position(|text| text == test.variable().text());
                test.share(place);
            });
        }
        shared
    }
}

/// The recursion follows the nesting of the definition, which its parser bounds.
fn each_test(rule: &mut ChoiceRule, visit: &mut impl FnMut(&mut DataTest)) {
    match rule {
        ChoiceRule::Test(test) => visit(test),
        ChoiceRule::Not(rule) => each_test(rule, visit),
        ChoiceRule::And(rules) | ChoiceRule::Or(rules) => {
            rules.iter_mut().for_each(|rule| each_test(rule, visit));
        }
        ChoiceRule::Query(_) | ChoiceRule::Always(_) => {}
    }
}
