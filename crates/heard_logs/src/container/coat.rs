//! What a tool has put around every line of a file: running numbers, as `cat -n` and `less -N` print them, or quotes, as
//! around the texts in a list.

use crate::assembly::class::Class;
use crate::lines::escapes;
use crate::stamp;

pattern!(NUMBER, r"^[ \t]{0,12}\[?(?P<number>\d{1,9})(?P<sign>\] |: ?|[.)] |\t| {0,3}[|│] ?| )");

/// Lines at least that show it.
const LEAST: usize = 3;

/// What is around every line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Coat {
    #[default]
    None,
    Numbers,
    Quotes,
    /// A sign at the end of every line, as `cat -A` shows it.
    Ends,
}

impl Coat {
    /// The coat that all of these lines have.
    pub(crate) fn of(lines: &[String]) -> Self {
        if has_numbers(lines) {
            Self::Numbers
        } else if has_quotes(lines) {
            Self::Quotes
        } else if lines.len() >= LEAST && lines.iter().all(|line| line.ends_with('$')) {
            Self::Ends
        } else {
            Self::None
        }
    }

    /// The lines inside of one line.
    pub(crate) fn take_off(self, line: &str) -> Vec<String> {
        match self {
            Self::None => vec![line.to_owned()],
            Self::Numbers => vec![number(line).map_or(line, |(_, _, end)| &line[end..]).to_owned()],
            Self::Ends => vec![line.strip_suffix('$').unwrap_or(line).to_owned()],
            Self::Quotes => match quoted(line) {
                Some(text) => text.trim_end_matches('\n').split('\n').map(str::to_owned).collect(),
                None if is_bracket(line) => Vec::new(),
                None => vec![line.to_owned()],
            },
        }
    }
}

/// The number, the sign behind it, and where the line itself begins.
fn number(line: &str) -> Option<(u64, &str, usize)> {
    let found = NUMBER.as_ref()?.captures(line)?;
    let sign = found.name("sign")?;
    Some((found["number"].parse().ok()?, sign.as_str().trim_end_matches(' '), sign.end()))
}

/// Numbers that count up by one, with the same sign behind them. `nl` leaves empty lines without one.
fn has_numbers(lines: &[String]) -> bool {
    let mut last: Option<(u64, &str)> = None;
    let mut count = 0;
    for line in lines.iter().filter(|line| !line.trim().is_empty()) {
        // An empty line has lost the blank behind its number.
        let Some((number, sign, _)) = number(line).or_else(|| Some((line.trim().parse().ok()?, "", 0))) else { return false };
        if last.is_some_and(|(before, known)| number != before + 1 || sign != known && !sign.is_empty() && !known.is_empty()) {
            return false;
        }
        last = Some((number, sign));
        count += 1;
    }
    count >= LEAST
}

/// Quotes around every line; and in them is a log, and not what somebody lists.
fn has_quotes(lines: &[String]) -> bool {
    let mut count = 0;
    let mut is_log = false;
    for line in lines.iter().filter(|line| !is_bracket(line)) {
        let Some(text) = quoted(line) else { return false };
        is_log |= stamp::at_start(&text).is_some() || text.split('\n').any(|text| matches!(Class::of(text), Class::Frame | Class::Header));
        count += 1;
    }
    count >= LEAST && is_log
}

fn quoted(line: &str) -> Option<String> {
    let line = line.trim().trim_end_matches(',');
    let is_whole = line.starts_with(['"', '\'']) && line.len() >= 2 && escapes::closing(line, 0) == Some(line.len() - 1);
    is_whole.then(|| escapes::unescape(&line[1..line.len() - 1]))
}

fn is_bracket(line: &str) -> bool {
    matches!(line.trim(), "" | "[" | "]" | "]," | "{" | "}")
}

#[cfg(test)]
mod tests {
    use super::Coat;

    fn of(text: &str) -> (Coat, Vec<String>) {
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let coat = Coat::of(&lines);
        (coat, lines.iter().flat_map(|line| coat.take_off(line)).collect())
    }

    #[test]
    fn coats_are_taken_off() {
        for text in [
            "     9\ta\n    10\t  b\n    11\tc",
            "1: a\n2:   b\n3: c",
            "[1] a\n[2]   b\n[3] c",
            "  9 | a\n 10 |   b\n 11 | c",
            "   1   │ a\n   2   │   b\n   3   │ c",
        ] {
            assert_eq!(of(text), (Coat::Numbers, ["a", "  b", "c"].map(str::to_owned).to_vec()), "{text}");
        }
        assert_eq!(of("a$\n  b$\nc$"), (Coat::Ends, ["a", "  b", "c"].map(str::to_owned).to_vec()));
        let list = "[\n\"2025-03-11 09:15:02 a\",\n\"  \\\"b\\\"\",\n'c\\nd'\n]";
        assert_eq!(of(list), (Coat::Quotes, ["2025-03-11 09:15:02 a", "  \"b\"", "c", "d"].map(str::to_owned).to_vec()));
    }

    #[test]
    fn other_lines_keep_what_they_have() {
        for text in ["811: a\n812: b\n811: c", "1 a\n2 b\nc", "[\n\"a\",\n\"b\",\n\"c\"\n]", "1: a\n2: b"] {
            assert_eq!(of(text).0, Coat::None, "{text}");
        }
    }
}
