//! Bytes of a file, or of standard input, which is read on a thread of its own because nothing else ends a read of it.

use std::fs::File;
use std::io::{self, Read as _, Seek, SeekFrom};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use crate::source::SourceError;

/// Blocks of standard input that wait to be taken.
const BLOCKS: usize = 4;
const BLOCK: usize = 64 << 10;

/// What there was to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// Bytes were appended.
    Some,
    /// There may be more later.
    NothingNow,
    /// There will never be more.
    End,
}

/// Where the lines come from.
pub(super) enum Input {
    /// A file, which may grow.
    File { file: File, path: String },
    /// Standard input.
    Stdin(Receiver<io::Result<Vec<u8>>>),
}

impl Input {
    /// Opens a file at a byte; `-` is standard input, which has no positions.
    pub(super) fn open(path: &Path, byte: u64) -> Result<Input, SourceError> {
        if path.as_os_str() == "-" {
            return Ok(Input::Stdin(stdin()));
        }
        let name = path.display().to_string();
        let open = || -> io::Result<(File, u64)> {
            let mut file = File::open(path)?;
            let length = file.metadata()?.len();
            file.seek(SeekFrom::Start(byte))?;
            Ok((file, length))
        };
        match open() {
            Ok((_, length)) if length < byte => Err(SourceError::Checkpoint {
                path: name,
                reason: format!("it says byte {byte}, but the file has only {length}"),
            }),
            Ok((file, _)) => Ok(Input::File { file, path: name }),
            Err(error) => Err(SourceError::File { path: name, error }),
        }
    }

    /// Whether there is an end that can be seen.
    pub(super) fn is_file(&self) -> bool {
        matches!(self, Input::File { .. })
    }

    /// Appends what there is. Where there is nothing, waits for it up to `wait`.
    pub(super) fn read(&mut self, to: &mut Vec<u8>, wait: Duration) -> Result<Read, SourceError> {
        match self {
            Input::File { file, path } => {
                let block = BLOCK as u64;
                match file.by_ref().take(block).read_to_end(to) {
                    Ok(0) => {
                        thread::park_timeout(wait);
                        Ok(Read::NothingNow)
                    }
                    Ok(_) => Ok(Read::Some),
                    Err(error) => Err(SourceError::File {
                        path: path.clone(),
                        error,
                    }),
                }
            }
            Input::Stdin(blocks) => match blocks.recv_timeout(wait) {
                Ok(Ok(block)) => {
                    to.extend_from_slice(&block);
                    Ok(Read::Some)
                }
                Ok(Err(error)) => Err(SourceError::File {
                    path: "standard input".into(),
                    error,
                }),
                Err(RecvTimeoutError::Timeout) => Ok(Read::NothingNow),
                Err(RecvTimeoutError::Disconnected) => Ok(Read::End),
            },
        }
    }
}

/// The thread ends with standard input or with the process.
fn stdin() -> Receiver<io::Result<Vec<u8>>> {
    let (sender, receiver) = sync_channel(BLOCKS);
    thread::spawn(move || {
        loop {
            let mut block = vec![0; BLOCK];
            let read = io::stdin().lock().read(&mut block).map(|length| {
                block.truncate(length);
                block
            });
            let ended = !read.as_ref().is_ok_and(|block| !block.is_empty());
            let nothing_to_say = read.as_ref().is_ok_and(Vec::is_empty);
            if nothing_to_say || sender.send(read).is_err() || ended {
                return;
            }
        }
    });
    receiver
}
