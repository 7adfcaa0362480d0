//! Words that nobody may read: credentials.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use tokio::time::Instant;
use tracing::warn;

/// A credential: the word itself, which a config takes from the environment (`${TOKEN}`), or a file that holds it. It is
/// never printed.
#[derive(Clone, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(untagged)]
pub enum Secret {
    /// The word itself.
    Text(String),
    /// A file whose text, without white space at its end, is the word. It is read again every minute.
    File {
        /// The file.
        file: PathBuf,
    },
}

/// A secret that can be used.
pub(super) struct SecretSource {
    path: Option<PathBuf>,
    current: Mutex<Current>,
}

struct Current {
    word: Arc<str>,
    /// When the file is read again.
    refresh: Instant,
}

const REFRESH: Duration = Duration::from_secs(60);

impl Secret {
    /// Reads it; relative paths start at `base`.
    pub(super) fn open(&self, base: &Path) -> Result<SecretSource, String> {
        let (path, word) = match self {
            Secret::Text(text) => (None, text.as_str().into()),
            Secret::File { file } => {
                let path = base.join(file);
                let word = read(&path)?;
                (Some(path), word)
            }
        };
        Ok(SecretSource {
            path,
            current: Mutex::new(Current {
                word,
                refresh: Instant::now() + REFRESH,
            }),
        })
    }
}

impl SecretSource {
    /// The word as it is now. A file that cannot be read any more leaves the last word in place.
    pub(super) fn word(&self) -> Arc<str> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(path) = &self.path
            && current.refresh <= Instant::now()
        {
            current.refresh = Instant::now() + REFRESH;
            match read(path) {
                Ok(word) => current.word = word,
                Err(error) => warn!(%error, "a credential cannot be read again"),
            }
        }
        Arc::clone(&current.word)
    }
}

fn read(path: &Path) -> Result<Arc<str>, String> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(text.trim_end().into()),
        Err(error) => Err(format!("{}: {error}", path.display())),
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Secret::Text(_) => f.write_str("Secret(***)"),
            Secret::File { file } => write!(f, "Secret({})", file.display()),
        }
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Secret::Text(_) => serializer.serialize_str("***"),
            Secret::File { file } => serializer.collect_str(&file.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_printed() {
        let secret = Secret::Text("hunter2".to_string());
        let printed = format!("{secret:?} {}", serde_json::to_string(&secret).unwrap());
        assert_eq!(printed, "Secret(***) \"***\"");
    }

    #[tokio::test(start_paused = true)]
    async fn a_file_is_read_again_after_a_minute() {
        let dir = tempfile::tempdir().unwrap();
        let write = |text: &str| std::fs::write(dir.path().join("token"), text).unwrap();
        write("one\n");
        let secret: Secret = serde_json::from_str(r#"{"file": "token"}"#).unwrap();
        let source = secret.open(dir.path()).unwrap();
        write("two\n");
        assert_eq!(&*source.word(), "one");
        tokio::time::advance(REFRESH).await;
        assert_eq!(&*source.word(), "two");
        std::fs::remove_file(dir.path().join("token")).unwrap();
        tokio::time::advance(REFRESH).await;
        assert_eq!(&*source.word(), "two");
        assert!(secret.open(dir.path()).is_err());
    }
}
