//! Files of cases: reading one, finding them.

use std::fs;
use std::path::{Path, PathBuf};

use super::case::Case;

/// How the names of test files end that are found in directories.
const SUFFIXES: [&str; 2] = [".test.yaml", ".test.yml"];

/// How names of definitions end.
const DEFINITION: &str = ".asl.json";

/// Directories within directories that are searched.
const MAX_DEPTH: usize = 32;

/// A file of cases.
#[derive(Debug)]
pub struct TestFile {
    /// Where it was read from. Files of definitions are looked for beside it.
    pub path: PathBuf,
    /// In the order of the file.
    pub cases: Vec<Case>,
}

/// A file of cases that cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum TestFileError {
    /// The file or directory is not there or not readable.
    #[error("{}: {error}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// It is not a list of cases.
    #[error("{}: {problem}", path.display())]
    Format {
        /// Which.
        path: PathBuf,
        /// What is wrong, with its place.
        problem: String,
    },
    /// A definition without a test file beside it.
    #[error(
        "{}: a definition; its tests would be beside it, in {}",
        path.display(),
        tests.display()
    )]
    Untested {
        /// Which.
        path: PathBuf,
        /// Where its tests would be.
        tests: PathBuf,
    },
    /// A directory without test files.
    #[error("{}: no *.test.yaml in there", path.display())]
    Empty {
        /// Which.
        path: PathBuf,
    },
}

impl TestFile {
    /// Reads a file of cases.
    pub fn load(path: &Path) -> Result<TestFile, TestFileError> {
        let text = fs::read_to_string(path).map_err(|error| TestFileError::Io {
            path: path.to_path_buf(),
            error,
        })?;
        let format = |problem: String| TestFileError::Format {
            path: path.to_path_buf(),
            problem,
        };
        // `n` and `y` are names here, not booleans.
        let options = serde_saphyr::options! { strict_booleans: true };
        let cases: Vec<Case> = serde_saphyr::from_str_with_options(&text, options)
            .map_err(|error| format(error.without_snippet().to_string()))?;
        for case in &cases {
            case.runs().map_err(format)?;
        }
        Ok(TestFile {
            path: path.to_path_buf(),
            cases,
        })
    }

    /// The test files that a path means: the file itself, the one beside a definition, or every `*.test.yaml` of a
    /// directory, in order of names.
    pub fn find(path: &Path) -> Result<Vec<PathBuf>, TestFileError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if let Some(stem) = name.strip_suffix(DEFINITION) {
            let [tests, other] =
                SUFFIXES.map(|suffix| path.with_file_name(format!("{stem}{suffix}")));
            let found = [&tests, &other].into_iter().find(|tests| tests.exists());
            return found
                .map(|found| vec![found.clone()])
                .ok_or_else(|| TestFileError::Untested {
                    path: path.to_path_buf(),
                    tests: tests.clone(),
                });
        }
        if !path.is_dir() {
            return Ok(vec![path.to_path_buf()]);
        }
        let mut files = Vec::new();
        search(path, MAX_DEPTH, &mut files)?;
        match files.is_empty() {
            true => Err(TestFileError::Empty {
                path: path.to_path_buf(),
            }),
            false => Ok(files),
        }
    }
}

/// As deep as [`MAX_DEPTH`].
fn search(dir: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), TestFileError> {
    let io = |error| TestFileError::Io {
        path: dir.to_path_buf(),
        error,
    };
    let entries = fs::read_dir(dir).map_err(io)?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let mut paths = paths.collect::<Result<Vec<_>, _>>().map_err(io)?;
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // Links to directories are not followed: circles of them would be searched again and again.
        if path.is_dir() && !path.is_symlink() && depth > 0 {
            search(&path, depth - 1, files)?;
        } else if SUFFIXES.iter().any(|suffix| name.ends_with(suffix)) {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_files_are_found_in_directories_within_directories() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("m/deep")).unwrap();
        let names = ["b.test.yaml", "m/deep/c.test.yml", "a.test.yaml"];
        for name in names.into_iter().chain(["m/b.yaml", "b.asl.json"]) {
            std::fs::write(dir.path().join(name), "[]").unwrap();
        }
        let found = TestFile::find(dir.path()).unwrap();
        let want = ["a.test.yaml", "b.test.yaml", "m/deep/c.test.yml"];
        assert_eq!(found, want.map(|name| dir.path().join(name)));
        let named = dir.path().join("m/b.yaml");
        assert_eq!(TestFile::find(&named).unwrap(), [named]);
        let found = TestFile::find(&dir.path().join("b.asl.json")).unwrap();
        assert_eq!(found, [dir.path().join("b.test.yaml")]);
        let error = TestFile::find(&dir.path().join("d.asl.json")).unwrap_err();
        assert!(error.to_string().ends_with("d.test.yaml"), "{error}");
    }
}
