//! `expressd exec`: one execution, without Kafka.

use std::io;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use anyhow::Context;
use serde_json::json;

use super::Exit;
use super::subject::Subject;
use super::{invalid, not_there, of_topic, read, say, trace, wrong_usage};
use crate::config::Config;
use crate::engine::Outcome;
use crate::kafka::Cluster;
use crate::kafka::read_record;
use crate::pipeline::input_of;
use crate::runtime::CancelToken;
use crate::runtime::Clock;
use crate::runtime::Ended;
use crate::runtime::Event;
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
  expressd exec expressd.yaml --record orders/3/4711 --trace     what became of the record of a dead letter

Prints {\"status\":\"SUCCEEDED\",\"output\":…} or {\"status\":\"FAILED\",\"error\":…,\"cause\":…,\"state\":…}.
Exit codes: 0 succeeded; 1 failed, timed out; 65 the definition is invalid or a Task has no answer")]
pub(super) struct Args {
    /// File of the definition; or a config, for one of its pipelines with its tasks
    definition: PathBuf,
    /// File with the input; - is stdin
    #[arg(long, value_name = "FILE|-", required_unless_present = "record")]
    input: Option<PathBuf>,
    /// Run this record of the config's cluster, as it was run: the same id, the same seeds. Its tasks are really called;
    /// nothing is written or committed
    #[arg(long, value_name = "TOPIC/PARTITION/OFFSET", conflicts_with_all = ["input", "script", "mock"])]
    record: Option<Place>,
    /// Pipeline of the config, where it has more than one
    #[arg(long, value_name = "NAME")]
    pipeline: Option<String>,
    /// Answers for tasks, YAML or JSON
    #[arg(long, value_name = "FILE")]
    script: Option<PathBuf>,
    /// Answers for tasks, as AWS's MockConfigFile.json has them
    #[arg(long, value_name = "FILE", requires = "test_case")]
    mock: Option<PathBuf>,
    /// Which test case of which machine of the mock file
    #[arg(long, value_name = "MACHINE#CASE", requires = "mock")]
    test_case: Option<String>,
    /// Print every event of the history on stderr, shortened, or whole as JSON in AWS's words
    #[arg(long, value_enum, value_name = "FORMAT", num_args = 0..=1, require_equals = true, default_missing_value = "text")]
    trace: Option<trace::Format>,
    /// Jump over waits and delays instead of waiting
    #[arg(long)]
    fast: bool,
    /// Name of the execution, for $$.Execution.Name
    #[arg(long, default_value = "exec")]
    name: String,
}

/// Where a record stands, as the headers of a dead letter say it.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) topic: String,
    pub(super) partition: i32,
    pub(super) offset: i64,
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Place, String> {
        let place = || {
            let mut parts = text.rsplitn(3, '/');
            let (offset, partition) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
            let topic = parts.next().filter(|topic| !topic.is_empty())?;
            (offset >= 0 && partition >= 0).then(|| Place {
                topic: topic.to_string(),
                partition,
                offset,
            })
        };
        place().ok_or_else(|| "not TOPIC/PARTITION/OFFSET".to_string())
    }
}

/// How long a cluster may take to show a record.
const PATIENCE: Duration = Duration::from_secs(30);

/// What an execution starts with.
struct Input {
    payload: Vec<u8>,
    name: String,
    timestamp: Option<i64>,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Exit> {
    let answers = args.script.is_some() || args.mock.is_some();
    let subject = match Config::is_config(&args.definition) {
        true if answers => {
            return Err(wrong_usage(
                "a config has its own tasks: no --script, no --mock",
            ));
        }
        true => Subject::of_config(&args.definition, args.pipeline.as_deref())?,
        false if args.record.is_some() => {
            return Err(wrong_usage(
                "--record goes with a config, which says where the cluster is",
            ));
        }
        false => Subject::of_definition(&args.definition, registry(args)?),
    };
    let Some(subject) = subject else {
        return Ok(Exit::Invalid);
    };
    match (&args.input, &args.record) {
        (Some(file), _) => {
            let input = Input {
                payload: read(file)?,
                name: args.name.clone(),
                timestamp: None,
            };
            execute(args, &subject.machine, &input)
        }
        (None, Some(place)) => {
            let cluster = Cluster::new(&subject.kafka)?;
            subject.tasks.open(&cluster)?;
            let exit = execute(args, &subject.machine, &record(place, &subject, &cluster)?);
            // They are connected to the cluster, which may be gone with it.
            drop(subject);
            exit
        }
        (None, None) => unreachable!("clap asks for one of the two"),
    }
}

/// The record at a place, as the pipeline would have started its execution.
fn record(place: &Place, subject: &Subject, cluster: &Cluster) -> anyhow::Result<Input> {
    let (topic, partition, offset) = (&place.topic, place.partition, place.offset);
    let found = read_record(cluster, topic, partition, offset, PATIENCE);
    let found = found.map_err(of_topic(topic))?;
    let found = found.ok_or_else(|| {
        not_there(format!(
            "there is no record at {topic}/{partition}/{offset}"
        ))
    })?;
    let found = found.as_record();
    let payload = input_of(&found, subject.options, subject.machine.limits().depth);
    Ok(Input {
        payload: payload.map_err(|cause| anyhow::anyhow!("no execution would start: {cause}"))?,
        name: format!("{topic}-{partition}-{offset}"),
        timestamp: found.timestamp,
    })
}

fn execute(args: &Args, machine: &Machine, input: &Input) -> anyhow::Result<Exit> {
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
        payload: &input.payload,
        name: &input.name,
        timestamp: input.timestamp,
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
    if let Some(format) = args.trace {
        trace::print(ended.execution(), format, &mut io::stderr().lock())?;
    }
    say(answer(&ended))?;
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
        let (machine, case) = test_case.split_once('#').ok_or_else(|| {
            wrong_usage(format!("--test-case \"{test_case}\" is not MACHINE#CASE"))
        })?;
        add(Arc::new(Mock::load(file, machine, case).map_err(invalid)?));
    }
    if let Some(file) = &args.script {
        add(Arc::new(Script::load(file).map_err(invalid)?));
    }
    Ok(registry)
}
