//! Which integration answers which Task state.

use std::fmt;
use std::sync::Arc;

use super::{Glob, Handler, Integration, OpenError, Site};
use crate::kafka::Cluster;

/// One row: what matches goes to the integration.
pub struct Binding {
    /// Over `Resource`.
    pub resource: Glob,
    /// Over the function's name: of a `lambda:invoke`, or the last part of a function's ARN.
    pub function: Option<Glob>,
    /// Who answers.
    pub integration: Arc<dyn Integration>,
}

/// The bindings of a pipeline, in the order of the config: the first that matches and has an answer wins.
#[derive(Default)]
pub struct Registry {
    bindings: Vec<Binding>,
}

impl Binding {
    /// Its name in metrics: the patterns.
    pub fn name(&self) -> String {
        match &self.function {
            None => self.resource.to_string(),
            Some(function) => format!("{} {function}", self.resource),
        }
    }

    fn matches(&self, site: &Site<'_>) -> bool {
        let function = match &self.function {
            None => true,
            Some(pattern) => site.function().is_some_and(|name| pattern.matches(name)),
        };
        function && self.resource.matches(site.resource)
    }
}

impl Registry {
    /// Adds a binding behind those that are there.
    pub fn add(&mut self, binding: Binding) {
        self.bindings.push(binding);
    }

    /// The handler of a Task state, and the binding it comes from.
    pub fn bind(&self, site: &Site<'_>) -> Option<(&Binding, Arc<dyn Handler>)> {
        self.matching(site)
            .find_map(|binding| Some((binding, binding.integration.bind(site)?)))
    }

    /// The bindings whose patterns match a Task state.
    pub fn matching(&self, site: &Site<'_>) -> impl Iterator<Item = &Binding> {
        let bindings = self.bindings.iter();
        bindings.filter(|binding| binding.matches(site))
    }

    /// Connects what has to be connected, before the first event.
    pub fn open(&self, cluster: &Cluster) -> Result<(), OpenError> {
        self.bindings
            .iter()
            .try_for_each(|binding| binding.integration.open(cluster))
    }

    /// The patterns that exist, for the message that none of them matched.
    pub fn patterns(&self) -> impl Iterator<Item = String> + '_ {
        self.bindings.iter().map(Binding::to_string)
    }
}

impl fmt::Display for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.function {
            None => write!(f, "\"{}\"", self.resource),
            Some(function) => write!(f, "\"{}\" with function \"{function}\"", self.resource),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::engine::TaskReply;

    use super::super::{Answer, Call};
    use super::*;

    struct Named(&'static str);

    impl Integration for Named {
        fn bind(&self, site: &Site<'_>) -> Option<Arc<dyn Handler>> {
            (site.state != "Unknown").then(|| Arc::new(Named(self.0)) as Arc<dyn Handler>)
        }
    }

    impl Handler for Named {
        fn call(&self, _: Call<'_>) -> Answer {
            Answer::Now(TaskReply::Result(self.0.into()))
        }
    }

    /// Who answers a state of this resource, found out by calling it.
    #[track_caller]
    fn check(state: &str, resource: &str, function_name: Option<&str>, want: Option<&str>) {
        let mut registry = Registry::default();
        for (resource, function, name) in [
            ("arn:aws:states:::lambda:invoke", Some("Charge*"), "charge"),
            ("arn:aws:lambda:*", Some("Ship"), "ship"),
            ("arn:aws:lambda:*", None, "lambda"),
        ] {
            registry.add(Binding {
                resource: Glob::new(resource),
                function: function.map(Glob::new),
                integration: Arc::new(Named(name)),
            });
        }
        let site = Site {
            state,
            resource,
            function_name,
        };
        let arena = crate::value::Arena::new(crate::value::Constants::empty());
        let found = registry.bind(&site).map(|(_, handler)| {
            let call = Call::example(&arena, crate::value::Value::NULL, state);
            match handler.call(call) {
                Answer::Now(TaskReply::Result(text)) => String::from_utf8(text).unwrap(),
                _ => unreachable!("a Named answers at once"),
            }
        });
        assert_eq!(found.as_deref(), want);
    }

    #[test]
    fn the_first_binding_that_answers_wins() {
        let invoke = "arn:aws:states:::lambda:invoke";
        let arn = |name: &str| format!("arn:aws:lambda:us-east-1:111122223333:function:{name}");
        check("A", invoke, Some("ChargeCard"), Some("charge"));
        check("A", invoke, Some(&arn("ChargeCard:7")), Some("charge"));
        check("A", invoke, Some("Refund"), None);
        check("A", invoke, None, None);
        check("A", &arn("Ship"), None, Some("ship"));
        check("A", &arn("Ship:live"), None, Some("ship"));
        check("A", &arn("Shipping"), None, Some("lambda"));
        check("Unknown", &arn("Ship"), None, None);
    }
}
