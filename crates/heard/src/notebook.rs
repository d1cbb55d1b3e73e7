//! Notebooks: their cells as one Python text, and back.

use std::ops::Range;

use heard_analysis::system::Notebook;
use serde::de::{DeserializeOwned, IgnoredAny};

use crate::output::Cells;

/// Where the code cells begin in the text that is all of them, and their numbers among all cells.
pub(crate) fn cells(notebook: &Notebook) -> Cells {
    Cells { starts: notebook.index().iter().map(|start| (start.start_row().get(), start.cell_index().get())).collect() }
}

/// The JSON of a notebook with other texts in some of its cells, which go by their numbers, and nothing else changed;
/// `None` where it is not made as notebooks are.
pub(crate) fn replaced(json: &str, texts: &[(usize, String)]) -> Option<String> {
    let document = members(json, 0)?;
    let cells = elements(json, document.into_iter().find(|(name, _)| name == "cells")?.1.start)?;
    let mut replaced = json.to_owned();
    for (number, text) in texts.iter().rev() {
        let cell = cells.get(number.checked_sub(1)?)?;
        let (_, source) = members(json, cell.start)?.into_iter().find(|(name, _)| name == "source")?;
        let written = in_json(text, json.get(source.clone())?)?;
        replaced.replace_range(source, &written);
    }
    Some(replaced)
}

/// The members of the object at `at`: their names, and where their values stand.
fn members(json: &str, at: usize) -> Option<Vec<(String, Range<usize>)>> {
    let mut members = Vec::new();
    let mut at = opened(json, at, '{')?;
    while !json[at..].starts_with('}') {
        let (name, end) = value::<String>(json, at)?;
        let start = opened(json, end, ':')?;
        let (_, end) = value::<IgnoredAny>(json, start)?;
        members.push((name, start..end));
        at = opened(json, end, ',').or_else(|| Some(end + blanks(&json[end..])))?;
    }
    Some(members)
}

/// Where the elements of the array at `at` stand.
fn elements(json: &str, at: usize) -> Option<Vec<Range<usize>>> {
    let mut elements = Vec::new();
    let mut at = opened(json, at, '[')?;
    while !json[at..].starts_with(']') {
        let (_, end) = value::<IgnoredAny>(json, at)?;
        elements.push(at..end);
        at = opened(json, end, ',').or_else(|| Some(end + blanks(&json[end..])))?;
    }
    Some(elements)
}

/// The value at `at`, and where it ends.
fn value<T: DeserializeOwned>(json: &str, at: usize) -> Option<(T, usize)> {
    let mut values = serde_json::Deserializer::from_str(json.get(at..)?).into_iter::<T>();
    let value = values.next()?.ok()?;
    Some((value, at + values.byte_offset()))
}

/// Behind a mark that stands at `at`, blanks left out.
fn opened(json: &str, at: usize, mark: char) -> Option<usize> {
    let at = at + blanks(json.get(at..)?);
    let at = at + json[at..].strip_prefix(mark).map(|_| mark.len_utf8())?;
    Some(at + blanks(&json[at..]))
}

fn blanks(text: &str) -> usize {
    text.len() - text.trim_start_matches([' ', '\t', '\n', '\r']).len()
}

/// A cell's text in the layout that its JSON had: one string, or a list of lines.
fn in_json(text: &str, before: &str) -> Option<String> {
    if before.starts_with('"') {
        return serde_json::to_string(text).ok();
    }
    let gap = before.get(1..)?.split('"').next()?;
    let end = before.trim_end_matches(']').rsplit('"').next()?;
    let lines: Result<Vec<String>, _> = text.split_inclusive('\n').map(serde_json::to_string).collect();
    let lines = lines.ok()?;
    if lines.is_empty() {
        return Some("[]".to_owned());
    }
    // Between two lines stands what stood there before, or what stood before the first.
    Some(format!("[{gap}{}{end}]", lines.join(&format!(",{}", if gap.is_empty() { " " } else { gap }))))
}

#[cfg(test)]
mod tests {
    use super::replaced;

    #[test]
    fn only_the_text_of_a_cell_changes() {
        let json = r#"{
 "nbformat": 4, "x": [1, {"source": "no"}, -2e5, null],
 "cells" : [
  {"cell_type": "markdown", "source": ["source"]},
  {
   "source": [
    "a\n",
    "b \u00e9"
   ], "outputs": [], "cell_type": "code"
  },
  {"source":["c"]} , {"source" : "d", "id": "\ud83d\ude00"}
 ],  "metadata": {"cells": 1}
}
"#;
        let texts = [(2, "a\nnew \"é\"\nb\n".to_owned()), (3, "c\nd".to_owned()), (4, "e\nf".to_owned())];
        let after = replaced(json, &texts).unwrap();
        let expected = json
            .replace(r#""b \u00e9""#, "\"new \\\"é\\\"\\n\",\n    \"b\\n\"")
            .replace(r#"["c"]"#, r#"["c\n", "d"]"#)
            .replace(r#""d", "id""#, r#""e\nf", "id""#);
        assert_eq!(after, expected);
        assert_eq!(replaced(json, &[]).as_deref(), Some(json));
        assert_eq!(replaced("{}", &texts), None);
        assert_eq!(replaced(json, &[(9, String::new())]), None);
    }
}
