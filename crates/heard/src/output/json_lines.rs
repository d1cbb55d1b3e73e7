//! One JSON object a line, for programs.
//!
//! These structures are a contract, with keys in this order. They are made by hand from the
//! analyser's types, so that those can change without breaking it.

use std::io;

use camino::Utf8Path;
use heard_analysis::{Awaitable, Finding, Fix, Span, Step};
use serde::Serialize;

/// A finding as a line.
#[derive(Serialize)]
struct JsonFinding<'a> {
    rule: &'static str,
    level: &'static str,
    message: &'a str,
    path: String,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    trace: Vec<JsonStep<'a>>,
    help: &'a str,
    fix: Option<JsonFix<'a>>,
    fingerprint: String,
    /// The page of the rule on the web; there is none yet.
    url: Option<&'static str>,
}

#[derive(Serialize)]
struct JsonStep<'a> {
    path: String,
    line: usize,
    column: usize,
    message: &'a str,
}

#[derive(Serialize)]
struct JsonFix<'a> {
    safe: bool,
    title: &'a str,
    edits: Vec<JsonEdit<'a>>,
}

#[derive(Serialize)]
struct JsonEdit<'a> {
    path: String,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    text: &'a str,
}

/// The line for an awaitable whose fate is not known: an object with one key, which no finding has.
#[derive(Serialize)]
struct JsonUndecided<'a> {
    undecided: JsonBirth<'a>,
}

#[derive(Serialize)]
struct JsonBirth<'a> {
    kind: &'static str,
    callee: &'a str,
    reason: &'a str,
    path: String,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
}

/// The line for a finding, with its end. Paths are written as seen from `cwd`.
pub(super) fn finding(finding: &Finding, cwd: &Utf8Path) -> io::Result<String> {
    let path = |span: &Span| super::shown(&span.path, cwd).into_owned();
    to_line(&JsonFinding {
        rule: finding.rule,
        level: finding.level.name(),
        message: &finding.message,
        path: path(&finding.span),
        line: finding.span.start.line,
        column: finding.span.start.column,
        end_line: finding.span.end.line,
        end_column: finding.span.end.column,
        trace: finding.trace.iter().map(|step| json_step(step, path(&step.span))).collect(),
        help: &finding.help,
        fix: finding.fix.as_ref().map(|fix| json_fix(fix, &path)),
        fingerprint: fingerprint(finding),
        url: None,
    })
}

/// What stays the same when the code around a finding changes or moves: the rule, the qualified
/// name of the function around it, the statement, and a number among those that agree in all of
/// these within the file.
fn fingerprint(finding: &Finding) -> String {
    let fingerprint = fnv([&finding.ordinal.to_string(), finding.rule, &finding.symbol, &finding.statement]);
    format!("{fingerprint:032x}")
}

fn json_step(step: &Step, path: String) -> JsonStep<'_> {
    JsonStep { path, line: step.span.start.line, column: step.span.start.column, message: &step.message }
}

fn json_fix<'a>(fix: &'a Fix, path: &impl Fn(&Span) -> String) -> JsonFix<'a> {
    let edits = fix.edits.iter().map(|edit| JsonEdit {
        path: path(&edit.span),
        line: edit.span.start.line,
        column: edit.span.start.column,
        end_line: edit.span.end.line,
        end_column: edit.span.end.column,
        text: &edit.text,
    });
    JsonFix { safe: fix.safe, title: &fix.title, edits: edits.collect() }
}

/// The line for an awaitable whose fate is not known.
pub(super) fn undecided(undecided: &Awaitable, cwd: &Utf8Path) -> io::Result<String> {
    let span = &undecided.span;
    to_line(&JsonUndecided {
        undecided: JsonBirth {
            kind: undecided.kind.name(),
            callee: &undecided.callee,
            reason: &undecided.how,
            path: super::shown(&span.path, cwd).into_owned(),
            line: span.start.line,
            column: span.start.column,
            end_line: span.end.line,
            end_column: span.end.column,
        },
    })
}

fn to_line(value: &impl Serialize) -> io::Result<String> {
    let mut line = serde_json::to_string(value)?;
    line.push('\n');
    Ok(line)
}

/// The hash of some parts, each with an end mark, so that they do not run into each other.
///
/// FNV-1a with 128 bits is small, and the same on every machine and in every version: fingerprints
/// are kept in files.
fn fnv<const COUNT: usize>(parts: [&str; COUNT]) -> u128 {
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0xff]));
    bytes.fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d, |hash: u128, byte| {
        (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use camino::Utf8Path;
    use heard_analysis::{Awaitable, Edit, Fate, Finding, Fix, Kind, Level, Position, Span, Step};

    use super::undecided;

    fn span(path: &str, line: usize) -> Span {
        let path = Arc::from(Utf8Path::new(path));
        Span { path, start: Position { offset: 9, line, column: 5 }, end: Position { offset: 12, line, column: 8 } }
    }

    fn finding(path: &str, line: usize, statement: &str) -> Finding {
        Finding {
            rule: "dropped-task",
            level: Level::Strict,
            message: "the task is \"dropped\"".to_owned(),
            span: span(path, line),
            trace: vec![Step { span: span("/elsewhere/b.py", 3), message: "born here".to_owned() }],
            help: "keep it".to_owned(),
            fix: None,
            symbol: "Poller.start".to_owned(),
            statement_span: span(path, line),
            statement: statement.to_owned(),
            ordinal: 0,
        }
    }

    fn fingerprint(line: &str) -> &str {
        line.split("\"fingerprint\":\"").nth(1).unwrap().split('"').next().unwrap()
    }

    #[test]
    fn the_contract() {
        let mut finding = finding("/project/app/a.py", 7, "create_task(f())");
        finding.fix = Some(Fix {
            safe: true,
            title: "keep it".to_owned(),
            edits: vec![Edit { span: span("/project/app/a.py", 7), text: "x".to_owned() }],
        });
        let line = super::finding(&finding, "/project".into()).unwrap();
        assert_eq!(
            line,
            concat!(
                r#"{"rule":"dropped-task","level":"strict","message":"the task is \"dropped\"","path":"app/a.py","line":7,"column":5,"#,
                r#""end_line":7,"end_column":8,"trace":[{"path":"/elsewhere/b.py","line":3,"column":5,"message":"born here"}],"help":"keep it","#,
                r#""fix":{"safe":true,"title":"keep it","edits":[{"path":"app/a.py","line":7,"column":5,"end_line":7,"end_column":8,"text":"x"}]},"#,
                r#""fingerprint":"a9cd4c778f3d9681c0b267e93c5e788b","url":null}"#,
                "\n"
            )
        );
    }

    #[test]
    fn a_fingerprint_survives_moves_and_tells_equals_apart() {
        let line = |path, line, statement, ordinal| {
            super::finding(&Finding { ordinal, ..finding(path, line, statement) }, "/project".into()).unwrap()
        };
        let first = line("/project/a.py", 7, "create_task(f())", 0);
        let other = line("/project/a.py", 8, "create_task(g())", 0);
        let second = line("/project/a.py", 9, "create_task(f())", 1);
        let moved = line("/project/c.py", 99, "create_task(f())", 0);
        assert_eq!(fingerprint(&first), fingerprint(&moved));
        assert_ne!(fingerprint(&first), fingerprint(&second));
        assert_ne!(fingerprint(&first), fingerprint(&other));
    }

    #[test]
    fn an_undecided_awaitable_is_an_object_of_its_own() {
        let birth = Awaitable {
            span: span("/project/a.py", 2),
            kind: Kind::Task,
            callee: "spawn".to_owned(),
            call: "spawn(f())".to_owned(),
            fate: Fate::Unknown,
            how: "kept in a global".to_owned(),
            at: None,
        };
        assert_eq!(
            undecided(&birth, "/project".into()).unwrap(),
            concat!(
                r#"{"undecided":{"kind":"task","callee":"spawn","reason":"kept in a global","path":"a.py","line":2,"column":5,"#,
                r#""end_line":2,"end_column":8}}"#,
                "\n"
            )
        );
    }
}
