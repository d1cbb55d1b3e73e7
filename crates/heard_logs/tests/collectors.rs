//! The same records behind the prefixes of collectors, in their containers, joined, coloured, turned around and broken.

use std::fmt::Write as _;

use serde_json::json;

use crate::incidents;
use crate::records::{EXPECTED, lines, records};

fn stamp(number: usize) -> String {
    format!("2025-03-11T08:{:02}:{:02}.123456Z", 10 + number / 60, number % 60)
}

/// Each line made into another one.
fn by_line(pack: impl Fn(usize, &str) -> String) -> Vec<u8> {
    lines().iter().enumerate().map(|(number, line)| pack(number, line) + "\n").collect::<String>().into_bytes()
}

/// Each record made into a text of its own.
fn by_record(pack: impl Fn(usize, &str) -> String) -> Vec<u8> {
    records().iter().enumerate().map(|(number, record)| pack(number, record) + "\n").collect::<String>().into_bytes()
}

/// Each record made into an object of JSON, from what comes before its last traceback and that traceback.
fn by_parts(pack: impl Fn(usize, &str, &str) -> serde_json::Value) -> Vec<u8> {
    let header = "Traceback (most recent call last):";
    by_record(|number, record| {
        match record.rfind(header) {
            Some(at) => pack(number, &record[..record.find(header).unwrap_or(at)], &record[at..]),
            None => json!({"@t": stamp(number), "timestamp": stamp(number), "level": "ERROR", "message": record}),
        }
        .to_string()
    })
}

/// What loggers of other programs, builds and services make of a program's lines.
fn handed_on() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        (
            "apache",
            by_line(|number, line| {
                format!(
                    "[Tue Mar 11 09:{:02}:02.123456 2025] [wsgi:error] [pid 811:tid 140211] [client 10.0.0.1:50412] {line}",
                    number % 60
                )
            }),
        ),
        ("buildkit", by_line(|number, line| format!("#12 {number}.345 {line}"))),
        ("marks of a build", by_line(|number, line| format!("{} {}{line}", stamp(number), ["##[error]", "", ""][number % 3]))),
        (
            "running numbers of syslog",
            by_line(|number, line| format!("<11>1 {} wharf shop 811 ID{number} [meta sequenceId=\"{number}\"] {line}", stamp(number))),
        ),
        (
            "carriage returns in records",
            by_record(|number, record| format!("[ERROR]\t{}\t4f1a2b3c-33d4\t{}", stamp(number), record.replace('\n', "\r"))),
        ),
        (
            "the journal, verbose",
            by_record(|number, record| {
                let text = record.replace('\n', "\n            ");
                format!("Tue 2025-03-11 08:10:{number:02}.123456 UTC [s=ab;i={number}]\n    _PID=811\n    MESSAGE={text}\n    _COMM=python")
            }),
        ),
        (
            "events with a sign before each name",
            by_parts(|number, head, trace| json!({"@t": stamp(number), "@l": "Error", "@mt": head, "@x": trace})),
        ),
        (
            "a traceback in a field of its own name",
            by_parts(|number, head, trace| json!({"ts": stamp(number), "severity": "ERROR", "msg": head, "trace": trace})),
        ),
        (
            "a text in a field of its own name",
            by_record(|number, record| {
                format!("{{\n  \"time\": {},\n  \"txt\": {}\n}}", json!(stamp(number)), json!(record.lines().collect::<Vec<_>>()))
            }),
        ),
        (
            "a warning before objects over many lines",
            [
                b"/srv/x.py:3: DeprecationWarning: x\n  warn()\n".to_vec(),
                by_parts(|number, head, trace| json!({"timestamp": stamp(number), "body": head, "exception.stacktrace": trace})),
            ]
            .concat()
            .split_inclusive(|byte| *byte == b'\n')
            .flat_map(|line| match serde_json::from_slice::<serde_json::Value>(line) {
                Ok(value) => serde_json::to_vec_pretty(&value).unwrap().into_iter().chain([b'\n']).collect(),
                Err(_) => line.to_vec(),
            })
            .collect(),
        ),
        (
            "frames and the exception in fields",
            by_parts(|number, head, trace| {
                let (frames, exception) = trace.trim_end().rsplit_once('\n').unwrap_or_default();
                let (kind, text) = exception.split_once(": ").unwrap_or_default();
                json!({"timestamp": stamp(number), "level": "ERROR", "message": head, "stackTrace": frames, "errorType": kind, "errorMessage": text})
            }),
        ),
        (
            "columns behind the name of a service",
            by_record(|number, record| {
                format!("web-1  | [09:15:{number:02}] ERROR    {}", record.replace('\n', "\nweb-1  |                     "))
            }),
        ),
        (
            "much that others write",
            by_line(|number, line| format!("web-1  | {line}\ndb-1   | checkpoint {number}\ndb-1   | done {number}")),
        ),
        (
            "pairs in objects",
            by_record(|number, record| {
                let text = format!("level=error logger=asyncio event={}", json!(record));
                json!({"log": text + "\n", "stream": "stderr", "time": stamp(number)}).to_string()
            }),
        ),
        ("line separators", by_record(|_, record| record.replace('\n', "\u{2028}"))),
        ("annotations", by_record(|_, record| format!("::error file=a.py::{}", record.replace('\n', "%0A")))),
        ("a result", format!("{{\n  \"returncode\": 1,\n  \"stderr\": {}\n}}\n", json!(lines().join("\n"))).into_bytes()),
        (
            "telemetry",
            by_line(|number, line| {
                let record = json!({"observedTimeUnixNano": format!("{}", 1_741_680_902_000_000_000_u64 + number as u64), "body": {"stringValue": line}});
                json!({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}).to_string()
            }),
        ),
    ]
}

/// What clients of databases draw.
fn drawn() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("psql", {
            let width = lines().iter().map(|line| line.chars().count()).max().unwrap();
            let rows = by_record(|number, record| {
                let lines: Vec<&str> = record.lines().collect();
                let row = |(at, line): (usize, &&str)| {
                    let (id, time) = if at == 0 { (number.to_string(), stamp(number)) } else { (String::new(), String::new()) };
                    let end = if at + 1 < lines.len() { "+" } else { "" };
                    format!(" {id:>3} | {time:27} | {line:width$}{end}")
                };
                lines.iter().enumerate().map(row).collect::<Vec<_>>().join("\n")
            });
            let head = format!(" id  | {:27} | message\n-----+{}+{}\n", "time", "-".repeat(29), "-".repeat(width + 2));
            [head.into_bytes(), rows, b"(7 rows)\n".to_vec()].concat()
        }),
        (
            "psql, a field a line",
            by_record(|number, record| {
                let text = record.replace('\n', "+\n        | ");
                format!("-[ RECORD {} ]---\ntime    | {}\nmessage | {text}", number + 1, stamp(number))
            }),
        ),
        ("a box", {
            let width = lines().iter().map(|line| line.chars().count()).max().unwrap();
            let rule = |signs: [&str; 3]| format!("{}─────{}{}{}\n", signs[0], signs[1], "─".repeat(width + 2), signs[2]);
            let mut text = rule(["┌", "┬", "┐"]) + &format!("│ id  │ {:width$} │\n", "message");
            for (number, record) in records().iter().enumerate() {
                text += &rule(["├", "┼", "┤"]);
                for (at, line) in record.lines().enumerate() {
                    let id = if at == 0 { number.to_string() } else { String::new() };
                    writeln!(text, "│ {id:3} │ {line:width$} │").unwrap();
                }
            }
            (text + &rule(["└", "┴", "┘"])).into_bytes()
        }),
        ("mysql", {
            let rule = format!("+----+-{}-+---------+\n", "-".repeat(27));
            let rows = by_record(|number, record| format!("| {number:>2} | {} | {record} |", stamp(number)));
            [rule.as_bytes(), format!("| id | {:27} | message |\n", "time").as_bytes(), rule.as_bytes(), &rows, rule.as_bytes()].concat()
        }),
    ]
}

/// Records and lines that are taken apart, and builds of `TeamCity`.
fn parted() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        (
            "service messages, a line each",
            by_line(|number, line| {
                let text = line.replace('|', "||").replace('\'', "|'").replace('[', "|[").replace(']', "|]").replace('ü', "|0x00fc");
                format!(
                    "##teamcity[testStdErr name='test_till' out='{text}|n' flowId='7' timestamp='2025-03-11T08:10:{:02}.123+0000']",
                    number % 60
                )
            }),
        ),
        (
            "service messages, a record each",
            by_record(|number, record| {
                let text = record.replace('|', "||").replace('\'', "|'").replace('[', "|[").replace(']', "|]").replace('\n', "|n");
                format!("[09:15:{number:02}]i: [Step 1/2] ##teamcity[message status='ERROR' text='{text}']")
            }),
        ),
        ("a build of TeamCity", by_line(|number, line| format!("[09:15:{:02}]W:\t [Step 1/2] {line}", number % 60))),
        (
            "objects over many lines behind a prefix",
            by_record(|number, record| {
                let object = serde_json::to_string_pretty(&json!({"level": "ERROR", "message": record, "extra": {"n": number}})).unwrap();
                object.lines().map(|line| format!("web-1  | {line}\ndb-1   | checkpoint {number}")).collect::<Vec<_>>().join("\n")
            }),
        ),
        (
            "objects over many lines behind a head",
            by_parts(|number, head, trace| json!({"ts": stamp(number), "event": {"message": head, "exception": trace}}))
                .split(|byte| *byte == b'\n')
                .filter_map(|line| serde_json::from_slice::<serde_json::Value>(line).ok())
                .flat_map(|value| {
                    format!("2025-03-11 09:15:02 ERROR audit: {}\n", serde_json::to_string_pretty(&value).unwrap()).into_bytes()
                })
                .collect(),
        ),
        (
            "parts of lines",
            by_record(|number, record| {
                let text = json!({"logger": "asyncio", "level": "error", "event": record}).to_string();
                let signs: Vec<char> = text.chars().collect();
                let parts: Vec<String> = signs.chunks(37).map(|part| part.iter().collect()).collect();
                let tag = |at: usize| if at + 1 < parts.len() { "P" } else { "F" };
                parts
                    .iter()
                    .enumerate()
                    .map(|(at, part)| format!("{} stderr {} {part}", stamp(number), tag(at)))
                    .collect::<Vec<_>>()
                    .join("\n")
            }),
        ),
        (
            "parts of long lines",
            by_record(|number, record| {
                let text = json!({"exception": "x".repeat(16_300), "event": record}).to_string() + "\n";
                let (first, second) = text.split_at(16_384);
                let part = |text: &str| json!({"log": text, "stream": "stderr", "time": stamp(number)}).to_string();
                format!("{}\n{}\n{}", part("open\n"), part(first), part(second))
            }),
        ),
        (
            "hashes of Ruby",
            by_record(|number, record| {
                format!(
                    "{{\n    \"@timestamp\" => {},\n          \"tags\" => [\n        [0] \"a\"\n    ],\n       \"message\" => {}\n}}",
                    stamp(number),
                    json!(record)
                )
            }),
        ),
        (
            "a recorded terminal",
            [
                b"{\"version\": 2, \"width\": 200, \"height\": 50}\n".to_vec(),
                by_record(|number, record| json!([number, "o", record.replace('\n', "\r\n") + "\r\n"]).to_string()),
            ]
            .concat(),
        ),
    ]
}

fn packed() -> Vec<(&'static str, Vec<u8>)> {
    let newest_first = |rows: Vec<String>| rows.into_iter().rev().collect::<Vec<_>>();
    let rows =
        |pack: &dyn Fn(usize, &str) -> String| lines().iter().enumerate().map(|(number, line)| pack(number, line)).collect::<Vec<_>>();
    let source =
        |number: usize, line: &str| json!({"_source": {"@timestamp": stamp(number), "message": line, "pod": "shop-1"}}).to_string();
    let insight = |number: usize, line: &str| {
        json!([{"field": "@timestamp", "value": stamp(number)}, {"field": "@message", "value": line}]).to_string()
    };
    vec![
        ("nothing", by_line(|_, line| line.to_owned())),
        ("basicConfig", by_record(|_, record| format!("ERROR:asyncio:{record}"))),
        ("pipes", by_record(|number, record| format!("{}|ERROR|asyncio|{record}", stamp(number)))),
        ("semicolons", by_record(|number, record| format!("ERROR;{};base_events;handler;{record}", stamp(number)))),
        ("indented", by_record(|number, record| format!("[E {} ServerApp] {}", stamp(number), record.replace('\n', "\n    ")))),
        ("a head of its own", by_record(|number, record| format!("{} ERROR asyncio\n{record}", stamp(number)))),
        ("running numbers", by_line(|number, line| format!("{:>6}\t{line}", number + 1))),
        ("numbers and bars", by_line(|number, line| format!("{:>4} | {line}", number + 90))),
        ("texts in a list", format!("[\n{}\n]\n", rows(&|_, line| json!(line).to_string()).join(",\n")).into_bytes()),
        ("carriage returns", (lines().join("\r") + "\r").into_bytes()),
        ("seconds since the start", by_line(|number, line| format!("[{:>8}.{number:06}] wharf shop[811]: {line}", 1234))),
        (
            "two clocks",
            by_record(|_, record| {
                let record = format!("2025-03-11 09:15:02,123 ERROR asyncio: {record}");
                record.lines().map(|line| format!("Mar 11 09:15:03 {line}")).collect::<Vec<_>>().join("\n")
            }),
        ),
        (
            "aws",
            by_line(|number, line| {
                format!("EVENTS\t{}\t1741680902123\tshop/web\t{line}\t1741680902123", 39_120_000_000_000_000_000_000_u128 + number as u128)
            }),
        ),
        ("compose", by_line(|number, line| format!("shop-1  | {line}\ndb-1    | checkpoint {number}"))),
        ("syslog", by_line(|number, line| format!("Mar 11 09:15:{:02} wharf shop[811]: {line}", number % 60))),
        ("#012", by_record(|number, record| format!("Mar 11 09:15:{number:02} wharf shop[811]: {}", record.replace('\n', "#012")))),
        ("return signs", by_record(|_, record| format!("<ERROR> [asyncio] {}", record.replace('\n', " ⏎ ")))),
        ("kubectl", by_line(|number, line| format!("[pod/shop-7f/shop] {} {line}", stamp(number)))),
        ("cri", by_line(|number, line| format!("{} stderr F {line}", stamp(number)))),
        ("docker", by_line(|number, line| json!({"log": format!("{line}\n"), "stream": "stderr", "time": stamp(number)}).to_string())),
        ("fluent bit", by_line(|number, line| format!("[{number}] kube.log: [[1741680902.1, {{}}], {{\"log\"=>{}}}]", json!(line)))),
        ("pm2", by_line(|number, line| format!("0|shop     | {}: {line}", stamp(number)))),
        ("colours", by_line(|_, line| format!("\u{1b}[2mapp\u{1b}[0m[\u{1b}[33mweb\u{1b}[0m] \u{1b}[31m{line}\u{1b}[0m"))),
        (
            "a child's bytes",
            by_line(|number, line| format!("{} INFO keeper b'{}\\n'", stamp(number), line.replace('\\', "\\\\").replace('\'', "\\'"))),
        ),
        (
            "json",
            by_record(|number, record| json!({"time": stamp(number), "level": "ERROR", "logger": "asyncio", "msg": record}).to_string()),
        ),
        ("logfmt", by_record(|number, record| format!("ts={} level=ERROR logger=asyncio msg={}", stamp(number), json!(record)))),
        (
            "a list of bytes",
            by_line(|number, line| {
                json!({"__REALTIME_TIMESTAMP": format!("{}", 1_741_680_902_000_000 + number), "MESSAGE": line.as_bytes()}).to_string()
            }),
        ),
        ("journal", by_line(|number, line| format!("__REALTIME_TIMESTAMP={}\n_PID=811\nMESSAGE={line}\n", 1_741_680_902_000_000 + number))),
        ("hits, newest first", format!("{{\"hits\": {{\"hits\": [\n{}\n]}}}}", newest_first(rows(&source)).join(",\n")).into_bytes()),
        ("insights, newest first", format!("{{\"results\": [{}]}}", newest_first(rows(&insight)).join(",")).into_bytes()),
        ("csv, newest first", {
            let row = |number: usize, line: &str| format!("{},\"{}\",shop", stamp(number), line.replace('"', "\"\""));
            format!("@timestamp,@message,host\n{}\n", newest_first(rows(&row)).join("\n")).into_bytes()
        }),
        (
            "plain, newest first",
            (newest_first(rows(&|number, line| format!("{} shop: {line}", stamp(number)))).join("\n") + "\n").into_bytes(),
        ),
        ("utf-16", {
            let text = lines().join("\r\n") + "\r\n";
            [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
        }),
        ("a narrow terminal", {
            let mut text = String::new();
            for line in lines() {
                let signs: Vec<char> = line.chars().collect();
                signs.chunks(72).for_each(|part| text.extend(part.iter().chain(&['\n'])));
                if signs.is_empty() {
                    text.push('\n');
                }
            }
            text.into_bytes()
        }),
    ]
}

#[test]
fn a_terminal_breaks_lines_wherever_they_are() {
    let wrap = |text: String, width: usize| {
        let signs: Vec<char> = text.chars().collect();
        signs.chunks(width).map(|part| part.iter().collect::<String>()).collect::<Vec<_>>().join("\n")
    };
    for width in 60..100 {
        let plain = by_line(|_, line| wrap(line.to_owned(), width));
        assert_eq!(incidents(&plain), EXPECTED, "plain, {width} columns");
        let stamped = by_record(|_, record| {
            let record = format!("2025-03-11 09:15:02,123 ERROR asyncio: {record}");
            record.lines().map(|line| wrap(line.to_owned(), width)).collect::<Vec<_>>().join("\n")
        });
        assert_eq!(incidents(&stamped), EXPECTED, "with times, {width} columns");
    }
}

#[test]
fn every_collector_gives_the_same_answer() {
    let mut failures = Vec::new();
    for (name, text) in packed().into_iter().chain(handed_on()).chain(drawn()).chain(parted()) {
        let found = incidents(&text);
        if found != EXPECTED {
            failures.push(format!("{name}: {found:#?}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn streams_that_are_mixed_are_told_apart() {
    let text = by_line(|number, line| format!("shop-1 {} {line}\nshop-2 {} {line}", stamp(number), stamp(number)));
    let twice: Vec<String> = EXPECTED.iter().map(|one| one.replace("x2", "x4").replace("x1", "x2")).collect();
    assert_eq!(incidents(&text), twice);
}
