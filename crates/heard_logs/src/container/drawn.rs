//! Tables as clients of databases draw them: `psql` in columns and with a field a line, `mysql`, and boxes of `sqlite3`.

use serde_json::{Map, Value};

/// Bytes of one row at most.
const MOST_ROW: usize = 8 << 20;
/// Lines that are looked at for the first ruler.
const FIRST: usize = 40;
/// Signs where rulers cross, and of which they are made.
const CROSSINGS: &str = "+┼├┤┬┴┌┐└┘╪╞╡╤╧╔╗╚╝╟╢╫╠╣╬";
const RULES: &str = "-─═━";
/// What parts the fields of a row, and what `psql` puts at the end of a line that goes on below.
const BARS: [char; 3] = ['|', '│', '║'];
const GOES_ON: [char; 2] = ['+', '↵'];

/// Cuts a stream of drawn tables into rows.
#[derive(Default)]
pub(crate) struct Drawn {
    rest: Vec<u8>,
    number: u64,
    /// From where to where each column goes, in signs; none outside of a table.
    columns: Vec<(usize, usize)>,
    names: Vec<String>,
    /// The last line outside of a table, which may have the names.
    above: String,
    row: Row,
}

/// A row, as far as it was read.
#[derive(Default)]
struct Row {
    begins: u64,
    fields: Vec<(String, String)>,
    goes_on: bool,
    /// Whether a line break was written as such, so that what follows is not drawn.
    is_raw: bool,
}

impl Drawn {
    /// Whether the beginning of a file is such a table with a column for texts, whose names `is_text` knows.
    pub(crate) fn is_table(start: &[u8], is_text: impl Fn(&str) -> bool) -> bool {
        let begins = |line: &[u8]| is_head(&String::from_utf8_lossy(line)) || ruler(&String::from_utf8_lossy(line)).is_some();
        if !start.split(|byte| *byte == b'\n').take(FIRST).any(begins) {
            return false;
        }
        let mut drawn = Self::default();
        let mut rows = Vec::new();
        drawn.feed(start, &mut rows);
        drawn.finish(&mut rows);
        let is_row = |(_, value): &&(u64, Value)| value.as_object().is_some_and(|row| row.keys().any(|name| is_text(name)));
        let count = rows.iter().filter(is_row).count();
        count >= 1 && rows.len() <= count + count / 4 + 3
    }

    /// Takes more text, and gives the rows that it ends, with the lines where they begin.
    pub(crate) fn feed(&mut self, bytes: &[u8], out: &mut Vec<(u64, Value)>) {
        self.rest.extend_from_slice(bytes);
        let rest = std::mem::take(&mut self.rest);
        let mut at = 0;
        while let Some(length) = memchr::memchr(b'\n', &rest[at..]) {
            self.line(&crate::lines::text(&rest[at..at + length]), out);
            at += length + 1;
        }
        self.rest = rest[at..].to_vec();
        if self.rest.len() > MOST_ROW {
            let rest = std::mem::take(&mut self.rest);
            self.line(&crate::lines::text(&rest), out);
        }
    }

    pub(crate) fn finish(&mut self, out: &mut Vec<(u64, Value)>) {
        let rest = std::mem::take(&mut self.rest);
        if !rest.is_empty() {
            self.line(&crate::lines::text(&rest), out);
        }
        self.end(out);
    }

    fn line(&mut self, line: &str, out: &mut Vec<(u64, Value)>) {
        self.number += 1;
        if is_head(line) {
            self.end(out);
            self.columns.clear();
            (self.row.begins, self.row.is_raw) = (self.number, false);
            self.names = vec![String::new()];
        } else if let Some(columns) = ruler(line).filter(|_| !self.row.is_raw) {
            self.rule(columns, out);
        } else if self.columns.is_empty() {
            if self.names.is_empty() || !self.field(line) {
                self.outside(line, out);
            }
        } else if self.row.is_raw {
            self.raw(line);
        } else {
            match self.cells(line) {
                Some(cells) if self.names.is_empty() => self.names = cells.into_iter().map(|(cell, _)| cell.trim().to_owned()).collect(),
                Some(cells) => self.cells_of_row(cells, line.contains('│'), out),
                None if self.begins_raw(line, out) => {}
                None => {
                    self.end(out);
                    (self.columns, self.names) = (Vec::new(), Vec::new());
                    self.outside(line, out);
                }
            }
        }
    }

    /// A line that is no part of a table. How many rows there are is told below them.
    fn outside(&mut self, line: &str, out: &mut Vec<(u64, Value)>) {
        self.end(out);
        self.names.clear();
        let may_be_names = line.contains(BARS);
        if !may_be_names && line.chars().any(char::is_alphanumeric) && !(line.starts_with('(') && line.ends_with(')')) {
            out.push((self.number, Value::String(line.to_owned())));
        }
        line.clone_into(&mut self.above);
    }

    fn rule(&mut self, columns: Vec<(usize, usize)>, out: &mut Vec<(u64, Value)>) {
        self.end(out);
        if self.columns != columns {
            self.columns = columns;
            let above = std::mem::take(&mut self.above);
            let names = self.cells(&above).unwrap_or_default();
            self.names = names.into_iter().map(|(cell, _)| cell.trim().to_owned()).collect();
        }
    }

    /// The fields of a line, each with whether it goes on in the next one.
    fn cells(&self, line: &str) -> Option<Vec<(String, bool)>> {
        let signs: Vec<char> = line.chars().collect();
        let is_bar = |at: usize| signs.get(at).is_some_and(|sign| BARS.contains(sign));
        let (first, last) = (*self.columns.first()?, *self.columns.last()?);
        let is_drawn = self.columns[1..].iter().all(|(start, _)| is_bar(start - 1)) && (first.0 == 0 || is_bar(0) && is_bar(last.1));
        if self.columns.len() == 1 && first.0 == 0 || !is_drawn {
            return None;
        }
        let cell = |(start, end): (usize, usize)| {
            let is_full = signs.len() >= end && end <= last.1;
            let signs = &signs[start.min(signs.len())..end.min(signs.len())];
            let goes_on = is_full && signs.last().is_some_and(|sign| GOES_ON.contains(sign));
            let signs = if goes_on { &signs[..signs.len() - 1] } else { signs };
            let text: String = signs.strip_prefix(&[' ']).unwrap_or(signs).iter().collect();
            (text.trim_end().to_owned(), goes_on)
        };
        // A text may be longer than its column where nothing follows it.
        let whole = if first.0 == 0 { (last.0, last.1.max(signs.len())) } else { last };
        Some(self.columns[..self.columns.len() - 1].iter().copied().chain([whole]).map(cell).collect())
    }

    fn cells_of_row(&mut self, cells: Vec<(String, bool)>, is_box: bool, out: &mut Vec<(u64, Value)>) {
        let goes_on = cells.iter().any(|(_, goes_on)| *goes_on);
        // Boxes do not show it: then the first field is empty.
        let is_below = is_box && cells.first().is_some_and(|(cell, _)| cell.is_empty());
        let is_same = !self.row.fields.is_empty() && (self.row.goes_on || is_below);
        if !is_same {
            self.end(out);
            self.row.begins = self.number;
            self.row.fields = self.names.iter().cloned().zip(cells.into_iter().map(|(cell, _)| cell)).collect();
        } else if self.row.fields.iter().map(|(_, cell)| cell.len()).sum::<usize>() < MOST_ROW {
            for ((_, field), (cell, _)) in self.row.fields.iter_mut().zip(cells) {
                field.push('\n');
                field.push_str(&cell);
            }
        }
        self.row.goes_on = goes_on;
    }

    /// A row of `mysql` whose last field has line breaks in it, up to the first of them.
    fn begins_raw(&mut self, line: &str, out: &mut Vec<(u64, Value)>) -> bool {
        let Some(inside) = line.strip_prefix('|').filter(|_| self.columns[0].0 > 0 && !self.names.is_empty()) else { return false };
        let cells: Vec<&str> = inside.splitn(self.names.len(), '|').collect();
        if cells.len() < self.names.len() {
            return false;
        }
        self.end(out);
        self.row = Row { begins: self.number, is_raw: true, ..Row::default() };
        let cells = cells.into_iter().map(|cell| cell.strip_prefix(' ').unwrap_or(cell).trim_end().to_owned());
        self.row.fields = self.names.iter().cloned().zip(cells).collect();
        true
    }

    fn raw(&mut self, line: &str) {
        let end = line.trim_end().strip_suffix('|');
        if let Some((_, field)) = self.row.fields.last_mut().filter(|(_, field)| field.len() < MOST_ROW) {
            field.push('\n');
            field.push_str(end.unwrap_or(line).trim_end());
        }
        self.row.is_raw = end.is_none();
    }

    /// `NAME | VALUE`, and without a name what the value goes on with.
    fn field(&mut self, line: &str) -> bool {
        let Some(at) = line.find(BARS) else { return false };
        let name = line[..at].trim();
        let value = line[at..].trim_start_matches(BARS);
        let value = value.strip_prefix(' ').unwrap_or(value).trim_end();
        match self.row.fields.last_mut().filter(|_| name.is_empty()) {
            Some((_, field)) => {
                let begun = field.trim_end_matches(GOES_ON).trim_end().len();
                field.truncate(begun);
                field.push('\n');
                field.push_str(value);
            }
            None => self.row.fields.push((name.to_owned(), value.to_owned())),
        }
        true
    }

    fn end(&mut self, out: &mut Vec<(u64, Value)>) {
        let row = std::mem::take(&mut self.row);
        // What fills a column is no indentation, which only a text over several lines has.
        let whole = |text: String| {
            let text = text.trim_end();
            if text.contains('\n') { text.to_owned() } else { text.trim_start().to_owned() }
        };
        let fields: Map<String, Value> = row.fields.into_iter().map(|(name, text)| (name, Value::String(whole(text)))).collect();
        if !fields.is_empty() {
            out.push((row.begins, Value::Object(fields)));
        }
    }
}

/// Whether this stands above a row of which each field is a line.
fn is_head(line: &str) -> bool {
    line.starts_with("-[ RECORD ") || line.starts_with("─[ RECORD ")
}

/// The columns under or over a ruler: `----+----`, `+----+----+`, `├────┼────┤`.
fn ruler(line: &str) -> Option<Vec<(usize, usize)>> {
    let line = line.trim_end();
    if !line.starts_with(|sign| CROSSINGS.contains(sign) || RULES.contains(sign)) {
        return None;
    }
    let mut columns = Vec::new();
    let mut start = None;
    let mut end = 0;
    for (at, sign) in line.chars().enumerate() {
        end = at + 1;
        if RULES.contains(sign) {
            start.get_or_insert(at);
        } else if CROSSINGS.contains(sign) {
            columns.extend(start.take().map(|start| (start, at)));
        } else {
            return None;
        }
    }
    columns.extend(start.map(|start| (start, end)));
    // One rule alone may be anything, as may a crossing without rules.
    let is_framed = line.starts_with(|sign| CROSSINGS.contains(sign));
    (columns.len() >= if is_framed { 1 } else { 2 } && columns.iter().all(|(start, end)| end - start >= 3)).then_some(columns)
}

#[cfg(test)]
mod tests {
    use super::Drawn;

    fn rows(text: &str) -> Vec<String> {
        let mut drawn = Drawn::default();
        let mut out = Vec::new();
        text.as_bytes().chunks(7).for_each(|chunk| drawn.feed(chunk, &mut out));
        drawn.finish(&mut out);
        out.into_iter().map(|(line, value)| format!("{line} {value}")).collect()
    }

    #[test]
    fn rows_are_put_together() {
        let expected = ["{\"id\":\"1\",\"message\":\"a | +\\n  b\"}", "{\"id\":\"2\",\"message\":\"c\"}"];
        for (text, lines) in [
            (" id | message \n----+---------\n  1 | a | +  +\n    |   b\n  2 | c\n(2 rows)\n\n", [3, 5]),
            (
                "+----+---------+\n| id | message |\n+----+---------+\n|  1 | a | +  +|\n|    |   b     |\n|  2 | c       |\n+----+---------+\n",
                [4, 6],
            ),
            ("+----+---------+\n| id | message |\n+----+---------+\n|  1 | a | +\n  b     |\n|  2 | c       |\n+----+---------+\n", [4, 6]),
            (
                "┌────┬─────────┐\n│ id │ message │\n├────┼─────────┤\n│ 1  │ a | +   │\n│    │   b     │\n├────┼─────────┤\n│ 2  │ c       │\n└────┴─────────┘\n",
                [4, 7],
            ),
            ("-[ RECORD 1 ]-----\nid      | 1\nmessage | a | +  +\n        |   b\n-[ RECORD 2 ]-----\nid      | 2\nmessage | c\n", [1, 5]),
        ] {
            let expected: Vec<String> = expected.iter().zip(lines).map(|(row, line)| format!("{line} {row}")).collect();
            assert_eq!(rows(text), expected, "{text}");
        }
    }

    #[test]
    fn a_table_in_a_log_does_not_make_it_one() {
        let is_text = |name: &str| name == "message";
        let table = "+----+---------+\n| id | message |\n+----+---------+\n| 1  | a       |\n+----+---------+\n";
        assert!(Drawn::is_table(table.as_bytes(), is_text));
        for text in [
            format!("2025-03-11 INFO x\n{table}{}", "2025-03-11 INFO y\n".repeat(9)),
            table.replace("message", "weight "),
            "+---+\n---\n".to_owned(),
        ] {
            assert!(!Drawn::is_table(text.as_bytes(), is_text), "{text}");
        }
    }
}
