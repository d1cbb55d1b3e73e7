//! Incidents as one page: nothing is fetched, and it follows the reader's choice of light or dark.

use std::fmt::Write as _;
use std::io;

use heard_logs::{Certainty, Entry, Report};

use super::{chart, table};
use crate::console::counted;

const STYLE: &str = "\
:root{color-scheme:light dark;--text:#1d1d1f;--back:#fff;--soft:#6b6b70;--line:#dcdce0;--bar:#b3261e;--code:#f4f4f6}\
@media(prefers-color-scheme:dark){:root{--text:#ececf0;--back:#18181b;--soft:#a0a0a8;--line:#3a3a40;--bar:#f2866f;--code:#242428}}\
body{font:15px/1.5 system-ui,sans-serif;color:var(--text);background:var(--back);margin:2rem auto;max-width:60rem;padding:0 1rem}\
input{font:inherit;color:inherit;background:var(--code);border:1px solid var(--line);border-radius:6px;padding:.4rem .6rem;width:100%;box-sizing:border-box}\
article{border-top:1px solid var(--line);padding:1rem 0}h1{font-size:1.4rem}h2{font-size:1rem;margin:0;overflow-wrap:anywhere}\
.kind{color:var(--soft);font-weight:normal}.count{color:var(--bar)}dl{display:grid;grid-template-columns:max-content 1fr;gap:0 1rem;margin:.5rem 0}\
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}pre{background:var(--code);padding:.7rem;overflow:auto;border-radius:6px}\
svg{width:100%;height:48px;border-bottom:1px solid var(--line)}rect{fill:var(--bar)}[hidden]{display:none}";

const SCRIPT: &str = "\
const field=document.getElementById('filter'),shown=document.getElementById('shown');\
field.addEventListener('input',()=>{const words=field.value.toLowerCase().split(/\\s+/);let count=0;\
for(const one of document.querySelectorAll('article')){const text=one.textContent.toLowerCase();\
one.hidden=!words.every(word=>text.includes(word));count+=!one.hidden}shown.textContent=count});";

/// The page.
pub(super) fn page(report: &Report) -> io::Result<String> {
    let mut out = String::new();
    let count = report.incidents.len();
    let body = || -> Result<String, std::fmt::Error> {
        write!(
            out,
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">"
        )?;
        let (incidents, files) = (counted(count, "incident"), counted(report.files.len(), "file"));
        write!(out, "<title>{incidents}</title><style>{STYLE}</style></head><body><h1>What asyncio said</h1>")?;
        write!(out, "<p><span id=\"shown\">{count}</span> of {incidents}, from {files}.</p>")?;
        write!(
            out,
            "<input id=\"filter\" type=\"search\" placeholder=\"Filter: coroutine, exception, path, process\" aria-label=\"Filter\">"
        )?;
        for entry in &report.incidents {
            article(&mut out, entry)?;
        }
        if report.not_understood.count > 0 {
            write!(out, "<h2>Not understood: {}</h2>", report.not_understood.count)?;
            for example in &report.not_understood.examples {
                write!(out, "<pre>{}:{}\n{}</pre>", escape(&example.file), example.line, escape(&example.text))?;
            }
        }
        write!(out, "<script>{SCRIPT}</script></body></html>")?;
        Ok(out)
    };
    body().map_err(io::Error::other)
}

fn article(out: &mut String, entry: &Entry) -> std::fmt::Result {
    write!(
        out,
        "<article><h2><span class=\"count\">{}×</span> {} <span class=\"kind\">{}</span></h2>",
        entry.count,
        escape(&table::title(entry)),
        entry.kind
    )?;
    out.push_str(&chart::svg(&entry.histogram));
    out.push_str("<dl>");
    let mut row =
        |name: &str, value: Option<String>| value.map_or(Ok(()), |value| write!(out, "<dt>{name}</dt><dd>{}</dd>", escape(&value)));
    row("first", entry.first.clone())?;
    row("last", entry.last.clone())?;
    row(table::place_of_end(entry), entry.raised_at.as_ref().map(|spot| format!("{}:{}", spot.path, spot.line)))?;
    row("defined at", entry.defined_at.as_ref().map(|spot| format!("{}:{}", spot.path, spot.line)))?;
    let born = |born: &heard_logs::Born| {
        format!("{}:{}{}", born.path, born.line, if born.certainty == Certainty::Guess { " (a guess)" } else { "" })
    };
    row("born at", entry.born_at.as_ref().map(born))?;
    row("rule", entry.rule.clone())?;
    row("processes", (!entry.processes.is_empty()).then(|| entry.processes.join(", ")))?;
    row("example", Some(format!("{}:{}", entry.example.file, entry.example.line)))?;
    write!(out, "</dl><details><summary>The record</summary><pre>{}</pre></details></article>", escape(&entry.example.text))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
