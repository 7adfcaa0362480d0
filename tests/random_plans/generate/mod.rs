//! Random definitions and events. A seed always gives the same.
//!
//! Events and templates mostly have the members `a`, `b` and the array `l`, and paths mostly look for those, so that
//! machines get far and yet run into everything that can be missing or of the wrong type.

mod jsonata;

use serde_json::{Map, Value, json};

/// How deep Parallel and Map nest.
const DEPTH: usize = 2;

/// Makes machines and events.
pub(crate) struct Generator {
    random: u64,
    n_states: usize,
    /// Of the scope being made.
    depth: usize,
}

impl Generator {
    pub(crate) fn new(seed: u64) -> Generator {
        Generator {
            random: seed,
            n_states: 0,
            depth: 0,
        }
    }

    /// A machine with a few states.
    pub(crate) fn machine(&mut self) -> Value {
        let mut machine = self.scope(0);
        let first = json!({"Type": "Pass", "Next": machine["StartAt"],
            "Assign": {"v0a": self.value(2), "v0b.$": "$"}});
        machine["States"]["First"] = first;
        machine["StartAt"] = json!("First");
        machine
    }

    /// A Map over hundreds of items, and its event.
    pub(crate) fn large_map(&mut self) -> (Value, Value) {
        let mut processor = self.scope(DEPTH - 1);
        while processor["States"].as_object().unwrap().len() < 3 {
            processor = self.scope(DEPTH - 1);
        }
        let mut map = json!({"Type": "Map", "ItemsPath": "$.l", "ItemProcessor": processor});
        if self.chance(50) {
            map["ItemSelector"] = json!({
                "a.$": "$$.Map.Item.Value.a", "b.$": "$$.Map.Item.Index", "l.$": "$$.Map.Item.Value.l"});
        }
        if self.chance(50) {
            map["Catch"] = json!([{"ErrorEquals": ["States.ALL"], "Next": "After"}]);
        }
        map["Next"] = json!("After");
        let after = json!({"Type": "Pass", "Parameters": {"all.$": "$"}, "End": true});
        let mut before = json!({"Type": "Pass", "Next": "Large"});
        self.depth = 0;
        self.assign(&mut before, "$.l[0]");
        let states = json!({"Before": before, "Large": map, "After": after});
        let machine = json!({"StartAt": "Before", "States": states});
        let n_items = 100 + self.below(200);
        // Items are alike for the most part, so that most Maps get far.
        let usual = self.input();
        let mut items: Vec<Value> = (0..n_items).map(|_| usual.clone()).collect();
        for _ in 0..self.below(4) {
            let place = self.below(n_items);
            items[place] = self.input();
        }
        (machine, json!({"l": items}))
    }

    /// An event.
    pub(crate) fn input(&mut self) -> Value {
        let mut input = Map::new();
        for name in ["a", "b", "c", "d"] {
            if name < "c" || self.chance(50) {
                input.insert(name.to_string(), self.value(2));
            }
        }
        let n_items = self.below(4);
        let items = (0..n_items).map(|_| self.value(1)).collect();
        input.insert("l".to_string(), Value::Array(items));
        Value::Object(input)
    }

    /// States that lead one to the next, with jumps ahead.
    fn scope(&mut self, depth: usize) -> Value {
        let outer = std::mem::replace(&mut self.depth, depth);
        let scope = self.scope_of_states(depth);
        self.depth = outer;
        scope
    }

    fn scope_of_states(&mut self, depth: usize) -> Value {
        let n_states = 1 + self.below(4);
        let first = self.n_states;
        self.n_states += n_states;
        let names: Vec<String> = (first..first + n_states).map(|n| format!("S{n}")).collect();
        let mut states = Map::new();
        for (place, name) in names.iter().enumerate() {
            let state = self.state(&names[place + 1..], depth);
            states.insert(name.clone(), state);
        }
        json!({"StartAt": names[0], "States": states})
    }

    /// A state before those of the names.
    fn state(&mut self, later: &[String], depth: usize) -> Value {
        let is_jsonata = self.chance(25);
        if is_jsonata && !later.is_empty() && self.chance(40) {
            return self.jsonata_choice(later);
        }
        let mut state = match self.below(10) {
            _ if is_jsonata => self.jsonata_state(depth),
            0..=3 => self.pass(),
            4 | 5 if !later.is_empty() => return self.choice(later),
            6 | 7 if depth < DEPTH => self.parallel(depth),
            8 | 9 if depth < DEPTH => self.map(depth),
            4 if later.is_empty() => return self.fail(),
            5 if later.is_empty() => {
                let mut state = json!({"Type": "Succeed"});
                self.select(&mut state);
                return state;
            }
            _ => self.pass(),
        };
        if is_jsonata {
            state["QueryLanguage"] = json!("JSONata");
            let result = match state["Type"] == "Pass" {
                true => "{% $states.input %}",
                false => "{% $states.result %}",
            };
            self.assign(&mut state, result);
        } else {
            self.select(&mut state);
            self.result_path(&mut state);
            self.assign(&mut state, "$");
        }
        match later.first() {
            Some(next) => state["Next"] = json!(next),
            None => state["End"] = json!(true),
        }
        if state["Type"] != "Pass" {
            self.handlers(&mut state, later, depth);
        }
        state
    }

    fn pass(&mut self) -> Value {
        let mut state = json!({"Type": "Pass"});
        match self.below(4) {
            0 => state["Result"] = self.value(2),
            1 | 2 => state["Parameters"] = self.template(),
            _ => {}
        }
        state
    }

    fn fail(&mut self) -> Value {
        let mut state = json!({"Type": "Fail"});
        if self.chance(80) {
            state["Error"] = json!(self.pick(&["E1", "E2"]));
        }
        match self.below(3) {
            0 => state["Cause"] = json!("for a reason"),
            1 => {
                let path = self.path();
                state["CausePath"] = json!(format!("States.Format('<{{}}>', {path})"));
            }
            _ => {}
        }
        state
    }

    fn choice(&mut self, later: &[String]) -> Value {
        let mut rules = Vec::new();
        let alike = self.chance(25).then(|| self.path());
        let n_rules = match &alike {
            Some(_) => 4 + self.below(4),
            None => 1 + self.below(3),
        };
        for _ in 0..n_rules {
            let mut rule = match &alike {
                Some(path) => self.comparison(path),
                None => self.rule(2),
            };
            self.assign(&mut rule, "$");
            rule["Next"] = json!(later[self.below(later.len())]);
            rules.push(rule);
        }
        let mut state = json!({"Type": "Choice", "Choices": rules});
        if self.chance(90) {
            state["Default"] = json!(later[0]);
        } else {
            // Every state must be reached from somewhere.
            state["Choices"][0]["Next"] = json!(later[0]);
        }
        self.select(&mut state);
        self.assign(&mut state, "$");
        state
    }

    /// `Assign`: each scope has two variables of its own.
    fn assign(&mut self, holder: &mut Value, result: &str) {
        if self.chance(60) {
            return;
        }
        let mut members = Map::new();
        for letter in ["a", "b"] {
            let name = format!("v{}{letter}", self.depth);
            let (name, value) = match (self.below(3), result.starts_with("{%")) {
                (0, _) => (name, self.value(2)),
                (1, false) => (format!("{name}.$"), json!(self.path())),
                (1, true) => (name, json!(format!("{{% {} %}}", self.variable()))),
                (_, false) => (format!("{name}.$"), json!(result)),
                (_, true) => (name, json!(result)),
            };
            members.insert(name, value);
        }
        holder["Assign"] = Value::Object(members);
    }

    /// A variable of this scope or of one around it, assigned or not.
    fn variable(&mut self) -> String {
        // The outermost are assigned for sure.
        let depth = match self.chance(80) {
            true => 0,
            false => self.below(self.depth + 1),
        };
        format!("$v{depth}{}", self.pick(&["a", "b"]))
    }

    fn rule(&mut self, depth: usize) -> Value {
        if depth > 0 && self.chance(30) {
            let two = json!([self.rule(depth - 1), self.rule(depth - 1)]);
            return match self.below(3) {
                0 => json!({"And": two}),
                1 => json!({"Or": two}),
                _ => json!({"Not": self.rule(depth - 1)}),
            };
        }
        let mut rule = json!({"Variable": self.path()});
        let operator = self.pick(&[
            "StringEquals",
            "StringLessThan",
            "StringEqualsPath",
            "NumericEquals",
            "NumericLessThan",
            "NumericGreaterThanEqualsPath",
            "BooleanEquals",
            "IsPresent",
            "IsNull",
            "IsString",
            "IsNumeric",
            "IsBoolean",
        ]);
        rule[operator] = match operator {
            _ if operator.ends_with("Path") => json!(self.path()),
            _ if operator.starts_with("String") => json!(self.pick(&["x", "y", ""])),
            _ if operator.starts_with("Numeric") => self.number(),
            _ => json!(self.chance(60)),
        };
        rule
    }

    /// A rule like others of its state: many of those become one look-up.
    fn comparison(&mut self, path: &str) -> Value {
        let mut rule = json!({"Variable": path});
        match self.below(5) {
            0 | 1 => rule["StringEquals"] = json!(self.pick(&["x", "y", "", "z"])),
            2 | 3 => rule["NumericEquals"] = self.number(),
            _ => rule["IsPresent"] = json!(self.chance(30)),
        }
        rule
    }

    fn parallel(&mut self, depth: usize) -> Value {
        let n_branches = 1 + self.below(3);
        let branches: Vec<Value> = (0..n_branches).map(|_| self.scope(depth + 1)).collect();
        let mut state = json!({"Type": "Parallel", "Branches": branches});
        if self.chance(30) {
            state["Parameters"] = self.template();
        }
        state
    }

    fn map(&mut self, depth: usize) -> Value {
        let mut state = json!({"Type": "Map", "ItemProcessor": self.scope(depth + 1)});
        state["ItemsPath"] = json!(match self.below(10) {
            0 => self.path(),
            _ => "$.l".to_string(),
        });
        if self.chance(85) {
            state["ItemSelector"] = self.template();
        }
        if self.chance(30) {
            state["MaxConcurrency"] = json!(self.below(4));
        }
        state
    }

    /// `InputPath` and `OutputPath`
    fn select(&mut self, state: &mut Value) {
        for field in ["InputPath", "OutputPath"] {
            match self.below(50) {
                0 => state[field] = Value::Null,
                1..=3 => state[field] = json!(self.path()),
                _ => {}
            }
        }
    }

    /// `ResultPath`, and `ResultSelector` where it is allowed.
    fn result_path(&mut self, state: &mut Value) {
        let is_pass = state["Type"] == "Pass";
        let plain_pass = is_pass && state.get("Parameters").is_some();
        let text = match self.below(20) {
            0 => Some(Value::Null),
            1..=5 if plain_pass => None,
            1 if !is_pass => None,
            2 => Some(json!("$.a.b")),
            3 => Some(json!("$.l[0]")),
            4 => Some(json!("$['b']")),
            5 => Some(json!("$.e.f.g")),
            _ => Some(json!(self.pick(&["$.a", "$.b", "$.c", "$.d"]))),
        };
        if let Some(text) = text {
            state["ResultPath"] = text;
        }
        if !is_pass && self.chance(20) {
            state["ResultSelector"] = match self.chance(80) {
                true => json!({"a.$": "$[0]", "n.$": "States.ArrayLength($)", "l.$": "$"}),
                false => self.template(),
            };
        }
    }

    /// `Retry` and `Catch`. Only the outermost try again: inside, who is first would hang on the time of their pauses.
    fn handlers(&mut self, state: &mut Value, later: &[String], depth: usize) {
        if depth == 0 && self.chance(20) {
            state["Retry"] = json!([{"ErrorEquals": ["States.ALL"], "MaxAttempts": self.below(3), "IntervalSeconds": 1}]);
        }
        if !later.is_empty() && self.chance(60) {
            let mut catchers = Vec::new();
            for errors in [
                json!(["E1", "States.IntrinsicFailure"]),
                json!(["States.ALL"]),
            ] {
                let mut catcher =
                    json!({"ErrorEquals": errors, "Next": later[self.below(later.len())]});
                let is_jsonata = state["QueryLanguage"] == "JSONata";
                match self.below(10) {
                    0 | 1 if is_jsonata => {
                        catcher["Output"] = json!({"a": "{% $states.input %}", "error": "{% $states.errorOutput.Error %}"});
                    }
                    _ if is_jsonata => {}
                    0 => {}
                    1 => catcher["ResultPath"] = Value::Null,
                    2 => catcher["ResultPath"] = json!("$.a.error"),
                    _ => catcher["ResultPath"] = json!("$.d"),
                }
                let error = match is_jsonata {
                    true => "{% $states.errorOutput %}",
                    false => "$",
                };
                self.assign(&mut catcher, error);
                catchers.push(catcher);
            }
            state["Catch"] = Value::Array(catchers);
        }
    }

    fn template(&mut self) -> Value {
        let mut members = Map::new();
        for name in ["a", "b", "l", "c"] {
            if name == "c" && self.chance(60) {
                continue;
            }
            let (name, value) = match self.below(10) {
                0 => (name.to_string(), self.value(1)),
                1 => {
                    let inner = json!([{"x.$": self.path(), "y": "$.a"}, "$.b"]);
                    (name.to_string(), inner)
                }
                2..=4 => (format!("{name}.$"), json!(self.call(1))),
                _ if name == "l" => (format!("{name}.$"), json!("$.l")),
                _ => (format!("{name}.$"), json!(self.path())),
            };
            members.insert(name, value);
        }
        Value::Object(members)
    }

    fn call(&mut self, depth: usize) -> String {
        let first = match depth > 0 && self.chance(30) {
            true => self.call(depth - 1),
            false => self.path(),
        };
        let second = self.path();
        match self.below(12) {
            0 => format!("States.ArrayLength({first})"),
            1 => format!("States.ArrayGetItem($.l, {})", self.below(3)),
            2 => format!("States.MathAdd({first}, 1)"),
            3 => format!("States.JsonToString({first})"),
            4 => format!("States.ArrayContains($.l, {first})"),
            5 => "States.JsonMerge($, $$.Execution.Input, false)".to_string(),
            6..=8 => format!("States.Format('{{}} and {{}}', {first}, {second})"),
            _ => format!("States.Array({first}, 'x', {second})"),
        }
    }

    fn path(&mut self) -> String {
        let name = self.pick(&["a", "a", "b", "b", "l", "l", "c", "d"]);
        match self.below(44) {
            40 | 41 => self.variable(),
            42 => format!("{}.{}", self.variable(), self.pick(&["a", "b"])),
            0..=3 => "$".to_string(),
            8 => format!("$.{name}.{}", self.pick(&["a", "b", "error"])),
            9 => format!("$['{name}'][0]"),
            10 => "$.l[-1]".to_string(),
            11..=13 => format!("$$.Execution.Input.{}", self.pick(&["a", "b", "l"])),
            14 => "$$.State.Name".to_string(),
            15 => "$$.Execution.Name".to_string(),
            16 => format!("$$.Map.Item.{}", self.pick(&["Index", "Value"])),
            17..=20 => format!("$.{name}"),
            _ => format!("$.{}", self.pick(&["a", "b", "l"])),
        }
    }

    fn value(&mut self, depth: usize) -> Value {
        match self.below(if depth > 0 { 10 } else { 7 }) {
            0 => Value::Null,
            1 => json!(self.chance(50)),
            2..=4 => self.number(),
            5 | 6 => json!(self.pick(&["x", "y", "", "ü \"q\" \\ {}", "1"])),
            7 | 8 => {
                let names = ["b", "a", "error"];
                let n_members = self.below(4);
                let members = names.iter().take(n_members);
                let members = members.map(|name| (name.to_string(), self.value(depth - 1)));
                Value::Object(members.collect())
            }
            _ => {
                let n_elements = self.below(3);
                (0..n_elements).map(|_| self.value(depth - 1)).collect()
            }
        }
    }

    fn number(&mut self) -> Value {
        let text = self.pick(&["0", "1", "2", "-1", "1.0", "2.5", "-1.5", "1e1", "100"]);
        serde_json::from_str(text).unwrap()
    }

    fn pick(&mut self, from: &[&'static str]) -> &'static str {
        from[self.below(from.len())]
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// SplitMix64.
    fn below(&mut self, bound: usize) -> usize {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound as u64) as usize
    }
}
