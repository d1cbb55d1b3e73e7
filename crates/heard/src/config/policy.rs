//! Which findings are wanted: what the command line says, and after it what the settings say.

use camino::Utf8Path;
use heard_analysis::{Finding, Level, Rule, is_test_code};

use super::settings::RuleName;
use super::{Config, InForce};

/// What the command line says of rules and levels. It goes before the settings.
#[derive(Clone, Debug, Default)]
pub(crate) struct Policy {
    /// The least trusted level that is wanted.
    pub(crate) level: Option<Level>,
    /// Only these rules; all of them where it is empty.
    pub(crate) select: Vec<&'static Rule>,
    /// Not these rules.
    pub(crate) ignore: Vec<&'static Rule>,
}

impl Policy {
    /// The finding with the level that the settings give it, if it is wanted.
    pub(crate) fn admit(&self, mut finding: Finding, config: &Config, root: &Utf8Path) -> Option<Finding> {
        let rule = heard_analysis::rules::find(finding.rule)?;
        finding.level = self.wants(rule, finding.level, &finding.span.path, config, root)?;
        Some(finding)
    }

    /// The level that the settings give to a finding of `rule` with this level in `file`, if it is wanted.
    pub(crate) fn wants(&self, rule: &'static Rule, level: Level, file: &Utf8Path, config: &Config, root: &Utf8Path) -> Option<Level> {
        let names = |rules: &[&Rule]| rules.iter().any(|named| named.name == rule.name);
        // Who asks for a rule by its name wants to see all that it finds, whatever the settings say.
        let is_named = names(&self.select);
        if names(&self.ignore) || (!self.select.is_empty() && !is_named) {
            return None;
        }
        let level = match config.level_of_rule(rule, file) {
            None => level,
            Some(set) => match set.level() {
                Some(set) => at_level(level, rule.level, set),
                None if is_named => level,
                None => return None,
            },
        };
        if !is_named {
            let lists = |rules: InForce<'_, Vec<RuleName>>| rules.value.iter().any(|named| named.0.name == rule.name);
            let is_selected = config.first("select", |settings| &settings.select).is_none_or(lists);
            let is_ignored = config.first("ignore", |settings| &settings.ignore).is_some_and(lists);
            if !is_selected || is_ignored {
                return None;
            }
        }
        (level <= self.limit(config, file, root, is_named)?).then_some(level)
    }

    /// The least trusted level that is wanted in a file; `None` where nothing is.
    pub(crate) fn limit(&self, config: &Config, file: &Utf8Path, root: &Utf8Path, is_named: bool) -> Option<Level> {
        let level = config.first("level", |settings| &settings.level).map(|level| level.value.level());
        let in_tests = config.first("tests", |settings| &settings.tests).filter(|_| is_test_code(file, root));
        let in_file = match in_tests.map(|level| level.value.level()) {
            Some(None) => return None,
            Some(Some(level)) => Some(level),
            None => level,
        };
        let named = is_named.then_some(Level::Preview);
        Some(self.level.or(named).or(in_file).unwrap_or(Level::Default))
    }
}

/// The level of a finding whose rule, usually at `usual`, is set to `set`. One that is less certain than usual is not
/// raised, since its rule would not have been trusted with it.
fn at_level(own: Level, usual: Level, set: Level) -> Level {
    if own <= usual { set } else { own.max(set) }
}

#[cfg(test)]
mod tests {
    use heard_analysis::Level::{Default, Preview, Strict};

    use super::at_level;

    #[test]
    fn a_rule_is_raised_with_what_it_is_usually_certain_of() {
        assert_eq!(at_level(Default, Default, Strict), Strict);
        assert_eq!(at_level(Strict, Strict, Default), Default);
        assert_eq!(at_level(Preview, Strict, Default), Preview, "less certain than usual");
        assert_eq!(at_level(Strict, Default, Preview), Preview);
        assert_eq!(at_level(Strict, Default, Default), Strict, "another tool's comment lowered it");
    }
}
