//! Calls: arguments are fitted to the signature, lambdas get a frame, tail calls are made in a loop.

use super::super::compile::signature::{Signature, Type};
use super::super::error::Failure;
use super::super::functions;
use super::super::heap::{FrameId, Function, Item, ListKind};
use super::super::program::{Call, Expr, ExprId, Lambda, Node};
use super::{Kind, Machine};

/// A call in tail position: evaluated by the loop in [`Machine::tail_calls`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Pending {
    node: ExprId,
    input: Item,
    frame: FrameId,
}

/// Whether an item says all by itself, without the heap.
fn is_scalar(item: Item) -> bool {
    match item {
        Item::Undefined
        | Item::Null
        | Item::Bool(_)
        | Item::Int(_)
        | Item::Float(_)
        | Item::Json(_)
        | Item::Native(_) => true,
        Item::Text(text) => text.is_literal(),
        _ => false,
    }
}

impl Machine<'_, '_> {
    pub(super) fn call(
        &mut self,
        node: &Node,
        call: &Call,
        input: Item,
        frame: FrameId,
        id: ExprId,
    ) -> Result<Item, Failure> {
        if node.tail {
            self.pending = Some(Pending {
                node: id,
                input,
                frame,
            });
            return Ok(Item::TailCall);
        }
        if call.partial {
            return self.partial(node, call, input, frame);
        }
        self.call_with(node, call, None, input, frame)
    }

    /// `left ~> right`: a call with one more argument in front, a call, or a chain of two functions.
    pub(super) fn chain(
        &mut self,
        node: &Node,
        left: ExprId,
        right: ExprId,
        input: Item,
        frame: FrameId,
    ) -> Result<Item, Failure> {
        let code = self.code;
        let first = self.eval(left, input, frame)?;
        if let (Expr::Call(call), false) = (
            &code[right].expr,
            matches!(&code[right].expr, Expr::Call(call) if call.partial),
        ) {
            return self.call_with(&code[right], call, Some(first), input, frame);
        }
        let function = self.eval(right, input, frame)?;
        if !self.is_function(function) {
            let failure = Failure::new("T2006").insert("value", self.shown(function));
            return Err(failure.at(node.position as usize));
        }
        if self.is_function(first) {
            return Ok(self.heap.push_function(Function::Chain {
                first,
                then: function,
            }));
        }
        self.apply(function, &[first])
    }

    fn call_with(
        &mut self,
        node: &Node,
        call: &Call,
        first: Option<Item>,
        input: Item,
        frame: FrameId,
    ) -> Result<Item, Failure> {
        let procedure = self.eval(call.procedure, input, frame)?;
        if procedure == Item::Undefined
            && let Some(hint) = &call.hint
            && self.variable(hint, frame) != Item::Undefined
        {
            return Err(self.located(Failure::new("T1005"), node, call));
        }
        let base = self.stack.len();
        self.stack.extend(first);
        for arg in &call.args {
            let arg = self.eval(*arg, input, frame)?;
            self.stack.push(arg);
        }
        let context = self.context(input);
        let result = self.apply_in(procedure, base, context);
        self.stack.truncate(base);
        result.map_err(|failure| self.located(failure, node, call))
    }

    fn located(&self, failure: Failure, node: &Node, call: &Call) -> Failure {
        let failure = failure.at(node.position as usize);
        match &call.token {
            Some(token) => failure.of(token),
            None => failure,
        }
    }

    fn partial(
        &mut self,
        node: &Node,
        call: &Call,
        input: Item,
        frame: FrameId,
    ) -> Result<Item, Failure> {
        let base = self.stack.len();
        for arg in &call.args {
            let arg = match self.code[*arg].expr {
                Expr::Placeholder => Item::Unbound,
                _ => self.eval(*arg, input, frame)?,
            };
            self.stack.push(arg);
        }
        let args = self.heap.push_list(&self.stack[base..], ListKind::ARRAY);
        self.stack.truncate(base);
        let function = self.eval(call.procedure, input, frame)?;
        if self.is_function(function) {
            return Ok(self
                .heap
                .push_function(Function::Partial { function, args }));
        }
        let meant = call.hint.as_ref().map(|hint| self.variable(hint, frame));
        let is_meant =
            function == Item::Undefined && meant.is_some_and(|meant| meant != Item::Undefined);
        let code = if is_meant { "T1007" } else { "T1008" };
        Err(self.located(Failure::new(code), node, call))
    }

    /// Calls a function from within a function: there is no context.
    pub(in super::super) fn apply(
        &mut self,
        function: Item,
        args: &[Item],
    ) -> Result<Item, Failure> {
        let base = self.stack.len();
        self.stack.extend_from_slice(args);
        let result = self.apply_in(function, base, Item::Null);
        self.stack.truncate(base);
        result
    }

    /// Calls a function with the arguments on the stack from `base` on.
    fn apply_in(&mut self, function: Item, base: usize, context: Item) -> Result<Item, Failure> {
        match self.apply_once(function, base, context)? {
            Item::TailCall => self.tail_calls(base, context),
            result => Ok(result),
        }
    }

    fn tail_calls(&mut self, base: usize, context: Item) -> Result<Item, Failure> {
        let code = self.code;
        let mark = self.heap.mark();
        let n_changes = self.n_changes;
        let mut result = Item::TailCall;
        while result == Item::TailCall {
            self.step()?;
            let pending = self
                .pending
                .take()
                .expect("a tail call leaves what is pending");
            let node = &code[pending.node];
            let Expr::Call(call) = &node.expr else {
                unreachable!("only calls are in tail position")
            };
            let function = self.eval(call.procedure, pending.input, pending.frame)?;
            self.stack.truncate(base);
            for arg in &call.args {
                let arg = self.eval(*arg, pending.input, pending.frame)?;
                self.stack.push(arg);
            }
            // The next turn of a loop that carries nothing but scalars needs nothing of the turns before it.
            let carries_scalars = self.stack[base..].iter().all(|arg| is_scalar(*arg));
            if carries_scalars && n_changes == self.n_changes && self.heap.is_older(function, mark)
            {
                self.heap.release(mark);
            }
            let applied = self.apply_once(function, base, context);
            result = applied.map_err(|failure| self.located(failure, node, call))?;
        }
        Ok(result)
    }

    fn apply_once(&mut self, function: Item, base: usize, context: Item) -> Result<Item, Failure> {
        let code = self.code;
        match function {
            Item::Native(native) => {
                self.fit(functions::signature(native), base, context)?;
                self.native(functions::get(native), base)
            }
            Item::Function(id) => match self.heap.function(id) {
                Function::Lambda {
                    lambda,
                    frame,
                    input,
                } => {
                    let lambda = &code.lambdas[lambda as usize];
                    if let Some(signature) = &lambda.signature {
                        self.fit(signature, base, context)?;
                    }
                    self.lambda(lambda, frame, input, base)
                }
                Function::Partial { function, args } => self.apply_partial(function, args, base),
                Function::Chain { first, then } => {
                    let args = self.stack[base..]
                        .first()
                        .copied()
                        .unwrap_or(Item::Undefined);
                    let between = self.apply(first, &[args])?;
                    self.apply(then, &[between])
                }
                Function::Regex(regex) => {
                    let text = self.stack[base..]
                        .first()
                        .copied()
                        .unwrap_or(Item::Undefined);
                    self.next_match(regex, text, 0)
                }
                Function::NextMatch { regex, text, from } => {
                    self.next_match_after(regex, text, from as usize)
                }
                Function::Transform { node, frame } => {
                    self.fit(functions::transform_signature(), base, context)?;
                    let object = self.stack[base];
                    self.transform(node, frame, object)
                }
            },
            _ => Err(Failure::new("T1006")),
        }
    }

    /// Runs a lambda's body, with the arguments on the stack from `base` on, in a frame of its own.
    fn lambda(
        &mut self,
        lambda: &Lambda,
        frame: FrameId,
        input: Item,
        base: usize,
    ) -> Result<Item, Failure> {
        let mark = self.heap.mark();
        let n_changes = self.n_changes;
        let own = self.new_frame(frame, lambda.layout);
        for (index, param) in lambda.params.iter().enumerate() {
            let arg = self
                .stack
                .get(base + index)
                .copied()
                .unwrap_or(Item::Undefined);
            self.heap.bind(own, param.slot, arg);
        }
        let result = self.eval(lambda.body, input, own)?;
        // A call changes nothing outside of itself: if its result needs nothing of what it made, all that can go.
        if is_scalar(result) && n_changes == self.n_changes {
            self.heap.release(mark);
        }
        Ok(result)
    }

    /// A built-in function finds a place for every argument that it may look at.
    fn native(&mut self, native: &functions::Native, base: usize) -> Result<Item, Failure> {
        let mut few = [Item::Undefined; 4];
        let args = &self.stack[base..];
        if args.len() <= few.len() && !native.variadic {
            few[..args.len()].copy_from_slice(args);
            (native.eval)(self, &few)
        } else {
            let args = args.to_vec();
            (native.eval)(self, &args)
        }
    }

    /// Fills the holes of a partial application. The signature is that of the whole; it does not apply any more.
    fn apply_partial(
        &mut self,
        function: Item,
        args: super::super::heap::ListId,
        base: usize,
    ) -> Result<Item, Failure> {
        let start = self.stack.len();
        let mut given = base..start;
        for index in 0..self.heap.list_len(args) {
            let arg = match self.heap.element(args, index) {
                Item::Unbound => given
                    .next()
                    .map_or(Item::Undefined, |place| self.stack[place]),
                arg => arg,
            };
            self.stack.push(arg);
        }
        let result = self.apply_unchecked(function, start);
        self.stack.truncate(start);
        result
    }

    /// Calls a function without regard to its signature.
    fn apply_unchecked(&mut self, function: Item, base: usize) -> Result<Item, Failure> {
        match function {
            Item::Native(native) => self.native(functions::get(native), base),
            Item::Function(id) => match self.heap.function(id) {
                Function::Lambda {
                    lambda,
                    frame,
                    input,
                } => {
                    let lambda = &self.code.lambdas[lambda as usize];
                    self.lambda(lambda, frame, input, base)
                }
                _ => self.apply_once(function, base, Item::Null),
            },
            _ => Err(Failure::new("T1006")),
        }
    }

    /// How many arguments a function wants: those that call it give no more.
    pub(in super::super) fn arity(&self, function: Item) -> usize {
        match function {
            Item::Native(native) => functions::get(native).arity as usize,
            Item::Function(id) => match self.heap.function(id) {
                Function::Lambda { lambda, .. } => self.code.lambdas[lambda as usize].params.len(),
                Function::Partial { args, .. } => {
                    let n_args = self.heap.list_len(args);
                    (0..n_args)
                        .filter(|index| self.heap.element(args, *index) == Item::Unbound)
                        .count()
                }
                Function::Chain { .. } | Function::Transform { .. } => 1,
                Function::Regex(_) => 2,
                Function::NextMatch { .. } => 0,
            },
            _ => 0,
        }
    }

    /// Fits the arguments on the stack from `base` on to a signature.
    fn fit(&mut self, signature: &Signature, base: usize, context: Item) -> Result<(), Failure> {
        let n_args = self.stack.len() - base;
        if self.fits_as_is(signature, base) {
            self.stack
                .resize(base + signature.params.len(), Item::Undefined);
            return Ok(());
        }
        let args: Vec<Item> = self.stack[base..].to_vec();
        let types: Vec<Type> = args.iter().map(|arg| self.type_of(*arg)).collect();
        let mut counts = Vec::with_capacity(signature.params.len());
        if let Err(index) = signature.assign(&types, &mut counts) {
            let value = args
                .get(index)
                .map(|arg| self.shown(*arg))
                .unwrap_or_default();
            return Err(Failure::new("T0410")
                .insert("value", value)
                .insert("index", (index + 1).to_string()));
        }
        self.stack.truncate(base);
        let mut next = 0;
        for (param, count) in signature.params.iter().zip(&counts) {
            if *count == 0 {
                let fitted = match param.context {
                    true if !param.takes(self.type_of(context)) => {
                        let failure = Failure::new("T0411").insert("value", self.shown(context));
                        return Err(failure.insert("index", (next + 1).to_string()));
                    }
                    true => context,
                    false => Item::Undefined,
                };
                self.stack.push(fitted);
            }
            for _ in 0..*count {
                let arg = args[next];
                let fitted = if param.array {
                    self.fit_array(arg, types[next], param.elements, next)?
                } else {
                    arg
                };
                self.stack.push(fitted);
                next += 1;
            }
        }
        debug_assert_eq!(next, n_args);
        Ok(())
    }

    /// The usual case: each argument is of the type of its parameter and none is missing but at the end.
    fn fits_as_is(&self, signature: &Signature, base: usize) -> bool {
        let args = &self.stack[base..];
        let params = &signature.params;
        args.len() <= params.len()
            && args.iter().zip(params).all(|(arg, param)| {
                let one = self.type_of(*arg);
                param.takes(one)
                    && one != Type::Missing
                    && !param.repeated
                    && (!param.array || one == Type::Array && self.few_fit(*arg, param.elements))
            })
            && params[args.len()..]
                .iter()
                .all(|param| param.optional && !param.context)
    }

    /// Whether the elements of an array are of a type; false where there are many to look at.
    fn few_fit(&self, array: Item, wanted: Option<Type>) -> bool {
        const FEW: usize = 16;
        let Some(wanted) = wanted else { return true };
        match array {
            _ if self.len(array) > FEW => false,
            Item::Json(value) => {
                let mut elements = self.arena.elements(value);
                elements.all(|element| self.type_of(Item::Json(element)) == wanted)
            }
            Item::List(list) => {
                let items = self.heap.items(list);
                items.is_some_and(|items| items.iter().all(|item| self.type_of(*item) == wanted))
            }
            _ => false,
        }
    }

    fn fit_array(
        &mut self,
        arg: Item,
        one: Type,
        elements: Option<Type>,
        index: usize,
    ) -> Result<Item, Failure> {
        if one == Type::Missing {
            return Ok(Item::Undefined);
        }
        let fits = match elements {
            None => true,
            Some(wanted) if one == Type::Array => self.all_of(arg, wanted)?,
            Some(wanted) => one == wanted,
        };
        if !fits {
            let plural = elements.map_or("", Type::plural);
            return Err(Failure::new("T0412")
                .insert("value", self.shown(arg))
                .insert("index", (index + 1).to_string())
                .insert("type", super::super::error::quote(plural)));
        }
        match one {
            Type::Array => Ok(arg),
            _ => Ok(Item::List(self.heap.push_list(&[arg], ListKind::ARRAY))),
        }
    }

    fn all_of(&mut self, array: Item, wanted: Type) -> Result<bool, Failure> {
        if let Item::Json(value) = array {
            self.spend(self.arena.len(value) / 8)?;
            return Ok(self
                .arena
                .elements(value)
                .all(|element| self.type_of(Item::Json(element)) == wanted));
        }
        let list = self.as_list(array)?;
        let len = self.heap.list_len(list);
        self.spend(len / 8)?;
        Ok(match self.heap.items(list) {
            Some(items) => items.iter().all(|element| self.type_of(*element) == wanted),
            None => len == 0 || wanted == Type::Number,
        })
    }

    fn type_of(&self, item: Item) -> Type {
        match self.kind(item) {
            Kind::Undefined => Type::Missing,
            Kind::Null => Type::Null,
            Kind::Bool => Type::Boolean,
            Kind::Number => Type::Number,
            Kind::String => Type::String,
            Kind::Array => Type::Array,
            Kind::Object => Type::Object,
            Kind::Function => Type::Function,
        }
    }
}
