//! The command `heard check`: from paths to printed findings.

pub(crate) mod allow;
mod evidence;
mod fix;
mod tally;
mod wanted;

use std::io::{self, Read, Write};

use camino::Utf8PathBuf;
use heard_analysis::{Awaitable, Fate, Finding, Notice, Rule};

use self::allow::Allowed;
use self::evidence::{Evidence, EvidenceError};
use self::tally::Tally;
pub(crate) use self::wanted::{Known, Wanted};
use crate::changes::{Changes, ChangesError};
use crate::cli::CheckArguments;
use crate::config::Policy;
use crate::console::{Console, counted};
use crate::exit::Exit;
use crate::output::{Printer, Results, shown};
use crate::rewrite;
use crate::rule::{self, UnknownRule};
use crate::survey::{Analysed, Asked, Survey, SurveyError};
use crate::watch;

/// Why nothing could be checked at all.
#[derive(Debug, thiserror::Error)]
enum CheckError {
    #[error("{0}")]
    Rule(#[from] UnknownRule),
    #[error("--select and --ignore leave no rule: name one in --select that is not ignored")]
    NothingSelected,
    #[error("--evidence: {0}")]
    Evidence(#[from] EvidenceError),
    #[error("{0}: cannot be written: {1}")]
    Output(Utf8PathBuf, io::Error),
    #[error("standard input cannot be read: {0}")]
    Input(io::Error),
    #[error(transparent)]
    Changes(#[from] ChangesError),
    #[error("{0}")]
    Baseline(String),
    #[error(transparent)]
    Survey(#[from] SurveyError),
}

/// Checks what the arguments ask for, and prints what was found.
pub(crate) fn run(arguments: &CheckArguments, console: Console) -> io::Result<Exit> {
    if arguments.watch {
        return watch::run(arguments, console);
    }
    once(arguments, console)
}

/// The same, once.
pub(crate) fn once(arguments: &CheckArguments, console: Console) -> io::Result<Exit> {
    match check(arguments, console)? {
        Ok(exit) => Ok(exit),
        Err(error) => {
            console.error(error)?;
            Ok(Exit::Failure)
        }
    }
}

fn check(arguments: &CheckArguments, console: Console) -> io::Result<Result<Exit, CheckError>> {
    let (policy, mut survey) = match prepare(arguments, console) {
        Ok(prepared) => prepared,
        Err(error) => return Ok(Err(error)),
    };
    if arguments.show_files {
        return show_files(&mut survey);
    }
    if let Some(reason) = &arguments.add_allow
        && let Err(error) = add_allow(&mut survey, &policy, arguments, reason, console)?
    {
        return Ok(Err(error));
    }
    if arguments.fix || arguments.diff {
        let mended = match fix::mend(&mut survey, &policy, arguments)? {
            Ok(mended) => mended,
            Err(error) => return Ok(Err(error)),
        };
        if arguments.diff {
            return Ok(Ok(if mended.print(&survey.cwd, console)? { Exit::Findings } else { Exit::Clean }));
        }
        mended.write(&survey.cwd, console)?;
        survey.renew();
    }
    if arguments.write_baseline {
        return write_baseline(&mut survey, &policy, arguments, console);
    }
    report(&mut survey, &policy, arguments, console)
}

/// What is asked for, as far as it can be told before anything is analysed.
fn prepare(arguments: &CheckArguments, console: Console) -> Result<(Policy, Survey<'_>), CheckError> {
    let policy = policy(arguments)?;
    let mut survey = Survey::new(&arguments.project, console)?;
    if arguments.changed_since.is_some() || arguments.diff_only {
        let revision = arguments.changed_since.as_deref().unwrap_or("HEAD");
        survey.restrict(Changes::since(revision, &survey.cwd, arguments.diff_only)?);
    }
    if let Some(path) = &arguments.stdin_filename {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes).map_err(CheckError::Input)?;
        survey.give(path, bytes);
    }
    Ok((policy, survey))
}

/// Prints the files that would be reported on.
fn show_files(survey: &mut Survey) -> io::Result<Result<Exit, CheckError>> {
    let files = match survey.reported()? {
        Ok(files) => files,
        Err(error) => return Ok(Err(error.into())),
    };
    let text: String = files.iter().flat_map(|file| [shown(file, &survey.cwd).into_owned(), "\n".to_owned()]).collect();
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(Ok(if survey.is_whole() { Exit::Clean } else { Exit::Failure }))
}

/// Writes all that is wanted to the files of known findings, and prints nothing of it.
fn write_baseline(
    survey: &mut Survey,
    policy: &Policy,
    arguments: &CheckArguments,
    console: Console,
) -> io::Result<Result<Exit, CheckError>> {
    let wanted = match each_project(survey, policy, arguments, &mut |_| Ok(()))? {
        Ok(wanted) => wanted,
        Err(error) => return Ok(Err(error)),
    };
    match wanted.write(survey.configs()) {
        Ok(lines) => lines.iter().try_for_each(|line| console.summary(line))?,
        Err(error) => return Ok(Err(CheckError::Baseline(error))),
    }
    Ok(Ok(if survey.is_whole() { Exit::Clean } else { Exit::Failure }))
}

/// Analyses all projects, and prints what is wanted.
fn report(survey: &mut Survey, policy: &Policy, arguments: &CheckArguments, console: Console) -> io::Result<Result<Exit, CheckError>> {
    let output_file = arguments.output_file.as_ref().map(|file| survey.cwd.join(file));
    let mut printer = match (Printer::begin(arguments.output_format, output_file.as_deref()), &arguments.output_file) {
        (Ok(printer), _) => printer,
        (Err(error), Some(file)) => return Ok(Err(CheckError::Output(file.clone(), error))),
        (Err(error), None) => return Err(error),
    };
    let mut tally = Tally::default();
    let done = each_project(survey, policy, arguments, &mut |results| {
        printer.project(results)?;
        tally.add(results);
        Ok(())
    })?;
    let wanted = match done {
        Ok(wanted) => wanted,
        Err(error) => return Ok(Err(error)),
    };
    printer.finish(survey.is_whole())?;
    tally.conclude(survey, console, arguments, wanted.known)?;
    wanted.stale(survey.configs()).iter().chain(&wanted.untold()).try_for_each(|line| console.summary(line))?;
    let exit = tally.exit(survey);
    Ok(Ok(if arguments.exit_zero && exit == Exit::Findings { Exit::Clean } else { exit }))
}

/// Analyses all projects, and hands over what is wanted of each.
fn each_project<'p>(
    survey: &mut Survey,
    policy: &'p Policy,
    arguments: &CheckArguments,
    take: &mut dyn FnMut(&Results) -> io::Result<()>,
) -> io::Result<Result<Wanted<'p>, CheckError>> {
    let known = match &arguments.baseline {
        Some(file) => Known::In(survey.cwd.join(file)),
        None if arguments.no_baseline => Known::Marked,
        None => Known::Set,
    };
    let mut wanted = Wanted::new(policy, &survey.cwd, known);
    wanted.writes = arguments.write_baseline;
    match arguments.evidence.as_deref().map(Evidence::read).transpose() {
        Ok(evidence) => wanted.evidence = evidence.unwrap_or_default(),
        Err(error) => return Ok(Err(error.into())),
    }
    let mut trouble = None;
    let done = survey.run(if arguments.report_unknown { Asked::Awaitables } else { Asked::Findings }, &mut |analysed| {
        let Analysed { root, report, program, files, configs, disk, changes, places } = analysed;
        if trouble.is_some() {
            return Ok(());
        }
        let findings = match wanted.of(report.findings, root, files, configs, changes, disk) {
            Ok(findings) => findings,
            Err(error) => {
                trouble = Some(CheckError::Baseline(error));
                return Ok(());
            }
        };
        let is_undecided = |awaitable: &Awaitable| awaitable.fate == Fate::Unknown;
        let undecided = report.awaitables.into_iter().filter(is_undecided).collect();
        let notices = report.notices.into_iter().filter(|notice| files.binary_search(&notice.path.to_path_buf()).is_ok()).collect();
        take(&Results { root, program, findings, undecided, notices, files, places, marks: &wanted.marks })
    })?;
    Ok(match (done, trouble) {
        (Err(error), _) => Err(error.into()),
        (Ok(()), Some(error)) => Err(error),
        (Ok(()), None) => Ok(wanted),
    })
}

/// Writes a comment above each finding. What comes of it is looked at before: a comment that would not do what it is for,
/// since it would stand inside of something, is not written.
fn add_allow(
    survey: &mut Survey,
    policy: &Policy,
    arguments: &CheckArguments,
    reason: &str,
    console: Console,
) -> io::Result<Result<(), CheckError>> {
    let findings = match rehearse(survey, policy, arguments)? {
        Ok(seen) => seen.findings,
        Err(error) => return Ok(Err(error)),
    };
    let mut allowed = Vec::new();
    for (path, file) in allow::files(&findings, reason, survey.disk()) {
        match file {
            Ok(file) => allowed.push(file),
            Err(error) => console.warning(format!("{}: no comments are written: {error}", shown(&path, &survey.cwd)))?,
        }
    }
    for file in &allowed {
        survey.try_out(&file.path, file.bytes.clone());
    }
    let left = match rehearse(survey, policy, arguments)? {
        Ok(seen) => seen.findings,
        Err(error) => return Ok(Err(error)),
    };
    let (mut written, mut count) = (0, 0);
    for Allowed { path, findings: meant, bytes } in &allowed {
        let of_file = |findings: &[Finding]| findings.iter().filter(|finding| finding.statement_span.path == *path).count();
        let (before, after) = (of_file(&findings), of_file(&left));
        if before - meant != after {
            console.warning(format!("{}: no comments are written: they would not do what they are for", shown(path, &survey.cwd)))?;
        } else if let Err(error) = rewrite::write(path, bytes) {
            console.error(format!("{}: {error}", shown(path, &survey.cwd)))?;
        } else {
            (written, count) = (written + 1, count + meant);
        }
    }
    survey.renew();
    console.summary(format!("allowed {} in {}", counted(count, "finding"), counted(written, "file")))?;
    Ok(Ok(()))
}

/// What a run that says nothing has seen.
struct Seen {
    findings: Vec<Finding>,
    notices: Vec<Notice>,
}

/// The findings that are wanted, without a word.
fn rehearse(survey: &mut Survey, policy: &Policy, arguments: &CheckArguments) -> io::Result<Result<Seen, CheckError>> {
    let mut seen = Seen { findings: Vec::new(), notices: Vec::new() };
    let console = survey.hush();
    let done = each_project(survey, policy, arguments, &mut |results| {
        seen.findings.extend(results.findings.iter().cloned());
        seen.notices.extend(results.notices.iter().cloned());
        Ok(())
    })?;
    survey.speak(console);
    Ok(done.map(|_| seen))
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
