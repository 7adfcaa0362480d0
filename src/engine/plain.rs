//! Plain children: run without a fiber, without what only errors, the history and states that wait need.
//!
//! Every evaluation is the one that the states themselves do. Whatever is unusual is left to them: a value that may be too
//! large, a limit that is met, an error of any kind. The child then runs from its start, state by state, as if nothing had
//! been, and meets the same where it can be told.

use super::Limits;
use super::children::Siblings;
use super::counts::Counts;
use super::flow::state_info;
use super::history::History;
use super::random::{child_seed, selector_seed};
use super::run::Run;
use super::states::choice::first_rule;
use crate::expr::{
    Answer, ContextObject, MapItem, Parts, Random, Scope, Scratch, StateInfo, Template,
};
use crate::plan::{
    Map, Next, PathField, Plan, ResultPathField, ScopeId, State, StateId, StateKind, StateType,
};
use crate::value::{Arena, Value};

impl Run {
    /// Starts the next child of a join that is to be run state by state. Those before it that are plain are run to their
    /// ends. None when all that may have started. `parts` are those of an item before, or none.
    pub(super) fn start_behind_plain(
        &mut self,
        plan: &Plan,
        siblings: Siblings<'_>,
        parts: &mut Parts,
    ) -> Option<u32> {
        let join = self.joins.get_mut(siblings.join);
        let may_be_plain = match &siblings.state.kind {
            StateKind::Map(map) => plan.scope(map.processor).is_plain,
            _ => true,
        };
        if self.history.is_kept() || !may_be_plain {
            return join.start_next();
        }
        let container = self.fibers.get(siblings.container);
        let random = Random::new(0);
        let mut scope = Scope {
            input: siblings.input,
            parts: &[],
            context: ContextObject {
                execution: &self.info,
                execution_input: self.input,
                state: state_info(siblings.state, container),
                item: container.item,
            },
            variables: &container.variables,
            answer: Answer::None,
            now: self.now.wall,
            random: &random,
        };
        let mut walk = Walk {
            plan,
            siblings,
            arena: &mut self.arena,
            scratch: &mut self.scratch,
            limits: &self.limits,
            states_entered: &mut self.states_entered,
            counts: &mut self.counts,
            history: &mut self.history,
        };
        while let Some(index) = join.start_next() {
            let before = walk.arena.mark();
            let place = &mut join.values[(index - siblings.first) as usize];
            let output = match &siblings.state.kind {
                StateKind::Parallel(parallel) => {
                    let branch = parallel.branches[index as usize];
                    walk.branch(branch, index, scope)
                }
                StateKind::Map(map) => {
                    let value = *place;
                    scope.context.item = Some(MapItem {
                        index,
                        value,
                        key: None,
                    });
                    walk.iteration(map, index, value, scope, parts)
                }
                _ => None,
            };
            let Some(output) = output else {
                walk.arena.rewind(before);
                parts.clear();
                return Some(index);
            };
            *place = output;
            join.running -= 1;
        }
        None
    }
}

/// A way through plain children.
struct Walk<'a> {
    plan: &'a Plan,
    siblings: Siblings<'a>,
    arena: &'a mut Arena,
    scratch: &'a mut Scratch,
    limits: &'a Limits,
    /// In all scopes.
    states_entered: &'a mut u64,
    counts: &'a mut Counts,
    history: &'a mut History,
}

impl Walk<'_> {
    fn branch(&mut self, branch: ScopeId, index: u32, scope: Scope<'_>) -> Option<Value> {
        let branch = self.plan.scope(branch);
        if !branch.is_plain {
            return None;
        }
        self.seed(scope.random, |seed| child_seed(seed, index));
        self.through(branch.start, scope, None)
    }

    /// `scope` is that of the container, with the item.
    fn iteration(
        &mut self,
        map: &Map,
        index: u32,
        value: Value,
        scope: Scope<'_>,
        parts: &mut Parts,
    ) -> Option<Value> {
        let mut inner = scope;
        inner.input = value;
        if let Some(selector) = &map.selector {
            self.seed(scope.random, |seed| selector_seed(seed, index));
            let (arena, scratch) = (&mut *self.arena, &mut *self.scratch);
            let measure = match map.in_parts {
                true => {
                    let measure = selector.eval_parts(&scope, arena, scratch, parts).ok()?;
                    inner.parts = parts.values();
                    measure
                }
                false => {
                    inner.input = selector.eval(&scope, arena, scratch).ok()?;
                    arena.measure(inner.input)
                }
            };
            if !self.limits.admit(measure) {
                return None;
            }
        }
        self.seed(scope.random, |seed| child_seed(seed, index));
        let start = self.plan.scope(map.processor).start;
        let output = self.through(start, inner, map.selector.as_ref())?;
        // It was started and succeeded.
        self.history.skip(2);
        Some(output)
    }

    /// Where the plan draws random numbers, those to come are those of this place.
    #[inline]
    fn seed(&self, random: &Random, of_place: impl FnOnce(u64) -> u64) {
        if let Some(seed) = self.siblings.seed {
            random.reseed(of_place(seed));
        }
    }

    /// From the first state of a scope to its output. `selector` is what makes an object of the parts.
    fn through(
        &mut self,
        start: StateId,
        mut scope: Scope<'_>,
        selector: Option<&Template>,
    ) -> Option<Value> {
        let (mut entered, mut n_entered) = ([0; StateType::ALL.len()], 0);
        let mut id = start;
        loop {
            let state = self.plan.state(id);
            entered[state.state_type() as usize] += 1;
            n_entered += 1;
            if *self.states_entered + n_entered > self.limits.states
                || self.arena.bytes_used() > self.limits.memory
            {
                return None;
            }
            if !scope.parts.is_empty() && !state.reads_parts {
                scope.input = selector?.put_together(scope.parts, self.arena);
                scope.parts = &[];
            }
            match self.visit(state, &mut scope)? {
                Next::State(next) => id = next,
                Next::End => break,
            }
        }
        self.counts.enter_all(entered);
        *self.states_entered += n_entered;
        // Each was entered and left.
        self.history.skip(2 * n_entered);
        Some(scope.input)
    }

    /// From a state's raw input to its output, which is the scope's input afterwards.
    #[inline(always)]
    fn visit(&mut self, state: &State, scope: &mut Scope<'_>) -> Option<Next> {
        scope.context.state = StateInfo {
            name: state.name_value,
            entered_time: scope.now,
            retry_count: None,
        };
        let (flow, raw) = (&state.flow, scope.input);
        scope.input = self.select(&flow.input, scope)?;
        let next = match &state.kind {
            StateKind::Pass(pass) => {
                let result = match (&pass.result, &pass.parameters) {
                    (Some(result), _) => *result,
                    (None, Some(template)) => {
                        template.eval(scope, self.arena, self.scratch).ok()?
                    }
                    (None, None) => scope.input,
                };
                scope.input = match &flow.result_path {
                    ResultPathField::Replace => result,
                    ResultPathField::Discard => raw,
                    ResultPathField::Write(_, path) => path.write(raw, result, self.arena).ok()?,
                };
                scope.parts = &[];
                state.next
            }
            StateKind::Choice(choice) => {
                let rule = first_rule(choice, scope, self.arena, self.scratch).ok()?;
                Next::State(rule.map_or(choice.default, |rule| Some(rule.next))?)
            }
            StateKind::Succeed => Next::End,
            // A Fail.
            _ => return None,
        };
        scope.input = self.select(&flow.output, scope)?;
        // What goes on as it came was measured then.
        let is_small = scope.input == raw || self.limits.admit(self.arena.measure(scope.input));
        is_small.then_some(next)
    }

    /// `InputPath` or `OutputPath`.
    #[inline(always)]
    fn select(&mut self, path: &PathField, scope: &Scope<'_>) -> Option<Value> {
        match path {
            PathField::Whole => Some(scope.input),
            path => self.select_part(path, scope),
        }
    }

    #[inline(never)]
    fn select_part(&mut self, path: &PathField, scope: &Scope<'_>) -> Option<Value> {
        match path {
            PathField::Whole => Some(scope.input),
            PathField::Empty => Some(Value::EMPTY_OBJECT),
            PathField::Select(path) => path.select(scope, self.arena, self.scratch).ok(),
            PathField::Query(_) => None,
        }
    }
}
