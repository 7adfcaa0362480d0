//! The compiled form of an expression: what the evaluator walks. Immutable and shared by all workers.

use crate::value::{Key, Value};

use super::compile::signature::Signature;
use super::heap::{Item, Text};
use super::regex::Regex;

/// A node, by its index in [`Code::nodes`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ExprId(pub(super) u32);

/// A name of a variable or label, by its index in [`Code::names`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NameId(pub(super) u32);

/// The variables that one kind of frame can hold, by its index in [`Code::layouts`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct LayoutId(pub(super) u32);

/// A whole expression.
#[derive(Debug, Default)]
pub(super) struct Code {
    pub(super) nodes: Vec<Node>,
    pub(super) root: ExprId,
    pub(super) names: Vec<Box<str>>,
    /// The texts of all string literals.
    pub(super) text: String,
    /// String literals that are constants of the plan, by where their text begins.
    pub(super) constants: Vec<(u32, Value)>,
    /// Slot by slot the variables of a frame.
    pub(super) layouts: Vec<Vec<NameId>>,
    /// The frame that bindings outside of any block go to.
    pub(super) top: LayoutId,
    pub(super) lambdas: Vec<Lambda>,
    pub(super) regexes: Vec<Regex>,
    pub(super) globals: Vec<Global>,
    /// It may be answered without an evaluation.
    pub(super) is_direct: bool,
}

impl Code {
    /// The constant of the plan that a string literal is, where there is one.
    pub(super) fn constant(&self, text: Text) -> Option<Value> {
        // An empty one begins where another does.
        if text.is_empty() {
            return Some(Value::EMPTY_STRING);
        }
        let place = self
            .constants
            .binary_search_by_key(&text.literal_start(), |(start, _)| *start);
        place.ok().map(|place| self.constants[place].1)
    }
}

/// A variable that the expression does not bind itself: the host's, or else a built-in function.
#[derive(Debug)]
pub(super) struct Global {
    pub(super) name: Box<str>,
    /// Its place in the table of built-in functions.
    pub(super) native: Option<u16>,
}

/// An expression with what stands behind it.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) expr: Expr,
    pub(super) position: u32,
    /// `[]` stands behind it: a sequence of one stays an array.
    pub(super) keep_array: bool,
    /// An array constructor at the end of a path: its array is not flattened into the path's result.
    pub(super) cons_array: bool,
    /// As a step it makes the path a stream of tuples; as a path it hands its tuples on.
    pub(super) tuple: bool,
    /// A call in the tail of a lambda's body: made by whoever called the lambda.
    pub(super) tail: bool,
    /// Neither `predicates` nor `group`.
    pub(super) plain: bool,
    pub(super) predicates: Vec<ExprId>,
    pub(super) group: Option<Box<Pairs>>,
    /// What a step filters and counts.
    pub(super) stages: Vec<Stage>,
    /// `@$name`, `#$name` and `%` bind slots of the path's tuples.
    pub(super) focus: Option<Label>,
    pub(super) index: Option<Label>,
    pub(super) ancestor: Option<Label>,
}

impl Node {
    pub(super) fn new(expr: Expr, position: usize) -> Node {
        Node {
            expr,
            position: position as u32,
            keep_array: false,
            cons_array: false,
            tuple: false,
            tail: false,
            plain: true,
            predicates: Vec::new(),
            group: None,
            stages: Vec::new(),
            focus: None,
            index: None,
            ancestor: None,
        }
    }
}

/// A name bound in the tuples of a path.
#[derive(Clone, Copy, Debug)]
pub(super) struct Label {
    pub(super) name: NameId,
    /// Its slot in the path's layout.
    pub(super) slot: u32,
}

#[derive(Debug)]
pub(super) enum Stage {
    Filter(ExprId),
    Index(Label),
}

/// Keys and values of an object constructor or a grouping.
#[derive(Debug)]
pub(super) struct Pairs {
    pub(super) pairs: Vec<(ExprId, ExprId)>,
    pub(super) position: u32,
    /// The keys where all are written down and no two are the same.
    pub(super) literal_keys: Option<Box<[Item]>>,
    /// The same as constants of the plan, and how many bytes they take; none before the program is interned.
    pub(super) names: Box<[Value]>,
    pub(super) names_bytes: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Concat,
    Range,
    In,
}

impl Operator {
    pub(super) fn of(text: &str) -> Option<Operator> {
        Some(match text {
            "+" => Operator::Add,
            "-" => Operator::Subtract,
            "*" => Operator::Multiply,
            "/" => Operator::Divide,
            "%" => Operator::Remainder,
            "=" => Operator::Equal,
            "!=" => Operator::NotEqual,
            "<" => Operator::Less,
            "<=" => Operator::LessOrEqual,
            ">" => Operator::Greater,
            ">=" => Operator::GreaterOrEqual,
            "&" => Operator::Concat,
            ".." => Operator::Range,
            "in" => Operator::In,
            _ => return None,
        })
    }

    /// As it is written.
    pub(super) fn text(self) -> &'static str {
        match self {
            Operator::Add => "+",
            Operator::Subtract => "-",
            Operator::Multiply => "*",
            Operator::Divide => "/",
            Operator::Remainder => "%",
            Operator::Equal => "=",
            Operator::NotEqual => "!=",
            Operator::Less => "<",
            Operator::LessOrEqual => "<=",
            Operator::Greater => ">",
            Operator::GreaterOrEqual => ">=",
            Operator::Concat => "&",
            Operator::Range => "..",
            Operator::In => "in",
        }
    }
}

#[derive(Debug)]
pub(super) enum Expr {
    Literal(Item),
    /// `$`
    Context,
    /// `$$`
    Root,
    Variable(Variable),
    /// `$name.a.b` where nothing else is said: walked without making sequences, as long as no array is met.
    Read(Box<Read>),
    Path(Path),
    /// A step: the member of that name.
    Name(Key),
    Wildcard,
    Descendant,
    /// `%`: the label that a step further left binds; its place among the parents while compiling.
    Parent {
        index: u32,
        variable: Variable,
    },
    Negate(ExprId),
    Array(Vec<ExprId>),
    Object(Box<Pairs>),
    Binary(Operator, ExprId, ExprId),
    And(ExprId, ExprId),
    Or(ExprId, ExprId),
    Condition(ExprId, ExprId, Option<ExprId>),
    Block(Vec<ExprId>, Option<LayoutId>),
    Bind {
        name: NameId,
        slot: u32,
        value: ExprId,
    },
    Regex(u32),
    Call(Box<Call>),
    /// `~>`
    Apply(ExprId, ExprId),
    Lambda(u32),
    Sort(Vec<Term>),
    Transform(Box<Transform>),
    /// The `?` among the arguments of a partial application.
    Placeholder,
}

#[derive(Debug, Default)]
pub(super) struct Path {
    pub(super) steps: Vec<ExprId>,
    pub(super) keep_singleton: bool,
    /// The first step that makes tuples, and what they can hold; slot 0 is the context of the tuple.
    pub(super) tuples: Option<(usize, LayoutId)>,
    /// `$name.a.b` where it begins so: these steps are taken at once, as long as no array is met on the way.
    pub(super) start: Option<Box<Start>>,
    /// The name that is all there is to it: a member of the context, as long as that is an object.
    pub(super) name: Option<Box<Key>>,
}

/// A variable, and members one below the other.
#[derive(Debug)]
pub(super) struct Start {
    pub(super) root: Variable,
    pub(super) keys: Vec<Key>,
}

#[derive(Debug)]
pub(super) struct Read {
    pub(super) start: Start,
    /// The same as a path, for when an array is met.
    pub(super) path: Path,
}

/// Where a variable is looked for, in this order.
#[derive(Clone, Debug, Default)]
pub(super) struct Variable {
    pub(super) name: Option<NameId>,
    /// Frames outwards that may have bound it.
    pub(super) locals: Vec<Local>,
    /// Its place in [`Code::globals`].
    pub(super) global: Option<u32>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Local {
    /// How many frames outwards.
    pub(super) hops: u32,
    pub(super) slot: u32,
}

#[derive(Debug)]
pub(super) struct Call {
    pub(super) procedure: ExprId,
    pub(super) args: Vec<ExprId>,
    /// Some arguments are placeholders.
    pub(super) partial: bool,
    /// What the error calls the function.
    pub(super) token: Option<Box<str>>,
    /// The function that was meant if the procedure is a name that lacks its `$`.
    pub(super) hint: Option<Variable>,
}

#[derive(Debug)]
pub(super) struct Lambda {
    /// Names while compiling, then slots.
    pub(super) params: Vec<Label>,
    pub(super) signature: Option<Signature>,
    pub(super) body: ExprId,
    pub(super) layout: LayoutId,
}

#[derive(Debug)]
pub(super) struct Term {
    pub(super) descending: bool,
    pub(super) by: ExprId,
}

#[derive(Debug)]
pub(super) struct Transform {
    pub(super) pattern: ExprId,
    pub(super) update: ExprId,
    pub(super) delete: Option<ExprId>,
    pub(super) clone: Variable,
}

impl std::ops::Index<ExprId> for Code {
    type Output = Node;

    fn index(&self, id: ExprId) -> &Node {
        &self.nodes[id.0 as usize]
    }
}

impl std::ops::IndexMut<ExprId> for Code {
    fn index_mut(&mut self, id: ExprId) -> &mut Node {
        &mut self.nodes[id.0 as usize]
    }
}
