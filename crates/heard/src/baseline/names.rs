//! Whether a function or class is still in a file, by the lines that define something.

/// Whether `text` defines what has this qualified name inside the module. The module itself is always there.
///
/// The lines are not parsed: one in a string counts as well, which errs towards "it is still there".
pub(super) fn defines(text: &str, symbol: &str) -> bool {
    if symbol.is_empty() {
        return true;
    }
    // The names around a line, each with the indentation of what it defines.
    let mut around: Vec<(usize, &str)> = Vec::new();
    for line in text.lines() {
        let code = line.trim_start();
        let Some(name) = defined_in(code) else { continue };
        let indent = line.len() - code.len();
        around.retain(|(outer, _)| *outer < indent);
        around.push((indent, name));
        if around.iter().map(|(_, name)| *name).eq(symbol.split('.')) {
            return true;
        }
    }
    false
}

fn defined_in(code: &str) -> Option<&str> {
    let code = code.strip_prefix("async").map_or(code, str::trim_start);
    let rest = code.strip_prefix("def ").or_else(|| code.strip_prefix("class "))?.trim_start();
    let end = rest.find(|character: char| !character.is_alphanumeric() && character != '_').unwrap_or(rest.len());
    Some(&rest[..end])
}

#[cfg(test)]
mod tests {
    use super::defines;

    #[test]
    fn names_are_qualified_by_what_is_around_them() {
        let text = "\
class Poller[T](Base):
    if x:
        async  def start(self):
            def inner(): pass
            class Deep: pass

    def stop(self): ...

def start(): ...
";
        for symbol in ["", "Poller", "Poller.start", "Poller.start.inner", "Poller.start.Deep", "Poller.stop", "start"] {
            assert!(defines(text, symbol), "{symbol}");
        }
        for symbol in ["stop", "Poller.inner", "inner", "Poller.start.stop", "sta"] {
            assert!(!defines(text, symbol), "{symbol}");
        }
    }
}
