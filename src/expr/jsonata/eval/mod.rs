//! Walks a program: one method per kind of node. What the walk makes lies in the [`Heap`].

mod call;
mod direct;
mod direct_make;
mod equality;
mod filter;
mod group;
mod limits;
mod numbers;
mod operators;
mod output;
mod path;
mod print;
mod read;
mod sort;
mod transform;
mod tuple;

use crate::value::{Arena, Value};

use super::budget::Budget;
use super::error::Failure;
use super::heap::{FrameId, Heap, Item, ListKind};
use super::program::{Code, Expr, ExprId, Node, Operator, Variable};
use super::{Evaluated, Scope, Workspace};
use call::Pending;
pub(super) use direct::{evaluate_directly, holds_directly};
pub(super) use direct_make::is_direct;
pub(super) use numbers::{Number, spell, spell_exactly};
pub(super) use read::Kind;

/// The frame that nothing lies around.
const TOP: FrameId = FrameId(0);

/// One evaluation.
pub(super) struct Machine<'m, 'b> {
    pub(super) code: &'m Code,
    pub(super) scope: &'m Scope<'m>,
    pub(super) arena: &'m mut Arena,
    pub(super) heap: &'m mut Heap,
    /// Elements of lists and arguments of calls on their way: whoever pushes takes off again.
    pub(super) stack: &'m mut Vec<Item>,
    /// Values of arrays and objects on their way out.
    values: &'m mut Vec<Value>,
    /// The free variables, once they were asked for.
    globals: &'m mut Vec<Item>,
    pub(super) budget: &'m mut Budget<'b>,
    /// How many nodes are being evaluated inside of each other.
    depth: usize,
    /// Where the native stack stood at the beginning.
    stack_base: usize,
    /// `$$`
    root: Item,
    /// The call that a [`Item::TailCall`] stands for.
    pending: Option<Pending>,
    /// How often an object was changed: what is changed may refer to what was made later.
    n_changes: usize,
}

/// Evaluates a whole program.
pub(super) fn evaluate(
    code: &Code,
    scope: &Scope<'_>,
    arena: &mut Arena,
    workspace: &mut Workspace,
    budget: &mut Budget<'_>,
) -> Result<Evaluated, Failure> {
    let mut machine = Machine::new(code, scope, arena, workspace, budget);
    let mut input = machine.root;
    if machine.is_array(input) {
        // An array as input is one input, not many.
        let kind = ListKind {
            outer_wrapper: true,
            ..ListKind::SEQUENCE
        };
        input = Item::List(machine.heap.push_list(&[input], kind));
    }
    let result = machine.eval(code.root, input, TOP)?;
    machine.output(result)
}

/// Evaluates one node that depends on nothing, if it has a scalar for its value: the item, or the text of a string.
pub(super) fn evaluate_scalar(
    code: &Code,
    id: ExprId,
    scope: &Scope<'_>,
    arena: &mut Arena,
    workspace: &mut Workspace,
    budget: &mut Budget<'_>,
) -> Option<(Item, Option<String>)> {
    let mut machine = Machine::new(code, scope, arena, workspace, budget);
    let item = machine.eval(id, Item::Undefined, TOP).ok()?;
    match machine.kind(item) {
        Kind::String => Some((item, Some(machine.string(item)))),
        Kind::Null | Kind::Bool | Kind::Number => Some((item, None)),
        _ => None,
    }
}

impl<'m, 'b> Machine<'m, 'b> {
    fn new(
        code: &'m Code,
        scope: &'m Scope<'m>,
        arena: &'m mut Arena,
        workspace: &'m mut Workspace,
        budget: &'m mut Budget<'b>,
    ) -> Machine<'m, 'b> {
        let Workspace {
            heap,
            stack,
            values,
            globals,
        } = workspace;
        heap.clear();
        stack.clear();
        values.clear();
        globals.clear();
        globals.resize(code.globals.len(), Item::Unbound);
        heap.push_frame(TOP, code.top, code.layouts[code.top.0 as usize].len());
        let marker = 0_u8;
        Machine {
            code,
            scope,
            arena,
            heap,
            stack,
            values,
            globals,
            budget,
            depth: 0,
            stack_base: &raw const marker as usize,
            root: scope.input.map_or(Item::Undefined, Item::Json),
            pending: None,
            n_changes: 0,
        }
    }
}

impl Machine<'_, '_> {
    /// Evaluates another program in between, in a memory of its own and with what is left of the budget.
    pub(in super::super) fn evaluate_within(
        &mut self,
        code: &Code,
        input: Option<Value>,
    ) -> Result<Evaluated, Failure> {
        let marker = 0_u8;
        let used = self.stack_base.abs_diff(&raw const marker as usize);
        let scope = Scope {
            input,
            bindings: self.scope.bindings,
            now_millis: self.scope.now_millis,
            random: self.scope.random,
        };
        let mut budget = Budget {
            steps: self.budget.steps,
            depth: self.budget.depth.saturating_sub(self.depth),
            value_bytes: self.budget.value_bytes,
            total_bytes: self.budget.total_bytes.saturating_sub(self.heap.bytes()),
            stack_bytes: self.budget.stack_bytes.saturating_sub(used),
            expired: match &mut self.budget.expired {
                Some(expired) => Some(&mut **expired),
                None => None,
            },
        };
        let workspace = &mut Workspace::default();
        let result = evaluate(code, &scope, self.arena, workspace, &mut budget);
        let steps = budget.steps;
        self.budget.steps = steps;
        result
    }

    /// Evaluates a node with `input` as its context.
    #[inline]
    pub(super) fn eval(
        &mut self,
        id: ExprId,
        input: Item,
        frame: FrameId,
    ) -> Result<Item, Failure> {
        let code = self.code;
        let node = &code[id];
        // Most nodes are leaves, which need little of what the others need.
        if !node.plain || self.depth >= self.budget.depth {
            return self.eval_node(id, node, input, frame);
        }
        let leaf = match &node.expr {
            Expr::Literal(item) => *item,
            Expr::Variable(variable) => self.variable(variable, frame),
            Expr::Read(read) => {
                self.depth += 1;
                let found = self.read(read, input, frame)?;
                self.depth -= 1;
                found
            }
            Expr::Path(path) => match self.named(path, input) {
                Some(found) => found,
                None => return self.eval_node(id, node, input, frame),
            },
            Expr::Binary(operator, left, right) if self.depth + 1 < self.budget.depth => {
                let left = self.at_hand(*left, input, frame);
                let right = self.at_hand(*right, input, frame);
                let (Some(left), Some(right)) = (left, right) else {
                    return self.eval_node(id, node, input, frame);
                };
                self.operation(node, *operator, left, right)?
            }
            _ => return self.eval_node(id, node, input, frame),
        };
        self.step()?;
        match leaf {
            Item::List(list) => Ok(self.settle(list, node.keep_array)),
            _ => Ok(leaf),
        }
    }

    /// What needs no evaluation: a literal, a variable, or a member that is found through objects alone.
    #[inline(always)]
    pub(super) fn at_hand(&mut self, id: ExprId, input: Item, frame: FrameId) -> Option<Item> {
        let code = self.code;
        let node = &code[id];
        let found = match &node.expr {
            _ if !node.plain => return None,
            Expr::Literal(item) => *item,
            Expr::Variable(variable) => self.variable(variable, frame),
            Expr::Read(read) => self.walk(&read.start, frame)?,
            Expr::Path(path) => self.named(path, input)?,
            _ => return None,
        };
        // A sequence is yet to be settled.
        (!matches!(found, Item::List(_))).then_some(found)
    }

    fn operation(
        &mut self,
        node: &Node,
        operator: Operator,
        left: Item,
        right: Item,
    ) -> Result<Item, Failure> {
        let result = self.binary(operator, left, right);
        result.map_err(|failure| failure.at(node.position as usize).of(operator.text()))
    }

    fn eval_node(
        &mut self,
        id: ExprId,
        node: &Node,
        input: Item,
        frame: FrameId,
    ) -> Result<Item, Failure> {
        self.enter(node)?;
        let mut result = self.node(id, node, input, frame)?;
        if !node.plain {
            for predicate in &node.predicates {
                result = self.filter(*predicate, result, frame)?.into_item(self);
            }
            if let (Some(group), false) = (&node.group, matches!(node.expr, Expr::Path(_))) {
                result = self.group(group, result, frame, None)?;
            }
        }
        self.depth -= 1;
        match result {
            Item::List(list) => Ok(self.settle(list, node.keep_array)),
            _ => Ok(result),
        }
    }

    fn node(
        &mut self,
        id: ExprId,
        node: &Node,
        input: Item,
        frame: FrameId,
    ) -> Result<Item, Failure> {
        match &node.expr {
            Expr::Literal(item) => Ok(*item),
            Expr::Context => Ok(self.context(input)),
            Expr::Root => Ok(self.root),
            Expr::Variable(variable) | Expr::Parent { variable, .. } => {
                Ok(self.variable(variable, frame))
            }
            Expr::Read(read) => self.read(read, input, frame),
            Expr::Path(path) => self.path(node, path, input, frame),
            Expr::Name(key) => self.lookup(input, key),
            Expr::Wildcard => self.wildcard(input),
            Expr::Descendant => self.descendants(input),
            Expr::Negate(operand) => self.negate(node, *operand, input, frame),
            Expr::Array(items) => self.array(node, items, input, frame),
            Expr::Object(pairs) => self.group(pairs, input, frame, None),
            Expr::Binary(operator, left, right) => {
                let left = self.eval(*left, input, frame)?;
                let right = self.eval(*right, input, frame)?;
                self.operation(node, *operator, left, right)
            }
            Expr::And(left, right) => self.logical(node, (*left, *right), true, input, frame),
            Expr::Or(left, right) => self.logical(node, (*left, *right), false, input, frame),
            Expr::Condition(condition, then, otherwise) => {
                let condition = self.eval(*condition, input, frame)?;
                match (self.truth(condition)?, otherwise) {
                    (true, _) => self.eval(*then, input, frame),
                    (false, Some(otherwise)) => self.eval(*otherwise, input, frame),
                    (false, None) => Ok(Item::Undefined),
                }
            }
            Expr::Block(expressions, layout) => {
                let frame = match layout {
                    Some(layout) => self.new_frame(frame, *layout),
                    None => frame,
                };
                let mut result = Item::Undefined;
                for expression in expressions {
                    result = self.eval(*expression, input, frame)?;
                }
                Ok(result)
            }
            Expr::Bind { slot, value, .. } => {
                let value = self.eval(*value, input, frame)?;
                self.heap.bind(frame, *slot, value);
                Ok(value)
            }
            Expr::Regex(regex) => Ok(self
                .heap
                .push_function(super::heap::Function::Regex(*regex))),
            Expr::Call(call) => self.call(node, call, input, frame, id),
            Expr::Apply(left, right) => self.chain(node, *left, *right, input, frame),
            Expr::Lambda(lambda) => Ok(self.heap.push_function(super::heap::Function::Lambda {
                lambda: *lambda,
                frame,
                input,
            })),
            Expr::Transform(_) => Ok(self
                .heap
                .push_function(super::heap::Function::Transform { node: id.0, frame })),
            Expr::Sort(_) => {
                unreachable!("only paths have steps that sort, and they sort themselves")
            }
            Expr::Placeholder => Ok(Item::Unbound),
        }
    }

    /// A sequence of one stands for its element, an empty one for nothing.
    fn settle(&mut self, id: super::heap::ListId, keep_array: bool) -> Item {
        let list = self.heap.list(id);
        if !list.kind.sequence || list.kind.tuples {
            return Item::List(id);
        }
        match self.heap.list_len(id) {
            0 => Item::Undefined,
            1 if !keep_array && !list.kind.keep_singleton => self.heap.element(id, 0),
            _ if keep_array && !list.kind.keep_singleton => {
                let kind = ListKind {
                    keep_singleton: true,
                    ..list.kind
                };
                Item::List(self.heap.push_elements(list.elements, kind))
            }
            _ => Item::List(id),
        }
    }

    /// `$`: an input that is an array was wrapped.
    fn context(&self, input: Item) -> Item {
        match input {
            Item::List(list) if self.heap.list(list).kind.outer_wrapper => {
                self.heap.element(list, 0)
            }
            _ => input,
        }
    }

    pub(super) fn variable(&mut self, variable: &Variable, frame: FrameId) -> Item {
        let mut at = frame;
        let mut hops = 0;
        for local in &variable.locals {
            while hops < local.hops {
                at = self.heap.frame(at).outer;
                hops += 1;
            }
            match self.heap.slot(at, local.slot) {
                Item::Unbound => {}
                bound => return bound,
            }
        }
        variable
            .global
            .map_or(Item::Undefined, |global| self.global(global as usize))
    }

    /// A variable of the host, or else a built-in function.
    fn global(&mut self, place: usize) -> Item {
        if self.globals[place] == Item::Unbound {
            let global = &self.code.globals[place];
            self.globals[place] = match (
                self.scope
                    .bindings
                    .variable(self.arena, &global.name, place),
                global.native,
            ) {
                (Some(value), _) => Item::Json(value),
                (None, Some(native)) => Item::Native(native),
                (None, None) => Item::Undefined,
            };
        }
        self.globals[place]
    }

    fn new_frame(&mut self, outer: FrameId, layout: super::program::LayoutId) -> FrameId {
        let n_slots = self.code.layouts[layout.0 as usize].len();
        self.heap.push_frame(outer, layout, n_slots)
    }

    fn negate(
        &mut self,
        node: &Node,
        operand: ExprId,
        input: Item,
        frame: FrameId,
    ) -> Result<Item, Failure> {
        let operand = self.eval(operand, input, frame)?;
        if operand == Item::Undefined {
            return Ok(operand);
        }
        match self.finite(operand)? {
            Some(Number::Int(value)) => Ok(value
                .checked_neg()
                .map_or(Item::Float(-(value as f64)), Item::Int)),
            Some(Number::Float(value)) => Ok(Number::from(-value).item()),
            None => {
                let value = self.shown(operand);
                Err(Failure::new("D1002")
                    .insert("value", value)
                    .at(node.position as usize)
                    .of("-"))
            }
        }
    }

    /// `[a, b, …]`: sequences are taken apart, arrays that were written as such are not.
    fn array(
        &mut self,
        node: &Node,
        items: &[ExprId],
        input: Item,
        frame: FrameId,
    ) -> Result<Item, Failure> {
        let kind = ListKind {
            cons: node.cons_array,
            ..ListKind::ARRAY
        };
        let base = self.stack.len();
        for item in items {
            let value = self.eval(*item, input, frame)?;
            if value == Item::Undefined {
                continue;
            }
            let is_constructor = matches!(self.code[*item].expr, Expr::Array(_));
            if items.len() == 1
                && !is_constructor
                && let Item::List(list) = value
                && let elements @ super::heap::Elements::Range { .. } =
                    self.heap.list(list).elements
            {
                // A range by itself stays unwritten. It is no sequence any more.
                return Ok(Item::List(self.heap.push_elements(elements, kind)));
            }
            match self.is_array(value) && !is_constructor {
                true => self.push_elements(value)?,
                false => self.stack.push(value),
            }
        }
        self.list_from(base, kind)
    }

    /// The list of what was pushed since the stack stood at `base`.
    pub(super) fn list_from(&mut self, base: usize, kind: ListKind) -> Result<Item, Failure> {
        self.reserve((self.stack.len() - base) * 8)?;
        let list = self.heap.push_list(&self.stack[base..], kind);
        self.stack.truncate(base);
        Ok(Item::List(list))
    }
}
