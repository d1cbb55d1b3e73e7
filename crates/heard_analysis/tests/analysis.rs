//! Programs that exist in memory only, what is found in them, and what was expected.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use camino::Utf8PathBuf;
use heard_analysis::system::{InMemorySystem, System};
use heard_analysis::{Cancellation, Declared, Environment, Finding, Fix, Fixing, Level, Program, Report, Request, Settings, check};

use crate::marker::Marker;

/// A module of a program.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Module {
    /// The path from the program's root.
    pub(crate) path: String,
    pub(crate) source: String,
}

/// A manifest and the modules below it.
type Question = (String, Vec<Module>);
type Answer = Arc<OnceLock<Result<Report, String>>>;

/// Checks a program with all rules. Each program is checked once, whoever asks.
pub(crate) fn analyse(manifest: &str, modules: &[Module]) -> Result<Report, String> {
    static ANSWERS: Mutex<Option<HashMap<Question, Answer>>> = Mutex::new(None);
    let answer = {
        let mut answers = ANSWERS.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(answers.get_or_insert_default().entry((manifest.to_owned(), modules.to_vec())).or_default())
    };
    answer.get_or_init(|| run(manifest, &mut modules.iter(), 1, false)).clone()
}

/// The report of the same program in other circumstances, which must not matter: the files in the
/// opposite order, on several threads, with all awaitables asked for.
pub(crate) fn analyse_otherwise(manifest: &str, modules: &[Module]) -> Result<Report, String> {
    run(manifest, &mut modules.iter().rev(), 3, true)
}

/// The report on a program whose files are given in this order and checked on so many threads.
pub(crate) fn analyse_in_order(manifest: &str, modules: &[&Module], threads: usize) -> Result<Report, String> {
    run(manifest, &mut modules.iter().copied(), threads, false)
}

/// What a manifest declares in `[tool.heard]`.
fn declared(manifest: &str) -> Result<Declared, String> {
    let manifest: toml::Table = manifest.parse().map_err(|error: toml::de::Error| error.to_string())?;
    let names = |setting: &str| -> Option<Vec<String>> {
        let names = manifest.get("tool")?.get("heard")?.get(setting)?.as_array()?;
        names.iter().map(|name| name.as_str().map(str::to_owned)).collect()
    };
    Ok(Declared { spawners: names("spawners").unwrap_or_default(), handled_by: names("handled-by").unwrap_or_default() })
}

/// A program whose modules are written to `system`, and its files in the order of the modules.
pub(crate) fn program(
    manifest: &str,
    modules: &mut dyn Iterator<Item = &Module>,
    system: &Arc<InMemorySystem>,
) -> Result<(Program, Vec<Utf8PathBuf>), String> {
    program_seen_by(manifest, modules, system, Arc::clone(system) as Arc<dyn System>)
}

/// The same program, which sees its files through `seen`.
pub(crate) fn program_seen_by(
    manifest: &str,
    modules: &mut dyn Iterator<Item = &Module>,
    system: &Arc<InMemorySystem>,
    seen: Arc<dyn System>,
) -> Result<(Program, Vec<Utf8PathBuf>), String> {
    let mut files: Vec<Utf8PathBuf> = Vec::new();
    for module in modules {
        let path = format!("/{}", module.path);
        system.fs().write_file_all(&path, &module.source).map_err(|error| error.to_string())?;
        files.push(path.into());
    }
    let settings = Settings {
        root: "/".into(),
        source_roots: vec!["/".into()],
        python_version: Some((3, 13)),
        environment: Environment::None,
        declared: declared(manifest)?,
        tables: None,
        fixing: Fixing::default(),
    };
    let program = Program::new(seen, &settings).map_err(|error| error.to_string())?;
    Ok((program, files))
}

fn run(manifest: &str, modules: &mut dyn Iterator<Item = &Module>, threads: usize, awaitables: bool) -> Result<Report, String> {
    let (program, files) = program(manifest, modules, &Arc::default())?;
    let reported = files.iter().cloned().collect();
    let request = Request {
        files: &files,
        reported: &reported,
        awaitables,
        migrations: awaitables,
        threads,
        cancellation: &Cancellation::default(),
        progress: &|| (),
    };
    let report = check(&program, &request);
    if let Some(unknown) = report.unknown.first() {
        return Err(format!("nothing in the program is called `{}`, which its manifest names", unknown.name));
    }
    Ok(report)
}

/// What is wrong with the findings of one module: lines and what to say about them.
pub(crate) fn compare(markers: &[Marker], page_rule: Option<&str>, findings: &[&Finding]) -> Vec<(usize, String)> {
    let mut wrong = Vec::new();
    let mut unexpected = findings.to_vec();
    for marker in markers {
        let Some(rule) = marker.rule.as_deref().or(page_rule) else {
            wrong.push((marker.line, format!("name the rule of this marker: `# {}: [rule]`", word(marker.level))));
            continue;
        };
        let found = unexpected.iter().position(|finding| {
            finding.rule == rule
                && finding.level == marker.level
                && finding.span.start.line == marker.line
                && marker.text.as_ref().is_none_or(|text| finding.message.contains(text))
        });
        if let Some(index) = found {
            unexpected.remove(index);
        } else {
            let text = marker.text.as_ref().map(|text| format!(" \"{text}\"")).unwrap_or_default();
            wrong.push((marker.line, format!("expected # {}: [{rule}]{text}", word(marker.level))));
        }
    }
    for finding in unexpected {
        let text = format!("got      # {}: [{}] \"{}\"", word(finding.level), finding.rule, finding.message);
        wrong.push((finding.span.start.line, text));
    }
    wrong.sort();
    wrong
}

fn word(level: Level) -> &'static str {
    match level {
        Level::Default => "error",
        Level::Strict => "strict",
        Level::Preview => "preview",
    }
}

/// Applies the fixes of all findings to a module of its own; `None` where there is none.
pub(crate) fn fix(source: &str, findings: &[Finding]) -> Option<String> {
    let (_, edits) = Fix::together(findings.iter().filter_map(|finding| finding.fix.as_ref()));
    let all = Fix { safe: false, title: String::new(), edits };
    (!all.edits.is_empty()).then(|| all.apply(source))
}

#[cfg(test)]
mod tests {
    use super::*;
    use camino::Utf8Path;
    use heard_analysis::{Edit, Position, Span};

    fn span(line: usize, start: usize, end: usize) -> Span {
        let position = |offset| Position { offset, line, column: 1 };
        Span { path: Arc::from(Utf8Path::new("/example.py")), start: position(start), end: position(end) }
    }

    fn finding(rule: &'static str, level: Level, line: usize) -> Finding {
        Finding {
            rule,
            level,
            message: "`save` is never awaited".to_owned(),
            span: span(line, 0, 0),
            trace: Vec::new(),
            witness: None,
            cause: None,
            help: String::new(),
            fix: None,
            symbol: String::new(),
            statement_span: span(line, 0, 0),
            statement: String::new(),
            ordinal: 0,
        }
    }

    fn wrong(source: &str, findings: &[Finding]) -> Vec<String> {
        let (_, markers, _) = crate::marker::cut(source);
        let findings: Vec<_> = findings.iter().collect();
        let wrong = compare(&markers, Some("a-rule"), &findings);
        wrong.into_iter().map(|(line, text)| format!("{line} {text}")).collect()
    }

    #[test]
    fn findings_match_markers() {
        let source = "x  # error\ny  # strict: [b-rule] \"never\"  # error\n";
        let findings = [finding("a-rule", Level::Default, 1), finding("b-rule", Level::Strict, 2), finding("a-rule", Level::Default, 2)];
        assert_eq!(wrong(source, &findings), [""; 0]);
        assert_eq!(wrong(source, &findings[..2]), ["2 expected # error: [a-rule]"]);
        let doubled = [findings.as_slice(), &findings[..1]].concat();
        assert_eq!(wrong(source, &doubled), ["1 got      # error: [a-rule] \"`save` is never awaited\""]);
    }

    #[test]
    fn findings_that_differ_are_told() {
        let got = |line, level| format!("{line} got      # {level}: [a-rule] \"`save` is never awaited\"");
        assert_eq!(
            wrong("x  # error\n", &[finding("a-rule", Level::Strict, 1)]),
            ["1 expected # error: [a-rule]".to_owned(), got(1, "strict")]
        );
        assert_eq!(
            wrong("x  # error: \"dropped\"\n", &[finding("a-rule", Level::Default, 1)]),
            ["1 expected # error: [a-rule] \"dropped\"".to_owned(), got(1, "error")]
        );
        assert_eq!(wrong("x\n", &[finding("a-rule", Level::Preview, 1)]), [got(1, "preview")]);
    }

    #[test]
    fn fixes_are_applied_together() {
        let with_edit = |start, end, text: &str| {
            let mut finding = finding("a-rule", Level::Default, 1);
            let edit = Edit { span: span(1, start, end), text: text.to_owned() };
            finding.fix = Some(Fix { safe: false, title: String::new(), edits: vec![edit] });
            finding
        };
        let findings = [with_edit(8, 8, "await "), with_edit(0, 0, "await ")];
        assert_eq!(fix("save()\n load()", &findings).as_deref(), Some("await save()\n await load()"));
        assert_eq!(fix("save()", &[]), None);
        assert_eq!(fix("save()", &[with_edit(0, 4, "a"), with_edit(2, 6, "b")]).as_deref(), Some("a()"));
        assert_eq!(fix("save()", &[with_edit(0, 0, "a"), with_edit(0, 0, "a")]).as_deref(), Some("asave()"));
    }

    #[test]
    fn a_program_without_findings_has_none() {
        let modules = [
            Module { path: "pkg/rows.py".to_owned(), source: "ROWS = 3\n".to_owned() },
            Module { path: "app.py".to_owned(), source: "from pkg.rows import ROWS\n\nprint(ROWS)\n".to_owned() },
        ];
        let report = analyse("", &modules).unwrap();
        assert_eq!(report.findings, []);
        assert_eq!(report.notices, []);
    }
}
