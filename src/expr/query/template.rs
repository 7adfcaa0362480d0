//! Values of JSONata states: JSON in which every JSONata string, at any depth, stands for what it yields.

use super::{Query, QueryPlace, QueryProblem};
use crate::expr::template::{Node, name_of};
use crate::expr::{Expression, Template};
use crate::value::Arena;
use crate::value::ConstantsBuilder;
use crate::value::Kind;
use crate::value::Value;

impl Template {
    /// Everything that is wrong with the expressions in a value.
    pub fn check_queries(doc: &Arena, value: Value, place: QueryPlace) -> Vec<QueryProblem> {
        let mut problems = Vec::new();
        let mut pending = vec![(value, String::new())];
        while let Some((value, pointer)) = pending.pop() {
            if let Some(text) = doc.as_str(value) {
                let text = text.decode();
                let found = Query::expression_in(&text).map(|text| Query::check(text, place));
                problems.extend(found.into_iter().flatten().map(|problem| QueryProblem {
                    pointer: pointer.clone(),
                    ..problem
                }));
            }
            let first = pending.len();
            for (key, member) in doc.members(value) {
                let name = name_of(doc, key).replace('~', "~0").replace('/', "~1");
                pending.push((member, format!("{pointer}/{name}")));
            }
            for (index, element) in doc.elements(value).enumerate() {
                pending.push((element, format!("{pointer}/{index}")));
            }
            pending[first..].reverse();
        }
        problems
    }

    /// Compiles a value of a JSONata state. `location` is AWS's name of the field: `Output`, `Catch[0]/Assign`.
    pub fn compile_queries(
        doc: &Arena,
        value: Value,
        location: &str,
        constants: &mut ConstantsBuilder,
    ) -> Result<Template, QueryProblem> {
        let mut compiler = Compiler { doc, constants };
        compiler.node(value, location).map(Template)
    }

    /// The same for an object whose members are evaluated one by one ([`Template::eval_parts`]).
    pub fn compile_query_members(
        doc: &Arena,
        value: Value,
        location: &str,
        constants: &mut ConstantsBuilder,
    ) -> Result<Template, QueryProblem> {
        let mut compiler = Compiler { doc, constants };
        compiler.object(value, location).map(Template)
    }
}

struct Compiler<'a> {
    doc: &'a Arena,
    constants: &'a mut ConstantsBuilder,
}

/// The recursions follow the nesting of the definition, which its parser bounds.
impl Compiler<'_> {
    fn node(&mut self, value: Value, location: &str) -> Result<Node, QueryProblem> {
        match self.doc.kind(value) {
            Kind::String => self.string(value, location),
            Kind::Array => self.array(value, location),
            Kind::Object => self.object(value, location),
            _ => Ok(self.copy(value)),
        }
    }

    fn copy(&mut self, value: Value) -> Node {
        Node::Constant(self.constants.copy_from(self.doc, value))
    }

    fn string(&mut self, value: Value, location: &str) -> Result<Node, QueryProblem> {
        let text = name_of(self.doc, value);
        let Some(expression) = Query::expression_in(&text) else {
            return Ok(self.copy(value));
        };
        let query =
            Query::compile(expression, location, self.constants).map_err(|error| QueryProblem {
                pointer: String::new(),
                message: format!("{location}: {}", error.message),
                unsupported: false,
            })?;
        match query.constant(self.constants.arena()) {
            Some(value) => Ok(Node::Constant(self.constants.freeze(value))),
            None => Ok(Node::expression(
                location,
                Expression::Query(Box::new(query)),
            )),
        }
    }

    fn array(&mut self, value: Value, location: &str) -> Result<Node, QueryProblem> {
        let mut elements = Vec::new();
        for (index, element) in self.doc.elements(value).enumerate() {
            elements.push(self.node(element, &format!("{location}[{index}]"))?);
        }
        if elements.iter().all(Node::is_constant) {
            let values: Vec<Value> = elements.iter().filter_map(Node::constant).collect();
            let array = self.constants.arena().array(&values);
            return Ok(Node::Constant(self.constants.freeze(array)));
        }
        Ok(Node::Array(elements.into()))
    }

    fn object(&mut self, value: Value, location: &str) -> Result<Node, QueryProblem> {
        let (mut members, mut names_bytes) = (Vec::new(), 0);
        for (key, member) in self.doc.members(value) {
            let name = name_of(self.doc, key);
            let node = self.node(member, &format!("{location}/{name}"))?;
            let name = self.constants.string(&name);
            names_bytes += self.constants.arena().measure(name).bytes;
            members.push((name, node));
        }
        Ok(Node::object(members, names_bytes, self.constants))
    }
}
