//! How much a plan computes between two waits.

use super::{Cost, Next, Plan, State, StateId, StateKind};

impl Plan {
    /// A bound on the work between two waits. None where there is none to be had: states may lead back to themselves
    /// without waiting, or an expression is a JSONata program, whose work is anything.
    pub fn stretch(&self) -> Option<Cost> {
        let mut walk = Walk {
            plan: self,
            seen: vec![Seen::Not; self.states.len()],
        };
        let straight_ahead = self
            .states()
            .all(|(id, state)| !state.is_jsonata && walk.ends(id));
        straight_ahead.then(|| self.top().work)
    }
}

/// A walk along the ways from state to state, without those that wait.
struct Walk<'a> {
    plan: &'a Plan,
    /// By state.
    seen: Vec<Seen>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    Not,
    /// Its ways are being walked.
    Open,
    /// All its ways end.
    Ends,
}

impl Walk<'_> {
    /// Whether every way from here ends or waits. Definitions are small, and the longest way is as deep as they are long.
    fn ends(&mut self, from: StateId) -> bool {
        let mut stack = vec![(from, 0)];
        while let Some((id, way)) = stack.pop() {
            let seen = &mut self.seen[id.index()];
            if way == 0 {
                match seen {
                    Seen::Not => *seen = Seen::Open,
                    Seen::Open => return false,
                    Seen::Ends => continue,
                }
            }
            match way_out(self.plan.state(id), way) {
                None => self.seen[id.index()] = Seen::Ends,
                Some(next) => stack.extend([(id, way + 1), (next, 0)]),
            }
        }
        true
    }
}

/// The ways out of a state that does not wait, by number.
fn way_out(state: &State, number: usize) -> Option<StateId> {
    match &state.kind {
        // What comes after them comes after a wait.
        StateKind::Task(_) | StateKind::Wait(_) => None,
        StateKind::Choice(choice) => {
            let rules = choice.rules.iter().map(|rule| rule.next);
            rules.chain(choice.default).nth(number)
        }
        _ => {
            let next = match state.next {
                Next::State(next) => Some(next),
                Next::End => None,
            };
            let caught = state.catch.iter().map(|catcher| catcher.next);
            caught.chain(next).nth(number)
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::asl;
    use crate::plan;

    #[track_caller]
    fn check(states: &str, bounded: bool) {
        let definition = format!(r#"{{"StartAt": "A", "States": {{{states}}}}}"#);
        let (machine, _) = asl::parse(&definition).unwrap();
        let plan = plan::compile(&machine).unwrap();
        assert_eq!(plan.stretch().is_some(), bounded, "{states}");
    }

    #[test]
    fn a_way_back_without_a_wait_has_no_bound() {
        let choice = r#""A": {"Type": "Choice", "Default": "B",
            "Choices": [{"Variable": "$.x", "IsPresent": true, "Next": "C"}]}, "C": {"Type": "Succeed"}"#;
        check(
            &format!(r#"{choice}, "B": {{"Type": "Pass", "Next": "C"}}"#),
            true,
        );
        check(
            &format!(r#"{choice}, "B": {{"Type": "Pass", "Next": "A"}}"#),
            false,
        );
        check(
            &format!(r#"{choice}, "B": {{"Type": "Wait", "Seconds": 1, "Next": "A"}}"#),
            true,
        );
        let task = r#""Type": "Task", "Resource": "local:a""#;
        check(&format!(r#"{choice}, "B": {{{task}, "Next": "A"}}"#), true);
    }

    #[test]
    fn branches_count_and_programs_have_no_bound() {
        let inner = |back: &str| {
            format!(
                r#""A": {{"Type": "Parallel", "End": true, "Branches": [{{"StartAt": "P", "States": {{
                "P": {{"Type": "Pass", "Next": "Q"}},
                "Q": {{"Type": "Choice", "Default": "{back}", "Choices": [{{"Variable": "$.x", "IsPresent": true, "Next": "E"}}]}},
                "E": {{"Type": "Succeed"}}}}}}]}}"#
            )
        };
        check(&inner("E"), true);
        check(&inner("P"), false);
        check(
            r#""A": {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $x %}", "End": true}"#,
            false,
        );
    }
}
