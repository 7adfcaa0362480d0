//! `%`: finds the step whose context a parent operator means, and labels it.
//!
//! Every `%` is a search for a step some levels up. A search that leaves the path it began in goes on in the path around
//! it; one that leaves the expression is an error.

use super::super::error::CompileError;
use super::super::error::quote;
use super::super::program::{Code, Expr, ExprId, Label, NameId};

/// The searches of all parent operators of an expression.
#[derive(Debug, Default)]
pub(super) struct Ancestry {
    searches: Vec<Search>,
    /// By node: the searches that have not found their step inside of it.
    seeking: Vec<Vec<u32>>,
}

#[derive(Debug)]
struct Search {
    label: NameId,
    /// How many steps up; 0 when found.
    level: usize,
}

impl Ancestry {
    /// Begins the search of a parent operator, by its index.
    pub(super) fn begin(&mut self, label: NameId) -> u32 {
        self.searches.push(Search { label, level: 1 });
        self.searches.len() as u32 - 1
    }

    /// The label under which the parent is found.
    pub(super) fn label(&self, index: u32) -> NameId {
        self.searches[index as usize].label
    }

    pub(super) fn is_seeking(&self, id: ExprId) -> bool {
        !self.of(id).is_empty()
    }

    fn of(&self, id: ExprId) -> &[u32] {
        self.seeking.get(id.0 as usize).map_or(&[], Vec::as_slice)
    }

    fn add(&mut self, id: ExprId, searches: &[u32]) {
        let place = id.0 as usize;
        if self.seeking.len() <= place {
            self.seeking.resize_with(place + 1, Vec::new);
        }
        self.seeking[place].extend_from_slice(searches);
    }

    /// The searches that go on from a node: its own if it is a parent operator, and those of its parts.
    fn open(&self, code: &Code, id: ExprId) -> Vec<u32> {
        let mut open = self.of(id).to_vec();
        if let Expr::Parent { index, .. } = code[id].expr {
            open.push(index);
        }
        open
    }

    /// What `part` still searches, `whole` searches.
    pub(super) fn hand_up(&mut self, code: &Code, whole: ExprId, part: ExprId) {
        let open = self.open(code, part);
        if !open.is_empty() {
            self.add(whole, &open);
        }
    }

    /// A predicate was put on `step`: its context is the step itself.
    pub(super) fn through_predicate(
        &mut self,
        code: &mut Code,
        step: ExprId,
        predicate: ExprId,
    ) -> Result<(), CompileError> {
        if !self.is_seeking(predicate) {
            return Ok(());
        }
        for index in self.of(predicate).to_vec() {
            match self.searches[index as usize].level {
                1 => self.seek(code, step, index)?,
                0 => {}
                _ => self.searches[index as usize].level -= 1,
            }
        }
        self.hand_up(code, step, predicate);
        Ok(())
    }

    /// Follows the searches of the last step to the steps before it; those that do not end there are the path's.
    pub(super) fn along_path(&mut self, code: &mut Code, path: ExprId) -> Result<(), CompileError> {
        let Expr::Path(of_path) = &code[path].expr else {
            return Ok(());
        };
        let steps = of_path.steps.clone();
        let Some((last, before)) = steps.split_last() else {
            return Ok(());
        };
        for index in self.open(code, *last) {
            let mut at = before.len();
            while self.searches[index as usize].level > 0 {
                let Some(next) = at.checked_sub(1) else {
                    self.add(path, &[index]);
                    break;
                };
                at = next;
                // Steps that bind their result share one context: they count as one.
                while at > 0
                    && code[before[at]].focus.is_some()
                    && code[before[at - 1]].focus.is_some()
                {
                    at -= 1;
                }
                self.seek(code, before[at], index)?;
            }
        }
        Ok(())
    }

    /// One search goes over one node, from its end to its beginning.
    fn seek(&mut self, code: &mut Code, id: ExprId, index: u32) -> Result<(), CompileError> {
        match &code[id].expr {
            Expr::Name(_) | Expr::Wildcard => {
                let search = &mut self.searches[index as usize];
                search.level = search.level.saturating_sub(1);
                if search.level > 0 {
                    return Ok(());
                }
                let node = &mut code[id];
                match node.ancestor {
                    Some(known) => search.label = known.name,
                    None => {
                        node.ancestor = Some(Label {
                            name: search.label,
                            slot: 0,
                        });
                    }
                }
                node.tuple = true;
            }
            Expr::Parent { .. } => self.searches[index as usize].level += 1,
            Expr::Block(expressions, _) => {
                if let Some(last) = expressions.last().copied() {
                    code[id].tuple = true;
                    self.seek(code, last, index)?;
                }
            }
            Expr::Path(path) => {
                let steps = path.steps.clone();
                code[id].tuple = true;
                for step in steps.iter().rev() {
                    self.seek(code, *step, index)?;
                    if self.searches[index as usize].level == 0 {
                        break;
                    }
                }
            }
            _ => {
                let position = code[id].position as usize;
                return Err(CompileError::with(
                    "S0217",
                    position,
                    &[("token", &quote("%"))],
                ));
            }
        }
        Ok(())
    }
}
