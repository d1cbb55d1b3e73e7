//! The command `heard check`: from paths to printed findings.

mod tally;

use std::io;

use camino::Utf8PathBuf;
use heard_analysis::{Awaitable, Fate, Finding, Rule};

use self::tally::Tally;
use crate::cli::CheckArguments;
use crate::config::Policy;
use crate::console::Console;
use crate::exit::Exit;
use crate::output::{Printer, Results};
use crate::rule::{self, UnknownRule};
use crate::survey::{Analysed, Survey, SurveyError};

/// Why nothing could be checked at all.
#[derive(Debug, thiserror::Error)]
enum CheckError {
    #[error("{0}")]
    Rule(#[from] UnknownRule),
    #[error("--select and --ignore leave no rule: name one in --select that is not ignored")]
    NothingSelected,
    #[error("{0}: cannot be written: {1}")]
    Output(Utf8PathBuf, io::Error),
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
    let prepared = policy(arguments).and_then(|policy| Ok((policy, Survey::new(&arguments.project, console)?)));
    let (policy, mut survey) = match prepared {
        Ok(prepared) => prepared,
        Err(error) => return Ok(Err(error)),
    };
    let output_file = arguments.output_file.as_ref().map(|file| survey.cwd.join(file));
    let mut printer = match (Printer::begin(arguments.output_format, output_file.as_deref()), output_file) {
        (Ok(printer), _) => printer,
        (Err(error), Some(file)) => return Ok(Err(CheckError::Output(file, error))),
        (Err(error), None) => return Err(error),
    };
    let mut tally = Tally::default();
    let done = survey.run(arguments.report_unknown, &mut |analysed| {
        let Analysed { root, report, program, files, configs, places } = analysed;
        let admit = |finding: Finding| {
            let config = configs.of_file(&finding.span.path);
            policy.admit(finding, &config, root)
        };
        let is_undecided = |awaitable: &Awaitable| awaitable.fate == Fate::Unknown;
        let results = Results {
            root,
            program,
            findings: report.findings.into_iter().filter_map(admit).collect(),
            undecided: report.awaitables.into_iter().filter(is_undecided).collect(),
            notices: report.notices.into_iter().filter(|notice| files.binary_search(&notice.path.to_path_buf()).is_ok()).collect(),
            files,
            places,
        };
        printer.project(&results)?;
        tally.add(&results);
        Ok(())
    })?;
    printer.finish(done.is_ok() && survey.is_whole())?;
    if let Err(error) = done {
        return Ok(Err(error.into()));
    }
    tally.conclude(&survey, console, arguments.statistics, arguments.report_unknown)?;
    let exit = tally.exit(&survey);
    Ok(Ok(if arguments.exit_zero && exit == Exit::Findings { Exit::Clean } else { exit }))
}

fn policy(arguments: &CheckArguments) -> Result<Policy, CheckError> {
    let rules = |names: &[String]| -> Result<Vec<&'static Rule>, UnknownRule> {
        names.iter().map(|name| name.trim()).filter(|name| !name.is_empty()).map(rule::find).collect()
    };
    let (select, ignore) = (rules(&arguments.select)?, rules(&arguments.ignore)?);
    let is_ignored = |rule: &&Rule| ignore.iter().any(|ignored| ignored.name == rule.name);
    if !arguments.select.is_empty() && select.iter().all(is_ignored) {
        return Err(CheckError::NothingSelected);
    }
    Ok(Policy { level: arguments.level, select, ignore })
}
