//! The functions that fixes put in a module, so that a failure is told: one that logs, and one that holds a task.

use ruff_python_ast::{AnyNodeRef, Expr, Stmt, StmtFunctionDef};
use ruff_text_size::{Ranged, TextRange, TextSize};

use super::Mender;
use super::draft::{Draft, Layout};
use super::tree::Path;
use crate::facts::last_name;

/// What is done by a future, so how its type is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Done {
    /// A task or future of asyncio.
    Asyncio,
    /// A future of `concurrent.futures`.
    Thread,
}

impl<'m> Mender<'_, 'm, '_, '_> {
    /// The name of a function that logs the failure of what is done, which is put in where it is not there.
    pub(super) fn logging_callback(&self, path: &Path<'m>, done: Done, draft: &mut Draft) -> Option<String> {
        let logger = self.logger(0, draft)?;
        let parameter = if done == Done::Thread { "future" } else { "task" };
        let kind = self.written_kind(done);
        let step = Layout::of(self.module).step();
        let body = |name: &str| {
            let (typed, returns) = kind.as_ref().map_or((String::new(), ""), |kind| (format!(": \"{kind}\""), " -> None"));
            format!(
                "def {name}({parameter}{typed}){returns}:\n\
                 {step}if not {parameter}.cancelled() and (error := {parameter}.exception()) is not None:\n\
                 {step}{step}{logger}.error(\"%r failed\", {parameter}, exc_info=error)\n"
            )
        };
        let names: &[&str] = if done == Done::Thread { &["_log_thread_failure", "_log_failure"] } else { &["_log_failure"] };
        self.function(path, names, body, draft)
    }

    /// The name of a function that holds a task until it is done and logs its failure.
    pub(super) fn keeping(&self, path: &Path<'m>, draft: &mut Draft) -> Option<String> {
        let names: &[&str] = &["_keep"];
        let kind = self.written_kind(Done::Asyncio);
        let step = Layout::of(self.module).step();
        let holder = |name: &str| format!("{}s", name.replace("_keep", "_kept_task"));
        let before = draft.len();
        let log = self.logging_callback(path, Done::Asyncio, draft)?;
        let body = |name: &str| {
            let (set, typed, returns) = match &kind {
                Some(kind) => (format!(": \"set[{kind}]\""), format!(": \"{kind}\""), format!(" -> \"{kind}\"")),
                None => (String::new(), String::new(), String::new()),
            };
            let kept = holder(name);
            format!(
                "{kept}{set} = set()\n\n\n\
                 def {name}(task{typed}){returns}:\n\
                 {step}\"\"\"Holds a task until it is done, and logs its failure.\"\"\"\n\
                 {step}{kept}.add(task)\n\
                 {step}task.add_done_callback({kept}.discard)\n\
                 {step}task.add_done_callback({log})\n\
                 {step}return task\n"
            )
        };
        if let Some(known) = self.known_function(names, &body) {
            draft.truncate(before);
            return Some(known);
        }
        if !self.is_unused(&holder("_keep")) {
            return None;
        }
        self.function(path, names, body, draft)
    }

    /// The name of a function that has the failure of a thread's future logged, and gives the future back.
    pub(super) fn watching(&self, path: &Path<'m>, draft: &mut Draft) -> Option<String> {
        let step = Layout::of(self.module).step();
        let kind = self.written_kind(Done::Thread);
        let before = draft.len();
        let log = self.logging_callback(path, Done::Thread, draft)?;
        let body = |name: &str| {
            let (typed, returns) = kind.as_ref().map_or_else(Default::default, |kind| (format!(": \"{kind}\""), format!(" -> \"{kind}\"")));
            format!("def {name}(future{typed}){returns}:\n{step}future.add_done_callback({log})\n{step}return future\n")
        };
        if let Some(known) = self.known_function(&["_watch"], &body) {
            draft.truncate(before);
            return Some(known);
        }
        self.function(path, &["_watch"], body, draft)
    }

    /// What logs: the module's own logger where `frame` sees it, or one that `logging` gives.
    pub(super) fn logger(&self, frame: usize, draft: &mut Draft) -> Option<String> {
        let makes_logger = |value: &Expr| {
            let call = value.as_call_expr()?;
            let name = self.module.callee(call)?.name?;
            (name == "logging.getLogger" || name == "logging.Logger").then_some(())
        };
        let own = self.module.body().iter().find_map(|statement| {
            let (target, value) = match statement {
                Stmt::Assign(assign) => (assign.targets.first()?, &*assign.value),
                Stmt::AnnAssign(assign) => (&*assign.target, assign.value.as_deref()?),
                _ => return None,
            };
            makes_logger(value)?;
            target.as_name_expr().map(|name| name.id.to_string())
        });
        if let Some(own) = own.filter(|own| self.is_seen(own, frame)) {
            return Some(own);
        }
        let logging = self.imported("logging", frame, draft)?;
        Some(format!("{logging}.getLogger(__name__)"))
    }

    /// How the type of what is done is written, in a module whose functions say such things.
    fn written_kind(&self, done: Done) -> Option<String> {
        if !self.module.body().iter().any(is_typed) {
            return None;
        }
        let asyncio = self.asyncio_name();
        match done {
            Done::Asyncio => asyncio.map(|asyncio| format!("{asyncio}.Task[object]")),
            Done::Thread => {
                let imports = self.module.body().iter().filter_map(Stmt::as_import_from_stmt);
                let mut futures = imports.filter(|import| import.module.as_deref() == Some("concurrent.futures"));
                let is_known =
                    futures.any(|import| import.names.iter().any(|alias| alias.name.as_str() == "Future" && alias.asname.is_none()));
                is_known.then(|| "Future[object]".to_owned())
            }
        }
    }

    /// The name of asyncio at the top of the module.
    pub(super) fn asyncio_name(&self) -> Option<String> {
        self.module.body().iter().filter_map(Stmt::as_import_stmt).flat_map(|import| &import.names).find_map(|alias| {
            let is_asyncio = alias.name.as_str() == "asyncio";
            is_asyncio.then(|| alias.asname.as_ref().map_or_else(|| "asyncio".to_owned(), ToString::to_string))
        })
    }

    /// The name of a function of these names whose source is `body`, where one is there already.
    fn known_function(&self, names: &[&str], body: &impl Fn(&str) -> String) -> Option<String> {
        let functions = self.module.body().iter().filter_map(Stmt::as_function_def_stmt);
        let is_it = |function: &&StmtFunctionDef| {
            let name = function.name.as_str();
            let wanted = body(name);
            let wanted = wanted.find("def ").map_or(&*wanted, |start| &wanted[start..]);
            names.iter().any(|stem| name.starts_with(stem)) && words(self.text(function.range())).eq(words(wanted))
        };
        functions.into_iter().find(is_it).map(|function| function.name.to_string())
    }

    /// Puts a function in front of those of the module, unless it is there.
    fn function(&self, path: &Path<'m>, names: &[&str], body: impl Fn(&str) -> String, draft: &mut Draft) -> Option<String> {
        if let Some(known) = self.known_function(names, &body) {
            return Some(known);
        }
        let name = self.free_name(self.everywhere(), names);
        let at = self.place_of_functions(path)?;
        draft.insert(at, format!("{}\n\n", body(&name)));
        Some(name)
    }

    fn is_unused(&self, name: &str) -> bool {
        self.module.words(self.everywhere()).all(|word| word != name)
    }

    /// In front of the first function or class of the module, and of the statement at hand, which may run before.
    fn place_of_functions(&self, path: &Path<'m>) -> Option<TextSize> {
        let layout = Layout::of(self.module);
        let first = self.module.body().iter().find(|statement| statement.is_function_def_stmt() || statement.is_class_def_stmt());
        let own = path.top()?.start();
        let mut at = layout.line_start(first.map_or(own, |first| first.start().min(own)));
        // Comments that stand right above belong to it.
        while at > TextSize::default() {
            let above = layout.line_start(at - TextSize::from(1));
            let line = &self.module.text()[TextRange::new(above, at)];
            if !line.starts_with('#') || self.module.body().first().is_none_or(|first| above < first.start()) {
                break;
            }
            at = above;
        }
        Some(at)
    }
}

/// Whether a function among these, or in a class of them, says what it returns.
fn is_typed(statement: &Stmt) -> bool {
    match statement {
        Stmt::FunctionDef(function) => function.returns.is_some(),
        Stmt::ClassDef(class) => class.body.iter().any(is_typed),
        _ => false,
    }
}

/// The source of a function without its layout and its types.
fn words(source: &str) -> impl Iterator<Item = &str> {
    source.split_whitespace()
}

impl<'m> Mender<'_, 'm, '_, '_> {
    /// The text of asyncio as the function `callee` belongs to it: `aio` for `aio.create_task`, or what is imported.
    pub(super) fn asyncio_of(&self, callee: &Expr, frame: usize, draft: &mut Draft) -> Option<String> {
        if let Expr::Attribute(attribute) = callee
            && let Expr::Name(name) = &*attribute.value
            && self.asyncio_name().is_some_and(|known| known == *name.id)
        {
            return Some(name.id.to_string());
        }
        self.imported("asyncio", frame, draft)
    }

    /// The frame of names that a place of the module belongs to.
    pub(super) fn frame_at(&self, path: &Path<'m>) -> usize {
        let function = path.function().and_then(|function| self.finder.flow.body.frame_of(function));
        function.unwrap_or_default()
    }

    /// Whether what is called has this as its last name.
    pub(super) fn is_called(callee: &Expr, name: &str) -> bool {
        last_name(callee).is_some_and(|last| last == name)
    }

    /// The stretch in which a name of the function around has its meaning.
    pub(super) fn scope_of(&self, path: &Path<'m>) -> TextRange {
        path.upwards().find(|node| matches!(node, AnyNodeRef::StmtFunctionDef(_))).map_or(self.everywhere(), |node| node.range())
    }
}
