//! Which file an import means.
//!
//! Every file has search roots of its own: the folder above its top package comes first, then the
//! project's source folders, the standard library, the folders around the file up to the project's, the
//! installed packages, and at last the stubs that come with heard. So two services that have a top package
//! of the same name do not get into each other's way.

use camino::{Utf8Path, Utf8PathBuf};
use ruff_python_ast::name::Name;
use rustc_hash::FxHashSet;

use super::index::Origin;
use super::standard;
use crate::stubs;
use crate::system::System;

/// What an import leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    File(Utf8PathBuf),
    /// A folder of modules without a file of its own.
    Folder(Utf8PathBuf),
}

/// Where modules are looked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Roots {
    /// The project's folder.
    project: Utf8PathBuf,
    /// The project's source folders, the first place first.
    sources: Vec<Utf8PathBuf>,
    /// The folders of installed packages, the first place first.
    installed: Vec<Utf8PathBuf>,
    /// The files of the project and the folders that hold them: they need not be looked for on the disk.
    files: FxHashSet<Utf8PathBuf>,
    folders: FxHashSet<Utf8PathBuf>,
    version: (u8, u8),
}

impl Roots {
    pub(crate) fn new(project: &Utf8Path, sources: &[Utf8PathBuf], installed: Vec<Utf8PathBuf>, version: (u8, u8)) -> Self {
        Roots { project: project.to_owned(), sources: sources.to_vec(), installed, version, ..Roots::default() }
    }

    /// Takes down which files the project has.
    pub(crate) fn add_files(&mut self, files: &[Utf8PathBuf]) {
        for file in files {
            self.files.insert(file.clone());
            for folder in file.ancestors().skip(1) {
                if !self.folders.insert(folder.to_owned()) {
                    break;
                }
            }
        }
        // A package that has a module called `setup` is no project of its own.
        let is_package = |root: &Utf8PathBuf| self.files.contains(&root.join("__init__.py"));
        self.sources.retain(|root| *root == self.project || !is_package(root));
    }

    /// All folders in which a module of the project or an installed one may lie, the first place first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Utf8PathBuf> {
        self.sources.iter().chain(&self.installed)
    }

    /// Whether a file was installed.
    pub(crate) fn is_installed(&self, path: &Utf8Path) -> bool {
        !self.files.contains(path) && self.installed.iter().any(|folder| path.starts_with(folder))
    }

    fn is_file(&self, system: &dyn System, path: &Utf8Path) -> bool {
        self.files.contains(path) || system.is_file(path)
    }

    fn is_folder(&self, system: &dyn System, path: &Utf8Path) -> bool {
        self.folders.contains(path) || system.is_directory(path)
    }

    /// The folder above the topmost package around a file.
    pub(crate) fn own_root(&self, system: &dyn System, path: &Utf8Path) -> Utf8PathBuf {
        let mut folder = path.parent().unwrap_or(path);
        while let Some(above) = folder.parent() {
            // Of a folder of the project, all files are known.
            let is_listed = self.folders.contains(folder);
            let is_there = |file: &Utf8Path| self.files.contains(file) || !is_listed && system.is_file(file);
            let is_package = ["__init__.py", "__init__.pyi"].iter().any(|name| is_there(&folder.join(name)));
            if !is_package {
                break;
            }
            folder = above;
        }
        folder.to_owned()
    }

    /// The name that imports have for a file, where they can name it at all.
    pub(crate) fn module_name(&self, own_root: &Utf8Path, path: &Utf8Path) -> Option<Name> {
        let holders = self.sources.iter().chain(&self.installed).filter(|root| own_root.starts_with(root));
        let mut roots: Vec<&Utf8Path> = holders.map(Utf8PathBuf::as_path).collect();
        // The innermost folder is the one that was meant for modules.
        roots.sort_by_key(|root| std::cmp::Reverse(root.as_str().len()));
        roots.push(own_root);
        roots.into_iter().find_map(|root| name_below(root, path))
    }

    /// What `name` means, where a file whose own root is `own_root` imports it.
    pub(crate) fn find(&self, system: &dyn System, own_root: &Utf8Path, origin: Origin, name: &str) -> Option<Target> {
        let mut folder = None;
        let mut is_found = |target: Option<Target>| match target {
            Some(Target::Folder(path)) => {
                folder.get_or_insert(path);
                None
            }
            file => file,
        };
        let standard = || standard::path_of(name, self.version).map(Target::File);
        if origin == Origin::StandardLibrary {
            return standard();
        }
        // Code outside of the project knows nothing of it.
        let sources = if origin == Origin::Project { &self.sources[..] } else { &[] };
        for root in std::iter::once(own_root).chain(sources.iter().map(Utf8PathBuf::as_path).filter(|root| *root != own_root)) {
            if let Some(file) = is_found(self.find_below(system, root, name)) {
                return Some(file);
            }
        }
        if let Some(file) = standard() {
            return Some(file);
        }
        let around = (origin == Origin::Project).then(|| self.roots_around(own_root));
        for root in around.into_iter().flatten() {
            if let Some(file) = is_found(self.find_below(system, &root, name)) {
                return Some(file);
            }
        }
        for root in &self.installed {
            if let Some(file) = is_found(self.find_installed(system, root, name)) {
                return Some(file);
            }
        }
        stubs::path_of(name).map(Target::File).or(folder.map(Target::Folder))
    }

    /// The folders around a file up to the project's, with the source folder that each may have.
    fn roots_around<'a>(&self, own_root: &'a Utf8Path) -> impl Iterator<Item = Utf8PathBuf> + use<'a> {
        let around = if own_root.starts_with(&self.project) { own_root.ancestors().collect() } else { Vec::new() };
        let project = self.project.clone();
        let around = around.into_iter().take_while(move |folder| folder.starts_with(&project));
        around.enumerate().flat_map(|(place, folder)| {
            let sources = folder.join("src");
            // The first one has been looked at.
            if place == 0 { vec![sources] } else { vec![folder.to_owned(), sources] }
        })
    }

    /// An installed module, by its stubs if there are any. Stubs may be partial.
    fn find_installed(&self, system: &dyn System, root: &Utf8Path, name: &str) -> Option<Target> {
        let (top, rest) = name.split_once('.').map_or((name, None), |(top, rest)| (top, Some(rest)));
        let stubs = root.join(format!("{top}-stubs"));
        if system.is_directory(&stubs) {
            let found = match rest {
                Some(rest) => self.find_below(system, &stubs, rest),
                None => self.module_in(system, &stubs),
            };
            if let Some(Target::File(path)) = found {
                return Some(Target::File(path));
            }
        }
        self.find_below(system, root, name)
    }

    /// The module that has a dotted name below a folder.
    pub(crate) fn find_below(&self, system: &dyn System, root: &Utf8Path, name: &str) -> Option<Target> {
        let mut folder = root.to_owned();
        let mut parts = name.split('.').peekable();
        while let Some(part) = parts.next() {
            let inner = folder.join(part);
            if parts.peek().is_some() {
                // A module that is a file hides a folder only where there is no such folder.
                if !self.is_folder(system, &inner) {
                    return None;
                }
                folder = inner;
                continue;
            }
            if self.is_folder(system, &inner)
                && let Some(target @ Target::File(_)) = self.module_in(system, &inner)
            {
                return Some(target);
            }
            for extension in ["pyi", "py"] {
                let file = folder.join(format!("{part}.{extension}"));
                if self.is_file(system, &file) {
                    return Some(Target::File(file));
                }
            }
            return self.is_folder(system, &inner).then_some(Target::Folder(inner));
        }
        None
    }

    /// What a folder is as a module.
    pub(crate) fn module_in(&self, system: &dyn System, folder: &Utf8Path) -> Option<Target> {
        for name in ["__init__.pyi", "__init__.py"] {
            let file = folder.join(name);
            if self.is_file(system, &file) {
                return Some(Target::File(file));
            }
        }
        self.is_folder(system, folder).then(|| Target::Folder(folder.to_owned()))
    }
}

/// `package.module` of a file below a folder, where each part is an identifier.
fn name_below(root: &Utf8Path, path: &Utf8Path) -> Option<Name> {
    let relative = path.strip_prefix(root).ok()?;
    let mut parts: Vec<&str> = relative.parent()?.components().map(|part| part.as_str()).collect();
    if let Some(first) = parts.first_mut() {
        *first = first.strip_suffix("-stubs").unwrap_or(first);
    }
    match relative.file_stem()? {
        "__init__" => {}
        stem => parts.push(stem),
    }
    let is_identifier = |part: &&str| {
        part.starts_with(|letter: char| letter.is_alphabetic() || letter == '_')
            && part.chars().all(|letter| letter.is_alphanumeric() || letter == '_')
    };
    (!parts.is_empty() && parts.iter().all(is_identifier)).then(|| Name::new(parts.join(".")))
}
