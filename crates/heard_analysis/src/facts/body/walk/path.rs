//! The path of the walk: where it is in the control flow, and where jumps and failures lead.

use ruff_python_ast::{Expr, ExprCall, StmtFunctionDef};
use ruff_text_size::TextRange;

use super::super::{Edge, Graph, Step, last_name};
use super::Walker;

/// Where the walk is inside one function.
pub(super) struct Path {
    pub(super) here: Step,
    /// Whether nothing leads here.
    pub(super) is_dead: bool,
    /// Where a failure leads.
    pub(super) catch: Step,
    /// Where a failure leaves the function.
    raised: Step,
    /// Whether something around may end an `await` before its time, like a timeout.
    pub(super) is_limited: bool,
    /// The loops and `finally` blocks around, the outermost first.
    around: Vec<Target>,
}

/// What a jump may lead to, or has to lead through.
enum Target {
    Loop { start: Step, after: Step, is_left: bool },
    Finally { entry: Step, passing: Vec<Jump> },
}

/// Where several ways meet.
pub(super) struct Meeting {
    pub(super) step: Step,
    pub(super) is_reached: bool,
    /// The ends of ways that nothing leads to.
    dead_ends: Vec<Step>,
}

/// A jump on its way.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Jump {
    Return,
    Break,
    Continue,
}

impl Path {
    /// The path at the beginning of a function.
    pub(super) fn new(graph: &mut Graph) -> Self {
        let raised = graph.failure();
        Path { here: graph.step(), is_dead: false, catch: raised, raised, is_limited: false, around: Vec::new() }
    }
}

impl<'a> Walker<'a, '_> {
    /// The next moment.
    pub(super) fn step(&mut self) -> Step {
        let step = self.body.graph.step();
        self.body.graph.connect(self.path.here, step, Edge::Normal);
        self.path.here = step;
        step
    }

    /// Something here may fail: the call, where it is one.
    pub(super) fn risk(&mut self, call: Option<&'a ExprCall>) {
        // What leaves the function at once leads nowhere in it.
        if self.path.catch != self.path.raised {
            self.body.graph.connect(self.path.here, self.path.catch, Edge::Fail(call));
        }
    }

    /// An `await` of something that may fail, or not end where it is a call.
    pub(super) fn wait(&mut self, awaited: &'a Expr) {
        let step = self.step();
        let failing = Edge::AwaitFail { awaited, is_limited: self.path.is_limited };
        self.body.graph.connect(step, self.path.catch, failing);
        if let Some(call) = awaited.as_call_expr() {
            self.pass(call);
        }
    }

    /// Hands over to whoever uses what the function makes, if that is what it is for.
    pub(super) fn hand_over(&mut self, range: TextRange) {
        if self.scope.function.is_some_and(is_manager) {
            let after = self.body.graph.step();
            self.body.graph.connect(self.path.here, self.path.catch, Edge::Handover(range));
            self.body.graph.connect(self.path.here, after, Edge::Handover(range));
            self.path.here = after;
        } else {
            self.step();
            self.risk(None);
            if self.scope.is_async {
                self.body.graph.connect(self.path.here, self.path.catch, Edge::Left(range));
            }
        }
    }

    /// Goes on behind `call`, if that ever returns.
    pub(super) fn pass(&mut self, call: &'a ExprCall) {
        if last_name(&call.func).is_some_and(|name| self.models.any_named(name, |model| model.endless)) {
            let after = self.body.graph.step();
            self.body.graph.connect(self.path.here, after, Edge::Behind(call));
            self.path.here = after;
        }
    }

    /// A place where several ways will meet.
    pub(super) fn meeting(&mut self) -> Meeting {
        Meeting { step: self.body.graph.step(), is_reached: false, dead_ends: Vec::new() }
    }

    /// The way from here leads to `meeting`.
    pub(super) fn meet(&mut self, meeting: &mut Meeting) {
        if self.path.is_dead {
            meeting.dead_ends.push(self.path.here);
        } else {
            self.body.graph.connect(self.path.here, meeting.step, Edge::Normal);
            meeting.is_reached = true;
        }
    }

    /// Goes on where the ways have met.
    pub(super) fn resume_at(&mut self, meeting: Meeting) {
        if !meeting.is_reached {
            for end in meeting.dead_ends {
                self.body.graph.connect(end, meeting.step, Edge::Leave(TextRange::default()));
            }
        }
        self.resume(meeting.step, !meeting.is_reached);
    }

    /// Goes on at `step`; `is_dead` tells whether nothing leads there.
    pub(super) fn resume(&mut self, step: Step, is_dead: bool) {
        self.path.here = step;
        self.path.is_dead = is_dead;
    }

    /// Walks each way of a choice from here, and goes on where they meet. `may_skip` tells whether
    /// there is one more way that does nothing.
    pub(super) fn ways<T: Copy>(&mut self, ways: &[T], may_skip: bool, walk: impl Fn(&mut Self, T)) {
        let (start, was_dead) = (self.path.here, self.path.is_dead);
        let mut meeting = self.meeting();
        for way in ways {
            self.resume(start, was_dead);
            walk(self, *way);
            self.meet(&mut meeting);
        }
        if may_skip {
            self.resume(start, was_dead);
            self.meet(&mut meeting);
        }
        self.resume_at(meeting);
    }

    /// Says that what follows here is never reached.
    pub(super) fn die(&mut self, why: Edge<'a>) {
        let behind = self.body.graph.step();
        self.body.graph.connect(self.path.here, behind, why);
        self.resume(behind, true);
    }

    /// Jumps from here.
    pub(super) fn jump(&mut self, jump: Jump, range: TextRange) {
        if !self.path.is_dead {
            self.lead_out(jump);
        }
        self.die(Edge::Leave(range));
    }

    fn lead_out(&mut self, jump: Jump) {
        let here = self.path.here;
        for target in self.path.around.iter_mut().rev() {
            match (target, jump) {
                (Target::Finally { entry, passing }, _) => {
                    passing.push(jump);
                    return self.body.graph.connect(here, *entry, Edge::Normal);
                }
                (Target::Loop { after, is_left, .. }, Jump::Break) => {
                    *is_left = true;
                    return self.body.graph.connect(here, *after, Edge::Normal);
                }
                (Target::Loop { start, .. }, Jump::Continue) => return self.body.graph.connect(here, *start, Edge::Normal),
                (Target::Loop { .. }, Jump::Return) => {}
            }
        }
    }

    /// Walks the body of a loop that begins at `start`, and tells `after` whether a jump leads there.
    pub(super) fn in_loop(&mut self, start: Step, after: &mut Meeting, body: impl FnOnce(&mut Self)) {
        self.path.around.push(Target::Loop { start, after: after.step, is_left: false });
        body(self);
        if !self.path.is_dead {
            self.body.graph.connect(self.path.here, start, Edge::Normal);
        }
        after.is_reached |= matches!(self.path.around.pop(), Some(Target::Loop { is_left: true, .. }));
    }

    /// Walks `walk` with failures leading to `catch`.
    pub(super) fn catching(&mut self, catch: Step, walk: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.path.catch, catch);
        walk(self);
        self.path.catch = outer;
    }

    /// Walks `guarded`, and then `last`, through which every way out of the first leads.
    pub(super) fn with_finally(&mut self, guarded: impl FnOnce(&mut Self), last: impl FnOnce(&mut Self)) {
        let was_dead = self.path.is_dead;
        let mut entry = self.meeting();
        self.path.around.push(Target::Finally { entry: entry.step, passing: Vec::new() });
        self.catching(entry.step, guarded);
        self.meet(&mut entry);
        let Some(Target::Finally { passing, .. }) = self.path.around.pop() else { return };
        let ends = entry.is_reached;
        self.resume_at(entry);
        // A failure leads there as well.
        self.path.is_dead = was_dead;
        last(self);
        if self.path.is_dead {
            return;
        }
        self.body.graph.connect(self.path.here, self.path.catch, Edge::Pass);
        for jump in passing {
            self.lead_out(jump);
        }
        if !ends {
            self.die(Edge::Leave(TextRange::default()));
        }
    }
}

/// Whether a generator is there to be driven by `with` or by a test runner.
fn is_manager(function: &StmtFunctionDef) -> bool {
    function.decorator_list.iter().any(|decorator| {
        let named = match &decorator.expression {
            Expr::Call(call) => &call.func,
            expression => expression,
        };
        last_name(named).is_some_and(|name| matches!(name.as_str(), "asynccontextmanager" | "contextmanager" | "fixture"))
    })
}
