//! Facts: what is true of a module, as far as failures are concerned, in one vocabulary.
//!
//! Rules see [`Fact`]s and nothing else. The most important one is the [`Birth`], a call whose value
//! is awaitable: its [`Fate`] is how that value ends.

mod async_tests;
mod attributes;
mod bare_raises;
mod birth;
mod body;
mod branches;
mod bypasses;
mod callbacks;
mod classes;
mod context_exits;
mod continuation;
mod crowds;
mod dead_handlers;
mod decorators;
mod desertions;
mod done_callbacks;
mod entries;
mod examined;
mod exceptions;
mod exit_statuses;
mod exits;
mod fate;
mod filters;
mod flow;
mod group_members;
mod guards;
mod handed_callbacks;
mod handlers;
mod hearings;
mod hears;
mod index;
mod inquiries;
mod jumps;
mod left_generators;
mod left_races;
mod made;
mod mending;
mod models;
mod mutes;
mod names;
mod naming;
mod nested_runs;
mod order;
mod origin;
mod outcomes;
mod own_waits;
mod plain_makers;
mod probes;
mod properties;
mod pytest_tests;
mod queue_joins;
mod raises;
mod raw_tasks;
mod resolves;
mod scopes;
mod search;
mod siblings;
mod signal_handlers;
mod silence;
mod skipped_cleanups;
mod summary;
mod time_limits;
mod timers;
mod undoing;
mod waits;
mod ways_out;
mod witness;

use std::cell::{OnceCell, RefCell};

use ruff_text_size::Ranged;
use rustc_hash::{FxHashMap, FxHashSet};
use serde::Deserialize;

use self::flow::Flow;
use self::names::plain_functions;
use crate::finding::{Span, Witness};
use crate::program::Database;
use crate::resolve::Module;

pub(crate) use async_tests::{AsyncTest, Role};
pub(crate) use bare_raises::BareRaise;
pub(crate) use birth::{Finder, return_exceptions};
pub(crate) use body::{Bodies, Local, Use, Variable, last_name};
pub(crate) use bypasses::Bypass;
pub(crate) use callbacks::{AsyncCallback, CallbackFate};
pub(crate) use context_exits::{ExitFault, FaultyExit};
pub(crate) use crowds::Crowd;
pub(crate) use dead_handlers::DeadHandler;
pub(crate) use desertions::{Desertion, Left};
pub(crate) use done_callbacks::{Guard, OutcomeCallback, RaisesOn};
pub(crate) use entries::PlainEntry;
pub(crate) use examined::{FailureTest, Finds, Passed};
pub(crate) use exceptions::ExceptionSet;
pub(crate) use exit_statuses::UnreadStatus;
pub(crate) use fate::{Fate, How, Loss, Obstacle, Operation, Reason, To};
pub(crate) use group_members::FirstOfGroup;
pub(crate) use handlers::{Caught, Swallow, Then};
pub(crate) use index::Index;
pub(crate) use jumps::Jump;
pub(crate) use left_generators::LeftGenerator;
pub(crate) use left_races::LeftRace;
pub(crate) use models::{Brought, Callbacks, Models, Problem, Spawner};
pub(crate) use mutes::{Mute, Muted};
pub(crate) use names::{Names, async_names};
pub(crate) use naming::{is_failure_log, tells};
pub(crate) use nested_runs::NestedRun;
pub(crate) use order::WrongPairing;
pub(crate) use probes::{Canceller, Probe};
pub(crate) use pytest_tests::UnmarkedTest;
pub(crate) use queue_joins::{Hang, UnwatchedJoin};
pub(crate) use raw_tasks::{RawTask, Rewrite};
pub(crate) use resolves::Resolve;
pub(crate) use scopes::Outliving;
pub(crate) use siblings::Siblings;
pub(crate) use signal_handlers::SignalRaise;
pub(crate) use silence::{Silence, Silenced};
pub(crate) use skipped_cleanups::SkippedCleanup;
pub(crate) use time_limits::{Hidden, HiddenFailure};
pub(crate) use ways_out::ways_out;

/// One thing that a rule can judge.
#[derive(Debug)]
pub(crate) enum Fact {
    /// An awaitable is born.
    Birth(Box<Birth>),
    /// A plain `with` enters what only `async with` can.
    PlainEntry(PlainEntry),
    /// A statement leaves a `finally` block.
    Jump(Jump),
    /// A coroutine function is given where a plain function is called.
    AsyncCallback(AsyncCallback),
    /// A done callback reads the outcome of what is done.
    OutcomeCallback(OutcomeCallback),
    /// A future is given its outcome.
    Resolve(Resolve),
    /// A handler swallows a cancellation.
    Swallow(Swallow),
    /// A handler drops failures.
    Mute(Mute),
    /// A `raise` has nothing to raise.
    BareRaise(BareRaise),
    /// An async method of a test case is never awaited.
    AsyncTest(AsyncTest),
    /// Something switches off a place where asyncio would tell of failures.
    Silence(Silence),
    /// What a gather gives is tested for failures.
    FailureTest(FailureTest),
    /// Inputs are paired with the outcomes of others.
    WrongPairing(WrongPairing),
    /// A failure passes by the place that reads a task.
    Bypass(Bypass),
    /// A gather fails, and what it waited for goes on.
    Siblings(Siblings),
    /// Tasks of an async generator run on when it is closed.
    Desertion(Desertion),
    /// A handler around a wait that never raises what it is for.
    DeadHandler(DeadHandler),
    /// Work is started for each element of something that nobody bounds.
    Crowd(Crowd),
    /// A time limit hides how work ended.
    HiddenFailure(HiddenFailure),
    /// A task runs on when what it uses is closed.
    Outliving(Outliving),
    /// A task is started past the project's spawner.
    RawTask(RawTask),
    /// A cancelled wait leaves a task behind.
    LeftRace(LeftRace),
    /// A signal handler raises.
    SignalRaise(SignalRaise),
    /// An async test has no mark, or a mark no async test.
    UnmarkedTest(UnmarkedTest),
    /// A subprocess ends, and nobody reads how.
    UnreadStatus(UnreadStatus),
    /// Only the first exception of a group is looked at.
    FirstOfGroup(FirstOfGroup),
    /// A task that was cancelled is asked how it ended.
    Probe(Probe),
    /// An async generator is left early.
    LeftGenerator(LeftGenerator),
    /// A loop is run where one runs already.
    NestedRun(NestedRun),
    /// A queue is waited for whose worker nobody watches.
    UnwatchedJoin(UnwatchedJoin),
    /// An exit of a context manager loses what leaves its block.
    FaultyExit(FaultyExit),
    /// A handler cleans up, and a cancellation skips it.
    SkippedCleanup(SkippedCleanup),
}

/// Where a fact stands.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    /// The place itself.
    pub(crate) span: Span,
    /// Whether `await` may stand here.
    pub(crate) in_async: bool,
    /// The qualified name, inside the module, of the function or class around it.
    pub(crate) symbol: String,
    /// The statement around it, of a compound one the header.
    pub(crate) statement_span: Span,
    /// Its source, white space folded.
    pub(crate) statement: String,
}

/// Does `work` with what finds the facts of `module`.
pub(crate) fn with_finder<'db, T>(
    db: &'db Database,
    bodies: &Bodies<'db>,
    module: &Module<'db>,
    index: &Index,
    work: impl FnOnce(&Finder<'_, 'db, '_>) -> T,
) -> T {
    let body = bodies.of(module, &index.models);
    let mut methods = FxHashMap::default();
    for class in body.calls.iter().filter_map(|site| site.around.scope.class) {
        methods.entry(class.range()).or_insert_with(|| plain_functions(&class.body));
    }
    let finder = Finder {
        db,
        flow: Flow::new(db, bodies, module, &body, index),
        known_accounts: RefCell::default(),
        known_raises: RefCell::default(),
        known_entry_points: OnceCell::new(),
        module_functions: plain_functions(module.body()),
        methods,
    };
    work(&finder)
}

/// The facts of a module; with `all`, also the births whose value cannot be lost.
pub(crate) fn facts(finder: &Finder, index: &Index, all: bool) -> Vec<Fact> {
    let async_callbacks: Vec<AsyncCallback> = finder.async_callbacks(index).collect();
    let mut births = finder.births(index, all);
    // What never runs has no failure that the future could tell.
    let called_back: FxHashSet<&Span> = async_callbacks.iter().map(|callback| &callback.call).collect();
    births.retain(|birth| !called_back.contains(&birth.site.span));
    // Who looks at no outcome at all is told so.
    let unexamined: FxHashSet<Span> = births.iter().filter_map(Birth::unexamined_at).cloned().collect();
    let mut facts: Vec<Fact> = births.into_iter().map(Box::new).map(Fact::Birth).collect();
    facts.extend(finder.jumps().map(Fact::Jump));
    facts.extend(async_callbacks.into_iter().map(Fact::AsyncCallback));
    facts.extend(finder.outcome_callbacks(index).into_iter().map(Fact::OutcomeCallback));
    facts.extend(finder.resolves().map(Fact::Resolve));
    facts.extend(finder.plain_entries().map(Fact::PlainEntry));
    facts.extend(finder.swallows().map(Fact::Swallow));
    facts.extend(finder.mutes().into_iter().map(Fact::Mute));
    facts.extend(finder.bare_raises().map(Fact::BareRaise));
    facts.extend(finder.async_tests().into_iter().map(Fact::AsyncTest));
    facts.extend(finder.silences().into_iter().map(Fact::Silence));
    facts.extend(finder.failure_tests().into_iter().map(Fact::FailureTest));
    facts.extend(finder.wrong_pairings().map(Fact::WrongPairing));
    facts.extend(finder.bypasses().map(Fact::Bypass));
    facts.extend(finder.siblings().map(Fact::Siblings));
    facts.extend(finder.dead_handlers().filter(|handler| !unexamined.contains(&handler.site.span)).map(Fact::DeadHandler));
    facts.extend(finder.desertions().map(Fact::Desertion));
    facts.extend(finder.crowds().map(Fact::Crowd));
    facts.extend(finder.hidden_failures().into_iter().map(Fact::HiddenFailure));
    facts.extend(finder.outliving().map(Fact::Outliving));
    facts.extend(finder.raw_tasks().map(Fact::RawTask));
    facts.extend(finder.left_races().into_iter().map(Fact::LeftRace));
    facts.extend(finder.signal_raises().map(Fact::SignalRaise));
    facts.extend(finder.unmarked_tests().into_iter().map(Fact::UnmarkedTest));
    facts.extend(finder.unread_statuses().map(Fact::UnreadStatus));
    facts.extend(finder.first_of_groups().map(Fact::FirstOfGroup));
    facts.extend(finder.probes().map(Fact::Probe));
    facts.extend(finder.left_generators().map(Fact::LeftGenerator));
    facts.extend(finder.nested_runs().map(Fact::NestedRun));
    facts.extend(finder.unwatched_joins().map(Fact::UnwatchedJoin));
    facts.extend(finder.faulty_exits().map(Fact::FaultyExit));
    facts.extend(finder.skipped_cleanups().map(Fact::SkippedCleanup));
    facts
}

/// What is born.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// A coroutine object: it runs only when somebody awaits or schedules it.
    Coroutine,
    /// An async generator.
    AsyncGenerator,
    /// An async context manager that does nothing until it is entered.
    AsyncManager,
    /// An `asyncio.Task`.
    Task,
    /// An `asyncio.Future`.
    Future,
    /// The future of `asyncio.gather`.
    Gather,
    /// A `concurrent.futures.Future`.
    ThreadFuture,
    /// What `Executor.map` returns: iterating it raises the failures.
    ThreadResults,
    /// The list that `await gather(…, return_exceptions=True)` gives: values and failures mixed.
    Outcomes,
    /// One element of such a list.
    Outcome,
    /// One element of the list that `await gather(…)` gives without that: a value.
    Result,
    /// An input, or what is made of it: the question is whether it keeps its place among the others.
    Input,
    /// A task as seen by who waits for it only so long: the question is who ends it.
    Pending,
    /// Something of which only that is known: it may be a future that somebody else holds.
    Awaitable,
}

impl Kind {
    /// The same with its article.
    pub(crate) fn with_article(self) -> String {
        let noun = self.noun();
        let article = if noun.starts_with(['a', 'i', 'o']) { "an" } else { "a" };
        format!("{article} {noun}")
    }

    /// The kind in the words of a message.
    pub(crate) fn noun(self) -> &'static str {
        match self {
            Kind::Coroutine => "coroutine",
            Kind::AsyncGenerator => "async generator",
            Kind::AsyncManager => "async context manager",
            Kind::Task | Kind::Pending => "task",
            Kind::Future | Kind::Gather => "future",
            Kind::ThreadFuture => "thread future",
            Kind::ThreadResults => "thread results",
            Kind::Outcomes => "gathered results",
            Kind::Outcome | Kind::Result => "gathered result",
            Kind::Input => "input",
            Kind::Awaitable => "awaitable",
        }
    }
}

/// One call whose value is awaitable.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each says one thing of the call, and any may go with any")]
pub(crate) struct Birth {
    pub(crate) kind: Kind,
    /// The call.
    pub(crate) site: Site,
    /// The source text of what is called, `asyncio.create_task` say.
    pub(crate) callee: String,
    /// The source text of the call.
    pub(crate) call: String,
    /// The source text of what runs, where that is known: `poll` in `create_task(poll())`.
    pub(crate) work: Option<String>,
    /// Whether the value's failures are heard by its own code.
    pub(crate) hearing: Hearing,
    /// The weightiest failure that nobody hears.
    pub(crate) witness: Option<Witness>,
    /// Whether all that it waits for is the loop's timer, so that the loop holds it.
    pub(crate) is_held_by_timer: bool,
    /// Whether what runs is clean-up, whose failures are often let go on purpose.
    pub(crate) is_cleanup: bool,
    /// Whether nothing more is known of what runs than that its name says that it gives something back or ends it, or it
    /// only passes on a failure that the log has been told.
    pub(crate) is_afterthought: bool,
    pub(crate) fate: Fate,
    /// The wait that leaves it behind, and whether it is cancelled at least.
    pub(crate) abandoned: Option<(Span, bool)>,
    /// Where it is read, if a name carries it to another place.
    pub(crate) read_at: Option<Span>,
    /// Of a call that waits for tasks, what becomes of those that are done.
    pub(crate) done: Option<Fate>,
    /// Where it is lost, if that is another place than its birth.
    pub(crate) lost_at: Option<Span>,
    /// Where a helper makes it, if the call goes to one.
    pub(crate) made_at: Option<Span>,
    /// Where the weak registry is made that alone has it.
    pub(crate) registry: Option<Span>,
    /// Whether only its name says what the call goes to, or what it stands for.
    pub(crate) is_guess: bool,
    /// Whether no function is named by what is called, but a value that somebody gave, like a callback.
    pub(crate) is_of_value: bool,
}

impl Birth {
    /// The wait that it comes out of, where nobody looks at how it ended.
    pub(crate) fn unexamined_at(&self) -> Option<&Span> {
        let is_unexamined = matches!(self.fate, Fate::Lost(Loss::Unexamined { .. })) && self.hearing.is_deaf();
        self.lost_at.as_ref().filter(|_| is_unexamined)
    }
}

/// Who hears the failures of some work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hearing {
    /// Every path of it that can fail stands under a handler that logs or hands on.
    Itself,
    /// It can only be cancelled: it waits, asks and notes, and there is nothing to hear.
    Never,
    /// All that it does does not fail in practice, like `min(delay, 60)`.
    Small,
    /// Something around it may hear, like a decorator, or it drops them itself.
    Perhaps,
    /// What it awaits is heard, and plain code beside that is not.
    Mostly,
    /// Nothing but plain code can fail in it.
    Plain,
    /// What can fail in it ends something or gives it back.
    Cleanup,
    /// What it waits for outside stands under handlers for failures of the connection.
    Expected,
    /// It waits for a future that others hold too.
    Shared,
    /// Its failures get out.
    Deaf,
}

impl Hearing {
    /// Whether a failure that weighs something gets out of it, as far as can be told, or nothing is known to hear it.
    pub(crate) fn is_deaf(self) -> bool {
        self.is_light() || self == Hearing::Deaf
    }

    /// Whether a failure is known to get out of it that nothing in it is there to hear, whatever that weighs.
    pub(crate) fn lets_out(self) -> bool {
        self.is_deaf() && !matches!(self, Hearing::Mostly | Hearing::Small)
    }

    /// Whether no failure gets out of it.
    pub(crate) fn is_sound(self) -> bool {
        matches!(self, Hearing::Itself | Hearing::Never)
    }

    /// Whether what gets out of it, if anything, has little weight.
    pub(crate) fn is_light(self) -> bool {
        matches!(self, Hearing::Mostly | Hearing::Small | Hearing::Plain | Hearing::Cleanup | Hearing::Expected | Hearing::Shared)
    }

    /// What is said of failures that have little weight, behind what is said of the loss.
    pub(crate) fn aside(self) -> &'static str {
        match self {
            Hearing::Mostly => "; what it awaits is heard, and only plain code beside that can fail",
            Hearing::Small => "; only plain code runs there, which hardly fails",
            Hearing::Plain => "; only plain code can fail there",
            Hearing::Cleanup => "; only clean-up can fail there",
            Hearing::Expected => "; failures of the connection are dealt with there",
            Hearing::Shared => "; it waits for a future whose failure others may hear",
            _ => "",
        }
    }
}
