//! Lines that a console has wrapped at blanks to fit into a column: the rest of each stands in the next one.
//!
//! Where the column ends is told by the place in the source, which such a console writes at the right of the first line:
//! `ERROR    Task exception was never retrieved     base_events.py:1858`.

use super::class::Class;
use crate::message::Message;
use crate::traceback::frame;

pattern!(PLACE, r"\s(?P<place>[\w<>.-]+\.pyx?:\d+)\s*$");

/// How the lines of a record are wrapped, and what was read last.
#[derive(Clone, Debug)]
pub(super) struct Fold<Mark> {
    /// Signs that fit into the column.
    width: usize,
    /// The last line, put together as far as it has gone on.
    whole: String,
    /// The last part of it.
    part: String,
    /// The state before that line, for when it goes on.
    pub(super) mark: Option<Mark>,
}

impl<Mark> Fold<Mark> {
    /// The column in which a message stands, if a place stands at the right of it.
    pub(super) fn of(line: &str, message: &Message) -> Option<Self> {
        let rest = line.get(message.start..)?;
        let place = PLACE.as_ref()?.captures(rest)?.name("place")?;
        let before = &rest[..place.start()];
        // A place that is a part of the text has one blank before it.
        let width = before.chars().count() - 1;
        let is_column = line[..message.start].starts_with("    ") || line[..message.start].contains("] ") || line.starts_with(' ');
        (before.ends_with("  ") || is_column && width >= 20).then(|| Self { width, whole: String::new(), part: String::new(), mark: None })
    }

    /// The whole line so far, if this is the rest of the one before.
    pub(super) fn go_on(&mut self, text: &str, class: Class) -> Option<String> {
        let text = text.trim_end();
        let goes_on = self.is_rest(text, class);
        if goes_on {
            // A word that is longer than the column was cut where the column ends.
            let is_cut = self.part.chars().count() >= self.width && !self.part.trim().contains(' ');
            if !is_cut {
                self.whole.push(' ');
            }
            self.whole.push_str(text);
        } else {
            text.clone_into(&mut self.whole);
        }
        text.clone_into(&mut self.part);
        goes_on.then(|| self.whole.clone())
    }

    /// Whether the first word would not have fitted behind the part before.
    fn is_rest(&self, text: &str, class: Class) -> bool {
        let word = text.split(' ').next().unwrap_or_default();
        // The rest of a line has lost the blanks before it.
        let is_new = !matches!(class, Class::Start | Class::Other);
        if self.part.is_empty() || word.is_empty() || is_new || self.part.chars().count() + 1 + word.chars().count() <= self.width {
            return false;
        }
        // What is drawn fills the column and ends with it.
        if self.whole.trim_start().starts_with(['│', '╭', '╰']) {
            return false;
        }
        let are_carets = |text: &str| !text.trim().is_empty() && text.trim().chars().all(|sign| "^~".contains(sign));
        if are_carets(&self.whole) || are_carets(text) {
            return are_carets(&self.whole) && are_carets(text);
        }
        // Behind the source of a frame stands the exception, whose name ends as such names do.
        let is_exception = self.whole.starts_with("    ") && frame::is_exception(text);
        !is_exception
    }
}

#[cfg(test)]
mod tests {
    use super::Fold;
    use crate::assembly::class::Class;
    use crate::message;

    #[test]
    fn wrapped_lines_are_put_together() {
        let head = "           ERROR    Task exception was never retrieved       base_events.py:1858";
        let mut fold: Fold<()> = Fold::of(head, &message::find(head).unwrap()).unwrap();
        let parts = [
            "future: <Task finished name='Task-2'",
            "coro=<Till.pay() done, defined at",
            "/srv/app/shop/till.py:37>",
            "Traceback (most recent call last):",
            "  File",
            "\"/usr/local/lib/python3.13/site-packages",
            "/asyncio/base_events.py\", line 89, in",
            "_run",
            "    raise RuntimeError(f\"till",
            "{self.number} is shut\")",
            "    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
            "^^^^^",
            "RuntimeError: till 1 is shut",
        ];
        let mut whole: Vec<String> = Vec::new();
        for part in parts {
            match fold.go_on(part, Class::of(part)) {
                Some(line) => *whole.last_mut().unwrap() = line,
                None => whole.push(part.to_owned()),
            }
        }
        assert_eq!(
            whole,
            [
                "future: <Task finished name='Task-2' coro=<Till.pay() done, defined at /srv/app/shop/till.py:37>",
                "Traceback (most recent call last):",
                "  File \"/usr/local/lib/python3.13/site-packages/asyncio/base_events.py\", line 89, in _run",
                "    raise RuntimeError(f\"till {self.number} is shut\")",
                "    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
                "RuntimeError: till 1 is shut",
            ]
        );
    }
}
