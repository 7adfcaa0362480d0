//! `expressd validate`: everything that is wrong with definitions and configs, without any network.

use std::path::{Path, PathBuf};

use super::Exit;
use super::{print_problems, say};
use crate::config::Config;
use crate::config::Definition;
use crate::config::Problem;

/// Check definitions and configs; needs no network
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  expressd validate config/machines/*.asl.json
  expressd validate config/expressd.yaml        a config, with the definitions and scripts it names")]
pub(super) struct Args {
    /// Definitions (.json) and configs (.yaml, .yml, .toml, or .json with a pipelines section)
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Exit> {
    let mut invalid = false;
    for file in &args.files {
        let problems = check(file);
        print_problems(&problems);
        let n_errors = problems.iter().filter(|problem| problem.is_error()).count();
        let file = file.display();
        match (n_errors, problems.len() - n_errors) {
            (0, 0) => say(format_args!("{file}: ok"))?,
            (0, n) => say(format_args!("{file}: ok, {}", count(n, "warning")))?,
            (n, _) => say(format_args!("{file}: {}", count(n, "error")))?,
        }
        invalid |= n_errors > 0;
    }
    Ok(if invalid { Exit::Invalid } else { Exit::Done })
}

fn check(file: &Path) -> Vec<Problem> {
    if Config::is_config(file) {
        match Config::load(file) {
            Ok(config) => config.warnings,
            Err(problems) => problems,
        }
    } else {
        match Definition::load(file) {
            Ok(definition) => definition.warnings,
            Err(problems) => problems,
        }
    }
}

fn count(n: usize, noun: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{n} {noun}{plural}")
}
