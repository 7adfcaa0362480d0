//! What is put together without an evaluation: objects and arrays of what is read, texts joined with `&`, sums of integers,
//! `$merge` of an object with a few members more. The outputs and variables of many states are no more.
//!
//! Whatever is unusual has no answer here, as in `direct`: the evaluator starts afresh. Which expressions are worth a try
//! is found out when they are compiled.

use crate::value::{Kind, Value};

use super::super::heap::{Item, Text};
use super::super::program::{Call, Code, Expr, ExprId, Operator, Pairs, Read};
use super::direct::{DEPTH, Direct};
use super::numbers::Number;

/// Pieces of one text.
const PIECES: usize = 8;

/// Bytes of one text.
const MAX_TEXT: usize = 1 << 20;

/// Members that `$merge` adds: more do not make a patch.
const FEW: usize = 8;

/// Whether a program may be answered directly.
pub(in super::super) fn is_direct(code: &Code) -> bool {
    makes(code, code.root, DEPTH)
}

fn makes(code: &Code, id: ExprId, depth: usize) -> bool {
    let node = &code[id];
    if !node.plain || node.keep_array || depth == 0 {
        return false;
    }
    let makes = |id: &ExprId| makes(code, *id, depth - 1);
    match &node.expr {
        Expr::Literal(_) | Expr::And(..) | Expr::Or(..) => true,
        Expr::Read(read) => read.start.root.locals.is_empty(),
        Expr::Variable(variable) => variable.locals.is_empty(),
        Expr::Array(items) => items.iter().all(makes),
        Expr::Object(pairs) => {
            pairs.literal_keys.is_some() && pairs.pairs.iter().all(|(_, value)| makes(value))
        }
        Expr::Condition(_, then, Some(otherwise)) => makes(then) && makes(otherwise),
        Expr::Block(expressions, None) => matches!(expressions.as_slice(), [only] if makes(only)),
        Expr::Binary(operator, left, right) => match operator {
            Operator::Concat | Operator::Add | Operator::Subtract | Operator::Multiply => {
                makes(left) && makes(right)
            }
            Operator::Divide | Operator::Remainder | Operator::Range | Operator::In => false,
            _ => true,
        },
        Expr::Call(call) => match &code[call.procedure].expr {
            Expr::Variable(function) => function.global.is_some_and(|global| {
                let name = &*code.globals[global as usize].name;
                match name {
                    "merge" => call.args.iter().all(makes),
                    _ => matches!(name, "count" | "toMillis" | "exists" | "not" | "contains"),
                }
            }),
            _ => false,
        },
        _ => false,
    }
}

/// A part of a text.
#[derive(Clone, Copy)]
enum Piece<'d> {
    Literal(&'d str),
    Value(Value),
}

/// The parts of a text, as many as there are so far.
struct Pieces<'d> {
    parts: [Piece<'d>; PIECES],
    len: usize,
    bytes: usize,
}

impl<'d> Pieces<'d> {
    fn push(&mut self, piece: Piece<'d>, bytes: usize) -> Option<()> {
        *self.parts.get_mut(self.len)? = piece;
        self.len += 1;
        self.bytes += bytes;
        (self.bytes <= MAX_TEXT).then_some(())
    }
}

impl<'d> Direct<'d> {
    /// What an expression makes, `Some(None)` for nothing.
    pub(super) fn make(&mut self, id: ExprId, depth: usize) -> Option<Option<Value>> {
        let code = self.code;
        let node = &code[id];
        if !node.plain || node.keep_array || depth == 0 {
            return None;
        }
        let depth = depth - 1;
        match &node.expr {
            Expr::Literal(item) => self.literal(*item).map(Some),
            Expr::Read(read) => match self.read(id) {
                None => self.gather(read),
                found => found,
            },
            Expr::Variable(_) => self.read(id),
            Expr::Array(items) => self.array(items, depth).map(Some),
            Expr::Object(pairs) => self.object(pairs, depth).map(Some),
            Expr::Condition(condition, then, Some(otherwise)) => {
                match self.holds(*condition, depth)? {
                    true => self.make(*then, depth),
                    false => self.make(*otherwise, depth),
                }
            }
            Expr::Block(expressions, None) => match expressions.as_slice() {
                [only] => self.make(*only, depth),
                _ => None,
            },
            Expr::Binary(Operator::Concat, ..) => self.concat(id, depth).map(Some),
            Expr::Binary(Operator::Add | Operator::Subtract | Operator::Multiply, ..) => {
                let number = self.integer(id, depth)?;
                Some(Some(self.arena.integer(number)))
            }
            Expr::Call(call) => self.called(id, call, depth),
            Expr::Binary(..) | Expr::And(..) | Expr::Or(..) => {
                let flag = self.holds(id, depth)?;
                Some(Some(Value::bool(flag)))
            }
            _ => None,
        }
    }

    fn called(&mut self, id: ExprId, call: &'d Call, depth: usize) -> Option<Option<Value>> {
        let (name, args) = self.built_in(call)?;
        match (name, args) {
            ("merge", [arg]) => self.merge(*arg, depth).map(Some),
            ("count" | "toMillis", _) => match self.measured(id)? {
                Number::Int(number) => Some(Some(self.arena.integer(number))),
                Number::Float(_) => None,
            },
            _ => {
                let flag = self.holds(id, depth)?;
                Some(Some(Value::bool(flag)))
            }
        }
    }

    fn literal(&mut self, item: Item) -> Option<Value> {
        Some(match item {
            Item::Null => Value::NULL,
            Item::Bool(flag) => Value::bool(flag),
            Item::Int(number) => self.arena.integer(number),
            Item::Text(text) if text.is_literal() => self.text(text),
            _ => return None,
        })
    }

    fn text(&mut self, text: Text) -> Value {
        match self.code.constant(text) {
            Some(constant) => constant,
            None => self.arena.string(text.of_literals(&self.code.text)),
        }
    }

    /// `$name.a.b` with an array on the way: what its elements have, in a row.
    fn gather(&mut self, read: &Read) -> Option<Option<Value>> {
        let place = self.global(&read.start.root)?;
        let name = &self.code.globals[place].name;
        let (first, mut keys) = read.start.keys.split_first()?;
        let mut found = (self.scope.bindings).member(self.arena, name, place, first)??;
        while self.arena.kind(found) == Kind::Object {
            let (key, rest) = keys.split_first()?;
            found = self.arena.get(found, key)?;
            keys = rest;
        }
        if self.arena.kind(found) != Kind::Array {
            return None;
        }
        let base = self.values.len();
        self.values.extend(self.arena.elements(found));
        let gathered = self.gather_from(base, keys);
        self.values.truncate(base);
        gathered
    }

    /// The same of the values on the stack from `base` on.
    fn gather_from(&mut self, base: usize, keys: &[crate::value::Key]) -> Option<Option<Value>> {
        let mut only = None;
        for key in keys {
            let end = self.values.len();
            let mut n_found = 0;
            for place in base..end {
                let value = self.values[place];
                match self.arena.kind(value) {
                    Kind::Object => {}
                    // An array in an array: the evaluator knows.
                    Kind::Array => return None,
                    _ => continue,
                }
                let Some(found) = self.arena.get(value, key) else {
                    continue;
                };
                n_found += 1;
                only = None;
                if self.arena.kind(found) == Kind::Array {
                    only = Some(found);
                    self.values.extend(self.arena.elements(found));
                } else {
                    self.values.push(found);
                }
            }
            if n_found != 1 {
                only = None;
            }
            self.values.drain(base..end);
        }
        // An array that one element alone has stays as it is.
        if only.is_some() {
            return Some(only);
        }
        Some(match self.values[base..] {
            [] => None,
            [value] => Some(value),
            _ => Some(self.arena.array(&self.values[base..])),
        })
    }

    fn array(&mut self, items: &'d [ExprId], depth: usize) -> Option<Value> {
        let base = self.values.len();
        for item in items {
            let is_constructor = matches!(self.code[*item].expr, Expr::Array(_));
            match self.make(*item, depth)? {
                None => {}
                // Arrays are taken apart, unless they are written here.
                Some(value) if self.arena.kind(value) == Kind::Array && !is_constructor => {
                    self.values.extend(self.arena.elements(value));
                }
                Some(value) => self.values.push(value),
            }
        }
        let array = self.arena.array(&self.values[base..]);
        self.values.truncate(base);
        Some(array)
    }

    fn object(&mut self, pairs: &'d Pairs, depth: usize) -> Option<Value> {
        let base = self.values.len();
        self.members(pairs, depth)?;
        let members = &self.values[base..];
        let object = match members.len() == 2 * pairs.names.len() {
            true => self.arena.object_measured(members, pairs.names_bytes),
            false => self.arena.object_in_turn(members),
        };
        self.values.truncate(base);
        Some(object)
    }

    /// Names and values in turn on the stack.
    fn members(&mut self, pairs: &'d Pairs, depth: usize) -> Option<()> {
        let keys = pairs.literal_keys.as_deref()?;
        for (place, (key, (_, value))) in keys.iter().zip(&pairs.pairs).enumerate() {
            if let Some(value) = self.make(*value, depth)? {
                let name = match pairs.names.get(place) {
                    Some(name) => *name,
                    None => self.literal(*key)?,
                };
                self.values.extend_from_slice(&[name, value]);
            }
        }
        Some(())
    }

    /// `$merge([object, {…}, …])`
    fn merge(&mut self, arg: ExprId, depth: usize) -> Option<Value> {
        let code = self.code;
        let node = &code[arg];
        let Expr::Array(items) = &node.expr else {
            return None;
        };
        let (first, rest) = items.split_first()?;
        if !node.plain || node.keep_array {
            return None;
        }
        let mut merged = self.read(*first)??;
        if self.arena.kind(merged) != Kind::Object {
            return None;
        }
        let base = self.values.len();
        for item in rest {
            match &code[*item].expr {
                Expr::Object(pairs) if code[*item].plain && !code[*item].keep_array => {
                    self.members(pairs, depth)?;
                }
                _ => return None,
            }
        }
        if self.values.len() - base > 2 * FEW {
            return None;
        }
        for place in (base..self.values.len()).step_by(2) {
            let (name, value) = (self.values[place], self.values[place + 1]);
            merged = self.arena.with(merged, name, value);
        }
        self.values.truncate(base);
        Some(merged)
    }

    fn concat(&mut self, id: ExprId, depth: usize) -> Option<Value> {
        let mut pieces = Pieces {
            parts: [Piece::Literal(""); PIECES],
            len: 0,
            bytes: 0,
        };
        self.pieces(id, &mut pieces, depth)?;
        let mut text = self.arena.text_builder();
        for piece in &pieces.parts[..pieces.len] {
            match piece {
                Piece::Literal(literal) => text.push_str(literal),
                Piece::Value(value) => text.push_value(*value),
            }
        }
        Some(text.finish())
    }

    fn pieces(&mut self, id: ExprId, pieces: &mut Pieces<'d>, depth: usize) -> Option<()> {
        let code = self.code;
        let node = &code[id];
        if !node.plain || node.keep_array || depth == 0 {
            return None;
        }
        match &node.expr {
            Expr::Binary(Operator::Concat, left, right) => {
                self.pieces(*left, pieces, depth - 1)?;
                self.pieces(*right, pieces, depth - 1)
            }
            Expr::Literal(Item::Text(text)) if text.is_literal() => {
                let text = text.of_literals(&code.text);
                pieces.push(Piece::Literal(text), text.len())
            }
            Expr::Read(_) | Expr::Variable(_) => {
                let Some(value) = self.read(id)? else {
                    return Some(());
                };
                let text = self.arena.as_str(value)?.spelled();
                // Halves of a pair that meet would become one character.
                match text.contains('\\') {
                    true => None,
                    false => pieces.push(Piece::Value(value), text.len()),
                }
            }
            _ => None,
        }
    }

    /// The value of a calculation with integers.
    fn integer(&mut self, id: ExprId, depth: usize) -> Option<i64> {
        let code = self.code;
        let node = &code[id];
        if !node.plain || node.keep_array || depth == 0 {
            return None;
        }
        match &node.expr {
            Expr::Literal(Item::Int(number)) => Some(*number),
            Expr::Read(_) | Expr::Variable(_) => {
                let value = self.read(id)??;
                match Number::of(self.arena, value)? {
                    Number::Int(number) => Some(number),
                    Number::Float(_) => None,
                }
            }
            Expr::Binary(operator, left, right) => {
                let left = self.integer(*left, depth - 1)?;
                let right = self.integer(*right, depth - 1)?;
                match operator {
                    Operator::Add => left.checked_add(right),
                    Operator::Subtract => left.checked_sub(right),
                    Operator::Multiply => left.checked_mul(right),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}
