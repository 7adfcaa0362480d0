//! `expressd explain`: the plan as text.

use std::path::PathBuf;

use super::Exit;
use super::{print_problems, say};
use crate::config::Definition;

/// Print how a definition was compiled: states, paths, effects, estimates
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  expressd explain config/machines/order.asl.json")]
pub(super) struct Args {
    /// File of the definition
    definition: PathBuf,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Exit> {
    match Definition::load(&args.definition) {
        Ok(definition) => {
            say(definition.plan.explain().trim_end())?;
            Ok(Exit::Done)
        }
        Err(problems) => {
            print_problems(&problems);
            Ok(Exit::Invalid)
        }
    }
}
