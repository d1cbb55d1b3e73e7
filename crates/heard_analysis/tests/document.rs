//! Pages and cases: Markdown files with blocks that are tested.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::marker::{self, Marker};

/// A page or a file of cases.
#[derive(Debug)]
pub(crate) struct Document {
    path: PathBuf,
    /// The path from the workspace's root.
    pub(crate) shown: String,
    pub(crate) text: String,
    pub(crate) headings: Vec<Heading>,
    pub(crate) blocks: Vec<Block>,
    /// The page's rule.
    pub(crate) rule: Option<String>,
}

/// A heading and where it stands.
#[derive(Debug)]
pub(crate) struct Heading {
    pub(crate) level: usize,
    pub(crate) title: String,
    pub(crate) line: usize,
}

/// A fenced block.
#[derive(Debug)]
pub(crate) struct Block {
    /// Which block of the document this is, from 0. Blessing does not change it.
    pub(crate) ordinal: usize,
    /// The `##` heading above.
    pub(crate) section: String,
    /// How many headings stand above.
    pub(crate) headings: usize,
    pub(crate) kind: Kind,
    /// The line of the first line of text.
    pub(crate) line: usize,
    /// The text as it stands in the document.
    pub(crate) text: String,
    /// The text without markers.
    pub(crate) code: String,
    pub(crate) markers: Vec<Marker>,
    /// The text of the `pyproject.toml` that stands above it under the same heading.
    pub(crate) manifest: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Manifest,
    Module,
    File(String),
    Fixed,
    Run,
    Output,
    Other,
}

impl Kind {
    fn parse(info: &str) -> Option<Kind> {
        Some(match info {
            "py" => Kind::Module,
            "py fixed" => Kind::Fixed,
            "py run" => Kind::Run,
            "output" => Kind::Output,
            "toml file=pyproject.toml" => Kind::Manifest,
            "toml" | "sh" | "text" => Kind::Other,
            _ => Kind::File(info.strip_prefix("py file=").filter(|path| !path.contains(' '))?.to_owned()),
        })
    }

    /// Whether a block of this kind is Python.
    pub(crate) fn is_python(&self) -> bool {
        !matches!(self, Kind::Output | Kind::Other | Kind::Manifest)
    }
}

/// Pages or cases may be written by two tests at once.
static WRITING: Mutex<()> = Mutex::new(());

impl Document {
    /// Reads the Markdown files of a folder of this crate, in the order of their names.
    pub(crate) fn read_all(folder: &str, are_pages: bool) -> Vec<Result<Document, String>> {
        let wanted = std::env::var("HEARD_PAGE").unwrap_or_default();
        let mut paths: Vec<PathBuf> = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder))
            .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
            .unwrap_or_default();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
        paths.retain(|path| path.to_string_lossy().contains(&wanted));
        paths.sort();
        paths
            .into_iter()
            .map(|path| {
                let stem = path.file_stem().unwrap_or_default().to_string_lossy().replace('_', "-");
                Document::read(path, are_pages.then_some(stem))
            })
            .collect()
    }

    fn read(path: PathBuf, rule: Option<String>) -> Result<Document, String> {
        let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Document::parse(path, rule, text)
    }

    /// Parses a document. An error names the path and the line.
    pub(crate) fn parse(path: PathBuf, rule: Option<String>, text: String) -> Result<Document, String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let root = root.canonicalize().unwrap_or(root);
        let shown = path.strip_prefix(&root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
        let mut headings: Vec<Heading> = Vec::new();
        let mut blocks: Vec<Block> = Vec::new();
        let mut lines = text.lines().zip(1..);
        while let Some((line, number)) = lines.next() {
            if let Some((level, title)) = heading(line) {
                headings.push(Heading { level, title: title.to_owned(), line: number });
            } else if line.starts_with("```") {
                let info = line.trim_start_matches('`');
                let fence = &line[..line.len() - info.len()];
                let kind = Kind::parse(info).ok_or_else(|| {
                    format!("{shown}:{number}\n    `{info}` is no kind of block: use py, py file=PATH, py fixed, py run, output, toml, toml file=pyproject.toml, sh or text")
                })?;
                let mut content = String::new();
                loop {
                    let (line, _) = lines.next().ok_or_else(|| format!("{shown}:{number}\n    the block that begins here does not end"))?;
                    if line == fence {
                        break;
                    }
                    content.push_str(line);
                    content.push('\n');
                }
                let (code, markers, errors) =
                    if kind.is_python() { marker::cut(&content) } else { (content.clone(), Vec::new(), Vec::new()) };
                if let Some((line, error)) = errors.first() {
                    return Err(format!("{shown}:{}\n    {error}", number + line));
                }
                let section = headings.iter().rfind(|heading| heading.level == 2);
                let is_above = |block: &&Block| block.kind == Kind::Manifest && block.headings == headings.len();
                let manifest = blocks.iter().rfind(is_above).map(|block: &Block| block.text.clone()).unwrap_or_default();
                blocks.push(Block {
                    ordinal: blocks.len(),
                    section: section.map(|heading| heading.title.clone()).unwrap_or_default(),
                    headings: headings.len(),
                    kind,
                    line: number + 1,
                    text: content,
                    code,
                    markers,
                    manifest,
                });
            }
        }
        Ok(Document { path, shown, text, headings, blocks, rule })
    }

    /// The title of the section around a line.
    pub(crate) fn heading_at(&self, line: usize) -> &str {
        self.headings.iter().rfind(|heading| heading.line <= line).map_or("start", |heading| heading.title.as_str())
    }

    /// The blocks that form one program each.
    pub(crate) fn programs(&self) -> Vec<Vec<&Block>> {
        let mut programs: Vec<Vec<&Block>> = Vec::new();
        let mut previous: Option<&Block> = None;
        for block in self.blocks.iter().filter(|block| block.kind.is_python()) {
            let joins = |previous: &Block| {
                matches!((&previous.kind, &block.kind), (Kind::File(_), Kind::File(_))) && previous.headings == block.headings
            };
            match programs.last_mut() {
                Some(program) if previous.is_some_and(joins) => program.push(block),
                _ => programs.push(vec![block]),
            }
            previous = Some(block);
        }
        programs
    }

    /// Writes a block anew, and says so.
    pub(crate) fn bless(&self, ordinal: usize, text: &str) -> Result<(), String> {
        let _writing = WRITING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let current = Document::read(self.path.clone(), self.rule.clone())?;
        let block = current.blocks.get(ordinal).ok_or_else(|| format!("{} changed while it was tested", self.shown))?;
        fs::write(&self.path, current.with_block(block, text)).map_err(|error| format!("{}: {error}", self.shown))?;
        eprintln!("blessed {}:{}", self.shown, block.line);
        Ok(())
    }

    fn with_block(&self, block: &Block, text: &str) -> String {
        let lines: Vec<&str> = self.text.split_inclusive('\n').collect();
        let start = block.line - 1;
        let end = start + block.text.lines().count();
        format!("{}{text}{}", lines[..start].concat(), lines[end..].concat())
    }
}

fn heading(line: &str) -> Option<(usize, &str)> {
    let title = line.trim_start_matches('#');
    let level = line.len() - title.len();
    Some((level, title.strip_prefix(' ')?)).filter(|_| level > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# a-rule\n\nSummary.\n\n## Example\n\n```py\nsave()  # error\n```\n\n### Two files\n\n```py file=a.py\nx = 1\n```\n\nAnd:\n\n```py file=b.py\n# no heading\n```\n\n## Proof\n\n````py run\n# silent\n````\n\n```output\n```\n";

    fn document(text: &str) -> Result<Document, String> {
        Document::parse(PathBuf::from("page.md"), None, text.to_owned())
    }

    #[test]
    fn blocks_know_their_place() {
        let document = document(TEXT).unwrap();
        let titles: Vec<_> = document.headings.iter().map(|heading| heading.title.as_str()).collect();
        assert_eq!(titles, ["a-rule", "Example", "Two files", "Proof"]);
        let places: Vec<_> = document.blocks.iter().map(|block| (block.line, block.section.as_str())).collect();
        assert_eq!(places, [(8, "Example"), (14, "Example"), (20, "Example"), (26, "Proof"), (30, "Proof")]);
        assert_eq!(document.blocks[0].code, "save()\n");
        assert_eq!(document.heading_at(14), "Two files");
        let sizes: Vec<_> = document.programs().iter().map(Vec::len).collect();
        assert_eq!(sizes, [1, 2, 1]);
    }

    #[test]
    fn a_block_is_written_in_place() {
        let first = document(TEXT).unwrap();
        let second = document(&first.with_block(&first.blocks[4], "3 saved\n")).unwrap();
        assert_eq!(second.text, TEXT.replace("```output\n", "```output\n3 saved\n"));
        let third = document(&second.with_block(&second.blocks[4], "")).unwrap();
        assert_eq!(third.text, TEXT);
    }

    #[test]
    fn broken_documents_are_errors() {
        let unknown = document("# a\n\n```python\n```\n").unwrap_err();
        assert!(unknown.starts_with("page.md:3\n    `python` is no kind of block"), "{unknown}");
        let open = document("# a\n\n````py\nx = 1\n```\n").unwrap_err();
        assert!(open.starts_with("page.md:3\n    the block that begins here does not end"), "{open}");
        let marker = document("# a\n\n```py\nx = 1\ny = 2  # error: oops\n```\n").unwrap_err();
        assert!(marker.starts_with("page.md:5\n"), "{marker}");
    }
}
