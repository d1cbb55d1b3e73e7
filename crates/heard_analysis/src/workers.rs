//! Work on many files at once, on threads that can be left behind.
//!
//! The engine may fail in a file, or never come to an end there: inference is exponential in rare
//! code, and cannot be interrupted. So each file is worked on under a guard and a clock. A thread
//! that is late is left to itself, another takes its place, and the file is given up.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};

use crate::program::Database;
use crate::{engine, limits};

/// Why there is no result for a file.
pub(crate) enum GivenUp {
    /// The analyser failed, in these words.
    Failed(String),
    /// It took longer than there was patience.
    Late,
}

/// Does `work` for each file and gives the results in the order of the files. `done` is called for
/// each file that is finished or given up. 0 threads are as many as there are cores; `patience` is how
/// long one file may take.
pub(crate) fn for_each_file<T: Send + 'static>(
    db: &Database,
    files: Vec<Utf8PathBuf>,
    threads: usize,
    patience: Duration,
    work: impl Fn(&Database, &Utf8Path) -> T + Send + Sync + 'static,
    mut done: impl FnMut(),
) -> Vec<Result<T, GivenUp>> {
    let threads = if threads == 0 { thread::available_parallelism().map_or(1, usize::from) } else { threads };
    let mut results: Vec<Option<Result<T, GivenUp>>> = files.iter().map(|_| None).collect();
    let mut open = results.len();
    let (sender, receiver) = channel();
    let queue = Arc::new(Queue { files, next: AtomicUsize::new(0), work });
    let mut crew = Crew { db, queue: &queue, sender, patience, busy: Vec::new() };
    for _ in 0..threads.min(open) {
        crew.hire();
    }
    while open > 0 {
        for (file, result) in crew.wait(&receiver) {
            // What comes in after the file was given up comes too late.
            if results[file].is_none() {
                results[file] = Some(result);
                open -= 1;
                done();
            }
        }
    }
    results.into_iter().flatten().collect()
}

/// The files that are left, and what to do with each.
struct Queue<W> {
    files: Vec<Utf8PathBuf>,
    next: AtomicUsize,
    work: W,
}

enum Event<T> {
    Started { worker: usize, file: usize },
    Finished { worker: usize, file: usize, result: Result<T, GivenUp> },
}

struct Crew<'a, T, W> {
    db: &'a Database,
    queue: &'a Arc<Queue<W>>,
    sender: Sender<Event<T>>,
    patience: Duration,
    /// For each worker, the file that it is at, and since when.
    busy: Vec<Option<(usize, Instant)>>,
}

impl<T: Send + 'static, W: Fn(&Database, &Utf8Path) -> T + Send + Sync + 'static> Crew<'_, T, W> {
    /// Starts one more worker. Where no thread can be had, the work is done right here.
    fn hire(&mut self) {
        let worker = self.busy.len();
        self.busy.push(None);
        let (queue, sender) = (Arc::clone(self.queue), self.sender.clone());
        let db = self.db.clone();
        let hired =
            thread::Builder::new().name("heard".to_owned()).stack_size(limits::STACK).spawn(move || queue.run(&db, worker, &sender));
        if hired.is_err() {
            self.queue.run(self.db, worker, &self.sender);
        }
    }

    /// The results that have come in, and the files whose worker is late.
    fn wait(&mut self, receiver: &Receiver<Event<T>>) -> Vec<(usize, Result<T, GivenUp>)> {
        match receiver.recv_timeout(self.patience / 16) {
            Ok(Event::Started { worker, file }) => {
                self.busy[worker] = Some((file, Instant::now()));
                Vec::new()
            }
            Ok(Event::Finished { worker, file, result }) => {
                self.busy[worker] = None;
                vec![(file, result)]
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => self.dismiss_late(),
        }
    }

    fn dismiss_late(&mut self) -> Vec<(usize, Result<T, GivenUp>)> {
        let patience = self.patience;
        let is_late = |(_, since): &mut (usize, Instant)| since.elapsed() > patience;
        let late: Vec<usize> = self.busy.iter_mut().filter_map(|busy| busy.take_if(is_late)).map(|(file, _)| file).collect();
        for _ in &late {
            self.hire();
        }
        late.into_iter().map(|file| (file, Err(GivenUp::Late))).collect()
    }
}

impl<W> Queue<W> {
    fn run<T>(&self, db: &Database, worker: usize, sender: &Sender<Event<T>>)
    where
        W: Fn(&Database, &Utf8Path) -> T,
    {
        loop {
            let file = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(path) = self.files.get(file) else { return };
            let started = sender.send(Event::Started { worker, file });
            let result = engine::catch(|| (self.work)(db, path)).map_err(GivenUp::Failed);
            // Nobody listens any more once every file is dealt with.
            if started.and_then(|()| sender.send(Event::Finished { worker, file, result })).is_err() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Environment, Program, Settings, system::InMemorySystem};

    fn run(work: impl Fn(&str) -> usize + Send + Sync + 'static) -> (Vec<Option<usize>>, usize) {
        let settings = Settings { environment: Environment::None, ..Settings::default() };
        let Ok(program) = Program::new(Arc::new(InMemorySystem::default()), &settings) else { panic!("no environment is asked for") };
        let files = ["/a", "/b", "/c", "/d"].map(Utf8PathBuf::from).to_vec();
        let mut done = 0;
        let results = for_each_file(&program.db, files, 2, Duration::from_millis(200), move |_, path| work(path.as_str()), || done += 1);
        (results.into_iter().map(Result::ok).collect(), done)
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

    #[test]
    fn a_file_that_does_not_end_is_given_up_and_the_others_are_not() {
        let (results, done) = run(|path| {
            if path == "/a" || path == "/b" {
                thread::sleep(Duration::from_hours(1));
            }
            1
        });
        assert_eq!((results, done), (vec![None, None, Some(1), Some(1)], 4));
    }
}
