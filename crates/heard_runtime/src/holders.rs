//! Who holds an object, and whether anybody who does can still reach it.
//!
//! Every reference to the object is counted up: those of containers, which are looked at in turn, and those of
//! variables that no instruction reads any more. If they account for its whole reference count, nobody can get at it.
//! A reference that is not found (of code that runs, of C, of another thread, or of something that is too far away)
//! makes it held: doubt is never a proof.
//!
//! The heap is never walked through. The search goes from the object itself and from the tasks that are suspended, and
//! sees a bounded number of objects.

use std::ffi::{c_int, c_void};

use pyo3::ffi::{self, PyObject};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple, PyType, PyWeakrefMethods, PyWeakrefReference};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::enter;

/// How many objects a search looks into. A thousand take a tenth of a millisecond.
const MOST_EXPANDED: usize = 20_000;
/// Objects that hold the one in question, and each other.
const MOST_MEMBERS: usize = 200;

/// What was met on the way, and who refers to it. The pointers are borrowed: nothing runs while a search does.
#[derive(Default)]
struct Graph {
    objects: Vec<*mut PyObject>,
    positions: FxHashMap<usize, usize>,
    /// Who refers to each: once for each reference.
    referrers: Vec<Vec<usize>>,
    kinds: Vec<Kind>,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// It holds what it refers to for those who hold it.
    Container,
    /// Only Python can tell what it does with what it refers to.
    Asked,
    /// What programs reach by name, what the loop calls, or what reads it when it goes.
    Root,
}

/// Types and code whose objects are asked about.
struct Known {
    coroutines: Vec<*mut ffi::PyTypeObject>,
    asked: Vec<*mut ffi::PyTypeObject>,
    function: *mut ffi::PyTypeObject,
    codes: Vec<*mut PyObject>,
    handles: Vec<*mut ffi::PyTypeObject>,
    /// What the interpreter calls when an object goes whose class has a `__del__` in Python.
    last_words: *mut c_void,
}

/// How the search ends for one object.
#[derive(Default)]
struct Closure {
    /// Objects to ask about: which, what it refers to, and how often.
    asked: Vec<(usize, usize, usize)>,
    /// Somebody who holds it.
    live: Option<usize>,
    /// Not every reference was found.
    open: bool,
}

/// Looks for holders of the object of a weak reference.
///
/// Unless `roots` are given, only the reference count is looked at. `weak` are weak references of the program's: who
/// reaches one of them reaches the object, as long as that lives. `known` is a tuple of six: the types of what can be
/// suspended, further types to ask about, the type of functions, code objects whose functions are asked about, types of
/// what the loop calls, and any class with a `__del__`.
/// `ask(object, value, count)` says what becomes of a value to which one of these refers so often: a pair of
/// "dead" (and the name of a variable that is not read any more), "spent" (it does nothing with it), "waits" (it will hand it
/// to somebody), "later" (not known yet) or "live", and a text or `None`.
///
/// The result: such a pair, or `("none", None)`.
#[pyfunction]
pub(crate) fn holders<'py>(
    reference: &Bound<'py, PyWeakrefReference>,
    weak: &Bound<'py, PyList>,
    roots: Option<&Bound<'py, PyList>>,
    known: &Bound<'py, PyTuple>,
    ask: &Bound<'py, PyAny>,
) -> PyResult<(String, Option<String>)> {
    let py = reference.py();
    let Some(object) = reference.upgrade() else { return Ok(("none".into(), None)) };
    if references(object.as_ptr()) == 1 {
        return Ok(("none".into(), None));
    }
    let Some(roots) = roots else { return Ok(("live".into(), None)) };
    let known = Known::of(known)?;
    let mut graph = Graph::default();
    graph.add(object.as_ptr());
    for one in weak.iter().chain(roots.iter()) {
        graph.add(one.as_ptr());
    }
    graph.search(&known, py);
    // The lists that were given hold theirs, and we hold the object.
    let ours = 1 + weak.len() + roots.len();
    let closure = graph.close(1 + weak.len(), ours);
    let hold = |at: usize| {
        // SAFETY: nothing has run since it was found, so it is alive.
        unsafe { Bound::from_borrowed_ptr(py, graph.objects[at]) }
    };
    let live = closure.live.map(hold);
    let questions: Vec<_> = closure.asked.iter().map(|(asked, value, count)| (hold(*asked), hold(*value), *count)).collect();
    drop(graph);
    let mut found = if closure.open || live.is_some() { Some(("live", live)) } else { None };
    let (mut dead, mut later) = (None, false);
    for (asked, value, count) in questions {
        let (answer, text): (String, Option<String>) = enter::call(ask, (&asked, value, count), None)?.extract()?;
        match answer.as_str() {
            "spent" => {}
            "dead" => dead = text,
            "later" => later = true,
            "waits" => return Ok((answer, text)),
            _ => found = Some(("live", Some(asked))),
        }
    }
    Ok(match (found, later, dead) {
        (Some((answer, holder)), ..) => (answer.into(), holder.and_then(|holder| describe(&holder))),
        (None, true, _) => ("later".into(), None),
        (None, false, Some(name)) => ("dead".into(), Some(name)),
        (None, false, None) => ("none".into(), None),
    })
}

impl Known {
    fn of(known: &Bound<'_, PyTuple>) -> PyResult<Self> {
        let types = |index: usize| -> PyResult<Vec<*mut ffi::PyTypeObject>> {
            known.get_item(index)?.try_iter()?.map(|one| Ok(one?.cast_into::<PyType>()?.as_type_ptr())).collect()
        };
        let codes: PyResult<Vec<*mut PyObject>> = known.get_item(3)?.try_iter()?.map(|one| Ok(one?.as_ptr())).collect();
        Ok(Self {
            coroutines: types(0)?,
            asked: types(1)?,
            function: known.get_item(2)?.cast_into::<PyType>()?.as_type_ptr(),
            codes: codes?,
            handles: types(4)?,
            // SAFETY: it is a type, and alive.
            last_words: unsafe { ffi::PyType_GetSlot(known.get_item(5)?.cast_into::<PyType>()?.as_type_ptr(), ffi::Py_tp_finalize) },
        })
    }

    /// Whether code of the program's runs when an object of this type goes: it may read what that holds.
    fn has_last_words(&self, kind: *mut ffi::PyTypeObject) -> bool {
        // SAFETY: the type is alive, as one of its objects is.
        unsafe { ffi::PyType_GetSlot(kind, ffi::Py_tp_finalize) == self.last_words }
    }
}

impl Graph {
    fn add(&mut self, object: *mut PyObject) -> usize {
        *self.positions.entry(object as usize).or_insert_with(|| {
            self.objects.push(object);
            self.referrers.push(Vec::new());
            self.kinds.push(Kind::Container);
            self.objects.len() - 1
        })
    }

    /// Looks into one object after the other, the nearest first.
    fn search(&mut self, known: &Known, py: Python<'_>) {
        let builtins = intern!(py, "__builtins__").as_ptr();
        let mut referents: Vec<*mut PyObject> = Vec::new();
        let mut next = 0;
        while next < self.objects.len() && next < MOST_EXPANDED {
            let object = self.objects[next];
            // SAFETY: the object is alive: it was reached from one that is held, and nothing has run since.
            let kind = unsafe { ffi::Py_TYPE(object) };
            // What the loop calls, and what may read when it goes, is a root into which the search looks all the same.
            let is_open_root = known.handles.contains(&kind) || known.has_last_words(kind);
            self.kinds[next] = if known.coroutines.contains(&kind) || known.asked.contains(&kind) {
                Kind::Asked
            } else if is_open_root || is_root(object, builtins) {
                Kind::Root
            } else {
                Kind::Container
            };
            if self.kinds[next] != Kind::Root || is_open_root {
                referents.clear();
                traverse(object, &mut referents);
                if kind == known.function && referents.iter().any(|one| known.codes.contains(one)) {
                    self.kinds[next] = Kind::Asked;
                }
                for referent in &referents {
                    if can_refer(*referent) {
                        let position = self.add(*referent);
                        self.referrers[position].push(next);
                    }
                }
            }
            next += 1;
        }
        for position in next..self.objects.len() {
            self.kinds[position] = Kind::Root;
        }
    }

    /// Collects all that hold the first `wanted` objects, and each other. One reference to each of the first `ours` is
    /// accounted for.
    fn close(&self, wanted: usize, ours: usize) -> Closure {
        let mut closure = Closure::default();
        let mut members: Vec<usize> = (0..wanted).collect();
        let mut is_member: FxHashSet<usize> = members.iter().copied().collect();
        let mut next = 0;
        while next < members.len() {
            let member = members[next];
            let mut accounted = usize::from(member < ours);
            let mut asked: Vec<(usize, usize)> = Vec::new();
            for referrer in &self.referrers[member] {
                accounted += 1;
                match self.kinds[*referrer] {
                    Kind::Container if is_member.contains(referrer) => {}
                    Kind::Container if members.len() < MOST_MEMBERS => {
                        is_member.insert(*referrer);
                        members.push(*referrer);
                    }
                    Kind::Asked => match asked.iter_mut().find(|(one, _)| one == referrer) {
                        Some((_, count)) => *count += 1,
                        None => asked.push((*referrer, 1)),
                    },
                    Kind::Container | Kind::Root => closure.live = closure.live.or(Some(*referrer)),
                }
            }
            closure.asked.extend(asked.into_iter().map(|(asked, count)| (asked, member, count)));
            // More than there are is a doubt too: from Python 3.13 on, an object and the dictionary of its attributes
            // may both report the same references.
            closure.open |= accounted != references(self.objects[member]);
            next += 1;
        }
        closure
    }
}

/// How many references there are to an object.
fn references(object: *mut PyObject) -> usize {
    // SAFETY: the callers have an object that is alive.
    usize::try_from(unsafe { ffi::Py_REFCNT(object) }).unwrap_or_default()
}

/// Whether an object may refer to others.
fn can_refer(object: *mut PyObject) -> bool {
    // SAFETY: the object is alive.
    unsafe { ffi::PyType_GetFlags(ffi::Py_TYPE(object)) & ffi::Py_TPFLAGS_HAVE_GC != 0 }
}

/// What programs reach by name. What lies behind these is the whole program, so nobody looks there.
fn is_root(object: *mut PyObject, builtins: *mut PyObject) -> bool {
    // SAFETY: the object is alive, `builtins` a string, and a lookup of a string in a dictionary leaves no exception
    // that is not cleared here.
    unsafe {
        if ffi::PyModule_Check(object) != 0 || ffi::PyType_Check(object) != 0 || ffi::PyCFunction_Check(object) != 0 {
            return true;
        }
        if ffi::PyDict_CheckExact(object) == 0 {
            return false;
        }
        let found = !ffi::PyDict_GetItemWithError(object, builtins).is_null();
        if !found && !ffi::PyErr_Occurred().is_null() {
            ffi::PyErr_Clear();
        }
        found
    }
}

/// Collects what an object refers to, as the garbage collector does.
pub(crate) fn traverse(object: *mut PyObject, referents: &mut Vec<*mut PyObject>) {
    if !can_refer(object) {
        return;
    }
    // SAFETY: the object is alive; types that take part in collections have such a function, and it calls `visit` with
    // what it was given.
    unsafe {
        let slot = ffi::PyType_GetSlot(ffi::Py_TYPE(object), ffi::Py_tp_traverse);
        if slot.is_null() {
            return;
        }
        let traverse: ffi::traverseproc = std::mem::transmute::<*mut c_void, ffi::traverseproc>(slot);
        traverse(object, visit, std::ptr::from_mut(referents).cast());
    }
}

extern "C" fn visit(object: *mut PyObject, referents: *mut c_void) -> c_int {
    // SAFETY: `traverse` hands over a vector, which nobody else uses meanwhile.
    unsafe { (*referents.cast::<Vec<*mut PyObject>>()).push(object) };
    0
}

/// A holder, for a person.
fn describe(object: &Bound<'_, PyAny>) -> Option<String> {
    let py = object.py();
    if let Ok(names) = object.cast::<PyDict>() {
        let module = names.get_item(intern!(py, "__name__")).ok()??.cast_into::<PyString>().ok()?;
        return Some(format!("the module {module}"));
    }
    let name = object.get_type().name().ok()?;
    let qualified = object.getattr(intern!(py, "__qualname__")).ok().and_then(|name| name.cast_into::<PyString>().ok());
    Some(qualified.map_or_else(|| format!("an object of type {name}"), |qualified| format!("the {name} {qualified}")))
}
