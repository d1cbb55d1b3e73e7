//! Over the border: the flow of another body, with budgets of its own.

use std::cell::Cell;

use camino::Utf8Path;
use ruff_python_ast::ExprCall;
use ruff_text_size::TextRange;

use super::super::body::Body;
use super::super::{Fate, Kind};
use super::{Flow, MOST_STEPS, MOST_USES, Reach};
use crate::resolve::Module;

impl<'db> Flow<'_, 'db, '_> {
    /// The flow of another body, which may cross one border less.
    pub(super) fn beyond<'m, 'a>(&'m self, module: &'m Module<'db>, body: &'m Body<'a>) -> Flow<'m, 'db, 'a> {
        Flow { borders: self.borders.saturating_sub(1), ..Flow::new(self.db, self.bodies, module, body, self.index) }
    }

    /// The same of a function whose result somebody waits for.
    pub(super) fn inside<'m, 'a>(&'m self, module: &'m Module<'db>, body: &'m Body<'a>) -> Flow<'m, 'db, 'a> {
        Flow { returned: Some(Cell::new(false)), ..self.beyond(module, body) }
    }

    /// The fate that a value born in a function of `module` has for all but who calls that function.
    pub(in crate::facts) fn fate_in_helper(&self, module: &Module<'db>, call: &ExprCall, kind: Kind) -> Option<Fate> {
        self.in_body(module, |module, body| {
            let flow = self.inside(module, body);
            Some(flow.verdict(kind, body.site_of(call)?).fate)
        })
    }

    /// Hands the body of a module to `read`.
    pub(super) fn in_body<T>(&self, module: &Module<'db>, read: impl FnOnce(&Module<'db>, &Body<'_>) -> T) -> T {
        if module.path() == self.module.path() {
            return read(self.module, self.body);
        }
        read(module, &self.bodies.of(module, self.models))
    }

    /// Hands the flow of a file's bodies to `read`, where it can be read.
    pub(in crate::facts) fn in_file<T>(&self, file: usize, read: impl FnOnce(&Flow<'_, 'db, '_>) -> T) -> Option<T> {
        let path: &Utf8Path = self.index.files().get(file)?;
        if path == &**self.module.path() {
            return Some(read(&self.beyond(self.module, self.body)));
        }
        let module = Module::open(self.db, path).ok()?;
        Some(self.in_body(&module, |module, body| read(&self.beyond(module, body))))
    }

    /// Whether it matters what another body does with a value of this kind, and a border is left to cross.
    pub(super) fn goes_beyond(&self, kind: Kind) -> bool {
        self.borders > 0 && matches!(kind, Kind::Coroutine | Kind::Task | Kind::Future | Kind::Gather | Kind::ThreadFuture)
    }

    /// Begins anew with another value.
    pub(super) fn reset(&self, reach: Reach) {
        self.uses.set(MOST_USES);
        self.steps.set(MOST_STEPS);
        self.reach.set(reach);
        self.reading.take();
        self.obstacles.take();
        self.birth.set(TextRange::default());
    }
}
