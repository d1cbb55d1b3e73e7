//! What can be set. The JSON schema is made from these types, comments included.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use heard_analysis::{FixStyle, Level, Rule, rules};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};
use serde_json::Value;

/// The settings of heard: the table `[tool.heard]` of a `pyproject.toml`, or a file `heard.toml`.
///
/// What a nested folder does not set, it inherits from the folders around it. Paths and globs are relative to the folder
/// of the file; globs are written as in `.gitignore`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "heard")]
pub(crate) struct Settings {
    /// The least trusted findings to report.
    pub(super) level: Option<LevelName>,
    /// Report these rules only.
    pub(super) select: Option<Vec<RuleName>>,
    /// Do not report these rules.
    pub(super) ignore: Option<Vec<RuleName>>,
    /// The level of a rule's findings, or `off`. Findings that are less certain than the rule usually is are not raised.
    pub(super) rules: Option<BTreeMap<RuleName, RuleLevel>>,
    /// The same for the files that match a glob. Of several globs, the longest one counts.
    pub(super) per_file: Option<BTreeMap<String, BTreeMap<RuleName, RuleLevel>>>,
    /// The least trusted findings to report in test code, or `off`: files `test_*.py`, `*_test.py` and `conftest.py`, and
    /// all in folders `test` and `tests`.
    pub(super) tests: Option<RuleLevel>,
    /// Do not report on files that match one of these globs. They are still analysed.
    pub(super) exclude: Option<Vec<String>>,
    /// Folders in which the project's modules are looked for, before the places where they usually are.
    pub(super) src: Option<Vec<String>>,
    /// The functions that keep and read the task that they start, by their qualified names: their callers are free.
    pub(super) spawners: Option<Vec<String>>,
    /// The functions, done callbacks and decorators that hear the failure of what they are given.
    pub(super) handled_by: Option<Vec<String>>,
    /// The interpreter or virtual environment with the project's dependencies.
    pub(super) python: Option<String>,
    /// The version of Python that the code is read for, instead of the lowest one in `requires-python`.
    pub(super) python_version: Option<PythonVersion>,
    /// How fixes give a task a reader. Without it: as the first of these that the project has.
    pub(super) fix_style: Option<FixStyleName>,
    /// The file with the findings that are known already, which are not reported.
    pub(super) baseline: Option<String>,
}

/// The least trusted findings that are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LevelName {
    /// Certain, and worth stopping a merge for.
    Default,
    /// True, but a matter of a project's policy, or fragile rather than lost.
    Strict,
    /// Not trusted yet.
    Preview,
}

impl LevelName {
    pub(super) fn level(self) -> Level {
        match self {
            LevelName::Default => Level::Default,
            LevelName::Strict => Level::Strict,
            LevelName::Preview => Level::Preview,
        }
    }
}

/// A level, or nothing at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RuleLevel {
    /// Certain, and worth stopping a merge for.
    Default,
    /// True, but a matter of a project's policy, or fragile rather than lost.
    Strict,
    /// Not trusted yet.
    Preview,
    /// Nothing is reported.
    Off,
}

impl RuleLevel {
    /// The level; `None` is off.
    pub(super) fn level(self) -> Option<Level> {
        match self {
            RuleLevel::Default => Some(Level::Default),
            RuleLevel::Strict => Some(Level::Strict),
            RuleLevel::Preview => Some(Level::Preview),
            RuleLevel::Off => None,
        }
    }
}

/// How fixes give a task a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum FixStyleName {
    /// `heard.spawn` starts it, where the project depends on heard.
    Heard,
    /// The first of the project's `spawners` starts it.
    Spawner,
    /// It is kept in a set, and a done callback logs its failure.
    Callback,
}

impl From<FixStyleName> for FixStyle {
    fn from(name: FixStyleName) -> Self {
        match name {
            FixStyleName::Heard => FixStyle::Heard,
            FixStyleName::Spawner => FixStyle::Spawner,
            FixStyleName::Callback => FixStyle::Callback,
        }
    }
}

/// A rule of the catalogue.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RuleName(pub(super) &'static Rule);

impl<'de> Deserialize<'de> for RuleName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        crate::rule::find(&name).map(RuleName).map_err(de::Error::custom)
    }
}

impl PartialEq for RuleName {
    fn eq(&self, other: &Self) -> bool {
        self.0.name == other.0.name
    }
}

impl Eq for RuleName {}

impl PartialOrd for RuleName {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for RuleName {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.name.cmp(other.0.name)
    }
}

impl JsonSchema for RuleName {
    fn schema_name() -> Cow<'static, str> {
        "RuleName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<&str> = rules::ALL.iter().map(|rule| rule.name).collect();
        json_schema!({ "description": "A rule of the catalogue.", "type": "string", "enum": names })
    }
}

/// A version of Python, `3.12`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PythonVersion(pub(crate) (u8, u8));

impl std::str::FromStr for PythonVersion {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let version = text.split_once('.').and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
        match version {
            Some((3, minor)) if minor >= 7 => Ok(PythonVersion((3, minor))),
            _ => Err(format!("`{text}` is not a version of Python that heard reads: write for example \"3.12\"")),
        }
    }
}

impl fmt::Display for PythonVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PythonVersion((major, minor)) = self;
        write!(formatter, "{major}.{minor}")
    }
}

impl<'de> Deserialize<'de> for PythonVersion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for PythonVersion {
    fn schema_name() -> Cow<'static, str> {
        "PythonVersion".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "description": "A version of Python, `3.12`.", "type": "string", "pattern": r"^3\.([7-9]|[1-9][0-9])$" })
    }
}

/// The JSON schema of the settings.
pub(crate) fn schema() -> Schema {
    let mut schema = schemars::schema_for!(Settings);
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.values_mut().for_each(without_null);
    }
    schema
}

/// What is not set is absent: TOML has no null.
fn without_null(property: &mut Value) {
    let Some(property) = property.as_object_mut() else { return };
    property.remove("default");
    if let Some(Value::Array(types)) = property.get("type")
        && let Some(kind) = types.iter().find(|kind| *kind != "null").cloned()
    {
        property.insert("type".to_owned(), kind);
    }
    if let Some(Value::Array(choices)) = property.remove("anyOf") {
        property.extend(
            choices.into_iter().filter_map(|choice| choice.as_object().cloned()).filter(|choice| choice.contains_key("$ref")).flatten(),
        );
    }
}
