//! What an expression refers to: for checks before anything runs.

use super::Program;
use super::program::{Code, Expr, ExprId, Pairs, Path, Stage, Variable};

/// Something that an expression refers to, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// A name, `$`, `$$`, `*`, `**`.
    pub name: String,
    /// Byte offset in the expression.
    pub position: usize,
}

impl Program {
    /// The variables that the host has to know: those that are neither bound around where they stand nor built-in
    /// functions, with the places by which the host is asked for them.
    pub fn variables(&self) -> Vec<(usize, &str)> {
        let free = self.code.nodes.iter().filter_map(|node| match &node.expr {
            Expr::Variable(variable) if variable.locals.is_empty() => variable.global,
            Expr::Read(read) if read.start.root.locals.is_empty() => read.start.root.global,
            _ => None,
        });
        let free: Vec<u32> = free.collect();
        let globals = self.code.globals.iter().enumerate();
        let hosts = globals
            .filter(|(place, global)| global.native.is_none() && free.contains(&(*place as u32)));
        hosts
            .map(|(place, global)| (place, &*global.name))
            .collect()
    }

    /// The members of a free variable that are read, without repeats; `None` where it is used as a whole.
    pub fn members_read(&self, variable: &str) -> Vec<Option<&str>> {
        let code = &self.code;
        let is_it = |of: &Variable| {
            of.global
                .is_some_and(|global| &*code.globals[global as usize].name == variable)
        };
        // A path keeps its root as a step of its own.
        let (mut members, mut roots) = (Vec::new(), Vec::new());
        for node in &code.nodes {
            let (root, member) = match &node.expr {
                Expr::Read(read) if is_it(&read.start.root) => {
                    (read.path.steps.first(), read.start.keys.first())
                }
                Expr::Path(path) => match path.steps.as_slice() {
                    [root, second, ..] => match (&code[*root].expr, &code[*second].expr) {
                        (Expr::Variable(of), Expr::Name(key))
                            if is_it(of) && code[*root].plain && code[*root].stages.is_empty() =>
                        {
                            (Some(root), Some(key))
                        }
                        _ => continue,
                    },
                    _ => continue,
                },
                _ => continue,
            };
            roots.extend(root.copied());
            let member = member.map(|key| key.name());
            if !members.contains(&member) {
                members.push(member);
            }
        }
        let mut places = code.nodes.iter().enumerate();
        let as_a_whole = places.any(|(place, node)| {
            let is_root = || roots.contains(&ExprId(place as u32));
            matches!(&node.expr, Expr::Variable(of) if is_it(of)) && !is_root()
        });
        if as_a_whole && !members.contains(&None) {
            members.push(None);
        }
        members
    }

    /// References to an input where there is none: names, `$` and the like outside of any path, and `$$` anywhere. A
    /// Step Functions expression may have none of them.
    pub fn input_references(&self) -> Vec<Reference> {
        let mut walk = Walk {
            code: &self.code,
            found: Vec::new(),
        };
        walk.expr(self.code.root, true);
        walk.found
    }
}

struct Walk<'a> {
    code: &'a Code,
    found: Vec<Reference>,
}

impl Walk<'_> {
    fn report(&mut self, id: ExprId, name: &str) {
        self.found.push(Reference {
            name: name.to_owned(),
            position: self.code[id].position as usize,
        });
    }

    fn all(&mut self, ids: &[ExprId], at_top: bool) {
        ids.iter().for_each(|id| self.expr(*id, at_top));
    }

    fn pairs(&mut self, pairs: &Pairs, at_top: bool) {
        pairs
            .pairs
            .iter()
            .for_each(|(key, value)| self.all(&[*key, *value], at_top));
    }

    /// `at_top`: the context of the expression is that of the whole, which is nothing.
    fn expr(&mut self, id: ExprId, at_top: bool) {
        let code = self.code;
        let node = &code[id];
        match &node.expr {
            Expr::Name(key) if at_top => self.report(id, key.name()),
            Expr::Context if at_top => self.report(id, "$"),
            Expr::Wildcard if at_top => self.report(id, "*"),
            Expr::Descendant if at_top => self.report(id, "**"),
            Expr::Root => self.report(id, "$$"),
            Expr::Path(path) => self.path(path, at_top),
            Expr::Negate(operand) => self.expr(*operand, at_top),
            Expr::Array(items) => self.all(items, at_top),
            Expr::Object(pairs) => self.pairs(pairs, at_top),
            Expr::Binary(_, left, right)
            | Expr::And(left, right)
            | Expr::Or(left, right)
            | Expr::Apply(left, right) => self.all(&[*left, *right], at_top),
            Expr::Condition(condition, then, otherwise) => {
                self.all(&[*condition, *then], at_top);
                self.all(otherwise.as_slice(), at_top);
            }
            Expr::Block(expressions, _) => self.all(expressions, at_top),
            Expr::Bind { value, .. } => self.expr(*value, at_top),
            Expr::Call(call) => {
                self.expr(call.procedure, at_top);
                self.all(&call.args, at_top);
            }
            Expr::Lambda(lambda) => self.expr(code.lambdas[*lambda as usize].body, at_top),
            Expr::Sort(terms) => terms.iter().for_each(|term| self.expr(term.by, false)),
            Expr::Transform(transform) => {
                self.all(&[transform.pattern, transform.update], false);
                self.all(transform.delete.as_slice(), false);
            }
            _ => {}
        }
        self.all(&node.predicates, false);
        for stage in &node.stages {
            if let Stage::Filter(filter) = stage {
                self.expr(*filter, false);
            }
        }
        if let Some(group) = &node.group {
            self.pairs(group, false);
        }
    }

    fn path(&mut self, path: &Path, at_top: bool) {
        for (place, step) in path.steps.iter().enumerate() {
            self.expr(*step, at_top && place == 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: &[&str]) {
        let program = Program::compile(text).unwrap();
        let names: Vec<String> = program
            .input_references()
            .into_iter()
            .map(|reference| reference.name)
            .collect();
        assert_eq!(names, want, "{text}");
    }

    #[test]
    fn names_without_an_input_are_found() {
        check("phone", &["phone"]);
        check("$.phone & $$.x", &["$", "$$"]);
        check("$states.input.items[value > 3].name", &[]);
        check("$order[$.total > 10]^(id){kind: $}", &[]);
        check("$map($states.input.a, function($x){ b })", &["b"]);
        check("{'a': b, 'c': [d.e]}", &["b", "d"]);
        check("$x ~> |a.b|{'c': d}|", &[]);
    }

    #[test]
    fn variables_and_what_is_read_of_them_are_known() {
        let program = Program::compile(
            "($y := 1; $sum([$x, $y]) & $states.input.a & $states.context.b & $f($states.input))",
        )
        .unwrap();
        let names: Vec<&str> = program.variables().iter().map(|(_, name)| *name).collect();
        assert_eq!(names, ["x", "states", "f"]);
        assert_eq!(
            program.members_read("states"),
            [Some("input"), Some("context")]
        );
        let whole = Program::compile("$states.input.a & $string($states)").unwrap();
        assert!(whole.members_read("states").contains(&None));
        let filtered =
            Program::compile("$states.input.items[x > 1].y & $states.result[0]").unwrap();
        assert_eq!(
            filtered.members_read("states"),
            [Some("input"), Some("result")]
        );
    }
}
