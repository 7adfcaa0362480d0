//! A plan as text that one likes to read.

use std::fmt::Write;

use super::states::{Next, StateKind};
use super::{Catcher, ErrorPattern, Plan, Retrier, ScopeId, State};

/// Writing to a String cannot fail.
const INFALLIBLE: &str = "a String takes everything";

pub(super) fn explain(plan: &Plan) -> String {
    let mut out = String::new();
    let mut line = |text: String| writeln!(out, "{text}").expect(INFALLIBLE);
    line(format!("plan {}", plan.hash()));
    if let Some(comment) = plan.comment() {
        line(format!("  {comment}"));
    }
    let (n_states, n_scopes) = (plan.states.len(), plan.scopes.len());
    line(format!(
        "  {n_states} {}, {n_scopes} {}; {}; about {}",
        plural(n_states, "state"),
        plural(n_scopes, "scope"),
        plan.effects(),
        time(plan.top().work.guessed()),
    ));
    if let Some(timeout) = plan.timeout() {
        line(format!("  timeout {} s", timeout / 1000));
    }
    for (pass, states) in &plan.passes {
        line(format!("  pass {pass}: {}", states.join(", ")));
    }
    for (_, resource) in plan.resources() {
        let function = match &resource.function_name {
            Some(name) => format!(" ({name})"),
            None => String::new(),
        };
        line(format!("  calls {}{function}", resource.text));
    }
    scope(plan, ScopeId::TOP, 0, &mut out);
    out
}

/// Writes a scope and those inside it. Nesting was bounded when the definition was parsed.
fn scope(plan: &Plan, id: ScopeId, depth: usize, out: &mut String) {
    let scope = plan.scope(id);
    for index in scope.states.start.index()..scope.states.end.index() {
        let state = &plan.states[index];
        let indent = "    ".repeat(depth);
        let start = if index == scope.start.index() {
            "▸"
        } else {
            " "
        };
        writeln!(out).expect(INFALLIBLE);
        writeln!(
            out,
            "{indent}{start} {} · {} · {} · {}",
            state.name,
            state.state_type(),
            state.effects,
            time(state.work.guessed()),
        )
        .expect(INFALLIBLE);
        for (field, text) in lines(plan, state) {
            let line = format!("{indent}    {field:<15} {text}");
            writeln!(out, "{}", line.trim_end()).expect(INFALLIBLE);
        }
        match &state.kind {
            StateKind::Map(map) => inner(plan, "each item".to_string(), map.processor, depth, out),
            StateKind::Parallel(parallel) => {
                for (number, branch) in parallel.branches.iter().enumerate() {
                    inner(plan, format!("branch {number}"), *branch, depth, out);
                }
            }
            _ => {}
        }
    }
}

fn inner(plan: &Plan, title: String, id: ScopeId, depth: usize, out: &mut String) {
    let indent = "    ".repeat(depth + 1);
    let inner = plan.scope(id);
    write!(
        out,
        "{indent}{title}: {}, {}",
        inner.effects,
        time(inner.work.guessed())
    )
    .expect(INFALLIBLE);
    scope(plan, id, depth + 1, out);
}

/// What a state does, in the order in which it does it.
fn lines(plan: &Plan, state: &State) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    let flow = &state.flow;
    let after = ["result selector", "if", "else"];
    let (late, early): (Vec<_>, Vec<_>) = state
        .notes
        .iter()
        .cloned()
        .partition(|(field, _)| after.contains(field));
    lines.extend(flow.input.text().map(|path| ("input", path.to_string())));
    lines.extend(early);
    lines.extend(late);
    lines.extend(
        flow.result_path
            .text()
            .map(|path| ("result to", path.to_string())),
    );
    lines.extend(flow.output.text().map(|path| ("output", path.to_string())));
    lines.extend(state.retry.iter().map(|retrier| ("retry", retry(retrier))));
    lines.extend(
        state
            .catch
            .iter()
            .map(|catcher| ("catch", catch(plan, catcher))),
    );
    match (&state.kind, state.next) {
        (StateKind::Choice(_) | StateKind::Fail(_) | StateKind::Succeed, _) => {}
        (_, Next::State(next)) => lines.push(("next", plan.state(next).name.clone())),
        (_, Next::End) => lines.push(("end", String::new())),
    }
    lines
}

fn retry(retrier: &Retrier) -> String {
    let mut text = format!(
        "{}: {} × after {} s × {}",
        names(&retrier.errors),
        retrier.max_attempts,
        retrier.interval / 1000,
        retrier.backoff_rate
    );
    if let Some(cap) = retrier.max_delay {
        write!(text, ", at most {} s", cap / 1000).expect(INFALLIBLE);
    }
    if retrier.jitter {
        text.push_str(", full jitter");
    }
    text
}

fn catch(plan: &Plan, catcher: &Catcher) -> String {
    let errors = names(&catcher.errors);
    let to = match catcher.result_path.text() {
        Some(path) => format!(" to {path}"),
        None => String::new(),
    };
    format!("{errors}{to} → {}", plan.state(catcher.next).name)
}

fn names(errors: &[ErrorPattern]) -> String {
    let names: Vec<&str> = errors.iter().map(ErrorPattern::text).collect();
    names.join(", ")
}

fn plural(n: usize, noun: &str) -> String {
    match n {
        1 => noun.to_string(),
        _ => format!("{noun}s"),
    }
}

fn time(nanoseconds: u64) -> String {
    match nanoseconds {
        0..1_000 => format!("{nanoseconds} ns"),
        1_000..1_000_000 => format!("{:.1} µs", nanoseconds as f64 / 1e3),
        _ => format!("{:.1} ms", nanoseconds as f64 / 1e6),
    }
}
