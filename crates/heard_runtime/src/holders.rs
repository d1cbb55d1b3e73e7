//! Who holds an object, and whether anybody who does can still reach it.
//!
//! Every reference to the object is counted up: those of containers, which are looked at in turn, and those of
//! variables that no instruction reads any more. If they account for its whole reference count, nobody can get at it.
//! A reference that cannot be found (of code that runs, of C, of another thread) makes it held: doubt is never a proof.

use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyDict, PyList, PyModule, PyString, PyTuple, PyType, PyWeakrefMethods, PyWeakrefReference};
use rustc_hash::FxHashMap;

/// More objects than this are not looked through.
const MOST_OBJECTS: usize = 200;
const MOST_ROUNDS: usize = 12;

/// The objects found so far, the one in question first. The list owns one reference to each.
struct Group<'py> {
    members: Vec<Bound<'py, PyAny>>,
    positions: FxHashMap<usize, usize>,
    /// How many references to each are accounted for.
    accounted: Vec<usize>,
    ignored: Vec<usize>,
}

/// Looks for holders of the object of a weak reference.
///
/// Unless `search` is asked for, only the reference count is looked at: a search visits every object there is.
/// `ignored` are referrers that cannot read it: their references are accounted for and they are not looked at.
/// `dead_name(coroutine, object)` gives the name of the
/// variable of a suspended coroutine or generator that refers to the object and is not read any more, or `None` if
/// there is another way from the one to the other.
///
/// The result: `("none", None)`, `("dead", name)`, or `("live", description)`.
#[pyfunction]
pub(crate) fn holders<'py>(
    reference: &Bound<'py, PyWeakrefReference>,
    ignored: &Bound<'py, PyList>,
    search: bool,
    dead_name: &Bound<'py, PyAny>,
) -> PyResult<(&'static str, Option<String>)> {
    let py = reference.py();
    let Some(object) = reference.upgrade() else { return Ok(("none", None)) };
    let gc = PyModule::import(py, intern!(py, "gc"))?;
    let (get_referrers, get_referents) = (gc.getattr(intern!(py, "get_referrers"))?, gc.getattr(intern!(py, "get_referents"))?);
    let mut group = Group {
        members: Vec::new(),
        positions: FxHashMap::default(),
        accounted: Vec::new(),
        ignored: ignored.iter().map(|one| one.as_ptr() as usize).collect(),
    };
    group.add(object);
    // Most often nobody holds it, and no search is needed.
    if group.is_closed() {
        return Ok(("none", None));
    }
    if !search {
        return Ok(("live", None));
    }
    let mut dead = None;
    let mut next = 0;
    for _ in 0..MOST_ROUNDS {
        if next == group.members.len() {
            break;
        }
        let asked = PyTuple::new(py, &group.members[next..])?;
        next = group.members.len();
        let found = get_referrers.call1(asked)?.cast_into::<PyList>()?;
        let referrers: Vec<_> = found.iter().collect();
        drop(found);
        for referrer in referrers {
            // Python 3.13 lists the arguments of the call that asked, which nobody has any more.
            if group.positions.contains_key(&(referrer.as_ptr() as usize)) || references(&referrer) == 1 {
                continue;
            }
            if group.ignored.contains(&(referrer.as_ptr() as usize)) {
                group.account(&get_referents, &referrer)?;
            } else if is_suspendable(&referrer)? {
                for index in 0..next {
                    let count = count(&get_referents.call1((&referrer,))?, &group.members[index])?;
                    if count == 0 {
                        continue;
                    }
                    let name = dead_name.call1((&referrer, &group.members[index], count))?;
                    if name.is_none() {
                        return Ok(("live", describe(&referrer)));
                    }
                    dead = Some(name.extract()?);
                    group.accounted[index] += count;
                }
            } else if is_root(&referrer)? || group.members.len() >= MOST_OBJECTS {
                return Ok(("live", describe(&referrer)));
            } else {
                group.add(referrer);
            }
        }
    }
    if next < group.members.len() {
        return Ok(("live", None));
    }
    for index in 0..group.members.len() {
        let member = group.members[index].clone();
        if has_shared_dict(&group, &member)? {
            return Ok(("live", describe(&member)));
        }
        group.account(&get_referents, &member)?;
        drop(member);
    }
    match dead {
        _ if !group.is_closed() => Ok(("live", None)),
        Some(name) => Ok(("dead", Some(name))),
        None => Ok(("none", None)),
    }
}

impl<'py> Group<'py> {
    fn add(&mut self, member: Bound<'py, PyAny>) {
        self.positions.insert(member.as_ptr() as usize, self.members.len());
        self.members.push(member);
        self.accounted.push(0);
    }

    /// Counts the references of this object to members.
    fn account(&mut self, get_referents: &Bound<'py, PyAny>, object: &Bound<'py, PyAny>) -> PyResult<()> {
        for referent in get_referents.call1((object,))?.cast::<PyList>()? {
            if let Some(index) = self.positions.get(&(referent.as_ptr() as usize)) {
                self.accounted[*index] += 1;
            }
        }
        Ok(())
    }

    /// Whether every reference to every member is accounted for. A count that is too high is a doubt as well.
    fn is_closed(&self) -> bool {
        self.members.iter().zip(&self.accounted).all(|(member, accounted)| references(member) == accounted + 1)
    }
}

/// How many references there are to an object, ours included.
fn references(object: &Bound<'_, PyAny>) -> usize {
    // SAFETY: the object is alive, since we have a reference to it.
    usize::try_from(unsafe { ffi::Py_REFCNT(object.as_ptr()) }).unwrap_or_default()
}

fn count(list: &Bound<'_, PyAny>, object: &Bound<'_, PyAny>) -> PyResult<usize> {
    Ok(list.cast::<PyList>()?.iter().filter(|one| one.is(object)).count())
}

/// Coroutines, generators and asynchronous generators: their variables are read when they go on.
fn is_suspendable(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    let name = object.get_type().name()?;
    Ok(name == "coroutine" || name == "generator" || name == "async_generator")
}

/// What programs reach by name, and what is too well known to be looked through.
fn is_root(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    let py = object.py();
    if object.is_instance_of::<PyModule>() || object.is_instance_of::<PyType>() || object.is_instance_of::<PyCFunction>() {
        return Ok(true);
    }
    if let Ok(names) = object.cast::<PyDict>() {
        return names.contains(intern!(py, "__builtins__"));
    }
    let name = object.get_type().name()?;
    Ok(name == "Handle" || name == "TimerHandle")
}

/// From Python 3.13 on, a dictionary of attributes and its instance both report the same references.
fn has_shared_dict(group: &Group<'_>, object: &Bound<'_, PyAny>) -> PyResult<bool> {
    if !object.is_instance_of::<PyDict>() || object.py().version_info() < (3, 13) {
        return Ok(false);
    }
    for member in &group.members {
        if !member.is_instance_of::<PyDict>() {
            // Reading `__dict__` would make one where there is none.
            let referents = object.py().import("gc")?.call_method1("get_referents", (member,))?;
            if count(&referents, object)? > 0 {
                return Ok(true);
            }
        }
    }
    Ok(false)
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
