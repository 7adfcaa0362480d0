//! From a definition to a plan: names become ids, texts become programs.
//!
//! The definition has been validated, so hardly anything can be refused here; what is refused is collected, all at once.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::assign::assigned_in;
use super::states::{self, Draft, Next, StateKind};
use super::{
    Assign, Catcher, Cost, Effects, ErrorPattern, Passes, PathField, Plan, Resource, ResourceId,
    ResultPathField, Retrier, Scope, ScopeId, State, StateId,
};
use crate::asl;
use crate::asl::{Field, Place, QueryLanguage, Transition};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::Lines;
use crate::diagnostic::Severity;
use crate::diagnostic::did_you_mean;
use crate::value::{Arena, ConstantsBuilder, Value};

/// A variable that is read where nothing assigns it. The codes of `asl` go on from here.
const UNASSIGNED_VARIABLE: &str = "W0007";

/// A state that reads such a variable.
struct Unassigned {
    place: Place,
    name: String,
    help: Option<String>,
}

/// Compiles a validated definition. The problems are those that only compiling finds.
pub fn compile(machine: &asl::StateMachine) -> Result<Plan, Vec<Diagnostic>> {
    compile_with(machine, Passes::ALL)
}

/// The same with some optimisations only: to compare with, and to see what each is worth.
pub fn compile_with(machine: &asl::StateMachine, passes: Passes) -> Result<Plan, Vec<Diagnostic>> {
    let mut compiler = Compiler {
        doc: &machine.document,
        definition: &machine.text,
        constants: ConstantsBuilder::new(),
        states: Vec::new(),
        scopes: Vec::new(),
        resources: Vec::new(),
        names: HashMap::new(),
        tasks: 0,
        variables: Vec::new(),
        language: QueryLanguage::JsonPath,
        place: machine.scope.states[0].place.clone(),
        unassigned: RefCell::default(),
        problems: Vec::new(),
    };
    compiler.scope(&machine.scope);
    compiler.finish(machine, passes)
}

/// The plan under construction.
pub(super) struct Compiler<'a> {
    pub(super) doc: &'a Arena,
    definition: &'a str,
    pub(super) constants: ConstantsBuilder,
    /// `None` while a state is being compiled: its scope's ids are given out first.
    states: Vec<Option<State>>,
    scopes: Vec<Option<Scope>>,
    resources: Vec<Resource>,
    /// The states of the scope being compiled.
    names: HashMap<String, StateId>,
    /// Tasks of the scope being compiled.
    tasks: u32,
    /// The variables that the scope being compiled can read, by slot.
    pub(super) variables: Vec<String>,
    /// Of the state being compiled.
    pub(super) language: QueryLanguage,
    /// Of the state being compiled.
    place: Place,
    /// Variables that are read where nothing assigns them, with the states that do.
    unassigned: RefCell<Vec<Unassigned>>,
    problems: Vec<Diagnostic>,
}

impl Compiler<'_> {
    /// Compiles a scope and everything inside it. Nesting is bounded by the parser.
    pub(super) fn scope(&mut self, scope: &asl::Scope) -> ScopeId {
        let id = ScopeId::new(self.scopes.len());
        self.scopes.push(None);
        let first = self.states.len();
        self.states.extend(scope.states.iter().map(|_| None));

        let names = scope.states.iter().enumerate();
        let names = names.map(|(index, state)| (state.name.clone(), StateId::new(first + index)));
        let outer_names = std::mem::replace(&mut self.names, names.collect());
        let outer_tasks = std::mem::take(&mut self.tasks);
        let n_outer_variables = self.variables.len();
        self.variables.extend(assigned_in(self, scope));

        let mut effects = Effects::default();
        let mut work = Cost::default();
        for (index, state) in scope.states.iter().enumerate() {
            let state = self.compile_state(id, state);
            effects = effects.and(state.effects);
            work = work + state.work;
            self.states[first + index] = Some(state);
        }
        let compiled = Scope {
            start: self.state(&scope.start_at),
            states: StateId::new(first)..StateId::new(first + scope.states.len()),
            effects,
            is_straight: false,
            is_plain: false,
            work,
            tasks: self.tasks,
            variables: self.variables.len() as u32,
            variable_names: self.variables.as_slice().into(),
        };
        self.scopes[id.index()] = Some(compiled);
        self.names = outer_names;
        self.tasks = outer_tasks;
        self.variables.truncate(n_outer_variables);
        id
    }

    fn compile_state(&mut self, scope: ScopeId, state: &asl::State) -> State {
        let outer_language = std::mem::replace(&mut self.language, state.query_language);
        let outer_place = std::mem::replace(&mut self.place, state.place.clone());
        let draft = states::compile(self, state);
        self.language = outer_language;
        self.place = outer_place;
        let mut effects = self.effects(state);
        effects.waits = draft.waits || !draft.retry.is_empty();
        let (inner_effects, inner_work) = self.inside(&draft);
        State {
            name: state.name.clone(),
            name_value: self.constants.string(&state.name),
            scope,
            next: draft.next,
            flow: draft.flow,
            is_jsonata: state.query_language.is_jsonata(),
            retry: draft.retry,
            catch: draft.catch,
            kind: draft.kind,
            effects: effects.and(inner_effects),
            work: Cost::fixed(draft.work) + inner_work,
            reads_parts: false,
            notes: draft.notes,
        }
    }

    /// What a state's text says about its effects. Escapes could hide a name, so a text with any counts as having them all.
    fn effects(&self, state: &asl::State) -> Effects {
        let text = &self.definition[state.place.span.clone()];
        let says = |word: &str| text.contains(word) || text.contains("\\u");
        let any = |words: &[&str]| words.iter().any(|word| says(word));
        // All members of `$states` but these belong to the context object, and so does the whole.
        let states_context = text.split("$states").skip(1).any(|rest| {
            ![".input", ".result", ".errorOutput"]
                .iter()
                .any(|own| rest.starts_with(own))
        });
        Effects {
            waits: false,
            reads_clock: states_context
                || any(&["$$.State", "$$\"", "Timestamp", "$now", "$millis"]),
            draws_random: any(&["States.UUID", "States.MathRandom", "JitterStrategy"])
                || any(&["$random", "$uuid", "$shuffle"]),
            reads_context: states_context || says("$$"),
        }
    }

    /// Effects and work of the scopes inside a state.
    fn inside(&self, draft: &Draft) -> (Effects, Cost) {
        let of = |id: &ScopeId| {
            let scope = self.scopes[id.index()]
                .as_ref()
                .expect("a state's scopes are compiled before the state is put together");
            (scope.effects, scope.work)
        };
        match &draft.kind {
            StateKind::Map(map) => {
                let (effects, work) = of(&map.processor);
                (effects, work.of_items())
            }
            StateKind::Parallel(parallel) => parallel.branches.iter().map(of).fold(
                (Effects::default(), Cost::default()),
                |(effects, work), (more_effects, more_work)| {
                    (effects.and(more_effects), work + more_work)
                },
            ),
            _ => (Effects::default(), Cost::default()),
        }
    }

    /// The id behind the name of a state of the same scope.
    pub(super) fn state(&mut self, name: &Field<String>) -> StateId {
        match self.names.get(&name.value) {
            Some(id) => *id,
            None => {
                self.refuse(&name.place, format!("no state is called {:?}", name.value));
                StateId::default()
            }
        }
    }

    pub(super) fn next(&mut self, transition: &Transition) -> Next {
        match transition {
            Transition::Next(name) => Next::State(self.state(name)),
            Transition::End => Next::End,
        }
    }

    /// The number of the next Task of the scope being compiled.
    pub(super) fn next_task(&mut self) -> u32 {
        self.tasks += 1;
        self.tasks - 1
    }

    pub(super) fn resource(&mut self, task: &asl::states::Task) -> ResourceId {
        let resource = Resource::new(&task.resource, self.function_name(task));
        let known = self.resources.iter().position(|known| *known == resource);
        ResourceId::new(known.unwrap_or_else(|| {
            self.resources.push(resource);
            self.resources.len() - 1
        }))
    }

    /// `FunctionName` of a `lambda:invoke`, where the Parameters have it written down.
    fn function_name(&self, task: &asl::states::Task) -> Option<String> {
        if !task.resource.ends_with(":states:::lambda:invoke") {
            return None;
        }
        let parameters = task.parameters.as_ref()?.value;
        let name = self.doc.get_by_name(parameters, "FunctionName")?;
        Some(self.doc.as_str(name)?.decode().into_owned())
    }

    pub(super) fn retry(&mut self, retry: &[asl::Retrier]) -> Box<[Retrier]> {
        let retriers = retry.iter().map(|retrier| Retrier {
            errors: patterns(&retrier.error_equals),
            interval: retrier.interval_seconds.saturating_mul(1000),
            max_attempts: retrier.max_attempts,
            backoff_rate: retrier.backoff_rate,
            max_delay: retrier
                .max_delay_seconds
                .map(|seconds| seconds.saturating_mul(1000)),
            jitter: retrier.jitter_strategy == asl::JitterStrategy::Full,
        });
        retriers.collect()
    }

    pub(super) fn catch(&mut self, catch: &[asl::Catcher]) -> Box<[Catcher]> {
        let catchers = catch.iter().enumerate().map(|(index, catcher)| {
            let at = |field: &str| format!("Catch[{index}]/{field}");
            Catcher {
                errors: patterns(&catcher.error_equals),
                result_path: ResultPathField::compile(self, &catcher.result_path),
                output: PathField::output(self, catcher.output.as_ref(), &at("Output")),
                assign: Assign::compile(self, catcher.assign.as_ref(), &at("Assign")),
                next: self.state(&catcher.next),
            }
        });
        catchers.collect()
    }

    /// Estimated nanoseconds of building a template: by the length of its text.
    pub(super) fn template_work(&self, template: Option<&Field<Value>>) -> u64 {
        template.map_or(0, |template| 20 + 2 * template.place.span.len() as u64)
    }

    /// A literal of the definition as a constant of the plan.
    pub(super) fn constant(&mut self, value: Value) -> Value {
        self.constants.copy_from(self.doc, value)
    }

    /// A literal as compact JSON.
    pub(super) fn text(&self, value: Value) -> String {
        self.doc.to_json(value)
    }

    pub(super) fn refuse(&mut self, place: &Place, message: String) {
        self.problems.push(Diagnostic {
            severity: Severity::Error,
            code: "E0900",
            pointer: place.pointer.clone(),
            position: None,
            message,
            help: None,
            refusal: None,
        });
    }

    /// Notes that the state reads a variable that no state around it assigns.
    pub(super) fn note_unassigned(&self, name: &str) {
        let mut unassigned = self.unassigned.borrow_mut();
        let here = |found: &&Unassigned| found.place == self.place;
        let mut of_state = unassigned.iter().rev().take_while(here);
        if !of_state.any(|found| found.name == name) {
            let known = self.variables.iter().map(String::as_str);
            unassigned.push(Unassigned {
                place: self.place.clone(),
                name: name.to_string(),
                help: did_you_mean(name, known),
            });
        }
    }

    fn warnings(&self, machine: &asl::StateMachine) -> Vec<Diagnostic> {
        let lines = Lines::new(&machine.text);
        let unassigned = self.unassigned.borrow();
        let warning = |found: &Unassigned| Diagnostic {
            severity: Severity::Warning,
            code: UNASSIGNED_VARIABLE,
            pointer: found.place.pointer.clone(),
            position: Some(lines.position(found.place.span.start)),
            message: format!(
                "nothing assigns the variable {:?} that the state reads",
                found.name
            ),
            help: Some(found.help.clone().unwrap_or_else(|| {
                "a state before it, here or around, has to 'Assign' it".to_string()
            })),
            refusal: None,
        };
        unassigned.iter().map(warning).collect()
    }

    fn finish(self, machine: &asl::StateMachine, passes: Passes) -> Result<Plan, Vec<Diagnostic>> {
        if !self.problems.is_empty() {
            return Err(self.problems);
        }
        let warnings = self.warnings(machine);
        const FILLED: &str = "every place that was reserved has been filled";
        let mut hash = String::new();
        for byte in &Sha256::digest(machine.text.as_bytes())[..8] {
            write!(hash, "{byte:02x}").expect("a String takes everything");
        }
        let mut states: Box<[State]> = self
            .states
            .into_iter()
            .map(|state| state.expect(FILLED))
            .collect();
        let mut scopes: Box<[Scope]> = self
            .scopes
            .into_iter()
            .map(|scope| scope.expect(FILLED))
            .collect();
        let passes = passes.run(&mut states, &mut scopes);
        Ok(Plan {
            passes,
            warnings,
            comment: machine.comment.clone(),
            hash,
            timeout: machine
                .timeout_seconds
                .as_ref()
                .map(|seconds| seconds.value.saturating_mul(1000)),
            constants: self.constants.finish(),
            states,
            scopes,
            resources: self.resources.into(),
        })
    }
}

fn patterns(names: &[Field<String>]) -> Box<[ErrorPattern]> {
    names.iter().map(|name| ErrorPattern::new(name)).collect()
}
