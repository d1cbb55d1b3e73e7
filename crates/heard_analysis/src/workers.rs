//! Work on many files at once.
//!
//! The analyser may fail in a file. So each file is worked on under a guard, and the others go on.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use camino::{Utf8Path, Utf8PathBuf};

use crate::facts::Bodies;
use crate::program::Database;
use crate::{limits, panics};

/// Why there is no result for a file: the analyser failed, in these words.
pub(crate) struct Failed(pub(crate) String);

/// Does `work` for each file and gives the results in the order of the files. `done` is called for
/// each file that is finished or given up. 0 threads are as many as there are cores.
pub(crate) fn for_each_file<T: Send>(
    db: &Database,
    files: &[Utf8PathBuf],
    threads: usize,
    work: impl for<'db> Fn(&'db Database, &Bodies<'db>, &Utf8Path) -> T + Sync,
    done: &(dyn Fn() + Sync),
) -> Vec<Result<T, Failed>> {
    let threads = match (threads, files.len()) {
        (_, 0) => return Vec::new(),
        // To count the cores takes as long as some files do.
        (_, 1) => 1,
        (0, _) => thread::available_parallelism().map_or(1, usize::from),
        (threads, _) => threads,
    };
    let mut results: Vec<Option<Result<T, Failed>>> = files.iter().map(|_| None).collect();
    let queue = Queue { files, next: AtomicUsize::new(0), work, done };
    let other = &db.for_other_threads();
    thread::scope(|scope| {
        let start = |queue| {
            let builder = thread::Builder::new().name("heard".to_owned()).stack_size(limits::STACK);
            builder.spawn_scoped(scope, move || Queue::run(queue, other())).ok()
        };
        // To hand work over and to wait for it costs more than a small file does.
        let is_deep = threads == 1 && stacker::remaining_stack().is_some_and(|left| left > limits::STACK / 2);
        let hired: Vec<_> = if is_deep { Vec::new() } else { (0..threads.min(files.len())).filter_map(|_| start(&queue)).collect() };
        // Where no thread can be had, the work is done right here as well.
        let here = if hired.is_empty() { queue.run(other()) } else { Vec::new() };
        let there = hired.into_iter().filter_map(|thread| thread.join().ok()).flatten();
        for (file, result) in there.chain(here) {
            results[file] = Some(result);
        }
    });
    results.into_iter().map(|result| result.unwrap_or_else(|| Err(Failed("no thread came to it".to_owned())))).collect()
}

/// The files that are left, and what to do with each.
struct Queue<'f, W> {
    files: &'f [Utf8PathBuf],
    next: AtomicUsize,
    work: W,
    done: &'f (dyn Fn() + Sync),
}

impl<W> Queue<'_, W> {
    /// Works on what is left, and gives the results with the places of their files.
    fn run<T>(&self, mut db: Database) -> Vec<(usize, Result<T, Failed>)>
    where
        W: for<'db> Fn(&'db Database, &Bodies<'db>, &Utf8Path) -> T,
    {
        let mut results = Vec::new();
        loop {
            let bodies = Bodies::default();
            let has_failed = loop {
                let file = self.next.fetch_add(1, Ordering::Relaxed);
                let Some(path) = self.files.get(file).filter(|_| !db.cancellation().is_cancelled()) else { return results };
                let result = panics::catch(|| (self.work)(&db, &bodies, path)).map_err(Failed);
                let has_failed = result.is_err();
                results.push((file, result));
                (self.done)();
                if has_failed || db.is_full() {
                    break has_failed;
                }
            };
            drop(bodies);
            // What was being found out when it failed never will be.
            db = if has_failed { db.for_other_threads()() } else { db.emptied() };
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{Environment, Program, Settings, system::InMemorySystem};

    fn run(work: impl Fn(&str) -> usize + Sync) -> (Vec<Option<usize>>, usize) {
        let settings = Settings { environment: Environment::None, ..Settings::default() };
        let Ok(program) = Program::new(Arc::new(InMemorySystem::default()), &settings) else { panic!("no environment is asked for") };
        let files = ["/a", "/b", "/c", "/d"].map(Utf8PathBuf::from);
        let done = AtomicUsize::new(0);
        let db = Database::new(&program.shared);
        let results = for_each_file(&db, &files, 2, |_, _, path| work(path.as_str()), &|| {
            done.fetch_add(1, Ordering::Relaxed);
        });
        (results.into_iter().map(Result::ok).collect(), done.into_inner())
    }

    #[test]
    fn results_keep_the_order_of_the_files() {
        let (results, done) = run(|path| usize::from(path.as_bytes()[1]));
        assert_eq!((results, done), (vec![Some(97), Some(98), Some(99), Some(100)], 4));
    }

    #[test]
    fn a_file_that_panics_is_given_up_and_the_others_are_not() {
        let (results, done) = run(|path| if path == "/b" { panic!("of {path}") } else { 1 });
        assert_eq!((results, done), (vec![Some(1), None, Some(1), Some(1)], 4));
    }
}
