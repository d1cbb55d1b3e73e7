//! A value on its way through a body.

use serde::Deserialize;

use super::super::{Fate, Kind, Reason};
use super::Verdict;

/// What a value lies in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Layer {
    /// An iterable, as one or more of its elements.
    Sequence,
    /// A mapping, as one or more of its values: iterating it gives its keys.
    Mapping,
    /// A tuple, at this place.
    Tuple(usize),
    /// An awaitable that gives it.
    Promise,
}

/// A value on its way: what it is, and what it lies in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::facts) struct Value {
    pub(super) kind: Kind,
    /// What it lies in, the innermost first.
    layers: [Layer; Value::DEEPEST],
    depth: usize,
    /// Names followed so far.
    pub(super) hops: usize,
    /// Whether it has lost its place among its like.
    pub(super) is_shuffled: bool,
}

impl Value {
    /// A value that lies deeper than this is given up.
    const DEEPEST: usize = 6;

    pub(in crate::facts) fn new(kind: Kind) -> Self {
        Value { kind, layers: [Layer::Sequence; Value::DEEPEST], depth: 0, hops: 0, is_shuffled: false }
    }

    /// The same value put in something, or `None` where that is too deep.
    pub(super) fn put_in(mut self, layer: Layer) -> Option<Self> {
        *self.layers.get_mut(self.depth)? = layer;
        self.depth += 1;
        Some(self)
    }

    /// What it lies in immediately, seen from outside.
    pub(super) fn layer(&self) -> Option<Layer> {
        self.depth.checked_sub(1).map(|last| self.layers[last])
    }

    /// The value out of what it lies in.
    pub(super) fn taken_out(self) -> Self {
        Value { depth: self.depth.saturating_sub(1), ..self }
    }

    /// Whether it lies in nothing.
    pub(super) fn is_bare(&self) -> bool {
        self.depth == 0
    }

    /// How many things it lies in.
    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    /// The value behind one more name.
    pub(super) fn held(self) -> Self {
        Value { hops: self.hops + 1, ..self }
    }

    /// The value as it comes into another body: nothing is left of its way.
    pub(super) fn on_arrival(self) -> Self {
        let mut value = Value { hops: 1, is_shuffled: self.is_shuffled, depth: self.depth, ..Value::new(self.kind) };
        value.layers[..self.depth].copy_from_slice(&self.layers[..self.depth]);
        value
    }

    /// The value at another place among its like.
    pub(super) fn shuffled(self) -> Self {
        Value { is_shuffled: true, ..self }
    }

    /// The value as something else.
    pub(super) fn turned_into(self, kind: Kind) -> Self {
        Value { kind, ..self }
    }

    /// It cannot be told what becomes of it.
    pub(super) fn unknown(self, reason: Reason) -> Verdict {
        self.ends(Fate::Unknown(reason))
    }

    /// It ends so.
    pub(super) fn ends(self, fate: Fate) -> Verdict {
        Verdict { kind: self.kind, fate }
    }
}
