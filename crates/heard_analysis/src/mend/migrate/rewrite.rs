//! The text of a `TaskGroup` in the place of a gather.

use ruff_python_ast::token::TokenKind;
use ruff_python_ast::visitor::source_order::{SourceOrderVisitor, TraversalSignal};
use ruff_python_ast::{AnyNodeRef, Expr, ExprCall, ExprGenerator, ExprListComp};
use ruff_text_size::{Ranged, TextRange, TextSize};

use super::super::Mender;
use super::super::draft::{Draft, Layout};
use super::super::tree::Path;
use super::children::{Child, Children};

/// An argument of a gather, with the comments that belong to it.
pub(super) struct Item<'m> {
    child: Child<'m>,
    argument: &'m Expr,
    above: Vec<&'m str>,
    beside: Option<&'m str>,
}

impl<'m, 'db> Mender<'_, 'm, 'db, '_> {
    /// The edits that make a group of an awaited gather; `None` where its statement has no place for a block, or where
    /// something of it runs before.
    pub(super) fn grouped(&self, path: &Path<'m>, call: &ExprCall, children: &Children<'m>) -> Option<Draft<'m, 'db>> {
        let AnyNodeRef::ExprAwait(awaited) = path.parents().next()? else { return None };
        let statement = path.statement()?;
        if !is_first(statement, awaited.range()) {
            return None;
        }
        let layout = Layout::of(self.module);
        let mut draft = self.draft();
        let is_whole = matches!(statement, AnyNodeRef::StmtExpr(inner) if inner.value.range() == awaited.range());
        let is_dropped = is_whole && !self.is_displayed(statement);
        let indent = match layout.indent(statement.start()) {
            Some(indent) if !is_dropped => indent.to_owned(),
            _ => draft.alone(statement.range())?,
        };
        let asyncio = self.asyncio_of(&call.func, self.frame_at(path), &mut draft)?;
        let group = self.free_name(self.scope_of(path), &["group", "task_group"]);
        let header = format!("async with {asyncio}.TaskGroup() as {group}:");
        if children.arguments.iter().any(|child| matches!(child, Child::Task(_) | Child::Tasks(_))) {
            return self.started_in_group(path, awaited.range(), children, &header, &group, draft);
        }
        let step = layout.step();
        let items = self.items(call, &children.arguments)?;
        let arguments = TextRange::new(call.arguments.start() + TextSize::from(1), call.arguments.end() - TextSize::from(1));
        let gives_way = items.iter().any(|item| has_await(item.argument));
        let mut lines: Vec<String> = Vec::new();
        let results;
        if gives_way {
            // All arguments are there before the first child starts.
            if !call.arguments.keywords.is_empty() {
                return None;
            }
            let work = self.free_name(self.scope_of(path), &["work", "coroutines"]);
            let each = self.free_name(self.scope_of(path), &["each", "coroutine"]);
            let tasks = self.free_name(self.scope_of(path), &["tasks", "children"]);
            draft.insert(statement.start(), format!("{work} = [{}]\n{indent}", self.text(arguments)));
            let made = format!("[{group}.create_task({each}) for {each} in {work}]");
            lines.push(if is_dropped { format!("for {each} in {work}:") } else { format!("{tasks} = {made}") });
            if is_dropped {
                lines.push(format!("{step}{group}.create_task({each})"));
            }
            results = self.results_of(path, &tasks);
        } else if is_dropped {
            for item in &items {
                lines.extend(item.above.iter().map(|comment| (*comment).to_owned()));
                self.statement_of(path, item, &group, &mut lines)?;
            }
            results = String::new();
        } else if let Some(names) = Self::names_for(statement, &items) {
            let mut given = Vec::new();
            for (item, name) in items.iter().zip(names) {
                let task = self.free_name(self.scope_of(path), &[&format!("{name}_task"), &format!("{name}_result_task")]);
                lines.extend(item.above.iter().map(|comment| (*comment).to_owned()));
                let beside = item.beside.map_or_else(String::new, |comment| format!("  {comment}"));
                lines.push(format!("{task} = {group}.create_task({}){beside}", self.shifted(item.argument.range(), step)));
                given.push(format!("{task}.result()"));
            }
            results = given.join(", ");
        } else {
            let tasks = self.free_name(self.scope_of(path), &["tasks", "children"]);
            self.list_of(path, &items, &tasks, &group, &mut lines)?;
            results = self.results_of(path, &tasks);
        }
        let line_start = format!("\n{indent}{step}");
        let block = lines.iter().flat_map(|line| [&*line_start, line]).collect::<String>();
        if is_dropped {
            draft.replace(statement.range(), format!("{header}{block}"));
        } else {
            draft.insert(statement.start(), format!("{header}{block}\n{indent}"));
            draft.replace(awaited.range(), results);
        }
        Some(draft)
    }

    fn results_of(&self, path: &Path<'m>, tasks: &str) -> String {
        let task = self.free_name(self.scope_of(path), &["task", "child"]);
        format!("[{task}.result() for {task} in {tasks}]")
    }

    /// The names that results are bound to, one each.
    fn names_for(statement: AnyNodeRef<'m>, items: &[Item<'m>]) -> Option<Vec<&'m str>> {
        let AnyNodeRef::StmtAssign(assign) = statement else { return None };
        let [Expr::Tuple(targets)] = &*assign.targets else { return None };
        let is_alone = |item: &Item| matches!(item.child, Child::Coroutine(_));
        if targets.elts.len() != items.len() || items.len() < 2 || !items.iter().all(is_alone) {
            return None;
        }
        targets.elts.iter().map(|target| target.as_name_expr().map(|name| name.id.as_str()).filter(|name| !name.starts_with('_'))).collect()
    }

    /// A statement that starts the children of one argument.
    fn statement_of(&self, path: &Path<'m>, item: &Item<'m>, group: &str, lines: &mut Vec<String>) -> Option<()> {
        let step = Layout::of(self.module).step();
        let scope = self.scope_of(path);
        let beside = item.beside.map_or_else(String::new, |comment| format!("  {comment}"));
        match item.child {
            Child::Coroutine(argument) => lines.push(format!("{group}.create_task({}){beside}", self.shifted(argument.range(), step))),
            Child::Each(Expr::ListComp(ExprListComp { elt, generators, .. }) | Expr::Generator(ExprGenerator { elt, generators, .. }))
                if generators.len() == 1
                    && !generators[0].is_async
                    && self.is_local(path, &generators[0].target, item.argument.range())
                    && self.comments_in(item.argument.range()).is_empty() =>
            {
                let part = &generators[0];
                let mut inner = String::new();
                lines.push(format!("for {} in {}:{beside}", self.text(part.target.range()), self.shifted(part.iter.range(), step)));
                for test in &part.ifs {
                    inner.push_str(step);
                    lines.push(format!("{inner}if {}:", self.shifted(test.range(), step)));
                }
                lines.push(format!("{inner}{step}{group}.create_task({})", self.shifted(elt.range(), step)));
            }
            Child::Each(all) | Child::All(all) => {
                let each = self.free_name(scope, &["work", "coroutine"]);
                lines.push(format!("for {each} in {}:{beside}", self.shifted(all.range(), step)));
                lines.push(format!("{step}{group}.create_task({each})"));
            }
            Child::Task(_) | Child::Tasks(_) => return None,
        }
        Some(())
    }

    /// A list of the tasks of all arguments.
    fn list_of(&self, path: &Path<'m>, items: &[Item<'m>], tasks: &str, group: &str, lines: &mut Vec<String>) -> Option<()> {
        let step = Layout::of(self.module).step();
        if let [item] = items
            && !matches!(item.child, Child::Coroutine(_))
        {
            lines.extend(item.above.iter().map(|comment| (*comment).to_owned()));
            let beside = item.beside.map_or_else(String::new, |comment| format!("  {comment}"));
            lines.push(format!("{tasks} = {}{beside}", self.tasks_of(path, item, group)?));
            return Some(());
        }
        let element = |item: &Item<'m>| match item.child {
            Child::Coroutine(argument) => Some(format!("{group}.create_task({})", self.shifted(argument.range(), step))),
            _ => Some(format!("*{}", self.tasks_of(path, item, group)?)),
        };
        let elements: Vec<String> = items.iter().map(element).collect::<Option<_>>()?;
        let has_comments = items.iter().any(|item| !item.above.is_empty() || item.beside.is_some());
        let is_long = elements.iter().any(|element| element.contains('\n'));
        if !has_comments
            && !is_long
            && self.text(TextRange::new(items.first()?.argument.start(), items.last()?.argument.end())).lines().count() == 1
        {
            lines.push(format!("{tasks} = [{}]", elements.join(", ")));
            return Some(());
        }
        lines.push(format!("{tasks} = ["));
        for (item, element) in items.iter().zip(elements) {
            lines.extend(item.above.iter().map(|comment| format!("{step}{comment}")));
            let beside = item.beside.map_or_else(String::new, |comment| format!("  {comment}"));
            lines.push(format!("{step}{element},{beside}"));
        }
        lines.push("]".to_owned());
        Some(())
    }

    /// The list of the tasks of a starred argument.
    fn tasks_of(&self, path: &Path<'m>, item: &Item<'m>, group: &str) -> Option<String> {
        let step = Layout::of(self.module).step();
        match item.child {
            Child::Each(all) => {
                let (Expr::ListComp(ExprListComp { elt, .. }) | Expr::Generator(ExprGenerator { elt, .. })) = all else { return None };
                let inside = TextRange::new(all.start() + TextSize::from(1), all.end() - TextSize::from(1));
                let before = self.shifted(TextRange::new(inside.start(), elt.start()), step);
                let after = self.shifted(TextRange::new(elt.end(), inside.end()), step);
                Some(format!("[{before}{group}.create_task({}){after}]", self.shifted(elt.range(), step)))
            }
            Child::All(all) => {
                let each = self.free_name(self.scope_of(path), &["work", "coroutine"]);
                Some(format!("[{group}.create_task({each}) for {each} in {}]", self.shifted(all.range(), step)))
            }
            Child::Coroutine(_) | Child::Task(_) | Child::Tasks(_) => None,
        }
    }

    /// The arguments of a call with their comments; `None` where a comment belongs to none of them.
    fn items(&self, call: &ExprCall, children: &[Child<'m>]) -> Option<Vec<Item<'m>>> {
        let path = Path::to(self.module, call.range());
        let call = path.call()?;
        let layout = Layout::of(self.module);
        let mut items: Vec<Item<'m>> = call
            .arguments
            .args
            .iter()
            .zip(children)
            .map(|(argument, child)| Item { child: *child, argument, above: Vec::new(), beside: None })
            .collect();
        for comment in self.comments_in(call.arguments.range()) {
            if items.iter().any(|item| item.argument.range().contains_range(comment)) {
                continue;
            }
            let text = self.text(comment);
            let beside = items.iter_mut().rfind(|item| item.argument.end() <= comment.start());
            match beside {
                Some(item) if layout.line_start(comment.start()) == layout.line_start(item.argument.end()) && item.beside.is_none() => {
                    item.beside = Some(text);
                }
                _ => items.iter_mut().find(|item| item.argument.start() >= comment.end())?.above.push(text),
            }
        }
        Some(items)
    }

    /// The comments in a stretch of the text.
    pub(in crate::mend) fn comments_in(&self, range: TextRange) -> Vec<TextRange> {
        self.module.comments().filter(|comment| range.contains_range(*comment)).collect()
    }

    /// A text whose later lines go in by a step. Lines of strings stay where they are, so then all do.
    fn shifted(&self, range: TextRange, step: &str) -> String {
        let text = self.text(range).replace("\r\n", "\n");
        let is_string = |kind: TokenKind| matches!(kind, TokenKind::String | TokenKind::FStringMiddle | TokenKind::TStringMiddle);
        let mut strings = self.module.tokens().iter().filter(|token| is_string(token.kind()) && range.contains_range(token.range()));
        if strings.any(|token| self.text(token.range()).contains('\n')) {
            return text;
        }
        text.replace('\n', &format!("\n{step}")).replace(&format!("\n{step}\n"), "\n\n")
    }

    /// Whether names are used nowhere in the function but in `range`.
    fn is_local(&self, path: &Path<'m>, target: &Expr, range: TextRange) -> bool {
        let scope = self.scope_of(path);
        let count = |name: &str, range: TextRange| self.module.words(range).filter(|word| *word == name).count();
        let names: Vec<&str> = self.module.words(target.range()).collect();
        scope != self.everywhere() && names.iter().all(|name| count(name, scope) == count(name, range))
    }
}

/// Whether nothing of a statement runs before `range`, which runs in any case.
pub(in crate::mend) fn is_first(statement: AnyNodeRef<'_>, range: TextRange) -> bool {
    struct First {
        range: TextRange,
        is_first: bool,
    }
    impl<'a> SourceOrderVisitor<'a> for First {
        fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
            if node.range() == self.range && node.is_expression() || node.start() >= self.range.end() {
                return TraversalSignal::Skip;
            }
            let holds = node.range().contains_range(self.range);
            match node {
                AnyNodeRef::ExprIf(_)
                | AnyNodeRef::ExprLambda(_)
                | AnyNodeRef::ExprDictComp(_)
                | AnyNodeRef::ExprSetComp(_)
                | AnyNodeRef::ExprListComp(_)
                | AnyNodeRef::ExprGenerator(_)
                | AnyNodeRef::Comprehension(_)
                    if holds =>
                {
                    self.is_first = false;
                }
                AnyNodeRef::ExprBoolOp(both) if holds => {
                    self.is_first &= both.values.first().is_some_and(|first| first.range().contains_range(self.range));
                }
                AnyNodeRef::ExprCompare(chain) if holds => {
                    let (left, next) = (chain.left.range(), chain.comparators.first().map(Ranged::range));
                    self.is_first &= left.contains_range(self.range) || next.is_some_and(|next| next.contains_range(self.range));
                }
                node if holds || !node.is_expression() => {}
                AnyNodeRef::ExprName(_)
                | AnyNodeRef::ExprAttribute(_)
                | AnyNodeRef::ExprStringLiteral(_)
                | AnyNodeRef::ExprNumberLiteral(_)
                | AnyNodeRef::ExprBooleanLiteral(_)
                | AnyNodeRef::ExprNoneLiteral(_)
                | AnyNodeRef::ExprBytesLiteral(_)
                | AnyNodeRef::ExprEllipsisLiteral(_) => {}
                _ => self.is_first = false,
            }
            if self.is_first { TraversalSignal::Traverse } else { TraversalSignal::Skip }
        }
    }
    let mut first = First { range, is_first: true };
    match statement {
        AnyNodeRef::StmtExpr(inner) => first.visit_expr(&inner.value),
        AnyNodeRef::StmtReturn(inner) => inner.value.iter().for_each(|value| first.visit_expr(value)),
        AnyNodeRef::StmtAssign(inner) => first.visit_expr(&inner.value),
        AnyNodeRef::StmtAnnAssign(inner) => inner.value.iter().for_each(|value| first.visit_expr(value)),
        AnyNodeRef::StmtFor(inner) if inner.iter.range().contains_range(range) => first.visit_expr(&inner.iter),
        AnyNodeRef::StmtIf(inner) if inner.test.range().contains_range(range) => first.visit_expr(&inner.test),
        AnyNodeRef::StmtMatch(inner) if inner.subject.range().contains_range(range) => first.visit_expr(&inner.subject),
        AnyNodeRef::StmtRaise(inner) => inner.exc.iter().for_each(|value| first.visit_expr(value)),
        _ => return false,
    }
    first.is_first
}

/// Whether something in an expression gives way to others.
pub(super) fn has_await(expression: &Expr) -> bool {
    struct Gives(bool);
    impl<'a> SourceOrderVisitor<'a> for Gives {
        fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
            self.0 |= matches!(node, AnyNodeRef::ExprAwait(_) | AnyNodeRef::ExprYield(_) | AnyNodeRef::ExprYieldFrom(_));
            self.0 |= matches!(node, AnyNodeRef::Comprehension(part) if part.is_async);
            TraversalSignal::Traverse
        }
    }
    let mut gives = Gives(false);
    gives.visit_expr(expression);
    gives.0
}
