//! What is missing is an `await`, an `async`, or a task.

use ruff_python_ast::{AnyNodeRef, Expr, ExprCall, StmtFor};
use ruff_text_size::{Ranged, TextRange, TextSize};

use super::tree::Path;
use super::waits::waits_for_all;
use super::{Mender, range_of};
use crate::edit::Fix;
use crate::facts::{AsyncTest, Birth, Kind, Loss, Use};
use crate::finding::Finding;

/// Built-in functions that take a list where they are given a generator.
const TAKE_LISTS: [&str; 10] = ["all", "any", "enumerate", "frozenset", "list", "max", "min", "set", "sorted", "sum"];

impl<'m> Mender<'_, 'm, '_, '_> {
    /// The coroutine is awaited where it is made, or run where no loop is. Neither is safe: what did not run runs.
    pub(super) fn awaited(&self, birth: &Birth) -> Option<Fix> {
        let crate::facts::Fate::Lost(loss) = &birth.fate else { return None };
        let is_in_hand = matches!(
            loss,
            Loss::Dropped | Loss::UsedAsValue { .. } | Loss::UnusedName(_) | Loss::NeverRead { .. } | Loss::Overwritten { .. }
        );
        if birth.kind != Kind::Coroutine || !is_in_hand || birth.made_at.is_some() {
            return None;
        }
        let path = self.path(&birth.site.span)?;
        let call = path.call()?;
        if !path.is_in_coroutine(self.module.is_notebook()) {
            return self.run(&path, call, loss);
        }
        if self.is_taken_by_name(call) {
            return None;
        }
        let mut draft = self.draft();
        let brackets = match path.parents().next()? {
            AnyNodeRef::ExprAttribute(_) => true,
            AnyNodeRef::ExprSubscript(subscript) => subscript.value.range() == call.range(),
            AnyNodeRef::ExprCall(around) => around.func.range() == call.range(),
            _ => false,
        };
        if let Some(generator) = generator_around(&path) {
            // An async generator is no iterator, so there has to be a list.
            let taker = path.upwards().find_map(|node| match node {
                AnyNodeRef::ExprCall(taker) if taker.range() != call.range() => Some(taker),
                _ => None,
            })?;
            let is_only = matches!(&*taker.arguments.args, [Expr::Generator(only)] if only.range() == generator);
            let name = taker.func.as_name_expr().filter(|name| TAKE_LISTS.contains(&name.id.as_str()))?;
            if !is_only || self.module.target(&taker.func).and_then(|callee| callee.name)? != format!("builtins.{}", name.id) {
                return None;
            }
            let inside = TextRange::new(taker.arguments.start() + TextSize::from(1), taker.arguments.end() - TextSize::from(1));
            draft.wrap(inside, "[", "]");
        }
        if brackets {
            draft.wrap(call.range(), "(await ", ")");
        } else {
            draft.insert(call.start(), "await ");
        }
        draft.finish(false, format!("await `{}`", birth.callee))
    }

    /// The fix for a statement at the top of a module, where no loop can run yet.
    fn run(&self, path: &Path<'m>, call: &'m ExprCall, loss: &Loss) -> Option<Fix> {
        let AnyNodeRef::StmtExpr(statement) = path.statement()? else { return None };
        let is_at_top = path.upwards().all(|node| !matches!(node, AnyNodeRef::StmtFunctionDef(_) | AnyNodeRef::StmtClassDef(_)));
        if *loss != Loss::Dropped || !is_at_top || statement.value.range() != call.range() {
            return None;
        }
        let mut draft = self.draft();
        let asyncio = self.imported("asyncio", 0, &mut draft)?;
        draft.wrap(call.range(), format!("{asyncio}.run("), ")");
        draft.finish(false, format!("run it with `{asyncio}.run`"))
    }

    /// Whether a name holds the coroutine, and some use of the name is right for a coroutine only.
    fn is_taken_by_name(&self, call: &ExprCall) -> bool {
        let body = self.finder.flow.body;
        let Some(site) = body.site_of(call) else { return false };
        let mut uses = vec![&site.how];
        while let Some(how) = uses.pop() {
            match how {
                Use::Several(all) => uses.extend(all.iter()),
                Use::Bound(local, _) => {
                    let takes = |how: &Use| match how {
                        Use::Awaited(_) | Use::Returned | Use::Stored(_) | Use::Shared(_) => true,
                        Use::Argument { call, .. } => self.finder.takes_awaitables(call),
                        _ => false,
                    };
                    if body.variables.get(local).is_some_and(|variable| variable.loads.iter().any(|load| takes(&load.how))) {
                        return true;
                    }
                }
                _ => {}
            }
        }
        false
    }

    /// A plain `for` or `with` becomes an async one.
    pub(super) fn made_async(&self, finding: &Finding) -> Option<Fix> {
        let path = self.path(&finding.span)?;
        if !path.is_in_coroutine(self.module.is_notebook()) {
            return None;
        }
        let place = range_of(&finding.span);
        let mut draft = self.draft();
        for node in path.upwards() {
            match node {
                AnyNodeRef::StmtFor(StmtFor { iter, is_async: false, .. }) if iter.range() == place => {
                    draft.insert(node.start(), "async ");
                    return draft.finish(false, "iterate over it with `async for`");
                }
                AnyNodeRef::Comprehension(part) if part.iter.range() == place && !part.is_async => {
                    if generator_around(&path).is_some() {
                        return None;
                    }
                    draft.insert(part.start(), "async ");
                    return draft.finish(false, "iterate over it with `async for`");
                }
                AnyNodeRef::StmtWith(with) if !with.is_async => {
                    let is_alone = matches!(&*with.items, [item] if item.context_expr.range() == place);
                    if !is_alone {
                        return None;
                    }
                    draft.insert(with.start(), "async ");
                    return draft.finish(false, "enter it with `async with`");
                }
                AnyNodeRef::WithItem(_) | AnyNodeRef::ExprCall(_) | AnyNodeRef::ExprName(_) | AnyNodeRef::ExprAttribute(_) => {}
                AnyNodeRef::ExprListComp(_) | AnyNodeRef::ExprSetComp(_) | AnyNodeRef::ExprDictComp(_) => {}
                _ => return None,
            }
        }
        None
    }

    /// The coroutine that a wait is given becomes a task, and so do its neighbours.
    pub(super) fn started(&self, birth: &Birth) -> Option<Fix> {
        let path = self.path(&birth.site.span)?;
        let call = path.call()?;
        let wait = self.path(birth.lost_at.as_ref()?)?;
        let mut draft = self.draft();
        let asyncio = self.imported("asyncio", self.frame_at(&path), &mut draft)?;
        if matches!(wait.statement()?, AnyNodeRef::StmtExpr(statement) if !self.is_displayed(statement)) {
            // Tasks that are waited for have to be read as well.
            wait.call().filter(|wait| waits_for_all(wait))?;
            self.log_done(&wait, &mut draft)?;
        }
        let neighbours: Vec<&Expr> = match path.parents().next()? {
            AnyNodeRef::ExprList(list) => list.elts.iter().collect(),
            AnyNodeRef::ExprSet(set) => set.elts.iter().collect(),
            AnyNodeRef::ExprTuple(tuple) => tuple.elts.iter().collect(),
            _ => Vec::new(),
        };
        for neighbour in neighbours.into_iter().filter_map(Expr::as_call_expr).filter(|one| one.range() != call.range()) {
            if self.is_coroutine(neighbour) {
                draft.wrap(neighbour.range(), format!("{asyncio}.create_task("), ")");
            }
        }
        draft.wrap(call.range(), format!("{asyncio}.create_task("), ")");
        draft.finish(false, "make tasks of the coroutines")
    }

    /// Whether a call makes a coroutine that nobody else has.
    pub(super) fn is_coroutine(&self, call: &ExprCall) -> bool {
        self.finder.makes(call) == Some(Kind::Coroutine)
    }

    /// The class of the tests becomes one that awaits them. That is not safe: what did not run runs.
    pub(super) fn awaiting_test_case(&self, test: &AsyncTest) -> Option<Fix> {
        if test.mixin.is_some() {
            return None;
        }
        let path = self.path(&test.site.span)?;
        let class = path.upwards().find_map(|node| match node {
            AnyNodeRef::StmtClassDef(class) => Some(class),
            _ => None,
        })?;
        let is_base = |base: &&Expr| self.module.target(base).and_then(|base| base.name).as_deref() == Some("unittest.case.TestCase");
        let base = class.bases().iter().find(is_base)?;
        let mut draft = self.draft();
        match base {
            Expr::Attribute(attribute) => draft.replace(attribute.attr.range(), "IsolatedAsyncioTestCase"),
            _ => return None,
        }
        draft.finish(false, "derive from `IsolatedAsyncioTestCase`")
    }
}

/// The generator expression whose elements or conditions a place stands in.
pub(super) fn generator_around(path: &Path<'_>) -> Option<TextRange> {
    path.parents().take_while(|node| !node.is_statement()).find_map(|node| match node {
        AnyNodeRef::ExprGenerator(generator) => Some(generator.range()),
        _ => None,
    })
}
