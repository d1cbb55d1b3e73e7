//! The catalogue of rules.
//!
//! A rule is judgement and wording over facts. It is a pair of files, `rules/<name>.rs` and the
//! page `rules/<name>.md`, and one line in the list below.

use crate::facts::{Birth, Fact, Loss, Obstacle, Site};
use crate::finding::{Finding, Level, Span, Step};

macro_rules! rules {
    ($($module:ident,)*) => {
        $(pub(crate) mod $module;)*

        /// Every rule, in the order of their names.
        pub const ALL: &[&Rule] = &[$(&$module::RULE,)*];
    };
}

rules! {
    abandoned_pending,
    async_function_as_callback,
    async_generator_misuse,
    async_test_never_run,
    bare_raise_outside_except,
    cancel_skips_cleanup,
    cancelled_as_success,
    coroutine_as_value,
    coroutine_in_wait,
    discard_only_callback,
    dropped_task,
    first_of_group,
    jump_in_finally,
    late_task,
    lost_sibling_failure,
    misordered_results,
    muted_callback,
    muted_failure,
    nested_run,
    raising_callback,
    raising_probe,
    raw_create_task,
    silenced_diagnostics,
    swallowed_cancellation,
    swallowing_exit,
    task_lost_on_error,
    task_outlives_scope,
    timeout_hides_failure,
    unawaited_coroutine,
    unbounded_spawn,
    unclosed_generator,
    unfinished_at_exit,
    unguarded_future_resolve,
    unreachable_exception_branch,
    unread_exit_status,
    unread_gather,
    unread_task,
    unread_thread_future,
    unread_wait,
    unused_allow,
    unwatched_join,
}

/// One defect of the catalogue.
#[derive(Debug)]
pub struct Rule {
    /// The defect in two to four words.
    pub name: &'static str,
    /// The rule's usual level; a single finding may have another.
    pub level: Level,
    /// The rule's page, in Markdown.
    pub page: &'static str,
    /// What the rule says of one fact.
    check: fn(&Fact) -> Option<Finding>,
}

impl Rule {
    /// The page's first paragraph: what the defect is.
    #[must_use]
    pub fn summary(&self) -> &'static str {
        self.page.split("\n\n").nth(1).unwrap_or_default()
    }

    /// A finding at `site`, at the rule's usual level.
    fn finding(&self, site: &Site, message: String, help: impl Into<String>) -> Finding {
        Finding {
            rule: self.name,
            level: self.level,
            message,
            span: site.span.clone(),
            trace: Vec::new(),
            witness: None,
            cause: None,
            help: help.into(),
            fix: None,
            symbol: site.symbol.clone(),
            statement_span: site.statement_span.clone(),
            statement: site.statement.clone(),
            ordinal: 0,
        }
    }
}

/// The rule called `name`.
#[must_use]
pub fn find(name: &str) -> Option<&'static Rule> {
    ALL.iter().copied().find(|rule| rule.name == name)
}

/// What all rules say of `facts`, each finding with the fact that it is about.
pub(crate) fn run(facts: &[Fact]) -> Vec<(&Fact, Finding)> {
    facts.iter().flat_map(|fact| ALL.iter().filter_map(move |rule| Some((fact, (rule.check)(fact)?)))).collect()
}

impl Birth {
    /// Where the value is lost, if a name carries it there.
    fn used_elsewhere(&self) -> Option<&Span> {
        self.lost_at.as_ref().filter(|place| place.end < self.site.span.start || self.site.span.end < place.start)
    }
}

impl Finding {
    /// The same finding at another level.
    fn at_level(self, level: Level) -> Self {
        Finding { level, ..self }
    }

    /// The same finding with the failure that would be lost.
    fn telling(mut self, birth: &Birth) -> Self {
        if let Some(witness) = birth.witness.as_ref().filter(|_| birth.hearing.is_deaf()) {
            let is_raised = ["raise", "assert"].iter().any(|keyword| witness.source.split(' ').next() == Some(keyword));
            let message = format!("what is lost: {}`{}`", if is_raised { "" } else { "a failure of " }, witness.source);
            self.trace.push(Step { span: witness.span.clone(), message });
            self.cause.get_or_insert_with(|| format!("`{}` in {}:{}", witness.source, witness.span.path, witness.span.start.line));
            self.witness = Some(witness.clone());
        }
        self
    }

    /// The same finding with what keeps the task for its cause: an attribute is that of a class, a name that of a function.
    fn kept_in(mut self, holder: &str) -> Self {
        let home = if holder.contains('.') { self.symbol.rsplit_once('.').map_or("", |(class, _)| class) } else { &self.symbol };
        self.cause = Some(format!("`{holder}` of {home} in {}", self.span.path));
        self
    }

    /// The same finding at `place`, with `born` said of where the value is made.
    fn told_at(mut self, place: &Span, birth: &Birth, born: impl Into<String>) -> Self {
        self.trace.push(Step { span: birth.site.span.clone(), message: born.into() });
        self.span = place.clone();
        self
    }

    /// The same finding at a `handler` that lets pass what is raised here.
    fn told_past(mut self, handler: &Span, why: &str) -> Self {
        let raised = std::mem::replace(&mut self.span, handler.clone());
        self.trace.push(Step { span: raised, message: "it is raised here".to_owned() });
        self.help = format!("{why}; {}", self.help);
        self
    }

    /// The same finding where the value is used, if a name carries it there.
    fn told_at_use(self, birth: &Birth, born: &str) -> Self {
        match birth.used_elsewhere() {
            Some(place) => self.told_at(place, birth, born),
            None => self,
        }
    }

    /// Adds where a helper makes the value, and where it is lost, in words that depend on how, as far
    /// as these are places of their own.
    fn with_loss(mut self, birth: &Birth, loss: &Loss) -> Self {
        if let Some(span) = birth.made_at.clone() {
            self.trace.push(Step { span, message: format!("`{}` makes it here, and leaves it to its caller", birth.callee) });
        }
        let stations = loss.stations().iter().map(|station| Step { span: station.span.clone(), message: station.what.clone() });
        let Some(span) = birth.lost_at.clone() else {
            self.trace.extend(stations);
            return self;
        };
        let message = match loss {
            Loss::Overwritten { name, .. } => format!("`{name}` is bound anew here, before anything read it"),
            Loss::NeverRead { holder: Some(name), .. } => format!("`{name}` is used here, but that does not read the outcome"),
            Loss::NeverRead { holder: None, .. } => "this does not read the outcome".to_owned(),
            Loss::Late { behind: Obstacle::Endless, .. } => "this does not end".to_owned(),
            Loss::Late { behind: Obstacle::Handover, .. } => "whoever uses this takes over here".to_owned(),
            Loss::Unexamined { .. } | Loss::Abandoned { .. } | Loss::OnlyCancelled { .. } | Loss::Collected { .. } => {
                "it is waited for here".to_owned()
            }
            Loss::Skipped { .. } => "the failures are left out here".to_owned(),
            Loss::Unheld { registry: Some(_), .. } => "it is registered here".to_owned(),
            Loss::Unheld { .. } => "a callback alone does not keep it".to_owned(),
            Loss::Kept { holder, .. } => format!("kept in `{holder}` here"),
            Loss::Handed { function, .. } => format!("handed to `{function}` here"),
            Loss::Discarded { .. } => "the only callback takes it out of the registry".to_owned(),
            Loss::OnlyPrinted { .. } => "a failure is only written out here, like a value".to_owned(),
            Loss::UsedAsValue { .. } => "used here as a plain value".to_owned(),
            Loss::Dropped | Loss::DroppedByCaller | Loss::UnusedName(_) | Loss::CutOff => return self,
        };
        self.trace.push(Step { span, message });
        self.trace.extend(stations);
        self
    }
}
