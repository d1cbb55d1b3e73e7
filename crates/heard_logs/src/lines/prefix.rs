//! What collectors and formatters put before every line: times change from line to line, the rest says whose line it is.

use crate::stamp::{self, Found, Stamp};

// Seconds since a machine was started, in the journal with those since the line before, or since a step of BuildKit was.
pattern!(UPTIME, r"^\[ {0,8}\d{1,9}\.\d{3,9}(?: <[ \d.]{1,20}>)?\]|^#\d{1,4} \d{1,6}\.\d{1,3} ");

/// The prefix of the lines of one stream, as the parts between its times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Prefix {
    parts: Vec<String>,
}

impl Prefix {
    /// The prefix that this text is one instance of.
    pub(crate) fn of(text: &str) -> Self {
        Self::between(text, clocks(text))
    }

    /// The same, where the times in the text are known.
    pub(crate) fn with(text: &str, stamps: &[Found]) -> Self {
        if uptime(text) > 0 {
            return Self::of(text);
        }
        Self::between(text, stamps.iter().map(|found| (found.start, found.end)))
    }

    fn between(text: &str, clocks: impl IntoIterator<Item = (usize, usize)>) -> Self {
        let mut parts = Vec::new();
        let mut at = 0;
        for (start, end) in clocks {
            parts.push(text[at..start].to_owned());
            at = end;
        }
        parts.push(text[at..].to_owned());
        Self { parts }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.parts.iter().all(String::is_empty) && self.parts.len() == 1
    }

    /// Whether it is nothing but layout: blanks, bars, boxes.
    pub(crate) fn is_layout(&self) -> bool {
        self.parts.len() == 1 && self.parts[0].chars().all(|sign| !sign.is_alphanumeric() && !"<>'\"`".contains(sign))
    }

    /// How long it is, without its times.
    pub(crate) fn weight(&self) -> usize {
        self.parts.iter().map(String::len).sum::<usize>() + 8 * (self.parts.len() - 1)
    }

    /// What stands behind it in a line that has it.
    pub(crate) fn strip<'a>(&self, line: &'a str) -> Option<&'a str> {
        let mut rest = line;
        let last = self.parts.len() - 1;
        for (number, part) in self.parts.iter().enumerate() {
            if number > 0 {
                let (_, end) = clocks(rest.get(..floor(rest, 64))?).into_iter().next().filter(|(start, _)| *start == 0)?;
                rest = &rest[end..];
            }
            rest = match rest.strip_prefix(part.as_str()) {
                Some(rest) => rest,
                // Blanks at the end of a line are cut off by many.
                None if number == last && rest.trim_end() == part.trim_end() => "",
                None => return None,
            };
        }
        Some(rest)
    }

    /// Whether a line with the prefix `longer` may come from the same stream: it begins with this one.
    pub(crate) fn begins(&self, longer: &str) -> bool {
        self.strip(longer).is_some() || self.without_column().is_some_and(|own| own.strip(longer).is_some())
    }

    /// The prefix without the blanks at its end that fill the columns of a first line, or indent what goes on.
    fn without_column(&self) -> Option<Self> {
        let (last, before) = self.parts.split_last()?;
        let own = last.trim_end_matches(' ');
        let is_column = last.len() >= own.len() + 3 && (!own.is_empty() || !before.is_empty());
        is_column.then(|| Self { parts: before.iter().cloned().chain([own.to_owned()]).collect() })
    }

    /// The parts that tell whose line it is.
    pub(crate) fn identity(&self) -> String {
        self.parts.join("\u{1}")
    }
}

/// Where times stand in a text; and at its beginning the seconds since something was started, which are no time of day.
fn clocks(text: &str) -> Vec<(usize, usize)> {
    let uptime = uptime(text);
    let stamps = stamp::find_all(&text[uptime..]).into_iter().map(|found| (found.start + uptime, found.end + uptime));
    (uptime > 0).then_some((0, uptime)).into_iter().chain(stamps).collect()
}

/// Where the seconds since something was started end, at the beginning of a text.
fn uptime(text: &str) -> usize {
    let found = UPTIME.as_ref().filter(|_| text.starts_with(['[', '#'])).and_then(|uptime| uptime.find(text));
    found.map_or(0, |found| found.end())
}

fn floor(text: &str, most: usize) -> usize {
    let mut at = most.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// The time that a record tells, from the outermost clock to the innermost.
///
/// The program's own clock, the innermost one, is the nearest to what happened. It counts if it knows the year. Where
/// only a collector's clock knows its zone, the two tell the program's: they differ by whole quarters of an hour.
pub(crate) fn best_stamp(stamps: impl IntoIterator<Item = Stamp>) -> Option<Stamp> {
    let mut best: Option<Stamp> = None;
    for stamp in stamps {
        best = Some(match best {
            None => stamp,
            Some(outer) => inner(outer, stamp),
        });
    }
    best
}

fn inner(outer: Stamp, stamp: Stamp) -> Stamp {
    const QUARTER: i64 = 15 * 60 * 1_000_000;
    match (outer.rank(), stamp.rank()) {
        (0, 1) => {
            let ahead = stamp.micros() - outer.micros();
            let quarters = (ahead + QUARTER / 2).div_euclid(QUARTER);
            let is_zone = quarters.abs() <= 14 * 4 && (ahead - quarters * QUARTER).abs() <= QUARTER / 3;
            match i32::try_from(quarters * 15).ok().filter(|_| is_zone) {
                Some(offset) => Stamp { offset: Some(offset), ..stamp },
                None => outer,
            }
        }
        (old, new) if new <= old => stamp,
        _ => outer,
    }
}

#[cfg(test)]
mod tests {
    use super::Prefix;

    #[test]
    fn times_change_and_names_do_not() {
        let prefix = Prefix::of("0|shop     | 2025-03-11T09:15:02: ");
        assert_eq!(prefix.strip("0|shop     | 2025-03-11T09:16:17:   File"), Some("  File"));
        assert_eq!(prefix.strip("0|shop     | 2025-03-11T09:16:17:"), Some(""));
        assert_eq!(prefix.strip("1|shop     | 2025-03-11T09:16:17: x"), None);
        let journal = Prefix::of("[ 1234.001002] wharf shop[811]: ");
        assert_eq!(journal.strip("[99234.501002] wharf shop[811]:   File"), Some("  File"));
        assert!(Prefix::of("pod-a twins ").begins("pod-a twins 2025-03-11 09:15:03,006 ERROR asyncio: "));
        assert!(Prefix::of("shop-1  |                     ").begins("shop-1  | [09:15:02] ERROR    "));
        assert!(Prefix::of("        | ").is_layout());
        assert!(!Prefix::of("> ").is_layout());
    }
}
