//! Paths: AWS's dialect of JSONPath, which is Jayway's, compiled to a list of steps.

pub(super) mod cursor;
mod filter;
mod filter_parser;
mod not_found;
pub(super) mod parser;
mod select;
pub(super) mod step;

pub use not_found::NotFound;
use not_found::Why;

use crate::value::Arena;
use crate::value::ConstantsBuilder;
use crate::value::Value;

use super::context::ContextField;
use super::variables::{self, Binder};
use super::{ExprError, Scope, Scratch, SyntaxError};
use parser::RootText;
use select::Select;
use step::Step;

/// A compiled path.
#[derive(Debug)]
pub struct Path {
    text: Box<str>,
    root: Root,
    /// All steps, also those that the root already took.
    steps: Box<[Step]>,
    definite: bool,
    /// Where `[*]` stands, when it is the only step that is no name.
    each: Option<usize>,
}

/// What a path starts from.
#[derive(Debug)]
enum Root {
    Input,
    /// A member of the input, which the first step names: read directly where the input was not put together.
    Part(usize),
    /// The part of the context object that the first steps name, so that reading one field builds no object.
    Context(ContextField),
    /// A workflow variable, and its slot once that is known.
    Variable(Box<str>, Option<u32>),
}

impl Path {
    /// Compiles `$…`, `$$…` or `$name…`.
    pub fn parse(text: &str) -> Result<Path, SyntaxError> {
        let (root, steps) = parser::parse(text)?;
        Ok(Path::new(text, root, steps))
    }

    pub(super) fn new(text: &str, root: RootText<'_>, steps: Vec<Step>) -> Path {
        let root = match root {
            RootText::Input => Root::Input,
            RootText::Context => Root::Context(ContextField::of(&steps)),
            RootText::Variable(name) => Root::Variable(name.into(), None),
        };
        Path {
            text: text.into(),
            root,
            definite: all_definite(&steps),
            each: only_wildcard(&steps),
            steps: steps.into(),
        }
    }

    /// Gives the names in it places among the plan's constants: in objects that the plan's templates build, equal names
    /// are then equal handles.
    pub(super) fn intern(mut self, constants: &mut ConstantsBuilder) -> Path {
        for step in &mut self.steps {
            if let Step::Name(key) = step {
                *key = constants.key(key.name());
            }
        }
        self
    }

    /// Resolves the variable it starts with.
    pub(super) fn bind(&mut self, binder: Binder<'_>) {
        if let Root::Variable(name, slot) = &mut self.root {
            *slot = binder(name);
        }
    }

    pub(super) fn starts_at_input(&self) -> bool {
        matches!(self.root, Root::Input | Root::Part(_))
    }

    /// The name that the first step is, as a constant.
    pub(super) fn first_name(&self) -> Option<Value> {
        match self.steps.first()? {
            Step::Name(key) => key.value(),
            _ => None,
        }
    }

    /// The first step names this part of the input.
    pub(super) fn start_at_part(&mut self, part: usize) {
        self.root = Root::Part(part);
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it is `$`.
    pub fn is_identity(&self) -> bool {
        matches!(self.root, Root::Input) && self.steps.is_empty()
    }

    /// Whether it finds one value or fails; otherwise it finds an array, which may be empty.
    pub fn is_definite(&self) -> bool {
        self.definite
    }

    /// The name behind `$name…`.
    pub fn variable(&self) -> Option<&str> {
        match &self.root {
            Root::Variable(name, _) => Some(name),
            _ => None,
        }
    }

    /// Whether it starts with `$$`.
    pub fn reads_context(&self) -> bool {
        matches!(self.root, Root::Context(_))
    }

    pub(super) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The value, or the array of an indefinite path.
    #[inline]
    pub fn select(
        &self,
        scope: &Scope<'_>,
        arena: &mut Arena,
        scratch: &mut Scratch,
    ) -> Result<Value, NotFound> {
        match self.glance(scope, arena) {
            Some(value) => Ok(value),
            None => self.search(scope, arena, scratch),
        }
    }

    /// The value, where the path has names alone, as most have, and they are all there.
    #[inline(always)]
    pub(super) fn glance(&self, scope: &Scope<'_>, arena: &Arena) -> Option<Value> {
        let (mut value, steps) = match self.root {
            Root::Input => (scope.input, &self.steps[..]),
            Root::Part(part) => (*scope.parts.get(part)?, &self.steps[1..]),
            Root::Context(field) => (field.glance(scope)?, &self.steps[field.steps()..]),
            Root::Variable(..) => return None,
        };
        for step in steps {
            let Step::Name(key) = step else {
                return None;
            };
            value = arena.get(value, key)?;
        }
        Some(value)
    }

    /// The same for any other path, or where something on the way is missing.
    #[inline(never)]
    pub(super) fn search(
        &self,
        scope: &Scope<'_>,
        arena: &mut Arena,
        scratch: &mut Scratch,
    ) -> Result<Value, NotFound> {
        let (root, taken) = match &self.root {
            Root::Input => (scope.input, 0),
            Root::Part(part) => match scope.parts.get(*part) {
                Some(part) => (*part, 1),
                None => (scope.input, 0),
            },
            Root::Context(field) => match field.read(scope, arena) {
                Ok(value) => (value, field.steps()),
                Err(missing) => return self.missing_field(missing),
            },
            Root::Variable(_, slot) => match variables::read(scope.variables, *slot) {
                Some(value) => (value, 0),
                None => return Err(NotFound::new(0, Why::NoVariable, Value::NULL)),
            },
        };
        let steps = &self.steps[taken..];
        let each = self.each.and_then(|at| at.checked_sub(taken));
        let found = if self.definite {
            select::definite(steps, root, arena, scratch)
        } else if let Some(at) = each
            && let Some(found) = select::of_each(steps, at, root, arena, scratch)
        {
            Ok(found)
        } else {
            Select::new(root, arena, scratch).select(steps, false, root)
        };
        found.map_err(|missing| missing.behind(taken))
    }

    /// The value, or the error of fields such as `InputPath`: `Invalid path '$.x' : No results for path: $['x']`.
    pub fn require(
        &self,
        scope: &Scope<'_>,
        arena: &mut Arena,
        scratch: &mut Scratch,
    ) -> Result<Value, ExprError> {
        self.select(scope, arena, scratch)
            .map_err(|missing| self.invalid(missing))
    }

    #[cold]
    fn missing_field(&self, at: usize) -> Result<Value, NotFound> {
        if !self.definite {
            return Ok(Value::EMPTY_ARRAY);
        }
        let why = if at + 1 == self.steps.len() {
            Why::NoResult
        } else {
            Why::MissingProperty
        };
        Err(NotFound::new(at, why, Value::NULL))
    }
}

/// The place of the one `[*]` among names.
fn only_wildcard(steps: &[Step]) -> Option<usize> {
    let is_name = |step: &Step| matches!(step, Step::Name(_));
    let at = steps.iter().position(|step| !is_name(step))?;
    let is_only = matches!(steps[at], Step::Wildcard) && steps[at + 1..].iter().all(is_name);
    is_only.then_some(at)
}

/// Whether a path of these steps finds one value or fails.
fn all_definite(steps: &[Step]) -> bool {
    let last = steps.len().wrapping_sub(1);
    let mut places = steps.iter().enumerate();
    places.all(|(at, step)| step.is_definite(at == last))
}

#[cfg(test)]
mod tests;
