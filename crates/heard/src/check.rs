//! The command `heard check`: from paths to printed findings.

mod evidence;
mod tally;

use std::io;

use heard_analysis::{Level, Rule, Selection};

use self::evidence::{Evidence, EvidenceError};
use self::tally::Tally;
use crate::cli::CheckArguments;
use crate::console::Console;
use crate::exit::Exit;
use crate::output::Printer;
use crate::rule::{self, UnknownRule};
use crate::survey::{Question, Survey, SurveyError};

/// Why nothing could be checked at all.
#[derive(Debug, thiserror::Error)]
enum CheckError {
    #[error("{0}")]
    Rule(#[from] UnknownRule),
    #[error("--select and --ignore leave no rule: name one in --select that is not ignored")]
    NothingSelected,
    #[error("--evidence: {0}")]
    Evidence(#[from] EvidenceError),
    #[error(transparent)]
    Survey(#[from] SurveyError),
}

/// Checks what the arguments ask for, and prints what was found.
pub(crate) fn run(arguments: &CheckArguments, console: Console) -> io::Result<Exit> {
    match check(arguments, console)? {
        Ok(exit) => Ok(exit),
        Err(error) => {
            console.error(error)?;
            Ok(Exit::Failure)
        }
    }
}

fn check(arguments: &CheckArguments, console: Console) -> io::Result<Result<Exit, CheckError>> {
    let prepared = selection(arguments).and_then(|selection| Ok((selection, Survey::new(&arguments.project, console)?)));
    let (selection, mut survey) = match prepared {
        Ok(prepared) => prepared,
        Err(error) => return Ok(Err(error)),
    };
    let evidence = match arguments.evidence.as_deref().map(Evidence::read).transpose() {
        Ok(evidence) => evidence.unwrap_or_default(),
        Err(error) => return Ok(Err(error.into())),
    };
    let mut tally = Tally::default();
    let mut printer = Printer::new(arguments.output_format, &survey.cwd);
    let question = Question { selection: &selection, awaitables: arguments.report_unknown };
    let done = survey.run(&question, &mut |report, program| {
        printer.findings(&evidence.first(&report.findings), program)?;
        printer.undecided(&report.awaitables)?;
        tally.add(report);
        Ok(())
    })?;
    drop(printer);
    if let Err(error) = done {
        return Ok(Err(error.into()));
    }
    tally.conclude(&survey, console, arguments.statistics, arguments.report_unknown)?;
    Ok(Ok(tally.exit(&survey)))
}

fn selection(arguments: &CheckArguments) -> Result<Selection, CheckError> {
    let rules = |names: &[String]| -> Result<Vec<&'static Rule>, UnknownRule> {
        names.iter().map(|name| name.trim()).filter(|name| !name.is_empty()).map(rule::find).collect()
    };
    let (select, ignore) = (rules(&arguments.select)?, rules(&arguments.ignore)?);
    let is_ignored = |rule: &&Rule| ignore.iter().any(|ignored| ignored.name == rule.name);
    if !arguments.select.is_empty() && select.iter().all(is_ignored) {
        return Err(CheckError::NothingSelected);
    }
    // Who asks for a rule by its name wants to see all that it finds.
    let usual = if arguments.select.is_empty() { Level::Default } else { Level::Preview };
    Ok(Selection { level: arguments.level.unwrap_or(usual), select, ignore })
}
