//! Definitions are read again, when somebody asks or when their files change.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use tracing::{error, info, warn};

use super::pipelines::Pipelines;
use crate::config::Config;
use crate::config::Problem;
use crate::runtime::Machine;

/// How often files are looked at.
const EVERY: Duration = Duration::from_secs(1);

/// What runs, and what its files looked like when it was read.
pub(super) struct Reload {
    watched: Vec<Watched>,
    watch: bool,
    next_look: Instant,
}

struct Watched {
    path: PathBuf,
    seen: Option<Look>,
    machine: Arc<Machine>,
}

/// What tells one state of a file from another.
type Look = (SystemTime, u64);

impl Reload {
    pub(super) fn new(config: &Config) -> Reload {
        let watched = config.pipelines.iter().map(|pipeline| Watched {
            path: pipeline.definition.clone(),
            seen: look(&pipeline.definition),
            machine: Arc::clone(&pipeline.machine),
        });
        Reload {
            watched: watched.collect(),
            watch: config.reload.watch,
            next_look: Instant::now() + EVERY,
        }
    }

    /// Somebody asked: reads all definitions again, and says what else would need a restart.
    pub(super) fn all(&mut self, config: &Config, pipelines: &mut Pipelines) {
        let mut told = Vec::new();
        for index in 0..self.watched.len() {
            told.extend(self.one(index, config, pipelines));
        }
        match Config::load(&config.path) {
            Ok(now) if now.redacted == config.redacted => {}
            Ok(_) => {
                warn!("the config has changed: restart needed, only definitions are read again")
            }
            Err(mut problems) => {
                problems.retain(|problem| !told.contains(problem));
                report(&problems, "the config has an error; a restart would fail");
            }
        }
    }

    /// Reads the definitions whose files have changed, if they are watched and it is time to look.
    pub(super) fn changed(&mut self, config: &Config, pipelines: &mut Pipelines) {
        if !self.watch || Instant::now() < self.next_look {
            return;
        }
        self.next_look = Instant::now() + EVERY;
        for index in 0..self.watched.len() {
            if look(&self.watched[index].path) != self.watched[index].seen {
                self.one(index, config, pipelines);
            }
        }
    }

    /// Gives what is wrong with the definition, which was told.
    fn one(&mut self, index: usize, config: &Config, pipelines: &mut Pipelines) -> Vec<Problem> {
        let (watched, pipeline) = (&mut self.watched[index], &config.pipelines[index]);
        // Before it is read: a change in between is found by the next look.
        watched.seen = look(&watched.path);
        let name = &pipeline.name;
        match pipeline.reload(&watched.machine) {
            Ok(None) => info!(pipeline = name, "definition is the same"),
            Ok(Some(machine)) => {
                let (before, definition) = (watched.machine.plan().hash(), machine.plan().hash());
                info!(pipeline = name, before, definition, "definition reloaded");
                pipelines.replace_machine(name, &watched.machine, &machine);
                watched.machine = machine;
            }
            Err(problems) => {
                report(
                    &problems,
                    "definition not reloaded, the last good one stays",
                );
                pipelines.not_reloaded(name);
                return problems;
            }
        }
        Vec::new()
    }
}

fn look(path: &Path) -> Option<Look> {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

fn report(problems: &[Problem], what: &str) {
    for problem in problems {
        error!(%problem, "{what}");
    }
}
