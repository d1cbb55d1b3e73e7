//! Whether a project depends on the package `heard`, so that its code may import it.

use toml::de::DeTable;

use super::Project;
use crate::system::Disk;

impl Project {
    /// Whether heard is among what the project needs to run: in `pyproject.toml`, `setup.cfg` or `requirements.txt`.
    /// What it needs for its tests does not count.
    pub(crate) fn depends_on_heard(&self, disk: &Disk) -> bool {
        let read = |name: &str| {
            let path = self.root.join(name);
            path.exists().then(|| disk.read(&path).ok()).flatten().unwrap_or_default()
        };
        let manifest = read("pyproject.toml");
        DeTable::parse(&manifest).is_ok_and(|manifest| in_manifest(manifest.get_ref()))
            || read("requirements.txt").lines().any(is_heard)
            || requirements_in_setup(&read("setup.cfg")).any(is_heard)
    }
}

/// Whether the dependencies of a manifest, in the form of the standard or of Poetry, name heard.
fn in_manifest(manifest: &DeTable) -> bool {
    let at = |path: &[&str]| {
        let mut table = manifest;
        for key in path {
            table = table.get(*key)?.get_ref().as_table()?;
        }
        Some(table)
    };
    let listed = at(&["project"]).and_then(|project| project.get("dependencies")?.get_ref().as_array());
    let listed = listed.is_some_and(|all| all.iter().any(|one| one.get_ref().as_str().is_some_and(is_heard)));
    let poetry = at(&["tool", "poetry", "dependencies"]);
    listed || poetry.is_some_and(|dependencies| dependencies.keys().any(|name| is_heard(name.get_ref())))
}

/// The lines of `install_requires` in a `setup.cfg`.
fn requirements_in_setup(setup: &str) -> impl Iterator<Item = &str> {
    let mut lines = setup.lines().skip_while(|line| !line.trim_start().starts_with("install_requires"));
    let first = lines.next().and_then(|line| line.split_once('=')).map(|(_, first)| first);
    first.into_iter().chain(lines.take_while(|line| line.starts_with([' ', '\t'])))
}

/// Whether a requirement is of heard, whatever its version.
fn is_heard(requirement: &str) -> bool {
    let requirement = requirement.trim();
    let end = requirement.find(|character: char| !(character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.')));
    let name = requirement[..end.unwrap_or(requirement.len())].to_ascii_lowercase().replace(['_', '.'], "-");
    matches!(&*name, "heard" | "heard-runtime")
}

#[cfg(test)]
mod tests {
    use super::{in_manifest, is_heard, requirements_in_setup};
    use toml::de::DeTable;

    #[test]
    fn a_requirement_is_told_by_its_name() {
        for requirement in ["heard", "heard>=1.0", "Heard-Runtime ~= 1.2; python_version > '3.11'", "heard_runtime[otel]", " heard "] {
            assert!(is_heard(requirement), "{requirement}");
        }
        for requirement in ["heardly", "un-heard", "# heard", "", "-r heard.txt"] {
            assert!(!is_heard(requirement), "{requirement}");
        }
    }

    #[test]
    fn only_what_the_project_needs_to_run_counts() {
        let depends = |text: &str| in_manifest(DeTable::parse(text).unwrap().get_ref());
        assert!(depends("[project]\ndependencies = ['aiohttp', 'heard>=1']"));
        assert!(depends("[tool.poetry.dependencies]\npython = '^3.11'\nheard-runtime = '*'"));
        assert!(!depends("[project]\ndependencies = []\n[project.optional-dependencies]\ntest = ['heard']"));
        assert!(!depends("[dependency-groups]\ndev = ['heard']"));
        let setup = "[options]\ninstall_requires =\n    aiohttp\n    heard\n[options.extras_require]\ndev = x\n";
        assert!(requirements_in_setup(setup).any(is_heard));
        assert!(!requirements_in_setup("[options.extras_require]\ntest = heard\n").any(is_heard));
    }
}
