//! Times as logs write them: with or without a date, a year, a zone.

use std::fmt;
use std::sync::{LazyLock, OnceLock};

use regex::{Captures, Regex};
use serde::{Deserialize, Serialize};

use crate::pattern::compile;

/// A time as a log tells it. What it does not tell stays unknown, and is never guessed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Stamp {
    /// The year, four digits.
    pub year: Option<i32>,
    /// The month and the day, from 1.
    pub date: Option<(u8, u8)>,
    /// Hours, minutes and seconds.
    pub clock: (u8, u8, u8),
    /// Nanoseconds within the second.
    pub nanos: u32,
    /// How many digits of the fraction are written.
    pub digits: u8,
    /// The zone, in minutes east of UTC.
    pub offset: Option<i32>,
}

impl Stamp {
    /// The stamp of a moment that is counted from 1970 in UTC.
    #[must_use]
    pub fn from_unix(seconds: i64, nanos: u32, digits: u8) -> Option<Self> {
        let days = seconds.div_euclid(86_400);
        let rest = seconds.rem_euclid(86_400);
        let (year, month, day) = civil_from_days(days)?;
        let clock = (u8::try_from(rest / 3600).ok()?, u8::try_from(rest / 60 % 60).ok()?, u8::try_from(rest % 60).ok()?);
        Some(Self { year: Some(year), date: Some((month, day)), clock, nanos, digits, offset: Some(0) })
    }

    /// The stamp of a number that is seconds, milliseconds, microseconds or nanoseconds since 1970, told by its size.
    #[must_use]
    pub fn from_epoch(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        if !whole.bytes().all(|byte| byte.is_ascii_digit()) || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let scale = match whole.len() {
            9 | 10 => 0,
            12 | 13 => 3,
            15 | 16 => 6,
            18 | 19 => 9,
            _ => return None,
        };
        let (seconds, below) = whole.split_at(whole.len() - scale);
        let all = format!("{below}{fraction}");
        let digits = all.len().min(9);
        let nanos = format!("{:0<9}", &all[..digits]).parse().ok()?;
        Self::from_unix(seconds.parse().ok()?, nanos, u8::try_from(digits).ok()?)
    }

    /// How much it tells, less being more: 0 with a zone, 1 with a full date, 2 without a year, 3 without a date.
    #[must_use]
    pub fn rank(&self) -> u8 {
        match (self.year, self.date, self.offset) {
            (Some(_), Some(_), Some(_)) => 0,
            (Some(_), Some(_), None) => 1,
            (_, Some(_), _) => 2,
            _ => 3,
        }
    }

    /// Microseconds on one line for all stamps of a rank; without a zone as if it were UTC.
    #[must_use]
    pub fn micros(&self) -> i64 {
        let (month, day) = self.date.unwrap_or((1, 1));
        let days = days_from_civil(self.year.unwrap_or(1972), month, day);
        let (hour, minute, second) = self.clock;
        let seconds = days * 86_400 + i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second);
        (seconds - i64::from(self.offset.unwrap_or(0)) * 60) * 1_000_000 + i64::from(self.nanos / 1000)
    }

    fn is_possible(&self) -> bool {
        let (hour, minute, second) = self.clock;
        let year = self.year.is_none_or(|year| (1970..2200).contains(&year));
        year && self.date.is_none_or(|(month, day)| (1..=12).contains(&month) && (1..=31).contains(&day))
            && hour < 24
            && minute < 60
            && second < 61
    }
}

impl fmt::Display for Stamp {
    /// ISO 8601: `2025-03-11T09:15:02.123+01:00`, `--03-11T09:15:02`, `T09:15:02`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.year, self.date) {
            (Some(year), Some((month, day))) => write!(out, "{year:04}-{month:02}-{day:02}")?,
            (_, Some((month, day))) => write!(out, "--{month:02}-{day:02}")?,
            _ => {}
        }
        let (hour, minute, second) = self.clock;
        write!(out, "T{hour:02}:{minute:02}:{second:02}")?;
        if self.digits > 0 {
            let all = format!("{:09}", self.nanos);
            write!(out, ".{}", &all[..usize::from(self.digits.min(9))])?;
        }
        match self.offset {
            Some(0) => out.write_str("Z"),
            Some(minutes) => {
                let sign = if minutes < 0 { '-' } else { '+' };
                write!(out, "{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
            }
            None => Ok(()),
        }
    }
}

/// Where a stamp stands in a text, and what it says.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) stamp: Stamp,
}

/// Makes a time of what a form has found.
type Read = fn(&Captures<'_>) -> Option<Stamp>;

struct Form {
    text: String,
    /// Made when it is first needed: most logs need few of them.
    pattern: OnceLock<Option<Regex>>,
    /// Whether hours and minutes are parted by a colon.
    has_clock: bool,
    read: Read,
}

const FRACTION: &str = r"(?:[.,](?P<f>\d{1,9}))?";
const ZONE: &str = r"(?:\s?(?P<z>Z|UTC|GMT|[+-]\d\d:?\d\d)\b)?";
const MONTH: &str = r"(?P<b>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}";

impl Form {
    fn captures_at<'a>(&self, text: &'a str, at: usize) -> Option<Captures<'a>> {
        self.pattern.get_or_init(|| compile(&self.text)).as_ref()?.captures_at(text, at)
    }
}

/// The forms, those that tell more first: at the same place the first one counts.
static FORMS: LazyLock<Vec<Form>> = LazyLock::new(|| {
    let clock = format!(r"(?P<h>\d\d?):(?P<i>\d\d)(?::(?P<s>\d\d))?{FRACTION}");
    // Milliseconds that a format adds itself stand behind the half of the day.
    let half = r"(?:\s?(?P<p>[AaPp])\.?[Mm]\b\.?(?P<g>\d{1,9})?)?";
    let forms: Vec<(String, Read)> = vec![
        (format!(r"(?P<y>\d{{4}})[-/.](?P<m>\d\d?)[-/.](?P<d>\d\d?)(?:[T _]|, | at )[ ]?{clock}{half}{ZONE}"), numeric),
        (format!(r"(?P<h>\d\d):(?P<i>\d\d):(?P<s>\d\d){FRACTION}(?P<behind>[ ,]+(?P<y>\d{{4}})[-/](?P<m>\d\d)[-/](?P<d>\d\d))"), numeric),
        (format!(r"(?P<y>20\d\d)(?P<m>[01]\d)(?P<d>[0-3]\d)[T _-](?P<h>\d\d):?(?P<i>\d\d):?(?P<s>\d\d){FRACTION}{ZONE}"), numeric),
        (format!(r"(?P<q>\d\d?)(?P<sep>[./-])(?P<r>\d\d?)[./-](?P<t>\d{{4}}|\d\d)(?:[T _]|, | at ){clock}{half}{ZONE}"), parted),
        (format!(r"(?P<d>\d\d?)(?:\.? |[/-]){MONTH}(?:(?:,? |[/-])(?P<y>\d{{4}}))?(?:[: ,T]|, | at ){clock}{half}{ZONE}"), numeric),
        (
            format!(
                r"{MONTH}\.? +(?P<d>\d\d?)(?:,? (?P<y>\d{{4}}))?(?:,? +| at |, at | @ ){clock}{half}(?P<behind> (?P<y2>(?:19|20)\d\d)\b)?{ZONE}"
            ),
            numeric,
        ),
        (r"[EWIFCD](?P<m>[01]\d)(?P<d>[0-3]\d) +(?P<h>\d\d):(?P<i>\d\d):(?P<s>\d\d)\.(?P<f>\d{1,9})".to_owned(), numeric),
        (format!(r"(?P<yy>\d\d)(?P<m>[01]\d)(?P<d>[0-3]\d) (?P<h>\d\d):(?P<i>\d\d):(?P<s>\d\d){FRACTION}"), numeric),
        (format!(r"(?P<m>\d\d)[-/](?P<d>\d\d)[ T](?P<h>\d\d):(?P<i>\d\d):(?P<s>\d\d){FRACTION}"), numeric),
        (r"@(?P<tai>40000000[0-9a-f]{8})(?P<n>[0-9a-f]{8})?".to_owned(), tai64),
        (r"(?P<e>1\d{9}\.\d{1,9}|1\d{12}|1\d{15}|1\d{18})".to_owned(), epoch),
        (format!(r"(?P<h>\d\d?):(?P<i>\d\d):(?P<s>\d\d){FRACTION}{half}{ZONE}"), numeric),
    ];
    let form = |(text, read): (String, Read)| Form {
        has_clock: text.contains(':') && text.contains("<i>") && !text.contains(":?(?P<i>"),
        text,
        pattern: OnceLock::new(),
        read,
    };
    forms.into_iter().map(form).collect()
});

/// All stamps in a text, from left to right, without overlaps.
pub(crate) fn find_all(text: &str) -> Vec<Found> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(next) = find_from(text, at) {
        at = next.end;
        found.push(next);
    }
    found
}

/// The stamp that a text begins with, at most after a few signs such as `[` or `<`.
pub(crate) fn at_start(text: &str) -> Option<Found> {
    let near = text.char_indices().nth(48).map_or(text, |(at, _)| &text[..at]);
    // The day stands near the beginning even behind the longest name of a month.
    if !near.bytes().take(40).any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    find_from(near, 0).filter(|found| found.start <= 12 && near[..found.start].chars().all(|sign| !sign.is_ascii_lowercase()))
}

/// The stamp that a whole text is.
#[must_use]
pub fn parse(text: &str) -> Option<Stamp> {
    let text = text.trim();
    Stamp::from_epoch(text).or_else(|| find_from(text, 0).filter(|found| found.start <= 1).map(|found| found.stamp))
}

fn find_from(text: &str, from: usize) -> Option<Found> {
    if !may_have_one(text.get(from..)?.as_bytes()) {
        return None;
    }
    plain(text, from).or_else(|| by_form(text, from))
}

/// The form that most logs have, read without a pattern: `2025-03-11 09:15:02,123`, with nothing behind it that may be a
/// half of the day or a zone. It is what the first of the forms would find.
fn plain(text: &str, from: usize) -> Option<Found> {
    let bytes = text.as_bytes();
    let start = from + bytes[from..].iter().position(u8::is_ascii_digit)?;
    let is_behind_more = start > 0 && (bytes[start - 1].is_ascii_digit() || matches!(bytes[start - 1], b':' | b'-'));
    let signs = bytes.get(start..start + 19).filter(|_| !is_behind_more)?;
    let is_parted =
        matches!(signs, [_, _, _, _, b'-' | b'/' | b'.', _, _, b'-' | b'/' | b'.', _, _, b'T' | b' ' | b'_', _, _, b':', _, _, b':', _, _]);
    let number = |at: usize, length: usize| {
        let digits = signs[at..at + length].iter().map(|byte| byte.is_ascii_digit().then(|| byte - b'0'));
        digits.into_iter().try_fold(0, |number: i32, digit| Some(number * 10 + i32::from(digit?)))
    };
    let two = |at: usize| u8::try_from(number(at, 2)?).ok();
    let (year, date) = (number(0, 4).filter(|_| is_parted)?, (two(5)?, two(8)?));
    let clock = (two(11)?, two(14)?, two(17)?);
    let behind = &bytes[start + 19..];
    let digits =
        if matches!(behind.first(), Some(b'.' | b',')) { behind[1..].iter().take_while(|byte| byte.is_ascii_digit()).count() } else { 0 };
    let end = start + 19 + if digits > 0 { digits + 1 } else { 0 };
    let mut next = text[end..].chars();
    let first = next.next();
    let second = if first.is_some_and(char::is_whitespace) { next.next() } else { first };
    let may_go_on = match second {
        Some('+' | '-') => next.next().is_some_and(|sign| sign.is_ascii_digit()),
        Some(sign) => matches!(sign, 'A' | 'a' | 'P' | 'p' | 'Z' | 'U' | 'G') || first == second && sign.is_ascii_digit(),
        None => false,
    };
    if may_go_on || digits > 9 {
        return None;
    }
    let nanos = behind[1.min(behind.len())..].iter().take(digits).fold(0, |nanos: u32, digit| nanos * 10 + u32::from(digit - b'0'));
    let nanos = (digits..9).fold(nanos, |nanos, _| nanos * 10);
    let stamp = Stamp { year: Some(year), date: Some(date), clock, nanos, digits: u8::try_from(digits).ok()?, offset: None };
    Some(Found { start, end, stamp }).filter(|found| found.stamp.is_possible())
}

fn by_form(text: &str, from: usize) -> Option<Found> {
    let mut best: Option<Found> = None;
    let has_clock = memchr::memchr(b':', text.as_bytes()).is_some();
    for form in FORMS.iter().filter(|form| has_clock || !form.has_clock) {
        // Where no digit stands before what was found, nothing earlier can be a time.
        if best.as_ref().is_some_and(|best| !text.as_bytes()[from..best.start].iter().any(u8::is_ascii_digit)) {
            break;
        }
        let mut at = from;
        while let Some(captures) = form.captures_at(text, at) {
            let Some(captures) = without_the_next(form, text, captures) else { break };
            let Some(whole) = captures.get(0) else { break };
            if best.as_ref().is_some_and(|best| whole.start() >= best.start) {
                break;
            }
            let before = text[..whole.start()].chars().next_back();
            let after = text[whole.end()..].chars().next();
            let is_behind_digit =
                text.get(..whole.start().saturating_sub(1)).is_some_and(|text| text.ends_with(|sign: char| sign.is_ascii_digit()));
            let is_part = before.is_some_and(|sign| {
                sign.is_ascii_digit() || is_behind_digit && matches!(sign, ':' | '-') || sign == '.' && whole.as_str().len() < 13
            }) || after.is_some_and(|sign| sign.is_ascii_digit());
            let stamp = if is_part { None } else { (form.read)(&captures) };
            if let Some(stamp) = stamp.filter(Stamp::is_possible) {
                best = Some(Found { start: whole.start(), end: whole.end(), stamp });
                break;
            }
            at = whole.start() + 1;
            while !text.is_char_boundary(at) {
                at += 1;
            }
        }
    }
    best
}

/// Whether a text has what all forms have in common: minutes behind a colon, or a number as long as a time. Asked of
/// every line around a record, it spares them all forms.
fn may_have_one(text: &[u8]) -> bool {
    let mut digits = 0;
    text.iter().enumerate().any(|(at, byte)| {
        digits = if byte.is_ascii_digit() { digits + 1 } else { 0 };
        let are_minutes = *byte == b':' && text[at + 1..].iter().take(2).filter(|byte| byte.is_ascii_digit()).count() == 2;
        are_minutes || digits >= 6 || *byte == b'@'
    })
}

/// A date behind a clock belongs to that clock, unless it begins the next stamp: `Mar 11 09:15:02 2025-03-11 09:15:01`.
fn without_the_next<'a>(form: &Form, text: &'a str, captures: Captures<'a>) -> Option<Captures<'a>> {
    let Some(behind) = captures.name("behind") else { return Some(captures) };
    let is_next = match text.as_bytes()[behind.end()..] {
        [b'-' | b'/' | b'.', digit, ..] => digit.is_ascii_digit(),
        [b'T' | b' ', first, second, b':', ..] => first.is_ascii_digit() && second.is_ascii_digit(),
        _ => false,
    };
    if is_next { form.captures_at(&text[..behind.start()], captures.get(0)?.start()) } else { Some(captures) }
}

fn number<T: std::str::FromStr>(captures: &Captures<'_>, name: &str) -> Option<T> {
    captures.name(name).and_then(|found| found.as_str().parse().ok())
}

fn numeric(captures: &Captures<'_>) -> Option<Stamp> {
    let month = match captures.name("b") {
        Some(name) => month_number(name.as_str()),
        None => number(captures, "m"),
    };
    let year = number::<i32>(captures, "y").or_else(|| number(captures, "y2"));
    let year = year.or_else(|| number::<i32>(captures, "yy").map(|year| year + 2000));
    assemble(captures, year, month, number(captures, "d"))
}

/// Day, month and year in an order that the separator tells: dots are European, slashes American unless that
/// cannot be, and two digits with dashes begin with the year; so do those with slashes that would be older than asyncio.
fn parted(captures: &Captures<'_>) -> Option<Stamp> {
    let (first, second): (u8, u8) = (number(captures, "q")?, number(captures, "r")?);
    let third = captures.name("t")?.as_str();
    let last: i32 = third.parse().ok()?;
    let year = if third.len() == 4 { last } else { last + 2000 };
    match captures.name("sep")?.as_str() {
        sign if third.len() == 2 && (sign == "-" || sign == "/" && first > 12 && last < 14) => {
            let day = u8::try_from(last).ok()?;
            assemble(captures, Some(i32::from(first) + 2000), Some(second), Some(day))
        }
        "/" if first <= 12 => assemble(captures, Some(year), Some(first), Some(second)),
        _ => assemble(captures, Some(year), Some(second), Some(first)),
    }
}

fn assemble(captures: &Captures<'_>, year: Option<i32>, month: Option<u8>, day: Option<u8>) -> Option<Stamp> {
    let mut hour: u8 = number(captures, "h")?;
    match captures.name("p").map(|half| half.as_str().to_ascii_lowercase()) {
        Some(half) if half == "p" && hour < 12 => hour += 12,
        Some(half) if half == "a" && hour == 12 => hour = 0,
        _ => {}
    }
    let fraction = captures.name("f").or_else(|| captures.name("g")).map_or("", |found| found.as_str());
    let nanos = format!("{fraction:0<9}").parse().ok()?;
    let offset = captures.name("z").and_then(|zone| zone_minutes(zone.as_str()));
    Some(Stamp {
        year,
        date: month.zip(day),
        clock: (hour, number(captures, "i")?, number(captures, "s").unwrap_or(0)),
        nanos,
        digits: u8::try_from(fraction.len()).unwrap_or(9),
        offset,
    })
}

fn zone_minutes(zone: &str) -> Option<i32> {
    let Some(sign) = zone.chars().next().filter(|sign| matches!(sign, '+' | '-')) else { return Some(0) };
    let digits: String = zone.chars().filter(char::is_ascii_digit).collect();
    let minutes = digits[..2].parse::<i32>().ok()? * 60 + digits[2..].parse::<i32>().ok()?;
    Some(if sign == '-' { -minutes } else { minutes })
}

/// Seconds of TAI that are ahead of UTC, since when.
const LEAPS: [(i64, i64); 5] = [(1_483_228_800, 37), (1_435_708_800, 36), (1_341_100_800, 35), (1_230_768_000, 34), (0, 33)];

fn tai64(captures: &Captures<'_>) -> Option<Stamp> {
    let label = u64::from_str_radix(captures.name("tai")?.as_str(), 16).ok()?;
    let seconds = i64::try_from(label - (1 << 62)).ok()?;
    let nanos = captures.name("n").map_or(Some(0), |found| u32::from_str_radix(found.as_str(), 16).ok())?;
    let ahead = LEAPS.iter().find(|(since, ahead)| seconds - ahead >= *since).map_or(0, |(_, ahead)| *ahead);
    Stamp::from_unix(seconds - ahead, nanos.min(999_999_999), 9)
}

fn epoch(captures: &Captures<'_>) -> Option<Stamp> {
    Stamp::from_epoch(captures.name("e")?.as_str())
}

fn month_number(name: &str) -> Option<u8> {
    const NAMES: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    NAMES.iter().position(|known| *known == name).and_then(|at| u8::try_from(at + 1).ok())
}

/// Days since 1970 of a date of the Gregorian calendar.
fn days_from_civil(year: i32, month: u8, day: u8) -> i64 {
    let year = i64::from(year) - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let shifted = (i64::from(month) + 9) % 12;
    let of_year = (153 * shifted + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn civil_from_days(days: i64) -> Option<(i32, u8, u8)> {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    Some((i32::try_from(year).ok()?, u8::try_from(month).ok()?, u8::try_from(day).ok()?))
}

#[cfg(test)]
mod tests {
    use super::{find_all, parse};

    #[test]
    fn stamps_are_read_as_written() {
        let cases = [
            ("2025-03-11 09:15:02,123 INFO", "2025-03-11T09:15:02.123"),
            ("[2025-03-11T09:15:02.123+0100] {x}", "2025-03-11T09:15:02.123+01:00"),
            ("[2025-03-11 09:15:02 +0100] [44] [INFO]", "2025-03-11T09:15:02+01:00"),
            ("2025/03/11 09:15:02 E asyncio", "2025-03-11T09:15:02"),
            ("<INFO> 11.03.2025 09:15:02 [x]", "2025-03-11T09:15:02"),
            ("INFO  03/11/2025 09:15:02 AM bridge", "2025-03-11T09:15:02"),
            ("13/03/2025 12:15:02 AM", "2025-03-13T00:15:02"),
            ("Mar 11 01:02:10 PM  x", "--03-11T13:02:10"),
            ("Mar  1 09:15:02.123000 wharf poller[811]:", "--03-01T09:15:02.123000"),
            ("Tue Mar 11 09:15:02 2025 x", "2025-03-11T09:15:02"),
            ("127.0.0.1 - - [11/Mar/2025:09:15:02 +0100] x", "2025-03-11T09:15:02+01:00"),
            ("22-04-13 17:20:36 ERROR", "2022-04-13T17:20:36"),
            ("25/03/11 09:15:02 ERROR", "2025-03-11T09:15:02"),
            ("25/03/24 09:15:02 ERROR", "2024-03-25T09:15:02"),
            ("E 04-27 13:23:32 file.py:414] x", "--04-27T13:23:32"),
            ("E0427 13:23:32.123456 77 file.py:414] x", "--04-27T13:23:32.123456"),
            ("[E 250311 09:15:02 web:12] x", "2025-03-11T09:15:02"),
            ("[E 17:45:05.387 NotebookApp] x", "T17:45:05.387"),
            ("@4000000067cff12b0754d4c0 x", "2025-03-11T08:15:02.123000000Z"),
            ("2025-03-11_09:15:02.123 [INFO]", "2025-03-11T09:15:02.123"),
            ("20250311T091502Z x", "2025-03-11T09:15:02Z"),
            ("[1741680902.123] x", "2025-03-11T08:15:02.123Z"),
            ("March 7, 2024 at 9:05:11 PM", "2024-03-07T21:05:11"),
            ("E 03/11/2025 09:15:02 PM.123 44:MainThread", "2025-03-11T21:15:02.123"),
            ("Tuesday, 11. March 2025 09:15:02 [ERROR]", "2025-03-11T09:15:02"),
            ("Tue, 11 Mar 2025 09:15:02 +0000 x", "2025-03-11T09:15:02Z"),
            ("811:M 11 Mar 09:15:02.123 * x", "--03-11T09:15:02.123"),
            ("09:15:02 2025-03-11 x", "2025-03-11T09:15:02"),
            ("[1,0]<stderr>:2025-03-11 09:15:02 x", "2025-03-11T09:15:02"),
        ];
        for (text, expected) in cases {
            let all: Vec<String> = find_all(text).iter().map(|found| found.stamp.to_string()).collect();
            assert_eq!(all, [expected], "{text}");
        }
        for (text, expected) in [
            ("Mar 11 09:15:03 2025-03-11 09:15:02,123 ERROR", ["--03-11T09:15:03", "2025-03-11T09:15:02.123"]),
            ("Mar 11 09:15:03 2025/03/11 09:15:02 ERROR", ["--03-11T09:15:03", "2025-03-11T09:15:02"]),
            ("09:15:03 2025-03-11 09:15:02,123 ERROR", ["T09:15:03", "2025-03-11T09:15:02.123"]),
        ] {
            let all: Vec<String> = find_all(text).iter().map(|found| found.stamp.to_string()).collect();
            assert_eq!(all, expected, "{text}");
        }
        for text in ["<Task at 0x7f12:13>", "main.py:19: x", "10.0.0.1:8080", "took 1.005 seconds", ""] {
            assert!(find_all(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn numbers_are_moments_by_their_size() {
        for text in ["1741680902", "1741680902000", "1741680902000000", "1741680902000000000"] {
            assert_eq!(parse(text).unwrap().micros(), 1_741_680_902_000_000, "{text}");
        }
        assert_eq!(parse("12345"), None);
    }

    proptest::proptest! {
        #[test]
        fn the_plain_form_is_read_as_by_its_pattern(
            text in "(Mar |E|x |[0-9]|:|-|\\[)?20[0-9]{2}[-/.][0-9]{2}[-/.][0-3][0-9][T _][0-2][0-9]:[0-5][0-9]:[0-5][0-9]([.,][0-9]{0,10})?(Z|UTC|PM| am| - x| -05:00|\\+0100| ERROR|:|[0-9]| 2025|\u{a0}Z)?"
        ) {
            let told = |found: Option<super::Found>| found.map(|found| (found.start, found.end, found.stamp));
            if let Some(plain) = super::plain(&text, 0) {
                proptest::prop_assert_eq!(told(Some(plain)), told(super::by_form(&text, 0)));
            }
        }
    }
}
