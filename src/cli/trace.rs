//! The history of an execution, told line by line.

use std::io::{self, Write};

use crate::engine::Execution;
use crate::engine::HistoryEvent;

/// Where an execution on the command line is, unless a config says otherwise.
const REGION: &str = "us-east-1";

/// Longest value that is shown whole, in characters.
const SHOWN: usize = 200;

/// How a history is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// What happened where, with long values cut
    Text,
    /// One object a line: every detail that AWS tells, with previous ids
    Json,
}

/// Prints every event of the execution's history.
pub(super) fn print(execution: &Execution, format: Format, out: &mut impl Write) -> io::Result<()> {
    match format {
        Format::Text => print_text(execution, out),
        Format::Json => {
            for event in execution.history_json(REGION) {
                writeln!(out, "{event}")?;
            }
            Ok(())
        }
    }
}

fn print_text(execution: &Execution, out: &mut impl Write) -> io::Result<()> {
    let kind = |event: &HistoryEvent| event.kind.name().len();
    let width = execution.history().iter().map(kind).max().unwrap_or(0);
    let mut shown = String::new();
    for event in execution.history() {
        let line = line(execution, event, width, &mut shown);
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// One event. A value that was `shown` on the last line that had one is not shown again.
fn line(execution: &Execution, event: &HistoryEvent, width: usize, shown: &mut String) -> String {
    let mut line = format!("{:>4}  {:width$}", event.id, event.kind.name());
    if let Some(state) = event.state {
        line += &format!("  {}", execution.plan().state(state).name);
    }
    if let Some(index) = event.index {
        line += &format!("[{index}]");
    }
    if let Some(error) = &event.error {
        line += &format!("  {error}");
    }
    if let Some(cause) = &event.cause {
        line += &format!(": {}", shorten(cause));
    }
    if let Some(value) = event.value {
        let value = execution.arena().to_json(value);
        if value != *shown {
            line += &format!("  {}", shorten(&value));
            *shown = value;
        }
    }
    line
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        None => text.to_string(),
        Some((end, _)) => format!("{} … ({} bytes)", &text[..end], text.len()),
    }
}
