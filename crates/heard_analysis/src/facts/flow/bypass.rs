//! Failures that leave a function between the birth of a value and the place that reads it.

use ruff_python_ast::Expr;
use ruff_text_size::{Ranged, TextRange};
use rustc_hash::FxHashSet;

use super::super::body::{CallSite, Edge, Load, Step, Use, Variable};
use super::super::{Fate, How, Kind, Loss, Operation};
use super::Flow;
use super::held::Reach;
use super::value::{Layer, Value};

/// What holds a value until it is read.
struct Holder<'f, 'a> {
    value: Value,
    variable: &'f Variable<'a>,
    /// When it is there.
    since: Step,
    /// When the name is bound.
    bound: FxHashSet<Step>,
    /// When it is bound or read.
    touched: FxHashSet<Step>,
}

impl<'a> Flow<'_, '_, 'a> {
    /// What is awaited, and may fail, while the value of `site` waits in a name or a container, so that
    /// nobody reads it then. `may_fail` is asked about what is awaited, and about the value itself with
    /// `None`: where those in a container are awaited one by one, one passes by the others.
    pub(crate) fn bypass(&self, kind: Kind, site: &CallSite<'a>, may_fail: &dyn Fn(Option<&'a Expr>) -> bool) -> Option<&'a Expr> {
        let holder = self.holder(kind, site)?;
        self.reset(Reach::Running);
        let is_read = || matches!(self.verdict(kind, site).fate, Fate::Consumed(How::Awaited | How::HandedOver | How::Method));
        // Where nothing is awaited, types are not asked.
        if self.ways_out(&holder, &self.unread(&holder, &FxHashSet::default())?).is_empty() || !is_read() {
            return None;
        }
        let unread = self.unread(&holder, &self.settling(&holder))?;
        let mut between = self.ways_out(&holder, &unread);
        between.retain(|awaited| may_fail(Some(awaited)));
        if between.is_empty() && may_fail(None) {
            let reading = holder.variable.loads.iter().filter(|load| unread.contains(&load.step));
            between = reading.filter_map(|load| self.one_by_one(&holder, load)).collect();
        }
        between.into_iter().min_by_key(Ranged::start)
    }

    /// The first `yield` at which whoever iterates may leave while the value of `site` waits in a name
    /// or a container, so that nobody reads it then.
    pub(crate) fn desertion(&self, kind: Kind, site: &CallSite<'a>) -> Option<TextRange> {
        let holder = self.holder(kind, site)?;
        self.reset(Reach::Running);
        let is_read = || matches!(self.verdict(kind, site).fate, Fate::Consumed(How::Awaited | How::HandedOver | How::Method));
        if self.yields(&holder, &self.unread(&holder, &FxHashSet::default())?).is_none() || !is_read() {
            return None;
        }
        self.yields(&holder, &self.unread(&holder, &self.settling(&holder))?)
    }

    /// The name that the value of `site` is put in.
    fn holder(&self, kind: Kind, site: &CallSite<'a>) -> Option<Holder<'_, 'a>> {
        let mut value = Value::new(kind);
        let mut how = &site.how;
        let (local, store) = loop {
            (value, how) = match how {
                Use::Element(how) => (value.put_in(Layer::Sequence)?, &**how),
                Use::Entry(how) => (value.put_in(Layer::Mapping)?, &**how),
                Use::Bound(local, store) => break (local, Some(*store)),
                Use::Held(local) => break (local, None),
                _ => return None,
            };
        };
        let variable = self.body.variables.get(local)?;
        let is_plain = !variable.is_shared && !variable.is_parameter && !variable.loads.iter().any(|load| load.is_nested);
        if !is_plain || self.body.dynamic_frames.contains(&local.frame) {
            return None;
        }
        let since = match store {
            Some(store) => variable.stores.get(store)?.step,
            None => site.step,
        };
        let bound: FxHashSet<Step> = variable.stores.iter().map(|store| store.step).collect();
        let touched = bound.iter().copied().chain(variable.loads.iter().map(|load| load.step)).collect();
        Some(Holder { value: value.held(), variable, since, bound, touched })
    }

    /// Whether a use reads the value, hands it to somebody, or ends it.
    fn settles(&self, value: Value, load: &Load<'a>) -> bool {
        // What is asked whether it is there is dealt with where it is.
        let is_asked = match &load.how {
            Use::Glanced(_) => value.is_bare(),
            how => matches!(how, Use::Operand(Operation::Condition, _)),
        };
        let is_cancelled =
            || matches!(self.follow(value.turned_into(Kind::Pending), &load.how).fate, Fate::Lost(Loss::OnlyCancelled { .. }));
        is_asked || !matches!(self.follow(value, &load.how).fate, Fate::Lost(_)) || is_cancelled()
    }

    /// The steps from where the holder has its value to where one of the `settling` steps deals with it.
    fn unread(&self, holder: &Holder<'_, 'a>, settling: &FxHashSet<Step>) -> Option<FxHashSet<Step>> {
        let ends = |step| settling.contains(&step) || holder.bound.contains(&step);
        let mut goes_well = |edge: &Edge<'a>| matches!(edge, Edge::Normal | Edge::Behind(_));
        self.body.graph.reached([holder.since], &mut goes_well, &ends, &self.steps)
    }

    /// What is awaited at these steps, where a failure leaves the function past all uses of the holder.
    fn ways_out(&self, holder: &Holder<'_, 'a>, steps: &FxHashSet<Step>) -> Vec<&'a Expr> {
        let fails = self.body.graph.leaving(steps).filter_map(|(target, edge)| match edge {
            Edge::AwaitFail { awaited, .. } => Some((target, awaited)),
            _ => None,
        });
        fails.filter(|(target, _)| self.leads_out(holder, *target)).map(|(_, awaited)| awaited).collect()
    }

    /// The steps that read what the holder has, hand it to somebody, or end it.
    fn settling(&self, holder: &Holder<'_, 'a>) -> FxHashSet<Step> {
        holder.variable.loads.iter().filter(|load| self.settles(holder.value, load)).map(|load| load.step).collect()
    }

    /// The first `yield` at these steps from which closing the generator leads past all uses of the holder.
    fn yields(&self, holder: &Holder<'_, 'a>, steps: &FxHashSet<Step>) -> Option<TextRange> {
        let leaves = self.body.graph.leaving(steps).filter_map(|(target, edge)| match edge {
            Edge::Left(at) => Some((target, at)),
            _ => None,
        });
        leaves.filter(|(target, _)| self.leads_out(holder, *target)).map(|(_, at)| at).min_by_key(Ranged::start)
    }

    /// Whether a failure that comes to this step leaves the function past all uses of the holder.
    fn leads_out(&self, holder: &Holder<'_, 'a>, step: Step) -> bool {
        let ends = |step| holder.touched.contains(&step);
        let mut goes_on = |edge: &Edge<'a>| matches!(edge, Edge::Normal | Edge::Behind(_) | Edge::Pass);
        let graph = &self.body.graph;
        graph.is_failure(step)
            || graph
                .reached([step], &mut goes_on, &ends, &self.steps)
                .is_some_and(|steps| steps.into_iter().any(|step| graph.is_failure(step)))
    }

    /// What is awaited in a loop over the container, where that is each of its elements.
    fn one_by_one(&self, holder: &Holder<'_, 'a>, load: &Load<'a>) -> Option<&'a Expr> {
        let Use::Each(element, _) = &load.how else { return None };
        let Use::Bound(element, _) = &**element else { return None };
        let loads = &self.body.variables.get(element)?.loads;
        let is_element = |awaited: &&Expr| loads.iter().any(|load| load.range == awaited.range());
        self.ways_out(holder, &self.reached_from(load.step)?).into_iter().filter(is_element).min_by_key(Ranged::start)
    }
}
