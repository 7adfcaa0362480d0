//! Our own script format.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::de::{self, DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value as Json;

use super::super::envelope::in_envelope;
use super::super::{Answer, Call, Glob, Handler, Integration, Site};
use super::ScriptError;
use super::answer::{Prepared, Reply};
use super::condition::Condition;
use crate::engine::TaskReply;
use crate::error_name;
use crate::units::HumanDuration;
use crate::value::Document;

/// Answers for tasks, read from a YAML or JSON file.
///
/// ```yaml
/// tasks:
///   # A pattern over the state's name, the function's name and the Resource; the first that matches counts.
///   ValidateOrder:
///     # Rules in order; the first whose conditions all hold answers.
///     - when: { $.kind: invalid }            # places in the task's input and the values they must have
///       error: InvalidOrderException
///       cause: the order has no lines
///     - when: { $.kind: flaky }
///       sequence:                            # one answer per call of the state in an execution, retries and
///         - error: ServiceException          # iterations included; the last one stays
///         - result: { valid: true }
///     - delay: 5ms                           # how long the answer takes; at once where it is left out
///       result: { valid: true }              # any JSON
///   "*Notify*":
///     - echo: true                           # the task's own input
///   "arn:aws:states:::lambda:invoke":
///     - result: { ok: true }                 # arrives as { "Payload": { "ok": true }, "StatusCode": 200, … }
///       envelope: false                      # unless the envelope is to be left out
///   Slow:
///     - never: true                          # no answer, so that the timeout is seen
/// ```
#[derive(Debug)]
pub struct Script {
    tasks: Vec<(Glob, Vec<RuleFile>)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScriptFile {
    tasks: Ordered<Vec<RuleFile>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleFile {
    #[serde(default)]
    when: Ordered<Json>,
    sequence: Option<Vec<AnswerFile>>,
    #[serde(default, deserialize_with = "present")]
    result: Option<Json>,
    error: Option<String>,
    cause: Option<String>,
    delay: Option<HumanDuration>,
    #[serde(default)]
    echo: bool,
    #[serde(default)]
    never: bool,
    envelope: Option<bool>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerFile {
    #[serde(default, deserialize_with = "present")]
    result: Option<Json>,
    error: Option<String>,
    cause: Option<String>,
    delay: Option<HumanDuration>,
    #[serde(default)]
    echo: bool,
    #[serde(default)]
    never: bool,
}

/// The rules of one Task state.
struct Scripted {
    rules: Vec<Rule>,
}

struct Rule {
    conditions: Vec<Condition>,
    /// Never empty.
    sequence: Vec<Prepared>,
}

impl Script {
    /// Reads a script file; `.json` is JSON, everything else YAML.
    pub fn load(path: &Path) -> Result<Script, ScriptError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| ScriptError::one(format!("{}: {error}", path.display())))?;
        let json = path
            .extension()
            .is_some_and(|extension| extension == "json");
        let script = if json {
            Script::from_json(&text)
        } else {
            Script::from_yaml(&text)
        };
        script.map_err(|ScriptError(problems)| {
            let place = |problem: String| format!("{}: {problem}", path.display());
            ScriptError(problems.into_iter().map(place).collect())
        })
    }

    /// Reads YAML.
    pub fn from_yaml(text: &str) -> Result<Script, ScriptError> {
        let file = serde_saphyr::from_str(text);
        Script::new(file.map_err(|error| error.without_snippet().to_string()))
    }

    /// Reads JSON; numbers in results keep all their digits.
    pub fn from_json(text: &str) -> Result<Script, ScriptError> {
        fn read<T: DeserializeOwned>(text: &str) -> Result<T, String> {
            serde_json::from_str(text).map_err(|error| error.to_string())
        }
        Script::new(read(text))
    }

    fn new(file: Result<ScriptFile, String>) -> Result<Script, ScriptError> {
        let tasks = file.map_err(ScriptError::one)?.tasks.0;
        let mut problems = Vec::new();
        for (pattern, rules) in &tasks {
            for (index, rule) in rules.iter().enumerate() {
                if let Err(problem) = Rule::new(rule.clone(), false) {
                    problems.push(format!("/tasks/{pattern}/{index}: {problem}"));
                }
            }
        }
        if !problems.is_empty() {
            return Err(ScriptError(problems));
        }
        let tasks = tasks
            .into_iter()
            .map(|(pattern, rules)| (Glob::new(&pattern), rules))
            .collect();
        Ok(Script { tasks })
    }
}

impl Integration for Script {
    fn bind(&self, site: &Site<'_>) -> Option<Arc<dyn Handler>> {
        let (_, rules) = self.tasks.iter().find(|(pattern, _)| {
            pattern.matches(site.state)
                || pattern.matches(site.resource)
                || site.function().is_some_and(|name| pattern.matches(name))
        })?;
        let prepare = |rule: &RuleFile| {
            Rule::new(rule.clone(), site.is_lambda_invoke())
                .expect("rules were checked when the script was read")
        };
        Some(Arc::new(Scripted {
            rules: rules.iter().map(prepare).collect(),
        }))
    }
}

impl Handler for Scripted {
    fn call(&self, call: Call<'_>) -> Answer {
        let applies = |rule: &&Rule| {
            let mut conditions = rule.conditions.iter();
            conditions.all(|condition| condition.holds(call.arena, call.input))
        };
        match self.rules.iter().find(applies) {
            Some(rule) => {
                let last = rule.sequence.len() - 1;
                rule.sequence[(call.invocation as usize).min(last)].give(&call)
            }
            None => Answer::Now(TaskReply::Error {
                error: Some(error_name::RUNTIME.to_string()),
                cause: Some(format!(
                    "the script has no answer for state \"{}\" with this input",
                    call.state
                )),
            }),
        }
    }
}

impl Rule {
    fn new(file: RuleFile, lambda_invoke: bool) -> Result<Rule, String> {
        let conditions = file.when.0.into_iter();
        let conditions = conditions
            .map(|(path, want)| Condition::new(&path, want))
            .collect::<Result<_, _>>()?;
        let single = AnswerFile {
            result: file.result,
            error: file.error,
            cause: file.cause,
            delay: file.delay,
            echo: file.echo,
            never: file.never,
        };
        let answers = match file.sequence {
            None => vec![single],
            Some(_) if !single.is_empty() => {
                return Err("a rule has either a sequence or one answer".to_string());
            }
            Some(sequence) if sequence.is_empty() => {
                return Err("a sequence has at least one answer".to_string());
            }
            Some(sequence) => sequence,
        };
        let envelope = file.envelope.unwrap_or(true) && lambda_invoke;
        let sequence = answers
            .into_iter()
            .map(|answer| answer.prepare(envelope))
            .collect::<Result<_, _>>()?;
        Ok(Rule {
            conditions,
            sequence,
        })
    }
}

impl AnswerFile {
    fn is_empty(&self) -> bool {
        self.kinds() == 0 && self.cause.is_none() && self.delay.is_none()
    }

    fn kinds(&self) -> usize {
        [
            self.result.is_some(),
            self.error.is_some(),
            self.echo,
            self.never,
        ]
        .into_iter()
        .filter(|given| *given)
        .count()
    }

    fn prepare(self, envelope: bool) -> Result<Prepared, String> {
        if self.kinds() != 1 {
            return Err("an answer has exactly one of result, error, echo and never".to_string());
        }
        if self.cause.is_some() && self.error.is_none() {
            return Err("a cause needs an error".to_string());
        }
        let reply = if let Some(result) = self.result {
            let text = result.to_string().into_bytes();
            let text = if envelope { in_envelope(&text) } else { text };
            Reply::Result(Document::parse(&text).map_err(|error| error.to_string())?)
        } else if let Some(error) = self.error {
            Reply::Error {
                error,
                cause: self.cause,
            }
        } else if self.echo {
            Reply::Echo { envelope }
        } else {
            Reply::Never
        };
        Ok(Prepared {
            delay: self.delay.map_or(Duration::ZERO, |delay| delay.0),
            reply,
        })
    }
}

/// A map in the order of the file.
#[derive(Clone, Debug)]
struct Ordered<T>(Vec<(String, T)>);

impl<T> Default for Ordered<T> {
    fn default() -> Ordered<T> {
        Ordered(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Ordered<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Ordered<T>, D::Error> {
        struct Entries<T>(std::marker::PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Entries<T> {
            type Value = Ordered<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ordered<T>, A::Error> {
                let mut entries: Vec<(String, T)> = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, T>()? {
                    if entries.iter().any(|(known, _)| *known == name) {
                        return Err(de::Error::custom(format!("\"{name}\" is there twice")));
                    }
                    entries.push((name, value));
                }
                Ok(Ordered(entries))
            }
        }

        deserializer.deserialize_map(Entries(std::marker::PhantomData))
    }
}

/// Tells `result: null` from no result.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Json>, D::Error> {
    Json::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests;
