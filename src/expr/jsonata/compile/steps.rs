//! What stands behind an operand goes to the step it belongs to: `.`, predicates, `@`, `#`, `^` and groupings.

use crate::value::Key;

use super::super::error::CompileError;
use super::super::heap::Item;
use super::super::program::{Expr, ExprId, Pairs, Path, Stage, Term};
use super::lower::{Lowering, path_of};
use super::syntax::{self, SyntaxId};

impl Lowering {
    /// `left.right`: the steps of both in one path.
    pub(super) fn step(
        &mut self,
        left: SyntaxId,
        right: SyntaxId,
        position: usize,
    ) -> Result<ExprId, CompileError> {
        let left = self.lower(left)?;
        let path = self.as_path(left, position);
        if matches!(self.code[left].expr, Expr::Parent { .. }) {
            self.ancestry.hand_up(&self.code, path, left);
        }
        let right = self.lower(right)?;
        let mut steps = std::mem::take(&mut self.path_mut(path).steps);
        match &mut self.code[right].expr {
            Expr::Path(rest) => steps.append(&mut rest.steps),
            _ => {
                let node = &mut self.code[right];
                let predicates = std::mem::take(&mut node.predicates);
                node.stages
                    .extend(predicates.into_iter().map(Stage::Filter));
                steps.push(right);
            }
        }
        let mut keep_singleton = self.path_mut(path).keep_singleton;
        for step in &steps {
            self.name_of_literal(*step)?;
            keep_singleton |= self.code[*step].keep_array;
        }
        for end in [steps.first(), steps.last()].into_iter().flatten() {
            if matches!(self.code[*end].expr, Expr::Array(_)) {
                self.code[*end].cons_array = true;
            }
        }
        let of_path = self.path_mut(path);
        of_path.steps = steps;
        of_path.keep_singleton = keep_singleton;
        self.ancestry.along_path(&mut self.code, path)?;
        Ok(path)
    }

    /// A string as a step is a name in quotes; other literals are no steps.
    fn name_of_literal(&mut self, step: ExprId) -> Result<(), CompileError> {
        let node = &self.code[step];
        let Expr::Literal(literal) = node.expr else {
            return Ok(());
        };
        let Item::Text(text) = literal else {
            let value = match literal {
                Item::Int(value) => value.to_string(),
                Item::Float(value) => value.to_string(),
                Item::Bool(value) => value.to_string(),
                _ => "null".to_owned(),
            };
            return Err(CompileError::with(
                "S0213",
                node.position as usize,
                &[("value", &value)],
            ));
        };
        let name = Key::new(text.of_literals(&self.code.text));
        self.code[step].expr = Expr::Name(name);
        Ok(())
    }

    /// The node itself if it is a path, else a path with the node as its only step.
    fn as_path(&mut self, id: ExprId, position: usize) -> ExprId {
        match self.code[id].expr {
            Expr::Path(_) => id,
            _ => self.push(Expr::Path(path_of(vec![id])), position),
        }
    }

    fn path_mut(&mut self, id: ExprId) -> &mut Path {
        match &mut self.code[id].expr {
            Expr::Path(path) => path,
            _ => unreachable!("the caller has just made sure that it is a path"),
        }
    }

    /// The step that what stands behind `id` belongs to, and whether it is one of a path.
    fn last_step(&self, id: ExprId) -> (ExprId, bool) {
        match &self.code[id].expr {
            Expr::Path(path) => (path.steps.last().copied().unwrap_or(id), true),
            _ => (id, false),
        }
    }

    pub(super) fn predicate(
        &mut self,
        left: SyntaxId,
        right: SyntaxId,
        position: usize,
    ) -> Result<ExprId, CompileError> {
        let left = self.lower(left)?;
        let (step, in_path) = self.last_step(left);
        if self.code[step].group.is_some() {
            return Err(CompileError::new("S0209", position));
        }
        let predicate = self.lower(right)?;
        self.ancestry
            .through_predicate(&mut self.code, step, predicate)?;
        let node = &mut self.code[step];
        match in_path {
            true => node.stages.push(Stage::Filter(predicate)),
            false => node.predicates.push(predicate),
        }
        Ok(left)
    }

    pub(super) fn focus(
        &mut self,
        left: SyntaxId,
        right: SyntaxId,
        position: usize,
    ) -> Result<ExprId, CompileError> {
        let label = self.label(right);
        let left = self.lower(left)?;
        let (step, _) = self.last_step(left);
        let node = &mut self.code[step];
        if !node.stages.is_empty() || !node.predicates.is_empty() {
            return Err(CompileError::new("S0215", position));
        }
        if matches!(node.expr, Expr::Sort(_)) {
            return Err(CompileError::new("S0216", position));
        }
        node.focus = Some(label);
        node.tuple = true;
        Ok(left)
    }

    pub(super) fn index(
        &mut self,
        left: SyntaxId,
        right: SyntaxId,
    ) -> Result<ExprId, CompileError> {
        let label = self.label(right);
        let left = self.lower(left)?;
        let (step, in_path) = self.last_step(left);
        let node = &mut self.code[step];
        let position = node.position as usize;
        if !in_path {
            let predicates = std::mem::take(&mut node.predicates);
            node.stages
                .extend(predicates.into_iter().map(Stage::Filter));
        }
        match node.stages.is_empty() {
            true => node.index = Some(label),
            false => node.stages.push(Stage::Index(label)),
        }
        node.tuple = true;
        Ok(self.as_path(left, position))
    }

    pub(super) fn group(
        &mut self,
        left: SyntaxId,
        pairs: Vec<(SyntaxId, SyntaxId)>,
        position: usize,
    ) -> Result<ExprId, CompileError> {
        let left = self.lower(left)?;
        if self.code[left].group.is_some() {
            return Err(CompileError::new("S0210", position));
        }
        let pairs = self.pairs(pairs)?;
        self.code[left].group = Some(Box::new(Pairs {
            pairs,
            position: position as u32,
            literal_keys: None,
            names: Box::default(),
            names_bytes: 0,
        }));
        Ok(left)
    }

    pub(super) fn order_by(
        &mut self,
        left: SyntaxId,
        terms: Vec<syntax::Term>,
        position: usize,
    ) -> Result<ExprId, CompileError> {
        let left = self.lower(left)?;
        let path = self.as_path(left, position);
        let mut parts = Vec::new();
        let mut lowered = Vec::new();
        for term in terms {
            let by = self.lower(term.by)?;
            parts.push(by);
            lowered.push(Term {
                descending: term.descending,
                by,
            });
        }
        let sort = self.whole(Expr::Sort(lowered), position, &parts);
        self.path_mut(path).steps.push(sort);
        self.ancestry.along_path(&mut self.code, path)?;
        Ok(path)
    }
}
