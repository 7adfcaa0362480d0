//! The deployment files, as far as they can be checked without a container engine: they parse, their configs load, and
//! ports, paths, topics and times agree with each other.

#![allow(clippy::unwrap_used)] // A test that cannot go on fails.

use std::fs;
use std::path::{Path, PathBuf};

use expressd::config::{Config, Problem};
use regex::Regex;
use serde_json::Value;

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read(path: &str) -> String {
    fs::read_to_string(root(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn yaml(path: &str) -> Value {
    serde_saphyr::from_str(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Seconds that a process needs to end by itself: drain, cancel, watchdog.
fn seconds_to_end(config: &Config) -> u64 {
    config.shutdown.deadline.0.as_secs() + 7
}

#[track_caller]
fn load(path: &Path) -> Config {
    let environment = |name: &str| name.starts_with("EXPRESSD_").then(|| "word".to_string());
    let environment = |name: &str| match name {
        "EXPRESSD_FUNCTIONS" => None,
        name => environment(name),
    };
    Config::load_with(path, environment).unwrap_or_else(|problems| {
        let problems: Vec<_> = problems.iter().map(Problem::to_string).collect();
        panic!("{}", problems.join("\n"));
    })
}

/// The compose config with its definitions beside it, as the volumes lay them out.
fn compose_config() -> (tempfile::TempDir, Config) {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("machines")).unwrap();
    let from = "config/machines/order.asl.json";
    fs::copy(root(from), dir.path().join("machines/order.asl.json")).unwrap();
    let path = dir.path().join("expressd.yaml");
    fs::copy(root("deploy/compose/expressd.yaml"), &path).unwrap();
    let config = load(&path);
    (dir, config)
}

#[test]
fn compose_mounts_what_is_there_and_waits_for_what_exists() {
    let compose = yaml("docker-compose.yml");
    let services = compose["services"].as_object().unwrap();
    for name in [
        "kafka",
        "topics",
        "functions",
        "expressd",
        "prometheus",
        "grafana",
    ] {
        assert!(services.contains_key(name), "{name}");
    }
    for (name, service) in services {
        for volume in service["volumes"].as_array().into_iter().flatten() {
            let host = volume.as_str().unwrap().split(':').next().unwrap();
            assert!(root(host).exists(), "{name}: {host}");
        }
        let waits = &service["depends_on"];
        let names: Vec<&str> = match waits {
            Value::Object(services) => services.keys().map(String::as_str).collect(),
            waits => waits
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect(),
        };
        for other in names {
            let other_service = services
                .get(other)
                .unwrap_or_else(|| panic!("{name}: {other}"));
            if waits[other]["condition"] == "service_healthy" {
                assert!(other_service["healthcheck"].is_object(), "{name}: {other}");
            }
        }
    }
}

#[test]
fn compose_and_its_config_agree() {
    let compose = yaml("docker-compose.yml");
    let (_dir, config) = compose_config();
    let service = &compose["services"]["expressd"];
    let port = config.admin.listen.port();
    assert!(
        !config.admin.listen.ip().is_loopback(),
        "Prometheus is in another container"
    );
    let ports = service["ports"][0].as_str().unwrap();
    assert!(ports.ends_with(&format!(":{port}")), "{ports}");
    let grace = service["stop_grace_period"].as_str().unwrap();
    let grace: u64 = grace.trim_end_matches('s').parse().unwrap();
    assert!(grace >= seconds_to_end(&config), "{grace}");
    let topics = compose["services"]["topics"]["command"][2]
        .as_str()
        .unwrap();
    let text = read("deploy/compose/expressd.yaml");
    for topic in ["orders", "orders-results", "orders-dead-letters"] {
        assert!(topics.contains(topic) && text.contains(topic), "{topic}");
    }
    for variable in Regex::new(r"\$\{(\w+)").unwrap().captures_iter(&text) {
        let name = &variable[1];
        assert!(
            service["environment"][name].is_string(),
            "{name} is not set"
        );
    }
    let prometheus = yaml("deploy/prometheus/prometheus.yml");
    let target = &prometheus["scrape_configs"][0]["static_configs"][0]["targets"][0];
    assert_eq!(target, &format!("expressd:{port}"));
    let rules = prometheus["rule_files"][0].as_str().unwrap();
    let mounted = compose["services"]["prometheus"]["volumes"].to_string();
    assert!(mounted.contains(rules), "{mounted}");
}

#[test]
fn grafana_finds_its_datasource_and_dashboards() {
    let compose = yaml("docker-compose.yml");
    let mounted = compose["services"]["grafana"]["volumes"].to_string();
    let providers = yaml("deploy/grafana/provisioning/dashboards/expressd.yaml");
    let path = providers["providers"][0]["options"]["path"]
        .as_str()
        .unwrap();
    assert!(mounted.contains(&format!(":{path}:")), "{mounted}");
    let sources = yaml("deploy/grafana/provisioning/datasources/prometheus.yaml");
    assert_eq!(sources["datasources"][0]["url"], "http://prometheus:9090");
}

#[test]
fn the_image_runs_what_the_files_expect() {
    let dockerfile = read("Dockerfile");
    for part in [
        "USER 10001",
        "EXPOSE 9464",
        "--locked",
        "ENTRYPOINT [\"expressd\"]",
    ] {
        assert!(dockerfile.contains(part), "{part}");
    }
    let compose = yaml("docker-compose.yml");
    let volumes = compose["services"]["expressd"]["volumes"].to_string();
    assert!(dockerfile.contains("/etc/expressd/expressd.yaml"));
    assert!(
        volumes.contains(":/etc/expressd/expressd.yaml:ro"),
        "{volumes}"
    );
}

#[test]
fn the_kubernetes_example_is_one_that_would_run() {
    let text = read("deploy/kubernetes/expressd.yaml");
    let objects: Vec<Value> = text
        .split("\n---\n")
        .map(|object| serde_saphyr::from_str(object).unwrap())
        .collect();
    let find = |kind: &str| {
        objects
            .iter()
            .find(|object| object["kind"] == kind)
            .unwrap()
    };
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in find("ConfigMap")["data"].as_object().unwrap() {
        fs::write(dir.path().join(name), text.as_str().unwrap()).unwrap();
    }
    let config = load(&dir.path().join("expressd.yaml"));
    let pod = &find("Deployment")["spec"]["template"]["spec"];
    let grace = pod["terminationGracePeriodSeconds"].as_u64().unwrap();
    assert!(grace >= seconds_to_end(&config), "{grace}");
    let container = &pod["containers"][0];
    let port = &container["ports"][0];
    assert_eq!(port["containerPort"], config.admin.listen.port());
    for probe in ["startupProbe", "livenessProbe", "readinessProbe"] {
        assert_eq!(container[probe]["httpGet"]["port"], port["name"], "{probe}");
    }
    assert_eq!(
        find("Service")["spec"]["ports"][0]["targetPort"],
        port["name"]
    );
    // The secret holds what the config asks for.
    let secret = &find("Secret")["stringData"];
    for name in ["EXPRESSD_ADMIN_TOKEN", "EXPRESSD_IDENTITY_SECRET"] {
        assert!(
            text.contains(&format!("${{{name}:?")) && secret[name].is_string(),
            "{name}"
        );
    }
    let trigger = &find("ScaledObject")["spec"]["triggers"][0]["metadata"];
    assert!(text.contains(&format!(
        "group: {}",
        trigger["consumerGroup"].as_str().unwrap()
    )));
    assert!(text.contains(&format!(
        "broker: {}",
        trigger["bootstrapServers"].as_str().unwrap()
    )));
    assert_eq!(
        find("ScaledObject")["spec"]["scaleTargetRef"]["name"],
        find("Deployment")["metadata"]["name"]
    );
}

#[test]
fn the_unit_waits_longer_than_a_shutdown_takes() {
    let unit = read("deploy/systemd/expressd.service");
    let value = |key: &str| {
        let line = unit
            .lines()
            .find_map(|line| line.strip_prefix(&format!("{key}=")));
        line.unwrap_or_else(|| panic!("{key}"))
    };
    let (_dir, config) = compose_config();
    let stop: u64 = value("TimeoutStopSec")
        .trim_end_matches('s')
        .parse()
        .unwrap();
    assert!(stop >= seconds_to_end(&config), "{stop}");
    assert!(value("ExecStart").starts_with("/usr/local/bin/expressd run "));
    let config_of = |line: &str| line.rsplit(' ').next().unwrap().to_string();
    assert_eq!(
        config_of(value("ExecStart")),
        config_of(value("ExecStartPre"))
    );
    // What no new start can mend: wrong usage and an invalid config.
    assert_eq!(value("RestartPreventExitStatus"), "2 65");
}
