//! The files of a program and what is known of them: what all threads share, and what each keeps for itself.

use std::cell::RefCell;
use std::panic;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use camino::{Utf8Path, Utf8PathBuf};
use ruff_python_ast::PySourceType;
use ruff_python_ast::name::Name;
use rustc_hash::{FxHashMap, FxHashSet};

use super::index::{Entry, FileId, Files, Origin};
use super::memo::Memo;
use super::mentions::Mentions;
use super::roots::{Roots, Target};
use super::sources::{Held, InHand, Source, Sources};
use super::standard;
use super::table::{FileTable, Shelved, Version};
use super::ty::ClassRef;
use crate::cancellation::Cancellation;
use crate::stubs;
use crate::system::System;
use crate::tables::{Tables, TextId, Told};

/// What names mean, by the root of the importer.
type Imports = FxHashMap<(Arc<str>, Name), Option<Place>>;

/// What all threads share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) system: Arc<dyn System>,
    pub(crate) version: Version,
    pub(crate) roots: RwLock<Roots>,
    pub(crate) files: Files,
    /// The root of the files in each folder.
    own_roots: RwLock<FxHashMap<Utf8PathBuf, Arc<str>>>,
    /// What imports lead to, by the importer's own root.
    imports: RwLock<Imports>,
    /// Folders of modules without a file of their own.
    namespaces: RwLock<Vec<Utf8PathBuf>>,
    sources: Sources,
    /// What is known of texts from other checks.
    tables: Option<Arc<Tables>>,
    seen: Mutex<Seen>,
}

/// Which text each file was seen with. One that is saved while it is checked may be seen with two: its table is of the
/// one, and its tree of the other.
#[derive(Debug, Default)]
struct Seen {
    texts: FxHashMap<Arc<Utf8Path>, TextId>,
    /// The files that were seen with another text later.
    torn: FxHashSet<Arc<Utf8Path>>,
}

/// What an import means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    File(FileId),
    Namespace(u32),
}

impl Shared {
    pub(crate) fn new(system: Arc<dyn System>, version: Version, roots: Roots, tables: Option<Arc<Tables>>) -> Self {
        Shared {
            system,
            version,
            roots: RwLock::new(roots),
            files: Files::default(),
            own_roots: RwLock::default(),
            imports: RwLock::default(),
            namespaces: RwLock::default(),
            sources: Sources::default(),
            tables,
            seen: Mutex::default(),
        }
    }

    fn seen<T>(&self, work: impl FnOnce(&mut Seen) -> T) -> T {
        work(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A file was seen with a text.
    fn saw(&self, path: &Arc<Utf8Path>, text: TextId) {
        self.seen(|seen| {
            // From here on the later text counts, so that one change is told once.
            if seen.texts.insert(Arc::clone(path), text).is_some_and(|before| before != text) {
                seen.torn.insert(Arc::clone(path));
            }
        });
    }

    /// The files that were seen with two texts, since this was asked last: what was found means nothing then.
    pub(crate) fn take_torn(&self) -> FxHashSet<Arc<Utf8Path>> {
        self.seen(|seen| std::mem::take(&mut seen.torn))
    }

    /// The same program, of which nothing has been read.
    pub(crate) fn anew(&self) -> Self {
        let roots = self.roots.read().unwrap_or_else(PoisonError::into_inner).clone();
        Shared::new(Arc::clone(&self.system), self.version, roots, self.tables.clone())
    }
}

/// What one thread works with.
pub(crate) struct Database {
    pub(crate) shared: Arc<Shared>,
    known: Rc<Known>,
    in_hand: InHand,
    cancellation: Cancellation,
    /// Which files speak of a name, once that is known.
    mentions: Option<Arc<Mentions>>,
}

/// What a thread has found out.
#[derive(Default)]
struct Known {
    memo: Memo,
    /// The qualified names of classes, which are asked for again and again.
    names: RefCell<FxHashMap<ClassRef, Arc<str>>>,
    /// The classes of the standard library that the resolver speaks of itself.
    classes: RefCell<FxHashMap<(&'static str, &'static str), Option<ClassRef>>>,
}

impl Database {
    /// What another thread needs.
    pub(crate) fn new(shared: &Arc<Shared>) -> Self {
        Database {
            shared: Arc::clone(shared),
            known: Rc::default(),
            in_hand: InHand::default(),
            cancellation: Cancellation::default(),
            mentions: None,
        }
    }

    /// What makes the same for other threads, which find out for themselves.
    pub(crate) fn for_other_threads(&self) -> impl Fn() -> Database + Send + Sync + use<> {
        let (shared, cancellation, mentions) = (Arc::clone(&self.shared), self.cancellation.clone(), self.mentions.clone());
        move || Database { cancellation: cancellation.clone(), mentions: mentions.clone(), ..Database::new(&shared) }
    }

    /// The same, whose work ends when nobody wants it any more: see [`Database::look_up`].
    pub(crate) fn cancelled_by(self, cancellation: &Cancellation) -> Self {
        Database { cancellation: cancellation.clone(), ..self }
    }

    /// The same, which can look for those who call a function.
    pub(crate) fn knowing(self, mentions: &Arc<Mentions>) -> Self {
        Database { mentions: Some(Arc::clone(mentions)), ..self }
    }

    pub(super) fn mentions(&self) -> Option<&Mentions> {
        self.mentions.as_deref()
    }

    /// What tells that nobody wants the result any more.
    pub(crate) fn cancellation(&self) -> &Cancellation {
        &self.cancellation
    }

    /// Looks up from the work, and leaves it where nobody wants its result any more: by unwinding up to where panics
    /// are caught, without being one.
    pub(super) fn look_up(&self) {
        if self.cancellation.is_cancelled() {
            panic::resume_unwind(Box::new("nobody wants it any more"));
        }
    }

    /// The same without the files that it holds, and without what is of use for them alone.
    pub(crate) fn emptied(&self) -> Self {
        self.known.memo.forget_locals();
        Database {
            shared: Arc::clone(&self.shared),
            known: Rc::clone(&self.known),
            in_hand: InHand::default(),
            cancellation: self.cancellation.clone(),
            mentions: self.mentions.clone(),
        }
    }

    pub(super) fn memo(&self) -> &Memo {
        &self.known.memo
    }

    /// Whether it holds so many files that it is time to let go of them.
    pub(crate) fn is_full(&self) -> bool {
        self.in_hand.is_full()
    }

    /// The version of Python that the program is read for.
    pub(crate) fn version(&self) -> Version {
        self.shared.version
    }

    pub(crate) fn system(&self) -> &dyn System {
        &*self.shared.system
    }

    pub(crate) fn files(&self) -> &Files {
        &self.shared.files
    }

    pub(crate) fn roots<T>(&self, read: impl FnOnce(&Roots) -> T) -> T {
        read(&self.shared.roots.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The text of a file, wherever it comes from.
    pub(crate) fn text(&self, path: &Utf8Path) -> Result<String, String> {
        if standard::holds(path) {
            let text = standard::module_at(path).and_then(|module| standard::text(&module, self.shared.version));
            return text.ok_or_else(|| "there is no such module".to_owned());
        }
        if stubs::holds(path) {
            let text = stubs::module_at(path).and_then(|module| stubs::stub(&module));
            return text.map(str::to_owned).ok_or_else(|| "there is no such module".to_owned());
        }
        self.system().read_to_string(path).map_err(|error| error.to_string())
    }

    /// What stands in a file that is no module to whoever asks; nothing where there is none.
    pub(crate) fn words_of(&self, path: &Utf8Path) -> String {
        if let Some(file) = self.files().find(path) {
            self.files().entry(file);
        }
        self.text(path).unwrap_or_default()
    }

    /// A file as text and tree, and what is known of it.
    pub(super) fn source(&self, path: &Utf8Path) -> Result<&Held, String> {
        self.look_up();
        if let Some(held) = self.in_hand.get(path) {
            return Ok(held);
        }
        let source = match self.shared.sources.get(path) {
            (Some(source), _) => source,
            (None, text) => {
                let form = source_type(path);
                let source =
                    if let Some(text) = text { Source::again(text, form) } else { Source::of(self.seen_text(&Arc::from(path))?.0, form)? };
                let source = Arc::new(source);
                self.shared.sources.keep_again(&Arc::from(path), &source);
                source
            }
        };
        Ok(self.in_hand.hold(Arc::from(path), source))
    }

    /// The text of a file as it is now, which is noted as what this check has seen.
    fn seen_text(&self, path: &Arc<Utf8Path>) -> Result<(Arc<str>, TextId), String> {
        let text: Arc<str> = self.text(path)?.into();
        let id = TextId::of(&text, source_type(path), self.shared.version);
        self.shared.saw(path, id);
        Ok((text, id))
    }

    /// What the text of a file tells by itself.
    pub(crate) fn told(&self, path: &Arc<Utf8Path>) -> Result<Told, String> {
        let version = self.shared.version;
        let make = |text| {
            let source = Arc::new(Source::of(text, source_type(path))?);
            self.shared.sources.keep_first(path, &source);
            Ok(Told::of(&source.text, source.body(), version))
        };
        let Some(tables) = &self.shared.tables else { return make(self.seen_text(path)?.0) };
        // The stamp first: a text that is written meanwhile is not taken for the one before.
        let stamp = self.system().stamp(path);
        if let Some((text, told)) = stamp.and_then(|stamp| tables.of_file(path, stamp, version)) {
            self.shared.saw(path, text);
            return Ok(told);
        }
        let (text, id) = self.seen_text(path)?;
        let told = tables.of_text(id, || make(text))?;
        tables.note(path, stamp, version, id);
        Ok(told)
    }

    /// The same of a file whose text is another one now. It goes to no other check: of what is typed, nearly nothing
    /// comes again.
    pub(crate) fn told_anew(&self, path: &Arc<Utf8Path>) -> Result<Told, String> {
        self.shared.sources.forget(path);
        let source = Arc::new(Source::of(self.text(path)?.into(), source_type(path))?);
        let id = TextId::of(&source.text, source_type(path), self.shared.version);
        self.shared.seen(|seen| seen.texts.insert(Arc::clone(path), id));
        self.shared.sources.keep(path, &source);
        Ok(Told::of(&source.text, source.body(), self.shared.version))
    }

    /// A check begins.
    pub(crate) fn begin(&self) {
        self.shared.tables.iter().for_each(|tables| tables.begin());
    }

    /// Adds the file at `path` with its table.
    pub(crate) fn add(&self, path: &Arc<Utf8Path>, table: Arc<Shelved>) -> FileId {
        let (module, root, origin) = if let Some(module) = standard::module_at(path) {
            (Some(Name::new(module)), Arc::from(standard::FOLDER), Origin::StandardLibrary)
        } else if let Some(module) = stubs::module_at(path) {
            (Some(Name::new(module)), Arc::from(stubs::FOLDER), Origin::Ours)
        } else {
            let root = self.own_root(path);
            self.roots(|roots| {
                let origin = if roots.is_installed(path) { Origin::Installed } else { Origin::Project };
                (roots.module_name(Utf8Path::new(&*root), path), root, origin)
            })
        };
        self.files().add(Entry::new(Arc::clone(path), module, root, origin, table))
    }

    /// The folder above the topmost package around a file, which the files of one folder have in common.
    fn own_root(&self, path: &Utf8Path) -> Arc<str> {
        let folder = path.parent().unwrap_or(path);
        if let Some(known) = self.shared.own_roots.read().unwrap_or_else(PoisonError::into_inner).get(folder) {
            return Arc::clone(known);
        }
        let root: Arc<str> = Arc::from(self.roots(|roots| roots.own_root(self.system(), path)).as_str());
        self.shared.own_roots.write().unwrap_or_else(PoisonError::into_inner).insert(folder.to_owned(), Arc::clone(&root));
        root
    }

    /// The file at `path`, which is read where it is not known yet.
    pub(crate) fn file(&self, path: &Utf8Path) -> Option<FileId> {
        if let Some(known) = self.files().find(path) {
            return Some(known);
        }
        let path: Arc<Utf8Path> = Arc::from(path);
        if standard::holds(&path) {
            let table = standard::table(&standard::module_at(&path)?, self.shared.version)?;
            return Some(self.add(&path, Arc::new(table.into())));
        }
        if self.shared.tables.is_some() {
            return Some(self.add(&path, self.told(&path).ok()?.table));
        }
        let source = Source::of(self.seen_text(&path).ok()?.0, source_type(&path)).ok()?;
        let table = FileTable::of(&source.text, source.body(), self.shared.version);
        Some(self.add(&path, Arc::new(table.into())))
    }

    fn place(&self, target: Target) -> Option<Place> {
        match target {
            Target::File(path) => self.file(&path).map(Place::File),
            Target::Folder(path) => {
                let mut namespaces = self.shared.namespaces.write().unwrap_or_else(PoisonError::into_inner);
                let place = namespaces.iter().position(|known| *known == path).unwrap_or_else(|| {
                    namespaces.push(path);
                    namespaces.len() - 1
                });
                u32::try_from(place).ok().map(Place::Namespace)
            }
        }
    }

    /// What an absolute name means where `importer` imports it.
    pub(crate) fn import(&self, importer: FileId, name: &Name) -> Option<Place> {
        let Entry { root, origin, .. } = self.files().entry(importer);
        let key = (Arc::clone(root), name.clone());
        if let Some(known) = self.shared.imports.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return *known;
        }
        let target = self.roots(|roots| roots.find(self.system(), Utf8Path::new(&**root), *origin, name));
        let place = target.and_then(|target| self.place(target));
        self.shared.imports.write().unwrap_or_else(PoisonError::into_inner).insert(key, place);
        place
    }

    /// What a name with dots in front means in `importer`.
    pub(crate) fn relative_import(&self, importer: FileId, level: u8, name: &str) -> Option<Place> {
        let path = &self.files().entry(importer).path;
        let mut folder = path.parent()?;
        for _ in 1..level {
            folder = folder.parent()?;
        }
        self.below(folder, name)
    }

    /// What a name means inside a package or a namespace.
    pub(crate) fn submodule(&self, place: Place, name: &str) -> Option<Place> {
        match place {
            Place::File(file) => {
                let entry = self.files().entry(file);
                let folder = entry.path.parent().filter(|_| entry.is_package())?;
                let found = self.below(folder, name);
                // What the stubs of a package leave out, the package itself may have.
                found.or_else(|| self.import(file, &Name::new(format!("{}.{name}", entry.module.as_ref().filter(|_| entry.is_stub())?))))
            }
            Place::Namespace(place) => {
                let folder = self.shared.namespaces.read().unwrap_or_else(PoisonError::into_inner).get(place as usize).cloned()?;
                self.below(&folder, name)
            }
        }
    }

    fn below(&self, folder: &Utf8Path, name: &str) -> Option<Place> {
        if folder.starts_with(standard::FOLDER) {
            let inside = folder.strip_prefix(standard::FOLDER).ok()?.as_str().replace('/', ".");
            let full = if inside.is_empty() {
                name.to_owned()
            } else if name.is_empty() {
                inside
            } else {
                format!("{inside}.{name}")
            };
            return self.place(Target::File(standard::path_of(&full, self.shared.version)?));
        }
        if folder.starts_with(stubs::FOLDER) {
            let inside = folder.strip_prefix(stubs::FOLDER).ok()?.as_str().replace('/', ".");
            let full = if name.is_empty() { inside } else { format!("{inside}.{name}") };
            return self.place(Target::File(stubs::path_of(&full)?));
        }
        let target = self.roots(|roots| {
            if name.is_empty() { roots.module_in(self.system(), folder) } else { roots.find_below(self.system(), folder, name) }
        });
        self.place(target?)
    }

    /// `module.Class` of a class; in a file that no import can name, `Class` alone.
    pub(crate) fn qualified_class(&self, class: ClassRef) -> Arc<str> {
        if let Some(known) = self.known.names.borrow().get(&class) {
            return Arc::clone(known);
        }
        let own = &self.files().class(class).qualified;
        let name: Arc<str> = self.files().entry(class.0).qualified(own).map_or_else(|| Arc::from(own.as_str()), Arc::from);
        self.known.names.borrow_mut().insert(class, Arc::clone(&name));
        name
    }

    /// A class of the standard library.
    pub(crate) fn standard_class(&self, module: &'static str, name: &'static str) -> Option<ClassRef> {
        if let Some(known) = self.known.classes.borrow().get(&(module, name)) {
            return *known;
        }
        let find = || {
            let file = self.file(&standard::path_of(module, self.shared.version)?)?;
            match self.files().table(file).names.get(name)?.last()? {
                super::table::Slot::Class(class) => Some((file, *class)),
                _ => None,
            }
        };
        let found = find();
        self.known.classes.borrow_mut().insert((module, name), found);
        found
    }
}

/// In which of its forms a file has Python.
fn source_type(path: &Utf8Path) -> PySourceType {
    match path.extension() {
        Some("pyi") => PySourceType::Stub,
        Some("ipynb") => PySourceType::Ipynb,
        _ => PySourceType::Python,
    }
}
