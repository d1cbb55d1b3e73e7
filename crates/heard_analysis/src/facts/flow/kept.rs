//! Places that outlive a body: from what is put in an attribute or a global to the places in the whole
//! program that take it out again.

use std::sync::Arc;

use camino::Utf8Path;
use ruff_python_ast::name::Name;
use ruff_python_ast::{Expr, ExprAttribute, ExprCall, PatternMatchClass, StmtFunctionDef};
use ruff_text_size::{Ranged, TextRange};
use rustc_hash::FxHashSet;

use super::super::body::{Around, Place, Use, Variable, last_name};
use super::super::classes::ClassId;
use super::super::fate::Station;
use super::super::filters;
use super::super::names::{READS_ALL, READS_ANY, computed_attribute, literal_attribute};
use super::super::summary::{Entrance, MOST_STATIONS, Question, Treatment};
use super::super::{Fate, Kind, Loss, Reason};
use super::callers::Taken;
use super::held::MODULE_FRAME;
use super::value::{Layer, Value};
use super::{Flow, Reach, Verdict, never_read};
use crate::finding::Span;
use crate::resolve::Answer;

/// What became of a value that was followed to its end, and where it is read.
pub(super) type Followed = (Verdict, Option<Span>);

/// An attribute that more files mention is not followed: it has a name like `task`.
const MOST_FILES: usize = 60;

/// What becomes of a value at the places that take it out of where it is kept.
#[derive(Default)]
struct Readings {
    /// What the places tell together, and the file of the place that tells it.
    verdict: Option<(Verdict, Arc<Utf8Path>)>,
    stations: Vec<Station>,
    /// The first place that reads it.
    read_at: Option<Span>,
}

impl<'a> Flow<'_, '_, 'a> {
    /// What becomes of a value that is kept in `place`.
    pub(super) fn stored(&self, value: Value, place: &Place<'a>) -> Verdict {
        match place {
            Place::Attribute(attribute, frame) => self.put_in_attribute(value, attribute, *frame),
            Place::Member(class, name) => match self.class_here(&class.name.id) {
                Some(class) => self.put_in_objects(value, class, name, &Kept { holder: name.to_string(), at: TextRange::default() }),
                None => value.unknown(Reason::Stored),
            },
            Place::Global(name) => self.put_in_global(value, name),
            Place::Elsewhere => value.unknown(Reason::Stored),
        }
    }

    fn class_here(&self, name: &Name) -> Option<ClassId> {
        self.index.classes.find(self.index.file(self.module.path())?, name)
    }

    /// What becomes of a value that is put in an attribute, as seen from `frame`.
    pub(super) fn put_in_attribute(&self, value: Value, attribute: &ExprAttribute, frame: usize) -> Verdict {
        let Some(class) = self.owner(attribute, frame) else { return value.unknown(Reason::Stored) };
        let value = match value.layer() {
            // What is put in by a subscript goes to a list as well as to a mapping.
            Some(Layer::Mapping) if attribute.ctx.is_load() => match self.layer_of(attribute) {
                Some(Layer::Sequence) => value.taken_out().put_in(Layer::Sequence).unwrap_or(value),
                Some(_) => value,
                None => return value.unknown(Reason::Stored),
            },
            _ => value,
        };
        let holder = self.module.text()[attribute.range()].to_owned();
        self.put_in_objects(value, class, &attribute.attr.id, &Kept { holder, at: attribute.range() })
    }

    /// The class whose objects have the attribute.
    fn owner(&self, attribute: &ExprAttribute, frame: usize) -> Option<ClassId> {
        if let Expr::Name(receiver) = &*attribute.value
            && let Some(class) = self.body.receiver_class(frame, &receiver.id)
        {
            return self.class_here(&class.name.id);
        }
        match &*self.module.classes(&attribute.value)? {
            [(path, class)] => self.class_in(path, class).or_else(|| self.index.classes.only(class)),
            _ => None,
        }
    }

    /// The class of this name in a file of the program; a stub is not where its attributes are used.
    fn class_in(&self, path: &Utf8Path, name: &Name) -> Option<ClassId> {
        self.index.classes.find(self.index.file(path).filter(|_| path.extension() != Some("pyi"))?, name)
    }

    /// What a container is, as its type tells.
    pub(super) fn layer_of<'e>(&self, container: impl Into<ruff_python_ast::ExprRef<'e>>) -> Option<Layer> {
        match self.module.sort_of(container, &|class| self.models.container(class)) {
            Answer::All(layer) => Some(layer),
            _ => None,
        }
    }

    fn put_in_objects(&self, value: Value, class: ClassId, name: &Name, kept: &Kept) -> Verdict {
        if !self.goes_beyond(value.kind) {
            return value.unknown(Reason::Stored);
        }
        let value = value.on_arrival();
        let entrance = Entrance::Attribute { class, name: name.clone() };
        let question = Question { entrance, value, borders: self.borders };
        let treatment = self.index.summaries.answer(question, || self.taken_from_objects(value, class, name));
        let is_public = !name.starts_with('_') && !self.index.classes.home(class).1.starts_with('_');
        self.end_of_kept(value, treatment, kept, is_public)
    }

    /// What becomes of a value that is put in a global of this module.
    pub(super) fn put_in_global(&self, value: Value, name: &Name) -> Verdict {
        let unknown = value.unknown(Reason::Stored);
        let Some(file) = self.index.file(self.module.path()) else { return unknown };
        let is_elsewhere = self.index.mentions(name).iter().any(|(other, is_foreign)| *other != file && *is_foreign);
        if !self.goes_beyond(value.kind) || is_elsewhere || self.is_global_read_by_other_means(file, name) {
            return unknown;
        }
        let value = value.on_arrival();
        let question = Question { entrance: Entrance::Global { file, name: name.clone() }, value, borders: self.borders };
        let treatment = self.index.summaries.answer(question, || self.taken_from_global(value, name));
        self.end_of_kept(value, treatment, &Kept { holder: name.to_string(), at: TextRange::default() }, !name.starts_with('_'))
    }

    /// The verdict on a value that is kept, from what is done where it is taken out.
    fn end_of_kept(&self, value: Value, treatment: Treatment, kept: &Kept, is_public: bool) -> Verdict {
        let Treatment { verdict, path, stations, read_at, .. } = treatment;
        self.note_reading(&verdict, read_at);
        let is_here = path == *self.module.path();
        match &verdict.fate {
            // A gather that is awaited goes on as its outcomes.
            Fate::Lost(_) if verdict.kind != value.kind && is_here => return verdict,
            Fate::Lost(_) if verdict.kind != value.kind => return value.unknown(Reason::Stored),
            Fate::Lost(
                Loss::NeverRead { .. }
                | Loss::UnusedName(_)
                | Loss::Overwritten { .. }
                | Loss::Kept { .. }
                | Loss::Dropped
                | Loss::Collected { .. },
            ) => {}
            Fate::Lost(_) if is_here => return verdict,
            Fate::Lost(_) => return value.unknown(Reason::Stored),
            _ => return verdict,
        }
        let is_collected = matches!(&verdict.fate, Fate::Lost(loss) if matches!(loss, Loss::Collected { .. }) || loss.is_collected());
        value.ends(Fate::Lost(Loss::Kept { holder: kept.holder.clone(), at: kept.at, is_public, is_collected, stations }))
    }

    /// Notes where another body reads the value, if that is the first place that does.
    pub(super) fn note_reading(&self, verdict: &Verdict, read_at: Option<Span>) {
        if let (Fate::Consumed(_), Some(read_at)) = (&verdict.fate, read_at) {
            self.reading.borrow_mut().get_or_insert(read_at);
        }
    }

    fn taken_from_objects(&self, value: Value, class: ClassId, name: &Name) -> Treatment {
        let family = self.index.classes.family(class);
        // What is put in a property goes where its setter puts it.
        if self.index.classes.any_defines(&family, name) {
            return self.treatment(value.unknown(Reason::Stored));
        }
        let (home, class_name) = self.index.classes.home(class);
        let homes: FxHashSet<usize> = family.iter().map(|class| self.index.classes.home(*class).0).collect();
        let concerned = |name: &Name| {
            let mentions = self.index.mentions(name).iter();
            mentions.filter(|(file, is_foreign)| *is_foreign || homes.contains(file)).map(|(file, _)| *file).collect::<Vec<_>>()
        };
        let named = concerned(name);
        if named.len() > MOST_FILES {
            return self.treatment(value.unknown(Reason::Stored));
        }
        // What reads all attributes of an object need not write this one's name. Computed names are common, so the
        // classes' own files alone are looked at for those.
        let mut files = named.clone();
        files.extend(concerned(&Name::new_static(READS_ALL)).into_iter().take(MOST_FILES));
        files.extend(concerned(&Name::new_static(READS_ANY)).into_iter().filter(|file| homes.contains(file)));
        files.sort_by_key(|file| (*file != home, *file));
        files.dedup();
        let members = Members { family: &family, names: family.iter().map(|class| self.index.classes.home(*class).1).collect() };
        let mut readings = Readings::default();
        if files.first() != Some(&home) {
            files.insert(0, home);
        }
        for file in files {
            let is_decided = self.in_file(file, |flow| {
                flow.read_attribute(value, name, &members, named.contains(&file), &mut readings);
                if file == home && flow.may_be_read_by_base(class_name, name) {
                    readings.add(value.unknown(Reason::Stored), flow.module.path());
                }
                readings.verdict.as_ref().is_some_and(|(verdict, _)| matches!(verdict.fate, Fate::Consumed(_)))
            });
            if is_decided == Some(true) {
                break;
            }
        }
        self.end_of_readings(value, readings)
    }

    fn end_of_readings(&self, value: Value, readings: Readings) -> Treatment {
        let (verdict, path) =
            readings.verdict.unwrap_or_else(|| (value.ends(never_read(TextRange::default())), Arc::clone(self.module.path())));
        Treatment { verdict, path, read_at: readings.read_at, is_returned: false, stations: readings.stations.into() }
    }

    fn taken_from_global(&self, value: Value, name: &Name) -> Treatment {
        let flow = self.beyond(self.module, self.body);
        let mut readings = Readings::default();
        let is_global = |frame: usize, variable: &Variable| frame == MODULE_FRAME || !variable.is_bound();
        let variables = self.body.variables.iter().filter(|(local, _)| local.name == *name);
        let mut loads: Vec<_> =
            variables.filter(|(local, variable)| is_global(local.frame, variable)).flat_map(|(_, variable)| &variable.loads).collect();
        loads.sort_by_key(|load| load.range.start());
        for load in loads {
            flow.read(value, &load.how, load.range, &mut readings);
        }
        self.end_of_readings(value, readings)
    }

    /// Follows a value out of every place of this module that reads the attribute on a member; `is_named` tells
    /// whether the module has the attribute's name at all.
    fn read_attribute(&self, value: Value, name: &Name, members: &Members, is_named: bool, readings: &mut Readings) {
        for load in self.body.attributes.get(name).into_iter().flatten() {
            if load.is_dead || !self.is_member(&load.attribute.value, load.around.scope.frame, members).unwrap_or(true) {
                continue;
            }
            let function = load.around.scope.function.filter(|_| value.kind == Kind::Task && matches!(load.how, Use::Returned));
            if function.is_none_or(|function| !self.is_dropped_by_callers(value, function)) {
                self.read(value, &load.how, load.attribute.range(), readings);
            }
        }
        let getters = self.body.calls.iter().filter(|site| literal_attribute(site.call).is_some_and(|literal| literal == *name));
        for site in getters {
            self.read(value, &site.how, site.call.range(), readings);
        }
        if self.is_read_by_other_means(name, members, is_named) {
            readings.add(value.unknown(Reason::Stored), self.module.path());
        }
    }

    /// Whether all who call a function drop a task that it returns.
    fn is_dropped_by_callers(&self, value: Value, function: &StmtFunctionDef) -> bool {
        let drops = |taken: &Taken| matches!(taken.fate, Fate::Lost(Loss::Dropped | Loss::UnusedName(_)));
        self.taken_by_callers(value, function).is_some_and(|taken| taken.iter().all(drops))
    }

    /// Whether something here takes attributes of a member without writing their names: `self.__dict__` and
    /// `vars(self)`, `getattr(self, computed)`, and the patterns of `match`.
    fn is_read_by_other_means(&self, name: &Name, members: &Members, is_named: bool) -> bool {
        let mut whole = self.body.attributes.get(&Name::new_static(READS_ALL)).into_iter().flatten();
        let by_pattern = |pattern: &&PatternMatchClass| {
            let is_named = pattern.arguments.keywords.iter().any(|keyword| keyword.attr.id == *name);
            let is_placed = !pattern.arguments.patterns.is_empty();
            is_named || is_placed && last_name(&pattern.cls).is_some_and(|class| members.names.contains(&class))
        };
        whole.any(|load| {
            self.is_member(&load.attribute.value, load.around.scope.frame, members).unwrap_or(is_named)
                && !self.is_left_out(&load.around, load.attribute.range(), None, name)
        }) || self.body.class_patterns.iter().any(by_pattern)
            || self.body.calls.iter().any(|site| {
                computed_attribute(site.call, name)
                    .is_some_and(|object| self.is_member(object, site.around.scope.frame, members).unwrap_or(false))
                    && !self.is_left_out(&site.around, site.call.range(), name_of_attribute(site.call), name)
            })
    }

    /// Whether the loop at a place that reads all attributes passes over this one.
    fn is_left_out(&self, around: &Around<'_>, at: TextRange, computed: Option<&Name>, name: &str) -> bool {
        filters::leave_out(around.scope.function.map_or(self.module.body(), |function| &function.body), at, computed, name)
    }

    /// Whether something may read a global of this module, the given file, without naming it as one: by `globals()`,
    /// behind a `from … import *`, or by all of the module's attributes.
    fn is_global_read_by_other_means(&self, file: usize, name: &Name) -> bool {
        let is_namespace = |call: &ExprCall, frame| match call.func.as_name_expr().map(|function| function.id.as_str()) {
            Some("globals") => true,
            Some("vars" | "locals") => call.arguments.is_empty() && frame == MODULE_FRAME,
            _ => false,
        };
        if self.body.calls.iter().any(|site| is_namespace(site.call, site.around.scope.frame)) {
            return true;
        }
        let path = &self.index.files()[file];
        let stem = path.file_stem().filter(|stem| *stem != "__init__").or_else(|| path.parent()?.file_name());
        let others =
            |kind| self.index.mentions(&Name::new_static(kind)).iter().map(|(other, _)| *other).filter(move |other| *other != file);
        let is_free = |flow: &Flow<'_, '_, '_>| {
            flow.body.variables.iter().any(|(local, variable)| local.name == *name && !variable.is_bound() && !variable.loads.is_empty())
        };
        let reads_module = |flow: &Flow<'_, '_, '_>| {
            let is_module = |object: &Expr| {
                let name = last_name(object).map(|name| flow.body.aliases.get(name).unwrap_or(name));
                name.is_some_and(|name| Some(name.as_str()) == stem)
            };
            let mut whole = flow.body.attributes.get(&Name::new_static(READS_ALL)).into_iter().flatten();
            whole.any(|load| is_module(&load.attribute.value))
                || flow.body.calls.iter().any(|site| computed_attribute(site.call, name).is_some_and(is_module))
        };
        others("*").take(MOST_FILES).any(|other| self.in_file(other, is_free) == Some(true))
            || others(READS_ALL).chain(others(READS_ANY)).take(MOST_FILES).any(|other| self.in_file(other, reads_module) == Some(true))
    }

    /// Whether `object` is one of the members, or `None` where its class is not known.
    fn is_member(&self, object: &Expr, frame: usize, members: &Members) -> Option<bool> {
        if let Expr::Name(receiver) = object
            && let Some(class) = self.body.receiver_class(frame, &receiver.id)
        {
            return Some(self.class_here(&class.name.id).is_none_or(|class| members.family.contains(&class)));
        }
        let is_one = |(path, name): &(Arc<Utf8Path>, Name)| match self.class_in(path, name) {
            Some(class) => members.family.contains(&class),
            None => members.names.contains(name),
        };
        Some(self.module.classes(object)?.iter().any(is_one))
    }

    fn read(&self, value: Value, how: &Use<'a>, at: TextRange, readings: &mut Readings) {
        let verdict = self.arriving(value, |flow| flow.follow(value, how));
        if matches!(verdict.fate, Fate::Lost(_)) && readings.stations.len() < MOST_STATIONS && tells_something(how) {
            readings.stations.push(Station { span: self.module.span(at), what: words_of(how) });
        }
        if matches!(verdict.fate, Fate::Consumed(_)) {
            readings.read_at.get_or_insert_with(|| self.module.span(at));
        }
        readings.add(verdict, self.module.path());
    }

    /// What becomes of a value that comes from elsewhere; what something that does not end keeps from
    /// being read is not told.
    pub(super) fn arriving(&self, value: Value, follow: impl Fn(&Self) -> Verdict) -> Verdict {
        self.has_arrived.set(true);
        let within = |reach| {
            self.reset(reach);
            let verdict = follow(self);
            self.reset(Reach::Running);
            verdict
        };
        let verdict = within(Reach::Running);
        match verdict.fate {
            Fate::Lost(_) if !matches!(within(Reach::Blocked).fate, Fate::Lost(_)) => value.unknown(Reason::Stored),
            _ => verdict,
        }
    }

    /// Whether a class outside of the program that `class` derives from speaks of the attribute.
    fn may_be_read_by_base(&self, class: &Name, name: &Name) -> bool {
        let mut scopes = self.body.frames.iter().filter_map(|frame| frame.class);
        let Some(class) = scopes.find(|known| known.name.id == *class) else { return false };
        let spelled = format!(".{name}");
        let mut is_read = false;
        let are_known = self.module.each_ancestor(class, &mut |ancestor| {
            let is_outside = self.index.file(ancestor.module.path()).is_none();
            is_read |= is_outside && !ancestor.is_stub && ancestor.module.text()[ancestor.class.range()].contains(&spelled);
        });
        is_read || (!are_known && !name.starts_with('_'))
    }

    pub(super) fn treatment(&self, verdict: Verdict) -> Treatment {
        Treatment { verdict, path: Arc::clone(self.module.path()), read_at: None, is_returned: false, stations: Arc::default() }
    }
}

/// The objects that an attribute is looked for on.
struct Members<'i> {
    family: &'i FxHashSet<ClassId>,
    names: FxHashSet<&'i Name>,
}

/// Where a value is kept, for the message.
struct Kept {
    holder: String,
    at: TextRange,
}

impl Readings {
    fn add(&mut self, verdict: Verdict, path: &Arc<Utf8Path>) {
        self.verdict = Some(match self.verdict.take() {
            Some((before, path_before)) => match before.joined(verdict) {
                (verdict, true) => (verdict, Arc::clone(path)),
                (verdict, false) => (verdict, path_before),
            },
            None => (verdict, Arc::clone(path)),
        });
    }
}

/// Whether a use is more than book-keeping of a container.
fn tells_something(how: &Use) -> bool {
    match how {
        Use::Receiver { attribute, .. } => {
            !matches!(attribute.attr.as_str(), "append" | "add" | "discard" | "remove" | "extend" | "update" | "clear")
        }
        Use::Glanced(_) => false,
        _ => true,
    }
}

/// What a use does with a value that it does not read.
fn words_of(how: &Use) -> String {
    match how {
        Use::Receiver { attribute, called: Some(_), .. } => format!("only `{}` is called here", attribute.attr),
        Use::Operand(..) => "only tested here".to_owned(),
        _ => "used here, but that does not read the outcome".to_owned(),
    }
}

/// The variable that names the attribute in `getattr(object, variable)`.
fn name_of_attribute(call: &ExprCall) -> Option<&Name> {
    call.arguments.args.get(1)?.as_name_expr().map(|name| &name.id)
}
