//! The admin port of a daemon.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::bed::LIMIT;

/// Where a daemon answers how it is.
pub(crate) struct Admin(u16);

impl Admin {
    /// Makes a config's admin port one that nobody has.
    pub(crate) fn on_a_free_port(config: &mut Value) -> Admin {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        config["admin"] = json!({ "listen": format!("127.0.0.1:{port}") });
        Admin(port)
    }

    /// The whole answer, or nothing while there is none.
    pub(crate) fn get(&self, path: &str) -> String {
        let ask = || -> std::io::Result<String> {
            let mut stream = TcpStream::connect(("127.0.0.1", self.0))?;
            stream.set_read_timeout(Some(Duration::from_secs(5)))?;
            write!(
                stream,
                "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            )?;
            let mut text = String::new();
            stream.read_to_string(&mut text)?;
            Ok(text)
        };
        ask().unwrap_or_default()
    }

    /// Asks until the answer is the right one.
    #[track_caller]
    pub(crate) fn wait_for(&self, what: &str, path: &str, right: impl Fn(&str) -> bool) {
        let deadline = Instant::now() + LIMIT;
        loop {
            let answer = self.get(path);
            if right(&answer) {
                return;
            }
            assert!(Instant::now() < deadline, "{what} did not come: {answer}");
            std::thread::park_timeout(Duration::from_millis(50));
        }
    }
}
