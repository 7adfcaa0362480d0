//! What `explain` says of a definition, pinned: a change of the compiler shows in a diff.
//!
//! `tests/plans/NAME.asl.json` is the definition, `NAME.plan` the text; where the optimisations change it,
//! `NAME.before.plan` is the text without them. `UPDATE_EXPECT=1 cargo test --test plans` rewrites the texts.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

use expressd::plan::Passes;
use expressd::{asl, plan};

#[test]
fn plans_explain_themselves_as_pinned() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plans");
    let definitions: Vec<PathBuf> = fs::read_dir(&root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with(".asl.json"))
        .collect();
    assert!(definitions.len() >= 4, "the definitions were not found");
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    for definition in definitions {
        let text = fs::read_to_string(&definition).unwrap();
        let (machine, _) = asl::parse(&text).unwrap();
        let explained = plan::compile(&machine).unwrap().explain();
        let before = plan::compile_with(&machine, Passes::NONE).unwrap();
        let before = Some(before.explain()).filter(|before| *before != explained);
        let texts = [("before.plan", before), ("plan", Some(explained))];
        for (extension, text) in texts {
            let pinned = definition.with_extension("").with_extension(extension);
            match &text {
                Some(text) if update => fs::write(&pinned, text).unwrap(),
                None if update => drop(fs::remove_file(&pinned)),
                _ => {}
            }
            let want = fs::read_to_string(&pinned).ok();
            assert_eq!(text, want, "{}", pinned.display());
        }
    }
}

#[test]
fn defaults_and_identities_vanish() {
    let plain = explain(r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}"#);
    let spelled = explain(
        r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "InputPath": "$", "ResultPath": "$",
            "OutputPath": "$", "End": true}}}"#,
    );
    let without_hash = |text: &str| text.split_once('\n').unwrap().1.to_string();
    assert_eq!(without_hash(&plain), without_hash(&spelled));
}

fn explain(text: &str) -> String {
    let (machine, _) = asl::parse(text).unwrap();
    plan::compile(&machine).unwrap().explain()
}
