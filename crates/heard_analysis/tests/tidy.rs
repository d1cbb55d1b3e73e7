//! What holds for the sources themselves: who may name whom, how big files get, what is not written.

use std::fs;
use std::path::Path;

use heard_analysis::rules;

use crate::failures::Failures;

/// Where `unwrap` and `expect` may stand: the file, a part of the line, and why it cannot fail.
const UNWRAPS: &[(&str, &str, &str)] = &[];

const MOST_LINES: usize = 600;
const MOST_RULE_LINES: usize = 150;
const MOST_MAIN_LINES: usize = 30;

/// Names that say nothing about what a module holds.
const EMPTY_NAMES: &[&str] = &["utils", "util", "helpers", "helper", "common", "misc"];

/// Inside the analysis: sources, what they may not name, and what to do instead.
const LAYERS: &[(&[&str], &[&str], &str)] = &[
    (
        &["finding.rs", "edit.rs"],
        &["resolve", "facts", "limits", "program", "rules", "suppress", "system", "Program", "Rule"],
        "findings and edits are plain data: they depend on each other and on nothing else here",
    ),
    (&["rules/"], &["resolve", "program", "Program", "Database"], "rules are pure judgement over facts: add the missing fact"),
    (&["facts.rs", "facts/"], &["rules"], "data flows from facts to rules: move what both need into the facts"),
    (&["mend.rs", "mend/"], &["rules"], "a fix knows the finding and the facts: what a rule says of them is not its business"),
    (&["program.rs"], &["facts", "rules"], "the program names what it is made of, and none of those who look at it"),
    (&["resolve.rs", "resolve/"], &["facts", "rules", "program"], "the resolver answers questions and knows nothing of those who ask"),
    (&["system.rs", "environment.rs", "stubs.rs"], &["facts", "rules", "program", "resolve"], "the lowest layer names none of those above"),
];

/// A Rust source.
struct Source {
    /// The path from the workspace's root.
    path: String,
    text: String,
    /// The text without comments and without what stands in quotes.
    code: String,
    /// Whether the file holds tests only.
    is_test: bool,
}

impl Source {
    /// The path inside the analysis, if it is there.
    fn in_analysis(&self) -> Option<&str> {
        self.path.strip_prefix("crates/heard_analysis/src/")
    }

    /// The code before its unit tests, which stand at the end of a file.
    fn tested_code(&self) -> &str {
        if self.is_test {
            return "";
        }
        self.code.split_once("#[cfg(test)]").map_or(self.code.as_str(), |(code, _)| code)
    }

    fn stem(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        name.strip_suffix(".rs").unwrap_or(name)
    }
}

fn root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn sources() -> Vec<Source> {
    let mut sources = Vec::new();
    collect(&root().join("crates"), "crates", &mut sources);
    sources.sort_by(|left, right| left.path.cmp(&right.path));
    assert!(sources.len() > 10, "the sources are not where this test looks for them");
    sources
}

fn collect(folder: &Path, shown: &str, sources: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{shown}/{name}");
        if entry.file_type().unwrap().is_dir() {
            if name != "target" {
                collect(&entry.path(), &path, sources);
            }
        } else if entry.path().extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(entry.path()).unwrap();
            sources.push(Source {
                code: code_only(&text),
                is_test: path.contains("/tests/") || path.contains("/benches/") || name == "tests.rs",
                path,
                text,
            });
        }
    }
}

/// Blanks out comments and what stands in quotes; line breaks stay.
fn code_only(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut code = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let length = match rest {
            [b'/', b'/', ..] => line_length(rest),
            [b'/', b'*', ..] => comment_length(rest),
            [b'"', ..] => string_length(rest),
            [b'r', b'"' | b'#', ..] if !ends_in_word(&bytes[..at]) => raw_string_length(rest),
            [b'b', b'r', b'"' | b'#', ..] if !ends_in_word(&bytes[..at]) => raw_string_length(&rest[1..]) + 1,
            [b'\'', b'\\', ..] => rest.iter().skip(3).position(|byte| *byte == b'\'').map_or(rest.len(), |end| end + 4),
            [b'\'', ..] => char_length(rest),
            _ => 0,
        };
        for byte in &mut code[at..(at + length).min(bytes.len())] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at += length.max(1);
    }
    String::from_utf8_lossy(&code).into_owned()
}

fn ends_in_word(before: &[u8]) -> bool {
    before.last().is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

fn line_length(rest: &[u8]) -> usize {
    rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len())
}

fn comment_length(rest: &[u8]) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        match &rest[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] if depth == 1 => return at + 2,
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    rest.len()
}

fn string_length(rest: &[u8]) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// The length of `r"…"` or `r#"…"#`; 0 for a raw identifier.
fn raw_string_length(rest: &[u8]) -> usize {
    let hashes = rest[1..].iter().take_while(|byte| **byte == b'#').count();
    if rest.get(1 + hashes) != Some(&b'"') {
        return 0;
    }
    let end = [b"\"".as_slice(), &rest[1..=hashes]].concat();
    let content = &rest[2 + hashes..];
    let length = content.windows(end.len()).position(|window| window == end);
    length.map_or(rest.len(), |length| 2 + hashes + length + end.len())
}

/// The length of `'x'`; 0 for a lifetime.
fn char_length(rest: &[u8]) -> usize {
    let head = String::from_utf8_lossy(&rest[1..rest.len().min(5)]);
    let Some(first) = head.chars().next() else { return 0 };
    let end = 1 + first.len_utf8();
    if rest.get(end) == Some(&b'\'') { end + 1 } else { 0 }
}

/// The words of a code and their lines.
fn words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    code.lines().zip(1..).flat_map(|(line, number)| {
        line.split(|character: char| !character.is_alphanumeric() && character != '_')
            .filter(|word| !word.is_empty())
            .map(move |word| (number, word))
    })
}

/// The items of this crate that a code names by `crate::` or `super::`, in `use` or elsewhere.
fn named_items(code: &str) -> Vec<(usize, &str)> {
    let mut items = Vec::new();
    for prefix in ["crate::", "super::"] {
        for (start, _) in code.match_indices(prefix) {
            let line = code[..start].matches('\n').count() + 1;
            let before = code[..start].trim_end();
            let after = &code[start + prefix.len()..];
            let in_use = before.ends_with("use") || before.ends_with("::") || before.ends_with('{');
            let end = if in_use && before.rsplit([';', '}']).next().is_some_and(|statement| statement.contains("use")) {
                after.find(';').unwrap_or(after.len())
            } else {
                after.find(|character: char| !character.is_alphanumeric() && character != '_').unwrap_or(after.len())
            };
            items.extend(words(&after[..end]).map(|(offset, word)| (line + offset - 1, word)));
        }
    }
    items
}

fn matches(path: &str, patterns: &[&str]) -> bool {
    patterns.iter().any(|pattern| path == *pattern || pattern.ends_with('/') && path.starts_with(pattern))
}

#[test]
fn layers_name_only_what_is_below() {
    let mut failures = Failures::default();
    for source in &sources() {
        let Some(path) = source.in_analysis() else { continue };
        for (sources, forbidden, why) in LAYERS {
            if !matches(path, sources) || source.is_test {
                continue;
            }
            for (line, word) in named_items(&source.code).into_iter().filter(|(_, word)| forbidden.contains(word)) {
                failures.add(format!("{}:{line}: names `{word}`; {why}", source.path));
            }
        }
    }
    failures.finish();
}

#[test]
fn only_the_analysis_names_the_syntax_tree() {
    let mut failures = Failures::default();
    let forbidden_crates = ["ty_", "ruff_db", "salsa"];
    for source in &sources() {
        let forbidden: &[&str] = match source.in_analysis() {
            Some(path) if path.starts_with("rules/") => &["ruff_python_ast"],
            Some(_) => &[],
            None if source.path.starts_with("crates/heard_analysis/") => &[],
            None => &["ruff_"],
        };
        for (line, word) in words(&source.code).filter(|(_, word)| forbidden.iter().any(|prefix| word.starts_with(prefix))) {
            failures
                .add(format!("{}:{line}: names `{word}`; only the analysis names ruff's crates, and no rule the syntax tree", source.path));
        }
    }
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    for line in lock.lines().filter_map(|line| line.strip_prefix("name = \"")) {
        if forbidden_crates.iter().any(|prefix| line.starts_with(prefix)) {
            failures
                .add(format!("Cargo.lock: `{}`; types come from the resolver, and no type engine is built", line.trim_end_matches('"')));
        }
    }
    for entry in fs::read_dir(root().join("crates")).unwrap().flatten() {
        if entry.file_name() == "heard_analysis" {
            continue;
        }
        let manifest = fs::read_to_string(entry.path().join("Cargo.toml")).unwrap_or_default();
        for line in manifest.lines().filter(|line| line.starts_with("ruff_")) {
            let name = entry.file_name();
            failures.add(format!("crates/{}/Cargo.toml: `{line}`; only the analysis depends on the syntax tree", name.display()));
        }
    }
    failures.finish();
}

#[test]
fn rules_and_pages_are_pairs() {
    let mut failures = Failures::default();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rules");
    let mut stems: Vec<String> = Vec::new();
    for entry in fs::read_dir(&folder).unwrap().flatten() {
        let path = entry.path();
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let name = stem.replace('_', "-");
        let (partner, mark) = match path.extension().and_then(std::ffi::OsStr::to_str) {
            Some("rs") => ("md", format!("name: \"{name}\"")),
            Some("md") => ("rs", format!("# {name}\n")),
            _ => {
                failures.add(format!("{}: src/rules holds only rules and their pages", path.display()));
                continue;
            }
        };
        if !path.with_extension(partner).exists() {
            failures.add(format!("src/rules/{stem}.{partner} is missing: a rule and its page come in pairs"));
        }
        if !fs::read_to_string(&path).unwrap().contains(&mark) {
            failures.add(format!("{}: the file's stem, the rule's name and the page's title must agree: `{name}`", path.display()));
        }
        stems.push(name);
    }
    let names: Vec<&str> = rules::ALL.iter().map(|rule| rule.name).collect();
    if !names.is_sorted() {
        failures.add("src/rules.rs: sort the list ALL by name");
    }
    for name in stems.iter().filter(|name| !names.contains(&name.as_str())) {
        failures.add(format!("src/rules.rs: the list ALL lacks `{name}`"));
    }
    failures.finish();
}

#[test]
fn files_are_small() {
    let mut failures = Failures::default();
    for source in sources().iter().filter(|source| !source.is_test) {
        let most = match source.in_analysis() {
            Some(path) if path.starts_with("rules/") => MOST_RULE_LINES,
            None if source.path == "crates/heard/src/main.rs" => MOST_MAIN_LINES,
            _ => MOST_LINES,
        };
        let lines = source.text.split("#[cfg(test)]").next().unwrap_or_default().lines().count();
        if lines > most {
            failures.add(format!("{}: {lines} lines are over {most}: split the file by what it is about", source.path));
        }
    }
    failures.finish();
}

#[test]
fn names_say_what_is_inside() {
    let mut failures = Failures::default();
    for source in &sources() {
        if source.path.ends_with("/mod.rs") {
            failures.add(format!("{}: write `name.rs` beside the folder `name`, not `name/mod.rs`", source.path));
        }
        let declared = source.code.lines().filter_map(|line| {
            let line = line.trim_start();
            line.strip_prefix("mod ")
                .or_else(|| line.strip_prefix("pub mod "))
                .or_else(|| line.strip_prefix("pub(crate) mod "))?
                .split([';', ' '])
                .next()
        });
        for name in declared.chain([source.stem()]).filter(|name| EMPTY_NAMES.contains(name)) {
            failures.add(format!("{}: `{name}` does not say what is inside: name the idea", source.path));
        }
    }
    failures.finish();
}

#[test]
fn nothing_is_left_to_do() {
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
    let macros = [concat!("todo", "!("), concat!("unimplemented", "!("), concat!("dbg", "!(")];
    let mut failures = Failures::default();
    for source in &sources() {
        for (line, word) in words(&source.text).filter(|(_, word)| marks.contains(word)) {
            failures.add(format!("{}:{line}: `{word}`: do it, or open an issue and leave the comment out", source.path));
        }
        for (line, number) in source.code.lines().zip(1..) {
            if let Some(found) = macros.iter().find(|found| line.contains(**found)) {
                failures.add(format!("{}:{number}: `{found}…)`: finish it", source.path));
            }
        }
    }
    failures.finish();
}

#[test]
fn nothing_is_unwrapped() {
    let mut failures = Failures::default();
    let mut unused = UNWRAPS.to_vec();
    for source in &sources() {
        let texts = source.text.lines();
        for ((code, text), number) in source.tested_code().lines().zip(texts).zip(1..) {
            if !code.contains(".unwrap()") && !code.contains(".expect(") {
                continue;
            }
            let reason = UNWRAPS.iter().find(|(path, part, _)| *path == source.path && text.contains(part));
            unused.retain(|entry| Some(entry) != reason);
            if reason.is_none() {
                let text = text.trim();
                failures
                    .add(format!("{}:{number}: `{text}`: handle it, or say in UNWRAPS (tests/tidy.rs) why it cannot fail", source.path));
            }
        }
    }
    for (path, part, _) in unused {
        failures.add(format!("tests/tidy.rs: the entry of UNWRAPS for {path}, `{part}`, is not needed any more"));
    }
    failures.finish();
}

/// The version is written once, in the workspace's manifest; the one line that cannot take it from there agrees with it.
#[test]
fn the_program_depends_on_the_runtime_of_its_own_version() {
    let read = |path: &str| fs::read_to_string(root().join(path)).unwrap();
    let line = format!("dependencies = [\"heard-runtime=={}; python_version >= '3.11'\"]", env!("CARGO_PKG_VERSION"));
    assert!(read("pyproject.toml").lines().any(|other| other == line), "pyproject.toml: write `{line}`");
    for manifest in ["pyproject.toml", "python/pyproject.toml"] {
        assert!(read(manifest).contains("dynamic = [\"version\"]"), "{manifest}: the version comes from Cargo.toml");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_quotes_are_not_code() {
        let text = "a // b\nc \"d \\\" // e\" f /* g /* h */ i */ j r#\"k \" l\"# m 'n' '\\'' '\"' o<'p> r#q";
        let code = code_only(text);
        assert_eq!(code.len(), text.len());
        let words: Vec<_> = words(&code).collect();
        assert_eq!(words, [(1, "a"), (2, "c"), (2, "f"), (2, "j"), (2, "m"), (2, "o"), (2, "p"), (2, "r"), (2, "q")]);
    }

    #[test]
    fn named_items_are_found() {
        let code =
            "use std::rules;\nuse crate::{engine::Kind,\n    facts};\nuse super::Rule;\nfn f(rules: u8) { crate::program::open(rules) }\n";
        let names: Vec<_> = named_items(code).into_iter().map(|(line, word)| format!("{line} {word}")).collect();
        assert_eq!(names, ["2 engine", "2 Kind", "3 facts", "5 program", "4 Rule"]);
    }
}
