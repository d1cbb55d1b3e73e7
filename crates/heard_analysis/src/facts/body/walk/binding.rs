//! Names: what binds them, and what binding does with the value.

use std::rc::Rc;

use ruff_python_ast::name::Name;
use ruff_python_ast::{self as ast, Expr, Parameters, Pattern};
use ruff_text_size::{Ranged, TextRange};

use super::super::{Body, Container, FrameKind, Load, Local, Place, Store, Use, last_name};
use super::Walker;
use crate::facts::names::imported_as;

impl<'a> Walker<'a> {
    pub(super) fn defaults(&mut self, parameters: &'a Parameters) {
        for parameter in parameters.iter_non_variadic_params() {
            if let Some(default) = &parameter.default {
                self.expression(default, &Use::Stored);
            }
        }
    }

    pub(super) fn parameters(&mut self, parameters: &'a Parameters) {
        for parameter in parameters {
            self.bind_opaque(&parameter.name().id);
            let local = Local { frame: self.scope.frame, name: parameter.name().id.clone() };
            self.body.variables.entry(local).or_default().is_parameter = true;
        }
    }

    pub(super) fn bind_import(&mut self, alias: &'a ast::Alias) {
        if let Some(renamed) = &alias.asname {
            self.body.aliases.insert(renamed.id.clone(), alias.name.id.clone());
        }
        self.bind_opaque(&imported_as(alias));
    }

    /// Says that `name` is bound here in a way that is not followed.
    pub(super) fn bind_opaque(&mut self, name: &Name) {
        let local = Local { frame: self.scope.frame, name: name.clone() };
        self.body.variables.entry(local).or_default().is_opaque = true;
    }

    pub(super) fn make_opaque(&mut self, target: &'a Expr) {
        if let Expr::Name(name) = target {
            self.bind_opaque(&name.id);
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
                pattern.rest.iter().for_each(|name| self.bind_opaque(&name.id));
            }
            Pattern::MatchClass(pattern) => {
                self.expression(&pattern.cls, &Use::Other);
                pattern.arguments.patterns.iter().for_each(|part| self.pattern(part));
                pattern.arguments.keywords.iter().for_each(|keyword| self.pattern(&keyword.pattern));
            }
            Pattern::MatchStar(pattern) => pattern.name.iter().for_each(|name| self.bind_opaque(&name.id)),
            Pattern::MatchAs(pattern) => {
                pattern.pattern.iter().for_each(|part| self.pattern(part));
                pattern.name.iter().for_each(|name| self.bind_opaque(&name.id));
            }
            Pattern::MatchOr(pattern) => pattern.patterns.iter().for_each(|part| self.pattern(part)),
        }
    }

    pub(super) fn assign(&mut self, targets: &'a [Expr], value: &'a Expr) {
        if let ([Expr::Tuple(ast::ExprTuple { elts: targets, .. })], Expr::Tuple(ast::ExprTuple { elts: values, .. })) = (targets, value)
            && targets.len() == values.len()
            && !targets.iter().chain(values).any(Expr::is_starred_expr)
        {
            for (target, value) in targets.iter().zip(values) {
                self.assign(std::slice::from_ref(target), value);
            }
            return;
        }
        // What has several names at once is not one container of its own.
        let whole = (targets.len() == 1).then_some(value);
        let mut uses: Vec<Use<'a>> = targets.iter().map(|target| self.target(target, whole)).collect();
        let how = if uses.len() == 1 { uses.remove(0) } else { Use::Several(uses.into()) };
        self.expression(value, &how);
    }

    /// What binding to `target` does with the value; `value` is given where it is bound as a whole.
    pub(super) fn target(&mut self, target: &'a Expr, value: Option<&'a Expr>) -> Use<'a> {
        match target {
            Expr::Name(name) => self.bind(&name.id, value),
            Expr::Tuple(ast::ExprTuple { elts, .. }) | Expr::List(ast::ExprList { elts, .. }) => {
                Use::Unpacked(elts.iter().map(|part| self.target(part, None)).collect())
            }
            Expr::Starred(starred) => {
                self.target(&starred.value, None);
                self.make_opaque(&starred.value);
                Use::Other
            }
            Expr::Subscript(subscript) => {
                self.expression(&subscript.slice, &Use::Other);
                let Expr::Name(container) = &*subscript.value else {
                    self.expression(&subscript.value, &Use::Other);
                    return Use::Stored;
                };
                self.load(&container.id, target.range(), Use::Glanced(target.range()));
                if subscript.slice.is_slice_expr() {
                    return Use::Stored;
                }
                Use::Entry(Rc::new(Use::Bound(self.local(&container.id))))
            }
            _ => {
                self.target_parts(target);
                Use::Stored
            }
        }
    }

    /// Walks over the expressions in a target that is not bound.
    pub(super) fn target_parts(&mut self, target: &'a Expr) {
        match target {
            Expr::Attribute(attribute) => self.expression(&attribute.value, &Use::Other),
            Expr::Subscript(subscript) => {
                self.expression(&subscript.value, &Use::Other);
                self.expression(&subscript.slice, &Use::Other);
            }
            _ => {}
        }
    }

    fn bind(&mut self, name: &Name, value: Option<&'a Expr>) -> Use<'a> {
        if self.global_names.contains(name) {
            return Use::Stored;
        }
        let local = self.local(name);
        let store = Store {
            statement: self.statement,
            place: self.place(self.statement),
            new_container: value.and_then(new_container),
            is_plain: self.is_plain_assignment,
        };
        let variable = self.body.variables.entry(local.clone()).or_default();
        variable.stores.push(store);
        let is_only = variable.stores.len() == 1;
        match value {
            Some(value) if is_only => self.body.values.insert(local.clone(), value),
            _ => self.body.values.remove(&local),
        };
        match self.body.frames[local.frame].kind {
            FrameKind::Module | FrameKind::Class => Use::Stored,
            FrameKind::Function | FrameKind::Comprehension => Use::Bound(local),
        }
    }

    /// The name as bound or used right here.
    pub(super) fn local(&self, name: &Name) -> Local {
        let frame = self
            .comprehensions
            .iter()
            .rev()
            .copied()
            .find(|&frame| self.body.variables.contains_key(&Local { frame, name: name.clone() }))
            .unwrap_or(self.scope.frame);
        Local { frame, name: name.clone() }
    }

    pub(super) fn load(&mut self, name: &Name, range: TextRange, how: Use<'a>) {
        let load = Load { how, place: self.place(range), is_nested: false };
        let local = self.local(name);
        self.body.variables.entry(local).or_default().loads.push(load);
    }

    pub(super) fn place(&self, range: TextRange) -> Place {
        Place { offset: range.end(), block: self.block, loops: Rc::clone(&self.loops), in_try: self.tries > 0 }
    }
}

impl Body<'_> {
    /// Gives each use of a name that its function does not bind to the function around that does.
    pub(super) fn hand_up_free_names(&mut self) {
        let free: Vec<Local> = self.variables.iter().filter(|(_, variable)| !variable.is_bound()).map(|(local, _)| local.clone()).collect();
        for local in free {
            let Some(parent) = self.frames[local.frame].parent else { continue };
            let Some(frame) = self.binding_frame(parent, &local.name) else { continue };
            let Some(variable) = self.variables.remove(&local) else { continue };
            let is_nested = self.frames[local.frame].kind != FrameKind::Comprehension;
            let loads = variable.loads.into_iter().map(|load| Load { is_nested: load.is_nested || is_nested, ..load });
            self.variables.entry(Local { frame, name: local.name }).or_default().loads.extend(loads);
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
            "list" | "set" | "deque" => Some(Container::Sequence),
            _ => None,
        },
        _ => None,
    }
}
