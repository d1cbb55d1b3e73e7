//! Results that have lost the order of their inputs: the tasks are taken in the order in which they were made.

use ruff_python_ast::{AnyNodeRef, Expr, ExprCall, ExprName, StmtAssign};
use ruff_text_size::{Ranged, TextRange, TextSize};

use super::Mender;
use super::draft::Draft;
use super::tree::Path;
use super::waits::waits_for_all;
use crate::edit::Fix;
use crate::facts::{Kind, Local};
use crate::finding::Finding;

impl<'m, 'db> Mender<'_, 'm, 'db, '_> {
    /// What is zipped has the order of the inputs. That is not safe: what came first came first.
    pub(super) fn in_order(&self, finding: &Finding) -> Option<Fix> {
        let path = self.path(&finding.span)?;
        let mut arguments = path.call()?.arguments.args.iter();
        let draft = arguments.find_map(|argument| match argument {
            Expr::Call(call) => self.completed_in_order(&path, call),
            Expr::Name(name) => match self.taken_from(&path, name) {
                Some(Expr::Call(completed)) => self.completed_in_order(&path, completed),
                Some(Expr::Name(outcomes)) => self.done_in_order(&path, outcomes).or_else(|| self.listed(&path, outcomes)),
                Some(_) => None,
                None => self.done_in_order(&path, name).or_else(|| self.listed(&path, name)),
            },
            Expr::Await(awaited) => match awaited.value.as_call_expr().map(|call| &*call.arguments.args) {
                Some([Expr::Starred(all)]) => self.listed(&path, all.value.as_name_expr()?),
                _ => None,
            },
            _ => None,
        })?;
        draft.finish(false, "await the tasks in the order of their inputs")
    }

    /// The tasks themselves in place of `as_completed` of them.
    fn completed_in_order(&self, path: &Path<'m>, completed: &'m ExprCall) -> Option<Draft<'m, 'db>> {
        let name = self.module.callee(completed).and_then(|callee| callee.name)?;
        let ([work], []) = (&*completed.arguments.args, &*completed.arguments.keywords) else { return None };
        if name != "asyncio.tasks.as_completed" {
            return None;
        }
        let (elements, brackets) = match work {
            Expr::Name(tasks) => {
                let made = self.elements_of(completed, tasks)?;
                if !made.iter().all(|call| self.finder.makes(call) == Some(Kind::Task)) {
                    return None;
                }
                (Vec::new(), ("", ""))
            }
            Expr::ListComp(list) => (vec![&*list.elt], ("", "")),
            Expr::List(list) => (list.elts.iter().collect(), ("", "")),
            Expr::Generator(generator) if generator.parenthesized => return None,
            Expr::Generator(generator) => (vec![&*generator.elt], ("[", "]")),
            _ => return None,
        };
        let mut draft = self.draft();
        draft.replace(TextRange::new(completed.start(), work.start()), brackets.0);
        draft.replace(TextRange::new(work.end(), completed.end()), brackets.1);
        for element in elements {
            let call = element.as_call_expr()?;
            match self.finder.makes(call)? {
                Kind::Coroutine => {
                    let asyncio = self.asyncio_of(&completed.func, self.frame_at(path), &mut draft)?;
                    draft.wrap(call.range(), format!("{asyncio}.create_task("), ")");
                }
                Kind::Task => {}
                _ => return None,
            }
        }
        Some(draft)
    }

    /// The list that a wait was given, in place of the set of those that are done.
    fn done_in_order(&self, path: &Path<'m>, done: &'m ExprName) -> Option<Draft<'m, 'db>> {
        let assign = self.only_assignment(path, done)?;
        let is_done = matches!(&*assign.targets, [Expr::Tuple(pair)] if pair.elts.first().and_then(Expr::as_name_expr).is_some_and(|name| name.id == done.id));
        let wait = assign.value.as_await_expr()?.value.as_call_expr()?;
        let name = self.module.callee(wait).and_then(|callee| callee.name)?;
        if !is_done || name != "asyncio.tasks.wait" || !waits_for_all(wait) {
            return None;
        }
        let mut draft = self.draft();
        let tasks = match wait.arguments.args.first()? {
            Expr::Name(tasks) if matches!(self.only_assignment(path, tasks)?.value.as_ref(), Expr::List(_) | Expr::ListComp(_)) => {
                tasks.id.to_string()
            }
            made @ (Expr::List(_) | Expr::ListComp(_)) => {
                let tasks = self.free_name(self.scope_of(path), &["tasks", "started"]);
                draft.lines_before(assign.range(), &[format!("{tasks} = {}", self.text(made.range()))])?;
                draft.replace(made.range(), tasks.clone());
                tasks
            }
            _ => return None,
        };
        draft.replace(done.range(), tasks);
        Some(draft)
    }

    /// A list of the tasks in place of a set of them, where nothing is done with the set that a list does not do.
    fn listed(&self, path: &Path<'m>, tasks: &ExprName) -> Option<Draft<'m, 'db>> {
        let assign = self.only_assignment(path, tasks)?;
        let set = assign.value.as_set_comp_expr()?;
        let is_walked = |range: TextRange| {
            let around = Path::to(self.module, range);
            match around.parents().find(|node| !matches!(node, AnyNodeRef::Arguments(_) | AnyNodeRef::ExprStarred(_))) {
                Some(AnyNodeRef::ExprCall(call)) => call.func.range() != range,
                Some(AnyNodeRef::StmtFor(each)) => each.iter.range() == range,
                Some(AnyNodeRef::Comprehension(part)) => part.iter.range() == range,
                _ => false,
            }
        };
        let local = Local { frame: self.frame_at(path), name: tasks.id.clone() };
        let variable = self.finder.flow.body.variables.get(&local)?;
        let is_task = set.elt.as_call_expr().and_then(|call| self.finder.makes(call)) == Some(Kind::Task);
        if !is_task || !variable.loads.iter().all(|load| is_walked(load.range)) {
            return None;
        }
        let mut draft = self.draft();
        let one = TextSize::from(1);
        draft.replace(TextRange::new(set.start(), set.start() + one), "[");
        draft.replace(TextRange::new(set.end() - one, set.end()), "]");
        Some(draft)
    }

    /// What a list of results was made of: `done` for `[task.result() for task in done]`, or for a loop that appends
    /// to it.
    fn taken_from(&self, path: &Path<'m>, results: &ExprName) -> Option<&'m Expr> {
        match &*self.only_assignment(path, results)?.value {
            Expr::ListComp(list) => {
                let [part] = &*list.generators else { return None };
                Some(&part.iter).filter(|_| part.ifs.is_empty() && !part.is_async)
            }
            Expr::List(list) if list.elts.is_empty() => {
                let local = Local { frame: self.frame_at(path), name: results.id.clone() };
                let loads = &self.finder.flow.body.variables.get(&local)?.loads;
                let mut loops = loads.iter().filter_map(|load| self.loop_that_appends(load.range));
                loops.next().filter(|_| loops.next().is_none())
            }
            _ => None,
        }
    }

    /// What the loop goes over whose statement appends to the list at this place.
    fn loop_that_appends(&self, list: TextRange) -> Option<&'m Expr> {
        let path = Path::to(self.module, list);
        let AnyNodeRef::StmtExpr(statement) = path.statement()? else { return None };
        let method = statement.value.as_call_expr()?.func.as_attribute_expr()?;
        let appends = method.attr.as_str() == "append" && method.value.range() == list;
        let (block, _) = path.block().filter(|_| appends)?;
        path.upwards().find_map(|node| match node {
            AnyNodeRef::StmtFor(around) if !around.is_async && around.body.as_ptr() == block.as_ptr() => Some(&*around.iter),
            _ => None,
        })
    }

    /// The one statement that binds a local name, alone or with others.
    fn only_assignment(&self, path: &Path<'m>, name: &ExprName) -> Option<&'m StmtAssign> {
        self.bound_once(&Local { frame: self.frame_at(path), name: name.id.clone() })?;
        path.assignment_of(&name.id)?.as_assign_stmt()
    }
}
