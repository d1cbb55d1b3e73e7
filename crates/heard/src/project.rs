//! From a path on the command line to the project around it.
//!
//! What is reported is what the user points at; what is analysed is the whole project, since an
//! awaitable may be born in one file and read in another.

mod depends;
mod requires_python;

use std::collections::BTreeSet;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use camino::{Utf8Path, Utf8PathBuf};
use heard_analysis::Environment;
use toml::de::DeTable;

use crate::system::Disk;

/// The files that say where a project starts.
const MARKERS: [&str; 4] = ["pyproject.toml", "setup.py", "setup.cfg", ".git"];

/// What is analysed together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Project {
    /// The folder in which the project's own modules are looked for.
    pub(crate) root: Utf8PathBuf,
    /// Which files belong to it.
    pub(crate) scope: Scope,
}

/// Which files belong to a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// All below this folder.
    Folder(Utf8PathBuf),
    /// The modules in this folder and the packages right below it: what a script that lies there,
    /// in no project, can import.
    Modules(Utf8PathBuf),
    /// This one.
    File(Utf8PathBuf),
}

impl Project {
    /// The project around `path`, which is absolute and exists.
    ///
    /// It is the nearest folder upwards that has a marker. Installed packages are no part of the
    /// project whose environment they lie in, so the search stops at `site-packages`.
    pub(crate) fn around(path: &Utf8Path, is_folder: bool, home: Option<&Utf8Path>) -> Self {
        let folder = if is_folder { path } else { path.parent().unwrap_or(path) };
        for ancestor in folder.ancestors() {
            if is_site_packages(ancestor) {
                return installed(ancestor, path, is_folder);
            }
            // Some people keep their settings under version control: that makes their home no project.
            let is_home = home == Some(ancestor) && ancestor != path;
            if MARKERS.iter().any(|marker| !(is_home && *marker == ".git") && ancestor.join(marker).exists()) {
                return Project { root: ancestor.to_owned(), scope: Scope::Folder(ancestor.to_owned()) };
            }
        }
        let outermost = folder.ancestors().take_while(|ancestor| ancestor.join("__init__.py").exists()).last();
        match outermost {
            Some(package) => Project { root: package.parent().unwrap_or(package).to_owned(), scope: Scope::Folder(package.to_owned()) },
            None if is_folder => Project { root: path.to_owned(), scope: Scope::Folder(path.to_owned()) },
            None => Project { root: folder.to_owned(), scope: Scope::Modules(folder.to_owned()) },
        }
    }

    /// Where the project's own modules are looked for: in its folder and those of the projects inside
    /// it, each with its `src` or `python` folder, where that is no package.
    pub(crate) fn source_roots(&self, files: &[Utf8PathBuf]) -> Vec<Utf8PathBuf> {
        let mut folders = BTreeSet::new();
        for folder in folders_of(files) {
            let inside = folder.ancestors().take_while(|folder| folder.starts_with(&self.root));
            // Around a folder that is known, all are.
            inside.take_while(|folder| folders.insert(*folder)).for_each(drop);
        }
        let is_project =
            |folder: &&Utf8Path| *folder == self.root || ["pyproject.toml", "setup.py"].iter().any(|marker| folder.join(marker).exists());
        let projects = std::iter::once(&*self.root).chain(folders.iter().copied().filter(|folder| *folder != self.root)).filter(is_project);
        let is_root = |folder: &Utf8PathBuf| folders.contains(&**folder) && !folder.join("__init__.py").exists();
        projects
            .flat_map(|project| ["src", "python"].map(|name| project.join(name)).into_iter().filter(is_root).chain([project.to_owned()]))
            .collect()
    }

    /// Where the project's dependencies are, as far as its folder tells.
    ///
    /// Packages that are installed in an environment see that one. Otherwise it is the active one; if
    /// there is none, the project's own, which the members of a workspace share.
    pub(crate) fn environment(&self) -> Environment {
        let around = self.root.ancestors().find(|ancestor| is_environment(ancestor));
        if let Some(environment) = around {
            return Environment::At(environment.to_owned());
        }
        if ["VIRTUAL_ENV", "CONDA_PREFIX"].iter().any(|name| std::env::var_os(name).is_some()) || is_environment(&self.root.join(".venv")) {
            return Environment::Discover;
        }
        for ancestor in self.root.ancestors() {
            let shared = ancestor.join(".venv");
            if is_environment(&shared) {
                return Environment::At(shared);
            }
            if ancestor.join(".git").exists() {
                break;
            }
        }
        python_on_the_path().map_or(Environment::Discover, Environment::At)
    }

    /// The oldest Python that the project's `pyproject.toml` allows. One that cannot be read allows every Python here:
    /// who reads the settings has told of it.
    pub(crate) fn python_version(&self, disk: &Disk) -> Result<Option<(u8, u8)>, Box<ManifestError>> {
        let path = self.root.join("pyproject.toml");
        let Some(text) = path.exists().then(|| disk.read(&path).ok()).flatten() else { return Ok(None) };
        let Ok(table) = DeTable::parse(&text) else { return Ok(None) };
        let project = table.get_ref().get("project").and_then(|project| project.get_ref().as_table());
        let Some(value) = project.and_then(|project| project.get("requires-python")) else { return Ok(None) };
        let line = text.get(..value.span().start).map(|before| before.matches('\n').count() + 1);
        let fail = |kind| Box::new(ManifestError { path: path.clone(), line, kind });
        let Some(specifiers) = value.get_ref().as_str() else { return Err(fail(ManifestErrorKind::NoString)) };
        requires_python::lowest(specifiers).map_err(|error| fail(ManifestErrorKind::Specifier(error.to_string())))
    }
}

/// The folders that files lie in. It is quick where the files are sorted.
pub(crate) fn folders_of(files: &[Utf8PathBuf]) -> BTreeSet<&Utf8Path> {
    // To compare two paths part by part takes long, and most files lie in the folder of the one before.
    let mut folders: Vec<&Utf8Path> = files.iter().filter_map(|file| file.parent()).collect();
    folders.dedup_by_key(|folder| folder.as_str());
    folders.into_iter().collect()
}

/// The installation behind the `python3` on the path, as it was when that was first asked.
fn python_on_the_path() -> Option<Utf8PathBuf> {
    static FOUND: LazyLock<Option<Utf8PathBuf>> = LazyLock::new(ask_python);
    FOUND.clone()
}

/// Only Python itself can tell, since what lies on the path may be a shim.
fn ask_python() -> Option<Utf8PathBuf> {
    // `-S` keeps it from running what is installed there; a virtual environment then knows only its executable.
    let question = "import sys; print(sys.executable); print(sys.prefix)";
    let ask = |python| Command::new(python).args(["-I", "-S", "-c", question]).stdin(Stdio::null()).output().ok();
    let answer = ["python3", "python"].into_iter().filter_map(ask).find(|answer| answer.status.success())?;
    let answer = String::from_utf8(answer.stdout).ok()?;
    let (executable, prefix) = answer.trim().split_once('\n')?;
    let around = Utf8Path::new(executable.trim()).ancestors().nth(2).filter(|around| is_environment(around));
    let installation = around.unwrap_or(Utf8Path::new(prefix.trim()));
    installation.is_dir().then(|| installation.to_owned())
}

fn is_environment(path: &Utf8Path) -> bool {
    path.join("pyvenv.cfg").exists()
}

fn is_site_packages(path: &Utf8Path) -> bool {
    matches!(path.file_name(), Some("site-packages" | "dist-packages"))
}

/// What is analysed of the installed packages below `site_packages`.
fn installed(site_packages: &Utf8Path, path: &Utf8Path, is_folder: bool) -> Project {
    let first = path.strip_prefix(site_packages).ok().and_then(|rest| rest.components().next());
    let scope = match first.map(|first| site_packages.join(first)) {
        None => Scope::Folder(site_packages.to_owned()),
        Some(module) if module == path && !is_folder => Scope::File(module),
        Some(package) => Scope::Folder(package),
    };
    Project { root: site_packages.to_owned(), scope }
}

/// A `pyproject.toml` that does not say which Python it asks for. The check goes on without it.
#[derive(Debug, thiserror::Error)]
#[error("{kind}; the environment's Python is assumed")]
pub(crate) struct ManifestError {
    /// The manifest.
    pub(crate) path: Utf8PathBuf,
    /// Where in it, if that is known.
    pub(crate) line: Option<usize>,
    kind: ManifestErrorKind,
}

#[derive(Debug, thiserror::Error)]
enum ManifestErrorKind {
    #[error("`requires-python` is not a string")]
    NoString,
    #[error("`requires-python`: {0}")]
    Specifier(String),
}
