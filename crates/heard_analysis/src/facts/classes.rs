//! The classes of the program and who descends from whom, as far as their names tell.

use std::collections::VecDeque;
use std::sync::Arc;

use ruff_python_ast::name::Name;
use rustc_hash::{FxHashMap, FxHashSet};

use super::names::{ClassNames, Names};

/// A class, by its place in the tables.
pub(super) type ClassId = usize;

/// Every class of the program.
#[derive(Debug, Default)]
pub(super) struct Classes {
    /// The file that defines each, and its name.
    homes: Vec<(usize, Name)>,
    by_name: FxHashMap<Name, Vec<ClassId>>,
    bases: Vec<Vec<ClassId>>,
    /// The last names of the bases of each.
    base_names: Vec<Vec<Name>>,
    children: Vec<Vec<ClassId>>,
    /// The classes that define a method of this name.
    methods: FxHashMap<Name, FxHashSet<ClassId>>,
}

impl Classes {
    /// The classes of all files, whose tables come in their order.
    pub(super) fn new(tables: &[Arc<Names>]) -> Self {
        let mut classes = Classes::default();
        let all: Vec<(usize, &ClassNames)> =
            tables.iter().enumerate().flat_map(|(file, table)| table.classes.iter().map(move |class| (file, class))).collect();
        for (id, (file, class)) in all.iter().enumerate() {
            classes.homes.push((*file, class.name.clone()));
            classes.base_names.push(class.bases.clone());
            classes.by_name.entry(class.name.clone()).or_default().push(id);
            for method in &class.methods {
                classes.methods.entry(method.clone()).or_default().insert(id);
            }
        }
        classes.children = vec![Vec::new(); all.len()];
        for (id, (file, class)) in all.iter().enumerate() {
            let bases: Vec<ClassId> = class.bases.iter().flat_map(|base| classes.meant(*file, base)).filter(|base| *base != id).collect();
            for base in &bases {
                classes.children[*base].push(id);
            }
            classes.bases.push(bases);
        }
        classes
    }

    /// The classes that `name` may stand for in a file: its own before those of others.
    pub(super) fn meant(&self, file: usize, name: &str) -> Vec<ClassId> {
        let all = self.called(name);
        let own: Vec<ClassId> = all.iter().copied().filter(|id| self.homes[*id].0 == file).collect();
        if own.is_empty() { all.to_vec() } else { own }
    }

    /// The classes called so in the whole program.
    pub(super) fn called(&self, name: &str) -> &[ClassId] {
        self.by_name.get(name).map_or(&[], Vec::as_slice)
    }

    /// The last names of the bases of a class.
    pub(super) fn names_of_bases(&self, class: ClassId) -> impl Iterator<Item = &str> {
        self.base_names[class].iter().map(Name::as_str)
    }

    /// The class called so in a file, where there is one.
    pub(super) fn find(&self, file: usize, name: &Name) -> Option<ClassId> {
        self.by_name.get(name)?.iter().copied().find(|id| self.homes[*id].0 == file)
    }

    /// The class called so, where there is only one in the program.
    pub(super) fn only(&self, name: &Name) -> Option<ClassId> {
        match self.by_name.get(name)?[..] {
            [class] => Some(class),
            _ => None,
        }
    }

    /// The classes that may share an object with `class`: those that derive from it, and what they
    /// derive from.
    pub(super) fn family(&self, class: ClassId) -> FxHashSet<ClassId> {
        let below = Self::reached(class, &self.children);
        let mut family = FxHashSet::default();
        for id in below {
            if !family.contains(&id) {
                family.extend(Self::reached(id, &self.bases));
            }
        }
        family
    }

    /// The names of a class and of all that derive from it.
    pub(super) fn names_below(&self, class: ClassId) -> impl Iterator<Item = &str> {
        Self::reached(class, &self.children).into_iter().map(|id| self.homes[id].1.as_str())
    }

    /// Whether one of the classes defines a method, or a property, of this name.
    pub(super) fn any_defines(&self, family: &FxHashSet<ClassId>, name: &Name) -> bool {
        self.methods.get(name).is_some_and(|definers| !definers.is_disjoint(family))
    }

    /// Whether any class of the program defines a method.
    pub(super) fn is_defined(&self, method: &str) -> bool {
        self.methods.contains_key(method)
    }

    /// The classes that derive from `class` and define `method` anew.
    pub(super) fn overriding(&self, class: ClassId, method: &Name) -> Vec<ClassId> {
        let Some(definers) = self.methods.get(method) else { return Vec::new() };
        let mut found: Vec<ClassId> =
            Self::reached(class, &self.children).into_iter().filter(|id| *id != class && definers.contains(id)).collect();
        found.sort_unstable();
        found
    }

    /// The file that defines a class, and its name.
    pub(super) fn home(&self, class: ClassId) -> (usize, &Name) {
        let (file, name) = &self.homes[class];
        (*file, name)
    }

    fn reached(start: ClassId, next: &[Vec<ClassId>]) -> FxHashSet<ClassId> {
        let mut reached = FxHashSet::from_iter([start]);
        let mut fresh = VecDeque::from([start]);
        while let Some(id) = fresh.pop_front() {
            for other in &next[id] {
                if reached.insert(*other) {
                    fresh.push_back(*other);
                }
            }
        }
        reached
    }
}
