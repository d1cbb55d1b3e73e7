//! Tracebacks: Python's own, exception groups, loguru's, rich's boxes and IPython's; whole, cut or without indentation.

pub(crate) mod frame;

use serde::{Deserialize, Serialize};

use self::frame::Frame;
use crate::repr::Place;

/// An exception, as far as a traceback tells.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Raised {
    /// The type as written.
    #[serde(rename = "type")]
    pub kind: String,
    /// The first line of what it says.
    pub message: Option<String>,
    /// What a group holds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<Raised>,
}

/// What a text that is a traceback, or has one in it, tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Traceback {
    pub(crate) exception: Option<Raised>,
    /// The frames of the last exception of the chain, outermost first.
    pub(crate) frames: Vec<Place>,
    /// Whether the text ends before the exception.
    pub(crate) is_cut: bool,
}

impl Traceback {
    /// The innermost frame of the user's code, else the innermost one, if it is known to be that.
    pub(crate) fn raised_at(&self) -> Option<Place> {
        if self.is_cut { innermost_of_user(&self.frames) } else { innermost(&self.frames) }
    }
}

/// The innermost frame that is neither in the standard library nor in an installed package, else the innermost one.
pub(crate) fn innermost(frames: &[Place]) -> Option<Place> {
    frames.iter().rev().find(|place| frame::is_users(&place.path)).or_else(|| frames.last()).cloned()
}

/// The innermost frame of the user's code, if there is one.
pub(crate) fn innermost_of_user(frames: &[Place]) -> Option<Place> {
    frames.iter().rev().find(|place| frame::is_users(&place.path)).cloned()
}

part!(ABOVE, "above exception");

/// Whether a line says that the next traceback belongs to the same chain.
pub(crate) fn is_chain(line: &str) -> bool {
    ABOVE.find(line.as_bytes()).is_some()
        && (line.contains("During handling of the above exception") || line.contains("above exception was the direct cause of"))
}

/// The column of `| ` or `+-` in the drawing of a group, and what stands behind.
pub(crate) fn drawing(line: &str) -> Option<(usize, &str)> {
    let column = line.len() - line.trim_start_matches(' ').len();
    let rest = &line[column..];
    match rest.as_bytes() {
        [b'|'] => Some((column, "")),
        [b'|', b' ', ..] => Some((column, &rest[2..])),
        [b'+', b' ' | b'-', ..] => Some((column, &rest[1..])),
        _ => None,
    }
}

/// Reads the traceback in these lines: the last one of a chain, with what a group holds.
pub(crate) fn parse(lines: &[&str]) -> Traceback {
    let mut parser = Parser::default();
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at];
        let Some((column, rest)) = drawing(line).filter(|(column, _)| parser.takes(*column, line)) else {
            parser.line(line, lines.get(at + 1).copied());
            at += 1;
            continue;
        };
        if parser.group.is_some_and(|own| column > own) || rest.starts_with("-+-") {
            // Where the indentation is lost, all that is drawn below the first ruler is held.
            let is_flat =
                rest.starts_with("-+-") && lines.get(at + 1).and_then(|next| drawing(next)).is_some_and(|(next, _)| next <= column);
            let is_held = |line: &&str| parser.is_below(line) || is_flat && drawing(line).is_some();
            let end = lines[at..].iter().position(|line| !is_held(line)).map_or(lines.len(), |length| at + length);
            let held = held(&lines[at..end.max(at + 1)]);
            if let Some(exception) = &mut parser.last.exception {
                exception.exceptions = held;
            }
            at = end.max(at + 1);
            continue;
        }
        let rest = rest.strip_prefix(' ').filter(|rest| rest.starts_with("Exception Group")).unwrap_or(rest);
        if frame::is_header(rest) {
            parser.group = Some(column);
        }
        parser.line(rest, None);
        at += 1;
    }
    parser.finish()
}

/// The exceptions inside a group: each part between two rulers is a traceback of its own.
fn held(lines: &[&str]) -> Vec<Raised> {
    let own = lines.iter().filter_map(|line| drawing(line)).map(|(column, _)| column).nth(1).unwrap_or(0);
    let mut parts: Vec<Vec<String>> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let drawn = drawing(line);
        if at == 0 || drawn.is_some_and(|(column, rest)| rest.starts_with("---") && column <= own) {
            parts.push(Vec::new());
            continue;
        }
        let text = match drawn {
            Some((column, rest)) if column == own && rest.starts_with("-+-") => format!("+{rest}"),
            Some((column, rest)) if column == own => rest.to_owned(),
            _ => line.get(own + 2..).unwrap_or("").to_owned(),
        };
        if let Some(part) = parts.last_mut() {
            part.push(text);
        }
    }
    parts.iter().filter_map(|part| parse(&part.iter().map(String::as_str).collect::<Vec<_>>()).exception).collect()
}

#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each says one thing of the line before, and any may go with any")]
struct Parser {
    last: Traceback,
    /// The column of the group that is read.
    group: Option<usize>,
    is_open: bool,
    /// Whether the indentation is lost: the line behind a frame is then its source.
    is_flat: bool,
    skip_source: bool,
    in_box: bool,
    /// The place of a frame that a narrow box has broken, as far as it was read.
    begun: String,
}

impl Parser {
    /// Whether the drawing belongs to a group and not to the text of a line.
    fn takes(&self, column: usize, line: &str) -> bool {
        self.group.is_some_and(|own| column >= own) || line.contains("+ Exception Group") || line.trim_start().starts_with("+-+-")
    }

    fn is_below(&self, line: &str) -> bool {
        drawing(line).is_some_and(|(column, rest)| self.group.is_none_or(|own| column > own) || rest.starts_with("-+-"))
    }

    fn start(&mut self) {
        self.last = Traceback::default();
        self.is_open = true;
        self.is_flat = false;
        self.skip_source = false;
    }

    fn line(&mut self, line: &str, next: Option<&str>) {
        if frame::is_header(line) {
            self.start();
            self.in_box = line.contains('─');
            return;
        }
        let joined = self.unbroken(line);
        match joined.map_or_else(|| frame::read(line, self.in_box), Frame::Whole) {
            Frame::Whole(place) => {
                if !self.is_open {
                    // The header is lost, as in the second half of a cut record.
                    self.start();
                }
                let unindented = line.starts_with("File ") && next.is_some_and(|next| !next.starts_with([' ', '>']));
                self.is_flat |= unindented;
                self.skip_source = self.is_flat;
                self.begun.clear();
                self.last.frames.push(place);
                self.last.is_cut = true;
                return;
            }
            Frame::Cut if self.is_open => {
                self.last.is_cut = true;
                // The place of the failure is in what is missing.
                self.last.frames.clear();
                return;
            }
            Frame::Cut | Frame::None => {}
        }
        if self.in_box {
            let inside = line.trim_start();
            self.in_box = !inside.starts_with('╰') && !inside.starts_with("+---");
            return;
        }
        // Some formatters indent all of it by a tab, and the source by blanks behind that.
        let line = line.strip_prefix('\t').unwrap_or(line);
        if !self.is_open || line.trim().is_empty() || line.starts_with(' ') && !line.trim_start().starts_with("E  ") {
            return;
        }
        if self.skip_source || line.chars().all(|sign| "^~ ".contains(sign)) {
            self.skip_source = false;
            return;
        }
        let line = line.trim_start().strip_prefix("E ").map_or(line, str::trim_start);
        if let Some(exception) = frame::exception(line) {
            // The place in a text that is no program stands where frames do, in no function.
            let is_of_text = matches!(exception.kind.as_str(), "SyntaxError" | "IndentationError" | "TabError");
            if is_of_text && self.last.frames.len() > 1 {
                self.last.frames.pop_if(|place| place.function.is_none());
            }
            self.last.exception = Some(exception);
            self.last.is_cut = false;
            self.is_open = false;
            self.group = self.group.filter(|_| self.last.exception.as_ref().is_some_and(|raised| raised.message.is_some()));
        }
    }

    /// The place that is broken over the lines of a box up to this one: at a blank, or where its path did not fit.
    fn unbroken(&mut self, line: &str) -> Option<Place> {
        if !self.in_box {
            return None;
        }
        let inside = line.trim().trim_start_matches(['│', '|']);
        let inside = inside.strip_prefix(' ').unwrap_or(inside).trim_end_matches(['│', '|', ' ']);
        if inside.is_empty() || inside.starts_with([' ', '╭', '╰', '│', '❱']) {
            self.begun.clear();
            return None;
        }
        let whole = [format!("{}{inside}", self.begun), format!("{} {inside}", self.begun)];
        let place = whole.iter().filter(|_| !self.begun.is_empty()).find_map(|text| match frame::read(text, true) {
            Frame::Whole(place) => Some(place),
            _ => None,
        });
        match &place {
            Some(_) => self.begun.clear(),
            None => self.begun.push_str(inside),
        }
        place
    }

    fn finish(self) -> Traceback {
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    fn read(text: &str) -> (String, Option<(String, u32)>) {
        let traceback = parse(&text.lines().collect::<Vec<_>>());
        let raised = traceback.raised_at().map(|place| (place.path, place.line));
        let exceptions = traceback.exception.map(|raised| {
            let held: Vec<String> = raised.exceptions.iter().map(|held| held.kind.clone()).collect();
            format!("{}: {} {held:?}", raised.kind, raised.message.unwrap_or_default())
        });
        (exceptions.unwrap_or_default(), raised)
    }

    #[test]
    fn chains_end_with_what_was_raised_last() {
        let text = "Traceback (most recent call last):\n  File \"/a.py\", line 1, in f\n    int(x)\n    ~~~^^^\nValueError: x\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File \"/a.py\", line 3, in g\n    raise Own('y')\n  File \"/usr/lib/python3.12/asyncio/tasks.py\", line 9, in h\n    x\npkg.Own: y";
        assert_eq!(read(text), ("pkg.Own: y []".to_owned(), Some(("/a.py".to_owned(), 3))));
    }

    #[test]
    fn the_place_in_a_text_that_is_no_program_is_no_frame() {
        let text = "Traceback (most recent call last):\n  File \"/a.py\", line 1, in f\n    compile(x)\n  File \"<rules>\", line 7\n    a = = 1\n        ^\nSyntaxError: invalid syntax";
        assert_eq!(read(text), ("SyntaxError: invalid syntax []".to_owned(), Some(("/a.py".to_owned(), 1))));
    }

    #[test]
    fn groups_are_themselves_and_hold_others() {
        let text = "  + Exception Group Traceback (most recent call last):\n  |   File \"/a.py\", line 5, in f\n  |     async with x:\n  | ExceptionGroup: two (2 sub-exceptions)\n  +-+---------------- 1 ----------------\n    | Traceback (most recent call last):\n    |   File \"/a.py\", line 1, in g\n    | KeyError: 'a'\n    +---------------- 2 ----------------\n    | Exception Group Traceback (most recent call last):\n    |   File \"/a.py\", line 2, in h\n    | ExceptionGroup: inner (1 sub-exception)\n    +-+---------------- 1 ----------------\n      | Traceback (most recent call last):\n      |   File \"/a.py\", line 3, in i\n      | ValueError: b\n      +------------------------------------";
        assert_eq!(
            read(text),
            ("ExceptionGroup: two (2 sub-exceptions) [\"KeyError\", \"ExceptionGroup\"]".to_owned(), Some(("/a.py".to_owned(), 5)))
        );
    }

    #[test]
    fn groups_without_indentation_are_read() {
        let text = "+ Exception Group Traceback (most recent call last):\n|   File \"/a.py\", line 5, in f\n| ExceptionGroup: two (2 sub-exceptions)\n+-+---------------- 1 ----------------\n| Traceback (most recent call last):\n|   File \"/a.py\", line 1, in g\n| KeyError: 'a'\n+---------------- 2 ----------------\n| Traceback (most recent call last):\n|   File \"/a.py\", line 2, in h\n| ValueError: b\n+------------------------------------";
        assert_eq!(
            read(text),
            ("ExceptionGroup: two (2 sub-exceptions) [\"KeyError\", \"ValueError\"]".to_owned(), Some(("/a.py".to_owned(), 5)))
        );
    }

    #[test]
    fn lost_indentation_is_no_exception() {
        let text = "Traceback (most recent call last):\nFile \"/a.py\", line 1, in f\nreturn g: int\nFile \"/a.py\", line 2, in g\nraise Own(\"x\")\n^^^^^\nOwn: x";
        assert_eq!(read(text), ("Own: x []".to_owned(), Some(("/a.py".to_owned(), 2))));
    }

    #[test]
    fn what_is_cut_tells_no_more_than_it_does() {
        let text = "Traceback (most recent call last):\n  File \"/a.py\", line 1, in f\n    g()\n  File \"/a.py\", li";
        assert_eq!(read(text), (String::new(), None));
        let text = "Traceback (most recent call last):\n  File \"/a.py\", line 1, in f\n    g";
        assert_eq!(read(text), (String::new(), Some(("/a.py".to_owned(), 1))));
    }

    #[test]
    fn boxes_are_read() {
        let text = "╭─ Traceback (most recent call last) ─╮\n│ /srv/app/long                         │\n│ er/feeds.py:22 in                     │\n│ fetch                                 │\n│ ❱ 22 │   return 1                     │\n╰───╯\nParseError: x";
        assert_eq!(read(text), ("ParseError: x []".to_owned(), Some(("/srv/app/longer/feeds.py".to_owned(), 22))));
        let text = "╭──── Traceback (most recent call last) ────╮\n│ /srv/app/feeds.py:22 in fetch             │\n│ ❱ 22 │   return parse(self.name)            │\n│ /srv/app/feeds.py:11 in parse             │\n╰────╯\nParseError: feed 'north': empty payload";
        assert_eq!(read(text), ("ParseError: feed 'north': empty payload []".to_owned(), Some(("/srv/app/feeds.py".to_owned(), 11))));
    }
}
