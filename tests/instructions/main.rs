//! Instructions of one execution, text in → text out, counted by callgrind and held against `counts.txt`.
//!
//! Instructions are what a change costs whoever else uses the machine meanwhile: the counts of two runs differ by less
//! than a thousandth. They depend on the compiler, on how it optimises and on what the processor can do, so each such
//! key has its own rows; where valgrind or the key is missing, one line says so. More than 2 % above its row, a count is
//! an error; less is told. `UPDATE_EXPECT=1` writes the rows of the key at hand.
//!
//! ```text
//! cargo test --test instructions                                  as the tests are compiled
//! cargo test --release --no-default-features --test instructions  as it is delivered
//! ```
//!
//! The program starts itself again under valgrind, with `--count`, to be counted.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // A test may panic; this one has its own main.

#[path = "../../benches/support/machine.rs"]
#[allow(dead_code)] // Here plans are compiled with some passes only.
mod machine;
mod table;

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Arc;

use expressd::engine::InPlace;
use expressd::plan::{Passes, Plan, compile_with};
use machine::Machine;
use table::{Count, Table};

/// Definition and events by name, below `benches/machines`.
const CASES: [(&str, &str); 7] = [
    ("passthrough", "order1k"),
    ("route", "order1k"),
    ("order", "order1k"),
    ("parallel3", "order1k"),
    ("map100", "map100"),
    ("jsonata", "order1k"),
    ("country", "order1k"),
];

/// Events that are counted, after all of them have been run once.
const EVENTS: usize = 40;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some("--count") => run_all(arguments.next(), arguments.next()),
        // Whoever lists or picks tests by name means those of other programs.
        Some("--list") => {}
        Some(name) if !name.starts_with('-') && !"instructions".contains(name) => {}
        _ => return check(),
    }
    ExitCode::SUCCESS
}

/// What is counted: every case, or one, for a profile; that one perhaps without a pass of the plan.
fn run_all(only: Option<String>, without: Option<String>) {
    let mut passes = Passes::ALL;
    match without.as_deref() {
        Some("read_through") => passes.read_through = false,
        Some("choice_table") => passes.choice_table = false,
        Some("straight") => passes.straight = false,
        Some("plain") => passes.plain = false,
        Some(other) => panic!("no pass is called {other}"),
        None => {}
    }
    println!("features {}", processor());
    for (name, events) in CASES {
        if only.as_deref().is_none_or(|only| only == name) {
            let machines = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/machines");
            let definition = fs::read_to_string(machines.join(format!("{name}.asl.json"))).unwrap();
            let events = fs::read_to_string(machines.join(format!("{events}.ndjson"))).unwrap();
            let events: Vec<&[u8]> = events.lines().take(EVENTS).map(str::as_bytes).collect();
            let (mut machine, mut out) = (Machine::new(compile(&definition, passes)), Vec::new());
            for _ in 0..2 {
                run_events(&mut machine, &events, &mut out);
            }
            counted_events(&mut machine, &events, &mut out);
        }
    }
}

fn compile(definition: &str, passes: Passes) -> Arc<Plan> {
    let (machine, _) = expressd::asl::parse(definition).unwrap();
    Arc::new(compile_with(&machine, passes).unwrap())
}

/// Callgrind counts what happens in here, and writes it down at the end.
#[inline(never)]
fn counted_events(machine: &mut Machine, events: &[&[u8]], out: &mut Vec<u8>) {
    run_events(black_box(machine), events, out);
}

fn run_events(machine: &mut Machine, events: &[&[u8]], out: &mut Vec<u8>) {
    for event in events {
        out.clear();
        machine.run(event, &InPlace, out);
        black_box(&out);
    }
}

/// What of the processor the code asks for at run time.
fn processor() -> String {
    #[cfg(target_arch = "x86_64")]
    {
        macro_rules! has {
            ($($name:tt),*) => {
                [$(($name, std::arch::is_x86_feature_detected!($name))),*]
            };
        }
        let asked = has!("sse4.2", "pclmulqdq", "avx2", "bmi2", "avx512f");
        let there = asked.iter().filter(|(_, there)| *there);
        let names: Vec<&str> = there.map(|(name, _)| *name).collect();
        names.join("+")
    }
    #[cfg(not(target_arch = "x86_64"))]
    String::from("any")
}

fn check() -> ExitCode {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/instructions/counts.txt");
    let mut table = Table::read(&fs::read_to_string(&path).unwrap_or_default());
    let (key, counts) = match count() {
        Ok(counted) => counted,
        Err(why) => {
            println!("instructions: skipped, {why}");
            return ExitCode::SUCCESS;
        }
    };
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        table.set(&key, &counts);
        fs::write(&path, table.text()).unwrap();
    }
    let Some(want) = table.get(&key) else {
        println!("instructions: skipped, counts.txt has no rows for {key}");
        return ExitCode::SUCCESS;
    };
    let verdicts: Vec<_> = counts.iter().map(|count| count.against(want)).collect();
    verdicts.iter().for_each(|(_, text)| println!("{text}"));
    let failed = verdicts.iter().filter(|(good, _)| !good).count();
    let passed = verdicts.len() - failed;
    let result = if failed == 0 { "ok" } else { "FAILED" };
    println!("test result: {result}. {passed} passed; {failed} failed");
    ExitCode::from(u8::from(failed > 0))
}

/// The key and the counts of all cases; or why there are none.
fn count() -> Result<(String, Vec<Count>), String> {
    let rustc = output(Command::new("rustc").arg("--version"))?;
    let rustc = rustc.split(" (").next().unwrap_or_default();
    let directory = tempfile::tempdir().map_err(|error| error.to_string())?;
    let mut valgrind = Command::new("valgrind");
    valgrind
        .arg("--tool=callgrind")
        .arg(format!(
            "--callgrind-out-file={}",
            directory.path().join("out").display()
        ))
        .args([
            "--toggle-collect=instructions::counted_events",
            "--dump-after=instructions::counted_events",
        ])
        .arg(std::env::current_exe().map_err(|error| error.to_string())?)
        .arg("--count");
    let said = output(&mut valgrind)?;
    let features = said
        .lines()
        .find_map(|line| line.strip_prefix("features "))
        .ok_or("the processor is not known")?;
    let built = if cfg!(debug_assertions) {
        "unoptimised"
    } else {
        "optimised"
    };
    let key = format!("{rustc}, {}, {features}, {built}", std::env::consts::ARCH);
    let counts = CASES.iter().enumerate().map(|(index, (name, _))| {
        // Callgrind numbers what it writes down.
        let dump: PathBuf = directory.path().join(format!("out.{}", index + 1));
        let dump = fs::read_to_string(dump).map_err(|error| format!("callgrind: {error}"))?;
        let total = dump.lines().find_map(|line| {
            line.strip_prefix("totals: ")
                .or(line.strip_prefix("summary: "))
        });
        let total: Option<u64> = total.and_then(|total| total.trim().parse().ok());
        Ok(Count {
            case: (*name).to_string(),
            instructions: total.ok_or("callgrind says no total")? / EVENTS as u64,
        })
    });
    let counts: Result<Vec<Count>, String> = counts.collect();
    Ok((key, counts?))
}

fn output(command: &mut Command) -> Result<String, String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .map_err(|error| format!("{program} cannot be started: {error}"))?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(format!(
            "{program}: {}",
            String::from_utf8_lossy(&output.stderr)
        )),
    }
}
