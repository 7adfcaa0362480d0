//! The command line: one file per command. Commands print; nothing else does.

#![allow(clippy::print_stdout, clippy::print_stderr)] // This is where printing happens.

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

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::daemon::Exit;

/// Runs AWS Step Functions Express workflows on your own machines, one execution per Kafka event.
#[derive(Debug, Parser)]
#[command(name = "expressd", version, about, after_help = EXAMPLES)]
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
  expressd run config/quickstart.yaml --until-idle    watch an order workflow run, nothing else needed
  expressd validate config/expressd.yaml              check a config and the definitions it names
  echo '{\"orderId\": \"o-1\"}' | expressd exec config/machines/order.asl.json --input - \\
      --script config/scripts/order.yaml --trace      one execution, told state by state
  expressd test config/machines                       the tests written beside definitions
  expressd explain config/machines/order.asl.json     how a definition was compiled

Exit codes: 0 done; 1 the answer is no (an execution or a test failed); 2 wrong usage; 3 deadline hit, nothing lost;
4 fatal at run time; 5 the Kafka client did not close in time; 65 a definition, test file or config is invalid";

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
        Err(error) => {
            eprintln!("error: {error:#}");
            Exit::Fatal.into()
        }
    }
}

/// Prints problems on stderr, an empty line behind each.
fn print_problems(problems: &[crate::config::Problem]) {
    for problem in problems {
        eprintln!("{problem}\n");
    }
}
