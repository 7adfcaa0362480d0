//! The file that holds how far a file was read.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::source::SourceError;

/// A place between two lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Position {
    /// Number of the line that begins here, from 0.
    pub(super) line: i64,
    /// Its first byte.
    pub(super) byte: u64,
}

/// Where the position is kept, if anywhere.
pub(super) struct Checkpoint {
    path: Option<PathBuf>,
    position: Position,
}

impl Checkpoint {
    /// Reads the position; a file that is not there yet is the beginning.
    pub(super) fn open(path: Option<&Path>) -> Result<Checkpoint, SourceError> {
        let position = match path.map(fs::read) {
            None => Position::default(),
            Some(Err(error)) if error.kind() == io::ErrorKind::NotFound => Position::default(),
            Some(Err(error)) => return Err(file_error(path, error)),
            Some(Ok(text)) => {
                serde_json::from_slice(&text).map_err(|error| SourceError::Checkpoint {
                    path: display(path),
                    reason: error.to_string(),
                })?
            }
        };
        Ok(Checkpoint {
            path: path.map(Path::to_path_buf),
            position,
        })
    }

    pub(super) fn position(&self) -> Position {
        self.position
    }

    /// Replaces the position: afterwards the file holds the new one or, after a crash, the old one.
    pub(super) fn write(&mut self, position: Position) -> Result<(), SourceError> {
        if let Some(path) = &self.path
            && position != self.position
        {
            replace(path, position).map_err(|error| file_error(Some(path), error))?;
        }
        self.position = position;
        Ok(())
    }
}

fn replace(path: &Path, position: Position) -> io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let new = PathBuf::from(name);
    let mut file = File::create(&new)?;
    serde_json::to_writer(&mut file, &position)?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    fs::rename(&new, path)
}

fn file_error(path: Option<&Path>, error: io::Error) -> SourceError {
    SourceError::File {
        path: display(path),
        error,
    }
}

fn display(path: Option<&Path>) -> String {
    path.map(|path| path.display().to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_position_is_read_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("orders.checkpoint");
        let position = Position { line: 7, byte: 420 };
        let mut checkpoint = Checkpoint::open(Some(&path)).unwrap();
        assert_eq!(checkpoint.position(), Position::default());
        checkpoint.write(position).unwrap();
        assert_eq!(Checkpoint::open(Some(&path)).unwrap().position(), position);
        fs::write(&path, "{").unwrap();
        assert!(Checkpoint::open(Some(&path)).is_err());
    }
}
