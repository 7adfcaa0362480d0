//! The layer order of ARCHITECTURE.md: a module imports only from those above it, and the language core does no I/O and reads no clock.
#![allow(clippy::unwrap_used)] // A test may panic.

use std::fs;
use std::path::{Path, PathBuf};

/// Lowest first; modules of one row do not import each other.
const LAYERS: &[&[&str]] = &[
    &["value"],
    &["diagnostic", "error_name"],
    &["expr"],
    &["asl"],
    &["plan"],
    &["engine"],
    &["test_state"],
    &["cases"],
    &["units", "mutants"],
    &["telemetry"],
    &["kafka"],
    &["task"],
    &["runtime"],
    &["source", "sink"],
    &["pipeline"],
    &["admin", "demo", "bench"],
    &["config"],
    &["daemon"],
    &["cli"],
    &["lib", "main"],
];

/// `engine` never sees the definition: after compilation it is gone.
const FORBIDDEN_PAIRS: &[(&str, &str)] = &[("engine", "asl")];

const CORE: &[&str] = &[
    "value",
    "diagnostic",
    "error_name",
    "expr",
    "asl",
    "plan",
    "engine",
    "test_state",
];

/// Words that mean I/O, a clock, metrics or a runtime.
const OUTSIDE_CORE: &[&str] = &[
    "std::fs",
    "std::io::Read",
    "std::net",
    "std::time::Instant",
    "std::time::SystemTime",
    "Instant::now",
    "SystemTime::now",
    "Timestamp::now",
    "tokio::",
    "rayon::",
    "rdkafka",
    "metrics::",
    "tracing::",
];

/// One module names each big dependency.
const OWNERS: &[(&str, &[&str])] = &[
    ("metrics::", &["telemetry"]),
    ("metrics_exporter_prometheus", &["telemetry"]),
    (
        "rdkafka",
        &["kafka", "source/kafka", "sink/kafka", "task/kafka"],
    ),
    ("rayon::", &["runtime/cpu_pool"]),
];

#[test]
fn imports_follow_the_layer_order() {
    let mut problems = Vec::new();
    for (module, file, line, text) in source_lines() {
        for target in crate_paths(&text) {
            let Some(target_row) = row(&target) else {
                problems.push(format!(
                    "{file}:{line}: crate::{target} is not in the layer table"
                ));
                continue;
            };
            let own_row = row(&module)
                .unwrap_or_else(|| panic!("{file}: module {module} is not in the layer table"));
            let sideways = target_row == own_row && target != module;
            let forbidden = FORBIDDEN_PAIRS.contains(&(module.as_str(), target.as_str()));
            if target_row > own_row || sideways || forbidden {
                problems.push(format!("{file}:{line}: {module} imports {target}"));
            }
        }
    }
    assert!(
        problems.is_empty(),
        "imports that point the wrong way:\n{}",
        problems.join("\n")
    );
}

#[test]
fn the_language_core_does_no_io_and_reads_no_clock() {
    let mut problems = Vec::new();
    for (module, file, line, text) in source_lines() {
        if CORE.contains(&module.as_str()) {
            for word in OUTSIDE_CORE {
                if text.contains(word) && !text.contains("crate::") {
                    problems.push(format!("{file}:{line}: {word}"));
                }
            }
        }
    }
    assert!(
        problems.is_empty(),
        "the core reaches outside:\n{}",
        problems.join("\n")
    );
}

#[test]
fn one_module_names_each_big_dependency() {
    let mut problems = Vec::new();
    for (_, file, line, text) in source_lines() {
        for (word, owners) in OWNERS {
            let named = text.contains(&format!("use {word}"))
                || text.contains(&format!("({word}"))
                || text.contains(&format!(" {word}:"));
            if named
                && !owners
                    .iter()
                    .any(|owner| file.starts_with(&format!("src/{owner}")))
            {
                problems.push(format!("{file}:{line}: {word} belongs to {owners:?}"));
            }
        }
    }
    assert!(
        problems.is_empty(),
        "a dependency is named outside its module:\n{}",
        problems.join("\n")
    );
}

fn row(module: &str) -> Option<usize> {
    LAYERS.iter().position(|row| row.contains(&module))
}

/// (module, file, line number, line) of every line of code up to the unit tests of a file.
fn source_lines() -> Vec<(String, String, usize, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    collect(&root.join("src"), &mut files);
    assert!(files.len() > 10, "the sources were not found");
    let mut lines = Vec::new();
    for path in files {
        let file = path
            .strip_prefix(root)
            .unwrap()
            .to_string_lossy()
            .replace('\\', "/");
        let module = file["src/".len()..]
            .split(['/', '.'])
            .next()
            .unwrap()
            .to_string();
        let text = fs::read_to_string(&path).unwrap();
        for (index, line) in text.lines().enumerate() {
            if line.trim_start().starts_with("#[cfg(test)]") {
                break;
            }
            if !line.trim_start().starts_with("//") {
                lines.push((module.clone(), file.clone(), index + 1, line.to_string()));
            }
        }
    }
    lines
}

fn collect(dir: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            files.push(path);
        }
    }
}

/// The first segment after each `crate::`.
fn crate_paths(line: &str) -> Vec<String> {
    line.match_indices("crate::")
        .map(|(at, found)| {
            line[at + found.len()..]
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect::<String>()
        })
        .filter(|name| !name.is_empty())
        .collect()
}
