//! Python: which interpreters there are, what they accept and what they do.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Only what hangs takes so long, however busy the machine is.
const TIME_LIMIT: Duration = Duration::from_mins(1);

/// How asyncio begins its records, which have no other mark when nobody configures logging.
const RECORDS: &[&str] = &[
    "exception was never retrieved",
    "exception in shielded future",
    "Exception in callback",
    "Task was destroyed but it is pending!",
    "unhandled exception during asyncio.run() shutdown",
];

/// The interpreters that proofs run on.
pub(crate) fn interpreters() -> Result<Vec<PathBuf>, String> {
    let listed = std::env::var_os("HEARD_PYTHONS").unwrap_or_default();
    let mut pythons: Vec<PathBuf> = std::env::split_paths(&listed).filter(|path| !path.as_os_str().is_empty()).collect();
    if pythons.is_empty() {
        pythons.push("python3".into());
    }
    for python in &pythons {
        let version = Command::new(python)
            .args(["-I", "-c", "import sys; print(sys.version_info >= (3, 11))"])
            .output()
            .map_err(|error| format!("cannot start the interpreter `{}`: {error}; {HOW}", python.display()))?;
        if version.stdout.trim_ascii() != b"True" {
            return Err(format!("the interpreter `{}` is not Python 3.11 or newer; {HOW}", python.display()));
        }
    }
    Ok(pythons)
}

const HOW: &str = "set HEARD_PYTHONS to the paths of interpreters, separated as in PATH";

/// Compiles modules and returns what is wrong: which module, which line, and why.
pub(crate) fn compile(python: &Path, sources: &[&str]) -> Result<Vec<(usize, usize, String)>, String> {
    let mut child = start(python, include_str!("compile_all.py"), Stdio::piped())?;
    let input = serde_json::to_string(sources).map_err(|error| error.to_string())?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes()).map_err(|error| error.to_string())?;
    }
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    serde_json::from_slice(&output.stdout).map_err(|_| {
        let stderr = String::from_utf8_lossy(&output.stderr);
        format!("{} cannot compile the blocks:\n{stderr}", python.display())
    })
}

fn start(python: &Path, source: &str, stdin: Stdio) -> Result<Child, String> {
    // What the compiler of a newer Python says of the text is not what becomes of the failure.
    let arguments: [OsString; 7] = ["-I", "-W", "ignore::SyntaxWarning", "-X", "utf8", "-c", source].map(OsString::from);
    Command::new(python)
        .args(arguments)
        .current_dir(std::env::temp_dir())
        .stdin(stdin)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot start `{}`: {error}", python.display()))
}

/// How a program ended.
#[derive(Debug)]
pub(crate) struct Ending {
    /// The exit code, or `None` where the program was stopped.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) ran_out_of_time: bool,
}

/// Runs a program.
pub(crate) fn run(python: &Path, source: &str) -> Result<Ending, String> {
    let mut child = start(python, source, Stdio::null())?;
    let stdout = child.stdout.take().map(|stream| thread::spawn(move || drain(stream)));
    let stderr = child.stderr.take().map(|stream| thread::spawn(move || drain(stream)));
    let started = Instant::now();
    let (code, ran_out_of_time) = loop {
        if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
            break (status.code(), false);
        }
        if started.elapsed() > TIME_LIMIT {
            child.kill().map_err(|error| error.to_string())?;
            child.wait().map_err(|error| error.to_string())?;
            break (None, true);
        }
        thread::sleep(Duration::from_millis(5));
    };
    let text = |reader: Option<thread::JoinHandle<String>>| reader.and_then(|reader| reader.join().ok()).unwrap_or_default();
    Ok(Ending { code, stdout: text(stdout), stderr: text(stderr), ran_out_of_time })
}

fn drain(mut stream: impl Read) -> String {
    let mut bytes = Vec::new();
    // A stream that breaks off ends the text; the comparison then tells.
    let _ = stream.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).replace("\r\n", "\n")
}

/// Does `work` for each of `jobs` on every core, and returns the results in the order of the jobs.
pub(crate) fn in_parallel<J: Sync, R: Send>(jobs: &[J], work: impl Fn(&J) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    let workers = thread::available_parallelism().map_or(1, usize::from).min(jobs.len());
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some((index, job)) = Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|index| Some((index, jobs.get(index)?)))
                {
                    let result = work(job);
                    results.lock().unwrap().push((index, result));
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap();
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

/// What a proof claims: the first line of a `run` block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    Silent,
    Logged(Option<String>),
    Warned,
    Raised(String),
}

impl Claim {
    pub(crate) fn parse(source: &str) -> Option<Claim> {
        let comment = source.lines().next()?.strip_prefix("# ")?;
        let (word, text) = match comment.split_once(": ") {
            Some((word, text)) => (word, Some(text.to_owned())),
            None => (comment, None),
        };
        match (word, text) {
            ("silent", None) => Some(Claim::Silent),
            ("logged", text) => Some(Claim::Logged(text)),
            ("warned", None) => Some(Claim::Warned),
            ("raised", Some(exception)) => Some(Claim::Raised(exception)),
            _ => None,
        }
    }

    /// Why the claim does not hold of a program that ended like this.
    pub(crate) fn refute(&self, ending: &Ending) -> Option<String> {
        if ending.ran_out_of_time {
            return Some(format!("it ran for more than {} seconds", TIME_LIMIT.as_secs()));
        }
        let stderr = &ending.stderr;
        if let Claim::Raised(exception) = self {
            if ending.code == Some(0) {
                return Some(format!("it did not raise `{exception}`"));
            }
            let last = stderr.rsplit_once("Traceback (most recent call last):\n").map_or("", |(_, last)| last);
            // The lines of an exception group are indented with bars.
            let is_group = stderr.contains("Exception Group Traceback");
            let names = |line: &str| line.split_once(':').map_or(line, |(name, _)| name) == exception;
            let found = if is_group {
                stderr.lines().any(|line| names(line.trim_start_matches([' ', '|', '+', '-'])))
            } else {
                last.lines().find(|line| !line.starts_with(' ')).is_some_and(names)
            };
            return (!found).then(|| format!("it did not raise `{exception}`"));
        }
        if ending.code != Some(0) {
            return Some("it failed".to_owned());
        }
        match self {
            Claim::Silent => (!stderr.is_empty()).then(|| "it was not silent".to_owned()),
            Claim::Logged(None) => (!RECORDS.iter().any(|record| stderr.contains(record))).then(|| "asyncio logged nothing".to_owned()),
            Claim::Logged(Some(text)) => (!stderr.contains(text.as_str())).then(|| format!("it did not log \"{text}\"")),
            Claim::Warned => {
                let warned = stderr.contains("RuntimeWarning: coroutine") && stderr.contains("was never awaited");
                (!warned).then(|| "Python did not warn".to_owned())
            }
            Claim::Raised(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ending(source: &str) -> Ending {
        run(&interpreters().unwrap()[0], source).unwrap()
    }

    fn refuted(claim: &str, source: &str) -> Option<String> {
        Claim::parse(claim).unwrap().refute(&ending(source))
    }

    #[test]
    fn claims_are_read() {
        assert_eq!(Claim::parse("# silent\nx = 1"), Some(Claim::Silent));
        assert_eq!(Claim::parse("# logged: Task was"), Some(Claim::Logged(Some("Task was".to_owned()))));
        assert_eq!(Claim::parse("# raised: KeyError"), Some(Claim::Raised("KeyError".to_owned())));
        assert_eq!(Claim::parse("# raised"), None);
        assert_eq!(Claim::parse("import asyncio"), None);
    }

    #[test]
    fn claims_hold_or_are_refuted() {
        let silent = "print('done')";
        let warned = "async def save(): ...\nsave()";
        let raised = "raise KeyError('row')";
        let grouped = "raise ExceptionGroup('rows', [KeyError('row')])";
        let logged = "import asyncio\nasync def fail(): 1 / 0\nasync def main():\n  asyncio.create_task(fail())\n  await asyncio.sleep(0.01)\nasyncio.run(main())";
        let all = [silent, warned, raised, grouped, logged];
        for (claim, right) in [
            ("# silent", silent),
            ("# warned", warned),
            ("# raised: ExceptionGroup", grouped),
            ("# logged", logged),
            ("# logged: ZeroDivisionError", logged),
        ] {
            for source in all {
                assert_eq!(refuted(claim, source).is_none(), source == right, "{claim} of\n{source}");
            }
        }
        for source in [raised, grouped] {
            assert_eq!(refuted("# raised: KeyError", source), None);
            assert!(refuted("# raised: ValueError", source).is_some());
        }
    }

    #[test]
    fn endless_programs_are_stopped() {
        let ending = ending("print('started', flush=True)\nwhile True: pass");
        assert!(ending.ran_out_of_time);
        assert_eq!(ending.stdout, "started\n");
        assert!(Claim::Silent.refute(&ending).is_some());
    }

    #[test]
    fn broken_modules_are_told() {
        let python = &interpreters().unwrap()[0];
        let wrong = compile(python, &["x = 1\n", "x = 1\ny = = 2\n", "async def f():\n    await g()\n"]).unwrap();
        assert_eq!(wrong.iter().map(|(module, line, _)| (*module, *line)).collect::<Vec<_>>(), [(1, 2)]);
    }

    #[test]
    fn results_keep_the_order_of_jobs() {
        let jobs: Vec<usize> = (0..50).collect();
        assert_eq!(in_parallel(&jobs, |job| job * 2), jobs.iter().map(|job| job * 2).collect::<Vec<_>>());
    }
}
