//! What is answered without an evaluation: reads of the host's variables, their comparison with literals, a few functions
//! of them, and `and` and `or` of those. Most conditions are no more.
//!
//! Nothing is made here and nothing fails (`direct_make` puts more together of it): where there is more to it, an array on the way, another type or an error, the
//! answer is none, and the evaluator starts afresh.

use std::cmp::Ordering;

use crate::value::{self, Arena, Value};

use super::super::heap::Item;
use super::super::picture::parse_iso;
use super::super::program::{Call, Code, Expr, ExprId, Operator, Variable};
use super::super::{Evaluated, Scope, Workspace};
use super::numbers::Number;
use super::operators::compare_texts;

/// How deep `and` and `or` are followed.
pub(super) const DEPTH: usize = 16;

/// The value of a program, where it needs no evaluation.
pub(in super::super) fn evaluate_directly(
    code: &Code,
    scope: &Scope<'_>,
    arena: &mut Arena,
    workspace: &mut Workspace,
) -> Option<Evaluated> {
    let mut direct = Direct::of(code, scope, arena, workspace)?;
    let made = direct.make(code.root, DEPTH)?;
    Some(made.map_or(Evaluated::Undefined, Evaluated::Value))
}

/// Whether a program's test holds, where it needs no evaluation.
pub(in super::super) fn holds_directly(
    code: &Code,
    scope: &Scope<'_>,
    arena: &mut Arena,
    workspace: &mut Workspace,
) -> Option<bool> {
    Direct::of(code, scope, arena, workspace)?.holds(code.root, DEPTH)
}

pub(super) struct Direct<'d> {
    pub(super) code: &'d Code,
    pub(super) scope: &'d Scope<'d>,
    pub(super) arena: &'d mut Arena,
    /// Values of arrays and objects on their way.
    pub(super) values: &'d mut Vec<Value>,
}

impl<'d> Direct<'d> {
    /// None where a try is not worth it.
    fn of(
        code: &'d Code,
        scope: &'d Scope<'d>,
        arena: &'d mut Arena,
        workspace: &'d mut Workspace,
    ) -> Option<Direct<'d>> {
        let values = &mut workspace.values;
        values.clear();
        code.is_direct.then_some(Direct {
            code,
            scope,
            arena,
            values,
        })
    }

    /// A test with its outcome.
    pub(super) fn holds(&mut self, id: ExprId, depth: usize) -> Option<bool> {
        let node = &self.code[id];
        if !node.plain || node.keep_array || depth == 0 {
            return None;
        }
        match &node.expr {
            Expr::Binary(operator, left, right) => self.compare(*operator, *left, *right),
            Expr::And(left, right) => match self.holds(*left, depth - 1)? {
                true => self.holds(*right, depth - 1),
                false => Some(false),
            },
            Expr::Or(left, right) => match self.holds(*left, depth - 1)? {
                true => Some(true),
                false => self.holds(*right, depth - 1),
            },
            Expr::Call(call) => {
                let (name, args) = self.built_in(call)?;
                match (name, args) {
                    ("exists", [arg]) => self.read(*arg).map(|found| found.is_some()),
                    ("not", [arg]) => self.holds(*arg, depth - 1).map(|holds| !holds),
                    ("contains", [text, pattern]) => self.contains(*text, *pattern),
                    _ => None,
                }
            }
            Expr::Read(_) => {
                let value = self.read(id)??;
                self.arena.as_bool(value)
            }
            _ => None,
        }
    }

    /// Name and arguments of a call of a built-in function that nothing else has taken the name of.
    pub(super) fn built_in(&mut self, call: &'d Call) -> Option<(&'d str, &'d [ExprId])> {
        let code = self.code;
        let Expr::Variable(function) = &code[call.procedure].expr else {
            return None;
        };
        let place = self.global(function)?;
        let global = &code.globals[place];
        let name = &*global.name;
        let is_free = !call.partial
            && global.native.is_some()
            && (self.scope.bindings)
                .variable(self.arena, name, place)
                .is_none();
        is_free.then_some((name, &*call.args))
    }

    /// `$contains(text, pattern)`
    fn contains(&mut self, text: ExprId, pattern: ExprId) -> Option<bool> {
        let text = self.read(text)??;
        let code = self.code;
        let node = &code[pattern];
        let text = self.arena.as_str(text)?.decode();
        match node.expr {
            _ if !node.plain => None,
            Expr::Literal(Item::Text(token)) => Some(text.contains(token.of_literals(&code.text))),
            Expr::Regex(regex) => code.regexes[regex as usize].is_found(&text),
            _ => None,
        }
    }

    /// The number that `$count` or `$toMillis` yields of what is read.
    pub(super) fn measured(&mut self, id: ExprId) -> Option<Number> {
        let code = self.code;
        let Expr::Call(call) = &code[id].expr else {
            return None;
        };
        let (name, args) = self.built_in(call)?;
        let ([arg], true) = (args, code[id].plain && !code[id].keep_array) else {
            return None;
        };
        match name {
            "count" => {
                let value = self.read(*arg)??;
                let is_array = self.arena.kind(value) == value::Kind::Array;
                is_array.then(|| Number::Int(self.arena.len(value) as i64))
            }
            "toMillis" => {
                let value = self.read(*arg)??;
                let text = self.arena.as_str(value)?.decode();
                parse_iso(&text).map(Number::Int)
            }
            _ => None,
        }
    }

    /// The place of a variable that the expression does not bind itself.
    pub(super) fn global(&self, variable: &Variable) -> Option<usize> {
        match variable.locals.is_empty() {
            true => variable.global.map(|global| global as usize),
            false => None,
        }
    }

    /// What `$name` or `$name.a.b` is, `Some(None)` for nothing.
    pub(super) fn read(&mut self, id: ExprId) -> Option<Option<Value>> {
        let code = self.code;
        let node = &code[id];
        if !node.plain || node.keep_array {
            return None;
        }
        let read = match &node.expr {
            Expr::Read(read) => read,
            Expr::Variable(variable) => {
                let place = self.global(variable)?;
                let name = &code.globals[place].name;
                let value = self.scope.bindings.variable(self.arena, name, place)?;
                return Some(Some(value));
            }
            _ => return None,
        };
        let place = self.global(&read.start.root)?;
        let name = &code.globals[place].name;
        let (first, rest) = read.start.keys.split_first()?;
        let mut found = (self.scope.bindings).member(self.arena, name, place, first)?;
        for key in rest {
            let Some(value) = found else { break };
            found = self.arena.get(value, key);
            if found.is_none() && self.arena.kind(value) == value::Kind::Array {
                return None;
            }
        }
        Some(found)
    }

    fn compare(&mut self, operator: Operator, left: ExprId, right: ExprId) -> Option<bool> {
        let Expr::Literal(literal) = self.code[right].expr else {
            return None;
        };
        if let (Expr::Call(_), Some(literal)) = (&self.code[left].expr, number(literal)) {
            let order = self.measured(left)?.compare(literal)?;
            return operator_holds(operator, Some(order));
        }
        let value = self.read(left)?;
        let order = match value {
            None => None,
            Some(value) => self.order(value, literal)?,
        };
        match (operator, value) {
            (Operator::NotEqual, None) => Some(false),
            _ => operator_holds(operator, order),
        }
    }

    /// How a value stands to a literal: `Some(None)` where their types differ, so that they are not equal and cannot be
    /// put in order.
    fn order(&self, value: Value, literal: Item) -> Option<Option<Ordering>> {
        if let Some(literal) = number(literal) {
            let number = Number::of(self.arena, value);
            return Some(number.and_then(|number| number.compare(literal)));
        }
        match literal {
            Item::Text(text) if text.is_literal() => {
                let literal = text.of_literals(&self.code.text);
                let known = self.arena.as_str(value);
                Some(known.map(|known| match known.eq_str(literal) {
                    true => Ordering::Equal,
                    false => compare_texts(&known.decode(), literal),
                }))
            }
            _ => None,
        }
    }
}

/// The number that a literal is.
fn number(literal: Item) -> Option<Number> {
    match literal {
        Item::Int(number) => Some(Number::Int(number)),
        Item::Float(number) => Some(Number::Float(number)),
        _ => None,
    }
}

/// What an operator says of an order; none where it takes one and there is none.
fn operator_holds(operator: Operator, order: Option<Ordering>) -> Option<bool> {
    match operator {
        Operator::Equal => Some(order == Some(Ordering::Equal)),
        Operator::NotEqual => Some(order != Some(Ordering::Equal)),
        Operator::Less => order.map(Ordering::is_lt),
        Operator::LessOrEqual => order.map(Ordering::is_le),
        Operator::Greater => order.map(Ordering::is_gt),
        Operator::GreaterOrEqual => order.map(Ordering::is_ge),
        _ => None,
    }
}
