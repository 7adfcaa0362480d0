//! How an expression is refused when it is compiled, and how an evaluation fails: JSONata's codes and texts.

use super::messages::template;

/// Why a text is no JSONata expression, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct CompileError {
    /// JSONata's code, for instance `S0201`.
    pub code: &'static str,
    /// Byte offset in the expression.
    pub position: usize,
    /// JSONata's text for the code.
    pub message: String,
}

impl CompileError {
    pub(super) fn new(code: &'static str, position: usize) -> CompileError {
        CompileError {
            code,
            position,
            message: fill(template(code), &[]),
        }
    }

    pub(super) fn with(
        code: &'static str,
        position: usize,
        inserts: &[(&str, &str)],
    ) -> CompileError {
        CompileError {
            code,
            position,
            message: fill(template(code), inserts),
        }
    }
}

/// Why an evaluation has no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct EvalError {
    /// JSONata's code, for instance `T2001`; `U1001` where a bound of the evaluation is exceeded.
    pub code: &'static str,
    /// Byte offset in the expression of what failed, where it is known.
    pub position: Option<usize>,
    /// The operator or function that failed, where it is known.
    pub token: Option<String>,
    /// JSONata's text for the code, values inserted.
    pub message: String,
}

impl EvalError {
    /// Whether a bound of the evaluation is exceeded: steps, depth, time, memory, the backtracking of a regular expression.
    pub fn is_limit(&self) -> bool {
        matches!(self.code, "U1001" | "D3900" | "D3151")
    }
}

/// An error on its way up: what is inserted into the text is collected until it leaves the evaluator.
///
/// Boxed, so that results of evaluating stay as small as an item.
#[derive(Debug)]
pub(super) struct Failure(Box<Details>);

#[derive(Debug)]
struct Details {
    code: &'static str,
    /// Under which code the text stands.
    text: &'static str,
    position: Option<usize>,
    token: Option<String>,
    /// The names in the template with their JSON texts.
    inserts: Vec<(&'static str, String)>,
}

impl Failure {
    #[cold]
    pub(super) fn new(code: &'static str) -> Failure {
        Failure(Box::new(Details {
            code,
            text: code,
            position: None,
            token: None,
            inserts: Vec::new(),
        }))
    }

    /// An error whose code has several texts.
    pub(super) fn worded(code: &'static str, text: &'static str) -> Failure {
        let mut failure = Failure::new(code);
        failure.0.text = text;
        failure
    }

    /// Sets what the template calls `name`; `json` is the text to insert.
    pub(super) fn insert(mut self, name: &'static str, json: impl Into<String>) -> Failure {
        self.0.inserts.push((name, json.into()));
        self
    }

    /// Sets the place unless a place nearer to the cause is known.
    pub(super) fn at(mut self, position: usize) -> Failure {
        self.0.position.get_or_insert(position);
        self
    }

    /// Names the operator or function unless one nearer to the cause is known.
    pub(super) fn of(mut self, token: &str) -> Failure {
        if self.0.token.is_none() {
            self.0.token = Some(token.to_owned());
        }
        self
    }

    /// Whether a bound of the evaluation was hit.
    pub(super) fn is_of_bounds(&self) -> bool {
        matches!(self.0.code, "U1001" | "D3900")
    }

    pub(super) fn finish(self) -> EvalError {
        let details = *self.0;
        let token = details.token.as_deref().map(quote);
        let mut inserts: Vec<(&str, &str)> = Vec::new();
        for (name, text) in &details.inserts {
            inserts.push((*name, text.as_str()));
        }
        if let (Some(token), Some(bare)) = (&token, &details.token) {
            inserts.push(("token", token));
            inserts.push(("{token", bare));
        }
        EvalError {
            code: details.code,
            position: details.position,
            message: fill(template(details.text), &inserts),
            token: details.token,
        }
    }
}

/// A text as a JSON string.
pub(super) fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Replaces `{{name}}` by the insert of that name, and `{{{name}}}` by the one called `{name`.
fn fill(template: &str, inserts: &[(&str, &str)]) -> String {
    let mut message = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, after)) = after.split_once("}}") else {
            break;
        };
        let insert = inserts
            .iter()
            .find(|(known, _)| *known == name)
            .map_or("", |(_, insert)| *insert);
        message.push_str(before);
        message.push_str(insert);
        rest = if name.starts_with('{') {
            after.strip_prefix('}').unwrap_or(after)
        } else {
            after
        };
    }
    message.push_str(rest);
    message
}
