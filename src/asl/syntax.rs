//! Checks paths, intrinsic calls and payload templates with the parsers of `expr`, which the plan compiles them with.

use super::codes;
use super::field::Field;
use super::reader::{Node, Reader, schema, shorten};
use crate::diagnostic::Refusal;
use crate::expr::Expression;
use crate::expr::Path;
use crate::expr::Query;
use crate::expr::QueryPlace;
use crate::expr::ReferencePath;
use crate::expr::ResultPath;
use crate::expr::SyntaxError;
use crate::expr::Template;
use crate::expr::timestamp;

/// A Path: `Variable`.
pub(super) fn path(reader: &mut Reader<'_>, node: &Node) -> Option<Field<String>> {
    checked(reader, node, codes::INVALID_PATH, "a path", |text| {
        Path::parse(text).map(drop)
    })
}

/// A path or an intrinsic call: `InputPath`, `OutputPath`.
pub(super) fn expression(reader: &mut Reader<'_>, node: &Node) -> Option<Field<String>> {
    let wanted = "a path or an intrinsic function call";
    checked(reader, node, codes::INVALID_PATH, wanted, Expression::check)
}

/// A path that names exactly one node: `SecondsPath`, `MaxConcurrencyPath`, ….
pub(super) fn reference_path(reader: &mut Reader<'_>, node: &Node) -> Option<Field<String>> {
    let wanted = "a reference path";
    checked(reader, node, codes::NOT_A_REFERENCE_PATH, wanted, |text| {
        ReferencePath::parse(text).map(drop)
    })
}

/// A reference path or an intrinsic call: `ItemsPath`.
pub(super) fn items_path(reader: &mut Reader<'_>, node: &Node) -> Option<Field<String>> {
    if reader.text(node).is_some_and(|text| is_call(&text)) {
        return expression(reader, node);
    }
    reference_path(reader, node)
}

/// Where a result goes: a reference path into the input itself.
pub(super) fn result_path(reader: &mut Reader<'_>, node: &Node) -> Option<Field<String>> {
    let wanted = "a reference path into the state's input";
    let code = codes::NOT_A_REFERENCE_PATH;
    checked(reader, node, code, wanted, ResultPath::check)
}

/// A reference path or an intrinsic call that yields a string: `ErrorPath`, `CausePath`.
pub(super) fn string_path(reader: &mut Reader<'_>, node: &Node) -> Option<Field<String>> {
    let text = reader.string(node)?;
    if !is_call(&text) {
        return reference_path(reader, node);
    }
    let called = text.split('(').next().unwrap_or_default();
    if !STRING_FUNCTIONS.contains(&called) {
        let message = format!(
            "must be a reference path or one of the functions that yield a string [{}], not {:?}",
            STRING_FUNCTIONS.join(", "),
            shorten(&text)
        );
        reader.error(node, codes::NOT_A_STRING_FUNCTION, message);
        return None;
    }
    expression(reader, node)
}

/// The functions that `ErrorPath` and `CausePath` may call.
const STRING_FUNCTIONS: &[&str] = &[
    "States.ArrayGetItem",
    "States.Base64Decode",
    "States.Base64Encode",
    "States.Format",
    "States.Hash",
    "States.JsonToString",
    "States.UUID",
];

fn is_call(text: &str) -> bool {
    !text.starts_with('$')
}

fn checked(
    reader: &mut Reader<'_>,
    node: &Node,
    code: &'static str,
    wanted: &str,
    check: impl FnOnce(&str) -> Result<(), SyntaxError>,
) -> Option<Field<String>> {
    let text = reader.string(node)?;
    if let Err(problem) = check(&text) {
        let shown = shorten(&text);
        if text.contains(['$', '(']) {
            let message = format!("{shown:?} is not {wanted}: {}", located(&problem));
            reader.error(node, code, message);
        } else {
            let message = format!("{shown:?} is not {wanted}");
            let help = format!(
                "a path begins with '$': did you mean {:?}?",
                format!("$.{shown}")
            );
            reader.error_with_help(node, code, message, Some(help));
        }
        return None;
    }
    Some(text)
}

/// What the parser said, and where unless it is the beginning.
fn located(problem: &SyntaxError) -> String {
    match problem.offset {
        0 => problem.message.clone(),
        _ => problem.to_string(),
    }
}

/// An RFC 3339 timestamp.
pub(super) fn timestamp(reader: &mut Reader<'_>, node: &Node) -> Option<Field<String>> {
    let text = reader.string(node)?;
    if timestamp::parse(&text).is_none() {
        let message = format!(
            "{:?} does not match RFC3339 timestamp, for instance \"2030-01-31T12:00:00Z\"",
            shorten(&text)
        );
        let refusal = schema("String does not match RFC3339 timestamp", &node.location);
        reader.refuse(node, codes::INVALID_TIMESTAMP, message, None, refusal);
        return None;
    }
    Some(text)
}

/// The expression of a JSONata string; `None` for anything else.
pub(super) fn query(
    reader: &mut Reader<'_>,
    node: &Node,
    place: QueryPlace,
) -> Option<Field<String>> {
    let text = reader.text(node)?;
    let expression = Query::expression_in(&text)?;
    queries(reader, node, place);
    Some(reader.field(node, expression.to_owned()))
}

/// A value with JSONata strings in it; every one that is wrong is a problem of its own.
pub(super) fn queries(reader: &mut Reader<'_>, node: &Node, place: QueryPlace) {
    for problem in Template::check_queries(reader.document, node.value, place) {
        let at = reader.below(node, &problem.pointer);
        let (code, aws_code) = match problem.unsupported {
            true => (codes::UNSUPPORTED_QUERY, "UNSUPPORTED_JSONATA_EXPRESSION"),
            false => (codes::INVALID_QUERY, "INVALID_JSONATA_EXPRESSION"),
        };
        let refusal = Refusal {
            code: aws_code,
            ..schema(problem.message.as_str(), &at.location)
        };
        reader.refuse(&at, code, problem.message, None, refusal);
    }
}

/// A payload template; every field of it that is wrong is a problem of its own.
pub(super) fn template(reader: &mut Reader<'_>, node: &Node) {
    for problem in Template::check(reader.document, node.value) {
        let at = reader.below(node, &problem.pointer);
        let message = match problem.detail {
            Some(detail) => format!("{}: {}", problem.message, located(&detail)),
            None => problem.message.clone(),
        };
        let refusal = schema(problem.message, &node.location);
        reader.refuse(&at, codes::INVALID_TEMPLATE, message, None, refusal);
    }
    warn_of_missing_dollars(reader, node);
}

/// Warns of strings that look like expressions under names without `.$`: they stay as they are.
fn warn_of_missing_dollars(reader: &mut Reader<'_>, template: &Node) {
    let mut open = vec![template.clone()];
    while let Some(node) = open.pop() {
        for member in reader.members(&node) {
            let literal = !member.name.ends_with(".$");
            match reader.text(&member.node) {
                Some(text) if literal && looks_like_expression(&text) => {
                    let message = format!(
                        "{:?} looks like an expression, but is plain text",
                        shorten(&text)
                    );
                    let help = format!("call the field {:?} to have it evaluated", {
                        format!("{}.$", member.name)
                    });
                    reader.warning(&member.key, codes::NO_DOLLAR, message, Some(help));
                }
                Some(_) => {}
                None => open.push(member.node),
            }
        }
        open.extend(reader.elements_of(&node));
    }
}

/// Whether a string is probably meant as a path or an intrinsic call.
pub(super) fn looks_like_expression(text: &str) -> bool {
    let path = text == "$" || text.starts_with("$.") || text.starts_with("$$.");
    path || (text.starts_with("States.") && text.ends_with(')'))
}
