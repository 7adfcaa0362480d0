//! Outcomes as JSON Lines in a file or on standard output. A line is on the disk before its record counts as done.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tracing::error;

use super::{Kind, Publication, Receipt};

/// JSON Lines in a file or on standard output.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileSinkConfig {
    /// Results are appended here; `-` is standard output.
    pub path: PathBuf,
    /// Dead letters are appended here. Without it they stand among the results, with `"kind":"dead_letter"`.
    #[serde(default)]
    pub dead_letters: Option<PathBuf>,
}

/// How long to wait before a failed write is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// Collects lines and writes them on its own thread: one write and one sync for all that came meanwhile.
pub struct FileSink<R: Receipt> {
    shared: Arc<Shared<R>>,
    writer: Option<JoinHandle<()>>,
}

struct Shared<R> {
    pending: Mutex<Pending<R>>,
    changed: Condvar,
    halted: Mutex<Option<String>>,
}

struct Pending<R> {
    results: Vec<u8>,
    dead_letters: Vec<u8>,
    receipts: Vec<R>,
    closed: bool,
}

impl<R> Pending<R> {
    fn new() -> Pending<R> {
        Pending {
            results: Vec::new(),
            dead_letters: Vec::new(),
            receipts: Vec::new(),
            closed: false,
        }
    }
}

impl<R: Receipt> FileSink<R> {
    /// Opens the files and starts the thread that writes them.
    pub fn open(config: &FileSinkConfig) -> io::Result<FileSink<R>> {
        let results = Output::open(&config.path)?;
        let dead_letters = config
            .dead_letters
            .as_deref()
            .map(Output::open)
            .transpose()?;
        let shared = Arc::new(Shared {
            pending: Mutex::new(Pending::new()),
            changed: Condvar::new(),
            halted: Mutex::new(None),
        });
        let writer = {
            let shared = Arc::clone(&shared);
            thread::Builder::new()
                .name("sink-file".into())
                .spawn(move || shared.write(results, dead_letters))?
        };
        Ok(FileSink {
            shared,
            writer: Some(writer),
        })
    }

    /// Takes a publication; `receipt` hears of it when it is on the disk.
    pub fn publish(&self, publication: &Publication<'_>, receipt: R) {
        let mut pending = self.shared.lock();
        let to = match publication.kind {
            Kind::Result => &mut pending.results,
            Kind::DeadLetter | Kind::Retry(_) => &mut pending.dead_letters,
        };
        line(publication, to);
        pending.receipts.push(receipt);
        drop(pending);
        self.shared.changed.notify_one();
    }

    /// Why nothing is written at present.
    pub fn halted(&self) -> Option<String> {
        let halted = self.shared.halted.lock();
        halted.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl<R: Receipt> Drop for FileSink<R> {
    /// Writes what was taken, unless the disk does not let it.
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.changed.notify_one();
        if let Some(writer) = self.writer.take()
            // The last receipt may own the sink: then its thread is the one that drops it.
            && writer.thread().id() != thread::current().id()
        {
            let _ = writer.join();
        }
    }
}

impl<R: Receipt> Shared<R> {
    fn lock(&self) -> MutexGuard<'_, Pending<R>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, mut results: Output, mut dead_letters: Option<Output>) {
        let mut taken = Pending::new();
        loop {
            let mut pending = self.lock();
            while pending.receipts.is_empty() && !pending.closed {
                pending = self
                    .changed
                    .wait(pending)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            if pending.receipts.is_empty() {
                return;
            }
            std::mem::swap(&mut pending.results, &mut taken.results);
            std::mem::swap(&mut pending.dead_letters, &mut taken.dead_letters);
            std::mem::swap(&mut pending.receipts, &mut taken.receipts);
            drop(pending);

            let written = self.write_all(&mut results, &mut taken.results)
                && self.write_all(
                    dead_letters.as_mut().unwrap_or(&mut results),
                    &mut taken.dead_letters,
                );
            if !written {
                return;
            }
            R::acknowledged(&mut taken.receipts);
        }
    }

    /// Writes until it succeeds; gives up only when the sink is closed meanwhile.
    fn write_all(&self, output: &mut Output, bytes: &mut Vec<u8>) -> bool {
        let mut written = 0;
        while let Err(error) = output.write(bytes, &mut written) {
            error!(path = output.name, %error, "write failed, will retry");
            self.set_halted(Some(format!("{}: {error}", output.name)));
            let pending = self.lock();
            let (pending, _) = self
                .changed
                .wait_timeout(pending, RETRY)
                .unwrap_or_else(PoisonError::into_inner);
            if pending.closed {
                return false;
            }
        }
        if written > 0 {
            self.set_halted(None);
        }
        bytes.clear();
        true
    }

    fn set_halted(&self, reason: Option<String>) {
        *self.halted.lock().unwrap_or_else(PoisonError::into_inner) = reason;
    }
}

struct Output {
    name: String,
    /// Standard output where there is none.
    file: Option<File>,
}

impl Output {
    fn open(path: &Path) -> io::Result<Output> {
        let file = match path.to_str() {
            Some("-") => None,
            _ => Some(OpenOptions::new().create(true).append(true).open(path)?),
        };
        Ok(Output {
            name: path.display().to_string(),
            file,
        })
    }

    /// Writes the bytes from `written` on and makes them safe; counts what was written before an error.
    fn write(&mut self, bytes: &[u8], written: &mut usize) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        while *written < bytes.len() {
            let result = match &mut self.file {
                Some(file) => file.write(&bytes[*written..]),
                None => io::stdout().lock().write(&bytes[*written..]),
            };
            match result {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => *written += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        match &mut self.file {
            Some(file) => file.sync_data(),
            None => io::stdout().lock().flush(),
        }
    }
}

/// `{"kind":…,"key":…,"value":…,"headers":{…}}`. The value of a result is JSON; that of a dead letter is a text with the
/// record's own bytes, which need not be JSON.
fn line(publication: &Publication<'_>, out: &mut Vec<u8>) {
    let (kind, json) = match publication.kind {
        Kind::Result => ("result", true),
        Kind::DeadLetter | Kind::Retry(_) => ("dead_letter", false),
    };
    out.extend_from_slice(b"{\"kind\":");
    text(kind, out);
    if let Some(key) = publication.key {
        field("key", key, out);
    }
    match publication.value {
        Some(value) if json => {
            out.extend_from_slice(b",\"value\":");
            out.extend_from_slice(value);
        }
        Some(value) => field("value", value, out),
        None => out.extend_from_slice(b",\"value\":null"),
    }
    out.extend_from_slice(b",\"headers\":{");
    for (index, header) in publication.headers.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        text(header.name, out);
        out.push(b':');
        match header.value {
            Some(value) => text(&String::from_utf8_lossy(value), out),
            None => out.extend_from_slice(b"null"),
        }
    }
    out.extend_from_slice(b"}}\n");
}

/// `,"name":"…"`, or `,"name_base64":"…"` where the bytes are no text.
fn field(name: &str, bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    match std::str::from_utf8(bytes) {
        Ok(bytes) => {
            out.extend_from_slice(b"\":");
            text(bytes, out);
        }
        Err(_) => {
            out.extend_from_slice(b"_base64\":");
            text(&STANDARD.encode(bytes), out);
        }
    }
}

fn text(text: &str, out: &mut Vec<u8>) {
    serde_json::to_writer(out, text).expect("a text can be written into memory");
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};

    use super::*;
    use crate::kafka::HeaderBuffer;
    use crate::sink::OwnedPublication;

    struct Slot(u32, Sender<u32>);

    impl Receipt for Slot {
        fn acknowledged(receipts: &mut Vec<Slot>) {
            for slot in receipts.drain(..) {
                let _ = slot.1.send(slot.0);
            }
        }
        fn output_too_large(&mut self, _: &str) -> OwnedPublication {
            unreachable!("files take every size")
        }
    }

    #[test]
    fn acknowledged_lines_are_in_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out.jsonl");
        let dead_letters = dir.path().join("dead.jsonl");
        let sink = FileSink::open(&FileSinkConfig {
            path: path.clone(),
            dead_letters: Some(dead_letters.clone()),
        })
        .unwrap();
        let mut headers = HeaderBuffer::new();
        headers.push("h", Some(b"1"));
        let (sender, acknowledged) = channel();
        for (n, kind, key, value) in [
            (0, Kind::Result, None, &b"{\"a\":1}"[..]),
            (1, Kind::DeadLetter, Some(&b"k"[..]), b"not \"json\n"),
            (2, Kind::DeadLetter, Some(b"\xff"), b"\xfe"),
        ] {
            let publication = Publication {
                kind,
                key,
                value: Some(value),
                timestamp: None,
                headers: &headers,
            };
            sink.publish(&publication, Slot(n, sender.clone()));
        }
        let mut seen: Vec<_> = acknowledged.iter().take(3).collect();
        seen.sort_unstable();
        assert_eq!(seen, [0, 1, 2]);
        assert_eq!(
            std::fs::read_to_string(path).unwrap(),
            "{\"kind\":\"result\",\"value\":{\"a\":1},\"headers\":{\"h\":\"1\"}}\n"
        );
        assert_eq!(
            std::fs::read_to_string(dead_letters).unwrap(),
            "{\"kind\":\"dead_letter\",\"key\":\"k\",\"value\":\"not \\\"json\\n\",\"headers\":{\"h\":\"1\"}}\n\
             {\"kind\":\"dead_letter\",\"key_base64\":\"/w==\",\"value_base64\":\"/g==\",\"headers\":{\"h\":\"1\"}}\n"
        );
    }
}
