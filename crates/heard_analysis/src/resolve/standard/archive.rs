//! How the tables of the standard library are kept: one file that begins with where each of them lies.

use ruff_python_ast::PySourceType;
use ruff_python_parser::parse_unchecked_source;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::outline::outline;
use crate::resolve::table::{FileTable, Version};

/// The versions of Python that code may be read for. Later ones are read as the last.
const VERSIONS: std::ops::RangeInclusive<u8> = 7..=15;

/// A module as typeshed describes it.
pub struct Described {
    /// As imports name it.
    pub name: String,
    /// Whether other modules lie inside.
    pub is_package: bool,
    /// The first and the last version of Python that has it.
    pub versions: (Version, Version),
    /// The text of its stub.
    pub text: String,
}

/// What the archive says of one module.
#[derive(Debug, Serialize, Deserialize)]
struct Listed {
    name: String,
    is_package: bool,
    /// For each stretch of minor versions, the first and the last, and where the table lies.
    tables: Vec<(u8, u8, u32, u32)>,
}

/// The tables of all modules.
#[derive(Debug)]
pub(super) struct Archive {
    tables: &'static [u8],
    modules: FxHashMap<&'static str, &'static Listed>,
}

/// Makes the archive of the standard library from its stubs. The same stubs make the same archive.
///
/// # Panics
/// When a table cannot be written down, which is a bug in heard.
#[must_use]
pub fn pack(mut described: Vec<Described>) -> Vec<u8> {
    described.sort_by(|left, right| left.name.cmp(&right.name));
    let mut tables: Vec<u8> = Vec::new();
    let mut listed: Vec<Listed> = Vec::new();
    for module in &described {
        let mut of_module: Vec<(u8, u8, u32, u32)> = Vec::new();
        let mut last: Option<FileTable> = None;
        for minor in VERSIONS {
            let version = (3, minor);
            if version < module.versions.0 || version > module.versions.1 {
                continue;
            }
            let table = table_of(&module.text, version);
            if let (Some((_, end, ..)), Some(same)) = (of_module.last_mut(), &last)
                && *same == table
            {
                *end = minor;
                continue;
            }
            let written = postcard::to_allocvec(&table).unwrap_or_default();
            let packed = miniz_oxide::deflate::compress_to_vec(&written, 9);
            of_module.push((minor, minor, number(tables.len()), number(packed.len())));
            tables.extend(packed);
            last = Some(table);
        }
        listed.push(Listed { name: module.name.clone(), is_package: module.is_package, tables: of_module });
    }
    let index = postcard::to_allocvec(&listed).unwrap_or_default();
    let mut archive = number(index.len()).to_le_bytes().to_vec();
    archive.extend(index);
    archive.extend(tables);
    archive
}

/// The table of what a stub says. Its places are those of the outline, which is all that is left of the text.
fn table_of(text: &str, version: Version) -> FileTable {
    let table = |text: &str| FileTable::of(text, parse_unchecked_source(text, PySourceType::Stub).suite(), version);
    table(&outline(&table(text)))
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

impl Archive {
    /// The archive in these bytes; an empty one where they are damaged.
    pub(super) fn open(bytes: &'static [u8]) -> Self {
        let parts = || {
            let (length, rest) = bytes.split_first_chunk::<4>()?;
            let (index, tables) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
            let listed: Vec<Listed> = postcard::from_bytes(index).ok()?;
            Some((listed, tables))
        };
        let (listed, tables) = parts().unwrap_or_default();
        // It lives as long as the program.
        let listed: &'static [Listed] = listed.leak();
        Archive { tables, modules: listed.iter().map(|module| (module.name.as_str(), module)).collect() }
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.modules.keys().copied()
    }

    /// Where the table of a module lies for a version of Python.
    fn find(&self, name: &str, version: Version) -> Option<(&'static Listed, u32, u32)> {
        let module = *self.modules.get(name)?;
        let minor = version.1.clamp(*VERSIONS.start(), *VERSIONS.end());
        let (_, _, start, length) = module.tables.iter().find(|(first, last, ..)| (*first..=*last).contains(&minor))?;
        Some((module, *start, *length))
    }

    /// Whether a module has others inside it, or `None` where this version of Python does not have it.
    pub(super) fn is_package(&self, name: &str, version: Version) -> Option<bool> {
        self.find(name, version).map(|(module, ..)| module.is_package)
    }

    pub(super) fn table(&self, name: &str, version: Version) -> Option<FileTable> {
        let (_, start, length) = self.find(name, version)?;
        let packed = self.tables.get(start as usize..)?.get(..length as usize)?;
        postcard::from_bytes(&miniz_oxide::inflate::decompress_to_vec(packed).ok()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{LIBRARY, outline};
    use super::{Described, pack, table_of};
    use crate::resolve::table::FileTable;

    #[test]
    fn an_outline_says_what_the_table_says() {
        let names: Vec<&str> = LIBRARY.names().collect();
        assert!(names.len() > 500, "{} modules", names.len());
        for name in names {
            for version in [(3, 8), (3, 11), (3, 14)] {
                let Some(table) = LIBRARY.table(name, version) else { continue };
                let text = outline::outline(&table);
                let parsed = ruff_python_parser::parse_unchecked_source(&text, ruff_python_ast::PySourceType::Stub);
                assert!(parsed.errors().is_empty(), "{name}: {:?}\n{text}", parsed.errors());
                assert!(FileTable::of(&text, parsed.suite(), version) == table, "{name} for {version:?}\n{text}");
            }
        }
    }

    #[test]
    fn each_version_has_what_it_has() {
        let has = |name, version, member| LIBRARY.table(name, version).is_some_and(|table: FileTable| table.names.has(member));
        assert!(has("asyncio", (3, 11), "TaskGroup") || LIBRARY.table("asyncio.taskgroups", (3, 11)).is_some());
        assert!(LIBRARY.table("asyncio.taskgroups", (3, 10)).is_none());
        assert!(has("asyncio.tasks", (3, 12), "create_task"));
        assert!(LIBRARY.table("asyncore", (3, 12)).is_none() && LIBRARY.table("asyncore", (3, 11)).is_some());
    }

    #[test]
    fn what_is_packed_is_found_again() {
        let text = "import sys\nclass A[T]:\n    @overload\n    async def f(self, x: int, /, *, y: str = ...) -> T: ...\nif sys.version_info >= (3, 12):\n    def g() -> None: ...\n";
        let one = || Described { name: "a.b".to_owned(), is_package: true, versions: ((3, 9), (3, 13)), text: text.to_owned() };
        let archive = super::Archive::open(pack(vec![one()]).leak());
        assert_eq!(archive.is_package("a.b", (3, 12)), Some(true));
        assert_eq!((archive.is_package("a.b", (3, 8)), archive.is_package("a.b", (3, 14))), (None, None));
        assert!(archive.table("a.b", (3, 11)) == Some(table_of(text, (3, 11))));
        assert!(!archive.table("a.b", (3, 11)).unwrap().names.has("g") && archive.table("a.b", (3, 13)).unwrap().names.has("g"));
        assert!(super::Archive::open(b"damaged").table("a.b", (3, 12)).is_none());
    }
}
