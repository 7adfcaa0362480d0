//! A task server that answers as badly as a test wants it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use super::process::rest;
use super::random::Random;

/// Answers with what it was asked, after a moment; a bad one often does something else.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) port: u16,
    bad: Arc<AtomicBool>,
    calls: Arc<AtomicU64>,
    /// Calls that ask for a crash.
    crashes: Arc<AtomicU64>,
}

impl Server {
    pub(crate) fn start() -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Server {
            port: listener.local_addr().unwrap().port(),
            bad: Arc::default(),
            calls: Arc::default(),
            crashes: Arc::default(),
        };
        let serving = server.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let server = serving.clone();
                let serve = std::thread::Builder::new().stack_size(128 << 10);
                serve.spawn(move || server.serve(stream).ok()).ok();
            }
        });
        server
    }

    pub(crate) fn set_bad(&self, bad: bool) {
        self.bad.store(bad, Ordering::Relaxed);
    }

    pub(crate) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    pub(crate) fn crashes(&self) -> u64 {
        self.crashes.load(Ordering::Relaxed)
    }

    fn serve(&self, stream: TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut stream = stream;
        loop {
            let mut length = 0;
            let mut line = String::new();
            while line != "\r\n" {
                line.clear();
                if reader.read_line(&mut line)? == 0 {
                    return Ok(());
                }
                let lower = line.to_ascii_lowercase();
                if let Some(value) = lower.strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap_or(0);
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body)?;
            if body.starts_with(b"{\"call\":\"crash\"") {
                self.crashes.fetch_add(1, Ordering::Relaxed);
                // No answer: whoever called is about to die.
                reader.read_line(&mut String::new())?;
                return Ok(());
            }
            let n = self.calls.fetch_add(1, Ordering::Relaxed);
            let mut random = Random(n);
            rest(Duration::from_millis(random.within(5, 40)));
            let bad = self.bad.load(Ordering::Relaxed);
            let kind = if bad { random.within(0, 10) } else { 9 };
            match kind {
                0 => answer(&mut stream, "500 Internal Server Error", b"{}")?,
                1 => answer(&mut stream, "429 Too Many Requests", b"{}")?,
                // Hangs until the client has had enough.
                2 => drop(reader.read_line(&mut String::new())),
                // A reset.
                3 => return Ok(()),
                4 => {
                    write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")?;
                    for _ in 0..100 {
                        stream.write_all(b" ")?;
                        rest(Duration::from_millis(100));
                    }
                    return Ok(());
                }
                5 => answer(&mut stream, "200 OK", &vec![b' '; 10 << 20])?,
                6 => {
                    stream.write_all(b"\x00\xffrubbish\r\n\r\n")?;
                    return Ok(());
                }
                7 => answer(&mut stream, "200 OK", b"not JSON")?,
                _ => answer(&mut stream, "200 OK", &body)?,
            }
        }
    }
}

fn answer(stream: &mut TcpStream, status: &str, body: &[u8]) -> std::io::Result<()> {
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    )?;
    stream.write_all(body)
}
