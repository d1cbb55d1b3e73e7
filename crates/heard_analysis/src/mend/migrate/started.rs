//! Tasks that are started right before their gather move into the group.

use ruff_python_ast::visitor::{Visitor, walk_expr};
use ruff_python_ast::{AnyNodeRef, Expr, ExprCall, Stmt};
use ruff_text_size::{Ranged, TextRange, TextSize};

use super::super::Mender;
use super::super::draft::{Draft, Layout};
use super::super::tree::Path;
use super::children::{Child, Children};

impl<'m, 'db> Mender<'_, 'm, 'db, '_> {
    /// The edits that put the statements which start the tasks into the block of a group; `None` where something else
    /// happens between them and the gather.
    pub(super) fn started_in_group(
        &self,
        path: &Path<'m>,
        awaited: TextRange,
        children: &Children<'m>,
        header: &str,
        group: &str,
        mut draft: Draft<'m, 'db>,
    ) -> Option<Draft<'m, 'db>> {
        let layout = Layout::of(self.module);
        let step = layout.step();
        let (block, place) = path.block()?;
        let statement = path.statement()?;
        let names = names_of(children)?;
        let mut first = place;
        while let Some(before) = first.checked_sub(1)
            && starts_only(&block[before], &names)
        {
            first = before;
        }
        let run = &block[first..place];
        let is_bound_in = |name: &&str| run.iter().any(|one| binds(one, name));
        if run.is_empty() || !names.iter().all(is_bound_in) {
            return None;
        }
        let stretch = TextRange::new(run.first()?.start(), run.last()?.end());
        let indent = layout.indent(stretch.start())?;
        if layout.indent(statement.start())? != indent || !layout.ends_line(stretch.end()) {
            return None;
        }
        draft.insert(stretch.start(), format!("{header}\n{indent}{step}"));
        draft.lines_in(stretch, step)?;
        for call in self.starters_in(run) {
            draft.replace(call.func.range(), format!("{group}.create_task"));
        }
        let is_dropped = matches!(statement, AnyNodeRef::StmtExpr(inner) if inner.value.range() == awaited);
        if is_dropped && !self.is_displayed(statement) {
            if !layout.ends_line(statement.end()) {
                return None;
            }
            let line_end = layout.line_end(statement.end());
            let rest = self.text(TextRange::new(statement.end(), line_end)).trim();
            let is_alone = rest.is_empty() && self.comments_in(statement.range()).is_empty();
            if !is_alone {
                return None;
            }
            // The line goes with the line end before it.
            let start = layout.line_start(statement.start());
            let before = self.module.text()[..start.to_usize()].trim_end_matches(['\r', '\n']).len();
            let from = TextSize::try_from(before).ok()?.max(stretch.end());
            draft.replace(TextRange::new(from, line_end), "");
        } else {
            draft.replace(awaited, self.results_from(path, children)?);
        }
        Some(draft)
    }

    /// The results of the tasks, in the order of the arguments.
    fn results_from(&self, path: &Path<'m>, children: &Children<'m>) -> Option<String> {
        let task = self.free_name(self.scope_of(path), &["task", "child"]);
        if let [Child::Tasks(all)] = &*children.arguments {
            return Some(format!("[{task}.result() for {task} in {}]", self.text(all.range())));
        }
        let one = |child: &Child<'m>| match child {
            Child::Task(name) => Some(format!("{}.result()", self.text(name.range()))),
            Child::Tasks(all) => Some(format!("*({task}.result() for {task} in {})", self.text(all.range()))),
            _ => None,
        };
        let results: Vec<String> = children.arguments.iter().map(one).collect::<Option<_>>()?;
        Some(format!("[{}]", results.join(", ")))
    }

    /// The calls in statements that start tasks.
    fn starters_in(&self, statements: &'m [Stmt]) -> Vec<&'m ExprCall> {
        struct Starters<'f, 'm> {
            is_one: &'f dyn Fn(&ExprCall) -> bool,
            found: Vec<&'m ExprCall>,
        }
        impl<'m> Visitor<'m> for Starters<'_, 'm> {
            fn visit_expr(&mut self, expression: &'m Expr) {
                if let Expr::Call(call) = expression
                    && (self.is_one)(call)
                {
                    self.found.push(call);
                }
                walk_expr(self, expression);
            }
        }
        let mut starters = Starters { is_one: &|call| self.starts_task(call), found: Vec::new() };
        starters.visit_body(statements);
        starters.found
    }
}

/// The names that hold the tasks, where all children are tasks.
fn names_of<'m>(children: &Children<'m>) -> Option<Vec<&'m str>> {
    let name = |child: &Child<'m>| match child {
        Child::Task(Expr::Name(name)) | Child::Tasks(Expr::Name(name)) => Some(name.id.as_str()),
        Child::Tasks(Expr::Call(values)) => values.func.as_attribute_expr()?.value.as_name_expr().map(|name| name.id.as_str()),
        _ => None,
    };
    children.arguments.iter().map(name).collect()
}

fn binds(statement: &Stmt, name: &str) -> bool {
    let is_it = |target: &Expr| target.as_name_expr().is_some_and(|target| target.id == name);
    match statement {
        Stmt::Assign(assign) => assign.targets.iter().any(is_it),
        Stmt::AnnAssign(assign) => is_it(&assign.target),
        _ => false,
    }
}

/// Whether a statement does nothing but to start tasks and put them in one of `names`.
fn starts_only(statement: &Stmt, names: &[&str]) -> bool {
    let is_name = |expression: &Expr| expression.as_name_expr().is_some_and(|name| names.contains(&name.id.as_str()));
    let is_plain = |value: &Expr| !super::rewrite::has_await(value);
    match statement {
        Stmt::Assign(assign) => match &*assign.targets {
            [Expr::Subscript(target)] => is_name(&target.value) && is_plain(&assign.value),
            [target] => is_name(target) && is_plain(&assign.value),
            _ => false,
        },
        Stmt::AnnAssign(assign) => is_name(&assign.target) && assign.value.as_deref().is_some_and(is_plain),
        Stmt::Expr(inner) => {
            let Expr::Call(call) = &*inner.value else { return false };
            let method = call.func.as_attribute_expr().filter(|method| method.attr.as_str() == "append");
            method.is_some_and(|method| is_name(&method.value)) && is_plain(&inner.value)
        }
        Stmt::For(inner) => {
            !inner.is_async && inner.orelse.is_empty() && is_plain(&inner.iter) && inner.body.iter().all(|one| starts_only(one, names))
        }
        Stmt::If(inner) => {
            let clauses = inner.elif_else_clauses.iter();
            is_plain(&inner.test)
                && inner.body.iter().all(|one| starts_only(one, names))
                && clauses
                    .into_iter()
                    .all(|clause| clause.test.as_ref().is_none_or(is_plain) && clause.body.iter().all(|one| starts_only(one, names)))
        }
        _ => false,
    }
}
