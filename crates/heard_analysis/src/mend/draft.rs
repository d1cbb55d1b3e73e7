//! A fix in the making: edits of one text, in the layout that the text has.

use ruff_python_ast::token::TokenKind;
use ruff_text_size::{Ranged, TextRange, TextSize};

use super::tree::Path;
use crate::edit::{Edit, Fix};
use crate::resolve::Module;

/// Edits of one module's text.
pub(super) struct Draft<'m, 'db> {
    module: &'m Module<'db>,
    edits: Vec<(TextRange, String)>,
}

impl<'m, 'db> Draft<'m, 'db> {
    pub(super) fn new(module: &'m Module<'db>) -> Self {
        Draft { module, edits: Vec::new() }
    }

    /// How many edits there are, for `truncate`.
    pub(super) fn len(&self) -> usize {
        self.edits.len()
    }

    /// Takes back all edits but the first ones.
    pub(super) fn truncate(&mut self, len: usize) {
        self.edits.truncate(len);
    }

    /// Puts `text` in at a place; of two that come to the same place, the first goes first.
    pub(super) fn insert(&mut self, at: TextSize, text: impl Into<String>) {
        self.edits.push((TextRange::empty(at), text.into()));
    }

    pub(super) fn replace(&mut self, range: TextRange, text: impl Into<String>) {
        self.edits.push((range, text.into()));
    }

    /// Puts something in front of a stretch and something behind it.
    pub(super) fn wrap(&mut self, range: TextRange, before: impl Into<String>, after: impl Into<String>) {
        self.insert(range.start(), before);
        self.insert(range.end(), after);
    }

    /// Puts lines behind a statement, in its block. Their own indentation is in steps, as `Layout::step` says.
    pub(super) fn lines_behind(&mut self, statement: TextRange, lines: &[String]) -> Option<()> {
        let layout = Layout::of(self.module);
        if !layout.is_alone(statement) && lines.iter().all(|line| is_simple(line)) {
            let text = lines.iter().flat_map(|line| ["; ", line]).collect::<String>();
            self.insert(statement.end(), text);
            return Some(());
        }
        let indent = self.alone(statement)?;
        let line_start = format!("\n{indent}");
        let text = lines.iter().flat_map(|line| [&*line_start, line]).collect::<String>();
        let is_last = layout.ends_line(statement.end()) || layout.last_semicolon(statement.end()).is_some();
        self.insert(if is_last { layout.line_end(statement.end()) } else { statement.end() }, text);
        Some(())
    }

    /// Puts lines in front of a statement, in its block.
    pub(super) fn lines_before(&mut self, statement: TextRange, lines: &[String]) -> Option<()> {
        let layout = Layout::of(self.module);
        if layout.indent(statement.start()).is_none() && lines.iter().all(|line| is_simple(line)) {
            let text = lines.iter().flat_map(|line| [line, "; "]).collect::<String>();
            self.insert(statement.start(), text);
            return Some(());
        }
        let indent = match layout.indent(statement.start()) {
            Some(indent) => indent.to_owned(),
            None => self.alone(statement)?,
        };
        let next_line = format!("\n{indent}");
        let text = lines.iter().flat_map(|line| [line, &*next_line]).collect::<String>();
        self.insert(statement.start(), text);
        Some(())
    }

    /// Gives a statement lines of its own, where it shares one with the head of its block or with its neighbours, and
    /// says how they are indented. `None` where it cannot be parted from them.
    pub(super) fn alone(&mut self, statement: TextRange) -> Option<String> {
        let layout = Layout::of(self.module);
        if let Some(indent) = layout.indent(statement.start()).filter(|_| layout.ends_line(statement.end())) {
            return Some(indent.to_owned());
        }
        let path = Path::to(self.module, statement);
        let (block, place) = path.block()?;
        let (first, own) = (block.first()?.range(), block.get(place)?.range());
        let own_indent = layout.indent(first.start());
        let indent = if let Some(indent) = own_indent {
            indent.to_owned()
        } else {
            let head = path.upwards().find(|node| node.start() < first.start() && layout.indent(node.start()).is_some())?;
            format!("{}{}", layout.indent(head.start())?, layout.step())
        };
        if own_indent.is_none() {
            let before = &self.module.text()[..first.start().to_usize()];
            self.break_line(TextRange::new(TextSize::of(before.trim_end_matches([' ', '\t'])), first.start()), &indent)?;
        }
        if let Some(previous) = place.checked_sub(1).and_then(|previous| block.get(previous))
            && layout.indent(own.start()).is_none()
        {
            self.break_line(TextRange::new(previous.end(), own.start()), &indent)?;
        }
        if let Some(end) = layout.last_semicolon(own.end()) {
            let edit = (TextRange::new(own.end(), end), String::new());
            if !self.edits.contains(&edit) {
                self.edits.push(edit);
            }
        } else if !layout.ends_line(own.end()) {
            self.break_line(TextRange::new(own.end(), block.get(place + 1)?.start()), &indent)?;
        }
        Some(indent)
    }

    /// Makes a line end of the blanks and semicolons between two statements, once.
    fn break_line(&mut self, gap: TextRange, indent: &str) -> Option<()> {
        let is_gap = !gap.is_empty() && self.module.text()[gap].chars().all(|character| matches!(character, ' ' | '\t' | ';'));
        let edit = (gap, format!("\n{indent}"));
        if is_gap && !self.edits.contains(&edit) {
            self.edits.push(edit);
        }
        is_gap.then_some(())
    }

    /// Moves all lines of a stretch but the first in by a step; `None` where a string goes over lines of it.
    pub(super) fn lines_in(&mut self, stretch: TextRange, step: &str) -> Option<()> {
        if self.has_lines_in_strings(stretch) {
            return None;
        }
        let text = &self.module.text()[stretch];
        for (at, _) in text.match_indices('\n') {
            if !text[at + 1..].trim_start_matches([' ', '\t']).starts_with(['\n', '\r']) {
                self.insert(stretch.start() + TextSize::try_from(at + 1).ok()?, step);
            }
        }
        Some(())
    }

    /// Moves all lines of a stretch but the first out by a step, to `indent`; `None` where one of them is not that far in,
    /// or where a string goes over lines of it.
    pub(super) fn lines_out(&mut self, stretch: TextRange, step: &str, indent: &str) -> Option<()> {
        if self.has_lines_in_strings(stretch) {
            return None;
        }
        let text = &self.module.text()[stretch];
        for (at, _) in text.match_indices('\n') {
            let line = &text[at + 1..];
            if line.trim_start_matches([' ', '\t']).starts_with(['\n', '\r']) {
                continue;
            }
            line.strip_prefix(indent)?.strip_prefix(step)?;
            let start = stretch.start() + TextSize::try_from(at + 1 + indent.len()).ok()?;
            self.replace(TextRange::at(start, TextSize::of(step)), "");
        }
        Some(())
    }

    /// Whether a string goes over lines of a stretch: what it holds hangs on where they begin.
    fn has_lines_in_strings(&self, stretch: TextRange) -> bool {
        let is_string = |kind: TokenKind| matches!(kind, TokenKind::String | TokenKind::FStringMiddle | TokenKind::TStringMiddle);
        let mut strings = self.module.tokens().iter().filter(|token| stretch.contains_range(token.range()) && is_string(token.kind()));
        strings.any(|token| self.module.text()[token.range()].contains('\n'))
    }

    /// The fix with these edits; `None` where there are none, or where two of them speak of the same text.
    pub(super) fn finish(mut self, safe: bool, title: impl Into<String>) -> Option<Fix> {
        self.edits.retain(|(range, text)| !(range.is_empty() && text.is_empty()));
        self.edits.sort_by_key(|(range, _)| (range.start(), range.end()));
        let overlap = self.edits.windows(2).any(|pair| pair[0].0.end() > pair[1].0.start());
        if self.edits.is_empty() || overlap {
            return None;
        }
        let mut joined: Vec<(TextRange, String)> = Vec::new();
        for (range, text) in self.edits {
            match joined.last_mut() {
                Some((last, before)) if last.is_empty() && *last == range => before.push_str(&text),
                _ => joined.push((range, text)),
            }
        }
        let line_end = Layout::of(self.module).line_ending();
        let edits = joined.into_iter().map(|(range, text)| Edit { span: self.module.span(range), text: text.replace('\n', line_end) });
        Some(Fix { safe, title: title.into(), edits: edits.collect() })
    }
}

/// Whether a line can stand on a line with others.
fn is_simple(line: &str) -> bool {
    !line.starts_with([' ', '\t']) && !line.trim_end().ends_with(':')
}

/// How a text is laid out.
pub(super) struct Layout<'m, 'db> {
    module: &'m Module<'db>,
    text: &'m str,
}

impl<'m, 'db> Layout<'m, 'db> {
    pub(super) fn of(module: &'m Module<'db>) -> Self {
        Layout { module, text: module.text() }
    }

    /// Where the line begins that `at` stands on.
    pub(super) fn line_start(&self, at: TextSize) -> TextSize {
        let before = &self.text[..at.to_usize()];
        before.rfind(['\n', '\r']).map_or(TextSize::default(), |end| TextSize::of(&before[..=end]))
    }

    /// Where the line ends that `at` stands on, before its line end.
    pub(super) fn line_end(&self, at: TextSize) -> TextSize {
        let rest = &self.text[at.to_usize()..];
        at + TextSize::of(&rest[..rest.find(['\n', '\r']).unwrap_or(rest.len())])
    }

    /// The blanks in front of something that stands first on its line.
    pub(super) fn indent(&self, at: TextSize) -> Option<&'m str> {
        let before = &self.text[TextRange::new(self.line_start(at), at)];
        before.chars().all(|character| matches!(character, ' ' | '\t' | '\u{c}')).then_some(before)
    }

    /// Whether nothing but a comment comes behind `at` on its line.
    pub(super) fn ends_line(&self, at: TextSize) -> bool {
        let rest = self.text[TextRange::new(at, self.line_end(at))].trim_start();
        rest.is_empty() || rest.starts_with('#')
    }

    /// Whether nothing else stands on the lines of a statement.
    fn is_alone(&self, statement: TextRange) -> bool {
        self.indent(statement.start()).is_some() && self.ends_line(statement.end())
    }

    /// Where the semicolon ends that is all that comes behind `at`, but for a comment.
    fn last_semicolon(&self, at: TextSize) -> Option<TextSize> {
        let rest = &self.text[TextRange::new(at, self.line_end(at))];
        let end = at + TextSize::of(&rest[..=rest.find(';')?]);
        (rest.trim_start().starts_with(';') && self.ends_line(end)).then_some(end)
    }

    /// How its lines end: as the first one does.
    fn line_ending(&self) -> &'static str {
        match self.text.find(['\n', '\r']) {
            Some(at) if self.text[at..].starts_with("\r\n") => "\r\n",
            Some(at) if self.text[at..].starts_with('\r') => "\r",
            _ => "\n",
        }
    }

    /// What one step of indentation is: as the first indented line has it.
    pub(super) fn step(&self) -> &'m str {
        let mut tokens = self.module.tokens().iter().filter(|token| token.kind() == TokenKind::Indent);
        tokens.next().map_or("    ", |token| {
            let blanks = &self.text[token.range()];
            blanks.rfind(['\n', '\r']).map_or(blanks, |end| &blanks[end + 1..])
        })
    }
}
