//! The one table of metrics, and everything that names metrics outside of it: documentation, rules, dashboard.

#![allow(clippy::unwrap_used)] // A test that cannot go on fails.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use expressd::telemetry::names::TABLE;
use expressd::telemetry::{Kind, Metric, Unit, markdown};
use regex::Regex;
use serde_json::Value;

fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// `UPDATE_EXPECT=1` writes the table into the documentation.
#[test]
fn the_documentation_shows_the_table() {
    let path = file("docs/metrics.md");
    let text = fs::read_to_string(&path).unwrap();
    let start = text.find("| metric |").unwrap_or(text.len());
    let want = format!("{}{}", &text[..start], markdown());
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&path, &want).unwrap();
        return;
    }
    assert_eq!(text, want, "UPDATE_EXPECT=1 cargo test --test metrics");
}

#[test]
fn names_follow_their_kind_and_unit() {
    let mut seen = BTreeSet::new();
    for metric in TABLE {
        let name = metric.name;
        assert!(seen.insert(name), "{name} twice");
        let total = name.ends_with("_total");
        assert_eq!(total, metric.kind == Kind::Counter, "{name}");
        let base = name.trim_end_matches("_total");
        let ends_in_unit = match metric.unit {
            Unit::Seconds => base.ends_with("_seconds"),
            Unit::Bytes => base.ends_with("_bytes"),
            Unit::Ratio => base.ends_with("_ratio"),
            Unit::Count => true,
        };
        assert!(ends_in_unit, "{name} is in {:?}", metric.unit);
        assert!(metric.meaning().ends_with('.'), "{name}");
    }
}

/// Labels that Prometheus adds.
const SCRAPE_LABELS: [&str; 2] = ["instance", "job"];

fn metric(name: &str) -> Option<&'static Metric> {
    TABLE.iter().find(|metric| {
        let rest = name.strip_prefix(metric.name);
        match metric.kind {
            Kind::Histogram => {
                rest.is_some_and(|rest| ["_bucket", "_sum", "_count"].contains(&rest))
            }
            _ => rest == Some(""),
        }
    })
}

/// Everything in a query that is no metric or label of ours.
fn problems(query: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let mut labels: BTreeSet<&str> = SCRAPE_LABELS.into();
    let names = Regex::new(r"\b(?:expressd|process)_[a-z_]+").unwrap();
    let mut found = 0;
    for name in names.find_iter(query) {
        found += 1;
        match metric(name.as_str()) {
            Some(metric) => {
                labels.extend(metric.labels);
                if metric.kind == Kind::Histogram {
                    labels.insert("le");
                }
            }
            None => problems.push(format!("no metric {} in {query}", name.as_str())),
        }
    }
    if found == 0 {
        problems.push(format!("no metric of ours in {query}"));
    }
    let groups = Regex::new(r"\b(?:by|on) \(([^)]*)\)").unwrap();
    let matchers = Regex::new(r#"([a-z_]+)=~?""#).unwrap();
    let grouped = groups
        .captures_iter(query)
        .flat_map(|group| group.get(1).unwrap().as_str().split(", "));
    let matched = matchers
        .captures_iter(query)
        .map(|matcher| matcher.get(1).unwrap().as_str());
    for label in grouped.chain(matched) {
        if !labels.contains(label) {
            problems.push(format!("no label {label} in {query}"));
        }
    }
    let balance = |open, close| query.matches(open).count() == query.matches(close).count();
    if !balance('(', ')') || !balance('{', '}') {
        problems.push(format!("unbalanced: {query}"));
    }
    problems
}

#[test]
fn a_query_for_something_else_is_noticed() {
    assert_eq!(problems("rate(expressd_records_total[1m])"), [""; 0]);
    for query in [
        "expressd_recrods_total",
        "sum by (topic) (expressd_records_total)",
        "expressd_records_total{outcome=\"x\"}",
        "expressd_execution_seconds",
        "up",
    ] {
        assert_eq!(problems(query).len(), 1, "{query}");
    }
}

#[test]
fn the_rules_query_metrics_that_exist() {
    let text = fs::read_to_string(file("deploy/prometheus/rules.yaml")).unwrap();
    let rules: Value = serde_saphyr::from_str(&text).unwrap();
    let groups = rules["groups"].as_array().unwrap();
    let mut queries = 0;
    for rule in groups
        .iter()
        .flat_map(|group| group["rules"].as_array().unwrap())
    {
        queries += 1;
        assert_eq!(problems(rule["expr"].as_str().unwrap()), [""; 0]);
        assert!(
            rule["alert"].is_string() != rule["record"].is_string(),
            "{rule}"
        );
    }
    assert!(queries > 5);
}

#[test]
fn the_dashboard_queries_metrics_that_exist() {
    let text = fs::read_to_string(file("deploy/grafana/dashboards/expressd.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let mut shown = BTreeSet::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            let query = target["expr"].as_str().unwrap();
            assert_eq!(problems(query), [""; 0], "{}", panel["title"]);
            shown.extend(
                TABLE
                    .iter()
                    .filter(|metric| query.contains(metric.name))
                    .map(|m| m.name),
            );
        }
    }
    let variable = &dashboard["templating"]["list"][1]["query"]["query"];
    assert_eq!(variable, "label_values(expressd_ready, pipeline)");
    assert!(shown.len() > 30, "{shown:?}");
}
