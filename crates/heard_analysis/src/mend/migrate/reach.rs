//! Where the failure of a gather gets to, and whether who takes it there can tell it from a group of failures.

use ruff_python_ast::name::Name;
use ruff_python_ast::visitor::source_order::{SourceOrderVisitor, TraversalSignal, walk_node};
use ruff_python_ast::{AnyNodeRef, ExceptHandlerExceptHandler, Expr, ExprCall, Stmt, StmtFunctionDef, StmtTry, StmtWith};
use ruff_text_size::{Ranged, TextRange};

use super::super::Mender;
use super::super::tree::Path;
use crate::facts::{ExceptionSet, last_name};
use crate::resolve::Module;

/// What gives the failure that is being handled, or its text.
const TELLS_OF_FAILURE: [&str; 5] = ["format_exc", "print_exc", "format_exception", "print_exception", "current_task"];

/// What becomes of a failure.
pub(super) struct Reach {
    /// Whether something of the program runs before the children are ended in any case.
    pub(super) goes_on: bool,
    /// What there is to say of it.
    pub(super) why: String,
}

/// The functions that a failure has come through already.
struct Way<'w, 'f, 'm, 'db, 'a> {
    mender: &'w Mender<'f, 'm, 'db, 'a>,
    seen: Vec<(String, TextRange)>,
    goes_on: Option<String>,
}

/// A failure that comes through more functions than this is given up.
const MOST_CALLERS: usize = 40;

impl<'m> Mender<'_, 'm, '_, '_> {
    /// Where the failure of an awaited gather gets to, or what would see the difference.
    pub(super) fn reach_of(&self, path: &Path<'m>) -> Result<Reach, String> {
        match path.parents().next() {
            Some(AnyNodeRef::ExprAwait(_)) => {}
            Some(AnyNodeRef::StmtAssign(_) | AnyNodeRef::StmtAnnAssign(_)) => {
                return Err("its future is kept, and the work runs beside what comes before the `await`".to_owned());
            }
            _ => return Err("nothing awaits it where it is called: its future is given away".to_owned()),
        }
        let mut way = Way { mender: self, seen: Vec::new(), goes_on: None };
        way.from(self.module, path)?;
        Ok(match way.goes_on {
            Some(why) => Reach { goes_on: true, why },
            None => Reach { goes_on: false, why: String::new() },
        })
    }
}

/// What a handler does with a group in the place of a failure.
enum Taken {
    /// The failure passes by.
    Not,
    /// It is taken, and what follows is the same.
    Same(String),
    /// It is taken and raised again.
    Raised,
}

impl Way<'_, '_, '_, '_, '_> {
    /// Follows a failure that is raised at a place outwards.
    fn from(&mut self, module: &Module<'_>, path: &Path<'_>) -> Result<(), String> {
        let mut inner = path.place();
        for node in path.upwards() {
            match node {
                AnyNodeRef::StmtTry(statement) if holds(&statement.body, inner) => {
                    match taken_by(module, statement)? {
                        Taken::Not => {}
                        Taken::Same(why) => {
                            self.goes_on.get_or_insert(why);
                            return Ok(());
                        }
                        Taken::Raised => {
                            self.goes_on.get_or_insert_with(|| "a handler takes it and raises it again".to_owned());
                        }
                    }
                    self.passes_finally(module, statement)?;
                }
                AnyNodeRef::StmtTry(statement) if !holds(&statement.finalbody, inner) => self.passes_finally(module, statement)?,
                AnyNodeRef::StmtWith(statement) if holds(&statement.body, inner) => self.passes_with(module, statement)?,
                AnyNodeRef::ExprLambda(_) => return Err("it stands in a lambda".to_owned()),
                AnyNodeRef::StmtFunctionDef(function) => return self.callers(module, path, function),
                _ => {}
            }
            inner = if node.range().contains_range(inner) { node.range() } else { inner };
        }
        if module.is_notebook() {
            self.goes_on.get_or_insert_with(|| "other cells of the notebook can still run".to_owned());
        }
        if !self.mender.finder.flow.index.files_that_mention(&Name::new_static("excepthook")).is_empty() {
            return Err("a hook of the program is given what nobody catches, and would see a group".to_owned());
        }
        Ok(())
    }

    fn passes_finally(&mut self, module: &Module<'_>, statement: &StmtTry) -> Result<(), String> {
        let Some((first, last)) = statement.finalbody.first().zip(statement.finalbody.last()) else { return Ok(()) };
        let mut words = module.words(TextRange::new(first.start(), last.end()));
        if words.any(|word| word == "exc_info" || TELLS_OF_FAILURE.contains(&word)) {
            return Err("a `finally` looks at the failure, and would see a group".to_owned());
        }
        self.goes_on.get_or_insert_with(|| "a `finally` runs before the program ends".to_owned());
        Ok(())
    }

    /// What a context manager does with a failure in its block.
    fn passes_with(&mut self, module: &Module<'_>, statement: &StmtWith) -> Result<(), String> {
        for item in &statement.items {
            let manager = &item.context_expr;
            let function = manager.as_call_expr().map_or(manager, |call| &call.func);
            let name = module.target(function).and_then(|callee| callee.name).unwrap_or_default();
            let is_blind = matches!(
                &*name,
                "builtins.open"
                    | "asyncio.timeouts.timeout"
                    | "asyncio.timeouts.timeout_at"
                    | "contextlib.nullcontext"
                    | "contextlib.closing"
                    | "contextlib.aclosing"
                    | "asyncio.runners.Runner"
                    | "asyncio.taskgroups.TaskGroup"
                    | "asyncio.locks.Semaphore"
                    | "asyncio.locks.Lock"
                    | "tempfile.TemporaryDirectory"
                    | "tempfile.NamedTemporaryFile"
                    | "concurrent.futures.thread.ThreadPoolExecutor"
            );
            let is_lock = !manager.is_call_expr()
                && last_name(manager).is_some_and(|name| {
                    let name = name.to_lowercase();
                    ["lock", "semaphore", "sem", "limit", "limiter", "mutex"].iter().any(|end| name.ends_with(end))
                });
            if !is_blind && !is_lock {
                return Err("the context manager around it may look at the failure, and would see a group".to_owned());
            }
            self.goes_on.get_or_insert_with(|| "a context manager is left before the program ends".to_owned());
        }
        Ok(())
    }

    /// Follows the failure to all that call a function.
    fn callers(&mut self, module: &Module<'_>, path: &Path<'_>, function: &StmtFunctionDef) -> Result<(), String> {
        let place = (module.path().to_string(), function.range());
        if self.seen.contains(&place) {
            return Ok(());
        }
        if self.seen.len() >= MOST_CALLERS {
            return Err("it is called from so many places that not all were looked at".to_owned());
        }
        self.seen.push(place);
        if let Some(decorator) = function
            .decorator_list
            .iter()
            .find(|decorator| !last_name(&decorator.expression).is_some_and(|name| matches!(name.as_str(), "staticmethod" | "classmethod")))
        {
            let text = &module.text()[decorator.expression.range()];
            return Err(format!("what `@{}` does with a failure is not known", text.lines().next().unwrap_or_default()));
        }
        let outer = path.upwards().skip_while(|node| node.range() != function.range()).skip(1);
        let around = outer.into_iter().find(|node| matches!(node, AnyNodeRef::StmtFunctionDef(_) | AnyNodeRef::StmtClassDef(_)));
        let is_method = matches!(around, Some(AnyNodeRef::StmtClassDef(_)));
        let is_nested = matches!(around, Some(AnyNodeRef::StmtFunctionDef(_)));
        let own = module.name().map(|name| format!("{name}.{}", function.name)).filter(|_| around.is_none());
        let db = self.mender.finder.db;
        let mut files = vec![module.path().to_path_buf()];
        if !is_nested {
            let mentions = self.mender.finder.flow.index.files_that_mention(&function.name.id);
            files.extend(mentions.into_iter().filter(|file| file.as_path() != &**module.path()).cloned());
        }
        let mut is_called = false;
        for file in files {
            let Ok(other) = Module::open(db, &file) else { continue };
            for mention in mentions(&other, &function.name, is_method) {
                let around = Path::to(&other, mention);
                if self.is_other(&other, &around, own.as_deref(), is_method) {
                    continue;
                }
                is_called = true;
                self.call(&other, &around, function)?;
            }
        }
        if is_called { Ok(()) } else { Err(format!("nothing in the program calls `{}`: who does may look at the failure", function.name)) }
    }

    /// Whether a name surely means another function.
    fn is_other(&self, module: &Module<'_>, path: &Path<'_>, own: Option<&str>, is_method: bool) -> bool {
        let expression = path.upwards().find_map(|node| match node {
            AnyNodeRef::ExprName(name) => Some(module.target(&Expr::Name(name.clone()))),
            AnyNodeRef::ExprAttribute(attribute) => Some(module.target(&Expr::Attribute(attribute.clone()))),
            _ => None,
        });
        let Some(Some(name)) = expression.map(|callee| callee.and_then(|callee| callee.name)) else { return false };
        match own {
            Some(own) => name != own,
            None => is_method && self.mender.module.is_standard(name.split('.').next().unwrap_or_default()),
        }
    }

    /// Follows the failure to a place that names the function.
    fn call(&mut self, module: &Module<'_>, path: &Path<'_>, function: &StmtFunctionDef) -> Result<(), String> {
        let unknown = || format!("`{}` is handed to something that may look at its failure", function.name);
        let mut parents = path.parents();
        let Some(AnyNodeRef::ExprCall(call)) = parents.next() else { return Err(unknown()) };
        if call.func.range() != path.place() {
            return Err(unknown());
        }
        let around = Path::to(module, call.range());
        self.value(module, &around, call, function, &unknown)
    }

    /// Follows the failure of a coroutine or an async generator that a call makes.
    fn value(
        &mut self,
        module: &Module<'_>,
        around: &Path<'_>,
        call: &ExprCall,
        function: &StmtFunctionDef,
        unknown: &dyn Fn() -> String,
    ) -> Result<(), String> {
        if !function.is_async {
            return self.from(module, around);
        }
        for node in around.parents() {
            match node {
                AnyNodeRef::ExprAwait(_) => return self.from(module, around),
                AnyNodeRef::StmtFor(statement) if statement.is_async && statement.iter.range() == call.range() => {
                    return self.from(module, around);
                }
                AnyNodeRef::Comprehension(part) if part.is_async && part.iter.range() == call.range() => return self.from(module, around),
                AnyNodeRef::ExprCall(taker) => return self.taken(module, taker, unknown),
                AnyNodeRef::Arguments(_)
                | AnyNodeRef::ExprStarred(_)
                | AnyNodeRef::ExprGenerator(_)
                | AnyNodeRef::ExprListComp(_)
                | AnyNodeRef::ExprList(_) => {}
                _ => return Err(unknown()),
            }
        }
        Err(unknown())
    }

    /// Follows the failure of a coroutine that a call is given.
    fn taken(&mut self, module: &Module<'_>, taker: &ExprCall, unknown: &dyn Fn() -> String) -> Result<(), String> {
        let name = module.callee(taker).and_then(|callee| callee.name).unwrap_or_default();
        let around = Path::to(module, taker.range());
        let is_awaited = matches!(around.parents().next(), Some(AnyNodeRef::ExprAwait(_)));
        let is_raising =
            taker.arguments.keywords.iter().all(|keyword| keyword.arg.as_ref().is_some_and(|name| *name != *"return_exceptions"));
        match &*name {
            "asyncio.runners.run" | "asyncio.runners.Runner.run" => self.from(module, &around),
            "asyncio.tasks.gather" if is_awaited && is_raising => self.from(module, &around),
            "asyncio.tasks.wait_for" if is_awaited => self.from(module, &around),
            name if name.ends_with("Loop.run_until_complete") => self.from(module, &around),
            _ => Err(unknown()),
        }
    }
}

fn holds(body: &[Stmt], inner: TextRange) -> bool {
    body.first().zip(body.last()).is_some_and(|(first, last)| TextRange::new(first.start(), last.end()).contains_range(inner))
}

/// The places in a module that name a function, definitions and imports apart.
fn mentions(module: &Module<'_>, name: &str, is_method: bool) -> Vec<TextRange> {
    struct Mentions<'n> {
        name: &'n str,
        is_method: bool,
        found: Vec<TextRange>,
    }
    impl<'a> SourceOrderVisitor<'a> for Mentions<'_> {
        fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
            match node {
                AnyNodeRef::ExprName(name) if name.id == self.name && name.ctx.is_load() && !self.is_method => {
                    self.found.push(name.range());
                }
                AnyNodeRef::ExprAttribute(attribute) if attribute.attr.as_str() == self.name && attribute.ctx.is_load() => {
                    self.found.push(attribute.range());
                }
                _ => {}
            }
            TraversalSignal::Traverse
        }
    }
    let mut mentions = Mentions { name, is_method, found: Vec::new() };
    walk_node(&mut mentions, AnyNodeRef::from(module.tree()));
    mentions.found
}

/// What the handlers of a `try` do with a group in the place of a failure of any kind.
fn taken_by(module: &Module<'_>, statement: &StmtTry) -> Result<Taken, String> {
    for handler in statement.handlers.iter().filter_map(|handler| handler.as_except_handler()) {
        let Some(kind) = handler.type_.as_deref() else { return blindly(module, handler) };
        let text = &module.text()[kind.range()];
        if statement.is_star {
            return if shows(module, handler, true) {
                Err(format!("`except* {text}` shows the text of the group, which is another"))
            } else {
                Ok(Taken::Same(format!("`except* {text}` takes a failure and a group of it alike")))
            };
        }
        if ExceptionSet::of(Some(kind)).is_broad() {
            return blindly(module, handler);
        }
        if is_of_single_failures(kind) {
            return Err(format!("`except {text}` does not take a group"));
        }
    }
    Ok(Taken::Not)
}

/// Whether a handler around a place, in the same function, takes single failures and would let a group of them pass.
pub(super) fn lets_groups_pass(path: &Path<'_>) -> bool {
    let inside = path.upwards().take_while(|node| !matches!(node, AnyNodeRef::StmtFunctionDef(_) | AnyNodeRef::ExprLambda(_)));
    let around = inside.filter_map(|node| match node {
        AnyNodeRef::StmtTry(statement) if !statement.is_star && holds(&statement.body, path.place()) => Some(statement),
        _ => None,
    });
    let mut handlers = around.flat_map(|statement| &statement.handlers).filter_map(|handler| handler.as_except_handler());
    handlers.any(|handler| handler.type_.as_deref().is_some_and(is_of_single_failures))
}

/// Whether a handler of this takes what a child raises, and no group of it: what is left out comes from outside.
fn is_of_single_failures(kind: &Expr) -> bool {
    let takes_nothing = kind.as_tuple_expr().is_some_and(|classes| classes.elts.is_empty());
    let set = ExceptionSet::of(Some(kind));
    !takes_nothing && !set.is_broad() && !set.is_ending()
}

/// A handler of everything takes a group too; what it does with it must not show that.
fn blindly(module: &Module<'_>, handler: &ExceptHandlerExceptHandler) -> Result<Taken, String> {
    if shows(module, handler, false) {
        return Err("the handler around it looks at the failure, and would see a group".to_owned());
    }
    match raises(&handler.body) {
        Some(true) => Ok(Taken::Raised),
        Some(false) => Ok(Taken::Same("a handler takes every failure and raises one of its own".to_owned())),
        None => Ok(Taken::Same("a handler takes every failure without looking at it".to_owned())),
    }
}

/// Whether statements raise what they handle again, or something else; `None` where they do not raise.
fn raises(body: &[Stmt]) -> Option<bool> {
    struct Raises(Option<bool>);
    impl<'a> SourceOrderVisitor<'a> for Raises {
        fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
            if let AnyNodeRef::StmtRaise(raise) = node {
                // One that is raised again anywhere gets further.
                self.0 = Some(self.0 == Some(true) || raise.exc.is_none() || raise.exc.as_deref().is_some_and(Expr::is_name_expr));
            }
            TraversalSignal::Traverse
        }
    }
    let mut raises = Raises(None);
    raises.visit_body(body);
    raises.0
}

/// Whether a handler makes something of the failure that shows its type or its text. To log it whole, and to name it as
/// the cause of another, does not; of a group in `except*`, neither does walking through its parts.
fn shows(module: &Module<'_>, handler: &ExceptHandlerExceptHandler, is_group: bool) -> bool {
    let range = handler.body.first().zip(handler.body.last()).map(|(first, last)| TextRange::new(first.start(), last.end()));
    let Some(range) = range else { return false };
    let has = |wanted: &[&str]| module.words(range).any(|word| wanted.contains(&word));
    // As an argument of a logger, `exc_info` has the failure logged whole; `sys.exc_info` gives it.
    if has(&TELLS_OF_FAILURE) || has(&["exc_info"]) && has(&["sys"]) {
        return true;
    }
    let Some(name) = &handler.name else { return false };
    let mut shows = Shows { name: name.as_str(), is_group, is_shown: false };
    shows.visit_body(&handler.body);
    shows.is_shown
}

/// Looks for uses of what a handler has caught.
struct Shows<'n> {
    name: &'n str,
    is_group: bool,
    is_shown: bool,
}
impl<'a> SourceOrderVisitor<'a> for Shows<'_> {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        match node {
            AnyNodeRef::StmtRaise(raise) => {
                let is_it = |value: &Expr| value.as_name_expr().is_some_and(|name| name.id == self.name);
                // As the cause it is only a part of a traceback.
                if let Some(raised) = raise.exc.as_deref().filter(|raised| !is_it(raised)) {
                    self.visit_expr(raised);
                }
                TraversalSignal::Skip
            }
            AnyNodeRef::Keyword(keyword) if keyword.arg.as_ref().is_some_and(|name| name.as_str() == "exc_info") => TraversalSignal::Skip,
            AnyNodeRef::ExprAttribute(attribute) if self.is_group && attribute.attr.as_str() == "exceptions" => TraversalSignal::Skip,
            AnyNodeRef::ExprName(name) if name.id == self.name => {
                self.is_shown = true;
                TraversalSignal::Skip
            }
            _ => TraversalSignal::Traverse,
        }
    }
}
