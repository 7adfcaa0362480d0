//! The expressions of a state, compiled in the state's query language, with the slots of the variables they read.

use super::compile::Compiler;
use crate::asl::{Field, Place};
use crate::expr::{Expression, Query, QueryProblem, ReferencePath};
use crate::expr::{Template, TemplateProblem};
use crate::value::Value;

/// Field and text of what `explain` shows.
type Notes = Vec<(&'static str, String)>;

impl Compiler<'_> {
    /// A path or an intrinsic call.
    pub(super) fn expression(&mut self, text: &Field<String>) -> Option<Expression> {
        match Expression::compile(text, &mut self.constants) {
            Ok(mut expression) => {
                expression.bind(&|name| self.slot(name));
                Some(expression)
            }
            Err(error) => {
                self.refuse(&text.place, error.to_string());
                None
            }
        }
    }

    pub(super) fn reference_path(&mut self, text: &Field<String>) -> Option<ReferencePath> {
        match ReferencePath::parse(text) {
            Ok(mut path) => {
                path.bind(&|name| self.slot(name));
                Some(path)
            }
            Err(error) => {
                self.refuse(&text.place, error.to_string());
                None
            }
        }
    }

    /// A JSONata expression, without the delimiters. `location` is AWS's name of the field.
    pub(super) fn query(
        &mut self,
        expression: &Field<String>,
        location: &str,
    ) -> Option<Box<Query>> {
        match Query::compile(expression, location, &mut self.constants) {
            Ok(mut query) => {
                query.bind(&|name| self.slot(name));
                Some(Box::new(query))
            }
            Err(error) => {
                self.refuse(&expression.place, error.to_string());
                None
            }
        }
    }

    /// The expression of a value that is nothing but one; the outer `None` for any other value.
    pub(super) fn query_in(
        &mut self,
        field: &Field<Value>,
        location: &str,
    ) -> Option<Option<Box<Query>>> {
        let text = self.doc.as_str(field.value)?.decode().into_owned();
        let expression = Field {
            value: Query::expression_in(&text)?.to_owned(),
            place: field.place.clone(),
        };
        Some(self.query(&expression, location))
    }

    /// A value of a JSONata state.
    pub(super) fn value(&mut self, field: &Field<Value>, location: &str) -> Option<Template> {
        let (doc, constants) = (self.doc, &mut self.constants);
        let compiled = Template::compile_queries(doc, field.value, location, constants);
        self.bound_queries(compiled, field)
    }

    /// A payload template.
    pub(super) fn template(
        &mut self,
        name: &'static str,
        template: Option<&Field<Value>>,
        notes: &mut Notes,
    ) -> Option<Template> {
        let template = template?;
        notes.push((name, self.text(template.value)));
        let (doc, constants) = (self.doc, &mut self.constants);
        let compiled = Template::compile(doc, template.value, constants);
        self.bound(compiled, template)
    }

    /// `Parameters` or `Arguments`.
    pub(super) fn payload(
        &mut self,
        field: Option<&Field<Value>>,
        notes: &mut Notes,
    ) -> Option<Template> {
        let names = match self.is_jsonata() {
            true => ("arguments", "Arguments"),
            false => ("parameters", "Parameters"),
        };
        self.template_or_value(names, field, notes)
    }

    /// A payload template, or a value of JSONata.
    pub(super) fn template_or_value(
        &mut self,
        (name, location): (&'static str, &str),
        field: Option<&Field<Value>>,
        notes: &mut Notes,
    ) -> Option<Template> {
        if !self.is_jsonata() {
            return self.template(name, field, notes);
        }
        notes.push((name, self.text(field?.value)));
        self.value(field?, location)
    }

    /// The members of an `Assign`.
    pub(super) fn members(&mut self, field: &Field<Value>, location: &str) -> Option<Template> {
        let is_jsonata = self.is_jsonata();
        let (doc, constants) = (self.doc, &mut self.constants);
        match is_jsonata {
            true => {
                let compiled =
                    Template::compile_query_members(doc, field.value, location, constants);
                self.bound_queries(compiled, field)
            }
            false => {
                let compiled = Template::compile_members(doc, field.value, constants);
                self.bound(compiled, field)
            }
        }
    }

    fn bound(
        &mut self,
        compiled: Result<Template, Vec<TemplateProblem>>,
        field: &Field<Value>,
    ) -> Option<Template> {
        match compiled {
            Ok(mut template) => {
                template.bind(&|name| self.slot(name));
                Some(template)
            }
            Err(problems) => {
                for problem in problems {
                    let place = Place {
                        pointer: format!("{}{}", field.place.pointer, problem.pointer),
                        span: field.place.span.clone(),
                    };
                    self.refuse(&place, problem.message);
                }
                None
            }
        }
    }

    fn bound_queries(
        &mut self,
        compiled: Result<Template, QueryProblem>,
        field: &Field<Value>,
    ) -> Option<Template> {
        match compiled {
            Ok(mut template) => {
                template.bind(&|name| self.slot(name));
                Some(template)
            }
            Err(problem) => {
                self.refuse(&field.place, problem.message);
                None
            }
        }
    }

    /// The slot of a variable that the scope being compiled can read.
    pub(super) fn slot(&self, name: &str) -> Option<u32> {
        let slot = self.variables.iter().position(|known| known == name);
        if slot.is_none() {
            self.note_unassigned(name);
        }
        u32::try_from(slot?).ok()
    }

    pub(super) fn is_jsonata(&self) -> bool {
        self.language.is_jsonata()
    }
}
