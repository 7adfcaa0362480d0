//! Arithmetic, comparison, logic, concatenation, ranges and membership.

use std::cmp::Ordering;

use super::super::error::Failure;
use super::super::heap::{Elements, FrameId, Function, Item, ListKind};
use super::super::program::{ExprId, Node, Operator};
use super::{Kind, Machine, Number};

/// The longest range.
const MAX_RANGE: i64 = 10_000_000;

/// Whether a comparison holds of two values in this order.
fn holds(operator: Operator, order: Option<Ordering>) -> Item {
    Item::Bool(order.is_some_and(|order| match operator {
        Operator::Less => order == Ordering::Less,
        Operator::LessOrEqual => order != Ordering::Greater,
        Operator::Greater => order == Ordering::Greater,
        _ => order != Ordering::Less,
    }))
}

impl Machine<'_, '_> {
    pub(super) fn binary(
        &mut self,
        operator: Operator,
        left: Item,
        right: Item,
    ) -> Result<Item, Failure> {
        match operator {
            Operator::Add
            | Operator::Subtract
            | Operator::Multiply
            | Operator::Divide
            | Operator::Remainder => self.arithmetic(operator, left, right),
            Operator::Equal | Operator::NotEqual => {
                if left == Item::Undefined || right == Item::Undefined {
                    return Ok(Item::Bool(false));
                }
                let equal = self.equal(left, right)?;
                Ok(Item::Bool(equal == (operator == Operator::Equal)))
            }
            Operator::Less
            | Operator::LessOrEqual
            | Operator::Greater
            | Operator::GreaterOrEqual => self.compare(operator, left, right),
            Operator::Concat => self.concat(left, right),
            Operator::Range => self.range(left, right),
            Operator::In => self.is_in(left, right),
        }
    }

    fn arithmetic(&mut self, operator: Operator, left: Item, right: Item) -> Result<Item, Failure> {
        let a = self.operand(left, "T2001")?;
        let b = self.operand(right, "T2002")?;
        let (Some(a), Some(b)) = (a, b) else {
            return Ok(Item::Undefined);
        };
        if let (Number::Int(a), Number::Int(b)) = (a, b) {
            let exact = match operator {
                Operator::Add => a.checked_add(b),
                Operator::Subtract => a.checked_sub(b),
                Operator::Multiply => a.checked_mul(b),
                Operator::Divide => a
                    .checked_rem(b)
                    .filter(|rest| *rest == 0)
                    .and_then(|_| a.checked_div(b)),
                _ => a.checked_rem(b),
            };
            if let Some(exact) = exact {
                return Ok(Item::Int(exact));
            }
        }
        let (a, b) = (a.as_f64(), b.as_f64());
        let result = match operator {
            Operator::Add => a + b,
            Operator::Subtract => a - b,
            Operator::Multiply => a * b,
            Operator::Divide => a / b,
            _ => a % b,
        };
        Ok(Number::from(result).item())
    }

    /// A number to calculate with, or nothing.
    #[inline]
    fn operand(&self, item: Item, code: &'static str) -> Result<Option<Number>, Failure> {
        if item == Item::Undefined {
            return Ok(None);
        }
        match self.finite(item)? {
            Some(number) => Ok(Some(number)),
            None => Err(Failure::new(code).insert("value", self.shown(item))),
        }
    }

    fn compare(&mut self, operator: Operator, left: Item, right: Item) -> Result<Item, Failure> {
        if let (Some(left), Some(right)) = (self.number(left), self.number(right)) {
            return Ok(holds(operator, left.compare(right)));
        }
        let (left_kind, right_kind) = (self.kind(left), self.kind(right));
        let comparable = |kind| matches!(kind, Kind::Undefined | Kind::String | Kind::Number);
        if !comparable(left_kind) || !comparable(right_kind) {
            let value = if matches!(left_kind, Kind::String | Kind::Number) {
                right
            } else {
                left
            };
            return Err(Failure::new("T2010").insert("value", self.shown(value)));
        }
        if left_kind == Kind::Undefined || right_kind == Kind::Undefined {
            return Ok(Item::Undefined);
        }
        if left_kind != right_kind {
            return Err(Failure::new("T2009")
                .insert("value", self.shown(left))
                .insert("value2", self.shown(right)));
        }
        Ok(holds(operator, self.order(left, right)))
    }

    /// The order of two numbers or of two strings; none between others.
    pub(in super::super) fn order(&self, left: Item, right: Item) -> Option<Ordering> {
        if let (Some(left), Some(right)) = (self.number(left), self.number(right)) {
            return left.compare(right);
        }
        let (left, right) = (self.str(left)?, self.str(right)?);
        Some(compare_texts(&left, &right))
    }

    fn concat(&mut self, left: Item, right: Item) -> Result<Item, Failure> {
        let expected = self.str(left).map_or(16, |text| text.len())
            + self.str(right).map_or(16, |text| text.len());
        self.reserve(expected)?;
        let start = self.heap.text_len();
        for part in [left, right] {
            match part {
                Item::Text(text) if text.is_literal() => {
                    self.heap.append(text.of_literals(&self.code.text));
                }
                Item::Text(text) => self.heap.append_text(text),
                Item::Json(value) => match self.arena.as_str(value) {
                    Some(text) => self.heap.append(&text.decode()),
                    None => self.append_shown(part)?,
                },
                _ => self.append_shown(part)?,
            }
        }
        Ok(self.heap.text_since(start))
    }

    /// Appends what is no string to the heap's text, as JSON.
    fn append_shown(&mut self, item: Item) -> Result<(), Failure> {
        let mut text = String::new();
        self.print(item, false, &mut text)?;
        self.reserve(text.len())?;
        self.heap.append(&text);
        Ok(())
    }

    fn range(&mut self, left: Item, right: Item) -> Result<Item, Failure> {
        let first = self.bound(left, "T2003")?;
        let last = self.bound(right, "T2004")?;
        let (Some(first), Some(last)) = (first, last) else {
            return Ok(Item::Undefined);
        };
        if first > last {
            return Ok(Item::Undefined);
        }
        let size = last.saturating_sub(first).saturating_add(1);
        if size > MAX_RANGE {
            return Err(Failure::new("D2014").insert("value", size.to_string()));
        }
        let elements = Elements::Range {
            first,
            len: size as u32,
        };
        Ok(Item::List(
            self.heap.push_elements(elements, ListKind::SEQUENCE),
        ))
    }

    fn bound(&self, item: Item, code: &'static str) -> Result<Option<i64>, Failure> {
        if item == Item::Undefined {
            return Ok(None);
        }
        match self.number(item) {
            Some(number) if number.is_integer() => Ok(Some(number.floor())),
            _ => Err(Failure::new(code).insert("value", self.shown(item))),
        }
    }

    /// Membership compares scalars; arrays and objects are never members.
    fn is_in(&mut self, left: Item, right: Item) -> Result<Item, Failure> {
        if left == Item::Undefined || right == Item::Undefined {
            return Ok(Item::Bool(false));
        }
        let scalar = matches!(
            self.kind(left),
            Kind::Null | Kind::Bool | Kind::Number | Kind::String
        );
        let list = self.as_list(right)?;
        for index in 0..self.heap.list_len(list) {
            self.step()?;
            let element = self.heap.element(list, index);
            if element == left && !matches!(left, Item::Float(_))
                || scalar && self.equal(element, left)?
            {
                return Ok(Item::Bool(true));
            }
        }
        Ok(Item::Bool(false))
    }

    /// `and` if `both`, else `or`: the right side is evaluated only where it decides.
    pub(super) fn logical(
        &mut self,
        node: &Node,
        (left, right): (ExprId, ExprId),
        both: bool,
        input: Item,
        frame: FrameId,
    ) -> Result<Item, Failure> {
        let left = self.eval(left, input, frame)?;
        let token = if both { "and" } else { "or" };
        let locate = |failure: Failure| failure.at(node.position as usize).of(token);
        if self.truth(left).map_err(locate)? != both {
            return Ok(Item::Bool(!both));
        }
        let right = self.eval(right, input, frame)?;
        Ok(Item::Bool(self.truth(right).map_err(locate)?))
    }

    /// What `$boolean` says; nothing is not true.
    pub(in super::super) fn truth(&mut self, item: Item) -> Result<bool, Failure> {
        Ok(match item {
            Item::Bool(value) => value,
            Item::Int(value) => value != 0,
            _ => match self.kind(item) {
                Kind::Undefined | Kind::Null => false,
                Kind::Function => !self.is_regex(item),
                Kind::Bool => self.bool(item) == Some(true),
                Kind::Number => self
                    .finite(item)?
                    .is_some_and(|number| number.as_f64() != 0.0),
                Kind::String => self.str(item).is_some_and(|text| !text.is_empty()),
                Kind::Object => matches!(item, Item::Tuple(_)) || self.n_members(item) > 0,
                Kind::Array => return self.any_true(item),
            },
        })
    }

    /// Regular expressions are not true, other functions are: so it is in the reference.
    fn is_regex(&self, item: Item) -> bool {
        match item {
            Item::Function(id) => {
                matches!(
                    self.heap.function(id),
                    Function::Regex(_) | Function::NextMatch { .. }
                )
            }
            _ => false,
        }
    }

    fn any_true(&mut self, item: Item) -> Result<bool, Failure> {
        self.guard()?;
        let list = self.as_list(item)?;
        for index in 0..self.heap.list_len(list) {
            self.step()?;
            if self.truth(self.heap.element(list, index))? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// By UTF-16 code units, as JavaScript compares: characters beyond the basic plane come before the end of it.
pub(in super::super) fn compare_texts(a: &str, b: &str) -> Ordering {
    match a.bytes().zip(b.bytes()).position(|(a, b)| a != b) {
        None => a.len().cmp(&b.len()),
        Some(_) if a.is_ascii() && b.is_ascii() => a.cmp(b),
        Some(_) => a.encode_utf16().cmp(b.encode_utf16()),
    }
}
