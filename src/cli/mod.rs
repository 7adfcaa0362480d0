//! The command line: one file per command. Commands print; nothing else does.

#![allow(clippy::print_stderr)] // This is where printing happens.

mod bench;
mod dead_letters;
mod exec;
mod explain;
mod junit;
mod progress;
mod run;
mod schema;
mod subject;
mod test;
mod test_state;
mod trace;
mod validate;

use std::fmt::Display;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::daemon::Exit;
use crate::kafka::{KafkaError, is_missing_topic};

/// Runs AWS Step Functions Express workflows on your own machines, one execution per Kafka event.
#[derive(Debug, Parser)]
// As wide as the examples, where the terminal is.
#[command(name = "expressd", version, about, max_term_width = 120, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Args),
    Validate(validate::Args),
    Exec(exec::Args),
    Test(test::Args),
    TestState(test_state::Args),
    Explain(explain::Args),
    Bench(bench::Args),
    DeadLetters(dead_letters::Args),
    Schema(schema::Args),
}

const EXAMPLES: &str = "\
Examples:
  expressd run config/quickstart.yaml --until-idle    an order workflow, nothing else needed
  expressd validate config/expressd.yaml              a config and the definitions it names
  echo '{\"orderId\": \"o-1\"}' | expressd exec config/machines/order.asl.json --input - \\
      --script config/scripts/order.yaml --trace      one execution, told state by state
  expressd test config/machines                       the tests written beside definitions
  expressd explain config/machines/order.asl.json     how a definition was compiled

Exit codes:
  0   done
  1   the answer is no: an execution or a test failed, or what is asked for is not there
  2   wrong usage
  3   the deadline of a shutdown was hit; nothing is lost
  4   fatal at run time
  5   the Kafka client did not close in time
  65  a definition, a test file or a config is invalid";

/// Runs the command line.
pub fn main() -> ExitCode {
    // clap prints usage errors and ends with 2 by itself.
    let cli = Cli::parse();
    let ended = match cli.command {
        Command::Run(args) => run::run(&args),
        Command::Validate(args) => validate::run(&args),
        Command::Exec(args) => exec::run(&args),
        Command::Test(args) => test::run(&args),
        Command::TestState(args) => test_state::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::DeadLetters(args) => dead_letters::run(&args),
        Command::Schema(args) => schema::run(&args),
    };
    match ended {
        Ok(exit) => exit.into(),
        // Whoever reads what is printed has seen enough.
        Err(error) if is_broken_pipe(&error) => Exit::Done.into(),
        Err(error) => {
            eprintln!("error: {}", told(&error));
            let refused = error.downcast_ref::<Refused>();
            refused.map_or(Exit::Fatal, |refused| refused.exit).into()
        }
    }
}

/// An error with its causes, but for those that it has told itself.
fn told(error: &anyhow::Error) -> String {
    let mut told = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        match told.as_str() {
            "" => told = cause,
            so_far if so_far.ends_with(&cause) => {}
            _ => told = format!("{told}: {cause}"),
        }
    }
    told
}

/// What the cluster says instead of showing what is in a topic.
fn of_topic(topic: &str) -> impl Fn(KafkaError) -> anyhow::Error {
    move |error| match is_missing_topic(&error) {
        true => not_there(format!("topic {topic} does not exist")),
        false => anyhow::Error::new(error).context(format!("topic {topic}")),
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<io::Error>();
    error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// A command cannot do what it was asked, and the exit code says why.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
struct Refused {
    reason: String,
    exit: Exit,
}

impl Refused {
    fn error(exit: Exit, reason: impl ToString) -> anyhow::Error {
        let reason = reason.to_string();
        anyhow::Error::new(Refused { reason, exit })
    }
}

/// The arguments do not fit together, or name a file that is not there.
fn wrong_usage(reason: impl ToString) -> anyhow::Error {
    Refused::error(Exit::Usage, reason)
}

/// A file says what it must not.
fn invalid(reason: impl ToString) -> anyhow::Error {
    Refused::error(Exit::Invalid, reason)
}

/// What is asked for does not exist.
fn not_there(reason: impl ToString) -> anyhow::Error {
    Refused::error(Exit::No, reason)
}

/// Prints a line on stdout; fails where nobody reads it any more.
fn say(line: impl Display) -> io::Result<()> {
    writeln!(io::stdout(), "{line}")
}

/// The bytes of a file that an argument names; `-` is stdin.
fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let read = match path == Path::new("-") {
        true => {
            let mut bytes = Vec::new();
            io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
        }
        false => std::fs::read(path),
    };
    read.map_err(|error| wrong_usage(format!("{}: {error}", path.display())))
}

/// Prints problems on stderr, an empty line behind each.
fn print_problems(problems: &[crate::config::Problem]) {
    for problem in problems {
        eprintln!("{problem}\n");
    }
}
