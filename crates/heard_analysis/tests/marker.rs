//! Markers: the comments that say which findings a line has.

use heard_analysis::Level;

/// A finding that a line is to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Marker {
    /// The line inside the block, from 1.
    pub(crate) line: usize,
    pub(crate) level: Level,
    /// The rule, or `None` for the page's own.
    pub(crate) rule: Option<String>,
    /// A part of the message.
    pub(crate) text: Option<String>,
}

/// Cuts the markers off a module: what is left has the same lines, without blanks at their ends.
pub(crate) fn cut(source: &str) -> (String, Vec<Marker>, Vec<(usize, String)>) {
    let mut code = String::new();
    let mut markers = Vec::new();
    let mut errors = Vec::new();
    for (line, number) in source.lines().zip(1..) {
        let mut rest = line;
        let first = markers.len();
        while let Some(start) = rest.rfind('#') {
            let Some(found) = parse(&rest[start + 1..], number) else { break };
            markers.splice(first..first, found);
            rest = rest[..start].trim_end();
        }
        if let Some(word) = ["# error", "# strict", "# preview"].into_iter().find(|word| rest.contains(word)) {
            errors.push((number, format!("`{word}` does not start a well-formed marker")));
        }
        code.push_str(rest);
        code.push('\n');
    }
    (code, markers, errors)
}

/// Reads one marker, what stands after its `#`.
fn parse(comment: &str, line: usize) -> Option<Vec<Marker>> {
    let (word, rest) = comment.split_once(':').unwrap_or((comment, ""));
    let level = match word.trim() {
        "error" => Level::Default,
        "strict" => Level::Strict,
        "preview" => Level::Preview,
        _ => return None,
    };
    let mut markers: Vec<Marker> = Vec::new();
    let mut rest = rest.trim();
    if rest.is_empty() && comment.contains(':') {
        return None;
    }
    while !rest.is_empty() {
        if let Some((rule, after)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            markers.push(Marker { line, level, rule: Some(rule.to_owned()), text: None });
            rest = after.trim_start();
        } else if let Some((text, after)) = rest.strip_prefix('"').and_then(|rest| rest.split_once('"')) {
            match markers.last_mut() {
                Some(marker) if marker.text.is_none() => marker.text = Some(text.to_owned()),
                Some(_) => return None,
                None => markers.push(Marker { line, level, rule: None, text: Some(text.to_owned()) }),
            }
            rest = after.trim_start();
        } else {
            return None;
        }
    }
    if markers.is_empty() {
        markers.push(Marker { line, level, rule: None, text: None });
    }
    Some(markers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(source: &str) -> (String, Vec<String>) {
        let (code, markers, errors) = cut(source);
        assert_eq!(errors, []);
        let markers = markers
            .iter()
            .map(|marker| {
                let rule = marker.rule.as_deref().unwrap_or("-");
                let text = marker.text.as_deref().unwrap_or("-");
                format!("{} {} {rule} {text}", marker.line, marker.level)
            })
            .collect();
        (code, markers)
    }

    #[test]
    fn markers_are_cut_off() {
        let (code, markers) = shown("a = 1\nsave()  # error\nload()  # note  # strict\n");
        assert_eq!(code, "a = 1\nsave()\nload()  # note\n");
        assert_eq!(markers, ["2 default - -", "3 strict - -"]);
    }

    #[test]
    fn markers_name_rules_and_messages() {
        let (code, markers) = shown("save()  # error: [a] \"x y\" [b]  # preview: \"z\"\n");
        assert_eq!(code, "save()\n");
        assert_eq!(markers, ["1 default a x y", "1 default b -", "1 preview - z"]);
    }

    #[test]
    fn malformed_markers_are_errors() {
        for source in ["save()  # error:", "save()  # error: a", "save()  # strict: [a", "save()  # error maybe"] {
            let (code, markers, errors) = cut(source);
            assert_eq!(code.trim_end(), source);
            assert_eq!(markers, []);
            assert_eq!(errors.len(), 1, "{source}");
        }
    }
}
