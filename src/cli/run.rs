//! `expressd run`: the daemon.

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use super::print_problems;
use crate::config::Config;
use crate::daemon;
use crate::daemon::Exit;
use crate::daemon::Options;
use crate::daemon::Screen;

/// Run the pipelines of a config until SIGTERM or SIGINT
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  expressd run config/quickstart.yaml                 embedded broker, sample orders
  expressd run config/expressd.yaml                   until SIGTERM: drains, commits, ends with 0
  expressd run config/examples/risk.yaml --until-idle < orders.ndjson

A second signal ends the wait for running executions.
Exit codes: 0 drained; 1 orders of a demo are missing; 3 deadline hit, nothing lost; 4 fatal;
5 the Kafka client did not close in time; 65 the config is invalid")]
pub(super) struct Args {
    /// Config file: .yaml, .toml or .json
    config: PathBuf,
    /// End when everything there is has its outcome
    #[arg(long)]
    until_idle: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Exit> {
    let config = match Config::load(&args.config) {
        Ok(config) => config,
        Err(problems) => {
            print_problems(&problems);
            return Ok(Exit::Invalid);
        }
    };
    print_problems(&config.warnings);
    let terminal = io::stderr().is_terminal();
    let options = Options {
        until_idle: args.until_idle,
        screen: Screen::new(Box::new(io::stderr()), terminal),
    };
    daemon::run(config, options)
}
