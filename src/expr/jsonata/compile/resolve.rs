//! Names to slots: which frame a variable lives in is known before anything runs.
//!
//! A block, a call of a lambda and a tuple of a path each have a frame of their own. A variable is looked for in the
//! frames around the reference, outwards; a frame may hold it but not have bound it yet, so there can be several places.

use super::super::functions;
use super::super::program::{
    Code, Expr, ExprId, Global, LayoutId, Local, NameId, Node, Path, Read, Stage, Start, Variable,
};
use super::Dialect;

/// Gives every variable, label and binding of `code` its place.
pub(super) fn resolve(code: &mut Code, dialect: Dialect) {
    let context = NameId(code.names.len() as u32);
    code.names.push("@".into());
    let mut resolver = Resolver {
        scopes: Vec::new(),
        context,
        dialect,
        nodes: std::mem::take(&mut code.nodes),
        code,
    };
    let root = resolver.code.root;
    let mut names = Vec::new();
    resolver.bound_in(root, &mut names);
    resolver.code.top = resolver.layout(names);
    resolver.scopes.push(Scope {
        layout: resolver.code.top,
        n_params: 0,
    });
    resolver.visit(root);
    let nodes = resolver.nodes;
    code.nodes = nodes;
    for node in &mut code.nodes {
        node.plain = node.predicates.is_empty() && node.group.is_none();
    }
}

struct Resolver<'a> {
    /// The frames around the node being visited, outermost first.
    scopes: Vec<Scope>,
    /// The name of slot 0 of tuples.
    context: NameId,
    dialect: Dialect,
    nodes: Vec<Node>,
    code: &'a mut Code,
}

#[derive(Clone, Copy)]
struct Scope {
    layout: LayoutId,
    /// So many leading slots are always bound.
    n_params: usize,
}

impl Resolver<'_> {
    fn node(&mut self, id: ExprId) -> &mut Node {
        &mut self.nodes[id.0 as usize]
    }

    fn layout(&mut self, names: Vec<NameId>) -> LayoutId {
        self.code.layouts.push(names);
        LayoutId(self.code.layouts.len() as u32 - 1)
    }

    fn slot(&self, layout: LayoutId, name: NameId) -> Option<u32> {
        let names = &self.code.layouts[layout.0 as usize];
        names
            .iter()
            .position(|known| *known == name)
            .map(|slot| slot as u32)
    }

    /// The places of a variable, innermost first.
    fn place(&mut self, variable: &mut Variable) {
        let Some(name) = variable.name else { return };
        for (hops, scope) in self.scopes.clone().iter().rev().enumerate() {
            let Some(slot) = self.slot(scope.layout, name) else {
                continue;
            };
            variable.locals.push(Local {
                hops: hops as u32,
                slot,
            });
            if (slot as usize) < scope.n_params {
                return;
            }
        }
        variable.global = Some(self.global(name));
    }

    fn global(&mut self, name: NameId) -> u32 {
        let name = &self.code.names[name.0 as usize];
        let known = self
            .code
            .globals
            .iter()
            .position(|global| global.name == *name);
        let place = known.unwrap_or_else(|| {
            self.code.globals.push(Global {
                name: name.clone(),
                native: functions::find(name, self.dialect),
            });
            self.code.globals.len() - 1
        });
        place as u32
    }

    fn visit_all(&mut self, ids: &[ExprId]) {
        for id in ids {
            self.visit(*id);
        }
    }

    fn within(&mut self, layout: LayoutId, n_params: usize, visit: impl FnOnce(&mut Self)) {
        self.scopes.push(Scope { layout, n_params });
        visit(self);
        self.scopes.pop();
    }

    fn visit(&mut self, id: ExprId) {
        let mut expr = std::mem::replace(&mut self.node(id).expr, Expr::Context);
        self.expr(id, &mut expr);
        self.node(id).expr = expr;
        for predicate in self.node(id).predicates.clone() {
            self.visit(predicate);
        }
    }

    fn visit_group(&mut self, id: ExprId) {
        if let Some(group) = self.node(id).group.take() {
            for (key, value) in &group.pairs {
                self.visit(*key);
                self.visit(*value);
            }
            self.node(id).group = Some(group);
        }
    }

    fn expr(&mut self, id: ExprId, expr: &mut Expr) {
        if let Expr::Path(path) = expr {
            self.path(id, path);
            if let Some(read) = self.as_read(id, path) {
                *expr = Expr::Read(Box::new(read));
            } else {
                self.shorten(id, path);
            }
            return;
        }
        match expr {
            Expr::Variable(variable) if self.is_root(variable) => *expr = Expr::Root,
            Expr::Variable(variable) | Expr::Parent { variable, .. } => self.place(variable),
            Expr::Negate(operand) => self.visit(*operand),
            Expr::Array(items) => self.visit_all(items),
            Expr::Object(pairs) => pairs
                .pairs
                .iter()
                .for_each(|(key, value)| self.visit_all(&[*key, *value])),
            Expr::Binary(_, left, right)
            | Expr::And(left, right)
            | Expr::Or(left, right)
            | Expr::Apply(left, right) => {
                self.visit_all(&[*left, *right]);
            }
            Expr::Condition(condition, then, otherwise) => {
                self.visit_all(&[*condition, *then]);
                self.visit_all(otherwise.as_slice());
            }
            Expr::Block(expressions, layout) => {
                let mut names = Vec::new();
                expressions
                    .iter()
                    .for_each(|part| self.bound_in(*part, &mut names));
                if names.is_empty() {
                    self.visit_all(expressions);
                } else {
                    let own = self.layout(names);
                    *layout = Some(own);
                    self.within(own, 0, |resolver| resolver.visit_all(expressions));
                }
            }
            Expr::Bind { name, slot, value } => {
                self.visit(*value);
                let layout = self.scopes.last().map_or(LayoutId(0), |scope| scope.layout);
                *slot = self
                    .slot(layout, *name)
                    .expect("the frame's layout was made from the bindings inside of it");
            }
            Expr::Call(call) => {
                self.visit_all(&call.args);
                self.visit(call.procedure);
                // A name that no function has is no hint, nor a variable that the host should know.
                let is_native = |name: NameId| {
                    functions::find(&self.code.names[name.0 as usize], self.dialect).is_some()
                };
                call.hint = call
                    .hint
                    .take()
                    .filter(|hint| hint.name.is_some_and(is_native));
                if let Some(hint) = &mut call.hint {
                    self.place(hint);
                }
            }
            Expr::Lambda(lambda) => self.lambda(*lambda as usize),
            Expr::Sort(terms) => terms.iter().for_each(|term| self.visit(term.by)),
            Expr::Transform(transform) => {
                self.visit_all(&[transform.pattern, transform.update]);
                self.visit_all(transform.delete.as_slice());
                self.place(&mut transform.clone);
            }
            _ => {}
        }
        self.visit_group(id);
    }

    /// `$$`, unless the expression binds a variable of that name.
    fn is_root(&self, variable: &Variable) -> bool {
        let Some(name) = variable.name else {
            return false;
        };
        let is_bound = || {
            self.scopes
                .iter()
                .any(|scope| self.slot(scope.layout, name).is_some())
        };
        &*self.code.names[name.0 as usize] == "$" && !is_bound()
    }

    fn lambda(&mut self, index: usize) {
        let body = self.code.lambdas[index].body;
        let mut params = std::mem::take(&mut self.code.lambdas[index].params);
        let mut names = Vec::new();
        for param in &mut params {
            add(&mut names, param.name);
        }
        let n_params = names.len();
        self.bound_in(body, &mut names);
        let layout = self.layout(names);
        for param in &mut params {
            param.slot = self
                .slot(layout, param.name)
                .expect("the layout begins with the parameters");
        }
        let lambda = &mut self.code.lambdas[index];
        lambda.params = params;
        lambda.layout = layout;
        self.within(layout, n_params, |resolver| resolver.visit(body));
    }

    fn path(&mut self, id: ExprId, path: &mut Path) {
        let first_tuple = path.steps.iter().position(|step| self.node(*step).tuple);
        let Some(first_tuple) = first_tuple else {
            for step in path.steps.clone() {
                self.step(step, None);
            }
            self.visit_group(id);
            return;
        };
        let mut names = vec![self.context];
        for step in &path.steps {
            self.labels_in(*step, &mut names);
        }
        let layout = self.layout(names);
        path.tuples = Some((first_tuple, layout));
        for (place, step) in path.steps.clone().into_iter().enumerate() {
            // Evaluated once and for all, and sorted, before there are tuples.
            let in_frame = place >= first_tuple && !(place == 0 && self.node(step).cons_array);
            let sorts_input = place == first_tuple && matches!(self.node(step).expr, Expr::Sort(_));
            match in_frame {
                true if sorts_input => {
                    self.visit(step);
                    self.stages(step, Some(layout));
                }
                true => self.step(step, Some(layout)),
                false => self.step(step, None),
            }
        }
        self.within(layout, 1, |resolver| resolver.visit_group(id));
    }

    /// Visits a step; `layout` is that of the tuple it runs in.
    fn step(&mut self, step: ExprId, layout: Option<LayoutId>) {
        match layout {
            Some(layout) => self.within(layout, 1, |resolver| resolver.visit(step)),
            None => self.visit(step),
        }
        self.stages(step, layout);
    }

    fn stages(&mut self, step: ExprId, layout: Option<LayoutId>) {
        let mut stages = std::mem::take(&mut self.node(step).stages);
        for stage in &mut stages {
            match (stage, layout) {
                (Stage::Filter(filter), Some(layout)) => {
                    self.within(layout, 1, |resolver| resolver.visit(*filter))
                }
                (Stage::Filter(filter), None) => self.visit(*filter),
                (Stage::Index(label), Some(layout)) => {
                    label.slot = self.slot(layout, label.name).unwrap_or(0)
                }
                (Stage::Index(_), None) => {}
            }
        }
        self.node(step).stages = stages;
        let Some(layout) = layout else { return };
        let slot = |name| {
            let names = &self.code.layouts[layout.0 as usize];
            names
                .iter()
                .position(|known| *known == name)
                .map_or(0, |slot| slot as u32)
        };
        let node = &mut self.nodes[step.0 as usize];
        for label in [&mut node.focus, &mut node.index, &mut node.ancestor]
            .into_iter()
            .flatten()
        {
            label.slot = slot(label.name);
        }
    }

    /// Names that tuples of a path may carry: those of its steps and of paths inside of them, whose tuples it takes over.
    fn labels_in(&mut self, id: ExprId, names: &mut Vec<NameId>) {
        let node = &self.nodes[id.0 as usize];
        let labels = [node.focus, node.index, node.ancestor]
            .into_iter()
            .flatten();
        labels.for_each(|label| add(names, label.name));
        for stage in &node.stages {
            if let Stage::Index(label) = stage {
                add(names, label.name);
            }
        }
        let inner = match &node.expr {
            Expr::Path(path) => path.steps.clone(),
            Expr::Block(expressions, _) => expressions.last().copied().into_iter().collect(),
            Expr::Condition(_, then, otherwise) => [*then].into_iter().chain(*otherwise).collect(),
            _ => Vec::new(),
        };
        inner
            .into_iter()
            .for_each(|part| self.labels_in(part, names));
    }

    /// Names that are bound in the frame that `id` is evaluated in: not those in frames inside of it.
    fn bound_in(&mut self, id: ExprId, names: &mut Vec<NameId>) {
        let node = &self.nodes[id.0 as usize];
        let mut parts: Vec<ExprId> = node.predicates.clone();
        if let Some(group) = &node.group {
            parts.extend(group.pairs.iter().flat_map(|(key, value)| [*key, *value]));
        }
        for stage in &node.stages {
            if let Stage::Filter(filter) = stage {
                parts.push(*filter);
            }
        }
        match &node.expr {
            Expr::Bind { name, value, .. } => {
                add(names, *name);
                parts.push(*value);
            }
            Expr::Negate(operand) => parts.push(*operand),
            Expr::Array(items) => parts.extend(items),
            Expr::Path(path) => parts.extend(&path.steps),
            Expr::Object(pairs) => {
                parts.extend(pairs.pairs.iter().flat_map(|(key, value)| [*key, *value]))
            }
            Expr::Binary(_, left, right)
            | Expr::And(left, right)
            | Expr::Or(left, right)
            | Expr::Apply(left, right) => {
                parts.extend([*left, *right]);
            }
            Expr::Condition(condition, then, otherwise) => {
                parts.extend([*condition, *then].iter().chain(otherwise))
            }
            Expr::Call(call) => {
                parts.push(call.procedure);
                parts.extend(&call.args);
            }
            Expr::Sort(terms) => parts.extend(terms.iter().map(|term| term.by)),
            Expr::Transform(transform) => {
                parts.extend(
                    [transform.pattern, transform.update]
                        .iter()
                        .chain(&transform.delete),
                );
            }
            _ => {}
        }
        parts
            .into_iter()
            .for_each(|part| self.bound_in(part, names));
    }

    /// `$name.a.b` and nothing more.
    fn as_read(&mut self, id: ExprId, path: &mut Path) -> Option<Read> {
        let node = self.node(id);
        if path.keep_singleton
            || path.tuples.is_some()
            || node.keep_array
            || node.tuple
            || node.group.is_some()
        {
            return None;
        }
        let (first, rest) = path.steps.split_first()?;
        let Expr::Variable(root) = &self.bare(*first)?.expr else {
            return None;
        };
        let root = root.clone();
        let mut keys = Vec::new();
        for step in rest {
            let Expr::Name(key) = &self.bare(*step)?.expr else {
                return None;
            };
            keys.push(key.clone());
        }
        let path = Path {
            steps: std::mem::take(&mut path.steps),
            ..Path::default()
        };
        let start = Start { root, keys };
        Some(Read { start, path })
    }

    /// Notes what of a path needs no sequences: how it begins, or the only name that it is.
    fn shorten(&mut self, id: ExprId, path: &mut Path) {
        if path.tuples.is_some() {
            return;
        }
        let Some((first, rest)) = path.steps.split_first() else {
            return;
        };
        let node = &self.nodes[id.0 as usize];
        let is_whole = !path.keep_singleton && !node.keep_array && !node.tuple;
        match self.bare(*first).map(|first| &first.expr) {
            Some(Expr::Name(key)) if rest.is_empty() && is_whole && node.group.is_none() => {
                path.name = Some(Box::new(key.clone()));
            }
            Some(Expr::Variable(root)) => {
                let mut keys = Vec::new();
                for step in rest {
                    let node = &self.nodes[step.0 as usize];
                    let Expr::Name(key) = &node.expr else { break };
                    let is_bare = self.bare(*step).is_some();
                    // Its filters come behind what is taken at once.
                    let is_filtered =
                        node.predicates.is_empty() && node.group.is_none() && !node.keep_array;
                    if is_bare || is_filtered && !node.cons_array {
                        keys.push(key.clone());
                    }
                    if !is_bare {
                        break;
                    }
                }
                let root = root.clone();
                path.start = (!keys.is_empty()).then(|| Box::new(Start { root, keys }));
            }
            _ => {}
        }
    }

    /// The node if nothing stands behind it.
    fn bare(&self, id: ExprId) -> Option<&Node> {
        let node = &self.nodes[id.0 as usize];
        let is_bare = node.predicates.is_empty()
            && node.stages.is_empty()
            && node.group.is_none()
            && !node.keep_array;
        (is_bare && !node.cons_array).then_some(node)
    }
}

fn add(names: &mut Vec<NameId>, name: NameId) {
    if !names.contains(&name) {
        names.push(name);
    }
}
