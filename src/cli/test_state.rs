//! `expressd test-state`: one state of a definition, as AWS's TestState answers it.

use std::path::Path;
use std::path::PathBuf;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::{Exit, invalid, read, say};
use crate::runtime::Clock;
use crate::test_state::Mock;
use crate::test_state::Request;
use crate::test_state::test;

/// Run one state alone: status, output, next state, and what stood between its steps
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  expressd test-state order.asl.json --state Price --input order.json --inspect debug
  echo '{\"result\": {\"StatusCode\": 200}}' > mock.json
  expressd test-state order.asl.json --state Charge --input order.json --mock mock.json

A Task, Map or Parallel is answered by its mock: {\"result\": …}, where a string is JSON text as on AWS, or
{\"errorOutput\": {\"error\": …, \"cause\": …}}. \"fieldValidationMode\" says how strictly a result is held against what the
service answers: STRICT, PRESENT or NONE. Waits are jumped over.

Prints {\"status\": \"SUCCEEDED\" | \"FAILED\" | \"RETRIABLE\" | \"CAUGHT_ERROR\", …}, or {\"exception\": …, \"message\": …}.
Exit codes: 0 succeeded or caught; 1 failed, would try again; 65 the definition or the request is refused")]
pub(super) struct Args {
    /// File of the definition: a machine, or one state
    definition: PathBuf,
    /// Name of the state, when the definition is a machine
    #[arg(long, value_name = "NAME")]
    state: Option<String>,
    /// File with the state's input; - is stdin; {} without it
    #[arg(long, value_name = "FILE|-")]
    input: Option<PathBuf>,
    /// How much to tell of the steps; debug and trace tell the same
    #[arg(long, value_enum, default_value_t = Inspect::Info)]
    inspect: Inspect,
    /// File with the result or the error of a Task, Map or Parallel
    #[arg(long, value_name = "FILE")]
    mock: Option<PathBuf>,
    /// Variables when the state is entered: a JSON object, or a file with one
    #[arg(long, value_name = "FILE|JSON")]
    variables: Option<String>,
    /// Context object: a JSON object, or a file with one; only with a mock, as on AWS
    #[arg(long, value_name = "FILE|JSON")]
    context: Option<String>,
    /// Retries that were made before
    #[arg(long, value_name = "N", default_value_t = 0)]
    retries: u32,
    /// Iterations of a Map that failed
    #[arg(long, value_name = "N")]
    failed_iterations: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Inspect {
    Info,
    Debug,
    Trace,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Exit> {
    let at = |error| invalid(format!("{}: {error}", args.definition.display()));
    let definition = String::from_utf8(read(&args.definition)?).map_err(at)?;
    let input = match &args.input {
        Some(file) => json_of(file)?,
        None => json!({}),
    };
    let mock = args.mock.as_deref().map(json_of).transpose()?;
    let context = args.context.as_deref().map(object).transpose()?;
    let variables = args.variables.as_deref().map(object).transpose()?;
    let answer = mock
        .map(|mock| Mock::from_json(&mock))
        .transpose()
        .and_then(|mock| {
            test(&Request {
                definition: &definition,
                state: args.state.as_deref(),
                input,
                mock,
                variables: variables.unwrap_or_default(),
                context: context.map(Value::Object),
                reveal_secrets: false,
                inspect: args.inspect != Inspect::Info,
                retries: args.retries.into(),
                failed_iterations: args.failed_iterations,
                now: Clock::real().read().wall_millis(),
            })
        });
    let (answer, exit) = match answer {
        Ok(answer) => {
            let is_well = matches!(
                answer["status"].as_str(),
                Some("SUCCEEDED" | "CAUGHT_ERROR")
            );
            (answer, if is_well { Exit::Done } else { Exit::No })
        }
        Err(refused) => (
            json!({"exception": refused.exception, "message": refused.message}),
            Exit::Invalid,
        ),
    };
    say(format_args!("{answer:#}"))?;
    Ok(exit)
}

/// A JSON object that is given as text, or in a file.
fn object(text_or_file: &str) -> anyhow::Result<Map<String, Value>> {
    let value = match text_or_file.trim_start().starts_with('{') {
        true => serde_json::from_str(text_or_file)
            .map_err(|error| invalid(format!("{text_or_file}: {error}")))?,
        false => json_of(Path::new(text_or_file))?,
    };
    match value {
        Value::Object(object) => Ok(object),
        _ => Err(invalid(format!("{text_or_file}: not a JSON object"))),
    }
}

fn json_of(file: &Path) -> anyhow::Result<Value> {
    let text = read(file)?;
    serde_json::from_slice(&text).map_err(|error| invalid(format!("{}: {error}", file.display())))
}
