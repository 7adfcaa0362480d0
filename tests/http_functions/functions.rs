//! The server of `examples/functions/orders.py`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// The example's server. Dropping it ends it.
pub(crate) struct Functions {
    child: Child,
    /// `127.0.0.1:41234`
    pub(crate) address: String,
}

impl Functions {
    /// None where there is no Python; says so.
    pub(crate) fn start(options: &[&str]) -> Option<Functions> {
        let server = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/functions/orders.py");
        let child = Command::new("python3")
            .arg(server)
            .args(["--port", "0"])
            .args(options)
            .stdout(Stdio::piped())
            .spawn();
        let Ok(mut child) = child else {
            println!("there is no python3 here: the functions cannot run");
            return None;
        };
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        let address = line
            .trim()
            .strip_prefix("listening on http://")
            .unwrap()
            .to_string();
        Some(Functions { child, address })
    }

    pub(crate) fn stats(&self) -> Value {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream
            .write_all(b"GET /stats HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        serde_json::from_str(text.split_once("\r\n\r\n").unwrap().1).unwrap()
    }
}

impl Drop for Functions {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
