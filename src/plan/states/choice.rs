//! Choice: where to go, by rules over the input.

use super::{Draft, Flow, StateKind};
use crate::asl;
use crate::asl::states::Condition;
use crate::expr::{ChoiceRule, DataTest, Lookup, Operand};
use crate::plan::compile::Compiler;
use crate::plan::{Assign, PathField, StateId};
use crate::value::Kind;

/// A Choice state.
pub(crate) struct Choice {
    /// `Choices`, tried in order.
    pub(crate) rules: Box<[Rule]>,
    /// `Default`
    pub(crate) default: Option<StateId>,
    /// Rules that are answered together, in order.
    pub(crate) lookups: Box<[Lookup]>,
    /// Variables that several tests share.
    pub(crate) shared_variables: usize,
}

/// One entry of `Choices`.
pub(crate) struct Rule {
    pub(crate) condition: ChoiceRule,
    pub(crate) next: StateId,
    pub(crate) assign: Option<Box<Assign>>,
    /// JSONata: its `Output` instead of the state's. JSONPath has one `OutputPath` for all rules.
    pub(crate) output: Option<PathField>,
}

pub(super) fn compile(compiler: &mut Compiler<'_>, choice: &asl::states::Choice) -> Draft {
    let mut notes = Vec::new();
    let mut rules = Vec::new();
    for (index, rule) in choice.choices.iter().enumerate() {
        let location = format!("Choices[{index}]");
        let text = text(compiler, &rule.condition);
        notes.push(("if", format!("{text} → {}", rule.next.value)));
        if let Some(mut condition) = compile_condition(compiler, &rule.condition, &location) {
            condition.bind(&|name| compiler.slot(name));
            let at = |field: &str| format!("{location}/{field}");
            let output = rule.output.as_ref();
            rules.push(Rule {
                condition,
                next: compiler.state(&rule.next),
                assign: Assign::compile(compiler, rule.assign.as_ref(), &at("Assign")),
                output: compiler
                    .is_jsonata()
                    .then(|| PathField::output(compiler, output, &at("Output"))),
            });
        }
    }
    notes.extend(
        choice
            .default
            .as_ref()
            .map(|name| ("else", format!("→ {}", name.value))),
    );
    Draft {
        flow: Flow {
            input: PathField::compile(compiler, &choice.input_path),
            output: PathField::compile(compiler, &choice.output_path),
            ..Flow::default()
        },
        // On average half of the rules are tried.
        work: 40 + 20 * rules.len() as u64,
        notes,
        ..Draft::new(StateKind::Choice(Choice {
            rules: rules.into(),
            default: choice.default.as_ref().map(|name| compiler.state(name)),
            lookups: Box::default(),
            shared_variables: 0,
        }))
    }
}

// The parser bounds how deep conditions nest, so the functions below may recurse.

fn compile_condition(
    compiler: &mut Compiler<'_>,
    condition: &Condition,
    location: &str,
) -> Option<ChoiceRule> {
    let all = |compiler: &mut Compiler<'_>, parts: &[Condition]| -> Option<Box<[ChoiceRule]>> {
        parts
            .iter()
            .map(|part| compile_condition(compiler, part, location))
            .collect()
    };
    Some(match condition {
        Condition::And(parts) => ChoiceRule::And(all(compiler, parts)?),
        Condition::Or(parts) => ChoiceRule::Or(all(compiler, parts)?),
        Condition::Not(part) => {
            ChoiceRule::Not(Box::new(compile_condition(compiler, part, location)?))
        }
        Condition::Test(test) => ChoiceRule::Test(data_test(compiler, test)?),
        Condition::Query(query) => {
            ChoiceRule::Query(compiler.query(query, &format!("{location}/Condition"))?)
        }
        Condition::Always(flag) => ChoiceRule::Always(*flag),
    })
}

fn data_test(compiler: &mut Compiler<'_>, test: &asl::states::DataTest) -> Option<DataTest> {
    let doc = compiler.doc;
    let operand = test.operand.value;
    let text = match doc.as_str(operand) {
        Some(text) => text.decode().into_owned(),
        None => doc.to_json(operand),
    };
    let operand = match doc.kind(operand) {
        Kind::String => Operand::String(&text),
        Kind::Number => Operand::Number(&text),
        Kind::Bool => Operand::Bool(text == "true"),
        Kind::Null | Kind::Array | Kind::Object => Operand::Other,
    };
    DataTest::compile(
        &test.variable,
        test.operator,
        operand,
        &mut compiler.constants,
    )
    .map_err(|message| compiler.refuse(&test.operand.place, message))
    .ok()
}

/// A condition as `explain` shows it.
fn text(compiler: &Compiler<'_>, condition: &Condition) -> String {
    let joined = |parts: &[Condition], word: &str| {
        let parts: Vec<String> = parts.iter().map(|part| text(compiler, part)).collect();
        format!("({})", parts.join(word))
    };
    match condition {
        Condition::And(parts) => joined(parts, " and "),
        Condition::Or(parts) => joined(parts, " or "),
        Condition::Not(part) => format!("not {}", text(compiler, part)),
        Condition::Query(query) => query.value.clone(),
        Condition::Always(flag) => flag.to_string(),
        Condition::Test(test) => {
            let operand = test.operand.value;
            let operand = match compiler.doc.as_str(operand) {
                Some(path) if test.operator.name().ends_with("Path") => path.decode().into_owned(),
                _ => compiler.text(operand),
            };
            let variable = &test.variable.value;
            format!("{variable} {} {operand}", test.operator.name())
        }
    }
}
