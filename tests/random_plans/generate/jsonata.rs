//! Random JSONata states, in the few shapes of expressions that the plain interpreter knows.

use serde_json::{Map, Value, json};

use super::Generator;

impl Generator {
    /// A Pass, Parallel or Map; where it leads is the caller's.
    pub(super) fn jsonata_state(&mut self, depth: usize) -> Value {
        let mut state = match self.below(4) {
            0 if depth < super::DEPTH => {
                let mut state = json!({"Type": "Map", "ItemProcessor": self.scope(depth + 1)});
                if self.chance(80) {
                    let items = match self.chance(70) {
                        true => "['x', $states.input.l]".to_string(),
                        false => self.query_path(),
                    };
                    state["Items"] = json!(format!("{{% {items} %}}"));
                }
                if self.chance(60) {
                    state["ItemSelector"] = self.query_template();
                }
                state
            }
            1 if depth < super::DEPTH => {
                let mut state = json!({"Type": "Parallel", "Branches": [self.scope(depth + 1)]});
                if self.chance(50) {
                    state["Arguments"] = self.query_template();
                }
                state
            }
            _ => json!({"Type": "Pass"}),
        };
        if self.chance(60) {
            state["Output"] = match state["Type"] == "Pass" || self.chance(60) {
                true => self.query_template(),
                false => json!({"l": "{% $states.result %}", "a": "{% $states.input.a %}"}),
            };
        }
        state
    }

    /// A Choice.
    pub(super) fn jsonata_choice(&mut self, later: &[String]) -> Value {
        let mut rules = Vec::new();
        for _ in 0..=self.below(3) {
            let path = self.query_path();
            let condition = match self.below(12) {
                0 => json!(format!("{{% {path} %}}")),
                1 => json!(false),
                2 | 3 => json!(format!("{{% $exists({path}) %}}")),
                _ => json!(format!(
                    "{{% {path} = {} %}}",
                    self.pick(&["1", "\"x\"", "true"])
                )),
            };
            let next = later[self.below(later.len())].clone();
            let mut rule = json!({"Condition": condition, "Next": next});
            if self.chance(30) {
                rule["Output"] = self.query_template();
            }
            self.assign(&mut rule, "{% $states.input %}");
            rules.push(rule);
        }
        let mut state = json!({"Type": "Choice", "QueryLanguage": "JSONata", "Choices": rules, "Default": later[0]});
        if self.chance(30) {
            state["Output"] = self.query_template();
        }
        self.assign(&mut state, "{% $states.input %}");
        state
    }

    /// An object with expressions in it, mostly with the members that paths look for.
    fn query_template(&mut self) -> Value {
        let mut members = Map::new();
        for name in ["a", "b", "l"] {
            let path = self.query_path();
            let value = match self.below(10) {
                0 => self.value(1),
                1 => json!([format!("{{% {path} %}}"), {"n.$": "$.a"}]),
                2 => json!(format!("{{% $count({path}) %}}")),
                3 => json!(format!("{{% {{'k': {path}, 'j': 1}} %}}")),
                4 | 5 => json!(format!("{{% ['x', {path}] %}}")),
                _ if name == "l" => json!("{% ['x', $states.input.l] %}"),
                _ => json!(format!("{{% {path} %}}")),
            };
            members.insert(name.to_string(), value);
        }
        Value::Object(members)
    }

    /// A path of names.
    fn query_path(&mut self) -> String {
        let name = self.pick(&["a", "b", "l"]);
        match self.below(20) {
            0 | 1 => "$states.input".to_string(),
            2 => format!("$states.input.{name}.{}", self.pick(&["a", "b"])),
            3 => format!("$states.context.Execution.Input.{name}"),
            4 => "$states.context.State.Name".to_string(),
            5 => "$states.context.Map.Item.Index".to_string(),
            6..=8 => self.variable(),
            9 => format!("{}.{name}", self.variable()),
            _ => format!("$states.input.{name}"),
        }
    }
}
