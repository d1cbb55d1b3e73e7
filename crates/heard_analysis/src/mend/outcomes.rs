//! What a gather collects: it is looked at, or collected at all.

use ruff_python_ast::{AnyNodeRef, Expr, ExprCall};
use ruff_text_size::{Ranged, TextRange, TextSize};

use super::draft::{Draft, Layout};
use super::migrate::is_first;
use super::tree::Path;
use super::{FixStyle, Mender};
use crate::edit::Fix;
use crate::facts::{Birth, FailureTest};

impl<'m> Mender<'_, 'm, '_, '_> {
    /// The failures among what a gather gives are logged. That is safe: nothing else is done with them.
    pub(super) fn outcomes_told(&self, birth: &Birth) -> Option<Fix> {
        self.failures_logged(&self.path(&birth.site.span)?)
    }

    /// The same of the gather that `path` leads to.
    pub(super) fn failures_logged(&self, path: &Path<'m>) -> Option<Fix> {
        if let Some(fix) = self.collected_by_heard(path) {
            return Some(fix);
        }
        let awaited = self.awaited_through(path)?;
        let scope = self.scope_of(path);
        let mut draft = self.draft();
        let statement = path.statement()?;
        let is_value = |value: &Expr| value.range() == awaited;
        let results = match statement {
            AnyNodeRef::StmtExpr(inner) if is_value(&inner.value) => {
                let name = self.free_name(scope, &["results", "outcomes"]);
                draft.insert(inner.start(), format!("{name} = "));
                name
            }
            AnyNodeRef::StmtAssign(assign) if is_value(&assign.value) => self.named(assign.targets.first()?)?,
            AnyNodeRef::StmtAnnAssign(assign) if assign.value.as_deref().is_some_and(is_value) => self.named(&assign.target)?,
            statement if is_first(statement, awaited) => {
                let name = self.free_name(scope, &["results", "outcomes"]);
                let mut lines = vec![format!("{name} = {}", self.text(awaited))];
                lines.extend(self.lines_that_log(path, &name, &mut draft)?);
                draft.lines_before(statement.range(), &lines)?;
                self.named_instead(path, awaited, name, &mut draft);
                return draft.finish(true, "log the failures among the results");
            }
            _ => return None,
        };
        let lines = self.lines_that_log(path, &results, &mut draft)?;
        draft.lines_behind(statement.range(), &lines)?;
        draft.finish(true, "log the failures among the results")
    }

    /// `heard.outcomes` in place of a gather whose results nobody takes, where the project depends on heard: it tells of each
    /// failure that nobody reads.
    fn collected_by_heard(&self, path: &Path<'m>) -> Option<Fix> {
        let is_wanted = self.fixing.depends_on_heard && matches!(self.fixing.style, None | Some(FixStyle::Heard));
        let call = path.call().filter(|call| is_wanted && self.finder.is_gather(call))?;
        let AnyNodeRef::ExprAwait(awaited) = path.parents().next()? else { return None };
        let AnyNodeRef::StmtExpr(statement) = path.statement()? else { return None };
        let [keyword] = &*call.arguments.keywords else { return None };
        let last = call.arguments.args.last()?;
        let between = TextRange::new(last.end().min(keyword.end()), keyword.end());
        let is_last = last.end() < keyword.start() && self.comments_in(between).is_empty();
        if statement.value.range() != awaited.range() || self.is_displayed(statement) || !is_last {
            return None;
        }
        let mut draft = self.draft();
        let heard = self.imported("heard", self.frame_at(path), &mut draft)?;
        draft.replace(call.func.range(), format!("{heard}.outcomes"));
        draft.replace(between, "");
        if let [Expr::Starred(all)] = &*call.arguments.args {
            draft.replace(TextRange::new(all.start(), all.value.start()), "");
        } else {
            let one = TextSize::from(1);
            draft.wrap(TextRange::new(call.arguments.start() + one, call.arguments.end() - one), "[", "]");
        }
        draft.finish(true, "collect them with `heard.outcomes`")
    }

    /// The `await` that gives what an awaitable gives: its own, or that of a `wait_for` or `shield` around it.
    fn awaited_through(&self, path: &Path<'m>) -> Option<TextRange> {
        let mut inner = path.place();
        for node in path.parents() {
            match node {
                AnyNodeRef::ExprAwait(_) => return Some(node.range()),
                AnyNodeRef::Arguments(_) => {}
                AnyNodeRef::ExprCall(around) => {
                    let name = self.module.callee(around).and_then(|callee| callee.name)?;
                    let is_first = around.arguments.args.first().is_some_and(|first| first.range() == inner);
                    if !is_first || !matches!(&*name, "asyncio.tasks.wait_for" | "asyncio.tasks.shield") {
                        return None;
                    }
                    inner = around.range();
                }
                _ => return None,
            }
        }
        None
    }

    /// Puts a name in the place of an `await`, and of the brackets that an `await` needs where something is taken of it.
    pub(super) fn named_instead(&self, path: &Path<'m>, awaited: TextRange, name: String, draft: &mut Draft) {
        let is_taken_of = path.upwards().any(|node| match node {
            AnyNodeRef::ExprSubscript(subscript) => subscript.value.range() == awaited,
            AnyNodeRef::ExprAttribute(attribute) => attribute.value.range() == awaited,
            _ => false,
        });
        let (one, text) = (TextSize::from(1), self.module.text());
        let is_in_brackets = text[..awaited.start().to_usize()].ends_with('(') && text[awaited.end().to_usize()..].starts_with(')');
        let range = if is_taken_of && is_in_brackets { TextRange::new(awaited.start() - one, awaited.end() + one) } else { awaited };
        draft.replace(range, name);
    }

    fn lines_that_log(&self, path: &Path<'m>, results: &str, draft: &mut Draft) -> Option<Vec<String>> {
        let frame = self.frame_at(path);
        let logger = self.logger(frame, draft)?;
        let result = self.free_name(self.scope_of(path), &["result", "outcome", "gathered"]);
        let step = Layout::of(self.module).step();
        Some(vec![
            format!("for {result} in {results}:"),
            format!("{step}if isinstance({result}, BaseException):"),
            format!("{step}{step}{logger}.error(\"gathered work failed\", exc_info={result})"),
        ])
    }

    /// How what is bound to `target` can be written again, as something to iterate.
    fn named(&self, target: &Expr) -> Option<String> {
        match target {
            target if super::tree::is_plain_place(target) => Some(self.text(target.range()).to_owned()),
            Expr::Tuple(_) | Expr::List(_) => {
                let parts = match target {
                    Expr::Tuple(tuple) => &tuple.elts,
                    Expr::List(list) => &list.elts,
                    _ => return None,
                };
                let is_known = |part: &Expr| match part {
                    Expr::Starred(starred) => super::tree::is_plain_place(&starred.value),
                    part => super::tree::is_plain_place(part),
                };
                let names: Vec<&str> = parts.iter().map(|part| is_known(part).then(|| self.text(part.range()))).collect::<Option<_>>()?;
                let end = if names.len() == 1 { "," } else { "" };
                Some(format!("({}{end})", names.join(", ")))
            }
            _ => None,
        }
    }

    /// The gather collects the failures that are tested for. That is not safe: until now it raised the first.
    pub(super) fn failures_collected(&self, test: &FailureTest) -> Option<Fix> {
        let path = self.path(&test.gather)?;
        let call = path.call()?;
        let mut draft = self.draft();
        match call.arguments.find_keyword("return_exceptions") {
            Some(keyword) => draft.replace(keyword.value.range(), "True"),
            None => self.argument_added(call, "return_exceptions=True", &mut draft)?,
        }
        let tests = self.path(&test.site.span)?;
        if let Some(isinstance) = tests.upwards().find_map(|node| match node {
            AnyNodeRef::ExprCall(call) if Self::is_called(&call.func, "isinstance") => Some(call),
            _ => None,
        }) && let Some(Expr::Name(kind)) = isinstance.arguments.args.get(1)
            && kind.id == "Exception"
        {
            // What is collected may be a cancellation too.
            draft.replace(kind.range(), "BaseException");
        }
        let is_filter = tests.upwards().take_while(|node| !node.is_statement()).any(|node| matches!(node, AnyNodeRef::Comprehension(_)));
        if test.only_filters || is_filter {
            let AnyNodeRef::StmtAssign(assign) = path.statement()? else { return None };
            let results = self.named(assign.targets.first()?)?;
            let lines = self.lines_that_log(&path, &results, &mut draft)?;
            draft.lines_behind(assign.range(), &lines)?;
        }
        draft.finish(false, "collect the failures with `return_exceptions=True`")
    }

    /// Puts an argument behind the last one of a call, in the layout that they have.
    fn argument_added(&self, call: &ExprCall, argument: &str, draft: &mut Draft) -> Option<()> {
        let layout = Layout::of(self.module);
        let ends = call.arguments.args.iter().map(Ranged::range).chain(call.arguments.keywords.iter().map(Ranged::range));
        let last = ends.max_by_key(Ranged::end)?;
        if matches!(&*call.arguments.args, [Expr::Generator(only)] if !only.parenthesized) {
            return None;
        }
        let close = call.arguments.end() - TextSize::from(1);
        let behind = TextRange::new(last.end(), close);
        let comma = self.commas(behind).next();
        match (comma, layout.indent(last.start())) {
            (Some(comma), Some(indent)) if layout.indent(close).is_some() => {
                // Each has a line of its own: so has this one, behind the comments of the last.
                let end = layout.line_end(comma.end());
                let at = if end < close { end } else { comma.end() };
                draft.insert(at, format!("\n{indent}{argument},"));
            }
            (Some(comma), _) => draft.insert(comma.end(), format!(" {argument}")),
            (None, _) => draft.insert(last.end(), format!(", {argument}")),
        }
        Some(())
    }
}
