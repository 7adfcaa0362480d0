//! Constants evaluated once: what depends on literals only is replaced by its value.

use std::collections::HashSet;

use crate::value::Arena;
use crate::value::Constants;

use super::super::budget::Budget;
use super::super::eval;
use super::super::heap::{Item, Text};
use super::super::program::{Code, Expr, ExprId, Operator, Pairs};
use super::super::{NoBindings, Scope, Workspace};
use crate::expr::Random;

/// Folds scalars; what fails stays, to fail when it is evaluated.
pub(super) fn fold(code: &mut Code) {
    let ids: Vec<ExprId> = (0..code.nodes.len() as u32).map(ExprId).collect();
    // Parts come before what they are part of: one pass suffices.
    for id in ids {
        if is_foldable(code, id)
            && let Some(item) = value(code, id)
        {
            code[id].expr = Expr::Literal(item);
        }
    }
    for place in 0..code.nodes.len() {
        unwrap_operation(code, place);
        if let Expr::Object(pairs) = &code.nodes[place].expr {
            let keys = literal_keys(code, pairs);
            if let Expr::Object(pairs) = &mut code.nodes[place].expr {
                pairs.literal_keys = keys;
            }
        }
    }
}

/// Brackets around one operation, as in `items.(price * qty)`, are no more than that operation.
fn unwrap_operation(code: &mut Code, place: usize) {
    let Expr::Block(expressions, None) = &code.nodes[place].expr else {
        return;
    };
    let [only] = expressions.as_slice() else {
        return;
    };
    let inner = &code[*only];
    match inner.expr {
        // A range is a sequence, which brackets hold together.
        Expr::Binary(operator, left, right) if operator != Operator::Range && inner.plain => {
            let position = inner.position;
            let block = &mut code.nodes[place];
            block.expr = Expr::Binary(operator, left, right);
            block.position = position;
        }
        _ => {}
    }
}

/// The keys of an object constructor, where all are texts and different.
fn literal_keys(code: &Code, pairs: &Pairs) -> Option<Box<[Item]>> {
    let mut texts = HashSet::new();
    let keys = pairs.pairs.iter().map(|(key, _)| match code[*key].expr {
        Expr::Literal(item @ Item::Text(text)) if code[*key].plain => {
            texts.insert(text.of_literals(&code.text)).then_some(item)
        }
        _ => None,
    });
    keys.collect()
}

fn is_foldable(code: &Code, id: ExprId) -> bool {
    let literal = |id: &ExprId| {
        code[*id].plain && !code[*id].keep_array && matches!(code[*id].expr, Expr::Literal(_))
    };
    let node = &code[id];
    node.plain
        && !node.keep_array
        && match &node.expr {
            Expr::Binary(operator, left, right) => {
                *operator != Operator::Range && literal(left) && literal(right)
            }
            Expr::And(left, right) | Expr::Or(left, right) => literal(left) && literal(right),
            Expr::Negate(operand) => literal(operand),
            _ => false,
        }
}

/// Evaluates a node by itself, with no more than a few steps.
fn value(code: &mut Code, id: ExprId) -> Option<Item> {
    let scope = Scope {
        input: None,
        bindings: &NoBindings,
        now_millis: 0,
        random: &Random::new(0),
    };
    let mut arena = Arena::new(Constants::empty());
    let mut workspace = Workspace::default();
    let mut budget = Budget {
        steps: 1000,
        value_bytes: 4096,
        ..Budget::default()
    };
    let (item, text) =
        eval::evaluate_scalar(code, id, &scope, &mut arena, &mut workspace, &mut budget)?;
    Some(match text {
        Some(text) => {
            let start = code.text.len();
            code.text.push_str(&text);
            Item::Text(Text::literal(start, text.len()))
        }
        None => item,
    })
}
