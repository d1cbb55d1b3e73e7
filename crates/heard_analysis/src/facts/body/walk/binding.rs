//! Names: what binds them, and what binding does with the value.

use std::rc::Rc;

use ruff_python_ast::name::Name;
use ruff_python_ast::{self as ast, Expr, Parameters, Pattern};
use ruff_text_size::Ranged;

use super::super::{Body, Container, FrameKind, Load, Local, Operation, Place, Store, Use, last_name};
use super::Walker;
use crate::facts::names::imported_as;

impl<'a> Walker<'a, '_> {
    pub(super) fn defaults(&mut self, parameters: &'a Parameters) {
        for parameter in parameters.iter_non_variadic_params() {
            if let Some(default) = &parameter.default {
                self.expression(default, &Use::Other);
            }
        }
    }

    pub(super) fn parameters(&mut self, parameters: &'a Parameters) {
        for parameter in parameters {
            self.bind_unknown(&parameter.name().id);
            let local = Local { frame: self.scope.frame, name: parameter.name().id.clone() };
            let variable = self.body.variables.entry(local).or_default();
            variable.is_parameter = true;
            variable.annotation = parameter.annotation().filter(|_| !parameter.is_variadic());
        }
    }

    pub(super) fn bind_import(&mut self, alias: &'a ast::Alias) {
        if let Some(renamed) = &alias.asname {
            self.body.aliases.insert(renamed.id.clone(), alias.name.id.clone());
        }
        let name = imported_as(alias);
        self.bind_unknown(&name);
        let local = self.local(&name);
        self.body.variables.entry(local).or_default().is_import = true;
    }

    /// Binds `name` here to a value that is not followed.
    pub(super) fn bind_unknown(&mut self, name: &Name) {
        let mark = self.unplaced.len();
        self.bind(name, None);
        self.place_stores(mark);
    }

    /// The moment of the stores since `mark` has come.
    pub(super) fn place_stores(&mut self, mark: usize) {
        for (local, index) in self.unplaced.split_off(mark) {
            let step = self.step();
            if let Some(store) = self.body.variables.get_mut(&local).and_then(|variable| variable.stores.get_mut(index)) {
                store.step = step;
            }
            self.body.bindings.insert(step, (local, index));
        }
    }

    pub(super) fn pattern(&mut self, pattern: &'a Pattern) {
        match pattern {
            Pattern::MatchValue(pattern) => self.expression(&pattern.value, &Use::Other),
            Pattern::MatchSingleton(_) => {}
            Pattern::MatchSequence(pattern) => pattern.patterns.iter().for_each(|part| self.pattern(part)),
            Pattern::MatchMapping(pattern) => {
                pattern.keys.iter().for_each(|key| self.expression(key, &Use::Other));
                pattern.patterns.iter().for_each(|part| self.pattern(part));
                pattern.rest.iter().for_each(|name| self.bind_unknown(&name.id));
            }
            Pattern::MatchClass(pattern) => {
                self.expression(&pattern.cls, &Use::Other);
                self.body.class_patterns.push(pattern);
                pattern.arguments.patterns.iter().for_each(|part| self.pattern(part));
                pattern.arguments.keywords.iter().for_each(|keyword| self.pattern(&keyword.pattern));
            }
            Pattern::MatchStar(pattern) => pattern.name.iter().for_each(|name| self.bind_unknown(&name.id)),
            Pattern::MatchAs(pattern) => {
                pattern.pattern.iter().for_each(|part| self.pattern(part));
                pattern.name.iter().for_each(|name| self.bind_unknown(&name.id));
            }
            Pattern::MatchOr(pattern) => pattern.patterns.iter().for_each(|part| self.pattern(part)),
        }
    }

    pub(super) fn assign(&mut self, targets: &'a [Expr], value: &'a Expr) {
        let mark = self.unplaced.len();
        self.assign_parts(targets, value);
        self.place_stores(mark);
    }

    fn assign_parts(&mut self, targets: &'a [Expr], value: &'a Expr) {
        if let ([Expr::Tuple(ast::ExprTuple { elts: targets, .. })], Expr::Tuple(ast::ExprTuple { elts: values, .. })) = (targets, value)
            && targets.len() == values.len()
            && !targets.iter().chain(values).any(Expr::is_starred_expr)
        {
            for (target, value) in targets.iter().zip(values) {
                self.assign_parts(std::slice::from_ref(target), value);
            }
            return;
        }
        // What has several names at once is not one container of its own.
        let whole = (targets.len() == 1).then_some(value);
        let mut uses: Vec<Use<'a>> = targets.iter().map(|target| self.target(target, whole)).collect();
        let how = if uses.len() == 1 { uses.remove(0) } else { Use::Several(uses.into()) };
        self.expression(value, &how);
        if !targets.iter().all(Expr::is_name_expr) {
            self.risk(None);
        }
    }

    /// What is written behind the colon holds for every value of the name.
    pub(super) fn declare(&mut self, target: &Expr, annotation: &'a Expr) {
        if let Expr::Name(name) = target {
            let local = self.local(&name.id);
            self.body.variables.entry(local).or_default().annotation = Some(annotation);
        }
    }

    /// `container += value` puts elements in the container, and `container -= value` takes them out;
    /// anything else is arithmetic.
    pub(super) fn augmented_assign(&mut self, statement: &'a ast::StmtAugAssign) {
        let arithmetic = Use::Operand(Operation::Arithmetic, statement.range());
        let name = match &*statement.target {
            Expr::Name(name) => name,
            Expr::Attribute(attribute) if matches!(statement.op, ast::Operator::Add | ast::Operator::BitOr) => {
                self.expression(&statement.value, &Use::Stored(Place::Attribute(attribute, self.scope.frame)));
                return self.target_parts(&statement.target);
            }
            target => {
                self.expression(&statement.value, &arithmetic);
                return self.target_parts(target);
            }
        };
        let local = self.local(&name.id);
        let is_container = self.holds_container(&local);
        self.load(name, if is_container { Use::Glanced(statement.range()) } else { Use::Other });
        let how = match statement.op {
            _ if !is_container => arithmetic,
            ast::Operator::Add | ast::Operator::BitOr => Use::Held(local),
            _ => Use::Glanced(statement.range()),
        };
        self.expression(&statement.value, &how);
        self.risk(None);
        if !is_container {
            self.bind_unknown(&name.id);
        }
    }

    /// Whether a name is known to hold a container that is made here.
    pub(super) fn holds_container(&self, local: &Local) -> bool {
        self.body.variables.get(local).is_some_and(|variable| variable.stores.iter().any(|store| store.new_container.is_some()))
    }

    /// What binding to `target` does with the value; `value` is given where it is bound as a whole.
    pub(super) fn target(&mut self, target: &'a Expr, value: Option<&'a Expr>) -> Use<'a> {
        match target {
            Expr::Name(name) => self.bind(&name.id, value),
            Expr::Tuple(ast::ExprTuple { elts, .. }) | Expr::List(ast::ExprList { elts, .. }) => {
                Use::Unpacked(elts.iter().map(|part| self.target(part, None)).collect())
            }
            Expr::Starred(starred) => Use::Rest(Rc::new(self.target(&starred.value, None))),
            Expr::Subscript(subscript) => {
                self.expression(&subscript.slice, &Use::Other);
                let glance = Use::Glanced(target.range());
                let container = match &*subscript.value {
                    Expr::Name(container) => {
                        self.load(container, glance);
                        Use::Held(self.local(&container.id))
                    }
                    Expr::Attribute(container) => {
                        self.expression(&subscript.value, &glance);
                        Use::Stored(Place::Attribute(container, self.scope.frame))
                    }
                    container => {
                        self.expression(container, &Use::Other);
                        Use::Stored(Place::Elsewhere)
                    }
                };
                if subscript.slice.is_slice_expr() {
                    return Use::Stored(Place::Elsewhere);
                }
                Use::Entry(Rc::new(container))
            }
            Expr::Attribute(attribute) => {
                self.target_parts(target);
                Use::Stored(Place::Attribute(attribute, self.scope.frame))
            }
            _ => {
                self.target_parts(target);
                Use::Stored(Place::Elsewhere)
            }
        }
    }

    /// Walks over the expressions in a target that is not bound.
    pub(super) fn target_parts(&mut self, target: &'a Expr) {
        match target {
            // To note something on an object reads nothing of it.
            Expr::Attribute(attribute) => self.expression(&attribute.value, &Use::Glanced(target.range())),
            Expr::Subscript(subscript) => {
                self.expression(&subscript.value, &Use::Other);
                self.expression(&subscript.slice, &Use::Other);
            }
            _ => {}
        }
    }

    fn bind(&mut self, name: &Name, value: Option<&'a Expr>) -> Use<'a> {
        let is_global = self.globals.contains(name);
        if is_global || self.nonlocals.contains(name) {
            let around = self.body.frames[self.scope.frame].parent.and_then(|parent| self.body.binding_frame_around(parent, name));
            let around = around.map(|frame| Local { frame, name: name.clone() });
            if let Some(local) = around.clone() {
                self.body.variables.entry(local).or_default().is_shared = true;
            }
            return match around {
                Some(local) if !is_global => Use::Shared(local),
                _ => Use::Stored(Place::Global(name.clone())),
            };
        }
        let local = self.local(name);
        let store = Store { statement: self.statement, step: self.path.here, new_container: value.and_then(new_container) };
        let variable = self.body.variables.entry(local.clone()).or_default();
        variable.stores.push(store);
        let index = variable.stores.len() - 1;
        let before = self.body.values.remove(&local);
        match (value, before, self.body.choices.remove(&local)) {
            (Some(value), _, _) if index == 0 => drop(self.body.values.insert(local.clone(), value)),
            (Some(value), Some(before), _) => drop(self.body.choices.insert(local.clone(), vec![before, value])),
            (Some(value), None, Some(mut choices)) => {
                choices.push(value);
                self.body.choices.insert(local.clone(), choices);
            }
            _ => {}
        }
        self.unplaced.push((local.clone(), index));
        match self.body.frames[local.frame].kind {
            FrameKind::Module => Use::Stored(Place::Global(name.clone())),
            FrameKind::Class => match self.scope.class {
                Some(class) => Use::Stored(Place::Member(class, name.clone())),
                None => Use::Stored(Place::Elsewhere),
            },
            FrameKind::Function | FrameKind::Comprehension => Use::Bound(local, index),
        }
    }

    /// The name where it is bound, which may be a function around.
    pub(super) fn holder(&self, name: &Name) -> Local {
        let local = self.local(name);
        if self.body.variables.get(&local).is_some_and(super::super::Variable::is_bound) {
            return local;
        }
        match self.body.binding_frame(local.frame, name) {
            Some(frame) if self.body.frames[frame].kind == FrameKind::Function => Local { frame, name: name.clone() },
            _ => local,
        }
    }

    /// The name as bound or used right here.
    pub(super) fn local(&self, name: &Name) -> Local {
        let frame = self
            .comprehensions
            .iter()
            .rev()
            .map(|(frame, _)| *frame)
            .find(|&frame| self.body.variables.contains_key(&Local { frame, name: name.clone() }))
            .unwrap_or(self.scope.frame);
        Local { frame, name: name.clone() }
    }

    pub(super) fn load(&mut self, name: &ast::ExprName, how: Use<'a>) {
        let load = Load { how, range: name.range(), step: self.step(), is_nested: self.generators > 0 };
        let local = self.local(&name.id);
        self.body.variables.entry(local).or_default().loads.push(load);
    }
}

impl Body<'_> {
    /// Gives each use of a name that its function does not bind to the function around that does.
    pub(super) fn hand_up_free_names(&mut self) {
        let free: Vec<Local> = self.variables.iter().filter(|(_, variable)| !variable.is_bound()).map(|(local, _)| local.clone()).collect();
        for local in free {
            let Some(parent) = self.frames[local.frame].parent else { continue };
            let Some(frame) = self.binding_frame_around(parent, &local.name) else { continue };
            let Some(variable) = self.variables.remove(&local) else { continue };
            let is_nested = self.frames[local.frame].kind == FrameKind::Function;
            let loads = variable.loads.into_iter().map(|load| Load { is_nested: load.is_nested || is_nested, ..load });
            self.variables.entry(Local { frame, name: local.name }).or_default().loads.extend(loads);
        }
        for variable in self.variables.values_mut() {
            variable.loads.sort_by_key(|load| load.step);
        }
    }
}

/// What `value` is, where it makes a container.
fn new_container(value: &Expr) -> Option<Container> {
    match value {
        Expr::Dict(_) | Expr::DictComp(_) => Some(Container::Mapping),
        Expr::List(_) | Expr::Tuple(_) | Expr::Set(_) | Expr::ListComp(_) | Expr::SetComp(_) => Some(Container::Sequence),
        Expr::Call(call) => match last_name(&call.func)?.as_str() {
            "dict" | "defaultdict" => Some(Container::Mapping),
            "list" | "set" | "deque" | "WeakSet" => Some(Container::Sequence),
            _ => None,
        },
        _ => None,
    }
}
