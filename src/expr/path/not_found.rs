//! What a path missed, and how AWS (that is, Jayway) says so.

use crate::value::Value;

use super::Path;
use super::step::Step;
use crate::expr::ExprError;

/// What a path missed; [`Path::reason`] puts it into words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotFound {
    /// The step that found nothing.
    at: u32,
    pub(super) why: Why,
    /// What the step was tried on.
    value: Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// The last step, or an index.
    NoResult,
    /// A member on the way.
    MissingProperty,
    /// A member of something else than an object.
    NotAnObject,
    /// An index into null.
    IsNull,
    /// An index or slice of something else than an array.
    NotAnArray,
    /// A filter on a scalar.
    Primitive,
    /// The variable was not assigned.
    NoVariable,
    /// The path looks at more values than one evaluation may.
    TooMany,
}

impl Why {
    /// Whether an indefinite path answers with `[]`.
    pub(super) fn is_absence(self) -> bool {
        matches!(
            self,
            Why::NoResult | Why::MissingProperty | Why::NotAnObject | Why::IsNull
        )
    }
}

impl NotFound {
    #[cold]
    pub(super) fn new(at: usize, why: Why, value: Value) -> NotFound {
        NotFound {
            at: u32::try_from(at).unwrap_or(u32::MAX),
            why,
            value,
        }
    }

    /// The same for a path whose root took `steps` before.
    pub(super) fn behind(mut self, steps: usize) -> NotFound {
        self.at += u32::try_from(steps).unwrap_or(0);
        self
    }

    /// What the missing step was tried on.
    pub fn tried_on(&self) -> Value {
        self.value
    }
}

impl Path {
    /// `No results for path: $['x']` and its relatives.
    pub fn reason(&self, missing: NotFound) -> String {
        let at = usize::try_from(missing.at)
            .unwrap_or(0)
            .min(self.steps().len());
        let parent = normalised(&self.steps()[..at]);
        let fragment = self.steps().get(at).map_or(String::new(), Step::to_string);
        match missing.why {
            Why::NoResult => format!("No results for path: {}", normalised(self.steps())),
            Why::MissingProperty => format!("Missing property in path {parent}{fragment}"),
            Why::NotAnObject => {
                format!("Expected to find an object with property {fragment} in path {parent}")
            }
            Why::IsNull => format!("The path {parent} is null"),
            Why::NotAnArray => format!("Filter: {fragment} can only be applied to arrays"),
            Why::Primitive => format!("Filter: {fragment} can not be applied to primitives"),
            Why::NoVariable => format!(
                "The variable '${}' is not defined",
                self.variable().unwrap_or_default()
            ),
            Why::TooMany => "The path looks at too many values".to_owned(),
        }
    }

    /// The same in the words of `InputPath`, `OutputPath` and `TimeoutSecondsPath`: `Invalid path '$.x' : No results for path: $['x']`.
    #[cold]
    pub fn invalid(&self, missing: NotFound) -> ExprError {
        ExprError::runtime(format!(
            "Invalid path '{}' : {}",
            self.text(),
            self.reason(missing)
        ))
    }
}

/// `$['a'][0]`
fn normalised(steps: &[Step]) -> String {
    let mut text = String::from("$");
    for step in steps {
        text.push_str(&step.to_string());
    }
    text
}
