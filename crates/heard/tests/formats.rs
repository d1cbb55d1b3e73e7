//! Formats for machines, read as machines read them.

use serde_json::Value;

use crate::tree::{Run, Tree};

const LOSING: &str = "\
import asyncio


async def send() -> None:
    raise OSError('no <route> & \"none\"')


async def main() -> None:
    asyncio.create_task(send())
    results = await asyncio.gather(send(), send(), return_exceptions=True)
    print(f'ü {len(results)} %,:')
    if send():
        asyncio.create_task(send())
";

const BROKEN: &str = "def broken(:\n    pass\n";

/// A project with findings, a file without any, one with a syntax error and one that cannot be read.
fn tree() -> Tree {
    let tree = Tree::new();
    tree.write("pyproject.toml", "");
    tree.write("shop/a b,ü.py", LOSING);
    tree.write("shop/clean.py", "x = 1\n");
    tree.write("shop/broken.py", BROKEN);
    tree.write("shop/latin.py", b"x = '\xe9'\n");
    tree
}

fn report(tree: &Tree, format: &str) -> String {
    let Run { stdout, code, .. } = tree.check(&["--output-format", format]);
    assert_eq!(code, Some(2), "{format}: a file could not be read");
    stdout
}

fn json(tree: &Tree, format: &str) -> Value {
    serde_json::from_str(&report(tree, format)).unwrap()
}

/// All values of a key, wherever it stands.
fn all<'v>(value: &'v Value, key: &str) -> Vec<&'v Value> {
    match value {
        Value::Object(map) => map.iter().flat_map(|(name, inner)| if name == key { vec![inner] } else { all(inner, key) }).collect(),
        Value::Array(items) => items.iter().flat_map(|item| all(item, key)).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn json_has_findings_and_what_could_not_be_done() {
    let document = json(&tree(), "json");
    assert_eq!((&document["version"], &document["files"]), (&1.into(), &4.into()));
    let rules = all(&document["findings"], "rule");
    assert_eq!(rules, ["dropped-task", "unread-gather", "coroutine-as-value", "dropped-task"]);
    let lines: Vec<&str> = report(&tree(), "json-lines").lines().map(str::to_owned).map(|line| line.leak() as &str).collect();
    let of_lines: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(document["findings"], Value::Array(of_lines), "the lines say the same");
    let notices: Vec<_> = document["notices"].as_array().unwrap().iter().map(|notice| (&notice["path"], &notice["skipped"])).collect();
    assert_eq!(notices, [(&"shop/broken.py".into(), &false.into()), (&"shop/latin.py".into(), &true.into())]);
}

#[test]
fn known_findings_are_told_from_new_ones() {
    let tree = Tree::new();
    tree.write("pyproject.toml", "[tool.heard]\nbaseline = \"known.json\"\n");
    tree.write("app.py", "async def send() -> None: ...\n\n\nasync def main() -> None:\n    send()\n");
    assert_eq!(tree.check(&["--write-baseline"]).code, Some(0));
    tree.write("app.py", "async def send() -> None: ...\n\n\nasync def main() -> None:\n    send()\n    send()\n");
    let read = |arguments: &[&str]| -> Value { serde_json::from_str(&tree.check(arguments).stdout).unwrap() };
    let whole = |format| read(&["--no-baseline", "--output-format", format]);
    assert_eq!(all(&whole("json")["findings"], "baseline"), ["known", "new"]);
    assert_eq!(all(&whole("sarif"), "baselineState"), ["unchanged", "new"]);
    assert_eq!(all(&read(&["--output-format", "json"])["findings"], "baseline"), ["new"], "what is known is left out");
    tree.write("known.json", "{");
    assert_eq!(all(&whole("json")["findings"], "rule").len(), 2, "whatever has become of the file");
    assert!(all(&whole("json")["findings"], "baseline").is_empty() && all(&whole("sarif"), "baselineState").is_empty());
}

#[test]
fn fingerprints_differ_in_all_formats() {
    let tree = tree();
    tree.write("shop/same.py", LOSING);
    for (format, key) in [("json", "fingerprint"), ("gitlab", "fingerprint"), ("sarif", "heard/v1")] {
        let document = json(&tree, format);
        let mut fingerprints: Vec<&str> = all(&document, key).into_iter().map(|value| value.as_str().unwrap()).collect();
        assert_eq!(fingerprints.len(), 8, "{format}");
        fingerprints.sort_unstable();
        fingerprints.dedup();
        assert_eq!(fingerprints.len(), 8, "{format}: equal statements in one file, and equal files");
    }
}

#[test]
fn a_fingerprint_survives_other_code_and_another_layout() {
    let tree = tree();
    let before = json(&tree, "json");
    let moved = LOSING.replace(
        "asyncio.gather(send(), send(), return_exceptions=True)",
        "asyncio.gather(\n        send(),\n        send(),\n        return_exceptions=True,\n    )",
    );
    tree.write("shop/a b,ü.py", format!("import os\n\n{}", moved.replace("'no <route> & \"none\"'", "'none'")));
    let after = json(&tree, "json");
    assert_eq!(all(&before, "fingerprint"), all(&after, "fingerprint"));
    assert_ne!(all(&before, "line"), all(&after, "line"));
}

#[test]
fn sarif_has_the_way_of_the_value_the_page_and_the_edit() {
    let document = json(&tree(), "sarif");
    let run = &document["runs"][0];
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    assert_eq!(run["invocations"][0]["executionSuccessful"], false);
    assert_eq!(run["invocations"][0]["toolExecutionNotifications"].as_array().unwrap().len(), 2);
    assert_eq!(run["artifacts"].as_array().unwrap().len(), 4);
    let results = run["results"].as_array().unwrap();
    let by_rule = |name: &str| results.iter().find(|result| result["ruleId"] == name).unwrap();
    for result in results {
        let rule = &run["tool"]["driver"]["rules"][usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
        assert!(rule["help"]["markdown"].as_str().unwrap().contains("## Why it matters"));
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "shop/a%20b%2C%C3%BC.py");
    }
    let gather = by_rule("unread-gather");
    let flow = gather["codeFlows"][0]["threadFlows"][0]["locations"].as_array().unwrap();
    let lines: Vec<_> = flow.iter().map(|step| step["location"]["physicalLocation"]["region"]["startLine"].as_u64().unwrap()).collect();
    assert_eq!(lines, [10, 11, 5], "from the gather to where its results are used, and to the failure that is lost");
    // The umlaut counts as one column, as `columnKind` says.
    assert_eq!(flow[1]["location"]["physicalLocation"]["region"]["startColumn"], 16);
    let value = by_rule("coroutine-as-value");
    assert_eq!(value["fixes"][0]["artifactChanges"][0]["replacements"][0]["insertedContent"]["text"], "await ");
}

/// A release knows where the pages are (`HEARD_PAGES`), and this test is compiled with what the program is compiled with.
#[test]
fn every_rule_leads_to_its_page() {
    let page = |rule: &Value| {
        let stem = rule.as_str().unwrap().replace('-', "_");
        option_env!("HEARD_PAGES").map(|folder| format!("{}/{stem}.md", folder.trim_end_matches('/')))
    };
    let tree = tree();
    let findings = json(&tree, "json");
    for finding in findings["findings"].as_array().unwrap() {
        assert_eq!(finding["url"].as_str().map(str::to_owned), page(&finding["rule"]));
    }
    let sarif = json(&tree, "sarif");
    for rule in sarif["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap() {
        assert_eq!(rule["helpUri"].as_str().map(str::to_owned), page(&rule["id"]));
    }
    let (web, github) = (report(&tree, "html"), report(&tree, "github"));
    for finding in findings["findings"].as_array().unwrap() {
        let Some(page) = page(&finding["rule"]) else { continue };
        assert!(web.contains(&format!("<a href=\"{page}\">")), "{web}");
        assert!(github.contains(&format!("%0A{page}\n")), "{github}");
    }
}

#[test]
fn workflow_commands_keep_to_one_line_and_escape() {
    let lines = report(&tree(), "github");
    assert_eq!(lines.lines().count(), 6, "{lines}");
    assert!(lines.lines().all(|line| line.starts_with("::error file=shop/") || line.starts_with("::warning file=shop/")), "{lines}");
    assert!(lines.contains("file=shop/a b%2Cü.py,line=9,endLine=9,col=5,endColumn=32,title=heard(dropped-task)::the task of "), "{lines}");
}

#[test]
fn nothing_is_written_to_the_file_before_the_end() {
    let tree = tree();
    let file = tree.write("report.json", "old");
    let Run { stdout, code, .. } = tree.check(&["--output-format", "json", "--output-file", "report.json", "--select", "no-such-rule"]);
    assert_eq!((stdout.as_str(), code, std::fs::read_to_string(&file).unwrap().as_str()), ("", Some(2), "old"));
    let Run { stdout, code, .. } = tree.check(&["--output-format", "json", "--output-file", "report.json", "--exit-zero", "shop/clean.py"]);
    assert_eq!((stdout.as_str(), code), ("", Some(0)));
    let document: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(document["findings"], Value::Array(Vec::new()));
}

#[test]
fn a_page_needs_nothing_beside_itself_and_shows_code_as_it_is() {
    let tree = tree();
    for command in ["check", "audit"] {
        let Run { stdout, .. } = Run::of(tree.heard().args([command, "--output-format", "html"]));
        assert!(stdout.starts_with("<!DOCTYPE html>"), "{command}");
        // A link is followed by who wants to; nothing is fetched for it.
        let stdout = option_env!("HEARD_PAGES").map_or(stdout.clone(), |folder| stdout.replace(folder, ""));
        for outside in ["http://", "https://", " src=", "@import", "<link"] {
            assert!(!stdout.contains(outside), "{command}: {outside}");
        }
        for mark in ["{title}", "{style}", "{table}", "{facets}", "{script}"] {
            assert!(!stdout.contains(mark), "{command}: {mark}");
        }
        // The code has marks of its own, and what is HTML in it stays code.
        assert!(stdout.contains("print(f&apos;ü {") || stdout.contains("print(f'ü {"), "{command}: {stdout}");
        assert!(!stdout.contains("<route>"), "{command}");
        let rows = stdout.matches("<tr class=\"detail\">").count();
        assert!(if command == "check" { rows == 4 } else { rows > 4 }, "{command}: {rows}");
        assert!(stdout.matches("<mark>").count() >= rows, "{command}: every row has a place in the source");
    }
}
