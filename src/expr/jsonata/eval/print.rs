//! Items as text: what `$string` and `&` write, and what error messages show.

use super::super::error::{Failure, quote};
use super::super::heap::Item;
use super::numbers::spell;
use super::{Kind, Machine, Number};

/// Messages show no more of a value than this many bytes.
const SHOWN: usize = 1024;

impl Machine<'_, '_> {
    /// Appends what `$string` says of anything but a string.
    pub(in super::super) fn print(
        &mut self,
        item: Item,
        pretty: bool,
        out: &mut String,
    ) -> Result<(), Failure> {
        match self.kind(item) {
            Kind::Undefined | Kind::Function => Ok(()),
            Kind::Number
                if self
                    .number(item)
                    .is_some_and(|number| !number.as_f64().is_finite()) =>
            {
                Err(Failure::new("D3001").insert("value", "null"))
            }
            _ => {
                let item = self.context_of(self.context(item));
                self.print_json(item, pretty.then_some(0), out)
            }
        }
    }

    /// Appends JSON; `indent` is the depth where it is to be laid out in lines.
    fn print_json(
        &mut self,
        item: Item,
        indent: Option<usize>,
        out: &mut String,
    ) -> Result<(), Failure> {
        self.step()?;
        if out.len() > self.budget.value_bytes {
            self.reserve(out.len())?;
        }
        match self.kind(item) {
            Kind::Undefined | Kind::Null => out.push_str("null"),
            Kind::Bool => out.push_str(if self.bool(item) == Some(true) {
                "true"
            } else {
                "false"
            }),
            Kind::Number => print_number(self.number(item), out),
            Kind::String => self.print_string(item, out),
            Kind::Function => out.push_str("\"\""),
            Kind::Array => return self.print_array(item, indent, out),
            Kind::Object => return self.print_object(item, indent, out),
        }
        Ok(())
    }

    fn print_string(&self, item: Item, out: &mut String) {
        if let Some(text) = self.str(item) {
            out.push_str(&quote(&text));
        }
    }

    fn print_array(
        &mut self,
        item: Item,
        indent: Option<usize>,
        out: &mut String,
    ) -> Result<(), Failure> {
        self.guard()?;
        let list = self.as_list(item)?;
        let len = self.heap.list_len(list);
        let inner = indent.map(|depth| depth + 1);
        out.push('[');
        for index in 0..len {
            if index > 0 {
                out.push(',');
            }
            new_line(inner, out);
            self.print_json(self.heap.element(list, index), inner, out)?;
        }
        if len > 0 {
            new_line(indent, out);
        }
        out.push(']');
        Ok(())
    }

    fn print_object(
        &mut self,
        item: Item,
        indent: Option<usize>,
        out: &mut String,
    ) -> Result<(), Failure> {
        self.guard()?;
        let inner = indent.map(|depth| depth + 1);
        let base = self.stack.len();
        self.push_members(item)?;
        let end = self.stack.len();
        out.push('{');
        for place in (base..end).step_by(2) {
            if place > base {
                out.push(',');
            }
            new_line(inner, out);
            self.print_string(self.stack[place], out);
            out.push_str(if indent.is_some() { ": " } else { ":" });
            self.print_json(self.stack[place + 1], inner, out)?;
        }
        if end > base {
            new_line(indent, out);
        }
        out.push('}');
        self.stack.truncate(base);
        Ok(())
    }

    /// A value as a message shows it.
    pub(in super::super) fn shown(&self, item: Item) -> String {
        let mut text = match item {
            Item::Json(value) => self.arena.to_plain_json(value),
            Item::Bool(value) => value.to_string(),
            _ => match self.kind(item) {
                Kind::Number => {
                    let mut text = String::new();
                    print_number(self.number(item), &mut text);
                    text
                }
                Kind::String => quote(&self.string(item)),
                Kind::Array => "[…]".to_owned(),
                Kind::Object => "{…}".to_owned(),
                Kind::Null => "null".to_owned(),
                _ => String::new(),
            },
        };
        if text.len() > SHOWN {
            let end = (0..=SHOWN).rev().find(|end| text.is_char_boundary(*end));
            text.truncate(end.unwrap_or(0));
            text.push('…');
        }
        text
    }
}

fn print_number(number: Option<Number>, out: &mut String) {
    match number {
        Some(number) if number.as_f64().is_finite() => spell(number, out),
        _ => out.push_str("null"),
    }
}

fn new_line(indent: Option<usize>, out: &mut String) {
    if let Some(depth) = indent {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    }
}
