//! A baseline of a real program, and random edits, moves and renames over it: what was there stays known, and what is
//! put in is told.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::tree::{Run, Tree};

/// The files of the program, by their names.
type Files = BTreeMap<String, String>;

#[derive(Clone, Debug)]
enum Edit {
    /// Lines are put in front of a function or class.
    Insert(usize),
    /// A module gets another name.
    RenameModule(usize),
    /// A function or class gets another name, unless a known statement speaks of it.
    RenameDefinition(usize),
    /// A function with a finding is put in.
    Add(usize),
}

fn edit() -> impl Strategy<Value = Edit> {
    let which = 0..10_000_usize;
    prop_oneof![
        which.clone().prop_map(Edit::Insert),
        which.clone().prop_map(Edit::RenameModule),
        which.clone().prop_map(Edit::RenameDefinition),
        which.prop_map(Edit::Add),
    ]
}

fn demo() -> Files {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../demo");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let python = files.filter(|file| file.extension().is_some_and(|extension| extension == "py"));
    python.map(|file| (file.file_name().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(file).unwrap())).collect()
}

/// Makes one edit. Gives whether it brings a finding.
fn apply(files: &mut Files, edit: &Edit, step: usize, known: &str) -> bool {
    let names: Vec<String> = files.keys().cloned().collect();
    match edit {
        Edit::Insert(which) => {
            let text = files.get_mut(&names[which % names.len()]).unwrap();
            let starts = text.match_indices("\nasync def ").chain(text.match_indices("\ndef ")).chain(text.match_indices("\nclass "));
            let starts: Vec<usize> = starts.map(|(start, _)| start + 1).collect();
            // In front of a decorator's function nothing may stand, and nowhere is a place as well.
            let free = |start: &&usize| !text[..**start].lines().last().is_some_and(|line| line.starts_with('@'));
            let free: Vec<usize> = starts.iter().filter(free).copied().collect();
            if let Some(start) = free.get(which % free.len().max(1)) {
                text.insert_str(*start, &format!("# {step}\nEDIT_{step} = [\n    {step},\n]\n\n\n"));
            }
        }
        Edit::RenameModule(which) => {
            let modules: Vec<&String> = names.iter().filter(|name| !name.starts_with("__")).collect();
            let name = modules[which % modules.len()].clone();
            let (old, new) = (name.trim_end_matches(".py").to_owned(), format!("renamed_{step}"));
            let text = files.remove(&name).unwrap();
            files.insert(format!("{new}.py"), text);
            for text in files.values_mut() {
                *text = text.replace(&format!("from .{old} import"), &format!("from .{new} import"));
            }
        }
        Edit::RenameDefinition(which) => {
            let definitions = files.values().flat_map(|text| text.lines()).filter_map(|line| {
                let line = line.trim_start();
                let rest = line.strip_prefix("async ").unwrap_or(line);
                let rest = rest.strip_prefix("def ").or_else(|| rest.strip_prefix("class "))?;
                rest.split(['(', ':']).next()
            });
            // What was put in is looked for by its name.
            let is_ours = |name: &str| name.starts_with("added_");
            let is_free = |name: &&str| !name.starts_with("__") && name.len() > 6 && !known.contains(*name) && !is_ours(name);
            let definitions: Vec<String> = definitions.filter(is_free).map(str::to_owned).collect();
            let Some(old) = definitions.get(which % definitions.len().max(1)).cloned() else { return false };
            for text in files.values_mut() {
                *text = renamed(text, &old, &format!("{old}_{step}"));
            }
        }
        Edit::Add(which) => {
            let text = files.get_mut(&names[which % names.len()]).unwrap();
            write!(text, "\n\nasync def added_{step}() -> None:\n    added_{step}()\n").unwrap();
            return true;
        }
    }
    false
}

/// The text with a word in place of another.
fn renamed(text: &str, old: &str, new: &str) -> String {
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    let mut renamed = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(old) {
        let is_whole = !rest[..at].ends_with(is_word) && !rest[at + old.len()..].starts_with(is_word);
        renamed.push_str(&rest[..at]);
        renamed.push_str(if is_whole { new } else { old });
        rest = &rest[at + old.len()..];
    }
    renamed + rest
}

fn write(tree: &Tree, files: &Files) {
    let folder = tree.root().join("demo");
    if folder.exists() {
        fs::remove_dir_all(&folder).unwrap();
    }
    for (name, text) in files {
        tree.write(&format!("demo/{name}"), text);
    }
}

#[test]
fn a_baseline_survives_edits_moves_and_renames_and_absorbs_nothing() {
    let tree = Tree::new();
    tree.write("pyproject.toml", "[tool.heard]\nlevel = \"strict\"\nbaseline = \"known.json\"\n");
    let before = demo();
    write(&tree, &before);
    assert_eq!(tree.check(&["--write-baseline"]).code, Some(0));
    let known = fs::read_to_string(tree.root().join("known.json")).unwrap();
    assert!(known.lines().count() > 20, "{known}");
    // What a statement of the baseline or the name of a rule speaks of is part of what a finding is known by.
    let statements: String = known.lines().filter_map(|line| line.split("\"statement\":").nth(1)).collect();
    let mut runner = TestRunner::new(Config { cases: 6, failure_persistence: None, ..Config::default() });
    let edits = prop::collection::vec(edit(), 1..7);
    let outcome = runner.run(&edits, |edits| {
        let mut files = before.clone();
        let mut added: Vec<String> = Vec::new();
        // A function that is renamed, in a file that is renamed too, is another one.
        let moves = edits.iter().any(|edit| matches!(edit, Edit::RenameModule(_)));
        let kept = if moves { &known } else { &statements };
        for (step, edit) in edits.iter().enumerate() {
            if apply(&mut files, edit, step, kept) {
                added.push(format!("`added_{step}`"));
            }
        }
        write(&tree, &files);
        let Run { stdout, stderr, .. } = tree.check(&["--output-format", "concise"]);
        let told: Vec<&str> = stdout.lines().collect();
        prop_assert_eq!(told.len(), added.len(), "{} {}", stdout, stderr);
        for name in &added {
            prop_assert!(told.iter().any(|line| line.contains(name.as_str())), "{} {}", name, stdout);
        }
        Ok(())
    });
    outcome.unwrap();
}
