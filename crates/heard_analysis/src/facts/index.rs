//! What is known of the whole program before any body is looked at: the light tables of all files, put together.
//!
//! The table of one file can be taken out and another put in its place, so that an editor's keystroke costs what
//! it changes, and not the size of the program. [`Delta`] tells what that may mean for others.

use std::sync::{Arc, Mutex};

use camino::{Utf8Path, Utf8PathBuf};
use ruff_python_ast::name::Name;
use rustc_hash::{FxHashMap, FxHashSet};

use super::classes::Classes;
use super::models::Models;
use super::names::Names;
use super::origin::Given;
use super::summary::Summaries;
use crate::resolve::{CalleeId, Mentions};

/// What is known of the whole program before any body is looked at.
#[derive(Debug)]
pub(crate) struct Index {
    /// The last names of functions and methods whose call may give an awaitable.
    functions: Counted,
    /// The same outside of the project.
    others: FxHashSet<Name>,
    /// Those whose call may give an async generator.
    generators: Counted,
    /// The last names of what may hold such a function, by declaration.
    holders: Counted,
    /// The last names of what holds or returns what an awaitable function gives, and so on.
    carriers: FxHashSet<Name>,
    /// For what may be given, the last names of what holds or returns it, each as often as tables say so.
    carriers_of: FxHashMap<Name, FxHashMap<Name, u32>>,
    /// The names of properties that may give an awaitable.
    properties: Counted,
    /// The last names of functions that are given to `add_done_callback`.
    done_callbacks: Counted,
    /// The last names of functions that have a parameter for a function that returns nothing.
    plain_callers: Counted,
    /// The names of plain functions that may run a loop.
    loop_runners: Counted,
    /// The names of classes, and the last names of modules, whose coroutine functions may have been replaced by plain ones.
    made_plain: Counted,
    made_plain_in: Counted,
    pub(super) classes: Classes,
    /// The names of coroutine functions, and of functions and imports that are none.
    coroutine_functions: Counted,
    sync_functions: Counted,
    /// The names of coroutine functions with decorators, with the file and the names of these.
    decorated: FxHashMap<Name, Vec<(usize, Vec<Name>)>>,
    /// The names of decorators that put a coroutine function around another.
    wrappers: Counted,
    /// The names of plain functions that do something.
    plain_bodies: Counted,
    /// What is known already of what functions give, through so many calls into each other.
    pub(super) gifts: Mutex<FxHashMap<(CalleeId, usize), Option<Given>>>,
    /// The files, and what they speak of.
    mentions: Arc<Mentions>,
    /// What is known already of what bodies do with values.
    pub(super) summaries: Summaries,
    /// What is known of functions whose body is not looked at.
    pub(super) models: Models,
}

/// What changed of an [`Index`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Delta {
    /// The names that other places mention now.
    pub(crate) mentions: FxHashSet<Name>,
    /// Whether there is more than that.
    pub(crate) is_more: bool,
}

impl Index {
    /// Puts the tables of all files together. `files` knows of no names yet, and `others` are those from code outside
    /// the project.
    pub(crate) fn new(mut files: Mentions, tables: &[Arc<Names>], others: FxHashSet<Name>, models: Models) -> Self {
        for (file, table) in tables.iter().enumerate() {
            table.mentions.iter().for_each(|(name, is_foreign)| files.add(file, name, *is_foreign));
        }
        let mut index = Index {
            functions: Counted::default(),
            others,
            generators: Counted::default(),
            holders: Counted::default(),
            carriers: FxHashSet::default(),
            carriers_of: FxHashMap::default(),
            properties: Counted::default(),
            done_callbacks: Counted::default(),
            plain_callers: Counted::default(),
            loop_runners: Counted::default(),
            made_plain: Counted::default(),
            made_plain_in: Counted::default(),
            classes: Classes::new(tables),
            coroutine_functions: Counted::default(),
            sync_functions: Counted::default(),
            decorated: FxHashMap::default(),
            wrappers: Counted::default(),
            plain_bodies: Counted::default(),
            gifts: Mutex::default(),
            mentions: Arc::new(files),
            summaries: Summaries::default(),
            models,
        };
        for (file, table) in tables.iter().enumerate() {
            index.count(file, table, true);
        }
        index.carry();
        index
    }

    /// Takes the table of a file for another one. `tables` are those of all files, with the new one among them.
    pub(crate) fn replace(&mut self, file: usize, old: &Names, tables: &[Arc<Names>]) -> Delta {
        let new = &*tables[file];
        let mut delta = Delta::default();
        for name in old.mentions.keys().chain(new.mentions.keys()) {
            if old.mentions.get(name) != new.mentions.get(name) && delta.mentions.insert(name.clone()) {
                Arc::make_mut(&mut self.mentions).change(file, name, new.mentions.get(name).copied());
            }
        }
        delta.is_more = self.count(file, new, true) | self.count(file, old, false);
        delta.is_more |= old.decorated != new.decorated;
        if delta.is_more || old.returned != new.returned {
            delta.is_more |= self.carry();
        }
        if old.classes != new.classes {
            self.classes = Classes::new(tables);
            delta.is_more = true;
        }
        delta
    }

    /// Takes what is known of code outside of the project for something else.
    pub(crate) fn replace_outside(&mut self, others: FxHashSet<Name>, models: Models) {
        (self.others, self.models) = (others, models);
        self.carry();
    }

    /// Adds what a table says to what all say together, or takes it out. Gives whether that makes a difference.
    fn count(&mut self, file: usize, table: &Names, is_added: bool) -> bool {
        let mut differs = false;
        for (all, names) in [
            (&mut self.functions, &table.functions),
            (&mut self.generators, &table.generators),
            (&mut self.holders, &table.holders),
            (&mut self.properties, &table.properties),
            (&mut self.done_callbacks, &table.done_callbacks),
            (&mut self.plain_callers, &table.plain_callers),
            (&mut self.loop_runners, &table.loop_runners),
            (&mut self.made_plain, &table.made_plain.classes),
            (&mut self.made_plain_in, &table.made_plain.modules),
            (&mut self.coroutine_functions, &table.coroutine_functions),
            (&mut self.sync_functions, &table.sync_functions),
            (&mut self.wrappers, &table.wrappers),
            (&mut self.plain_bodies, &table.plain_bodies),
        ] {
            for name in names {
                differs |= all.count(name, is_added);
            }
        }
        for (name, decorators) in &table.decorated {
            let all = self.decorated.entry(name.clone()).or_default();
            if is_added {
                all.push((file, decorators.clone()));
            } else if let Some(place) = all.iter().position(|(of, known)| *of == file && known == decorators) {
                all.swap_remove(place);
            }
        }
        for (carrier, sources) in &table.returned {
            for source in sources {
                let carriers = self.carriers_of.entry(source.clone()).or_default();
                if is_added {
                    *carriers.entry(carrier.clone()).or_default() += 1;
                } else if let Some(times) = carriers.get_mut(carrier) {
                    *times -= 1;
                    if *times == 0 {
                        carriers.remove(carrier);
                    }
                }
            }
        }
        differs
    }

    /// Finds out who carries what may be awaitable: what holds or returns what an awaitable function gives is as
    /// awaitable, and so on. Gives whether that makes a difference.
    fn carry(&mut self) -> bool {
        let is_awaitable = |name: &Name| self.is_declared_awaitable(name);
        let mut carriers = FxHashSet::default();
        let mut fresh: Vec<&Name> = self.carriers_of.keys().filter(|source| is_awaitable(source)).collect();
        while let Some(source) = fresh.pop() {
            for carrier in self.carriers_of.get(source).into_iter().flat_map(FxHashMap::keys) {
                if !carriers.contains(carrier) {
                    carriers.insert(carrier.clone());
                    if !is_awaitable(carrier) {
                        fresh.push(carrier);
                    }
                }
            }
        }
        let differs = carriers != self.carriers;
        self.carriers = carriers;
        differs
    }

    /// Which files speak of a name.
    pub(crate) fn spoken(&self) -> &Arc<Mentions> {
        &self.mentions
    }

    /// The files, in the order of their tables.
    pub(crate) fn files(&self) -> &[Utf8PathBuf] {
        self.mentions.files()
    }

    /// The files that mention an attribute or global, and whether on another object than `self`.
    pub(super) fn mentions(&self, name: &Name) -> &[(usize, bool)] {
        self.mentions.of(name)
    }

    /// The files that read an attribute of this name, or import it.
    pub(crate) fn files_that_mention(&self, name: &Name) -> Vec<&Utf8PathBuf> {
        self.mentions(name).iter().filter_map(|(file, _)| self.files().get(*file)).collect()
    }

    /// The names whose mentions were asked for since [`Index::forget`].
    pub(crate) fn asked(&self) -> FxHashSet<Name> {
        self.mentions.asked()
    }

    /// Forgets the answers to questions: what they rest on has changed, or is to be seen once more.
    pub(crate) fn forget(&mut self) {
        self.gifts = Mutex::default();
        self.summaries = Summaries::default();
        self.mentions.forget_asked();
    }

    /// The place of a file among the others.
    pub(crate) fn file(&self, path: &Utf8Path) -> Option<usize> {
        self.mentions.file(path)
    }

    pub(super) fn may_be_awaitable(&self, name: &str) -> bool {
        self.is_declared_awaitable(name) || self.carriers.contains(name)
    }

    /// Whether the program defines a function or method of this name whose call may give an awaitable.
    pub(super) fn is_own_awaitable(&self, name: &str) -> bool {
        self.functions.has(name) || self.generators.has(name)
    }

    /// Whether something of this name may hold or return an awaitable.
    pub(super) fn may_hold(&self, name: &str) -> bool {
        self.holders.has(name) || self.carriers.contains(name)
    }

    fn is_declared_awaitable(&self, name: &str) -> bool {
        self.functions.has(name) || self.others.contains(name) || self.holders.has(name) || self.models.given_by_last_name(name).is_some()
    }

    /// Whether the call of a function of this name may give an async generator.
    pub(super) fn may_generate(&self, name: &str) -> bool {
        self.generators.has(name)
    }

    /// The names of properties that may give an awaitable.
    pub(super) fn properties(&self) -> impl Iterator<Item = &Name> {
        self.properties.names()
    }

    /// Whether a function of this name is given to `add_done_callback`.
    pub(super) fn is_done_callback(&self, name: &str) -> bool {
        self.done_callbacks.has(name)
    }

    /// Whether a function of this name has a parameter for a function that returns nothing.
    pub(super) fn is_plain_caller(&self, name: &str) -> bool {
        self.plain_callers.has(name)
    }

    /// Whether a plain function of this name may run a loop.
    pub(super) fn is_loop_runner(&self, name: &str) -> bool {
        self.loop_runners.has(name)
    }

    /// Whether the program may put plain functions in the place of the coroutine functions of a class, for those who call
    /// them where no loop runs. `path` is its name with its modules.
    pub(super) fn makes_plain(&self, path: &str) -> bool {
        let (modules, class) = path.rsplit_once('.').unwrap_or(("", path));
        let is_made = |name: &str| self.made_plain.has(name);
        let classes = self.classes.called(class).iter().flat_map(|class| self.classes.names_below(*class));
        is_made(class) || classes.into_iter().any(is_made) || modules.split('.').any(|module| self.made_plain_in.has(module))
    }

    /// Whether the program gives a name, of two words or more, to coroutine functions alone.
    pub(super) fn is_async_only(&self, name: &str) -> bool {
        let decorated = self.decorated.get(name).map_or(&[][..], Vec::as_slice);
        let is_wrapped = |(_, decorators): &(usize, Vec<Name>)| decorators.iter().all(|decorator| self.wrappers.has(decorator));
        name.trim_matches('_').contains('_')
            && !self.sync_functions.has(name)
            && decorated.iter().all(is_wrapped)
            && (self.coroutine_functions.has(name) || !decorated.is_empty())
    }

    /// Whether functions that may give awaitables and plain functions that do something have this name.
    pub(super) fn has_plain_body(&self, name: &str) -> bool {
        self.plain_bodies.has(name) && (self.functions.has(name) || self.others.contains(name))
    }
}

/// Names, each as often as tables have it.
#[derive(Debug, Default)]
struct Counted(FxHashMap<Name, u32>);

impl Counted {
    fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The names, in no order.
    fn names(&self) -> impl Iterator<Item = &Name> {
        self.0.keys()
    }

    /// Counts a name once more, or once less. Gives whether it came or went.
    fn count(&mut self, name: &Name, is_added: bool) -> bool {
        if is_added {
            let times = self.0.entry(name.clone()).or_default();
            *times += 1;
            return *times == 1;
        }
        match self.0.get_mut(name) {
            Some(times) if *times > 1 => {
                *times -= 1;
                false
            }
            known => known.is_some() && self.0.remove(name).is_some(),
        }
    }
}
