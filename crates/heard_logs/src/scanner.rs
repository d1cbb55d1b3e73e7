//! One stream of bytes, from its first block to its last, in bounded memory.

mod ahead;
mod blocks;
mod coding;
mod fences;
mod parts;
mod spread;
mod unwrap;

use std::io::{self, Read};
use std::rc::Rc;

use serde_json::Value;

use self::blocks::{Block, Blocks};
use self::coding::Coding;
use self::fences::Fences;
use self::parts::Parts;
use self::spread::{Spread, Step};
use self::unwrap::Unwrapper;
use crate::assembly::open::Open;
use crate::assembly::{Assembler, Line, LookBack, Nothing, Origin};
use crate::container::document::Document;
use crate::container::drawn::Drawn;
use crate::container::journal::Journal;
use crate::container::odd::Odd;
use crate::container::order::Order;
use crate::container::own::{Own, Unread};
use crate::container::sniff::{self, Shape};
use crate::container::table::Table;
use crate::container::{Item, fields};
use crate::event::{self, Reading};
use crate::incident::Example;
use crate::partial::Partial;
use crate::window::Window;

/// Bytes at most that are looked at to tell the shape.
const SNIFF: usize = 64 << 10;

/// Reads one stream: a file, a chain of rotated files, standard input.
pub struct Scanner {
    name: Rc<str>,
    window: Window,
    partial: Partial,
    start: Vec<u8>,
    coding: Option<Coding>,
    shape: Option<Reader>,
    assembler: Assembler,
    /// A line of asyncio's that is not understood, unless the next one is its text.
    head: Option<Example>,
    repeats: event::repeat::Repeats,
    unread: Unread,
    /// An object of which not all lines were seen, and the line of the message in it.
    spread: Option<(u64, Spread)>,
}

enum Reader {
    Lines(Blocks, Unwrapper, Fences),
    Document(Document, Order),
    Journal(Journal, Order),
    Table(Box<Table>, Order),
    Drawn(Box<Drawn>, Order),
    Odd(Odd, Unwrapper, Order, bool),
}

impl Scanner {
    /// A scanner for what goes by this name, which keeps the events that lie in the window.
    #[must_use]
    pub fn new(name: &str, window: Window) -> Self {
        Self {
            name: Rc::from(name),
            window,
            partial: Partial::default(),
            start: Vec::new(),
            coding: None,
            shape: None,
            assembler: Assembler::default(),
            head: None,
            repeats: event::repeat::Repeats::default(),
            unread: Unread::default(),
            spread: None,
        }
    }

    /// What follows comes from this file: the next one of a chain.
    pub fn rename(&mut self, name: &str) {
        self.flush_blocks();
        self.name = Rc::from(name);
        self.partial.file(name);
        if let Some(Reader::Lines(blocks, ..)) = &mut self.shape {
            blocks.restart_lines();
        }
    }

    /// Reads to the end of a source. What was read before an error counts.
    ///
    /// # Errors
    /// What the source says.
    pub fn read(&mut self, source: &mut impl Read) -> io::Result<()> {
        let mut block = Block::default();
        while self.takes_blocks() {
            if block.read(source)? == 0 {
                return Ok(());
            }
            block = self.block(block);
        }
        while self.read_some(source)? {
            if self.takes_blocks() {
                return self.read(source);
            }
        }
        Ok(())
    }

    /// The same, and a thread of its own reads ahead where that is of use.
    pub(crate) fn read_ahead(&mut self, source: &mut (impl Read + Send)) -> io::Result<()> {
        while !self.takes_blocks() {
            if !self.read_some(source)? {
                return Ok(());
            }
        }
        ahead::read(source, |block| self.block(block))
    }

    /// Whether the bytes can be searched as they are.
    fn takes_blocks(&self) -> bool {
        matches!(self.shape, Some(Reader::Lines(..))) && self.coding.as_ref().is_none_or(Coding::is_plain)
    }

    /// Searches a block, and gives back one that can be filled anew.
    fn block(&mut self, block: Block) -> Block {
        let Some(Reader::Lines(blocks, ..)) = &mut self.shape else { return block };
        let free = blocks.take(block);
        self.lines(false);
        free
    }

    /// Reads a little, and whether there was something.
    fn read_some(&mut self, source: &mut impl Read) -> io::Result<bool> {
        let mut bytes = vec![0; SNIFF];
        match source.read(&mut bytes) {
            Ok(length) => {
                self.feed(&bytes[..length]);
                Ok(length > 0)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Takes more bytes.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.shape.is_none() {
            self.start.extend_from_slice(bytes);
            if self.start.len() >= SNIFF {
                self.begin();
            }
            return;
        }
        match self.coding.as_mut().filter(|coding| !coding.is_plain()) {
            Some(coding) => {
                let text = coding.text(bytes);
                self.push(&text);
            }
            None => self.push(bytes),
        }
    }

    fn begin(&mut self) {
        let start = std::mem::take(&mut self.start);
        let mut coding = Coding::of(&start);
        let text = coding.text(&start).into_owned();
        self.coding = Some(coding);
        self.shape = Some(match sniff::shape(&text) {
            Shape::Lines => Reader::Lines(Blocks::with(Parts::of(&text)), Unwrapper::default(), Fences::of(&text)),
            Shape::Document => Reader::Document(Document::default(), Order::default()),
            Shape::Drawn => Reader::Drawn(Box::default(), Order::default()),
            Shape::Journal => Reader::Journal(Journal::default(), Order::default()),
            Shape::Odd(layout) => Reader::Odd(Odd::new(layout), Unwrapper::default(), Order::default(), layout.is_turned),
            Shape::Table { delimiter, has_header } => Reader::Table(Box::new(Table::new(delimiter, has_header)), Order::default()),
        });
        self.push(&text);
    }

    fn push(&mut self, bytes: &[u8]) {
        let mut values = Vec::new();
        match &mut self.shape {
            Some(Reader::Lines(..)) => {
                for chunk in bytes.chunks(SNIFF) {
                    if let Some(Reader::Lines(blocks, ..)) = &mut self.shape {
                        blocks.extend(chunk);
                    }
                    self.lines(false);
                }
                return;
            }
            Some(Reader::Document(document, _)) => document.feed(bytes, &mut values),
            Some(Reader::Journal(journal, _)) => journal.feed(bytes, &mut values),
            Some(Reader::Table(table, _)) => table.feed(bytes, &mut values),
            Some(Reader::Drawn(drawn, _)) => drawn.feed(bytes, &mut values),
            Some(Reader::Odd(odd, ..)) => {
                let mut lines = Vec::new();
                odd.feed(bytes, &mut lines);
                self.partial.file(&self.name).lines += memchr::memchr_iter(b'\n', bytes).count() as u64;
                self.odd(lines, false);
                return;
            }
            None => return,
        }
        self.partial.file(&self.name).lines += memchr::memchr_iter(b'\n', bytes).count() as u64;
        self.values(values, false);
    }

    /// Values in the order of the file, and whether these are the last.
    fn values(&mut self, values: Vec<(u64, Value)>, is_end: bool) {
        if let Some(Reader::Document(document, _)) = &mut self.shape {
            for (line, text) in document.take_damaged() {
                self.partial.puzzle(Example { file: self.name.to_string(), line, text });
            }
        }
        let Some(Reader::Document(_, order) | Reader::Journal(_, order) | Reader::Table(_, order) | Reader::Drawn(_, order)) =
            &mut self.shape
        else {
            return;
        };
        let mut items = Vec::new();
        for (number, value) in values {
            for item in fields::items(&value, &Origin::default()) {
                order.push(number, item, &mut items);
            }
        }
        if is_end {
            order.finish(&mut items);
        }
        for (number, item) in items {
            self.items(number, vec![item], &Nothing, false);
        }
    }

    /// Lines that are seen one by one, and whether these are the last.
    fn odd(&mut self, lines: Vec<(u64, Vec<u8>)>, is_end: bool) {
        let Some(Reader::Odd(_, unwrapper, order, is_turned)) = &mut self.shape else { return };
        let mut items = Vec::new();
        for (number, line) in lines {
            for item in unwrapper.unwrap(&line) {
                if *is_turned {
                    order.push(number, item, &mut items);
                } else {
                    items.push((number, item));
                }
            }
        }
        if is_end {
            order.finish(&mut items);
        }
        for (number, item) in items {
            self.items(number, vec![item], &Nothing, false);
        }
    }

    fn own(&mut self, number: u64, own: Own) {
        let own = Own { event: event::Event { line: number, ..own.event }, ..own };
        if let Some(event) = self.unread.decide(own) {
            let file = Rc::clone(&self.name);
            self.keep(event, &file);
        }
    }

    /// Searches what is in the buffer.
    fn lines(&mut self, is_end: bool) {
        let (mut blocks, mut unwrapper, mut fences) = match self.shape.take() {
            Some(Reader::Lines(blocks, unwrapper, fences)) => (blocks, unwrapper, fences),
            other => {
                self.shape = other;
                return;
            }
        };
        blocks.begin(is_end);
        let is_document = fences.is_document();
        while let Some((number, range)) = blocks.next(is_document || self.is_hungry() || unwrapper.is_hungry()) {
            let (bytes, before) = blocks.line(&range);
            if is_document {
                fences.go_on(&String::from_utf8_lossy(bytes));
            }
            let is_quote = fences.is_quote();
            match self.spread.as_mut().map_or(Step::Other, |(_, spread)| spread.go_on(bytes)) {
                Step::Taken => {}
                Step::Whole(items) => {
                    let begun = self.spread.take().map_or(number, |(begun, _)| begun);
                    self.items(begun, items, &before, is_quote);
                }
                Step::Lost(lines) => {
                    let begun = self.spread.take().map_or(number, |(begun, _)| begun);
                    for line in lines {
                        self.items(begun, unwrapper.unwrap(line.as_bytes()), &Nothing, is_quote);
                    }
                }
                Step::Other => match Spread::begin(bytes, &before).filter(|_| self.spread.is_none()) {
                    Some(spread) => self.spread = Some((number, spread)),
                    None => self.items(number, unwrapper.unwrap(bytes), &before, is_quote),
                },
            }
        }
        if let Some((number, spread)) = self.spread.take_if(|_| is_end) {
            for line in spread.rest() {
                self.items(number, unwrapper.unwrap(line.as_bytes()), &Nothing, fences.is_quote());
            }
        }
        self.partial.file(&self.name).lines += blocks.count_lines();
        self.shape = Some(Reader::Lines(blocks, unwrapper, fences));
    }

    /// Whether the next lines are to be looked at, whatever is in them.
    fn is_hungry(&self) -> bool {
        self.assembler.is_hungry() || self.spread.is_some() || self.head.is_some()
    }

    fn items(&mut self, number: u64, items: Vec<Item>, before: &impl LookBack, is_quote: bool) {
        for item in items {
            match item {
                Item::Own(own) => self.own(number, *own),
                Item::Text { mut origin, lines } => {
                    origin.is_quote |= is_quote;
                    let origin = Rc::new(origin);
                    for (at, text) in lines.into_iter().enumerate() {
                        let line = Line { file: Rc::clone(&self.name), text, number, origin: Rc::clone(&origin), is_first: at == 0 };
                        self.line(&line, before);
                    }
                }
            }
        }
    }

    fn line(&mut self, line: &Line, before: &impl LookBack) {
        let mut done = Vec::new();
        let is_taken = self.assembler.line(line, before, &mut done);
        for open in done {
            self.record(&open);
        }
        self.puzzle(line, is_taken);
    }

    /// Counts what asyncio has said otherwise. A head without a text is not it, if a message follows.
    fn puzzle(&mut self, line: &Line, is_taken: bool) {
        if let Some(example) = self.head.take().filter(|_| !event::has_message(&line.text)) {
            self.partial.puzzle(example);
        }
        if line.text.contains("asyncio") && !is_taken && event::puzzle::is_of_asyncio(line) {
            let example = Example { file: self.name.to_string(), line: line.number, text: line.text.chars().take(2000).collect() };
            self.head = Some(example);
        }
    }

    fn record(&mut self, open: &Open) {
        match event::read(open) {
            Reading::Event(_) if self.repeats.is_repeat(open) => {}
            Reading::Event(event) => self.keep(*event, &open.file),
            Reading::Quote => self.partial.quote(),
        }
    }

    fn keep(&mut self, event: event::Event, file: &str) {
        if self.window.holds(event.last.as_ref()) {
            self.partial.event(event, file);
        }
    }

    fn flush_blocks(&mut self) {
        if self.shape.is_none() && !self.start.is_empty() {
            self.begin();
        }
    }

    /// Ends what is open, as where a file has not grown for a while, and gives what was found since the last time.
    pub fn settle(&mut self) -> Partial {
        self.flush_blocks();
        if let Some(example) = self.head.take() {
            self.partial.puzzle(example);
        }
        let mut done = Vec::new();
        self.assembler.gap(&mut done);
        for open in done {
            self.record(&open);
        }
        std::mem::take(&mut self.partial)
    }

    /// Counts bytes on the disk for the file that is read.
    pub fn count_bytes(&mut self, bytes: u64) {
        self.partial.file(&self.name).bytes += bytes;
    }

    /// Says why the file was not read to its end.
    pub fn trouble(&mut self, reason: &dyn std::fmt::Display) {
        self.partial.trouble(&self.name, reason);
    }

    /// The end of the stream.
    #[must_use]
    pub fn finish(mut self) -> Partial {
        self.flush_blocks();
        self.lines(true);
        let mut values = Vec::new();
        match &mut self.shape {
            Some(Reader::Document(document, _)) => document.finish(&mut values),
            Some(Reader::Journal(journal, _)) => journal.finish(&mut values),
            Some(Reader::Table(table, _)) => table.feed(&[], &mut values),
            Some(Reader::Drawn(drawn, _)) => drawn.finish(&mut values),
            Some(Reader::Odd(odd, ..)) => {
                let mut lines = Vec::new();
                odd.finish(&mut lines);
                self.odd(lines, true);
            }
            _ => {}
        }
        self.values(values, true);
        if let Some(Reader::Lines(_, unwrapper, _) | Reader::Odd(_, unwrapper, ..)) = &mut self.shape {
            let number = self.partial.file(&self.name).lines;
            for item in unwrapper.rest() {
                self.items(number, vec![item], &Nothing, false);
            }
        }
        let file = Rc::clone(&self.name);
        for event in self.unread.rest() {
            self.keep(event, &file);
        }
        self.settle()
    }
}
