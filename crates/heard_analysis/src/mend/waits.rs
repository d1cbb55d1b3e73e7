//! What `asyncio.wait` leaves: outcomes that nobody reads, and tasks that nobody ends.

use ruff_python_ast::{AnyNodeRef, Expr, ExprCall, Stmt};
use ruff_text_size::{Ranged, TextRange};

use super::Mender;
use super::draft::{Draft, Layout};
use super::hearers::Done;
use super::tree::Path;
use crate::edit::Fix;
use crate::facts::Birth;
use crate::finding::Finding;

/// One of the two sets that a wait gives.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Done,
    Pending,
}

impl<'m> Mender<'_, 'm, '_, '_> {
    /// The tasks that are done are read, and their failures logged. That is safe: nothing else changes.
    pub(super) fn done_read(&self, finding: &Finding) -> Option<Fix> {
        let path = self.path(&finding.span)?;
        let mut draft = self.draft();
        if waits_for_all(path.call()?) {
            self.log_done(&path, &mut draft)?;
        } else {
            // Some are not done behind it: each tells its failure whenever that comes.
            let tasks = path.call()?.arguments.args.first().filter(|tasks| tasks.is_name_expr())?;
            let log = self.logging_callback(&path, Done::Asyncio, &mut draft)?;
            let task = self.free_name(self.scope_of(&path), &["task", "started"]);
            let step = Layout::of(self.module).step();
            let lines = [format!("for {task} in {}:", self.text(tasks.range())), format!("{step}{task}.add_done_callback({log})")];
            draft.lines_before(path.statement()?.range(), &lines)?;
        }
        draft.finish(true, "log the failures of the tasks")
    }

    /// Behind a wait for all of its tasks, their failures are logged.
    pub(super) fn log_done(&self, path: &Path<'m>, draft: &mut Draft) -> Option<()> {
        let log = self.logging_callback(path, Done::Asyncio, draft)?;
        let done = self.part(path, Part::Done, draft)?;
        let task = self.free_name(self.scope_of(path), &["task", "finished"]);
        let step = Layout::of(self.module).step();
        let lines = [format!("for {task} in {done}:"), format!("{step}{log}({task})")];
        draft.lines_behind(path.statement()?.range(), &lines)
    }

    /// The tasks that are not done are cancelled and awaited. That is not safe: until now they ran on.
    pub(super) fn pending_ended(&self, birth: &Birth, finding: &Finding) -> Option<Fix> {
        let (_, is_cancelled) = birth.abandoned.as_ref()?;
        let path = self.path(&finding.span)?;
        let call = path.call()?;
        let (block, place) = path.block()?;
        let mut draft = self.draft();
        let asyncio = self.asyncio_of(&call.func, self.frame_at(&path), &mut draft)?;
        let step = Layout::of(self.module).step();
        let task = self.free_name(self.scope_of(&path), &["task", "unfinished"]);
        let title = "cancel and await what is still running";
        let before = draft.len();
        let is_statement = matches!(path.statement()?, AnyNodeRef::StmtExpr(_));
        let given = is_statement.then(|| names_of(call)).flatten();
        let Some(names) = given else {
            let pending = self.part(&path, Part::Pending, &mut draft)?;
            let mut lines = vec![format!("for {task} in {pending}:"), format!("{step}{task}.cancel()")];
            let mut behind = block.get(place)?;
            if *is_cancelled {
                let cancels =
                    |one: &&Stmt| self.mentions(one.range(), std::slice::from_ref(&pending)) && self.text(one.range()).contains(".cancel(");
                behind = block[place..].iter().find(cancels)?;
                lines.clear();
            }
            lines.push(format!("await {asyncio}.gather(*{pending}, return_exceptions=True)"));
            if self.is_displayed(behind) {
                return None;
            }
            draft.lines_behind(behind.range(), &lines)?;
            return draft.finish(false, title);
        };
        draft.truncate(before);
        // A task that is cancelled is done: whoever asks for that comes first.
        let last = block[place..].iter().rfind(|one| self.mentions(one.range(), &names))?;
        if last.is_return_stmt() || last.is_raise_stmt() || self.is_displayed(last) {
            return None;
        }
        let (each, all) = match &*names {
            [one] if is_collection(call) => (one.clone(), format!("*{one}")),
            [one] => (format!("({one},)"), one.clone()),
            several => (format!("({})", several.join(", ")), several.join(", ")),
        };
        let lines = [
            format!("for {task} in {each}:"),
            format!("{step}{task}.cancel()"),
            format!("await {asyncio}.gather({all}, return_exceptions=True)"),
        ];
        draft.lines_behind(last.range(), &lines)?;
        draft.finish(false, title)
    }

    /// The name of a set that a wait gives, which gets one where it has none.
    fn part(&self, path: &Path<'m>, part: Part, draft: &mut Draft) -> Option<String> {
        let AnyNodeRef::ExprAwait(awaited) = path.parents().next()? else { return None };
        let scope = self.scope_of(path);
        let new_name = || self.free_name(scope, if part == Part::Done { &["done", "finished"] } else { &["pending", "unfinished"] });
        let index = usize::from(part == Part::Pending);
        match path.statement()? {
            AnyNodeRef::StmtExpr(statement) if statement.value.range() == awaited.range() && !self.is_displayed(statement) => {
                let other = if self.module.words(scope).any(|word| word == "_") {
                    self.free_name(scope, &["rest", "others"])
                } else {
                    "_".to_owned()
                };
                let name = new_name();
                let names = if part == Part::Done { [&*name, &*other] } else { [&*other, &*name] };
                draft.insert(statement.start(), format!("{} = ", names.join(", ")));
                Some(name)
            }
            AnyNodeRef::StmtAssign(assign) if assign.value.range() == awaited.range() => match &*assign.targets {
                [Expr::Tuple(tuple)] if tuple.elts.len() == 2 => {
                    let target = tuple.elts.get(index)?.as_name_expr()?;
                    if !target.id.starts_with('_') {
                        return Some(target.id.to_string());
                    }
                    let name = new_name();
                    draft.replace(target.range(), name.clone());
                    Some(name)
                }
                [Expr::Name(both)] => Some(format!("{}[{index}]", both.id)),
                _ => None,
            },
            _ => None,
        }
    }

    fn mentions(&self, range: TextRange, names: &[String]) -> bool {
        self.module.words(range).any(|word| names.iter().any(|name| name == word))
    }
}

/// Whether a wait ends when all of its tasks are done, and not before.
pub(super) fn waits_for_all(wait: &ExprCall) -> bool {
    wait.arguments.keywords.is_empty()
}

/// The names that a wait is given, alone or in a collection that is made on the spot.
fn names_of(call: &ExprCall) -> Option<Vec<String>> {
    let elements = match call.arguments.args.first()? {
        Expr::Name(name) => return Some(vec![name.id.to_string()]),
        Expr::List(list) => &list.elts,
        Expr::Tuple(tuple) => &tuple.elts,
        Expr::Set(set) => &set.elts,
        _ => return None,
    };
    elements.iter().map(|element| element.as_name_expr().map(|name| name.id.to_string())).collect()
}

fn is_collection(call: &ExprCall) -> bool {
    call.arguments.args.first().is_some_and(Expr::is_name_expr)
}
