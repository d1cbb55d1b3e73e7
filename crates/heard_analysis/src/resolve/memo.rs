//! What is known already, and what is being found out.
//!
//! A question that leads back to itself is answered with nothing so far, and asked again with what came
//! of that, until the answer stays the same. Only answers that depend on no open question are kept, so
//! none depends on who asked first: neither on the order of the files nor on the threads.

use std::cell::RefCell;
use std::rc::Rc;

use ruff_python_ast::name::Name;
use ruff_text_size::TextSize;
use rustc_hash::FxHashMap;

use super::index::FileId;
use super::resolver::Reads;
use super::ty::{ClassRef, FunctionRef, Link, Member, Ty, VarId};

/// Questions inside each other beyond this are not asked.
const DEEPEST: usize = 2_000;

/// So many questions are asked for the sake of one.
const MOST_STEPS: usize = 200_000;

/// An answer that changes more often than this never stays the same.
const MOST_ROUNDS: usize = 6;

/// A question. Of some the answer depends on what it may rest on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    /// What a name of a module stands for.
    Global(FileId, Name, Reads),
    /// How a function behaves as a member.
    Member(FunctionRef, Reads),
    /// What a class is called by, behind its decorators.
    Class(ClassRef),
    /// The classes that a class looks for attributes in.
    Order(ClassRef),
    /// The type variables of a class.
    Params(ClassRef),
    /// What an attribute that a class defines is, on such an object.
    Attribute(ClassRef, Name, Ty, Reads),
    /// What the `return`s of a function give, called on such an object.
    Results(FunctionRef, Ty, Reads),
    /// What one of the bindings of a name or path in a scope gives.
    Binding(FileId, TextSize, Name, u32, Reads),
    /// What callers give for a parameter of a function.
    Given(FunctionRef, Name),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Absent,
    Ty(Ty),
    Member(Member),
    Order(Rc<[Link]>),
    Params(Rc<[VarId]>),
}

impl Value {
    pub(super) fn ty(self) -> Option<Ty> {
        if let Value::Ty(ty) = self { Some(ty) } else { None }
    }

    /// What is said where no answer comes about.
    fn given_up(like: &Value, reason: &'static str) -> Self {
        match like {
            Value::Absent | Value::Ty(_) => Value::Ty(Ty::Unknown(reason)),
            Value::Member(_) => Value::Member(Member::Value(Ty::Unknown(reason))),
            Value::Order(_) => Value::Order(Rc::from([Link::Unknown(reason)])),
            Value::Params(_) => Value::Params(Rc::from([])),
        }
    }
}

/// The answers of one thread.
#[derive(Default)]
pub(super) struct Memo(RefCell<State>);

#[derive(Default)]
struct State {
    known: FxHashMap<Key, Value>,
    /// The same of names in scopes, which nobody asks for when their file is done.
    local: FxHashMap<Key, Value>,
    /// Answers that hold as long as an open question has the answer that it has so far: with the place of
    /// the outermost of these questions.
    tentative: FxHashMap<Key, (Value, usize)>,
    /// The keys of these, in the order in which they came.
    trail: Vec<Key>,
    /// The open questions, the innermost last.
    open: Vec<Open>,
    places: FxHashMap<Key, usize>,
    steps: usize,
}

struct Open {
    so_far: Value,
    /// The outermost open question that the answer depends on.
    lowest: usize,
    /// Whether somebody was told the answer so far.
    is_asked: bool,
    /// Whether a question that it led to was given up.
    is_cut: bool,
    trail: usize,
}

impl State {
    fn find(&mut self, key: &Key) -> Option<Value> {
        let known = if matches!(key, Key::Binding(..)) { &self.local } else { &self.known };
        if let Some(value) = known.get(key) {
            return Some(value.clone());
        }
        if let Some((value, lowest)) = self.tentative.get(key) {
            if let Some(top) = self.open.last_mut() {
                top.lowest = top.lowest.min(*lowest);
            }
            return Some(value.clone());
        }
        let place = *self.places.get(key)?;
        self.open[place].is_asked = true;
        let value = self.open[place].so_far.clone();
        if let Some(top) = self.open.last_mut() {
            top.lowest = top.lowest.min(place);
        }
        Some(value)
    }

    fn keep(&mut self, key: Key, value: Value) {
        let known = if matches!(key, Key::Binding(..)) { &mut self.local } else { &mut self.known };
        known.insert(key, value);
    }

    fn forget_behind(&mut self, trail: usize) {
        for key in self.trail.drain(trail..) {
            self.tentative.remove(&key);
        }
    }
}

impl Memo {
    /// The answer to `key`, which `find` finds out where it is not known. `nothing` is the answer while it
    /// is being found out.
    pub(super) fn ask(&self, key: &Key, nothing: &Value, find: &dyn Fn() -> Value) -> Value {
        {
            let mut state = self.0.borrow_mut();
            if let Some(value) = state.find(key) {
                return value;
            }
            if state.open.is_empty() {
                state.steps = 0;
            }
            state.steps += 1;
            if state.open.len() >= DEEPEST || state.steps > MOST_STEPS {
                if let Some(top) = state.open.last_mut() {
                    top.is_cut = true;
                }
                return Value::given_up(nothing, "budget");
            }
            let (place, trail) = (state.open.len(), state.trail.len());
            state.places.insert(key.clone(), place);
            state.open.push(Open { so_far: nothing.clone(), lowest: usize::MAX, is_asked: false, is_cut: false, trail });
        }
        let mut rounds = 0;
        loop {
            let mut value = match find() {
                Value::Ty(ty) => Value::Ty(ty.bounded()),
                value => value,
            };
            let mut state = self.0.borrow_mut();
            let place = state.open.len() - 1;
            let open = &mut state.open[place];
            if open.is_asked && !open.is_cut && open.so_far != value {
                rounds += 1;
                if rounds < MOST_ROUNDS {
                    open.so_far = value;
                    open.is_asked = false;
                    open.lowest = usize::MAX;
                    let trail = open.trail;
                    state.forget_behind(trail);
                    continue;
                }
                value = Value::given_up(nothing, "circle");
                let trail = open.trail;
                state.forget_behind(trail);
            }
            return state.close(key, value, place);
        }
    }

    /// Lets go of what is known of names in scopes.
    pub(super) fn forget_locals(&self) {
        self.0.borrow_mut().local = FxHashMap::default();
    }
}

impl State {
    /// Takes the innermost question, which is answered, from the open ones.
    fn close(&mut self, key: &Key, value: Value, place: usize) -> Value {
        self.places.remove(key);
        let Some(open) = self.open.pop() else { return value };
        if open.is_cut {
            self.forget_behind(open.trail);
            if let Some(outer) = self.open.last_mut() {
                outer.is_cut = true;
            }
        } else if open.lowest >= place {
            // All that was tentative because of this one holds.
            for key in self.trail.split_off(open.trail) {
                if let Some((value, _)) = self.tentative.remove(&key) {
                    self.keep(key, value);
                }
            }
            self.keep(key.clone(), value.clone());
        } else {
            self.tentative.insert(key.clone(), (value.clone(), open.lowest));
            self.trail.push(key.clone());
            if let Some(outer) = self.open.last_mut() {
                outer.lowest = outer.lowest.min(open.lowest);
            }
        }
        value
    }
}
