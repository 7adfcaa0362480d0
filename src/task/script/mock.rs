//! AWS's `MockConfigFile.json`, read as it is.

use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;

use super::super::{Answer, Call, Handler, Integration, Site};
use super::ScriptError;
use super::answer::{Prepared, Reply};
use crate::engine::TaskReply;
use crate::error_name;
use crate::value::Arena;
use crate::value::Constants;
use crate::value::Document;
use crate::value::Kind;
use crate::value::ParseLimits;
use crate::value::Value;

/// One test case of a mock file: state name → responses per invocation.
///
/// Invocations of a state are counted from 0 within an execution, retries and Map iterations included. States that the
/// test case does not list are not answered here; the next binding may answer them.
#[derive(Debug)]
pub struct Mock {
    states: Vec<(String, Responses)>,
}

/// The answers of one state by number of invocation.
#[derive(Clone, Debug, Default)]
struct Responses(Arc<[(RangeInclusive<u32>, Prepared)]>);

impl Mock {
    /// Reads the test case `case` of the state machine `machine` in a mock file.
    pub fn load(path: &Path, machine: &str, case: &str) -> Result<Mock, ScriptError> {
        let text = std::fs::read(path)
            .map_err(|error| ScriptError::one(format!("{}: {error}", path.display())))?;
        Mock::parse(&text, machine, case).map_err(|ScriptError(problems)| {
            let place = |problem: String| format!("{}: {problem}", path.display());
            ScriptError(problems.into_iter().map(place).collect())
        })
    }

    /// The same from text.
    pub fn parse(text: &[u8], machine: &str, case: &str) -> Result<Mock, ScriptError> {
        let limits = ParseLimits {
            depth: 512,
            reject_duplicate_keys: true,
        };
        let mut arena = Arena::new(Constants::empty());
        let root = arena
            .parse_consumed(text, limits)
            .map_err(|error| ScriptError::one(error.to_string()))?;
        Reader {
            arena: &arena,
            problems: Vec::new(),
        }
        .read(root, machine, case)
    }
}

impl Integration for Mock {
    fn bind(&self, site: &Site<'_>) -> Option<Arc<dyn Handler>> {
        let (_, responses) = self.states.iter().find(|(state, _)| state == site.state)?;
        Some(Arc::new(responses.clone()))
    }
}

impl Handler for Responses {
    fn call(&self, call: Call<'_>) -> Answer {
        let entry = self
            .0
            .iter()
            .find(|(range, _)| range.contains(&call.invocation));
        match entry {
            Some((_, answer)) => answer.give(&call),
            None => Answer::Now(TaskReply::Error {
                error: Some(error_name::RUNTIME.to_string()),
                cause: Some(format!(
                    "the mocked responses of state \"{}\" have none for invocation {}",
                    call.state, call.invocation
                )),
            }),
        }
    }
}

/// Walks a mock file and collects what is wrong with the part that is used.
struct Reader<'a> {
    arena: &'a Arena,
    problems: Vec<String>,
}

impl Reader<'_> {
    fn read(mut self, root: Value, machine: &str, case: &str) -> Result<Mock, ScriptError> {
        let path = ["StateMachines", machine, "TestCases", case];
        let mut found = root;
        for (depth, name) in path.iter().enumerate() {
            found = self.member(found, name).ok_or_else(|| {
                let at = path[..depth].iter().map(|name| format!("/{name}"));
                let there = self.names(found).join(", ");
                let at = at.collect::<String>();
                ScriptError::one(format!("{at}: there is no \"{name}\", only: {there}"))
            })?;
        }
        let responses = self.member(root, "MockedResponses");
        let mut states = Vec::new();
        for (state, key) in self.members(found) {
            let key = self.text(key).unwrap_or_default();
            match responses.and_then(|all| self.member(all, &key)) {
                Some(entries) => states.push((state, self.responses(&key, entries))),
                None => self.problems.push(format!(
                    "/StateMachines/{machine}/TestCases/{case}/{state}: no mocked response is called \"{key}\""
                )),
            }
        }
        match self.problems.is_empty() {
            true => Ok(Mock { states }),
            false => Err(ScriptError(self.problems)),
        }
    }

    fn responses(&mut self, key: &str, entries: Value) -> Responses {
        let mut responses = Vec::new();
        for (invocations, entry) in self.members(entries) {
            let place = format!("/MockedResponses/{key}/{invocations}");
            match (range(&invocations), self.response(entry)) {
                (Some(range), Ok(answer)) => responses.push((range, answer)),
                (None, _) => self
                    .problems
                    .push(format!("{place}: neither a number nor a range such as 1-2")),
                (_, Err(problem)) => self.problems.push(format!("{place}: {problem}")),
            }
        }
        Responses(responses.into())
    }

    fn response(&self, entry: Value) -> Result<Prepared, &'static str> {
        match (self.member(entry, "Return"), self.member(entry, "Throw")) {
            (Some(result), None) => {
                let mut text = Vec::new();
                self.arena.print(result, &mut text);
                let result = Document::parse(&text).map_err(|_| "the result is no JSON")?;
                Ok(Prepared::now(Reply::Result(result)))
            }
            (None, Some(throw)) => {
                let field = |name| self.member(throw, name).and_then(|value| self.text(value));
                match (field("Error"), field("Cause")) {
                    (Some(error), cause) => Ok(Prepared::now(Reply::Error { error, cause })),
                    (None, _) => Err("Throw has no Error"),
                }
            }
            _ => Err("an entry has exactly one of Return and Throw"),
        }
    }

    fn member(&self, object: Value, name: &str) -> Option<Value> {
        (self.arena.kind(object) == Kind::Object)
            .then(|| self.arena.get_by_name(object, name))
            .flatten()
    }

    fn members(&self, object: Value) -> Vec<(String, Value)> {
        if self.arena.kind(object) != Kind::Object {
            return Vec::new();
        }
        let members = self.arena.members(object);
        members
            .map(|(name, value)| (self.text(name).unwrap_or_default(), value))
            .collect()
    }

    fn names(&self, object: Value) -> Vec<String> {
        let members = self.members(object).into_iter();
        members.map(|(name, _)| name).collect()
    }

    fn text(&self, value: Value) -> Option<String> {
        Some(self.arena.as_str(value)?.decode().into_owned())
    }
}

/// `3` or `1-2`, both ends included.
fn range(text: &str) -> Option<RangeInclusive<u32>> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let range = first.parse().ok()?..=last.parse().ok()?;
    (!range.is_empty()).then_some(range)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"{
      "StateMachines": { "Orders": { "TestCases": {
        "Flaky": { "Charge": "ChargeFlaky" },
        "Broken": { "Charge": "Missing", "Ship": "NoRange" } } } },
      "MockedResponses": {
        "ChargeFlaky": {
          "0": { "Throw": { "Error": "Busy", "Cause": "later" } },
          "1-2": { "Throw": { "Error": "Worse", "Cause": "boom" } },
          "3": { "Return": { "StatusCode": 200, "Payload": { "total": 1.50 } } } },
        "NoRange": { "2-1": { "Return": 1 }, "0": { "Return": 1, "Throw": {} } } } }"#;

    fn call(mock: &Mock, state: &str, invocation: u32) -> Option<TaskReply> {
        let site = Site {
            state,
            resource: "r",
            function_name: None,
        };
        let arena = Arena::new(Constants::empty());
        let call = Call {
            invocation,
            ..Call::example(&arena, Value::NULL, state)
        };
        match mock.bind(&site)?.call(call) {
            Answer::Now(reply) => Some(reply),
            _ => None,
        }
    }

    #[test]
    fn answers_by_invocation() {
        let mock = Mock::parse(FILE.as_bytes(), "Orders", "Flaky").unwrap();
        let error = |name: &str, cause: &str| {
            Some(TaskReply::Error {
                error: Some(name.to_string()),
                cause: Some(cause.to_string()),
            })
        };
        assert_eq!(call(&mock, "Charge", 0), error("Busy", "later"));
        assert_eq!(call(&mock, "Charge", 1), error("Worse", "boom"));
        assert_eq!(call(&mock, "Charge", 2), error("Worse", "boom"));
        let result = br#"{"StatusCode":200,"Payload":{"total":1.5}}"#;
        assert_eq!(
            call(&mock, "Charge", 3),
            Some(TaskReply::Known(Document::parse(result).unwrap()))
        );
        let none = "the mocked responses of state \"Charge\" have none for invocation 4";
        assert_eq!(call(&mock, "Charge", 4), error("States.Runtime", none));
        assert_eq!(call(&mock, "Ship", 0), None);
    }

    #[track_caller]
    fn refused(machine: &str, case: &str, want: &[&str]) {
        let error = Mock::parse(FILE.as_bytes(), machine, case).unwrap_err();
        assert_eq!(error.0, want);
    }

    #[test]
    fn everything_wrong_is_reported() {
        refused(
            "Order",
            "Flaky",
            &["/StateMachines: there is no \"Order\", only: Orders"],
        );
        refused(
            "Orders",
            "Broken",
            &[
                "/StateMachines/Orders/TestCases/Broken/Charge: no mocked response is called \"Missing\"",
                "/MockedResponses/NoRange/2-1: neither a number nor a range such as 1-2",
                "/MockedResponses/NoRange/0: an entry has exactly one of Return and Throw",
            ],
        );
    }
}
