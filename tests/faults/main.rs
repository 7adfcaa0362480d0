//! Faults on a real cluster: daemons are killed, frozen and told to end, brokers die, the output is gone, the task server
//! lies, and a program that knows every record checks the rules of `docs/reliability.md` meanwhile.
//!
//! `cargo test --test faults` takes two minutes; `EXPRESSD_FAULTS=middle` (twelve) and `long` (an hour) do more of
//! everything. With a name, only that scenario runs; `EXPRESSD_FAULTS_SEED` repeats its jitter. The verdict goes to
//! `target/faults/verdict.json`. `EXPRESSD_FAULTS=mutants` with `--features mutants` makes one mistake after the other in
//! the daemons, each of which has to be found, and reports to `target/faults/mutants.json`. Where there is no Java, one
//! line says that nothing was tried.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod bed;
mod changes;
mod checker;
mod cluster;
mod journal;
mod mutants;
mod process;
mod random;
mod scenarios;
mod server;
mod workload;

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use serde_json::json;

use bed::Suite;
use cluster::Cluster;
use scenarios::SCENARIOS;
use server::Server;

fn main() -> ExitCode {
    // Cargo's own options for tests mean nothing here.
    let wanted = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with('-'));
    if std::env::args().any(|argument| argument == "--list") {
        return ExitCode::SUCCESS;
    }
    let length = std::env::var("EXPRESSD_FAULTS").unwrap_or_else(|_| "short".into());
    let (level, scale) = match length.as_str() {
        "none" => return ExitCode::SUCCESS,
        "middle" => (1, 3),
        "long" => (2, 20),
        _ => (0, 1),
    };
    let mistakes = length == "mutants";
    if mistakes && !cfg!(feature = "mutants") {
        println!("mistakes are made with --features mutants");
        return ExitCode::FAILURE;
    }
    // A filter that is meant for other tests.
    if let Some(name) = &wanted
        && !mistakes
        && !SCENARIOS.iter().any(|scenario| scenario.name == name)
    {
        return ExitCode::SUCCESS;
    }
    let begun = Instant::now();
    let seed = std::env::var("EXPRESSD_FAULTS_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| u64::from(std::process::id()));
    let root =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("faults-{}", std::process::id()));
    let cluster = match Cluster::start(&root) {
        Ok(cluster) => cluster,
        Err(reason) => {
            println!("no cluster ({reason}): no faults were tried");
            return ExitCode::SUCCESS;
        }
    };
    println!(
        "faults: three brokers after {} s; EXPRESSD_FAULTS_SEED={seed}",
        begun.elapsed().as_secs()
    );
    let mut suite = Suite {
        cluster,
        server: Server::start(),
        directory: root.clone(),
        seed,
        scale,
        mutant: std::env::var("EXPRESSD_FAULTS_MUTANT").ok(),
        run: String::new(),
    };
    if mistakes {
        let reports = mutants::run(&mut suite, wanted.as_deref());
        return report_mutants(&reports, suite);
    }
    let mut verdicts = Vec::new();
    for scenario in SCENARIOS {
        let chosen = match &wanted {
            Some(name) => scenario.name == name,
            None => scenario.level <= level,
        };
        if chosen {
            verdicts.push((scenario.run)(&mut suite));
        }
    }
    let is_bad = |verdict: &serde_json::Value| verdict["violations"] != json!([]);
    let failed = verdicts.iter().filter(|verdict| is_bad(verdict)).count();
    let verdict = json!({
        "length": length, "seed": seed, "seconds": begun.elapsed().as_secs(), "mutant": suite.mutant,
        "failed": failed, "scenarios": verdicts,
    });
    write("verdict.json", &verdict);
    let is_found = suite.mutant.is_some() && failed > 0;
    drop(suite);
    if failed == 0 {
        std::fs::remove_dir_all(&root).ok();
    } else {
        println!("faults: logs are in {}", root.display());
    }
    println!(
        "test result: {}. {} passed; {failed} failed; faults in {} s, verdict in target/faults/verdict.json",
        if failed == 0 { "ok" } else { "FAILED" },
        verdicts_len(&verdict) - failed,
        begun.elapsed().as_secs()
    );
    // A mutant has to be found.
    match failed == 0 && std::env::var("EXPRESSD_FAULTS_MUTANT").is_err() || is_found {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// Every mistake has to be found.
fn report_mutants(reports: &[serde_json::Value], suite: Suite) -> ExitCode {
    let is_found = |report: &&serde_json::Value| report["found"] == json!(true);
    let found = reports.iter().filter(is_found).count();
    write(
        "mutants.json",
        &json!({ "found": found, "mutants": reports }),
    );
    let (root, tried) = (suite.directory.clone(), reports.len());
    drop(suite);
    std::fs::remove_dir_all(root).ok();
    println!("mutants: {found} of {tried} found, report in target/faults/mutants.json");
    match found == tried && tried > 0 {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

fn write(name: &str, report: &serde_json::Value) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/faults");
    std::fs::create_dir_all(&directory).unwrap();
    let text = serde_json::to_string_pretty(report).unwrap();
    std::fs::write(directory.join(name), text).unwrap();
}

fn verdicts_len(verdict: &serde_json::Value) -> usize {
    verdict["scenarios"].as_array().map_or(0, Vec::len)
}
