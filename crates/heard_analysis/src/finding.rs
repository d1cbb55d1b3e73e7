//! Findings: what the analyser says, as plain data.
//!
//! Nothing here depends on the rest of the crate. How a finding looks as text, JSON or SARIF is the
//! business of the program `heard`; as it is serialised here, one run keeps it for the next.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use camino::Utf8Path;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::edit::Fix;

/// One defect at one place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The rule's name in the catalogue. Who keeps a finding keeps it beside.
    #[serde(skip)]
    pub rule: &'static str,
    /// How sure and how serious this finding is. It may differ from the rule's usual level.
    pub level: Level,
    /// What is wrong: one line, lower case, code in backticks.
    pub message: String,
    /// Where it is.
    pub span: Span,
    /// How the value came there: born here, kept here, lost here.
    pub trace: Vec<Step>,
    /// The failure that would be lost, where the finding is about that.
    pub witness: Option<Witness>,
    /// What the finding has in common with others of its rule that one change mends: what keeps the tasks, or else where
    /// the failure is raised. Findings of one cause in one program have the same words here.
    pub cause: Option<String>,
    /// What to do: one line.
    pub help: String,
    /// A change that mends it, where one is known.
    pub fix: Option<Fix>,
    /// The qualified name, inside the module, of the function or class around the finding;
    /// empty at module level.
    pub symbol: String,
    /// The statement around it; of a compound statement, its header.
    pub statement_span: Span,
    /// The source of the statement without what is only layout: see [`normal_form`].
    pub statement: String,
    /// How many findings of the same rule, symbol and statement stand before it in the file,
    /// whether they are wanted or not.
    pub ordinal: usize,
}

/// The source of a statement without the white space, line ends and trailing commas that another layout may change; what
/// stands in quotes stays, but for the quotes themselves.
fn normal_form(source: &str) -> String {
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    let mut normal = String::with_capacity(source.len());
    let mut quote = None;
    let mut characters = source.chars().peekable();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (_, '\\') => {
                normal.push(character);
                normal.extend(characters.next());
            }
            (None, '"' | '\'') => {
                quote = Some(character);
                normal.push('"');
            }
            (Some(open), _) if open == character => {
                quote = None;
                normal.push('"');
            }
            (Some(_), _) => normal.push(character),
            (None, _) if character.is_whitespace() => {
                while characters.next_if(|next| next.is_whitespace()).is_some() {}
                let is_between = normal.ends_with(is_word) && characters.peek().is_some_and(|next| is_word(*next));
                if is_between {
                    normal.push(' ');
                }
            }
            (None, ')' | ']' | '}') => {
                if normal.ends_with(',') {
                    normal.pop();
                }
                normal.push(character);
            }
            (None, _) => normal.push(character),
        }
    }
    normal
}

/// The failure that would be lost.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Witness {
    /// Where it may be raised.
    pub span: Span,
    /// The source of what may raise it, in one line, the end left out where it is long.
    pub source: String,
    /// Whether it is awaited work, code that is not known, or raised on purpose, and not plain work on data.
    pub is_heavy: bool,
}

/// One step of a finding's trace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Where it happens.
    pub span: Span,
    /// What happens there, in a few words.
    pub message: String,
}

/// A stretch of one file's source text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span {
    /// The file.
    #[serde(serialize_with = "write_path", deserialize_with = "read_path")]
    pub path: Arc<Utf8Path>,
    /// The first character.
    pub start: Position,
    /// One past the last character.
    pub end: Position,
}

/// A place in a file's source text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position {
    /// Bytes from the start of the (decoded) text.
    pub offset: usize,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// A promise about false alarms, and so about who wants to see a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Level {
    /// Worth stopping a merge for. At most 2 % may be wrong.
    Default,
    /// True, but a matter of a project's policy, or fragile rather than lost. At most 10 % may be wrong.
    Strict,
    /// Not trusted yet.
    Preview,
}

impl Level {
    /// Every level, the most trusted first.
    pub const ALL: [Level; 3] = [Level::Default, Level::Strict, Level::Preview];

    /// The level's name on the command line and in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Level::Default => "default",
            Level::Strict => "strict",
            Level::Preview => "preview",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Level::ALL
            .into_iter()
            .find(|level| level.name() == text)
            .ok_or_else(|| format!("no level `{text}`: use default, strict or preview"))
    }
}

/// Numbers findings that look alike, in the order of their places. What a number stands for must not change with
/// what is reported, so this comes before a comment or the selection leaves any of them out.
pub(crate) fn number(findings: &mut [Finding]) {
    findings.sort_by(|left, right| left.span.cmp(&right.span));
    let mut seen: FxHashMap<(&str, String, String), usize> = FxHashMap::default();
    for finding in findings {
        finding.statement = normal_form(&finding.statement);
        let count = seen.entry((finding.rule, finding.symbol.clone(), finding.statement.clone())).or_default();
        finding.ordinal = *count;
        *count += 1;
    }
}

/// What the analyser could not do. It never stops the rest of the run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Notice {
    /// The file it is about.
    #[serde(serialize_with = "write_path", deserialize_with = "read_path")]
    pub path: Arc<Utf8Path>,
    /// Where in the file, if that is known.
    pub position: Option<Position>,
    /// Whether the file went unread: then the job was not done for it.
    pub skipped: bool,
    /// What happened and what follows from it: one line.
    pub message: String,
}

fn write_path<S: Serializer>(path: &Utf8Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(path.as_str())
}

fn read_path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<Utf8Path>, D::Error> {
    <&str>::deserialize(deserializer).map(|path| Arc::from(Utf8Path::new(path)))
}

#[cfg(test)]
mod tests {
    use super::normal_form;

    #[test]
    fn another_layout_is_the_same_statement() {
        let normal = "asyncio.create_task(send(\"a  b\",x))";
        for source in [
            "asyncio.create_task(send('a  b', x))",
            "asyncio.create_task(\n    send(\"a  b\", x),\n)",
            "asyncio . create_task( send('a  b',x ,) )",
        ] {
            assert_eq!(normal_form(source), normal, "{source}");
        }
        assert_eq!(normal_form("await  x if y else(z)"), "await x if y else(z)");
        assert_eq!(normal_form(r"f('\'', b)"), r#"f("\'",b)"#);
        assert_ne!(normal_form("f('a b')"), normal_form("f('ab')"));
        assert_ne!(normal_form("not x"), normal_form("notx"));
    }
}
