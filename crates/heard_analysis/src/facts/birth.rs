//! Births: the calls whose value is awaitable, each with its fate.
//!
//! What the light table cannot answer is asked of the resolver, and only about calls whose value can
//! be lost at all.

use std::cell::{OnceCell, RefCell};

use ruff_python_ast::name::Name;
use ruff_python_ast::{Expr, ExprCall, ExprName, Stmt, StmtFunctionDef};
use ruff_text_size::{Ranged, TextRange, TextSize};
use rustc_hash::FxHashMap;

use super::body::{Around, Block, CallSite, FrameKind, Local, Use, Variable, arguments, is_self, is_static, last_name};
use super::callbacks::partial_function;
use super::flow::{Flow, Verdict};
use super::hearings::{Asked, KnownAccounts, Way};
use super::index::Index;
use super::models::{Callbacks, FunctionModel};
use super::names::{alias, is_plain_coroutine_function};
use super::naming::{is_cleanup, is_decoration, is_log, is_loop, only_ends, releases};
use super::origin::{DEEPEST_ORIGIN, Given, Owner, goes_behind_await, name_of_work, work_callee};
use super::outcomes::Work;
use super::raises::KnownRaises;
use super::witness::{Account, Weight};
use super::{Birth, Fate, Hearing, How, Kind, Loss, Operation, Reason, Site, To};
use crate::finding::Span;
use crate::program::Database;
use crate::resolve::Module;

/// Whether it is plain that the value goes to somebody who is responsible for it.
fn is_settled(how: &Use) -> bool {
    matches!(how, Use::Returned | Use::Entered { is_async: true, .. })
}

/// What runs in a task or an executor.
pub(super) struct Spawned {
    /// What can fail in it.
    pub(super) account: Account,
    /// Whether it ends something.
    is_cleanup: bool,
    /// See [`Birth::is_afterthought`].
    is_afterthought: bool,
    /// Its source, where it is given.
    pub(super) text: Option<String>,
}

/// Finds the births of one module.
pub(crate) struct Finder<'m, 'db, 'a> {
    pub(crate) db: &'db Database,
    pub(crate) flow: Flow<'m, 'db, 'a>,
    /// What is known already of what can fail in functions.
    pub(super) known_accounts: RefCell<KnownAccounts>,
    /// What functions are known to raise.
    pub(super) known_raises: RefCell<KnownRaises>,
    /// Where the functions stand that the program ends with.
    pub(super) known_entry_points: OnceCell<Vec<TextRange>>,
    /// The functions of the module that nothing else can be meant by.
    pub(super) module_functions: FxHashMap<&'a str, &'a StmtFunctionDef>,
    /// The same of each class, by where it stands.
    pub(super) methods: FxHashMap<TextRange, FxHashMap<&'a str, &'a StmtFunctionDef>>,
}

impl<'db, 'a> Finder<'_, 'db, 'a> {
    /// The births whose value may be lost; with `all`, every birth.
    pub(super) fn births(&self, index: &Index, all: bool) -> Vec<Birth> {
        let mut births = Vec::new();
        for site in &self.flow.body.calls {
            let given = self.flow.body.called_name(site.call).and_then(|name| self.flow.models.given_by_last_name(name));
            let goes_to_callers = goes_behind_await(site);
            if site.is_dead || (!all && is_settled(&site.how) && !goes_to_callers) || !self.may_be_awaitable(site, index) {
                continue;
            }
            // To await an async generator is a mistake, and to await anything else is right.
            let is_wrong = matches!(site.how, Use::Awaited(_)) && last_name(&site.call.func).is_some_and(|name| index.may_generate(name));
            let can_be_lost = is_wrong
                || goes_to_callers
                || self.flow.can_be_lost(given.filter(|kind| *kind != Kind::ThreadResults).unwrap_or(Kind::Coroutine), &site.how);
            if (can_be_lost || all)
                && let Some(mut birth) = self.birth(site)
            {
                // The cheap test decides what is a loss, whether everything is asked for or not.
                if !can_be_lost && matches!(birth.fate, Fate::Lost(_)) {
                    birth.fate = Fate::Unknown(Reason::Use);
                }
                births.push(birth);
            }
        }
        births.extend(self.property_births(index, all));
        births.extend(self.flow.body.calls.iter().filter(|site| !site.is_dead).filter_map(|site| self.scheduled_birth(site)));
        births
    }

    /// The task that something starts later and drops: `loop.call_later(3, asyncio.create_task, work())`.
    fn scheduled_birth(&self, site: &CallSite<'a>) -> Option<Birth> {
        let models = self.flow.models;
        let drops = |model: &FunctionModel| model.callbacks == Some(Callbacks::DropResult);
        if !models.any_named(self.flow.body.called_name(site.call)?, drops) {
            return None;
        }
        let callback = self.flow.model(site.call).filter(|model| drops(model))?.callback(site.call)?;
        let (function, work) = match callback.as_call_expr() {
            Some(partial) => (partial_function(partial)?, partial.arguments.args.get(1)?),
            None => (callback, site.call.arguments.args.iter().skip_while(|argument| !std::ptr::eq(*argument, callback)).nth(1)?),
        };
        if models.given_by_last_name(last_name(function)?) != Some(Kind::Task) {
            return None;
        }
        let starter = self.flow.module.target(function)?.name?;
        models.function(&starter).filter(|model| model.gives == Some(Kind::Task))?;
        let birth = self.coroutine_birth(site.call.range(), &site.around, function.range(), Fate::Lost(Loss::Dropped));
        let account = self.account_of_work(work, site).unwrap_or_else(|| self.unknown_work(work.range()));
        let (hearing, witness) = (account.hearing(), self.lost_failure(&account));
        Some(Birth { kind: Kind::Task, hearing, witness, work: Some(self.short_text(work.range())), ..birth })
    }

    /// The place of something at `range`, with what stands `around` it.
    pub(super) fn site(&self, range: TextRange, around: &Around<'a>) -> Site {
        // The header of a compound statement comes with the blank space behind it.
        let length = TextSize::of(self.flow.module.text()[around.statement].trim_end());
        let statement = TextRange::at(around.statement.start(), length);
        Site {
            span: self.flow.module.span(range),
            in_async: around.scope.is_async,
            symbol: around.scope.symbol.clone(),
            statement_span: self.flow.module.span(statement),
            statement: self.text(statement),
        }
    }

    fn birth(&self, site: &CallSite<'a>) -> Option<Birth> {
        if let Some(function) = self.mapped_function(site) {
            return Some(self.mapped_birth(site, function));
        }
        let given = self.given(self.flow.module, site.call, Some(&site.around.scope), DEEPEST_ORIGIN);
        let (kind, owner) = match given {
            Given::Fresh(kind) | Given::Registered(kind) | Given::Guessed(kind) => (kind, None),
            Given::Owned(kind, owner) => (kind, Some(owner)),
            Given::Nothing => return None,
        };
        if matches!(kind, Kind::Coroutine | Kind::Awaitable) && self.is_known_to_be_no_coroutine(site) {
            return None;
        }
        let Verdict { kind: end, fate } = self.flow.verdict(followed_kind(kind, site.call), site);
        let read_at = self.flow.read_at().filter(|_| matches!(fate, Fate::Consumed(_)));
        // What is done with such an object is its class's to say.
        let is_own = given == Given::Guessed(Kind::Awaitable) && matches!(&fate, Fate::Lost(loss) if *loss != Loss::Dropped);
        let fate = if is_own { Fate::Unknown(Reason::Spawner) } else { fate };
        let is_outcomes = end == Kind::Outcome;
        let mut birth = Birth {
            kind: if is_outcomes { Kind::Outcomes } else { kind },
            site: self.site(site.call.range(), &site.around),
            callee: self.short_text(site.call.func.range()),
            call: self.short_text(site.call.range()),
            work: None,
            hearing: Hearing::Deaf,
            witness: None,
            is_held_by_timer: false,
            is_cleanup: false,
            is_afterthought: false,
            fate,
            abandoned: None,
            done: None,
            read_at,
            lost_at: None,
            made_at: None,
            registry: None,
            is_guess: matches!(given, Given::Guessed(_)),
            is_of_value: self.flow.module.callee(site.call).is_none(),
        };
        if self.is_unsure(kind, &birth.fate, site) {
            birth.fate = Fate::Unknown(Reason::Use);
        }
        if matches!((&birth.fate, given), (Fate::Lost(loss), Given::Registered(_)) if loss.is_out_of_hand()) {
            birth.fate = Fate::Lost(Loss::Discarded { at: site.call.range() });
        }
        if birth.fate == Fate::Transferred(To::Caller) {
            birth.fate = self.fate_among_callers(site, kind, owner).unwrap_or(birth.fate);
        }
        match (&birth.fate, owner) {
            (Fate::Lost(_) | Fate::Unknown(_), Some(Owner::Certain)) => birth.fate = Fate::Consumed(How::Owned),
            // Who takes any awaitable is mostly given coroutines.
            (Fate::Lost(Loss::Unheld { .. }), Some(Owner::Possible)) => birth.is_guess = true,
            // Who returns an `Awaitable` wants it awaited, whatever it is.
            (Fate::Lost(Loss::Dropped | Loss::UsedAsValue { .. }), Some(Owner::Possible)) if kind == Kind::Awaitable => return Some(birth),
            (Fate::Lost(_), Some(Owner::Possible)) => birth.fate = Fate::Unknown(Reason::Spawner),
            _ => {}
        }
        // Python takes an `async def` without a `yield` for a coroutine function, but what overrides it may have one.
        let is_iterated = matches!(birth.fate, Fate::Lost(Loss::UsedAsValue { operation: Operation::AsyncIteration, .. }));
        if is_iterated && self.goes_to_stub(site.call) {
            birth.fate = Fate::Unknown(Reason::Spawner);
        }
        if matches!(birth.fate, Fate::Lost(_)) {
            if is_outcomes {
                match self.gathered_work(site) {
                    Work::Fresh { account, is_cleanup, is_guess } => {
                        (birth.hearing, birth.witness) = (account.hearing(), self.lost_failure(&account));
                        (birth.is_cleanup, birth.is_guess) = (is_cleanup || is_on_the_way_out(site), birth.is_guess || is_guess);
                    }
                    Work::Unknown => birth.fate = Fate::Unknown(Reason::Work),
                }
            } else if !matches!(kind, Kind::Coroutine | Kind::AsyncGenerator | Kind::AsyncManager) {
                self.describe_work(site, &mut birth);
            }
        }
        if kind == Kind::Coroutine && matches!(birth.fate, Fate::Consumed(_)) {
            birth.done = self.flow.fate_of_done(site);
            if let Some(Fate::Consumed(_)) = birth.done {
                birth.read_at = self.flow.read_at();
            }
        }
        if owner.is_none() && matches!(kind, Kind::Task | Kind::Future) {
            birth.abandoned = self.abandoned(site);
            if birth.abandoned.is_some() && birth.work.is_none() {
                self.describe_work(site, &mut birth);
            }
        }
        if let Fate::Lost(loss) = &birth.fate
            && owner.is_none()
            && matches!(kind, Kind::Task | Kind::Future | Kind::Gather)
            && loss.is_out_of_hand()
            && self.is_cut_off(site)
        {
            birth.fate = Fate::Lost(Loss::CutOff);
        }
        if let Fate::Lost(loss) = &birth.fate {
            birth.lost_at = loss.place().map(|place| self.flow.module.span(place));
            if let Loss::Unheld { registry: Some(registry), .. } = loss {
                birth.registry = Some(self.flow.module.span(*registry));
            }
            birth.made_at = self.flow.module.callee(site.call).and_then(|helper| self.made_in(&helper));
        }
        Some(birth)
    }

    /// Whether a loss is none if the program does what it may do: what its functions become, and whom the loop tells of
    /// its tasks.
    fn is_unsure(&self, kind: Kind, fate: &Fate, site: &CallSite<'a>) -> bool {
        match fate {
            Fate::Lost(_) if kind == Kind::Coroutine && self.may_be_made_plain(site) => true,
            Fate::Lost(loss) => loss.is_out_of_hand() && self.asks_for_all_tasks(site.around.scope.frame),
            _ => false,
        }
    }

    /// The fate of what goes to those who call the function around, where they all tell the same.
    fn fate_among_callers(&self, site: &CallSite<'a>, kind: Kind, owner: Option<Owner>) -> Option<Fate> {
        let unheld = (kind == Kind::Task).then(|| self.fate_by_callers(site)).flatten();
        unheld.or_else(|| owner.is_none().then(|| self.fate_behind_await(site, kind)).flatten())
    }

    /// The wait that leaves a task behind, and whether it is cancelled at least.
    fn abandoned(&self, site: &CallSite<'a>) -> Option<(Span, bool)> {
        match self.flow.verdict(Kind::Pending, site).fate {
            Fate::Lost(Loss::Abandoned { at, is_cancelled }) => Some((self.flow.module.span(at), is_cancelled)),
            _ => None,
        }
    }

    /// The coroutine function that a call like `map(work, jobs)` calls again and again.
    fn mapped_function(&self, site: &CallSite<'a>) -> Option<&'a Expr> {
        let models = self.flow.models;
        let function = site.call.arguments.args.first()?;
        let maps = last_name(&site.call.func).is_some_and(|name| models.any_named(name, |model| model.maps));
        if !maps || !self.flow.model(site.call).is_some_and(|model| model.maps) {
            return None;
        }
        let callee = self.flow.module.target(function)?;
        callee.with_body(self.db, |_, function| is_plain_coroutine_function(function)).unwrap_or(false).then_some(function)
    }

    fn mapped_birth(&self, site: &CallSite<'a>, function: &Expr) -> Birth {
        let fate = self.flow.verdict_of_each(Kind::Coroutine, site).fate;
        self.coroutine_birth(site.call.range(), &site.around, function.range(), fate)
    }

    /// The birth of a coroutine that no call of its function gives; what was followed last is its value.
    pub(super) fn coroutine_birth(&self, range: TextRange, around: &Around<'a>, function: TextRange, fate: Fate) -> Birth {
        let span = |place| self.flow.module.span(place);
        let (read_at, lost_at) = match &fate {
            Fate::Lost(loss) => (None, loss.place().map(span)),
            Fate::Consumed(_) => (self.flow.read_at(), None),
            _ => (None, None),
        };
        Birth {
            kind: Kind::Coroutine,
            call: self.short_text(range),
            site: self.site(range, around),
            callee: self.short_text(function),
            work: None,
            hearing: Hearing::Deaf,
            witness: None,
            is_held_by_timer: false,
            is_cleanup: false,
            is_afterthought: false,
            fate,
            abandoned: None,
            done: None,
            read_at,
            lost_at,
            made_at: None,
            registry: None,
            is_guess: false,
            is_of_value: false,
        }
    }

    /// Whether a call may give an awaitable, as far as names tell.
    fn may_be_awaitable(&self, site: &CallSite<'a>, index: &Index) -> bool {
        if matches!(&*site.call.func, Expr::Name(name) if self.flow.models.any_named(&name.id, |model| model.maps)) {
            return site.call.arguments.args.first().and_then(last_name).is_some_and(|name| index.may_be_awaitable(name));
        }
        match &*site.call.func {
            Expr::Name(name) => {
                let body = self.flow.body;
                let frame = body.binding_frame(site.around.scope.frame, &name.id);
                let is_parameter = frame.is_some_and(|frame| {
                    let local = Local { frame, name: name.id.clone() };
                    body.frames[frame].kind == FrameKind::Function
                        && body.variables.get(&local).is_some_and(|variable| variable.is_parameter)
                });
                // Of a function around, the annotation is not at hand.
                if is_parameter && frame != Some(site.around.scope.frame) && !self.flow.module.is_untyped(&site.call.func) {
                    return true;
                }
                let known = body.aliases.get(&name.id).unwrap_or(&name.id);
                if is_parameter {
                    let declared = site.around.scope.function.and_then(|function| annotation_of(function, &name.id));
                    index.may_hold(&name.id) || declared.is_some_and(|alias| index.may_hold(alias))
                } else {
                    index.may_be_awaitable(known) || index.may_be_awaitable(&name.id)
                }
            }
            Expr::Attribute(attribute) => {
                !is_log(site.call) && !attribute.value.is_literal_expr() && index.may_be_awaitable(&attribute.attr)
            }
            // What has no name, like `handlers[event]()`, may be anything.
            _ => true,
        }
    }

    /// Tells what runs in a task or an executor, and what can fail in it.
    fn describe_work(&self, site: &CallSite<'a>, birth: &mut Birth) {
        let Spawned { account, is_cleanup, is_afterthought, text } = self.work_of_spawn(site);
        let account = if birth.kind == Kind::Task { account.of_task() } else { account };
        (birth.hearing, birth.witness) = (account.hearing(), self.lost_failure(&account));
        (birth.is_cleanup, birth.is_afterthought, birth.work) = (is_cleanup, is_afterthought, text);
        birth.is_held_by_timer = self.is_held_by_timer(site);
    }

    /// What can fail in work of which nothing is known.
    fn unknown_work(&self, at: TextRange) -> Account {
        Account::source(Weight::Heavy, self.flow.module, at)
    }

    /// What a call starts, what can fail in it, and its source text.
    pub(super) fn work_of_spawn(&self, site: &CallSite<'a>) -> Spawned {
        // The loop that it runs in is none of the work.
        let given = || arguments(site.call).filter(|argument| !last_name(argument).is_some_and(|name| is_loop(name)));
        let work = given().find_map(|argument| Some((argument, self.account_of_work(argument, site)?)));
        let shown = work.as_ref().map(|(argument, _)| *argument).or_else(|| given().find(|argument| !argument.is_literal_expr()));
        let spawned = || self.flow.module.callee(site.call).and_then(|spawner| self.account_of_spawned(&spawner));
        let account = work.map(|(_, account)| account).or_else(spawned).unwrap_or_else(|| match shown {
            Some(Expr::Name(name)) if self.is_internal_to_library(name, site) => Account::hidden(),
            shown => self.unknown_work(shown.map_or(site.call.range(), Ranged::range)),
        });
        let names = |is_so: fn(&str) -> bool| shown.and_then(name_of_work).is_some_and(|name| is_so(name));
        let is_closed = shown.is_some_and(|work| account.is_closed(self.flow.module, work.range()));
        let is_decoration = names(is_decoration) && !account.is_raised();
        Spawned {
            account: if names(only_ends) || is_closed && names(releases) { account.lightened(Weight::Cleanup) } else { account },
            is_cleanup: names(is_cleanup),
            is_afterthought: is_decoration || shown.is_some_and(|work| passes_on_what_is_logged(work, site)),
            text: shown.map(|argument| self.short_text(argument.range())),
        }
    }

    /// Whether a name is bound to what a private method of this object gives that the program does not define: what a
    /// library does there is its own affair.
    fn is_internal_to_library(&self, name: &ExprName, site: &CallSite<'a>) -> bool {
        let Some(Expr::Call(call)) = self.value_of_local(name, site) else { return false };
        let Expr::Attribute(method) = &*call.func else { return false };
        let is_own = is_self(&method.value);
        let is_foreign = || !self.flow.index.may_be_awaitable(&method.attr) && self.flow.module.callee(call).is_none();
        is_own && method.attr.starts_with('_') && is_foreign()
    }

    /// What can fail in an argument of a spawner, if it is something that runs.
    fn account_of_work(&self, argument: &Expr, site: &CallSite<'a>) -> Option<Account> {
        match argument {
            Expr::Call(work) if self.plain_function(work, &site.around.scope).is_some() => {
                Some(self.account_of_call(work, &site.around.scope))
            }
            Expr::Call(work) if self.never_fails(work) => Some(Account::default()),
            Expr::Call(work) if self.flow.model(work).is_some_and(|model| model.callbacks == Some(Callbacks::Outcome)) => {
                Some(self.account_of_inner_call(self.flow.module, work, Way::Awaited, Asked::ALONE))
            }
            Expr::If(either) => Some(self.account_of_work(&either.body, site)?.and(self.account_of_work(&either.orelse, site)?)),
            Expr::Name(name) if let Some(choice @ Expr::If(_)) = self.value_of_local(name, site) => self.account_of_work(choice, site),
            Expr::Name(name) if let Some(account) = self.account_of_given(name, site) => Some(account),
            argument => {
                if let Some(callee) = work_callee(self.flow.module, argument, site.around.scope.function) {
                    return Some(self.account(&callee, self.flow.module, argument));
                }
                let work = argument.as_call_expr()?;
                self.account_of_choice(&work.func).or_else(|| self.account_as_written(work))
            }
        }
    }

    /// What can fail in the work that all those who call the function around give for a parameter.
    fn account_of_given(&self, parameter: &ExprName, site: &CallSite<'a>) -> Option<Account> {
        let scope = &site.around.scope;
        let function = scope.function?;
        let local = Local { frame: scope.frame, name: parameter.id.clone() };
        if self.flow.body.variables.get(&local).is_none_or(Variable::is_rebound) {
            return None;
        }
        let is_bound = scope.class.is_some() && !is_static(function);
        let account = |module: &Module<'db>, work: &Expr| self.account_of_awaited(module, work, Asked::ALONE);
        self.flow.given_by_callers(function, &parameter.id, is_bound, &account).map(Account::all)
    }

    /// The value of a local variable that is bound once.
    fn value_of_local(&self, name: &ExprName, site: &CallSite<'a>) -> Option<&'a Expr> {
        let local = Local { frame: site.around.scope.frame, name: name.id.clone() };
        self.flow.body.values.get(&local).copied()
    }

    fn never_fails(&self, call: &ExprCall) -> bool {
        let model = self.flow.model_of(self.flow.module, call, self.flow.module.callee(call).as_ref());
        model.is_some_and(|model| model.never_fails)
    }

    /// The source text for a message: white space folded, the end left out where it is long.
    pub(super) fn short_text(&self, range: TextRange) -> String {
        shortened(&self.flow.module.text()[range])
    }

    /// The source text, white space folded.
    pub(super) fn text(&self, range: TextRange) -> String {
        folded(&self.flow.module.text()[range])
    }
}

/// Source for a message: white space folded, the end left out where it is long.
pub(super) fn shortened(source: &str) -> String {
    const LONGEST: usize = 60;
    let text = folded(source);
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn folded(source: &str) -> String {
    source.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The alias that a parameter is annotated by: `Check`, or `Check | None`.
fn annotation_of<'f>(function: &'f StmtFunctionDef, parameter: &Name) -> Option<&'f Name> {
    function.parameters.iter().find(|other| other.name().id == *parameter)?.annotation().and_then(alias)
}

/// What a call says of `return_exceptions`: nothing is no, and what is not written down is not known.
pub(crate) fn return_exceptions(call: &ExprCall) -> Option<bool> {
    match call.arguments.find_keyword("return_exceptions").map(|keyword| &keyword.value) {
        None => Some(false),
        Some(Expr::BooleanLiteral(literal)) => Some(literal.value),
        Some(_) => None,
    }
}

/// As what the value of a call is followed: of a gather, only one that collects failures has outcomes.
pub(super) fn followed_kind(kind: Kind, call: &ExprCall) -> Kind {
    if kind == Kind::Gather && return_exceptions(call) != Some(true) { Kind::Future } else { kind }
}

/// Whether a call stands in a handler, and in no other block of it, that raises on what it has caught: what is done
/// there is for the clean-up, and the failure that is told is the first one.
fn is_on_the_way_out(site: &CallSite<'_>) -> bool {
    match site.around.blocks().next() {
        Some(Block::Handler(handler)) => matches!(handler.body.last(), Some(Stmt::Raise(raise)) if raise.exc.is_none()),
        _ => false,
    }
}

/// Whether work that is started in a handler gets the failure that the handler tells the log itself.
fn passes_on_what_is_logged(work: &Expr, site: &CallSite<'_>) -> bool {
    let Some(handler) = site.around.blocks().find_map(|block| if let Block::Handler(handler) = block { Some(handler) } else { None })
    else {
        return false;
    };
    let is_failure =
        |argument: &Expr| argument.as_name_expr().is_some_and(|name| handler.name.as_ref().is_some_and(|error| error.id == name.id));
    let logs = |statement: &Stmt| statement.as_expr_stmt().and_then(|told| told.value.as_call_expr()).is_some_and(is_log);
    work.as_call_expr().is_some_and(|work| arguments(work).any(is_failure)) && handler.body.iter().any(logs)
}
