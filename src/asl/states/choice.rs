//! Choice: where to go, by rules over the input.

use super::super::codes;
use super::super::fields::Fields;
use super::super::query_language::QueryLanguage;
use super::super::reader::{Node, Reader};
use super::super::syntax;
use super::super::{Field, NullablePath, Place};
use crate::expr;
use crate::expr::Operand;
use crate::expr::Operator;
use crate::expr::QueryPlace;
use crate::value::ConstantsBuilder;
use crate::value::Kind;
use crate::value::Value;

/// A Choice state.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Choice {
    pub input_path: NullablePath,
    pub output_path: NullablePath,
    /// `Choices`: tried in order, the first that holds wins; never empty.
    pub choices: Vec<ChoiceRule>,
    /// Where to go when no rule holds.
    pub default: Option<Field<String>>,
}

/// One entry of `Choices`.
#[derive(Clone, Debug)]
pub struct ChoiceRule {
    /// When it holds.
    pub condition: Condition,
    /// Where it leads.
    pub next: Field<String>,
    /// Variables to assign when it holds.
    pub assign: Option<Field<Value>>,
    /// JSONata: the state's output when it holds.
    pub output: Option<Field<Value>>,
    /// The rule.
    pub place: Place,
}

/// What a rule asks. Nesting is bounded by the parser.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum Condition {
    /// Never empty.
    And(Vec<Condition>),
    /// Never empty.
    Or(Vec<Condition>),
    Not(Box<Condition>),
    Test(DataTest),
    /// The JSONata expression of `Condition`.
    Query(Field<String>),
    /// A `Condition` that is written down.
    Always(bool),
}

/// A comparison of one value.
#[derive(Clone, Debug)]
pub struct DataTest {
    /// `Variable`: a path.
    pub variable: Field<String>,
    /// The comparison.
    pub operator: Operator,
    /// What it compares with: a literal that suits the operator, or the text of a path for a `…Path` operator.
    pub operand: Field<Value>,
}

impl Choice {
    pub(super) fn read(fields: &mut Fields<'_, '_>) -> Option<Choice> {
        let choices = fields.require("Choices").map(|node| {
            let reader = &mut *fields.reader;
            let nodes = reader.elements(&node);
            let rules = nodes.iter().map(|node| ChoiceRule::read(reader, node));
            // All are read before the first broken one counts.
            rules.collect::<Vec<_>>()
        });
        Some(Choice {
            input_path: fields.data_path("InputPath"),
            output_path: fields.data_path("OutputPath"),
            default: fields.string("Default"),
            choices: choices?.into_iter().collect::<Option<Vec<_>>>()?,
        })
    }
}

impl ChoiceRule {
    fn read(reader: &mut Reader<'_>, node: &Node) -> Option<ChoiceRule> {
        let mut fields = Fields::of(reader, node, "a choice rule")?;
        let next = fields.required_string("Next");
        let assign = fields.assign(QueryPlace::Before);
        let output = fields.value("Output", QueryPlace::Before);
        let condition = match fields.language {
            QueryLanguage::JsonPath => Condition::read(&mut fields, 0),
            QueryLanguage::Jsonata => Condition::read_query(&mut fields),
        };
        let place = fields.reader.place(node);
        fields.finish();
        Some(ChoiceRule {
            condition: condition?,
            next: next?,
            assign,
            output,
            place,
        })
    }
}

/// Deepest nesting of `And`, `Or` and `Not`.
const MAX_RULE_DEPTH: usize = 64;

impl Condition {
    /// What the rule at `fields` asks; leaves `Next` and the like to its caller.
    fn read(fields: &mut Fields<'_, '_>, depth: usize) -> Option<Condition> {
        fields.comment();
        const COMBINATIONS: [&str; 3] = ["And", "Or", "Not"];
        let [and, or, not] = COMBINATIONS.map(|name| fields.take(name));
        let variable = fields.take("Variable");
        let operators = take_operators(fields);
        let mut kinds: Vec<&str> = COMBINATIONS
            .into_iter()
            .chain(["Variable"])
            .filter(|name| fields.key(name).is_some())
            .collect();
        if variable.is_none() && !operators.is_empty() {
            kinds.push("Variable");
            fields.missing("Variable");
        }
        if let [first, others @ ..] = kinds.as_slice() {
            for other in others {
                fields.exclusive(first, other);
            }
        } else {
            let message = "a choice rule needs one of [Variable, And, Or, Not]";
            fields
                .reader
                .error(&fields.node, codes::MISSING_FIELD, message);
        }
        if let Some(list) = and {
            return Condition::read_list(fields.reader, &list, depth).map(Condition::And);
        }
        if let Some(list) = or {
            return Condition::read_list(fields.reader, &list, depth).map(Condition::Or);
        }
        if let Some(rule) = not {
            let rule = Condition::read_nested(fields.reader, &rule, depth)?;
            return Some(Condition::Not(Box::new(rule)));
        }
        DataTest::read(fields, &variable?, &operators).map(Condition::Test)
    }

    /// `Condition`: true, false or an expression.
    fn read_query(fields: &mut Fields<'_, '_>) -> Option<Condition> {
        fields.comment();
        let node = fields.require("Condition")?;
        match syntax::query(fields.reader, &node, QueryPlace::Before) {
            Some(expression) => Some(Condition::Query(expression)),
            None => fields.reader.bool(&node).map(Condition::Always),
        }
    }

    fn read_list(reader: &mut Reader<'_>, list: &Node, depth: usize) -> Option<Vec<Condition>> {
        let nodes = reader.elements(list);
        let rules: Vec<_> = nodes
            .iter()
            .map(|node| Condition::read_nested(reader, node, depth))
            .collect();
        rules.into_iter().collect()
    }

    fn read_nested(reader: &mut Reader<'_>, node: &Node, depth: usize) -> Option<Condition> {
        if depth == MAX_RULE_DEPTH {
            let message = format!("choice rules are nested more than {MAX_RULE_DEPTH} deep");
            reader.error(node, codes::TOO_DEEP, message);
            return None;
        }
        let mut fields = Fields::of(reader, node, "a choice rule")?;
        for name in ["Next", "Assign"] {
            if fields.take(name).is_some()
                && let Some(key) = fields.key(name)
            {
                let message = format!("'{name}' belongs to the outermost rule only");
                fields.reader.error(&key, codes::NESTED_RULE_FIELD, message);
            }
        }
        let condition = Condition::read(&mut fields, depth + 1);
        fields.finish();
        condition
    }
}

/// The operators that a rule has, with their operands.
fn take_operators(fields: &mut Fields<'_, '_>) -> Vec<(Operator, Node)> {
    let mut operators = Vec::new();
    for name in Operator::names() {
        if let Some(node) = fields.take(name) {
            let operator =
                Operator::from_name(name).expect("the name is from the operators' table");
            operators.push((operator, node));
        }
    }
    operators
}

impl DataTest {
    fn read(
        fields: &mut Fields<'_, '_>,
        variable: &Node,
        operators: &[(Operator, Node)],
    ) -> Option<DataTest> {
        let variable = syntax::path(fields.reader, variable);
        let [(operator, operand)] = operators else {
            let message = match operators {
                // Most likely the operator, misspelt.
                [] if fields.has_unknown() => return None,
                [] => "a data test needs an operator, for instance 'StringEquals'".to_string(),
                many => {
                    let names: Vec<&str> =
                        many.iter().map(|(operator, _)| operator.name()).collect();
                    format!("a data test has one operator, not [{}]", names.join(", "))
                }
            };
            fields.reader.error(&fields.node, codes::OPERATORS, message);
            return None;
        };
        let operand_field = check_operand(fields.reader, *operator, operand);
        Some(DataTest {
            variable: variable?,
            operator: *operator,
            operand: operand_field?,
        })
    }
}

/// Whether the operand suits the operator: the compiler of rules decides.
fn check_operand(reader: &mut Reader<'_>, operator: Operator, node: &Node) -> Option<Field<Value>> {
    let document = reader.document;
    let text = reader.text(node);
    let operand = match document.kind(node.value) {
        Kind::String => Operand::String(text.as_deref().unwrap_or_default()),
        Kind::Number => Operand::Number(document.as_number(node.value)?.lexeme()),
        Kind::Bool => Operand::Bool(document.as_bool(node.value)?),
        Kind::Null | Kind::Array | Kind::Object => Operand::Other,
    };
    let mut constants = ConstantsBuilder::new();
    match expr::DataTest::compile("$", operator, operand, &mut constants) {
        Ok(_) => Some(reader.field(node, node.value)),
        Err(problem) => {
            reader.error(node, codes::INVALID_OPERAND, problem);
            None
        }
    }
}
