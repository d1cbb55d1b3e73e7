//! Findings in one of many formats, on standard output or in a file.
//!
//! Formats for people and for streams print each finding as soon as its project is analysed, and every finding is
//! one write, so that a run that is interrupted leaves no half of one behind. Formats that are one document are
//! written at the end, in one piece.

mod causes;
mod concise;
mod document;
mod github;
mod gitlab;
mod json;
mod junit;
mod page;
mod place;
mod sarif;
mod text;
pub(crate) mod web;

use std::borrow::Cow;
use std::io::{self, Write};

use anstream::{AutoStream, ColorChoice};
use camino::{Utf8Path, Utf8PathBuf};
use heard_analysis::{Awaitable, Finding, Level, Notice, Program};
use tempfile::NamedTempFile;

use crate::baseline::Marks;
use crate::cli::OutputFormat;

pub(crate) use self::json::{JsonFix, json_fix};
pub(crate) use self::page::page_of;
pub(crate) use self::place::{Cells, Place, Places};

/// What is printed of one project.
pub(crate) struct Results<'a> {
    /// The project's folder: fingerprints name files as seen from there.
    pub(crate) root: &'a Utf8Path,
    /// Where the sources are.
    pub(crate) program: &'a Program,
    /// The findings that are wanted, in the order of paths and places.
    pub(crate) findings: Vec<Finding>,
    /// The awaitables whose fate is not known, where they were asked for.
    pub(crate) undecided: Vec<Awaitable>,
    /// What could not be done in the files that are reported on.
    pub(crate) notices: Vec<Notice>,
    /// The files that are reported on, sorted.
    pub(crate) files: &'a [Utf8PathBuf],
    /// Where a place in them lies for a reader.
    pub(crate) places: &'a Places,
    /// Which of the findings are known.
    pub(crate) marks: &'a Marks,
}

/// How things look where they are printed.
#[derive(Clone, Copy)]
pub(crate) struct Look {
    /// With colours.
    pub(crate) styled: bool,
    /// How many columns the terminal has, if there is one.
    pub(crate) width: Option<usize>,
    /// Whether names of rules may be links.
    pub(crate) linked: bool,
}

/// A way to write findings down. Each part is written as soon as it is known.
trait Format {
    /// What stands before all projects.
    fn begin(&mut self, _out: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }

    /// One project.
    fn project(&mut self, out: &mut dyn Write, results: &Results) -> io::Result<()>;

    /// What stands behind all projects; `whole` says whether everything that was asked for was done.
    fn finish(&mut self, _out: &mut dyn Write, _whole: bool) -> io::Result<()> {
        Ok(())
    }
}

/// Where the output goes.
enum Out {
    Standard(AutoStream<io::StdoutLock<'static>>),
    /// The file appears when the run is over, and not with half of the findings.
    File {
        path: Utf8PathBuf,
        file: NamedTempFile,
    },
}

/// Prints findings in one of the formats: `begin`, then each `project`, then `finish`.
pub(crate) struct Printer {
    format: Box<dyn Format>,
    out: Out,
}

impl Printer {
    /// Prints what stands before all projects. The output goes to `file`, or to standard output.
    ///
    /// # Errors
    /// Where that cannot be written to.
    pub(crate) fn begin(format: OutputFormat, file: Option<&Utf8Path>) -> io::Result<Self> {
        let (out, look) = match file {
            None => {
                let out = AutoStream::auto(io::stdout().lock());
                let styled = AutoStream::choice(out.as_inner()) != ColorChoice::Never;
                let width = out.is_terminal().then(terminal_width).flatten();
                let linked = styled && out.is_terminal();
                (Out::Standard(out), Look { styled, width, linked })
            }
            Some(path) => {
                let folder = path.parent().filter(|folder| !folder.as_str().is_empty()).unwrap_or(Utf8Path::new("."));
                // The error names a file that nobody has asked for.
                let file = NamedTempFile::new_in(folder).map_err(|error| io::Error::from(error.kind()))?;
                (Out::File { path: path.to_owned(), file }, Look { styled: false, width: None, linked: false })
            }
        };
        let format: Box<dyn Format> = match format {
            OutputFormat::Text => Box::new(text::Text { look }),
            OutputFormat::Concise => Box::new(concise::Concise { look }),
            OutputFormat::Json => Box::new(json::Document::default()),
            OutputFormat::JsonLines => Box::new(json::Lines),
            OutputFormat::Sarif => Box::new(sarif::Sarif::default()),
            OutputFormat::Github => Box::new(github::Github),
            OutputFormat::Gitlab => Box::new(gitlab::Gitlab::default()),
            OutputFormat::Junit => Box::new(junit::Junit::default()),
            OutputFormat::Html => Box::new(web::Web::default()),
        };
        let mut printer = Printer { format, out };
        printer.format.begin(printer.out.writer())?;
        Ok(printer)
    }

    /// Prints one project.
    pub(crate) fn project(&mut self, results: &Results) -> io::Result<()> {
        self.format.project(self.out.writer(), results)
    }

    /// Prints what stands behind all projects. Without this, a file is left as it was.
    pub(crate) fn finish(mut self, whole: bool) -> io::Result<()> {
        self.format.finish(self.out.writer(), whole)?;
        match self.out {
            Out::Standard(mut out) => out.flush(),
            Out::File { path, file } => keep(file, &path),
        }
    }
}

impl Out {
    fn writer(&mut self) -> &mut dyn Write {
        match self {
            Out::Standard(out) => out,
            Out::File { file, .. } => file,
        }
    }
}

/// Puts a finished file in its place. It gets the permissions that the old one has, or that new files have.
pub(crate) fn keep(mut file: NamedTempFile, path: &Utf8Path) -> io::Result<()> {
    file.flush()?;
    match path.metadata() {
        Ok(old) => file.as_file().set_permissions(old.permissions())?,
        Err(_) => readable(&file)?,
    }
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// A temporary file is for its owner alone, and others read reports too.
#[cfg(unix)]
fn readable(file: &NamedTempFile) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;

    file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable(_file: &NamedTempFile) -> io::Result<()> {
    Ok(())
}

/// One write for one piece, at once.
fn print(out: &mut dyn Write, text: &str) -> io::Result<()> {
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// How many columns the terminal has.
pub(crate) fn terminal_width() -> Option<usize> {
    terminal_size::terminal_size().map(|(terminal_size::Width(width), _)| usize::from(width))
}

/// How a level is called where it stands before a message.
fn severity(level: Level) -> &'static str {
    match level {
        Level::Default => "error",
        Level::Strict => "warning",
        Level::Preview => "note",
    }
}

/// What tells a finding from all others of a project: its rule, its file as seen from the project's folder, the
/// qualified name of the function around it, the statement, and a number among those that agree in all of these.
///
/// It stays the same when other code changes, and no two findings of a project share one.
fn fingerprint(finding: &Finding, root: &Utf8Path) -> String {
    let path = shown(&finding.span.path, root);
    let hash = fnv([&finding.ordinal.to_string(), finding.rule, &path, &finding.symbol, &finding.statement]);
    format!("{hash:032x}")
}

/// The hash of some parts, each with an end mark, so that they do not run into each other.
///
/// FNV-1a with 128 bits is small, and the same on every machine and in every version: fingerprints
/// are kept in files.
fn fnv<const COUNT: usize>(parts: [&str; COUNT]) -> u128 {
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0xff]));
    bytes.fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d, |hash: u128, byte| {
        (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
    })
}

/// A path as seen from the working directory, if it lies below it, with slashes on every system.
pub(crate) fn shown<'a>(path: &'a Utf8Path, cwd: &Utf8Path) -> Cow<'a, str> {
    let path = match path.strip_prefix(cwd) {
        Ok(relative) if relative.as_str().is_empty() => ".",
        Ok(relative) => relative.as_str(),
        Err(_) => path.as_str(),
    };
    if cfg!(windows) { path.replace('\\', "/").into() } else { path.into() }
}
