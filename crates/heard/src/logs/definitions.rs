//! Where coroutines are defined, by their qualified names: lines drift, names stay.

use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

/// A function in a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Definition {
    pub(super) path: PathBuf,
    pub(super) line: u32,
    /// As `__qualname__` has it.
    pub(super) name: String,
}

/// All functions in a folder.
pub(super) fn find(folder: &Path) -> Vec<Definition> {
    let mut definitions = Vec::new();
    for entry in WalkBuilder::new(folder).build().flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "py")
            && let Ok(bytes) = std::fs::read(path)
        {
            of_source(path, &String::from_utf8_lossy(&bytes), &mut definitions);
        }
    }
    definitions
}

/// The functions of one source, told by its indentation alone, so that a source that does not parse has some too.
fn of_source(path: &Path, text: &str, definitions: &mut Vec<Definition>) {
    let mut around: Vec<(usize, String, bool)> = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        let code = line.trim_start();
        let is_async = code.strip_prefix("async ").map(str::trim_start);
        let header = is_async.unwrap_or(code);
        let (is_class, rest) = match (header.strip_prefix("def "), header.strip_prefix("class ")) {
            (Some(rest), _) => (false, rest),
            (_, Some(rest)) => (true, rest),
            _ => continue,
        };
        let name: String = rest.chars().take_while(|sign| sign.is_alphanumeric() || *sign == '_').collect();
        let column = line.len() - code.len();
        around.retain(|(outer, ..)| *outer < column);
        let mut qualified = String::new();
        for (_, outer, is_class) in &around {
            qualified.push_str(outer);
            qualified.push_str(if *is_class { "." } else { ".<locals>." });
        }
        qualified.push_str(&name);
        if !is_class {
            definitions.push(Definition { path: path.to_owned(), line: number, name: qualified });
        }
        around.push((column, name, is_class));
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::of_source;

    #[test]
    fn names_are_as_python_has_them() {
        let text = "class A:\n    async def f(self):\n        def g(): pass\n    def h(self): pass\n\nasync def main():\n    async def run(): ...\n";
        let mut found = Vec::new();
        of_source(Path::new("a.py"), text, &mut found);
        let found: Vec<String> = found.iter().map(|one| format!("{} {}", one.line, one.name)).collect();
        assert_eq!(found, ["2 A.f", "3 A.f.<locals>.g", "4 A.h", "6 main", "7 main.<locals>.run"]);
    }
}
