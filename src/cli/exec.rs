//! `expressd exec`: one execution, without Kafka.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};

use anyhow::Context;
use serde_json::json;

use super::Exit;
use super::{print_problems, trace};
use crate::config::Definition;
use crate::engine::Outcome;
use crate::runtime::CancelToken;
use crate::runtime::Clock;
use crate::runtime::Ended;
use crate::runtime::Event;
use crate::runtime::IdentityConfig;
use crate::runtime::LimitsConfig;
use crate::runtime::Machine;
use crate::runtime::Runtime;
use crate::runtime::RuntimeConfig;
use crate::runtime::Started;
use crate::task::Binding;
use crate::task::Glob;
use crate::task::Integration;
use crate::task::Registry;
use crate::task::script::Mock;
use crate::task::script::Script;

/// Run one execution: the outcome as JSON on stdout, the story on stderr
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  echo '{\"orderId\": \"o-1\"}' | expressd exec order.asl.json --input - --script answers.yaml --trace
  expressd exec order.asl.json --input event.json --mock MockConfigFile.json --test-case OrderFlow#Happy

Prints {\"status\":\"SUCCEEDED\",\"output\":…} or {\"status\":\"FAILED\",\"error\":…,\"cause\":…,\"state\":…}.
Exit codes: 0 succeeded; 1 failed, timed out; 65 the definition is invalid or a Task has no answer")]
pub(super) struct Args {
    /// File of the definition
    definition: PathBuf,
    /// File with the input; - is stdin
    #[arg(long, value_name = "FILE|-")]
    input: PathBuf,
    /// Answers for tasks, YAML or JSON
    #[arg(long, value_name = "FILE")]
    script: Option<PathBuf>,
    /// Answers for tasks, as AWS's MockConfigFile.json has them
    #[arg(long, value_name = "FILE", requires = "test_case")]
    mock: Option<PathBuf>,
    /// Which test case of which machine of the mock file
    #[arg(long, value_name = "MACHINE#CASE", requires = "mock")]
    test_case: Option<String>,
    /// Print every event of the history on stderr
    #[arg(long)]
    trace: bool,
    /// Jump over waits and delays instead of waiting
    #[arg(long)]
    fast: bool,
    /// Name of the execution, for $$.Execution.Name
    #[arg(long, default_value = "exec")]
    name: String,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Exit> {
    let definition = match Definition::load(&args.definition) {
        Ok(definition) => definition,
        Err(problems) => {
            print_problems(&problems);
            return Ok(Exit::Invalid);
        }
    };
    print_problems(&definition.warnings);
    let registry = match registry(args) {
        Ok(registry) => registry,
        Err(error) => return invalid(&error),
    };
    let stem = args.definition.file_name().unwrap_or_default();
    let stem = stem.to_string_lossy();
    let machine = Machine::new(
        Arc::clone(&definition.plan),
        stem.split('.').next().unwrap_or_default(),
        &registry,
        &IdentityConfig::default(),
        LimitsConfig::default().limits(),
    );
    let machine = match machine {
        Ok(machine) => machine,
        Err(error) => {
            print_problems(&definition.unanswered(&error));
            return Ok(Exit::Invalid);
        }
    };
    let input = read(&args.input)?;
    execute(args, &machine, &input)
}

fn execute(args: &Args, machine: &Machine, input: &[u8]) -> anyhow::Result<Exit> {
    let tokio = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let clock = if args.fast {
        Clock::jumping()
    } else {
        Clock::real()
    };
    let runtime = Runtime::new(&RuntimeConfig::default(), clock, tokio.handle().clone())?;
    let event = Event {
        payload: input,
        name: &args.name,
        timestamp: None,
    };
    let ended = match runtime.start_traced(machine, event) {
        Started::Done(ended) => ended,
        Started::Waiting(waiting) => {
            let (done, ended) = mpsc::channel();
            runtime.drive(waiting, &CancelToken::new(), move |ended| {
                // The receiver waits right below.
                let _ = done.send(ended);
            });
            ended.recv().context("the execution did not end")?
        }
    };
    if args.trace {
        trace::print(ended.execution(), &mut io::stderr().lock())?;
    }
    println!("{}", answer(&ended));
    Ok(match ended.outcome() {
        Outcome::Succeeded(_) => Exit::Done,
        _ => Exit::No,
    })
}

/// The outcome as one line of JSON.
fn answer(ended: &Ended) -> String {
    match ended.outcome() {
        Outcome::Succeeded(output) => {
            let output = ended.execution().arena().to_json(*output);
            format!("{{\"status\":\"SUCCEEDED\",\"output\":{output}}}")
        }
        Outcome::Failed(failure) => json!({
            "status": "FAILED",
            "error": failure.error,
            "cause": failure.cause,
            "state": failure.state,
        })
        .to_string(),
        Outcome::TimedOut => json!({ "status": "TIMED_OUT" }).to_string(),
        Outcome::Aborted => json!({ "status": "ABORTED" }).to_string(),
    }
}

/// Mocks before scripts: a test case may leave states to the script.
fn registry(args: &Args) -> anyhow::Result<Registry> {
    let mut registry = Registry::default();
    let mut add = |integration: Arc<dyn Integration>| {
        registry.add(Binding {
            resource: Glob::new("*"),
            function: None,
            integration,
        });
    };
    if let (Some(file), Some(test_case)) = (&args.mock, &args.test_case) {
        let (machine, case) = test_case
            .split_once('#')
            .with_context(|| format!("--test-case \"{test_case}\" is not MACHINE#CASE"))?;
        add(Arc::new(Mock::load(file, machine, case)?));
    }
    if let Some(file) = &args.script {
        add(Arc::new(Script::load(file)?));
    }
    Ok(registry)
}

fn invalid(error: &dyn std::fmt::Display) -> anyhow::Result<Exit> {
    eprintln!("error: {error:#}");
    Ok(Exit::Invalid)
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut input = Vec::new();
    if path == Path::new("-") {
        io::stdin().lock().read_to_end(&mut input)?;
    } else {
        input = std::fs::read(path).with_context(|| path.display().to_string())?;
    }
    Ok(input)
}
