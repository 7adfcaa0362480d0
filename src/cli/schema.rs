//! `expressd schema`: the JSON Schema of configs and test files, for editors and checks.

use super::{Exit, say};
use crate::cases::Case;
use crate::config::File;

/// Print the JSON Schema of configs, or of test files
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  expressd schema > expressd.schema.json        then, in the first line of a config:
  # yaml-language-server: $schema=expressd.schema.json
  expressd schema test > test.schema.json       the same for *.test.yaml")]
pub(super) struct Args {
    /// Of which files
    #[arg(value_enum, default_value = "config")]
    of: Of,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Of {
    /// Configs
    Config,
    /// Test files
    Test,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Exit> {
    let schema = match args.of {
        Of::Config => schemars::schema_for!(File),
        Of::Test => schemars::schema_for!(Vec<Case>),
    };
    say(serde_json::to_string_pretty(&schema)?)?;
    Ok(Exit::Done)
}
