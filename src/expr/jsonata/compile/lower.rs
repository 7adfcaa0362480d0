//! The tree of operators to the tree that is evaluated: chains of `.` become paths, predicates and bindings move to
//! the steps they belong to.

use crate::value::Key;

use super::super::error::{CompileError, quote};
use super::super::heap::{Item, Text};
use super::super::program::{
    Call, Code, Expr, ExprId, Label, Lambda, LayoutId, NameId, Node, Operator, Pairs, Path,
    Transform, Variable,
};
use super::super::regex::Regex;
use super::ancestry::Ancestry;
use super::lexer::TokenKind;
use super::syntax::{Syntax, SyntaxId, Tree};

pub(super) fn lower(tree: Tree, root: SyntaxId) -> Result<Code, CompileError> {
    let mut lowering = Lowering {
        tree,
        code: Code::default(),
        ancestry: Ancestry::default(),
    };
    let root = lowering.lower(root)?;
    let Lowering {
        mut code, ancestry, ..
    } = lowering;
    code.root = root;
    let is_parent = matches!(code[root].expr, Expr::Parent { .. });
    if is_parent || ancestry.is_seeking(root) {
        return Err(CompileError::new("S0217", code[root].position as usize));
    }
    // A search may have taken over the label of another one.
    for node in &mut code.nodes {
        if let Expr::Parent { index, variable } = &mut node.expr {
            variable.name = Some(ancestry.label(*index));
        }
    }
    Ok(code)
}

pub(super) struct Lowering {
    pub(super) tree: Tree,
    pub(super) code: Code,
    pub(super) ancestry: Ancestry,
}

impl Lowering {
    pub(super) fn push(&mut self, expr: Expr, position: usize) -> ExprId {
        self.code.nodes.push(Node::new(expr, position));
        ExprId(self.code.nodes.len() as u32 - 1)
    }

    pub(super) fn name(&mut self, name: &str) -> NameId {
        let known = self.code.names.iter().position(|known| &**known == name);
        let place = known.unwrap_or_else(|| {
            self.code.names.push(name.into());
            self.code.names.len() - 1
        });
        NameId(place as u32)
    }

    pub(super) fn label(&mut self, id: SyntaxId) -> Label {
        let name = match &self.tree[id].syntax {
            Syntax::Terminal(TokenKind::Variable(name)) => name.clone(),
            _ => unreachable!("the parser takes nothing but a variable here"),
        };
        Label {
            name: self.name(&name),
            slot: 0,
        }
    }

    pub(super) fn lower(&mut self, id: SyntaxId) -> Result<ExprId, CompileError> {
        let position = self.tree[id].position;
        let keep_array = self.tree[id].keep_array;
        let syntax = std::mem::replace(&mut self.tree[id].syntax, Syntax::End);
        let lowered = self.node(syntax, position, keep_array)?;
        self.code[lowered].keep_array |= keep_array;
        Ok(lowered)
    }

    fn all(&mut self, ids: Vec<SyntaxId>) -> Result<Vec<ExprId>, CompileError> {
        ids.into_iter().map(|id| self.lower(id)).collect()
    }

    /// Makes a node of lowered parts, which hand their searches for parents up to it.
    pub(super) fn whole(&mut self, expr: Expr, position: usize, parts: &[ExprId]) -> ExprId {
        let whole = self.push(expr, position);
        for part in parts {
            self.ancestry.hand_up(&self.code, whole, *part);
        }
        whole
    }

    fn node(
        &mut self,
        syntax: Syntax,
        position: usize,
        keep_array: bool,
    ) -> Result<ExprId, CompileError> {
        Ok(match syntax {
            Syntax::Terminal(kind) => return self.terminal(kind, position, keep_array),
            Syntax::End => return Err(CompileError::new("S0207", position)),
            Syntax::Wildcard => self.push(Expr::Wildcard, position),
            Syntax::Descendant => self.push(Expr::Descendant, position),
            Syntax::Placeholder => self.push(Expr::Placeholder, position),
            Syntax::Parent => {
                let label = self.name(&format!("!{position}"));
                let index = self.ancestry.begin(label);
                let variable = Variable::default();
                self.push(Expr::Parent { index, variable }, position)
            }
            Syntax::Binary(operator, left, right) => {
                return self.binary(operator, left, right, position);
            }
            Syntax::Group(left, pairs) => return self.group(left, pairs, position),
            Syntax::OrderBy(left, terms) => return self.order_by(left, terms, position),
            Syntax::Negate(operand) => {
                let operand = self.lower(operand)?;
                let negated = match self.code[operand].expr {
                    Expr::Literal(Item::Int(value)) => value.checked_neg().map(Item::Int),
                    Expr::Literal(Item::Float(value)) => Some(Item::Float(-value)),
                    _ => None,
                };
                match negated {
                    Some(literal) => {
                        self.code[operand].expr = Expr::Literal(literal);
                        operand
                    }
                    None => self.whole(Expr::Negate(operand), position, &[operand]),
                }
            }
            Syntax::Array(items) => {
                let items = self.all(items)?;
                let parts = items.clone();
                self.whole(Expr::Array(items), position, &parts)
            }
            Syntax::Object(pairs) => {
                let pairs = self.pairs(pairs)?;
                let parts: Vec<ExprId> = pairs
                    .iter()
                    .flat_map(|(key, value)| [*key, *value])
                    .collect();
                let pairs = Box::new(Pairs {
                    pairs,
                    position: position as u32,
                    literal_keys: None,
                    names: Box::default(),
                    names_bytes: 0,
                });
                self.whole(Expr::Object(pairs), position, &parts)
            }
            Syntax::Call(procedure, args) => return self.call(procedure, args, false, position),
            Syntax::Partial(procedure, args) => return self.call(procedure, args, true, position),
            Syntax::Lambda {
                params,
                signature,
                body,
            } => {
                let params = params.iter().map(|param| Label {
                    name: self.name(param),
                    slot: 0,
                });
                let params = params.collect();
                let body = self.lower(body)?;
                self.mark_tail_calls(body);
                self.code.lambdas.push(Lambda {
                    params,
                    signature,
                    body,
                    layout: LayoutId(0),
                });
                self.push(Expr::Lambda(self.code.lambdas.len() as u32 - 1), position)
            }
            Syntax::Condition(condition, then, otherwise) => {
                let condition = self.lower(condition)?;
                let then = self.lower(then)?;
                let otherwise = otherwise
                    .map(|otherwise| self.lower(otherwise))
                    .transpose()?;
                let parts: Vec<ExprId> = [condition, then].into_iter().chain(otherwise).collect();
                self.whole(
                    Expr::Condition(condition, then, otherwise),
                    position,
                    &parts,
                )
            }
            Syntax::Block(expressions) => {
                let expressions = self.all(expressions)?;
                let parts = expressions.clone();
                let cons_array = parts.iter().any(|part| self.begins_with_constructor(*part));
                let block = self.whole(Expr::Block(expressions, None), position, &parts);
                self.code[block].cons_array = cons_array;
                block
            }
            Syntax::Transform {
                pattern,
                update,
                delete,
            } => {
                let transform = Transform {
                    pattern: self.lower(pattern)?,
                    update: self.lower(update)?,
                    delete: delete.map(|delete| self.lower(delete)).transpose()?,
                    clone: Variable {
                        name: Some(self.name("clone")),
                        ..Variable::default()
                    },
                };
                self.push(Expr::Transform(Box::new(transform)), position)
            }
        })
    }

    fn begins_with_constructor(&self, id: ExprId) -> bool {
        let node = &self.code[id];
        node.cons_array
            || match &node.expr {
                Expr::Path(path) => path
                    .steps
                    .first()
                    .is_some_and(|first| self.code[*first].cons_array),
                _ => false,
            }
    }

    fn terminal(
        &mut self,
        kind: TokenKind,
        position: usize,
        keep_array: bool,
    ) -> Result<ExprId, CompileError> {
        let expr = match kind {
            TokenKind::Name(name) => {
                let step = self.push(Expr::Name(Key::new(&name)), position);
                self.code[step].keep_array = keep_array;
                let mut path = path_of(vec![step]);
                path.keep_singleton = keep_array;
                Expr::Path(path)
            }
            TokenKind::Variable(name) if name.is_empty() => Expr::Context,
            TokenKind::Variable(name) => Expr::Variable(Variable {
                name: Some(self.name(&name)),
                ..Variable::default()
            }),
            TokenKind::String(text) => {
                let start = self.code.text.len();
                self.code.text.push_str(&text);
                Expr::Literal(Item::Text(Text::literal(start, text.len())))
            }
            TokenKind::Integer(value) => Expr::Literal(Item::Int(value)),
            TokenKind::Float(value) => Expr::Literal(Item::Float(value)),
            TokenKind::True => Expr::Literal(Item::Bool(true)),
            TokenKind::False => Expr::Literal(Item::Bool(false)),
            TokenKind::Null => Expr::Literal(Item::Null),
            TokenKind::Regex { pattern, flags } => {
                self.code
                    .regexes
                    .push(Regex::compile(&pattern, &flags, position)?);
                Expr::Regex(self.code.regexes.len() as u32 - 1)
            }
            TokenKind::Operator(_) | TokenKind::End => {
                unreachable!("the parser makes no terminal of these")
            }
        };
        Ok(self.push(expr, position))
    }

    pub(super) fn pairs(
        &mut self,
        pairs: Vec<(SyntaxId, SyntaxId)>,
    ) -> Result<Vec<(ExprId, ExprId)>, CompileError> {
        pairs
            .into_iter()
            .map(|(key, value)| Ok((self.lower(key)?, self.lower(value)?)))
            .collect()
    }

    fn call(
        &mut self,
        procedure: SyntaxId,
        args: Vec<SyntaxId>,
        partial: bool,
        position: usize,
    ) -> Result<ExprId, CompileError> {
        let args = self.all(args)?;
        let parts = args.clone();
        let procedure = self.lower(procedure)?;
        let (token, hint) = match &self.code[procedure].expr {
            Expr::Variable(variable) => {
                let name = variable
                    .name
                    .map(|name| self.code.names[name.0 as usize].clone());
                (name, None)
            }
            Expr::Path(path) => match &self.code[path.steps[0]].expr {
                Expr::Name(key) => {
                    let name = key.name().to_owned();
                    let hint = Variable {
                        name: Some(self.name(&name)),
                        ..Variable::default()
                    };
                    (Some(name.into_boxed_str()), Some(hint))
                }
                _ => (None, None),
            },
            _ => (None, None),
        };
        let call = Call {
            procedure,
            args,
            partial,
            token,
            hint,
        };
        Ok(self.whole(Expr::Call(Box::new(call)), position, &parts))
    }

    fn mark_tail_calls(&mut self, id: ExprId) {
        if !self.code[id].predicates.is_empty() || self.code[id].group.is_some() {
            return;
        }
        match &self.code[id].expr {
            Expr::Call(call) if !call.partial => self.code[id].tail = true,
            Expr::Condition(_, then, otherwise) => {
                let (then, otherwise) = (*then, *otherwise);
                self.mark_tail_calls(then);
                if let Some(otherwise) = otherwise {
                    self.mark_tail_calls(otherwise);
                }
            }
            Expr::Block(expressions, _) => {
                if let Some(last) = expressions.last().copied() {
                    self.mark_tail_calls(last);
                }
            }
            _ => {}
        }
    }

    fn binary(
        &mut self,
        operator: &'static str,
        left: SyntaxId,
        right: SyntaxId,
        position: usize,
    ) -> Result<ExprId, CompileError> {
        match operator {
            "." => self.step(left, right, position),
            "[" => self.predicate(left, right, position),
            "@" => self.focus(left, right, position),
            "#" => self.index(left, right),
            ":=" => {
                let name = self.label(left).name;
                let value = self.lower(right)?;
                Ok(self.whole(
                    Expr::Bind {
                        name,
                        slot: 0,
                        value,
                    },
                    position,
                    &[value],
                ))
            }
            "~>" => {
                let left = self.lower(left)?;
                let right = self.lower(right)?;
                let keep_array = self.code[left].keep_array || self.code[right].keep_array;
                let apply = self.push(Expr::Apply(left, right), position);
                self.code[apply].keep_array = keep_array;
                Ok(apply)
            }
            _ => {
                let left = self.lower(left)?;
                let right = self.lower(right)?;
                let expr = match operator {
                    "and" => Expr::And(left, right),
                    "or" => Expr::Or(left, right),
                    _ => match Operator::of(operator) {
                        Some(operator) => Expr::Binary(operator, left, right),
                        None => {
                            return Err(CompileError::with(
                                "S0201",
                                position,
                                &[("token", &quote(operator))],
                            ));
                        }
                    },
                };
                Ok(self.whole(expr, position, &[left, right]))
            }
        }
    }
}

pub(super) fn path_of(steps: Vec<ExprId>) -> Path {
    Path {
        steps,
        ..Path::default()
    }
}
