//! Tables: exports as CSV, with commas, semicolons or tabs, and texts over several lines; and what a formatter writes
//! as rows, without a header.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use serde_json::{Map, Value};

use crate::message;
use crate::stamp;

/// Bytes of one row at most.
const MOST_ROW: usize = 8 << 20;

/// Cuts a stream of a table into rows.
pub(crate) struct Table {
    reader: Reader,
    /// The names of the columns; none before the header was read, or where there is none.
    names: Vec<String>,
    has_header: bool,
    row: Vec<u8>,
    ends: Vec<usize>,
    written: usize,
    fields: usize,
}

impl Table {
    pub(crate) fn new(delimiter: u8, has_header: bool) -> Self {
        let reader = ReaderBuilder::new().delimiter(delimiter).build();
        Self { reader, names: Vec::new(), has_header, row: vec![0; 4096], ends: vec![0; 64], written: 0, fields: 0 }
    }

    /// Takes more text, none at the end, and gives the rows that it ends, with the lines where they end.
    pub(crate) fn feed(&mut self, bytes: &[u8], out: &mut Vec<(u64, Value)>) {
        let mut input = bytes;
        loop {
            let (result, read, written, fields) =
                self.reader.read_record(input, &mut self.row[self.written..], &mut self.ends[self.fields..]);
            input = &input[read..];
            self.written += written;
            self.fields += fields;
            match result {
                ReadRecordResult::InputEmpty => return,
                ReadRecordResult::OutputFull if self.row.len() >= MOST_ROW => self.written = 0,
                ReadRecordResult::OutputFull => self.row.resize(self.row.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::Record => self.end(out),
                ReadRecordResult::End => {
                    self.end(out);
                    return;
                }
            }
        }
    }

    fn end(&mut self, out: &mut Vec<(u64, Value)>) {
        let mut start = 0;
        let mut values = Vec::new();
        for end in &self.ends[..self.fields] {
            let field = self.row.get(start..*end).unwrap_or_default();
            values.push(field.split(|byte| *byte == b'\n').map(crate::lines::text).collect::<Vec<_>>().join("\n"));
            start = *end;
        }
        (self.written, self.fields) = (0, 0);
        if self.has_header && self.names.is_empty() {
            self.names = values;
            return;
        }
        let row: Map<String, Value> =
            if self.has_header { self.names.iter().cloned().zip(values.into_iter().map(Value::String)).collect() } else { named(values) };
        if !row.is_empty() {
            out.push((self.reader.line(), Value::Object(row)));
        }
    }
}

/// The fields of a row without names, told by what they are: a time, a level, and the text with all that follows it.
fn named(mut values: Vec<String>) -> Map<String, Value> {
    let mut row = Map::new();
    let mut take = |name: &str, is_it: &dyn Fn(&str) -> bool| {
        if let Some(found) = values.iter().position(|value| is_it(value)) {
            row.insert(name.to_owned(), Value::String(values.remove(found)));
        }
    };
    take("time", &|value| stamp::parse(value).is_some());
    take("level", &|value| matches!(value, "DEBUG" | "INFO" | "WARNING" | "ERROR" | "CRITICAL"));
    let told = values.iter().position(|value| message::find_trigger(value.as_bytes()).is_some()).unwrap_or(0);
    let text = values[told.min(values.len())..].iter().filter(|value| !value.is_empty()).cloned().collect::<Vec<_>>().join("\n");
    row.insert("message".to_owned(), Value::String(text));
    row
}

/// The delimiter of a table that has no header: rows of as many fields, each with a time, and a field that goes over
/// several lines, without which lines will do.
pub(crate) fn without_header(text: &[u8]) -> Option<u8> {
    let first = text.split(|byte| *byte == b'\n').next()?;
    let delimiter = [b',', b';', b'\t'].into_iter().max_by_key(|delimiter| memchr::memchr_iter(*delimiter, first).count())?;
    let quoted = [delimiter, b'"'];
    if memchr::memchr_iter(delimiter, first).count() < 3 || memchr::memmem::find(text, &quoted).is_none() {
        return None;
    }
    let mut rows = Vec::new();
    let mut table = Table::new(delimiter, true);
    // Names that no two rows share: all of a row stays.
    table.names = (0..MOST_FIELDS).map(|number| number.to_string()).collect();
    table.feed(text, &mut rows);
    let rows: Vec<&Map<String, Value>> = rows.iter().filter_map(|(_, row)| row.as_object()).collect();
    let count = rows.first()?.len();
    // Others may have written lines in between.
    let own: Vec<Vec<&str>> =
        rows.iter().filter(|row| row.len() == count).map(|row| row.values().filter_map(Value::as_str).collect()).collect();
    let has_time = |row: &Vec<&str>| row.iter().any(|text| stamp::parse(text).is_some());
    let is_long = |row: &Vec<&str>| row.iter().any(|text| text.contains('\n'));
    let is_table = own.len() >= 3 && own.len() * 5 >= rows.len() * 4 && own.iter().all(has_time);
    (is_table && own.iter().any(is_long)).then_some(delimiter)
}

/// Fields at most of a row without a header.
const MOST_FIELDS: usize = 64;
