//! JSON Lines from a file or from standard input. A line is a record whose offset is its line number, from 0.
//!
//! The checkpoint file holds the position behind which every line has its outcome; a restart goes on there.

mod checkpoint;
mod input;
mod lines;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tracing::info;

use crate::units::{ByteSize, HumanDuration};

use super::{
    Batch, Control, Deadlines, Intake, Partition, Records as _, SourceEnd, SourceError,
    WindowConfig, Wiring,
};
use checkpoint::{Checkpoint, Position};
use input::{Input, Read};
use lines::{LineBatch, LineSplitter};

/// JSON Lines from a file or from standard input.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileSourceConfig {
    /// The file, from the working directory; `-` is standard input. A file that grows is followed.
    pub path: PathBuf,
    /// Where the position is kept. Without it every start reads from the beginning.
    #[serde(default)]
    pub checkpoint: Option<PathBuf>,
    /// How often the position is written.
    #[serde(default = "defaults::checkpoint_interval")]
    pub checkpoint_interval: HumanDuration,
    /// Longest line; of a longer one only so much is kept, which is more than an execution's input may have.
    #[serde(default = "defaults::line_bytes")]
    pub line_bytes: ByteSize,
    /// Bounds of the lines under way.
    #[serde(default)]
    pub window: WindowConfig,
}

mod defaults {
    use super::{ByteSize, HumanDuration};

    pub(super) fn checkpoint_interval() -> HumanDuration {
        HumanDuration::from_secs(1)
    }
    pub(super) fn line_bytes() -> ByteSize {
        ByteSize::mib(1)
    }
}

/// Lines that make one job.
const BATCH_LINES: usize = 256;
/// How long to wait for room, for outcomes, for more of the file.
const WAIT: Duration = Duration::from_millis(1);
const FOLLOW: Duration = Duration::from_millis(50);

/// Starts the thread that reads the file.
pub fn start(
    config: &FileSourceConfig,
    wiring: Wiring,
) -> Result<JoinHandle<SourceEnd>, SourceError> {
    let checkpoint = Checkpoint::open(config.checkpoint.as_deref())?;
    let start = checkpoint.position();
    let input = Input::open(&config.path, start.byte)?;
    let topic: Arc<str> = topic_of(&config.path).into();
    let limits = config.window.limits();
    info!(path = %config.path.display(), line = start.line, "reading");
    let reader = Reader {
        partition: Arc::new(Partition::new(
            Arc::clone(&topic),
            0,
            start.line,
            limits,
            wiring.budget,
        )),
        topic,
        input,
        splitter: LineSplitter::new(start, config.line_bytes.bytes()),
        starts: VecDeque::new(),
        end: start,
        checkpoint,
        checkpoint_interval: config.checkpoint_interval.0,
        next_checkpoint: Instant::now(),
        control: wiring.control,
        deadlines: wiring.deadlines,
        intake: wiring.intake,
    };
    thread::Builder::new()
        .name("source-file".into())
        .spawn(move || reader.run())
        .map_err(|error| SourceError::File {
            path: config.path.display().to_string(),
            error,
        })
}

/// The file's name without its extension stands for the topic in execution names.
fn topic_of(path: &Path) -> String {
    match path.to_str() {
        Some("-") => "stdin".into(),
        _ => path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into(),
    }
}

struct Reader {
    topic: Arc<str>,
    partition: Arc<Partition>,
    input: Input,
    splitter: LineSplitter,
    /// Where each line of the window begins.
    starts: VecDeque<Position>,
    /// Behind the last line taken in.
    end: Position,
    checkpoint: Checkpoint,
    checkpoint_interval: Duration,
    next_checkpoint: Instant,
    control: Arc<Control>,
    deadlines: Deadlines,
    intake: Intake,
}

impl Reader {
    fn run(mut self) -> SourceEnd {
        self.control.set_ready();
        let read = self.read();
        let left = self.drain();
        match (
            read.and_then(|()| self.write_checkpoint()),
            self.control.halted(),
        ) {
            (Err(error), _) => SourceEnd::Failed(error),
            (Ok(()), Some(reason)) => SourceEnd::Failed(SourceError::Halted(reason)),
            (Ok(()), None) if left > 0 => SourceEnd::Cut(left),
            (Ok(()), None) => SourceEnd::Drained,
        }
    }

    /// Reads until it is stopped or standard input ends.
    fn read(&mut self) -> Result<(), SourceError> {
        while !self.control.is_stopping() && !self.is_stuck() {
            if Instant::now() >= self.next_checkpoint {
                self.write_checkpoint()?;
                self.next_checkpoint = Instant::now() + self.checkpoint_interval;
            }
            if self.splitter.has_line() {
                if !self.take_lines() {
                    thread::park_timeout(WAIT);
                }
                continue;
            }
            match self.input.read(self.splitter.buffer(), FOLLOW)? {
                Read::Some => self.control.set_idle(false),
                Read::End => {
                    self.splitter.end();
                    if !self.splitter.has_line() {
                        return Ok(());
                    }
                }
                Read::NothingNow => {
                    let at_end = self.input.is_file();
                    if at_end && self.control.is_until_idle() {
                        self.splitter.end();
                    }
                    let idle =
                        at_end && self.partition.window().is_empty() && !self.splitter.has_line();
                    self.control.set_idle(idle);
                    if idle && self.control.is_until_idle() {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether a failed line holds everything up, for a source that ends there.
    fn is_stuck(&self) -> bool {
        self.control.is_until_idle() && self.partition.is_draining()
    }

    /// Hands a batch on, if window and budget have room for a line of it.
    fn take_lines(&mut self) -> bool {
        if self.partition.is_draining() {
            return false;
        }
        let mut batch = LineBatch::new(Arc::clone(&self.topic));
        let mut first = None;
        {
            let mut window = self.partition.window();
            while batch.len() < BATCH_LINES
                && let Some(line) = self.splitter.peek()
            {
                let offset = line.start.line;
                let slot =
                    self.partition
                        .take(&mut window, offset, line.next.line, line.bytes.len());
                let Some(slot) = slot else { break };
                first.get_or_insert(slot);
                batch.push(offset, line.bytes);
                self.starts.push_back(line.start);
                self.end = line.next;
                self.splitter.pop();
            }
        }
        let Some(first) = first else { return false };
        (self.intake)(Batch::new(
            Arc::clone(&self.partition),
            first,
            Box::new(batch),
        ));
        true
    }

    fn write_checkpoint(&mut self) -> Result<(), SourceError> {
        let Some(line) = self.partition.window().to_commit() else {
            return Ok(());
        };
        while self.starts.front().is_some_and(|start| start.line < line) {
            self.starts.pop_front();
        }
        self.checkpoint
            .write(self.starts.front().copied().unwrap_or(self.end))?;
        self.partition.window().committed(line);
        Ok(())
    }

    /// Waits for what is under way; gives the number of lines that were cut off.
    fn drain(&mut self) -> usize {
        while self.is_running() && !self.control.is_stopping() {
            thread::park_timeout(WAIT);
        }
        self.partition.drain();
        let deadline = Instant::now() + self.deadlines.drain;
        while self.is_running() && Instant::now() < deadline && !self.control.is_hurried() {
            thread::park_timeout(WAIT);
        }
        let cut = self.is_running();
        self.partition.cancel();
        let deadline = Instant::now() + self.deadlines.cancel;
        while self.is_running() && Instant::now() < deadline {
            thread::park_timeout(WAIT);
        }
        self.control.set_idle(true);
        // Without a cut those are lines that never started, as if they had not been read.
        match cut {
            true => self.partition.window().len(),
            false => 0,
        }
    }

    fn is_running(&self) -> bool {
        self.partition.window().running() > 0
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use crate::source::{MemoryBudget, SlotId};
    use crate::telemetry::PipelineMetrics;

    use super::*;

    /// Reads three lines, is stopped when `end` has decided what becomes of them, and drains for so long.
    fn stop(drain: Duration, end: impl Fn(&Partition, &[SlotId])) -> SourceEnd {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("in.jsonl");
        std::fs::write(&path, "1\n2\n3\n").unwrap();
        let control = Arc::new(Control::new(false));
        let (batches, taken) = channel();
        let wiring = Wiring {
            budget: Arc::new(MemoryBudget::new(1 << 20)),
            metrics: Arc::new(PipelineMetrics::new("p", Arc::default())),
            control: Arc::clone(&control),
            deadlines: Deadlines {
                drain,
                cancel: Duration::ZERO,
            },
            intake: Box::new(move |batch| batches.send(batch).unwrap()),
        };
        let config = serde_json::json!({"path": path});
        let config: FileSourceConfig = serde_json::from_value(config).unwrap();
        let reader = start(&config, wiring).unwrap();
        let batch: Batch = taken.recv().unwrap();
        let slots: Vec<_> = (0..batch.len()).map(|index| batch.slot(index)).collect();
        end(batch.partition(), &slots);
        control.stop();
        reader.join().unwrap()
    }

    #[test]
    fn lines_that_never_started_are_left_without_a_cut() {
        let hour = Duration::from_secs(3_600);
        let end = stop(hour, |partition, slots| {
            partition.done(&slots[..1]);
            partition.abandon(&slots[1..]);
        });
        assert!(matches!(end, SourceEnd::Drained), "{end:?}");
        let end = stop(Duration::ZERO, |partition, slots| {
            partition.done(&slots[..1]);
        });
        assert!(matches!(end, SourceEnd::Cut(2)), "{end:?}");
    }
}
