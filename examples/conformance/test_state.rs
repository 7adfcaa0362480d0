//! Cases of one state alone.

use expressd::test_state::{Mock, Refused, Request, test};
use serde_json::{Value, json};

/// The answer of one case.
pub(crate) fn answer(case: &Value) -> Value {
    tried(case).unwrap_or_else(
        |refused| json!({"exception": refused.exception, "message": refused.message}),
    )
}

fn tried(case: &Value) -> Result<Value, Refused> {
    let asked = &case["request"];
    let configuration = &asked["stateConfiguration"];
    let text = |name: &str| serde_json::from_str::<Value>(asked[name].as_str()?).ok();
    let definition = case["definition"].to_string();
    let variables = text("variables").and_then(|variables| variables.as_object().cloned());
    test(&Request {
        definition: &definition,
        state: asked["stateName"].as_str(),
        input: case.get("input").cloned().unwrap_or_else(|| json!({})),
        mock: asked.get("mock").map(Mock::from_json).transpose()?,
        variables: variables.unwrap_or_default(),
        context: text("context"),
        reveal_secrets: asked["revealSecrets"].as_bool().unwrap_or(false),
        inspect: matches!(asked["inspectionLevel"].as_str(), Some("DEBUG" | "TRACE")),
        retries: configuration["retrierRetryCount"].as_u64().unwrap_or(0),
        failed_iterations: configuration["mapIterationFailureCount"].as_u64(),
        now: 1_700_000_000_000,
    })
}
