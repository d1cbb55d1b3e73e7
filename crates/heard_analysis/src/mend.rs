//! Fixes: what a finding's source has to become, as edits of its text.
//!
//! Rules judge and word; how the text is mended is written here, once for all rules that mend alike. A fix is offered
//! only where the tree shows that the edits can be made; whether they mend is tried by who makes them.

mod asyncs;
mod draft;
mod generators;
mod handlers;
mod hearers;
mod imports;
mod jumps;
mod keeping;
mod migrate;
mod order;
mod outcomes;
mod probes;
mod processes;
mod tree;
mod waits;

use ruff_python_ast::token::TokenKind;
use ruff_text_size::{Ranged, TextRange, TextSize};

use crate::edit::Fix;
use crate::facts::{Fact, Finder};
use crate::finding::{Finding, Span};
use crate::resolve::Module;

use self::draft::Draft;
use self::tree::Path;

pub(crate) use migrate::migrations;
pub use migrate::{Migration, Target};

/// What the fixes of a project may use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fixing {
    /// How a task that nobody reads gets a reader; `None` takes the first way that there is.
    pub style: Option<FixStyle>,
    /// Whether the project depends on the package `heard`, so that fixes may import it.
    pub depends_on_heard: bool,
}

/// How a task that nobody reads gets a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FixStyle {
    /// `heard.spawn` starts it.
    Heard,
    /// The project's own spawner starts it.
    Spawner,
    /// It is kept in a set, and a done callback logs its failure.
    Callback,
}

/// Offers a fix for each finding that has none yet; `facts` are what the findings were made of.
pub(crate) fn offer(finder: &Finder, fixing: &Fixing, found: &mut [(&Fact, Finding)]) {
    let mender = Mender { finder, module: finder.flow.module, fixing };
    for (fact, finding) in found {
        if finding.fix.is_none() {
            finding.fix = mender.fix(fact, finding);
        }
    }
}

/// Makes the fixes of one module.
struct Mender<'f, 'm, 'db, 'a> {
    finder: &'f Finder<'m, 'db, 'a>,
    module: &'m Module<'db>,
    fixing: &'f Fixing,
}

impl<'m, 'db> Mender<'_, 'm, 'db, '_> {
    /// Which mending belongs to which defect: the one table of it.
    fn fix(&self, fact: &Fact, finding: &Finding) -> Option<Fix> {
        match (finding.rule, fact) {
            ("unawaited-coroutine" | "coroutine-as-value", Fact::Birth(birth)) => self.awaited(birth),
            ("async-generator-misuse", _) => self.made_async(finding),
            ("async-test-never-run", Fact::AsyncTest(test)) => self.awaiting_test_case(test),
            ("coroutine-in-wait", Fact::Birth(birth)) => self.started(birth),
            ("dropped-task" | "unread-task" | "late-task" | "unread-thread-future" | "discard-only-callback", Fact::Birth(birth)) => {
                self.kept_and_read(birth)
            }
            ("unread-wait", Fact::Birth(_)) => self.done_read(finding),
            ("abandoned-pending", Fact::Birth(birth)) => self.pending_ended(birth, finding),
            ("misordered-results", Fact::WrongPairing(_)) => self.in_order(finding),
            ("raising-probe", Fact::Probe(probe)) => self.probed_with_care(probe),
            ("nested-run", Fact::NestedRun(run)) => self.awaited_in_place(run),
            ("unread-gather", Fact::Birth(birth)) => self.outcomes_told(birth),
            ("lost-sibling-failure", Fact::Siblings(siblings)) => self.in_a_group(&siblings.site.span),
            ("unreachable-exception-branch", Fact::FailureTest(test)) => self.failures_collected(test),
            ("muted-callback", Fact::OutcomeCallback(callback)) => self.callback_tells(callback),
            ("muted-failure", Fact::Mute(mute)) => self.handler_tells(mute),
            ("swallowed-cancellation", Fact::Swallow(swallow)) => self.raised_again(swallow),
            ("cancel-skips-cleanup", Fact::SkippedCleanup(skipped)) => self.cleaned_up_always(skipped),
            ("jump-in-finally", Fact::Jump(jump)) => self.jump_behind(jump),
            ("unclosed-generator", Fact::LeftGenerator(left)) => self.closed_behind(left),
            ("unread-exit-status", Fact::UnreadStatus(status)) => self.status_told(status),
            ("unguarded-future-resolve", Fact::Resolve(resolve)) => self.asked_first(resolve),
            _ => None,
        }
    }

    /// The text of a stretch of the module.
    fn text(&self, range: TextRange) -> &'m str {
        &self.module.text()[range]
    }

    /// The nodes around a place of this module, the outermost first.
    fn path(&self, span: &Span) -> Option<Path<'m>> {
        (span.path == *self.module.path()).then(|| Path::to(self.module, range_of(span)))
    }

    /// Whether a notebook shows what an expression that is a statement gives.
    fn is_displayed(&self, statement: impl Ranged) -> bool {
        self.finder.flow.body.displayed.contains(&statement.range())
    }

    fn draft(&self) -> Draft<'m, 'db> {
        Draft::new(self.module)
    }

    /// A name that stands nowhere in `range`, the first of these that does not, or one of them with a number.
    fn free_name(&self, range: TextRange, wanted: &[&str]) -> String {
        let is_free = |name: &str| self.module.words(range).all(|word| word != name);
        let numbered = || wanted.iter().flat_map(|name| (2..100).map(move |number| format!("{name}_{number}")));
        let mut names = wanted.iter().map(|name| (*name).to_owned()).chain(numbered());
        names.find(|name| is_free(name)).unwrap_or_else(|| wanted.concat())
    }

    /// The commas in a stretch of the text.
    fn commas(&self, range: TextRange) -> impl Iterator<Item = TextRange> + '_ {
        let tokens =
            self.module.tokens().iter().filter(move |token| token.kind() == TokenKind::Comma && range.contains_range(token.range()));
        tokens.map(Ranged::range)
    }

    /// The whole text.
    fn everywhere(&self) -> TextRange {
        TextRange::up_to(TextSize::of(self.module.text()))
    }
}

/// The stretch that a span is of the text that it speaks of.
fn range_of(span: &Span) -> TextRange {
    let at = |offset: usize| TextSize::try_from(offset).unwrap_or_default();
    TextRange::new(at(span.start.offset), at(span.end.offset))
}
