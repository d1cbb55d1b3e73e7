//! Expressions: each hands down to its parts how their values are used.

use std::rc::Rc;

use ruff_python_ast::{self as ast, BoolOp, CmpOp, Comprehension, Expr, ExprCall, StmtFunctionDef, UnaryOp};
use ruff_text_size::{Ranged, TextRange};

use super::super::{AttributeLoad, CallSite, Edge, FrameKind, Local, Operation, Scope, Step, Use, last_name};
use super::{Walker, condition, tests_failure};

impl<'a> Walker<'a, '_> {
    pub(super) fn expression(&mut self, expression: &'a Expr, how: &Use<'a>) {
        match expression {
            Expr::Name(name) => self.load(name, how.clone()),
            Expr::Call(call) => self.call(call, how),
            Expr::Await(ast::ExprAwait { value, .. }) | Expr::YieldFrom(ast::ExprYieldFrom { value, .. }) => {
                self.expression(value, &Use::Awaited(Rc::new(how.clone())));
                self.wait(value);
            }
            Expr::Yield(node) => {
                if let Some(value) = &node.value {
                    let promised = self.scope.function.filter(|function| function.is_async).and_then(yielded);
                    let how = promised.map_or(Use::Returned, |annotation| Use::Promised(annotation, Operation::Yield, node.range()));
                    self.expression(value, &how);
                }
                self.hand_over(node.range());
            }
            Expr::Attribute(attribute) => {
                self.attribute(attribute, how);
                self.expression(&attribute.value, &Use::Receiver { attribute, called: None, result: Rc::new(how.clone()) });
                self.risk(None);
            }
            Expr::Subscript(subscript) => self.subscript(subscript, how),
            Expr::BoolOp(operation) => self.bool_operation(operation, how),
            Expr::Compare(comparison) => self.comparison(comparison),
            Expr::UnaryOp(operation) => {
                let operand = match (operation.op, how) {
                    (UnaryOp::Not, Use::Operand(Operation::Skip, _)) => Operation::Skip,
                    (UnaryOp::Not, _) => Operation::Condition,
                    _ => Operation::Arithmetic,
                };
                self.expression(&operation.operand, &Use::Operand(operand, operation.range()));
            }
            Expr::BinOp(operation) => self.binary_operation(operation, how),
            Expr::If(choice) => {
                self.expression(&choice.test, &condition(&choice.test));
                self.ways(&[&*choice.body, &*choice.orelse], false, |walker, value| walker.expression(value, how));
            }
            Expr::Named(named) => {
                let mark = self.unplaced.len();
                let bound = self.target(&named.target, Some(&named.value));
                self.expression(&named.value, &Use::Several(Rc::from([bound, how.clone()])));
                self.place_stores(mark);
            }
            Expr::Starred(starred) => self.expression(&starred.value, &Use::Each(Rc::new(how.clone()), starred.range())),
            Expr::Tuple(ast::ExprTuple { elts, .. }) if !elts.iter().any(Expr::is_starred_expr) => {
                for (place, part) in elts.iter().enumerate() {
                    self.expression(part, &Use::Part(place, Rc::new(how.clone())));
                }
            }
            Expr::List(ast::ExprList { elts, .. }) | Expr::Tuple(ast::ExprTuple { elts, .. }) => {
                let element = Use::Element(Rc::new(how.clone()));
                for part in elts {
                    self.expression(part, &element);
                }
            }
            Expr::Set(set) => {
                let element = in_set(how);
                set.elts.iter().for_each(|part| self.expression(part, &element));
            }
            Expr::Dict(dict) => {
                let element = Use::Entry(Rc::new(how.clone()));
                for item in &dict.items {
                    match &item.key {
                        Some(key) => {
                            self.expression(key, &Use::Other);
                            self.expression(&item.value, &element);
                        }
                        None => self.expression(&item.value, &Use::Other),
                    }
                }
            }
            Expr::ListComp(node) => self.comprehension(&node.generators, None, &node.elt, &Use::Element(Rc::new(how.clone()))),
            Expr::SetComp(node) => self.comprehension(&node.generators, None, &node.elt, &in_set(how)),
            Expr::Generator(node) => {
                self.generators += 1;
                self.comprehension(&node.generators, None, &node.elt, &Use::Element(Rc::new(how.clone())));
                self.generators -= 1;
            }
            Expr::DictComp(node) => {
                self.comprehension(&node.generators, node.key.as_deref(), &node.value, &Use::Entry(Rc::new(how.clone())));
            }
            Expr::Lambda(lambda) => self.lambda(lambda, how),
            Expr::FString(string) => {
                for part in string.value.elements().filter_map(ast::InterpolatedStringElement::as_interpolation) {
                    self.interpolation(part, how, string.range());
                }
            }
            Expr::TString(string) => {
                let parts = string.value.elements().filter_map(ast::InterpolatedStringElement::as_interpolation);
                self.others(parts.map(|part| &*part.expression));
            }
            Expr::Slice(slice) => self.others([&slice.lower, &slice.upper, &slice.step].into_iter().flatten().map(|part| &**part)),
            Expr::StringLiteral(_)
            | Expr::BytesLiteral(_)
            | Expr::NumberLiteral(_)
            | Expr::BooleanLiteral(_)
            | Expr::NoneLiteral(_)
            | Expr::EllipsisLiteral(_)
            | Expr::IpyEscapeCommand(_) => {}
        }
    }

    /// Notes that an attribute is read. A target that is deleted or bound is none that is read.
    fn attribute(&mut self, attribute: &'a ast::ExprAttribute, how: &Use<'a>) {
        let load = AttributeLoad { attribute, how: how.clone(), around: self.around(), is_dead: self.path.is_dead };
        self.body.attributes.entry(&attribute.attr.id).or_default().push(load);
    }

    fn subscript(&mut self, subscript: &'a ast::ExprSubscript, how: &Use<'a>) {
        // A slice is a container of the same elements.
        let of_whole = match &*subscript.slice {
            Expr::Slice(_) => how.clone(),
            slice => Use::Subscripted(place_of(slice), Rc::new(how.clone())),
        };
        self.expression(&subscript.value, &of_whole);
        self.expression(&subscript.slice, &Use::Other);
        self.risk(None);
    }

    /// Expressions of which nothing is known.
    fn others(&mut self, expressions: impl Iterator<Item = &'a Expr>) {
        for expression in expressions {
            self.expression(expression, &Use::Other);
        }
    }

    fn interpolation(&mut self, part: &'a ast::InterpolatedElement, how: &Use<'a>, range: TextRange) {
        self.expression(&part.expression, &Use::Formatted(Rc::new(how.clone()), range));
        if let Some(specification) = &part.format_spec {
            for inner in specification.elements.interpolations() {
                self.interpolation(inner, how, range);
            }
        }
    }

    fn call(&mut self, call: &'a ExprCall, how: &Use<'a>) {
        let site = self.body.calls.len();
        self.body.places.insert(call.range(), self.body.calls.len());
        self.body.calls.push(CallSite {
            call,
            how: how.clone(),
            is_dead: self.path.is_dead,
            around: self.around(),
            step: self.path.here,
            comprehension: self.comprehensions.last().map(|(_, generators)| *generators),
        });
        let result = Rc::new(how.clone());
        let mut grown = None;
        match &*call.func {
            Expr::Attribute(attribute) => {
                grown = self.grown_container(attribute, call);
                let receiver = match grown {
                    Some(_) => Use::Glanced(call.range()),
                    None => Use::Receiver { attribute, called: Some(call), result: Rc::clone(&result) },
                };
                self.expression(&attribute.value, &receiver);
                if self.models.any_named(&attribute.attr, |model| model.reads_names) {
                    self.body.dynamic_frames.push(self.scope.frame);
                }
            }
            Expr::Name(name) => {
                if self.models.any_named(&name.id, |model| model.reads_names) {
                    self.body.dynamic_frames.push(self.scope.frame);
                }
                self.load(name, Use::Operand(Operation::Call, call.range()));
            }
            function => self.expression(function, &Use::Operand(Operation::Call, call.range())),
        }
        let positional = call.arguments.args.iter();
        let named = call.arguments.keywords.iter().map(|keyword| &keyword.value);
        for (place, argument) in positional.chain(named).enumerate() {
            let how = grown.clone().unwrap_or_else(|| Use::Argument { call, place, result: Rc::clone(&result) });
            self.expression(argument, &how);
        }
        self.body.calls[site].step = self.step();
        self.risk(Some(call));
        if how.is_dropped() {
            self.pass(call);
        }
    }

    /// What `name.append(…)` and its like do with their argument.
    fn grown_container(&self, attribute: &'a ast::ExprAttribute, call: &ExprCall) -> Option<Use<'a>> {
        let Expr::Name(container) = &*attribute.value else { return None };
        let local = self.holder(&container.id);
        let expected = if attribute.attr.as_str() == "insert" { 2 } else { 1 };
        if !self.holds_container(&local) || call.arguments.args.len() != expected || !call.arguments.keywords.is_empty() {
            return None;
        }
        match attribute.attr.as_str() {
            "append" | "appendleft" | "insert" => Some(Use::Element(Rc::new(Use::Held(local)))),
            "add" => Some(in_set(&Use::Held(local))),
            "extend" | "update" | "extendleft" => Some(Use::Held(local)),
            _ => None,
        }
    }

    fn bool_operation(&mut self, operation: &'a ast::ExprBoolOp, how: &Use<'a>) {
        let Some((last, others)) = operation.values.split_last() else { return };
        let tested = Use::Operand(Operation::Condition, operation.range());
        // `a or b` is `a` where that is true, as every awaitable is.
        let other = if operation.op == BoolOp::Or { Use::Several(Rc::from([tested, how.clone()])) } else { tested };
        let mut after = self.meeting();
        for value in others {
            self.expression(value, &other);
            self.meet(&mut after);
        }
        self.expression(last, how);
        self.meet(&mut after);
        self.resume_at(after);
    }

    fn comparison(&mut self, comparison: &'a ast::ExprCompare) {
        let is_identity = comparison.ops.iter().all(|operator| matches!(operator, CmpOp::Is | CmpOp::IsNot));
        let how = if is_identity { Use::Glanced(comparison.range()) } else { Use::Operand(Operation::Comparison, comparison.range()) };
        self.expression(&comparison.left, &how);
        for value in &comparison.comparators {
            self.expression(value, &how);
        }
        if !is_identity {
            self.risk(None);
        }
    }

    /// Walks down the left side of a long chain like `a + b + …` without recursion.
    fn binary_operation(&mut self, operation: &'a ast::ExprBinOp, result: &Use<'a>) {
        let how = match operation.op {
            ruff_python_ast::Operator::Add | ruff_python_ast::Operator::BitOr => Use::Added(Rc::new(result.clone()), operation.range()),
            _ => Use::Operand(Operation::Arithmetic, operation.range()),
        };
        let mut rights = vec![&*operation.right];
        let mut left = &*operation.left;
        while let Expr::BinOp(inner) = left {
            rights.push(&inner.right);
            left = &inner.left;
        }
        self.expression(left, &how);
        for right in rights.into_iter().rev() {
            self.expression(right, &how);
        }
        self.risk(None);
    }

    fn comprehension(&mut self, generators: &'a [Comprehension], key: Option<&'a Expr>, element: &'a Expr, how: &Use<'a>) {
        let frame = self.new_frame(FrameKind::Comprehension, element.range());
        let mut after = self.meeting();
        let mut start = None;
        for generator in generators {
            let mark = self.unplaced.len();
            // The targets are known first, since each element of the input flows to them.
            self.comprehensions.push((frame, generators));
            self.declare_targets(frame, &generator.target);
            let target = Rc::new(self.target(&generator.target, None));
            if start.is_none() {
                // The first input stands outside.
                self.comprehensions.pop();
            }
            let iterated =
                if generator.is_async { Use::EachAsync(target, generator.iter.range()) } else { Use::Each(target, generator.iter.range()) };
            self.expression(&generator.iter, &iterated);
            let next = self.step();
            match start {
                None => {
                    self.meet(&mut after);
                    self.comprehensions.push((frame, generators));
                    start = Some(next);
                }
                Some(start) => {
                    self.comprehensions.pop();
                    self.body.graph.connect(next, start, Edge::Normal);
                }
            }
            if generator.is_async {
                self.wait(&generator.iter);
            }
            self.place_stores(mark);
            for test in &generator.ifs {
                let operation = if tests_failure(test) == Some(false) { Operation::Skip } else { Operation::Condition };
                self.expression(test, &Use::Operand(operation, test.range()));
                self.come_back(start);
            }
        }
        if let Some(key) = key {
            self.expression(key, &Use::Other);
        }
        self.expression(element, how);
        self.come_back(start);
        self.comprehensions.pop();
        self.resume_at(after);
    }

    /// The next turn of a comprehension may begin from here.
    fn come_back(&mut self, start: Option<Step>) {
        if let Some(start) = start {
            self.body.graph.connect(self.path.here, start, Edge::Normal);
        }
    }

    /// Makes the names of a comprehension's target known in its own frame.
    fn declare_targets(&mut self, frame: usize, target: &'a Expr) {
        match target {
            Expr::Name(name) => {
                self.body.variables.entry(Local { frame, name: name.id.clone() }).or_default();
            }
            Expr::Tuple(ast::ExprTuple { elts, .. }) | Expr::List(ast::ExprList { elts, .. }) => {
                for part in elts {
                    self.declare_targets(frame, part);
                }
            }
            Expr::Starred(starred) => self.declare_targets(frame, &starred.value),
            _ => {}
        }
    }

    fn lambda(&mut self, lambda: &'a ast::ExprLambda, how: &Use<'a>) {
        if let Some(parameters) = &lambda.parameters {
            self.defaults(parameters);
        }
        let scope = Scope {
            symbol: self.scope.symbol.clone(),
            is_async: false,
            function: None,
            class: None,
            frame: self.new_frame(FrameKind::Function, lambda.range()),
        };
        self.inside_function(scope, |walker| {
            if let Some(parameters) = &lambda.parameters {
                walker.parameters(parameters);
            }
            walker.expression(&lambda.body, &Use::LambdaResult(Rc::new(how.clone())));
        });
    }
}

/// Put in a set that is used so.
fn in_set<'a>(how: &Use<'a>) -> Use<'a> {
    Use::Element(Rc::new(Use::Shuffled(Rc::new(how.clone()))))
}

/// The place that a subscript names, where it is a plain number.
fn place_of(slice: &Expr) -> Option<usize> {
    match slice {
        Expr::NumberLiteral(ast::ExprNumberLiteral { value: ast::Number::Int(number), .. }) => number.as_usize(),
        _ => None,
    }
}

/// What an async generator says that it yields.
fn yielded(function: &StmtFunctionDef) -> Option<&Expr> {
    let Expr::Subscript(annotation) = function.returns.as_deref()? else { return None };
    match (last_name(&annotation.value)?.as_str(), &*annotation.slice) {
        ("AsyncIterator" | "AsyncIterable", yielded) => Some(yielded),
        ("AsyncGenerator", Expr::Tuple(parts)) => parts.elts.first(),
        _ => None,
    }
}
