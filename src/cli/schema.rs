//! `expressd schema`: the JSON Schema of configs, for editors and checks.

use super::Exit;
use crate::config::File;

/// Print the JSON Schema of configs
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  expressd schema > expressd.schema.json        then, in the first line of a config:
  # yaml-language-server: $schema=expressd.schema.json")]
pub(super) struct Args {}

pub(super) fn run(_: &Args) -> anyhow::Result<Exit> {
    println!(
        "{}",
        serde_json::to_string_pretty(&schemars::schema_for!(File))?
    );
    Ok(Exit::Done)
}
