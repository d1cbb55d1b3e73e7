//! Tables as bytes that outlive the process: a checksum, what lies where, and then what each text tells.

use std::io::{self, Write};
use std::sync::Arc;

use camino::Utf8Path;
use serde::{Deserialize, Serialize};

use super::{Stamped, State, Tables, TextId};
use crate::resolve::Written;
use crate::sealed;
use crate::system::Stamp;

/// Fewer texts are read as quickly as they are looked up.
const LEAST: usize = 100;

/// The bytes are written anew when more than this share of the texts had to be read.
const MOST_READ: usize = 32;

/// What lies where.
#[derive(Default, Serialize, Deserialize)]
struct Contents<'a> {
    /// The texts, each with how many bytes it takes.
    texts: Vec<(TextId, u32)>,
    #[serde(borrow)]
    files: Vec<(&'a str, Stamped)>,
}

impl Tables {
    /// The tables that [`Tables::write`] wrote for the same `program`; none where the bytes are another's, or damaged.
    #[must_use]
    pub fn from_bytes(program: Stamp, bytes: Vec<u8>) -> Option<Self> {
        let all = Written::new(bytes);
        let (contents, texts): (Contents<'_>, _) = postcard::take_from_bytes(sealed::open(program, all.bytes())?).ok()?;
        let mut start = all.bytes().len() - texts.len();
        let mut state = State::default();
        for (text, length) in contents.texts {
            let end = start.checked_add(length as usize)?;
            state.known.insert(text, (all.part(start..end)?, state.checks));
            start = end;
        }
        state.files = contents.files.into_iter().map(|(path, stamped)| (Arc::from(Utf8Path::new(path)), stamped)).collect();
        Some(Tables(state.into()))
    }

    /// Of how many texts the tables had to be made; nothing where there are so few that they are not kept.
    #[must_use]
    pub fn made(&self) -> Option<usize> {
        self.with(|state| (state.known.len() >= LEAST).then_some(state.made))
    }

    /// Whether to write them saves another process much beside what this one was given.
    #[must_use]
    pub fn are_worth_writing(&self) -> bool {
        self.with(|state| state.known.len() >= LEAST && state.reads * MOST_READ > state.known.len())
    }

    /// Writes the tables for the same `program` in another process.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, program: Stamp, out: &mut dyn Write) -> io::Result<()> {
        let (mut known, files) = self.with(|state| {
            state.reads = 0;
            (state.known.clone(), state.files.clone())
        });
        // Files come and go, and what the last check did not ask for, the next one will not either.
        let last = known.values().map(|(_, asked)| *asked).max();
        known.retain(|_, (_, asked)| Some(*asked) == last);
        let mut contents = Contents::default();
        for (text, (written, _)) in &known {
            contents.texts.push((*text, u32::try_from(written.bytes().len()).map_err(io::Error::other)?));
        }
        let stamped = files.iter().filter(|(_, file)| known.contains_key(&file.text));
        contents.files.extend(stamped.map(|(path, file)| (path.as_str(), *file)));
        let contents = postcard::to_allocvec(&contents).map_err(io::Error::other)?;
        // They are large enough not to be copied together.
        let parts = || std::iter::once(&*contents).chain(known.values().map(|(written, _)| written.bytes()));
        out.write_all(&sealed::seal(program, parts()))?;
        parts().try_for_each(|part| out.write_all(part))
    }
}

#[cfg(test)]
mod tests {
    use ruff_python_ast::PySourceType;
    use ruff_python_parser::parse_module;

    use super::*;
    use crate::tables::Told;

    const VERSION: (u8, u8) = (3, 14);

    fn program() -> Stamp {
        Stamp::of_text("this one")
    }

    fn text(number: usize) -> String {
        format!("class C{number}:\n    async def work(self): return await other()\n")
    }

    fn path(number: usize) -> Arc<Utf8Path> {
        Arc::from(Utf8Path::new(&format!("/shop/m{number}.py")))
    }

    fn told(tables: &Tables, number: usize) -> Told {
        let (text, stamp) = (text(number), Stamp::of(&[number as u64]));
        let id = TextId::of(&text, PySourceType::Python, VERSION);
        let make = || Ok(Told::of(&text, parse_module(&text).unwrap().suite(), VERSION));
        let told = tables.of_text(id, make).unwrap();
        tables.note(&path(number), Some(stamp), VERSION, id);
        told
    }

    fn filled() -> Tables {
        let tables = Tables::default();
        tables.begin();
        (0..LEAST).for_each(|number| drop(told(&tables, number)));
        tables
    }

    fn written(tables: &Tables) -> Vec<u8> {
        let mut bytes = Vec::new();
        tables.write(program(), &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn what_was_written_is_what_a_text_tells() {
        let bytes = written(&filled());
        let read = Tables::from_bytes(program(), bytes).unwrap();
        read.begin();
        for number in 0..LEAST {
            let (stamp, fresh) = (Stamp::of(&[number as u64]), told(&Tables::default(), number));
            let (_, known) = read.of_file(&path(number), stamp, VERSION).unwrap();
            assert_eq!((&known.names, &**known.table), (&fresh.names, &**fresh.table));
            assert!(read.of_file(&path(number), Stamp::of(&[number as u64 + 1]), VERSION).is_none(), "another stamp");
            assert!(read.of_file(&path(number), stamp, (3, 12)).is_none(), "another version of Python");
            told(&read, number);
        }
        assert_eq!(read.made(), Some(0));
    }

    #[test]
    fn what_is_damaged_or_of_another_program_is_nothing() {
        let bytes = written(&filled());
        assert!(Tables::from_bytes(Stamp::of_text("another one"), bytes.clone()).is_none());
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x10;
            assert!(Tables::from_bytes(program(), damaged).is_none(), "byte {at}");
        }
        for length in (0..bytes.len()).step_by(7) {
            assert!(Tables::from_bytes(program(), bytes[..length].to_vec()).is_none(), "{length} bytes");
        }
    }

    #[test]
    fn only_what_helps_is_written() {
        let few = Tables::default();
        few.begin();
        told(&few, 0);
        assert!(!few.are_worth_writing(), "one text");
        let tables = filled();
        assert!(tables.are_worth_writing());
        let all = written(&tables);
        assert!(!tables.are_worth_writing(), "nothing was read since");
        tables.begin();
        (0..LEAST / 2).for_each(|number| drop(told(&tables, number)));
        assert!(tables.are_worth_writing() && written(&tables).len() < all.len(), "half of the files are gone");
    }
}
