//! Payload templates: `Parameters`, `ResultSelector`, `ItemSelector`, `Assign`.

use std::collections::HashSet;

use crate::value::Arena;
use crate::value::ConstantsBuilder;
use crate::value::Value;
use crate::value::{Kind, Measure, Shape};

use super::{ExprError, Expression, Parts, Scope, Scratch, SyntaxError};

/// A compiled payload template; what is constant in it is a constant of the plan.
#[derive(Debug)]
pub struct Template(pub(super) Node);

#[derive(Debug)]
pub(super) enum Node {
    Constant(Value),
    Object(ObjectNode),
    Array(Box<[Node]>),
    Expression(Box<Field>),
}

#[derive(Debug)]
pub(super) struct ObjectNode {
    /// Names and values.
    members: Box<[(Value, Node)]>,
    /// Places of the members that may differ between the items of a Map.
    differing: Box<[usize]>,
    /// How many bytes the names take.
    names_bytes: usize,
    /// That of the objects it builds.
    shape: Shape,
}

/// Something to evaluate: a member whose name ends in `.$`, or a JSONata string.
#[derive(Debug)]
pub(super) struct Field {
    /// The member's name with the suffix, for error texts.
    name: Box<str>,
    expression: Expression,
}

/// Something in a template that AWS would refuse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateProblem {
    /// JSON pointer below the template: `/items/0/price.$`; empty for the template itself.
    pub pointer: String,
    /// AWS's text, for instance `The value for the field 'x.$' must be a valid JSONPath or a valid intrinsic function call`.
    pub message: String,
    /// What the parser of paths and calls had to say about it.
    pub detail: Option<SyntaxError>,
}

impl Template {
    /// Everything that is wrong with a template, without compiling it.
    pub fn check(doc: &Arena, template: Value) -> Vec<TemplateProblem> {
        let compiled = Template::compile(doc, template, &mut ConstantsBuilder::new());
        compiled.err().unwrap_or_default()
    }

    /// Compiles the template that stands in a definition.
    pub fn compile(
        doc: &Arena,
        template: Value,
        constants: &mut ConstantsBuilder,
    ) -> Result<Template, Vec<TemplateProblem>> {
        Template::compile_with(doc, constants, |compiler| compiler.node(template))
    }

    /// The same for an object whose members are evaluated one by one ([`Template::eval_parts`]): it is kept apart even
    /// where nothing in it is to be evaluated.
    pub fn compile_members(
        doc: &Arena,
        template: Value,
        constants: &mut ConstantsBuilder,
    ) -> Result<Template, Vec<TemplateProblem>> {
        Template::compile_with(doc, constants, |compiler| compiler.object(template))
    }

    fn compile_with(
        doc: &Arena,
        constants: &mut ConstantsBuilder,
        work: impl FnOnce(&mut Compiler<'_>) -> Node,
    ) -> Result<Template, Vec<TemplateProblem>> {
        let mut compiler = Compiler {
            doc,
            constants,
            pointer: String::new(),
            problems: Vec::new(),
        };
        let node = work(&mut compiler);
        match compiler.problems {
            problems if problems.is_empty() => Ok(Template(node)),
            problems => Err(problems),
        }
    }

    /// The value of a template in which nothing is to be evaluated.
    pub fn constant(&self) -> Option<Value> {
        self.0.constant()
    }

    /// Builds the payload.
    pub fn eval(
        &self,
        scope: &Scope<'_>,
        arena: &mut Arena,
        scratch: &mut Scratch,
    ) -> Result<Value, ExprError> {
        eval_or_clear(&self.0, scope, arena, scratch)
    }

    /// The names of the members, where the template is an object.
    pub fn part_names(&self) -> Option<Vec<Value>> {
        match &self.0 {
            Node::Object(object) => Some(object.members.iter().map(|(name, _)| *name).collect()),
            _ => None,
        }
    }

    /// Evaluates the members of the object one by one and appends their values, in the order of [`Template::part_names`].
    pub fn eval_members(
        &self,
        scope: &Scope<'_>,
        arena: &mut Arena,
        scratch: &mut Scratch,
        values: &mut Vec<Value>,
    ) -> Result<(), ExprError> {
        for (_, node) in self.members() {
            values.push(node.eval_part(scope, arena, scratch)?);
        }
        Ok(())
    }

    /// Evaluates the members of the object without building it. Where `parts` are those of an item before, over the same
    /// input, what cannot differ is left as it is. The answer is at least what [`Arena::measure`] would say of the object.
    pub fn eval_parts(
        &self,
        scope: &Scope<'_>,
        arena: &mut Arena,
        scratch: &mut Scratch,
        parts: &mut Parts,
    ) -> Result<Measure, ExprError> {
        let Node::Object(object) = &self.0 else {
            unreachable!("only an object has parts")
        };
        let evaluated = match parts.values.is_empty() {
            true => object.eval_first_parts(scope, arena, scratch, parts),
            false => object.eval_next_parts(scope, arena, scratch, parts),
        };
        if evaluated.is_err() {
            parts.clear();
        }
        evaluated
    }

    /// The object of parts that [`Template::eval_parts`] gave.
    pub fn put_together(&self, parts: &[Value], arena: &mut Arena) -> Value {
        let names = self.members().iter().map(|(name, _)| *name);
        arena.object_from(names.zip(parts.iter().copied()))
    }

    fn members(&self) -> &[(Value, Node)] {
        match &self.0 {
            Node::Object(object) => &object.members,
            _ => &[],
        }
    }

    /// Everything in it that is evaluated.
    pub(super) fn expressions_mut(&mut self) -> Vec<&mut Expression> {
        let mut pending = vec![&mut self.0];
        let mut found = Vec::new();
        while let Some(node) = pending.pop() {
            match node {
                Node::Constant(_) => {}
                Node::Object(object) => {
                    pending.extend(object.members.iter_mut().map(|(_, node)| node))
                }
                Node::Array(elements) => pending.extend(elements),
                Node::Expression(field) => found.push(&mut field.expression),
            }
        }
        found
    }
}

impl ObjectNode {
    #[inline(never)]
    fn eval_first_parts(
        &self,
        scope: &Scope<'_>,
        arena: &mut Arena,
        scratch: &mut Scratch,
        parts: &mut Parts,
    ) -> Result<Measure, ExprError> {
        let brackets = 2 + 2 * self.members.len();
        parts.same = Measure {
            bytes: self.names_bytes + brackets,
            depth: 0,
        };
        let mut differing = Measure::NOTHING;
        for (place, (_, node)) in self.members.iter().enumerate() {
            let value = node.eval_part(scope, arena, scratch)?;
            parts.values.push(value);
            let of_its_kind = match self.differing.contains(&place) {
                true => &mut differing,
                false => &mut parts.same,
            };
            *of_its_kind = of_its_kind.and(arena.measure(value));
        }
        Ok(parts.same.and(differing).inside())
    }

    #[inline]
    fn eval_next_parts(
        &self,
        scope: &Scope<'_>,
        arena: &mut Arena,
        scratch: &mut Scratch,
        parts: &mut Parts,
    ) -> Result<Measure, ExprError> {
        let mut whole = parts.same;
        for &place in &self.differing {
            let value = self.members[place].1.eval_part(scope, arena, scratch)?;
            whole = whole.and(arena.measure_in_line(value));
            parts.values[place] = value;
        }
        Ok(whole.inside())
    }
}

impl Node {
    pub(super) fn expression(name: &str, expression: Expression) -> Node {
        Node::Expression(Box::new(Field {
            name: name.into(),
            expression,
        }))
    }

    /// `names_bytes` are those of all members' names.
    pub(super) fn object(
        members: Vec<(Value, Node)>,
        names_bytes: usize,
        constants: &mut ConstantsBuilder,
    ) -> Node {
        let shape: Vec<_> = members
            .iter()
            .map(|(name, node)| (*name, node.constant()))
            .collect();
        Node::Object(ObjectNode {
            shape: constants.shape(&shape),
            differing: (members.iter().enumerate())
                .filter(|(_, (_, node))| !node.is_same_for_all_items())
                .map(|(place, _)| place)
                .collect(),
            members: members.into(),
            names_bytes,
        })
    }

    /// Whether it reads nothing that differs between the items of a Map.
    #[inline]
    fn is_same_for_all_items(&self) -> bool {
        match self {
            Node::Constant(_) => true,
            Node::Expression(field) => {
                matches!(&field.expression, Expression::Path(path) if !path.reads_context())
            }
            Node::Object(..) | Node::Array(_) => false,
        }
    }

    #[inline(always)]
    fn eval_part(
        &self,
        scope: &Scope<'_>,
        arena: &mut Arena,
        scratch: &mut Scratch,
    ) -> Result<Value, ExprError> {
        match self.glance(scope, arena) {
            Some(value) => Ok(value),
            None => eval_or_clear(self, scope, arena, scratch),
        }
    }

    /// The value, where it is there already.
    #[inline(always)]
    fn glance(&self, scope: &Scope<'_>, arena: &Arena) -> Option<Value> {
        match self {
            Node::Constant(value) => Some(*value),
            Node::Expression(field) => match &field.expression {
                Expression::Path(path) => path.glance(scope, arena),
                _ => None,
            },
            Node::Object(..) | Node::Array(_) => None,
        }
    }

    pub(super) fn constant(&self) -> Option<Value> {
        match self {
            Node::Constant(value) => Some(*value),
            _ => None,
        }
    }

    pub(super) fn is_constant(&self) -> bool {
        self.constant().is_some()
    }
}

/// Builds, and leaves the stacks of the scratch as they were, also after an error.
fn eval_or_clear(
    node: &Node,
    scope: &Scope<'_>,
    arena: &mut Arena,
    scratch: &mut Scratch,
) -> Result<Value, ExprError> {
    let (members, values) = (scratch.members.len(), scratch.values.len());
    let built = eval(node, scope, arena, scratch);
    if built.is_err() {
        scratch.members.truncate(members);
        scratch.values.truncate(values);
    }
    built
}

/// Builds bottom-up on the stacks of the scratch; after an error the caller clears them. The recursion follows the nesting of
/// the definition, which its parser bounds.
fn eval(
    node: &Node,
    scope: &Scope<'_>,
    arena: &mut Arena,
    scratch: &mut Scratch,
) -> Result<Value, ExprError> {
    match node {
        Node::Constant(value) => Ok(*value),
        Node::Expression(field) => field.expression.eval(&field.name, scope, arena, scratch),
        Node::Object(object) => {
            let start = scratch.values.len();
            for (_, member) in &object.members {
                if member.is_constant() {
                    continue;
                }
                let value = match member.glance(scope, arena) {
                    Some(value) => value,
                    None => eval(member, scope, arena, scratch)?,
                };
                scratch.values.push(value);
            }
            let object = arena.shaped(object.shape, &scratch.values[start..]);
            scratch.values.truncate(start);
            Ok(object)
        }
        Node::Array(elements) => {
            let start = scratch.values.len();
            for element in elements {
                let value = eval(element, scope, arena, scratch)?;
                scratch.values.push(value);
            }
            let array = arena.array(&scratch.values[start..]);
            scratch.values.truncate(start);
            Ok(array)
        }
    }
}

/// The characters of a member's name or another string.
pub(super) fn name_of(doc: &Arena, string: Value) -> String {
    let text = doc.as_str(string);
    text.map_or_else(String::new, |text| text.decode().into_owned())
}

struct Compiler<'a> {
    doc: &'a Arena,
    constants: &'a mut ConstantsBuilder,
    /// Where the compiler stands.
    pointer: String,
    problems: Vec<TemplateProblem>,
}

impl Compiler<'_> {
    fn node(&mut self, value: Value) -> Node {
        if self.is_constant(value) {
            return Node::Constant(self.constants.copy_from(self.doc, value));
        }
        let doc = self.doc;
        match doc.kind(value) {
            Kind::Array => {
                let elements = doc.elements(value).enumerate();
                Node::Array(
                    elements
                        .map(|(n, element)| self.at(&n.to_string(), |here| here.node(element)))
                        .collect(),
                )
            }
            _ => self.object(value),
        }
    }

    fn object(&mut self, object: Value) -> Node {
        let doc = self.doc;
        let mut members = Vec::new();
        let mut names_bytes = 0;
        let mut names = HashSet::new();
        for (key, value) in doc.members(object) {
            let key = name_of(doc, key);
            let name = key.strip_suffix(".$").unwrap_or(&key);
            if !names.insert(name.to_owned()) {
                let message =
                    format!("The field '{name}' is given twice, as '{name}' and as '{name}.$'");
                self.at(&key, |here| here.report(message, None));
            }
            let node = self.at(&key, |here| match name.len() < key.len() {
                true => here.expression(&key, value),
                false => here.node(value),
            });
            let name = self.constants.string(name);
            names_bytes += self.constants.arena().measure(name).bytes;
            members.push((name, node));
        }
        Node::object(members, names_bytes, self.constants)
    }

    fn expression(&mut self, key: &str, value: Value) -> Node {
        let compiled = match self.doc.as_str(value) {
            Some(text) => Expression::compile(&text.decode(), self.constants).map_err(Some),
            None => Err(None),
        };
        match compiled {
            Ok(expression) => Node::expression(key, expression),
            Err(detail) => {
                let message = format!(
                    "The value for the field '{key}' must be a valid JSONPath or a valid intrinsic function call"
                );
                self.report(message, detail);
                Node::Constant(Value::NULL)
            }
        }
    }

    /// Whether no key in it, at any depth, ends in `.$`.
    fn is_constant(&self, value: Value) -> bool {
        let mut pending = vec![value];
        while let Some(value) = pending.pop() {
            for (key, member) in self.doc.members(value) {
                if self
                    .doc
                    .as_str(key)
                    .is_some_and(|key| key.decode().ends_with(".$"))
                {
                    return false;
                }
                pending.push(member);
            }
            pending.extend(self.doc.elements(value));
        }
        true
    }

    fn at<T>(&mut self, name: &str, work: impl FnOnce(&mut Self) -> T) -> T {
        let len = self.pointer.len();
        self.pointer.push('/');
        self.pointer
            .push_str(&name.replace('~', "~0").replace('/', "~1"));
        let done = work(self);
        self.pointer.truncate(len);
        done
    }

    fn report(&mut self, message: String, detail: Option<SyntaxError>) {
        self.problems.push(TemplateProblem {
            pointer: self.pointer.clone(),
            message,
            detail,
        });
    }
}

#[cfg(test)]
mod tests;
