//! Where every task was born.
//!
//! Up to Python 3.13, asyncio tells a `WeakSet` of each task by calling its `add`. An `add` of our own on that one
//! instance sees them all, whatever the loop and the task factory, and is quicker than the original. Later ones are
//! noted when `create_task` returns them.
//!
//! A birth is found by the address of its task, and never handed to another object that has the address now: the
//! `WeakSet`, or a weak reference of our own, says whose it is.

use std::ffi::CStr;
use std::ptr;
use std::time::Instant;

use pyo3::ffi::{self, PyObject};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyList, PySet, PyType};
use rustc_hash::FxHashMap;

use crate::enter;
use crate::frames::Frame;
use crate::gil::{Guarded, is_failure};
use crate::sites::{Site, Sites};

/// Where a task was born, by its address, in two halves: twelve bytes a task instead of sixteen.
type Map = FxHashMap<[u32; 2], Site>;

/// Addresses of tasks that are gone are cleared out when there are more than this many, and twice as many as tasks.
const FEW: usize = 1024;

#[derive(Default)]
struct Births {
    sites: Sites,
    map: Map,
    /// How many entries make it worth the while to look for dead ones.
    most: usize,
    /// Tasks that no registry knows, with a weak reference to each.
    noted: FxHashMap<usize, (Site, Py<PyAny>)>,
    most_noted: usize,
    /// The function `noted`.
    callback: Option<Py<PyAny>>,
    /// The type of the coroutines of `async def`; who is told of tasks that have another one.
    coroutine: Option<Py<PyType>>,
    odd: Option<Py<PyAny>>,
    /// When each task was born, by its address, where somebody wants to know.
    times: Option<FxHashMap<usize, Instant>>,
}

/// asyncio's `WeakSet` of tasks, taken apart. None of its three containers is ever replaced.
struct Registry {
    data: Py<PySet>,
    iterating: Py<PySet>,
    removals: Py<PyList>,
    /// What is called with a reference whose task is gone, in place of the set's own `_remove`.
    removal: Py<PyAny>,
}

static BIRTHS: Guarded<Option<Births>> = Guarded::new(None);
/// Apart from the births, since it must be there even while they are in use: the collector may run then, and what it
/// destroys may make tasks.
static REGISTRY: Guarded<Option<Registry>> = Guarded::new(None);

/// Starts to note births: at the call of `note`, and of the `add` that is returned for this `WeakSet`.
///
/// `odd` is called with each task whose coroutine is not of the type `coroutine`: nothing tells when such a one fails.
/// With `timed`, the time of each birth is noted as well.
#[pyfunction]
#[pyo3(signature = (depth, skipped, coroutine, odd, registry = None, timed = false))]
pub(crate) fn start_births<'py>(
    py: Python<'py>,
    depth: usize,
    skipped: Vec<String>,
    coroutine: Py<PyType>,
    odd: Option<Py<PyAny>>,
    registry: Option<&Bound<'py, PyAny>>,
    timed: bool,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let callback = py.import(intern!(py, "heard._native"))?.getattr(intern!(py, "noted"))?.unbind();
    if let Some(mut births) = BIRTHS.try_get(py) {
        *births = Some(Births {
            sites: Sites::new(depth, skipped),
            map: Map::default(),
            most: FEW,
            noted: FxHashMap::default(),
            most_noted: FEW,
            callback: Some(callback),
            coroutine: Some(coroutine),
            odd,
            times: timed.then(FxHashMap::default),
        });
    }
    let Some(set) = registry else { return Ok(None) };
    let taken_apart = Registry::of(set)?;
    if let Some(mut registry) = REGISTRY.try_get(py) {
        *registry = Some(taken_apart);
    }
    builtin(c"add", added, set).map(Some)
}

/// Forgets all births.
#[pyfunction]
pub(crate) fn stop_births(py: Python<'_>) {
    // Dropped after the borrow has ended, since destructors may run.
    let births = BIRTHS.try_get(py).and_then(|mut births| births.take());
    let registry = REGISTRY.try_get(py).and_then(|mut registry| registry.take());
    drop((births, registry));
}

/// Notes that this task is born here, for tasks that no registry tells of.
#[pyfunction]
pub(crate) fn note(py: Python<'_>, task: &Bound<'_, PyAny>) -> PyResult<()> {
    let Some(callback) = BIRTHS.try_get(py).and_then(|births| Some(births.as_ref()?.callback.as_ref()?.clone_ref(py))) else {
        return Ok(());
    };
    // SAFETY: both are alive; the result is new, or null with an exception.
    let reference = unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyWeakref_NewRef(task.as_ptr(), callback.as_ptr()))? };
    let before = BIRTHS.try_get(py).and_then(|mut births| births.as_mut()?.note(py, task.as_ptr(), reference.unbind()));
    // Dropped after the borrow has ended.
    drop(before);
    tell_odd(py, task)
}

/// What our weak references to noted tasks call: nothing. By it they are known from those of the program.
#[pyfunction]
#[pyo3(signature = (reference))]
pub(crate) fn noted(reference: &Bound<'_, PyAny>) {
    let _ = reference;
}

/// The callback for the event `PY_RETURN` of `create_task`.
#[pyfunction]
pub(crate) fn note_returned(py: Python<'_>, code: &Bound<'_, PyAny>, offset: &Bound<'_, PyAny>, task: &Bound<'_, PyAny>) -> PyResult<()> {
    // It is one code object, and where it returns does not matter.
    let _ = (code, offset);
    match note(py, task) {
        Err(error) if !is_failure(py, &error) => Err(error),
        // What a factory of the program's makes need not be a task.
        _ => Ok(()),
    }
}

/// The site of this task's birth, or 0.
#[pyfunction]
pub(crate) fn birth(py: Python<'_>, task: &Bound<'_, PyAny>) -> Site {
    if let Some((site, reference)) = noted_site(py, task.as_ptr()) {
        // SAFETY: it is a weak reference; the result is borrowed, and only its address is used.
        let object = unsafe { ffi::PyWeakref_GetObject(reference.as_ptr()) };
        if object == task.as_ptr() || is_finalized(task) {
            return site;
        }
    }
    let site = BIRTHS.try_get(py).and_then(|births| births.as_ref()?.map.get(&key(task.as_ptr())).copied());
    site.filter(|_| is_registered(task).unwrap_or(false) || is_finalized(task)).unwrap_or_default()
}

/// Seconds since this task was born; none where that was not noted.
#[pyfunction]
pub(crate) fn age(py: Python<'_>, task: &Bound<'_, PyAny>) -> Option<f64> {
    if birth(py, task) == 0 {
        // What is known of the address is another task's.
        return None;
    }
    let births = BIRTHS.try_get(py)?;
    Some(births.as_ref()?.times.as_ref()?.get(&(task.as_ptr() as usize))?.elapsed().as_secs_f64())
}

/// The tasks that no registry knows and that are alive.
#[pyfunction]
pub(crate) fn noted_tasks(py: Python<'_>) -> PyResult<Vec<Py<PyAny>>> {
    let references: Vec<_> = BIRTHS
        .try_get(py)
        .and_then(|births| Some(births.as_ref()?.noted.values().map(|(_, reference)| reference.clone_ref(py)).collect()))
        .unwrap_or_default();
    let mut tasks = Vec::with_capacity(references.len());
    for reference in references {
        let task = enter::call(reference.bind(py), (), None)?;
        if !task.is_none() {
            tasks.push(task.unbind());
        }
    }
    Ok(tasks)
}

/// Whether the registry has this very object. An object that has only got the address of a task is not in there.
fn is_registered(task: &Bound<'_, PyAny>) -> PyResult<bool> {
    let py = task.py();
    let Some(registry) = registry(py) else { return Ok(false) };
    // SAFETY: the task is alive; the result is new, or null with an exception.
    let reference = unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyWeakref_NewRef(task.as_ptr(), ptr::null_mut()))? };
    registry.data.bind(py).contains(reference)
}

/// Whether it is a task that the collector takes right now: its weak references are cleared before it may speak.
fn is_finalized(task: &Bound<'_, PyAny>) -> bool {
    let is_finalized =
        || enter::method(task.py().import(intern!(task.py(), "gc"))?.as_any(), intern!(task.py(), "is_finalized"), (task,))?.is_truthy();
    task.hasattr(intern!(task.py(), "_coro")).unwrap_or(false) && is_finalized().unwrap_or(false)
}

fn noted_site(py: Python<'_>, task: *mut PyObject) -> Option<(Site, Py<PyAny>)> {
    let births = BIRTHS.try_get(py)?;
    let (site, reference) = births.as_ref()?.noted.get(&(task as usize))?;
    Some((*site, reference.clone_ref(py)))
}

/// Tells of a task whose coroutine is not one of `async def`.
fn tell_odd(py: Python<'_>, task: &Bound<'_, PyAny>) -> PyResult<()> {
    let Some((expected, odd)) = BIRTHS.try_get(py).and_then(|births| {
        let births = births.as_ref()?;
        Some((births.coroutine.as_ref()?.as_ptr(), births.odd.as_ref()?.clone_ref(py)))
    }) else {
        return Ok(());
    };
    let coroutine = task.getattr(intern!(py, "_coro"))?;
    if coroutine.get_type().as_ptr() != expected && !coroutine.is_none() {
        enter::call(odd.bind(py), (task,), None)?;
    }
    Ok(())
}

/// The site of what runs now, or of a frame that does, or 0.
#[pyfunction]
#[pyo3(signature = (frame = None))]
pub(crate) fn here(py: Python<'_>, frame: Option<&Bound<'_, PyAny>>) -> Site {
    let Some(mut births) = BIRTHS.try_get(py) else { return 0 };
    let Some(births) = births.as_mut() else { return 0 };
    match frame {
        None => births.sites.here(py),
        Some(frame) => births.sites.at(Frame::of(frame)),
    }
}

/// The code objects of a site and the offsets of their instructions, the innermost first.
#[pyfunction]
pub(crate) fn places(py: Python<'_>, site: Site) -> Vec<(Py<PyAny>, i32)> {
    BIRTHS.try_get(py).and_then(|births| births.as_ref().map(|births| births.sites.places(py, site))).unwrap_or_default()
}

impl Registry {
    fn of(set: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self {
            data: set.getattr("data")?.cast_into::<PySet>()?.unbind(),
            iterating: set.getattr("_iterating")?.cast_into::<PySet>()?.unbind(),
            removals: set.getattr("_pending_removals")?.cast_into::<PyList>()?.unbind(),
            removal: builtin(c"_remove", removed, set)?.unbind(),
        })
    }

    fn clone_ref(&self, py: Python<'_>) -> Self {
        Self {
            data: self.data.clone_ref(py),
            iterating: self.iterating.clone_ref(py),
            removals: self.removals.clone_ref(py),
            removal: self.removal.clone_ref(py),
        }
    }

    /// What the function does that a `WeakSet` gives to its references.
    fn remove(&self, reference: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = reference.py();
        if self.iterating.bind(py).is_empty() {
            self.data.bind(py).discard(reference).map(drop)
        } else {
            self.removals.bind(py).append(reference)
        }
    }

    /// What `WeakSet.add` does. False if the original has to do it.
    fn add(&self, task: &Bound<'_, PyAny>) -> PyResult<bool> {
        let py = task.py();
        if !self.removals.bind(py).is_empty() {
            return Ok(false);
        }
        // SAFETY: both are alive: we hold them. The result is new, or null with an exception.
        let reference = unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyWeakref_NewRef(task.as_ptr(), self.removal.as_ptr()))? };
        self.data.bind(py).add(reference)?;
        Ok(true)
    }
}

impl Births {
    /// Notes a task, and returns what was there before.
    fn note(&mut self, py: Python<'_>, task: *mut PyObject, reference: Py<PyAny>) -> Option<(Site, Py<PyAny>)> {
        let site = self.sites.here(py);
        self.note_time(task);
        let before = self.noted.insert(task as usize, (site, reference));
        if self.noted.len() > self.most_noted {
            // SAFETY: each is a weak reference, whose object is borrowed and only compared.
            self.noted.retain(|_, (_, reference)| unsafe { ffi::PyWeakref_GetObject(reference.as_ptr()) != ffi::Py_None() });
            self.most_noted = FEW.max(2 * self.noted.len());
            if let Some(times) = &mut self.times {
                times.retain(|task, _| self.noted.contains_key(task));
            }
        }
        before
    }

    fn note_time(&mut self, task: *mut PyObject) {
        if let Some(times) = &mut self.times {
            times.insert(task as usize, Instant::now());
        }
    }

    fn remember(&mut self, py: Python<'_>, task: *mut PyObject) {
        let site = self.sites.here(py);
        self.note_time(task);
        self.map.insert(key(task), site);
        if self.map.len() > self.most {
            self.forget_dead(py);
        }
    }

    /// An address stays when its task goes, until another task takes it: that is cheaper than to be told, and the site
    /// is still known to the message that a collected task leaves. Now and then they are cleared out.
    fn forget_dead(&mut self, py: Python<'_>) {
        let Some(data) = registry(py).map(|registry| registry.data) else { return };
        let tasks = data.bind(py).len();
        if self.map.len() <= 2 * tasks {
            self.most = FEW.max(2 * tasks);
            return;
        }
        let mut live = Map::default();
        if let Ok(references) =
            enter::call(py.get_type::<PyList>().as_any(), (data,), None).and_then(|list| Ok(list.cast_into::<PyList>()?))
        {
            for reference in references {
                // SAFETY: `reference` is one of the weak references that the set consists of; the result is borrowed,
                // and only its address is used.
                let task = unsafe { ffi::PyWeakref_GetObject(reference.as_ptr()) };
                if let Some(site) = self.map.get(&key(task)) {
                    live.insert(key(task), *site);
                }
            }
        }
        if let Some(times) = &mut self.times {
            times.retain(|task, _| live.contains_key(&halves(*task)));
        }
        self.map = live;
        self.most = FEW.max(2 * self.map.len());
    }
}

fn registry(py: Python<'_>) -> Option<Registry> {
    REGISTRY.try_get(py).and_then(|registry| registry.as_ref().map(|registry| registry.clone_ref(py)))
}

fn key(task: *mut PyObject) -> [u32; 2] {
    halves(task as usize)
}

fn halves(address: usize) -> [u32; 2] {
    let address = address as u64;
    #[expect(clippy::cast_possible_truncation, reason = "the two halves")]
    [address as u32, (address >> 32) as u32]
}

fn remember(py: Python<'_>, task: *mut PyObject) {
    if let Some(mut births) = BIRTHS.try_get(py)
        && let Some(births) = births.as_mut()
    {
        births.remember(py, task);
    }
}

/// The `add` of asyncio's registry, which is bound to it.
unsafe extern "C" fn added(set: *mut PyObject, task: *mut PyObject) -> *mut PyObject {
    // SAFETY: the interpreter calls this, so the thread holds its lock, and both are alive.
    let (py, set, task) = unsafe {
        let py = Python::assume_attached();
        (py, Bound::from_borrowed_ptr(py, set), Bound::from_borrowed_ptr(py, task))
    };
    remember(py, task.as_ptr());
    if let Err(error) = tell_odd(py, &task)
        && !is_failure(py, &error)
    {
        error.restore(py);
        return ptr::null_mut();
    }
    let added = match registry(py).map(|registry| registry.add(&task)) {
        Some(Ok(true)) => Ok(()),
        Some(Err(error)) => Err(error),
        None | Some(Ok(false)) => enter::method(set.get_type().as_any(), pyo3::intern!(py, "add"), (&set, &task)).map(drop),
    };
    match added {
        Ok(()) => py.None().into_ptr(),
        Err(error) => {
            error.restore(py);
            ptr::null_mut()
        }
    }
}

/// The `_remove` of asyncio's registry, which is bound to it.
unsafe extern "C" fn removed(set: *mut PyObject, reference: *mut PyObject) -> *mut PyObject {
    // SAFETY: the interpreter calls this, so the thread holds its lock, and both are alive.
    let (py, set, reference) = unsafe {
        let py = Python::assume_attached();
        (py, Bound::from_borrowed_ptr(py, set), Bound::from_borrowed_ptr(py, reference))
    };
    let removed = match registry(py).map(|registry| registry.remove(&reference)) {
        Some(removed) => removed,
        // After the end of the monitor, for tasks that were born before.
        None => enter::method(&set, pyo3::intern!(py, "_remove"), (reference,)).map(drop),
    };
    match removed {
        Ok(()) => py.None().into_ptr(),
        Err(error) => {
            error.restore(py);
            ptr::null_mut()
        }
    }
}

/// A Python method of one argument, without the price of parsing it.
fn builtin<'py>(
    name: &'static CStr,
    function: unsafe extern "C" fn(*mut PyObject, *mut PyObject) -> *mut PyObject,
    bound_to: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let definition = Box::leak(Box::new(ffi::PyMethodDef {
        ml_name: name.as_ptr(),
        ml_meth: ffi::PyMethodDefPointer { PyCFunction: function },
        ml_flags: ffi::METH_O,
        ml_doc: ptr::null(),
    }));
    // SAFETY: the definition is never freed, as the function object needs it; the result is new, or null with an
    // exception.
    unsafe { Bound::from_owned_ptr_or_err(bound_to.py(), ffi::PyCFunction_NewEx(definition, bound_to.as_ptr(), ptr::null_mut())) }
}
