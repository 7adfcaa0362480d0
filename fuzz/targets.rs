//! What is fuzzed: each function takes a text that may be anything and puts it through a parser and its evaluator. None
//! may panic, overflow the stack or go on without end; what comes out does not matter here.
//!
//! The targets of cargo-fuzz beside this file call these functions, and so does `tests/mangled`, which needs no nightly
//! compiler.

use std::sync::Arc;

use expressd::asl::{self, WorkflowType};
use expressd::engine::{Effect, Execution, InPlace, Limits, Now, Progress, Start, TaskReply};
use expressd::expr::jsonata::{Budget, NoBindings, Program, Scope, Workspace};
use expressd::expr::{ExecutionInfo, Random};
use expressd::plan;
use expressd::value::{Arena, Constants, ParseLimits};

/// What every text is evaluated over.
pub(crate) const EVENT: &str = r#"{"a":{"b":[1,2.5,"x",null,true,{"c":"d"}]},"l":[{"n":1,"s":"p"},{"n":2,"s":"q"}],"s":"te xt","n":7,"t":"2026-01-02T03:04:05Z","z":null,"e":[],"o":{}}"#;

/// Clock jumps of one execution: a definition may loop as long as it likes, within its limits.
const MAX_ROUNDS: usize = 2_000;

/// A definition: checked, compiled, executed.
pub(crate) fn definition(text: &str) {
    let _ = asl::refusal(&asl::check(text, WorkflowType::Standard));
    let Ok((machine, _)) = asl::parse(text) else {
        return;
    };
    let plan = plan::compile(&machine).expect("what was checked compiles");
    plan.explain();
    execute(Arc::new(plan));
}

/// A path, in each field that takes one.
pub(crate) fn path(text: &str) {
    let path = json(text);
    let fields = [
        format!(r#""Type":"Pass","Parameters":{{"v.$":{path}}},"End":true"#),
        format!(r#""Type":"Pass","InputPath":{path},"OutputPath":{path},"End":true"#),
        format!(r#""Type":"Pass","Result":[1],"ResultPath":{path},"End":true"#),
        format!(r#""Type":"Wait","SecondsPath":{path},"End":true"#),
        format!(r#""Type":"Fail","ErrorPath":{path}"#),
        format!(
            r#""Type":"Map","ItemsPath":{path},"ItemProcessor":{{"StartAt":"I","States":{{"I":{{"Type":"Succeed"}}}}}},"End":true"#
        ),
        format!(
            r#""Type":"Choice","Choices":[{{"Variable":{path},"NumericEqualsPath":{path},"Next":"Z"}}],"Default":"Z""#
        ),
    ];
    fields.iter().for_each(|fields| state(fields));
}

/// An intrinsic call.
pub(crate) fn intrinsic(text: &str) {
    let call = json(text);
    state(&format!(
        r#""Type":"Pass","Parameters":{{"v.$":{call}}},"End":true"#
    ));
    state(&format!(r#""Type":"Fail","CausePath":{call}"#));
}

/// A payload template.
pub(crate) fn template(text: &str) {
    state(&format!(
        r#""Type":"Pass","Parameters":{text},"Assign":{text},"End":true"#
    ));
}

/// A JSONata expression: alone over an input, and as a state's.
pub(crate) fn jsonata(text: &str) {
    if let Ok(program) = Program::compile(text) {
        let mut arena = Arena::new(Constants::empty());
        let limits = ParseLimits {
            depth: 128,
            reject_duplicate_keys: false,
        };
        let scope = Scope {
            input: arena.parse(EVENT.as_bytes(), limits).ok(),
            bindings: &NoBindings,
            now_millis: 1_700_000_000_000,
            random: &Random::new(1),
        };
        let mut budget = Budget {
            steps: 200_000,
            ..Budget::default()
        };
        let _ = program.evaluate(&scope, &mut arena, &mut Workspace::default(), &mut budget);
    }
    let query = json(&format!("{{% {text} %}}"));
    // A state's expression has no input of its own, and the whole budget; what is shorter cannot use it up so easily.
    if text.len() < 200 && !text.contains("..") {
        state(&format!(
            r#""Type":"Pass","QueryLanguage":"JSONata","Output":{{"v":[{query}]}},"End":true"#
        ));
    }
}

fn state(fields: &str) {
    definition(&format!(
        r#"{{"StartAt":"S","States":{{"S":{{{fields}}},"Z":{{"Type":"Succeed"}}}}}}"#
    ));
    definition(&format!(
        r#"{{"StartAt":"S","States":{{"S":{{{fields}}}}}}}"#
    ));
}

fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn execute(plan: Arc<plan::Plan>) {
    let info = ExecutionInfo::default();
    let mut now = Now {
        wall: 1_700_000_000_000,
        monotonic: 0,
    };
    let start = Start {
        info: &info,
        seed: 1,
        limits: Limits {
            states: 500,
            memory: 8 << 20,
            ..Limits::default()
        },
    };
    let mut execution = Execution::new();
    execution.keep_history(true);
    if execution
        .start(&plan, EVENT.as_bytes(), start, now)
        .is_err()
    {
        return;
    }
    for round in 0..MAX_ROUNDS {
        if execution.advance(now, &InPlace) == Progress::Done {
            execution.history_json("us-east-1").for_each(drop);
            return;
        }
        let calls: Vec<_> = execution
            .take_effects()
            .filter_map(|effect| match effect {
                Effect::Call(call) => Some(call.id),
                Effect::Cancel(_) => None,
            })
            .collect();
        if calls.is_empty() {
            let Some(due) = execution.next_deadline() else {
                panic!("the execution waits for nothing");
            };
            let jump = due.saturating_sub(now.monotonic).max(1);
            now.wall = now.wall.saturating_add_unsigned(jump);
            now.monotonic = now.monotonic.saturating_add(jump);
        }
        for call in calls {
            let reply = match round % 3 {
                0 => TaskReply::Error {
                    error: Some("Broken".to_string()),
                    cause: None,
                },
                _ => TaskReply::Result(EVENT.as_bytes().to_vec()),
            };
            execution.reply(call, reply);
        }
    }
}
