//! What a gather waits for, as far as a group can take it.

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Expr, ExprCall, Stmt, StmtFunctionDef};
use ruff_text_size::{Ranged, TextRange};

use super::super::Mender;
use super::super::tree::Path;
use crate::facts::{Kind, Local, Variable, last_name};
use crate::program::Database;
use crate::resolve::Module;

/// The awaitables of a gather, each of which is its own.
pub(super) struct Children<'m> {
    pub(super) arguments: Vec<Child<'m>>,
    /// Whether it does no harm to end any of them early: they have no effects.
    pub(super) are_quiet: bool,
    /// Whether one of them may end in a cancellation by itself.
    pub(super) may_be_cancelled: bool,
}

/// One argument of a gather.
#[derive(Clone, Copy)]
pub(super) enum Child<'m> {
    /// A coroutine: a call, or a name that is bound to one.
    Coroutine(&'m Expr),
    /// `*` over a comprehension of coroutine calls.
    Each(&'m Expr),
    /// `*` over a collection of coroutines.
    All(&'m Expr),
    /// A task that was started for this gather alone.
    Task(&'m Expr),
    /// `*` over a collection of such tasks.
    Tasks(&'m Expr),
}

/// Functions are followed into each other so deep.
const DEEPEST: usize = 4;

impl<'m> Children<'m> {
    /// The children of a gather, or why a group cannot take them.
    pub(super) fn of(mender: &Mender<'_, 'm, '_, '_>, call: &ExprCall) -> Result<Self, &'static str> {
        let call = Path::to(mender.module, call.range()).call().ok_or("it is not known what it waits for")?;
        if call.arguments.args.is_empty() {
            return Err("it waits for nothing");
        }
        let mut children = Children { arguments: Vec::new(), are_quiet: true, may_be_cancelled: false };
        for argument in &call.arguments.args {
            let child = children.child(mender, call, argument)?;
            children.arguments.push(child);
        }
        Ok(children)
    }

    fn child(&mut self, mender: &Mender<'_, 'm, '_, '_>, gather: &'m ExprCall, argument: &'m Expr) -> Result<Child<'m>, &'static str> {
        const FUTURE: &str = "one of its arguments is, or may be, no coroutine, which a group does not take";
        match argument {
            Expr::Call(call) => {
                self.coroutine(mender, call).ok_or(FUTURE)?;
                Ok(Child::Coroutine(argument))
            }
            Expr::Name(name) => {
                let value = mender.only_value(gather, name).ok_or(FUTURE)?;
                let call = value.as_call_expr().ok_or(FUTURE)?;
                match mender.finder.makes(call) {
                    Some(Kind::Coroutine) => {
                        self.coroutine(mender, call).ok_or(FUTURE)?;
                        Ok(Child::Coroutine(argument))
                    }
                    Some(Kind::Task) => {
                        self.task(mender, call).ok_or(FUTURE)?;
                        Ok(Child::Task(argument))
                    }
                    _ => Err(FUTURE),
                }
            }
            Expr::Starred(starred) => self.children(mender, gather, &starred.value),
            _ => Err(FUTURE),
        }
    }

    fn children(&mut self, mender: &Mender<'_, 'm, '_, '_>, gather: &'m ExprCall, value: &'m Expr) -> Result<Child<'m>, &'static str> {
        const UNKNOWN: &str = "what it waits for is not known, or somebody else has it too";
        match value {
            Expr::ListComp(_) | Expr::Generator(_) => {
                let (Expr::ListComp(ruff_python_ast::ExprListComp { elt, .. })
                | Expr::Generator(ruff_python_ast::ExprGenerator { elt, .. })) = value
                else {
                    return Err(UNKNOWN);
                };
                let call = elt.as_call_expr().ok_or(UNKNOWN)?;
                match mender.finder.makes(call) {
                    Some(Kind::Task) => return Err("its tasks are started in its own arguments"),
                    _ => self.coroutine(mender, call).ok_or(UNKNOWN)?,
                }
                Ok(Child::Each(value))
            }
            Expr::List(list) if !list.elts.is_empty() => {
                for element in &list.elts {
                    self.coroutine(mender, element.as_call_expr().ok_or(UNKNOWN)?).ok_or(UNKNOWN)?;
                }
                Ok(Child::All(value))
            }
            Expr::Call(call) if last_name(&call.func).is_some_and(|name| name == "map") => {
                let callee = mender.module.target(&call.func).and_then(|callee| callee.name);
                let function = call.arguments.args.first().filter(|_| callee.as_deref() == Some("builtins.map")).ok_or(UNKNOWN)?;
                self.function(mender, function, DEEPEST).ok_or(UNKNOWN)?;
                Ok(Child::All(value))
            }
            Expr::Call(call) if call.arguments.is_empty() && last_name(&call.func).is_some_and(|name| name == "values") => {
                let name = call.func.as_attribute_expr().and_then(|method| method.value.as_name_expr()).ok_or(UNKNOWN)?;
                self.collection(mender, gather, name, value).ok_or(UNKNOWN)
            }
            Expr::Name(name) => self.collection(mender, gather, name, value).ok_or(UNKNOWN),
            _ => Err(UNKNOWN),
        }
    }

    /// A local collection that holds nothing but coroutines, or nothing but tasks, for this gather.
    fn collection(
        &mut self,
        mender: &Mender<'_, 'm, '_, '_>,
        gather: &'m ExprCall,
        name: &ruff_python_ast::ExprName,
        value: &'m Expr,
    ) -> Option<Child<'m>> {
        let elements = mender.elements_of(gather, name)?;
        let mut kinds = elements.iter().map(|call| mender.finder.makes(call));
        let first = kinds.next()??;
        if !kinds.all(|kind| kind == Some(first)) {
            return None;
        }
        match first {
            Kind::Coroutine => {
                elements.iter().try_for_each(|call| self.coroutine(mender, call))?;
                Some(Child::All(value))
            }
            Kind::Task => {
                elements.iter().try_for_each(|call| self.task(mender, call))?;
                Some(Child::Tasks(value))
            }
            _ => None,
        }
    }

    fn task(&mut self, mender: &Mender<'_, 'm, '_, '_>, call: &ExprCall) -> Option<()> {
        if !mender.starts_task(call) {
            return None;
        }
        self.coroutine(mender, call.arguments.args.first()?.as_call_expr()?)
    }

    fn coroutine(&mut self, mender: &Mender<'_, 'm, '_, '_>, call: &ExprCall) -> Option<()> {
        if mender.finder.makes(call) != Some(Kind::Coroutine) {
            return None;
        }
        self.function(mender, &call.func, DEEPEST)
    }

    /// Takes down what is known of a coroutine function.
    fn function(&mut self, mender: &Mender<'_, 'm, '_, '_>, function: &Expr, depth: usize) -> Option<()> {
        let db = mender.finder.db;
        let Some(callee) = mender.module.target(function) else {
            self.are_quiet = false;
            return Some(());
        };
        if callee.name.as_deref() == Some("asyncio.tasks.sleep") {
            return Some(());
        }
        let seen = callee
            .with_body(db, |module, function| (function.is_async, Quiet { db, module, depth }.is_quiet(function), cancels(&function.body)));
        let Some((is_async, is_quiet, cancels)) = seen else {
            self.are_quiet = false;
            return Some(());
        };
        self.are_quiet &= is_quiet;
        self.may_be_cancelled |= cancels;
        is_async.then_some(())
    }
}

/// Whether statements cancel something, or raise a cancellation of their own.
fn cancels(body: &[Stmt]) -> bool {
    struct Cancels(bool);
    impl<'a> Visitor<'a> for Cancels {
        fn visit_stmt(&mut self, statement: &'a Stmt) {
            if let Stmt::Raise(raise) = statement {
                let raised = raise.exc.as_deref().map(|raised| raised.as_call_expr().map_or(raised, |call| &call.func));
                self.0 |= raised.and_then(last_name).is_some_and(|name| name == "CancelledError");
            }
            walk_stmt(self, statement);
        }

        fn visit_expr(&mut self, expression: &'a Expr) {
            if let Expr::Call(call) = expression {
                self.0 |= last_name(&call.func).is_some_and(|name| name == "cancel" || name == "current_task");
            }
            walk_expr(self, expression);
        }
    }
    let mut cancels = Cancels(false);
    cancels.visit_body(body);
    cancels.0
}

/// Whether functions do nothing but give their value or fail.
struct Quiet<'q, 'db> {
    db: &'db Database,
    module: &'q Module<'db>,
    depth: usize,
}

/// Built-in functions without an effect of their own.
const HARMLESS: [&str; 30] = [
    "abs",
    "all",
    "any",
    "bool",
    "bytes",
    "chr",
    "dict",
    "divmod",
    "enumerate",
    "float",
    "frozenset",
    "getattr",
    "hash",
    "hex",
    "int",
    "isinstance",
    "issubclass",
    "len",
    "list",
    "max",
    "min",
    "ord",
    "range",
    "repr",
    "reversed",
    "round",
    "sorted",
    "str",
    "sum",
    "tuple",
];

impl Quiet<'_, '_> {
    fn is_quiet(&self, function: &StmtFunctionDef) -> bool {
        self.depth > 0 && function.decorator_list.is_empty() && self.are_quiet(&function.body)
    }

    fn are_quiet(&self, statements: &[Stmt]) -> bool {
        statements.iter().all(|statement| self.is_quiet_statement(statement))
    }

    fn is_quiet_statement(&self, statement: &Stmt) -> bool {
        let binds = |target: &Expr| match target {
            Expr::Name(_) => true,
            Expr::Tuple(tuple) => tuple.elts.iter().all(Expr::is_name_expr),
            _ => false,
        };
        match statement {
            Stmt::Pass(_) | Stmt::Break(_) | Stmt::Continue(_) => true,
            Stmt::Expr(inner) => self.is_quiet_value(&inner.value),
            Stmt::Return(inner) => inner.value.as_deref().is_none_or(|value| self.is_quiet_value(value)),
            Stmt::Raise(inner) => [&inner.exc, &inner.cause].into_iter().flatten().all(|value| self.is_quiet_value(value)),
            Stmt::Assert(inner) => {
                self.is_quiet_value(&inner.test) && inner.msg.as_deref().is_none_or(|message| self.is_quiet_value(message))
            }
            Stmt::Assign(inner) => inner.targets.iter().all(binds) && self.is_quiet_value(&inner.value),
            Stmt::AnnAssign(inner) => binds(&inner.target) && inner.value.as_deref().is_none_or(|value| self.is_quiet_value(value)),
            Stmt::AugAssign(inner) => inner.target.is_name_expr() && self.is_quiet_value(&inner.value),
            Stmt::If(inner) => {
                let clauses = &inner.elif_else_clauses;
                self.is_quiet_value(&inner.test)
                    && self.are_quiet(&inner.body)
                    && clauses
                        .iter()
                        .all(|clause| clause.test.as_ref().is_none_or(|test| self.is_quiet_value(test)) && self.are_quiet(&clause.body))
            }
            Stmt::For(inner) => {
                !inner.is_async
                    && binds(&inner.target)
                    && self.is_quiet_value(&inner.iter)
                    && self.are_quiet(&inner.body)
                    && self.are_quiet(&inner.orelse)
            }
            Stmt::While(inner) => self.is_quiet_value(&inner.test) && self.are_quiet(&inner.body) && self.are_quiet(&inner.orelse),
            Stmt::Try(inner) => {
                let handlers = inner.handlers.iter().filter_map(|handler| handler.as_except_handler());
                self.are_quiet(&inner.body)
                    && self.are_quiet(&inner.orelse)
                    && self.are_quiet(&inner.finalbody)
                    && handlers.into_iter().all(|handler| self.are_quiet(&handler.body))
            }
            _ => false,
        }
    }

    fn is_quiet_value(&self, value: &Expr) -> bool {
        struct Parts<'p, 'q, 'db> {
            quiet: &'p Quiet<'q, 'db>,
            is_quiet: bool,
        }
        impl<'a> Visitor<'a> for Parts<'_, '_, '_> {
            fn visit_expr(&mut self, expression: &'a Expr) {
                match expression {
                    Expr::Call(call) => self.is_quiet &= self.quiet.is_quiet_call(call),
                    Expr::Yield(_) | Expr::YieldFrom(_) | Expr::Lambda(_) => self.is_quiet = false,
                    Expr::Await(awaited) => self.is_quiet &= awaited.value.is_call_expr(),
                    _ => {}
                }
                walk_expr(self, expression);
            }
        }
        let mut parts = Parts { quiet: self, is_quiet: true };
        parts.visit_expr(value);
        parts.is_quiet
    }

    fn is_quiet_call(&self, call: &ExprCall) -> bool {
        let Some(callee) = self.module.callee(call) else { return self.is_quiet_raise(call) };
        if let Some(name) = callee.name.as_deref() {
            if name == "asyncio.tasks.sleep" {
                return true;
            }
            if let Some(name) = name.strip_prefix("builtins.") {
                let is_of_plain = [
                    "str.",
                    "bytes.",
                    "int.",
                    "float.",
                    "bool.",
                    "tuple.",
                    "frozenset.",
                    "dict.get",
                    "dict.items",
                    "dict.keys",
                    "dict.values",
                ];
                return HARMLESS.contains(&name) || is_of_plain.iter().any(|plain| name.starts_with(plain)) || self.is_quiet_raise(call);
            }
        }
        if callee.is_subclass(self.db, "builtins.BaseException") {
            return true;
        }
        let depth = self.depth - 1;
        callee.with_body(self.db, |module, function| Quiet { db: self.db, module, depth }.is_quiet(function)).unwrap_or(false)
    }

    /// Whether a call makes a built-in exception.
    fn is_quiet_raise(&self, call: &ExprCall) -> bool {
        self.module.callee(call).is_some_and(|callee| callee.is_subclass(self.db, "builtins.BaseException"))
    }
}

impl<'m> Mender<'_, 'm, '_, '_> {
    /// Whether a call is one of `asyncio.create_task` or `ensure_future`.
    pub(super) fn starts_task(&self, call: &ExprCall) -> bool {
        let name = self.module.callee(call).and_then(|callee| callee.name);
        matches!(name.as_deref(), Some("asyncio.tasks.create_task" | "asyncio.tasks.ensure_future"))
    }

    /// What a local name is bound to, where that is one thing which is only used by the gather, or behind it.
    fn only_value(&self, gather: &'m ExprCall, name: &ruff_python_ast::ExprName) -> Option<&'m Expr> {
        let path = Path::to(self.module, gather.range());
        let local = Local { frame: self.frame_at(&path), name: name.id.clone() };
        let variable = self.bound_once(&local).filter(|_| local.frame != 0)?;
        let block_end = path.block().and_then(|(block, _)| block.last()).map(Ranged::end)?;
        let is_fine = |range: TextRange| gather.range().contains_range(range) || (range.start() > gather.end() && range.end() <= block_end);
        let mut used_in_gather = variable.loads.iter().filter(|load| gather.range().contains_range(load.range));
        if used_in_gather.next().is_none()
            || used_in_gather.next().is_some()
            || !variable.loads.iter().all(|load| !load.is_nested && is_fine(load.range))
        {
            return None;
        }
        Self::assigned(&path, &name.id)
    }

    /// The value of the plain assignment to a name in the function around.
    fn assigned(path: &Path<'m>, name: &str) -> Option<&'m Expr> {
        match path.assignment_of(name)? {
            Stmt::Assign(assign) => matches!(&*assign.targets, [Expr::Name(_)]).then_some(&*assign.value),
            Stmt::AnnAssign(assign) => assign.value.as_deref(),
            _ => None,
        }
    }

    /// A variable that is bound in one place, and whose value is only the function's own.
    pub(in crate::mend) fn bound_once(&self, local: &Local) -> Option<&Variable<'_>> {
        let variable = self.finder.flow.body.variables.get(local)?;
        (!variable.is_rebound() && !variable.is_shared && !variable.is_parameter).then_some(variable)
    }

    /// The calls whose values a local collection holds, where nothing else is put in it and nobody else has them.
    pub(in crate::mend) fn elements_of(&self, gather: &'m ExprCall, name: &ruff_python_ast::ExprName) -> Option<Vec<&'m ExprCall>> {
        let path = Path::to(self.module, gather.range());
        let local = Local { frame: self.frame_at(&path), name: name.id.clone() };
        let variable = self.bound_once(&local).filter(|_| local.frame != 0)?;
        let block_end = path.block().and_then(|(block, _)| block.last()).map(Ranged::end)?;
        let mut elements = Vec::new();
        let value = Self::assigned(&path, &name.id)?;
        let is_mapping = matches!(value, Expr::Dict(_) | Expr::DictComp(_));
        match value {
            Expr::List(list) => {
                for element in &list.elts {
                    elements.push(element.as_call_expr()?);
                }
            }
            Expr::Dict(dict) => {
                for item in &dict.items {
                    item.key.as_ref()?;
                    elements.push(item.value.as_call_expr()?);
                }
            }
            Expr::ListComp(list) => elements.push(list.elt.as_call_expr()?),
            Expr::DictComp(dict) => elements.push(dict.value.as_ref().as_call_expr()?),
            _ => return None,
        }
        for load in &variable.loads {
            if load.is_nested {
                return None;
            }
            if gather.range().contains_range(load.range) || (load.range.start() > gather.end() && load.range.end() <= block_end) {
                continue;
            }
            let around = Path::to(self.module, load.range);
            if !is_mapping || !self.reads_keys(&around) {
                elements.push(Self::put_in(&around)?);
            }
        }
        Some(elements)
    }

    /// Whether a dictionary is handed to something that walks through its keys and no more.
    fn reads_keys(&self, around: &Path<'m>) -> bool {
        let call = around.parents().find_map(|node| if let ruff_python_ast::AnyNodeRef::ExprCall(call) = node { Some(call) } else { None });
        let Some(call) = call.filter(|call| call.arguments.args.iter().any(|argument| argument.range() == around.place())) else {
            return false;
        };
        let name = self.module.target(&call.func).and_then(|callee| callee.name);
        let walks = ["enumerate", "len", "list", "set", "sorted", "tuple", "zip"];
        name.as_deref().and_then(|name| name.strip_prefix("builtins.")).is_some_and(|name| walks.contains(&name))
    }

    /// The call whose value is put in a collection, where its name stands for nothing else.
    fn put_in(around: &Path<'m>) -> Option<&'m ExprCall> {
        use ruff_python_ast::AnyNodeRef;
        match around.statement()? {
            AnyNodeRef::StmtExpr(statement) => {
                let call = statement.value.as_call_expr()?;
                let is_append = last_name(&call.func).is_some_and(|name| name == "append");
                let is_of_it = call.func.as_attribute_expr().is_some_and(|method| method.value.range() == around.place());
                match &*call.arguments.args {
                    [Expr::Call(element)] if is_append && is_of_it => Some(element),
                    _ => None,
                }
            }
            AnyNodeRef::StmtAssign(assign) => match &*assign.targets {
                [Expr::Subscript(target)] if target.value.range() == around.place() => assign.value.as_call_expr(),
                _ => None,
            },
            _ => None,
        }
    }
}
