//! The Python environment whose packages a project imports: which it is, where its packages lie, and
//! which version of Python it has.

use std::fmt;

use camino::{Utf8Path, Utf8PathBuf};

use crate::system::System;

/// Where the packages are that the project imports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Environment {
    /// The active virtual or conda environment, else the project's `.venv`, else the `python3` on the path.
    #[default]
    Discover,
    /// A virtual environment, an installation's folder, or an interpreter.
    At(Utf8PathBuf),
    /// No packages at all.
    None,
}

/// An environment that does not exist or is broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvironmentError(String);

impl fmt::Display for EnvironmentError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for EnvironmentError {}

/// An environment that was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// Its folder: `sys.prefix`.
    pub(crate) prefix: Utf8PathBuf,
    /// Where packages are looked for, the first place first.
    pub(crate) site_packages: Vec<Utf8PathBuf>,
    /// The version of its Python, where its files tell.
    pub(crate) version: Option<(u8, u8)>,
}

/// Who named an environment.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    Argument,
    Variable(&'static str),
    Project,
    Path,
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Argument => formatter.write_str("`--python` argument"),
            Origin::Variable(name) => write!(formatter, "`{name}` environment variable"),
            Origin::Project => formatter.write_str("virtual environment of the project"),
            Origin::Path => formatter.write_str("Python on the path"),
        }
    }
}

impl Environment {
    /// The environment that this means for the project at `root`, or `None` where there is none.
    pub(crate) fn find(&self, system: &dyn System, root: &Utf8Path) -> Result<Option<Found>, EnvironmentError> {
        match self {
            Environment::None => Ok(None),
            Environment::At(path) => open(system, path, Origin::Argument).map(Some),
            Environment::Discover => discover(system, root),
        }
    }
}

fn discover(system: &dyn System, root: &Utf8Path) -> Result<Option<Found>, EnvironmentError> {
    if let Some(path) = system.env_var("VIRTUAL_ENV").filter(|path| !path.is_empty()) {
        return open(system, Utf8Path::new(&path), Origin::Variable("VIRTUAL_ENV")).map(Some);
    }
    let conda = system.env_var("CONDA_PREFIX").filter(|path| !path.is_empty());
    // The base environment is always active, and so says little.
    let is_base = matches!(system.env_var("CONDA_DEFAULT_ENV").as_deref(), Some("base" | "root"));
    let open_conda = |path: &str| open(system, Utf8Path::new(path), Origin::Variable("CONDA_PREFIX")).map(Some);
    if let Some(path) = conda.as_deref().filter(|_| !is_base) {
        return open_conda(path);
    }
    if let Ok(found) = open(system, &root.join(".venv"), Origin::Project) {
        return Ok(Some(found));
    }
    if let Some(path) = conda.as_deref() {
        return open_conda(path);
    }
    let on_path = ["python3", "python"].into_iter().find_map(|name| which(system, name));
    Ok(on_path.and_then(|path| open(system, &path, Origin::Path).ok()))
}

fn which(system: &dyn System, name: &str) -> Option<Utf8PathBuf> {
    let separator = if cfg!(windows) { ';' } else { ':' };
    let name = if cfg!(windows) { format!("{name}.exe") } else { name.to_owned() };
    let path = system.env_var("PATH")?;
    path.split(separator).map(|folder| Utf8Path::new(folder).join(&name)).find(|path| path.is_absolute() && system.is_file(path))
}

fn open(system: &dyn System, path: &Utf8Path, origin: Origin) -> Result<Found, EnvironmentError> {
    let invalid = |why: &str| Err(EnvironmentError(format!("Invalid {origin} `{path}`: {why}")));
    let may_be_interpreter = matches!(origin, Origin::Argument | Origin::Path);
    let prefix = if system.is_directory(path) {
        path.to_owned()
    } else if let Some(prefix) = prefix_of_interpreter(system, path).filter(|_| may_be_interpreter) {
        prefix
    } else if may_be_interpreter {
        return invalid("does not point to a Python executable or a directory on disk");
    } else {
        return invalid("does not point to a directory on disk");
    };
    let prefix = system.canonicalize(&prefix).unwrap_or(prefix);
    let configuration = prefix.join("pyvenv.cfg");
    let Ok(text) = system.read_to_string(&configuration) else {
        require_library(system, &prefix)?;
        let site_packages = site_packages(system, &prefix);
        return match origin {
            Origin::Project => invalid("has no `pyvenv.cfg`"),
            _ if site_packages.is_empty() => {
                Err(EnvironmentError(format!("Could not find a `site-packages` directory for this Python installation: `{prefix}`")))
            }
            _ => Ok(Found { version: version_of_layout(&site_packages), site_packages, prefix }),
        };
    };
    let settings = Pyvenv::parse(&text)
        .map_err(|why| EnvironmentError(format!("Failed to parse the `pyvenv.cfg` file at `{configuration}` because {why}")))?;
    require_library(system, &prefix)?;
    let mut packages = site_packages(system, &prefix);
    if settings.sees_system
        && let Some(base) = settings.home.as_deref().and_then(Utf8Path::parent)
    {
        packages.extend(site_packages(system, base));
    }
    let version = settings.version.or_else(|| version_of_layout(&packages));
    Ok(Found { prefix, site_packages: packages, version })
}

/// An environment has a library, if an empty one.
fn require_library(system: &dyn System, prefix: &Utf8Path) -> Result<(), EnvironmentError> {
    if ["lib", "lib64", "Lib"].iter().any(|library| system.is_directory(&prefix.join(library))) {
        return Ok(());
    }
    let message = format!("Failed to iterate over the contents of the `lib`/`lib64` directories of the Python installation `{prefix}`");
    Err(EnvironmentError(message))
}

/// The folder of the environment that an interpreter belongs to.
fn prefix_of_interpreter(system: &dyn System, path: &Utf8Path) -> Option<Utf8PathBuf> {
    let name = path.file_name()?;
    if !name.starts_with("python") && !name.starts_with("pypy") || !system.is_file(path) {
        return None;
    }
    let prefix_of = |path: &Utf8Path| {
        let folder = path.parent()?;
        let is_bin = matches!(folder.file_name(), Some("bin" | "Scripts"));
        if is_bin { folder.parent().map(Utf8Path::to_owned) } else { Some(folder.to_owned()) }
    };
    // A virtual environment's interpreter is a link to one elsewhere.
    let own = prefix_of(path)?;
    if system.is_file(&own.join("pyvenv.cfg")) {
        return Some(own);
    }
    system.canonicalize(path).ok().and_then(|real| prefix_of(&real)).or(Some(own))
}

/// What `pyvenv.cfg` says.
#[derive(Default)]
struct Pyvenv {
    home: Option<Utf8PathBuf>,
    sees_system: bool,
    version: Option<(u8, u8)>,
}

impl Pyvenv {
    fn parse(text: &str) -> Result<Self, String> {
        let mut settings = Pyvenv::default();
        for (line, number) in text.lines().zip(1..) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let pair = line.split_once('=').map(|(key, value)| (key.trim(), value.trim()));
            let Some((key, value)) = pair.filter(|(key, value)| !key.is_empty() && !value.is_empty()) else {
                return Err(format!("line {number} has a malformed `<key> = <value>` pair"));
            };
            match key {
                "home" => settings.home = Some(value.into()),
                "include-system-site-packages" => settings.sees_system = value.eq_ignore_ascii_case("true"),
                "version" | "version_info" => settings.version = version_in(value),
                _ => {}
            }
        }
        if settings.home.is_none() {
            return Err("the file does not have a `home` key".to_owned());
        }
        Ok(settings)
    }
}

fn version_in(text: &str) -> Option<(u8, u8)> {
    let mut parts = text.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// The folders of packages below the folder of an environment, and those that editable installs name.
fn site_packages(system: &dyn System, prefix: &Utf8Path) -> Vec<Utf8PathBuf> {
    let mut folders = Vec::new();
    let mut add = |folder: Utf8PathBuf| {
        if system.is_directory(&folder) && !folders.contains(&folder) {
            folders.push(folder);
        }
    };
    add(prefix.join("Lib/site-packages"));
    for library in ["lib", "lib64"].map(|name| prefix.join(name)) {
        let mut versions = system.read_directory(&library).unwrap_or_default();
        versions.retain(|folder| folder.file_name().is_some_and(|name| name.starts_with("python3") || name.starts_with("pypy3")));
        versions.sort_by_key(|folder| {
            folder.file_name().and_then(|name| version_in(name.trim_start_matches(|letter: char| letter.is_alphabetic())))
        });
        for folder in versions.into_iter().rev() {
            add(folder.join("site-packages"));
            add(folder.join("dist-packages"));
        }
    }
    let named: Vec<Utf8PathBuf> = folders.iter().flat_map(|folder| editable_installs(system, folder)).collect();
    for folder in named {
        if system.is_directory(&folder) && !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    folders
}

/// The folders that `.pth` files name, which is how a package is installed from where it is written.
fn editable_installs(system: &dyn System, site_packages: &Utf8Path) -> Vec<Utf8PathBuf> {
    let mut files = system.read_directory(site_packages).unwrap_or_default();
    files.retain(|file| file.extension() == Some("pth"));
    files.sort();
    let mut folders = Vec::new();
    for file in files {
        let text = system.read_to_string(&file).unwrap_or_default();
        let lines = text.lines().map(str::trim_end);
        // A line with `import` is code that `site` runs.
        let named = lines.filter(|line| !line.is_empty() && !line.starts_with(['#', ' ']) && !line.starts_with("import"));
        folders.extend(named.map(|line| site_packages.join(line)));
    }
    folders
}

/// The version in the name of the folder around `site-packages`.
fn version_of_layout(site_packages: &[Utf8PathBuf]) -> Option<(u8, u8)> {
    let name = site_packages.first()?.parent()?.file_name()?;
    version_in(name.strip_prefix("python").or_else(|| name.strip_prefix("pypy"))?.trim_end_matches('t'))
}
