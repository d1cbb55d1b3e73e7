//! What a session keeps over edits is what a new run finds.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use heard_analysis::{Basis, Cancellation, Report, Request, Session, check};

use crate::analysis::{Module, program};
use crate::failures::Failures;
use crate::order::{Numbers, told};
use crate::pages::{documents, modules};
use crate::python::in_parallel;

/// So many times each program is edited.
const EDITS: usize = 6;

/// Asks for the findings of one file.
fn of_file<T>(files: &[Utf8PathBuf], file: &Utf8Path, work: impl FnOnce(&Request<'_>) -> T) -> T {
    work(&Request {
        files,
        reported: &BTreeSet::from([file.to_owned()]),
        awaitables: true,
        migrations: false,
        threads: 1,
        cancellation: &Cancellation::default(),
        progress: &|| (),
    })
}

/// The findings, notices and awaitables of a report, to be compared.
fn essence(report: &Report, file: &Utf8Path) -> Vec<String> {
    let notices = report.notices.iter().filter(|notice| *notice.path == *file).map(|notice| format!("{notice:?}"));
    let awaitables = report.awaitables.iter().map(|awaitable| format!("{awaitable:?}"));
    told(&report.findings).into_iter().chain(notices).chain(awaitables).collect()
}

/// Puts a line of one of the modules somewhere else, twice, or nowhere.
pub(crate) fn edit(modules: &mut [Module], numbers: &mut Numbers) -> usize {
    let (from, to) = (numbers.below(modules.len()), numbers.below(modules.len()));
    let source: Vec<String> = modules[from].source.lines().map(str::to_owned).collect();
    let mut lines: Vec<String> = modules[to].source.lines().map(str::to_owned).collect();
    let at = numbers.below(lines.len() + 1);
    match numbers.below(4) {
        0 if at < lines.len() => drop(lines.remove(at)),
        1 if at < lines.len() => {
            let words = [("async def ", "def "), ("def ", "async def "), ("await ", ""), ("(", "_x(")];
            let (old, new) = words[numbers.below(words.len())];
            lines[at] = lines[at].replacen(old, new, 1);
        }
        _ if source.is_empty() => lines.insert(at, "pass".to_owned()),
        _ => lines.insert(at, source[numbers.below(source.len())].clone()),
    }
    modules[to].source = lines.join("\n") + "\n";
    to
}

/// Edits a program, and says where what is kept is not what a new run finds.
fn compare(manifest: &str, modules: &mut [Module], seed: u64) -> Result<(), String> {
    let system = Arc::default();
    let (edited, files) = program(manifest, &mut modules.iter(), &system)?;
    let mut session = Session::new(edited);
    let mut kept: HashMap<Utf8PathBuf, (Vec<String>, Basis)> = HashMap::new();
    let mut numbers = Numbers(seed);
    for round in 0..EDITS {
        let (cold, _) = program(manifest, &mut modules.iter(), &Arc::default())?;
        for file in &files {
            let known = kept.get(file).map(|(known, _)| known.clone());
            let known = known.unwrap_or_else(|| {
                let (report, basis) = of_file(&files, file, |request| session.check(request));
                let known = essence(&report, file);
                kept.insert(file.clone(), (known.clone(), basis));
                known
            });
            let expected = essence(&of_file(&files, file, |request| check(&cold, request)), file);
            if known != expected {
                let sources: Vec<String> = modules.iter().map(|module| format!("# {}\n{}", module.path, module.source)).collect();
                let sources = sources.join("\n");
                return Err(format!("{file} after {round} edits: kept {known:#?}\nand a new run finds {expected:#?}\n{sources}"));
            }
        }
        let changed = edit(modules, &mut numbers);
        system.fs().write_file_all(&files[changed], &modules[changed].source).map_err(|error| error.to_string())?;
        session.change(&files[changed]);
        let change = session.take_in();
        kept.retain(|file, (_, basis)| *file != files[changed] && basis.outlasts(&change));
    }
    Ok(())
}

#[test]
fn what_is_kept_over_edits_is_what_a_new_run_finds() {
    let mut failures = Failures::default();
    let documents = documents(&mut failures);
    let all = documents.iter().flat_map(|document| document.programs().into_iter().map(move |program| (document, program)));
    let programs: Vec<_> = all.filter(|(_, program)| program.len() > 1).enumerate().collect();
    let differences = in_parallel(&programs, |(number, (_, program))| {
        compare(&program[0].manifest, &mut modules(program), 0x9e37_79b9_7f4a_7c15 + *number as u64)
    });
    for ((_, (document, program)), difference) in programs.iter().zip(differences) {
        if let Err(text) = difference {
            failures.at(document, program[0].line, &text);
        }
    }
    failures.finish();
}

#[test]
fn an_edit_leaves_what_does_not_look_at_it() {
    let module = |path: &str, source: &str| Module { path: path.to_owned(), source: source.to_owned() };
    let modules = [
        module("base.py", "async def work() -> None:\n    print(1)\n"),
        module("far.py", "async def other() -> None:\n    print(2)\n"),
        module("near.py", "from base import work\n\n\nasync def main() -> None:\n    work()\n"),
    ];
    let system = Arc::default();
    let (edited, files) = program("", &mut modules.iter(), &system).unwrap();
    let mut session = Session::new(edited);
    let (_, basis) = of_file(&files, &files[2], |request| session.check(request));
    let mut is_kept = |file: usize, text: &str| {
        system.fs().write_file_all(&files[file], text).unwrap();
        session.change(&files[file]);
        basis.outlasts(&session.take_in())
    };
    assert!(is_kept(1, "async def other() -> None:\n    print(2, 3)\n"));
    assert!(!is_kept(0, "async def work() -> None:\n    print(1, 3)\n"));
    assert!(!is_kept(1, "async def other() -> None:\n    print(2)\n\n\ndef work() -> None: ...\n"));
}

#[test]
fn a_file_that_is_read_without_being_imported_counts() {
    let tests =
        "import pytest\n\n\n@pytest.mark.asyncio\nasync def test_one() -> None:\n    pass\n\n\nasync def test_two() -> None:\n    pass\n";
    let modules =
        [("conftest.py", ""), ("test_app.py", tests)].map(|(path, source)| Module { path: path.to_owned(), source: source.to_owned() });
    let system = Arc::default();
    let (edited, files) = program("", &mut modules.iter(), &system).unwrap();
    let mut session = Session::new(edited);
    let (report, basis) = of_file(&files, &files[1], |request| session.check(request));
    assert_eq!(report.findings.len(), 1);
    system.fs().write_file_all(&files[0], "def pytest_collection_modifyitems(items): ...\n").unwrap();
    session.change(&files[0]);
    assert!(!basis.outlasts(&session.take_in()));
    assert!(of_file(&files, &files[1], |request| session.check(request).0).findings.is_empty());
}

#[test]
fn an_import_counts_for_what_it_leads_to() {
    let text = |import: &str| format!("{import}\n\n\ndef main() -> None:\n    library.work()\n");
    let near = "async def work() -> None:\n    print(1)\n\n\nasync def main() -> None:\n    work()\n";
    let modules =
        [("app.py", &*text("")), ("near.py", near)].map(|(path, source)| Module { path: path.to_owned(), source: source.to_owned() });
    let system = Arc::default();
    let (edited, files) = program("", &mut modules.iter(), &system).unwrap();
    // It is none of the files that are given.
    system.fs().write_file_all("/library.py", "async def work() -> None:\n    print(1)\n").unwrap();
    let mut session = Session::new(edited);
    let (_, basis) = of_file(&files, &files[1], |request| session.check(request));
    for (import, is_kept, found) in [
        ("import lib", true, 0),
        ("import library", false, 1),
        ("import json, library", true, 1),
        ("import json", false, 0),
        ("import library", false, 1),
    ] {
        system.fs().write_file_all(&files[0], text(import)).unwrap();
        session.change(&files[0]);
        assert!(basis.outlasts(&session.take_in()) || !is_kept, "{import}");
        assert_eq!(of_file(&files, &files[0], |request| session.check(request).0).findings.len(), found, "{import}");
        assert_eq!(of_file(&files, &files[1], |request| session.check(request).0).findings.len(), 1, "{import}");
    }
}

#[test]
fn what_is_declared_is_looked_up_again_and_counts_where_it_is_another() {
    let manifest = "[tool.heard]\nspawners = [\"base.start\"]\n";
    let base = |define: &str| format!("import asyncio\n\n\n{define} start(work):\n    return asyncio.create_task(work)\n");
    let near = "from base import start\n\n\nasync def work() -> None:\n    print(1)\n\n\nasync def main() -> None:\n    start(work())\n";
    let modules = [("base.py", &*base("def")), ("far.py", "print(1)\n"), ("near.py", near)]
        .map(|(path, source)| Module { path: path.to_owned(), source: source.to_owned() });
    let system = Arc::default();
    let (edited, files) = program(manifest, &mut modules.iter(), &system).unwrap();
    let mut session = Session::new(edited);
    let (report, basis) = of_file(&files, &files[2], |request| session.check(request));
    assert!(report.findings.is_empty(), "{report:?}");
    for (file, text, is_kept, found) in
        [(1, "print(2)\n".to_owned(), true, 0), (0, base("async def"), false, 1), (0, base("def"), false, 0)]
    {
        system.fs().write_file_all(&files[file], &text).unwrap();
        session.change(&files[file]);
        assert_eq!(basis.outlasts(&session.take_in()), is_kept, "{text}");
        assert_eq!(of_file(&files, &files[2], |request| session.check(request).0).findings.len(), found, "{text}");
    }
}

#[test]
fn a_check_that_nobody_wants_ends() {
    let modules = [Module { path: "app.py".to_owned(), source: "async def work() -> None:\n    work()\n".to_owned() }];
    let (program, files) = program("", &mut modules.iter(), &Arc::default()).unwrap();
    let mut session = Session::new(program);
    let cancellation = Cancellation::default();
    cancellation.cancel();
    let request = of_file(&files, &files[0], |request| session.check(&Request { cancellation: &cancellation, ..*request }).0);
    assert!(request.findings.is_empty());
    let report = of_file(&files, &files[0], |request| session.check(request).0);
    assert_eq!(report.findings.len(), 1, "and the next one is whole");
}
