//! Pages and cases are what they say.

use std::fs;
use std::path::Path;

use heard_analysis::{Finding, rules};

use crate::analysis::{Module, analyse, analyse_otherwise, compare, fix};
use crate::document::{Block, Document, Kind};
use crate::failures::{Failures, difference, quoted};
use crate::python::{self, Claim, Ending};

const PAGES: &str = "src/rules";
/// More examples of the rules, under the names of their pages: what people read of a rule stays short.
const EXAMPLES: &str = "tests/rules";
const CASES: &str = "tests/cases";

/// More lines than that nobody reads of one rule, in a terminal or where the pointer rests on a finding.
const MOST_PAGE_LINES: usize = 240;

/// The sections of a page: title, and whether a page must have it.
const SECTIONS: &[(&str, bool)] = &[
    ("Why it matters", true),
    ("Example", true),
    ("Fixed", true),
    ("Not reported", true),
    ("Proof", true),
    ("Options", false),
    ("Known limits", false),
];

/// The one page without a proof: it is about comments, and Python does not see them.
const UNPROVEN: &str = "unused-allow";

/// All pages, more examples of their rules, and cases.
pub(crate) fn documents(failures: &mut Failures) -> Vec<Document> {
    let mut documents = Document::read_all(PAGES, true);
    documents.extend(Document::read_all(EXAMPLES, true));
    documents.extend(Document::read_all(CASES, false));
    failures.sift(documents)
}

/// The documents that belong to one rule each.
fn of_rules(failures: &mut Failures) -> Vec<Document> {
    let mut all = documents(failures);
    all.retain(|document| document.rule.is_some());
    all
}

fn blessing() -> bool {
    std::env::var_os("BLESS").is_some_and(|value| value == "1")
}

#[test]
fn every_rule_has_its_page() {
    let mut failures = Failures::default();
    let pages = failures.sift(Document::read_all(PAGES, true));
    for page in &pages {
        let name = page.rule.as_deref().unwrap_or_default();
        if rules::find(name).is_none_or(|rule| rule.page != page.text) {
            failures.at(page, 1, &format!("no rule `{name}` in rules::ALL has this page"));
        }
    }
    if std::env::var_os("HEARD_PAGE").is_none() {
        for rule in rules::ALL {
            if !pages.iter().any(|page| page.rule.as_deref() == Some(rule.name)) {
                let stem = rule.name.replace('-', "_");
                failures.add(format!("write crates/heard_analysis/{PAGES}/{stem}.md for the rule `{}`", rule.name));
            }
        }
    }
    failures.finish();
}

#[test]
fn every_document_is_read() {
    let mut failures = Failures::default();
    let read: Vec<String> = documents(&mut failures).into_iter().map(|document| document.shown).collect();
    let wanted = std::env::var("HEARD_PAGE").unwrap_or_default();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(&folder).unwrap().flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let shown = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            let is_ours = shown.starts_with("src/") || shown.starts_with("tests/");
            let is_document = is_ours && path.extension().is_some_and(|extension| extension == "md");
            if is_document && shown.contains(&wanted) && !read.iter().any(|path| path.ends_with(&shown)) {
                failures.add(format!("{shown}: no test reads this: put it into {PAGES}, {EXAMPLES} or {CASES}"));
            }
        }
    }
    failures.finish();
}

#[test]
fn pages_are_well_formed() {
    let mut failures = Failures::default();
    for page in failures.sift(Document::read_all(PAGES, true)) {
        check_head(&page, &mut failures);
        check_sections(&page, &mut failures);
        if page.text.lines().count() > MOST_PAGE_LINES {
            let stem = page.rule.as_deref().unwrap_or_default().replace('-', "_");
            let text = format!("over {MOST_PAGE_LINES} lines: move the examples that only tests need to {EXAMPLES}/{stem}.md");
            failures.at(&page, MOST_PAGE_LINES, &text);
        }
    }
    for examples in failures.sift(Document::read_all(EXAMPLES, true)) {
        check_examples(&examples, &mut failures);
    }
    for document in documents(&mut failures) {
        check_blocks(&document, &mut failures);
    }
    failures.finish();
}

fn check_head(page: &Document, failures: &mut Failures) {
    let name = page.rule.as_deref().unwrap_or_default();
    let mut paragraphs = page.text.split("\n\n");
    if paragraphs.next() != Some(&format!("# {name}")) {
        failures.at(page, 1, &format!("the page must begin with `# {name}` and an empty line"));
    }
    let summary = paragraphs.next().unwrap_or_default();
    if summary.starts_with(['#', '`', '|', '-']) || !(1..=2).contains(&summary.lines().count()) || !summary.ends_with('.') {
        failures.at(page, 3, "below the title stands the summary: one or two sentences, each on its line");
    }
    if !paragraphs.next().is_some_and(|next| next.starts_with("## ")) {
        failures.at(page, 3, "between the summary and the first section stands nothing");
    }
}

fn check_sections(page: &Document, failures: &mut Failures) {
    let is_unproven = page.rule.as_deref() == Some(UNPROVEN);
    let mut expected = SECTIONS.iter();
    let mut last = "the summary";
    let found: Vec<_> = page.headings.iter().filter(|heading| heading.level == 2).collect();
    for heading in &found {
        let Some((title, _)) = expected.find(|(title, _)| *title == heading.title) else {
            let text = format!("`## {}` is no section, or cannot stand after {last}", heading.title);
            return failures.at(page, heading.line, &text);
        };
        last = title;
    }
    if let Some(heading) = page.headings.iter().skip(1).find(|heading| heading.level == 1) {
        failures.at(page, heading.line, "a page has one title");
    }
    let holds =
        |section: &str, is_wanted: &dyn Fn(&Block) -> bool| page.blocks.iter().any(|block| block.section == section && is_wanted(block));
    for (title, required) in SECTIONS {
        let is_there = found.iter().any(|heading| heading.title == *title);
        if is_there && *title == "Proof" && is_unproven {
            failures.at(page, 1, "this page has no proof: Python does not see comments");
        }
        if *required && !is_there && !(is_unproven && *title == "Proof") {
            failures.at(page, 1, &format!("the section `## {title}` is missing"));
        }
    }
    let own = |block: &Block| block.markers.iter().any(|marker| marker.rule.as_ref().is_none_or(|rule| Some(rule) == page.rule.as_ref()));
    if !holds("Example", &own) {
        failures.at(page, 1, "the section Example shows no finding of this page's rule: mark one with `# error`");
    }
    for section in ["Fixed", "Not reported"] {
        if !holds(section, &|block| block.kind.is_python()) {
            failures.at(page, 1, &format!("the section {section} has no block"));
        }
    }
    if !is_unproven && !holds("Proof", &|block| block.kind == Kind::Run) {
        failures.at(page, 1, "the section Proof has no `py run` block");
    }
    for block in page.blocks.iter().filter(|block| block.section == "Fixed" && block.kind == Kind::Module) {
        if !block.markers.is_empty() && !followed_by(page, block, &Kind::Fixed) {
            failures.at(page, block.line, "a fixed module has no finding");
        }
    }
}

/// What stands beside a page has the title of the rule, and the page's sections as far as it needs them.
fn check_examples(examples: &Document, failures: &mut Failures) {
    let name = examples.rule.as_deref().unwrap_or_default();
    if rules::find(name).is_none() {
        failures.at(examples, 1, &format!("there is no rule `{name}`"));
    }
    if !examples.text.starts_with(&format!("# {name}\n")) {
        failures.at(examples, 1, &format!("the file must begin with `# {name}`"));
    }
    for heading in examples.headings.iter().filter(|heading| heading.level == 2) {
        if !SECTIONS.iter().any(|(title, _)| *title == heading.title) {
            failures.at(examples, heading.line, &format!("`## {}` is no section of a rule's page", heading.title));
        }
    }
}

fn followed_by(document: &Document, block: &Block, kind: &Kind) -> bool {
    document.blocks.get(block.ordinal + 1).is_some_and(|next| next.kind == *kind && next.section == block.section)
}

fn check_blocks(document: &Document, failures: &mut Failures) {
    let known = |name: &str| rules::find(name).is_some();
    for block in &document.blocks {
        let previous = block.ordinal.checked_sub(1).map(|ordinal| &document.blocks[ordinal].kind);
        match &block.kind {
            Kind::Run => {
                if Claim::parse(&block.code).is_none() {
                    let text =
                        "the first line of a `run` block is `# silent`, `# logged`, `# logged: text`, `# warned` or `# raised: Name`";
                    failures.at(document, block.line, text);
                }
                if !followed_by(document, block, &Kind::Output) {
                    failures.at(document, block.line, "an `output` block must follow this `run` block");
                }
            }
            Kind::Output if previous != Some(&Kind::Run) => {
                failures.at(document, block.line, "an `output` block follows a `run` block");
            }
            Kind::Fixed => {
                if !matches!(previous, Some(Kind::Module | Kind::Run)) {
                    failures.at(document, block.line, "a `fixed` block follows the module that it mends, which has no `file=`");
                }
                if !block.markers.is_empty() {
                    failures.at(document, block.line, "a `fixed` block has no finding");
                }
            }
            _ => {}
        }
        for marker in &block.markers {
            if let Some(rule) = marker.rule.as_deref().filter(|rule| !known(rule)) {
                failures.at(document, block.line + marker.line - 1, &format!("there is no rule `{rule}`"));
            }
        }
    }
}

/// The modules of a program.
pub(crate) fn modules(program: &[&Block]) -> Vec<Module> {
    program
        .iter()
        .map(|block| Module {
            path: match &block.kind {
                Kind::File(path) => path.clone(),
                _ => "example.py".to_owned(),
            },
            source: block.code.clone(),
        })
        .collect()
}

fn single(source: &str) -> [Module; 1] {
    [Module { path: "example.py".to_owned(), source: source.to_owned() }]
}

#[test]
fn findings_are_as_marked() {
    let mut failures = Failures::default();
    let documents = documents(&mut failures);
    let programs: Vec<_> =
        documents.iter().flat_map(|document| document.programs().into_iter().map(move |program| (document, program))).collect();
    let reports = python::in_parallel(&programs, |(_, program)| {
        let modules = modules(program);
        let report = analyse(&program[0].manifest, &modules)?;
        let other = analyse_otherwise(&program[0].manifest, &modules)?;
        if (&other.findings, &other.notices) != (&report.findings, &report.notices) {
            return Err("the order of the files, the threads or `--report-unknown` change the findings".to_owned());
        }
        Ok(report)
    });
    for ((document, program), report) in programs.iter().zip(reports) {
        let report = match report {
            Ok(report) => report,
            Err(error) => {
                failures.at(document, program[0].line, &error);
                continue;
            }
        };
        for (block, module) in program.iter().zip(modules(program)) {
            let path = format!("/{}", module.path);
            for notice in report.notices.iter().filter(|notice| notice.path.as_str() == path) {
                let line = notice.position.map_or(1, |position| position.line);
                failures.at(document, block.line + line - 1, &format!("notice: {}", notice.message));
            }
            let findings: Vec<&Finding> = report.findings.iter().filter(|finding| finding.span.path.as_str() == path).collect();
            for (line, text) in compare(&block.markers, document.rule.as_deref(), &findings) {
                failures.at(document, block.line + line - 1, &text);
            }
        }
    }
    failures.finish();
}

#[test]
fn fixes_mend() {
    let mut failures = Failures::default();
    let documents = documents(&mut failures);
    let modules: Vec<_> = documents
        .iter()
        .flat_map(|document| document.blocks.iter().map(move |block| (document, block)))
        .filter(|(_, block)| matches!(block.kind, Kind::Module | Kind::Run))
        .collect();
    let mut mended: Vec<(&Document, &Block, String)> = Vec::new();
    for ((document, block), result) in modules.iter().zip(python::in_parallel(&modules, |(_, block)| mend(block))) {
        let wanted = document.blocks.get(block.ordinal + 1).filter(|next| next.kind == Kind::Fixed);
        match result {
            Ok(Some(text)) => {
                if let Some(wanted) = wanted.filter(|wanted| wanted.code != text) {
                    if blessing() {
                        document.bless(wanted.ordinal, &text).unwrap_or_else(|error| failures.add(error));
                    } else {
                        failures.blessable(document, wanted, &difference(&wanted.code, &text));
                    }
                }
                mended.push((document, block, text));
            }
            Ok(None) => {
                if let Some(wanted) = wanted {
                    failures.at(document, wanted.line, "no finding of the module before has a fix");
                }
            }
            Err(error) => failures.at(document, block.line, &error),
        }
    }
    let sources: Vec<&str> = mended.iter().map(|(_, _, text)| text.as_str()).collect();
    each_interpreter(&mut failures, |python, failures| {
        for (index, line, error) in python::compile(python, &sources)? {
            let (document, block, text) = &mended[index];
            let line = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
            failures.at(document, block.line, &format!("the fixed module does not compile: {error}\n{}", quoted(line)));
        }
        Ok(())
    });
    failures.finish();
}

/// Fixes a module, and checks that nothing is left to fix and that nothing new is wrong.
fn mend(block: &Block) -> Result<Option<String>, String> {
    const MOST_ROUNDS: usize = 10;
    let before = analyse(&block.manifest, &single(&block.code))?.findings;
    let Some(mut text) = fix(&block.code, &before) else {
        return Ok(None);
    };
    for _ in 0..MOST_ROUNDS {
        let report = analyse(&block.manifest, &single(&text))?;
        if let Some(notice) = report.notices.first() {
            return Err(format!("the fixed module has a notice: {}\n{}", notice.message, quoted(&text)));
        }
        let of_rule = |findings: &[Finding], rule: &str| findings.iter().filter(|finding| finding.rule == rule).count();
        let is_new = |finding: &&Finding| of_rule(&report.findings, finding.rule) > of_rule(&before, finding.rule);
        if let Some(finding) = report.findings.iter().find(is_new) {
            return Err(format!("the fixed module has a new finding: {}\n{}", finding.message, quoted(&text)));
        }
        match fix(&text, &report.findings) {
            None => return Ok(Some(text)),
            Some(next) => text = next,
        }
    }
    Err(format!("there is no end of fixes\n{}", quoted(&text)))
}

/// A proof shows that a failure is lost; once the fixes are made, it is told, or the program prints something else.
#[test]
fn silent_failures_are_heard_after_their_fixes() {
    let mut failures = Failures::default();
    let pythons = python::interpreters().unwrap_or_else(|error| {
        failures.add(error);
        Vec::new()
    });
    let pages = of_rules(&mut failures);
    let is_lost_failure = |block: &&Block| Claim::parse(&block.code) == Some(Claim::Silent) && fails(&block.code);
    let proofs: Vec<_> = pages
        .iter()
        .flat_map(|page| page.blocks.iter().filter(|block| block.kind == Kind::Run).filter(is_lost_failure).map(move |block| (page, block)))
        .collect();
    let endings = python::in_parallel(&proofs, |(_, block)| -> Result<Option<(String, Vec<Ending>)>, String> {
        let Some(mended) = mend(block)? else { return Ok(None) };
        let once = |python: &std::path::PathBuf| match python::run(python, &mended) {
            // A busy machine is not the fix's fault.
            Ok(ending) if ending.ran_out_of_time => python::run(python, &mended),
            ending => ending,
        };
        let endings = pythons.iter().map(once).collect::<Result<_, _>>()?;
        Ok(Some((mended, endings)))
    });
    let mut mended_proofs = 0;
    for ((page, block), ran) in proofs.iter().zip(endings) {
        let (mended, endings) = match ran {
            Ok(Some(ran)) => ran,
            Ok(None) => continue,
            Err(error) => {
                failures.at(page, block.line, &error);
                continue;
            }
        };
        mended_proofs += 1;
        let printed = page.blocks.get(block.ordinal + 1).map(|next| &next.text);
        for (python, ending) in pythons.iter().zip(endings) {
            if Claim::Silent.refute(&ending).is_none() && Some(&ending.stdout) == printed {
                let text = format!("its fixes leave it as silent as before on {}\n{}", python.display(), quoted(&mended));
                failures.at(page, block.line, &text);
            }
        }
    }
    if mended_proofs == 0 && std::env::var_os("HEARD_PAGE").is_none() {
        failures.add("no proof has a fix".to_owned());
    }
    failures.finish();
}

/// Whether a program raises something in any case: work that only ends early is not told by a fix either, and what hangs
/// on a condition may not happen.
fn fails(source: &str) -> bool {
    let lines: Vec<&str> = source.lines().map(str::trim_start).collect();
    lines.windows(2).any(|pair| pair[1].starts_with("raise ") && !pair[0].starts_with("if "))
}

fn each_interpreter(failures: &mut Failures, mut work: impl FnMut(&std::path::Path, &mut Failures) -> Result<(), String>) {
    match python::interpreters() {
        Ok(pythons) => {
            for python in pythons {
                if let Err(error) = work(&python, failures) {
                    failures.add(error);
                }
            }
        }
        Err(error) => failures.add(error),
    }
}

#[test]
fn python_accepts_every_block() {
    let mut failures = Failures::default();
    let documents = documents(&mut failures);
    let blocks: Vec<_> = documents
        .iter()
        .flat_map(|document| document.blocks.iter().map(move |block| (document, block)))
        .filter(|(_, block)| block.kind.is_python())
        .collect();
    let sources: Vec<&str> = blocks.iter().map(|(_, block)| block.code.as_str()).collect();
    each_interpreter(&mut failures, |python, failures| {
        for (index, line, error) in python::compile(python, &sources)? {
            let (document, block) = blocks[index];
            failures.at(document, block.line + line - 1, &format!("{} does not compile this: {error}", python.display()));
        }
        Ok(())
    });
    failures.finish();
}

#[test]
fn proofs_hold() {
    let mut failures = Failures::default();
    let documents = documents(&mut failures);
    let pythons = python::interpreters().unwrap_or_else(|error| {
        failures.add(error);
        Vec::new()
    });
    let mut proofs = Vec::new();
    for document in &documents {
        for block in document.blocks.iter().filter(|block| block.kind == Kind::Run) {
            proofs.extend(Claim::parse(&block.code).map(|claim| (document, block, claim)));
        }
    }
    let endings = python::in_parallel(&proofs, |(_, block, _)| {
        let endings = pythons.iter().map(|python| python::run(python, &block.code));
        endings.collect::<Vec<_>>()
    });
    for ((document, block, claim), endings) in proofs.iter().zip(endings) {
        let mut outputs = Vec::new();
        for (python, ending) in pythons.iter().zip(endings) {
            // A busy machine is not the proof's fault: what ran out of time runs once more, alone.
            let ending = match ending {
                Ok(ending) if ending.ran_out_of_time => python::run(python, &block.code),
                ending => ending,
            };
            match ending {
                Ok(ending) => {
                    if let Some(error) = claim.refute(&ending) {
                        let text = format!("this is not so on {}: {error}\nstderr:\n{}", python.display(), quoted(&ending.stderr));
                        failures.at(document, block.line, &text);
                    }
                    outputs.push((python, ending.stdout));
                }
                Err(error) => failures.add(error),
            }
        }
        let Some(wanted) = document.blocks.get(block.ordinal + 1).filter(|next| next.kind == Kind::Output) else {
            continue;
        };
        if let Some((_, text)) = outputs.first().filter(|(_, text)| blessing() && *text != wanted.text) {
            document.bless(wanted.ordinal, text).unwrap_or_else(|error| failures.add(error));
        }
        let expected = if blessing() { outputs.first().map(|(_, text)| text.clone()) } else { None };
        let expected = expected.as_ref().unwrap_or(&wanted.text);
        let mut told = Vec::new();
        for (python, got) in outputs.iter().filter(|(_, got)| got != expected) {
            if !told.contains(&got) {
                told.push(got);
                let text = format!("{} prints something else\n{}", python.display(), difference(expected, got));
                failures.blessable(document, wanted, &text);
            }
        }
    }
    failures.finish();
}
