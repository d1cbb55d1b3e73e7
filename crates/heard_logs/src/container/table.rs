//! Tables with a header: exports as CSV, with commas, semicolons or tabs, and texts over several lines.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use serde_json::{Map, Value};

/// Bytes of one row at most.
const MOST_ROW: usize = 8 << 20;

/// Cuts a stream of a table into rows.
pub(crate) struct Table {
    reader: Reader,
    names: Vec<String>,
    row: Vec<u8>,
    ends: Vec<usize>,
    written: usize,
    fields: usize,
}

impl Table {
    pub(crate) fn new(delimiter: u8) -> Self {
        let reader = ReaderBuilder::new().delimiter(delimiter).build();
        Self { reader, names: Vec::new(), row: vec![0; 4096], ends: vec![0; 64], written: 0, fields: 0 }
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
        if self.names.is_empty() {
            self.names = values;
            return;
        }
        let row: Map<String, Value> = self.names.iter().cloned().zip(values.into_iter().map(Value::String)).collect();
        if !row.is_empty() {
            out.push((self.reader.line(), Value::Object(row)));
        }
    }
}
