//! What is known of a project from earlier runs, and what this one adds.

use std::sync::Arc;

use heard_analysis::system::System;
use heard_analysis::{Program, Record, Recorder, Report, Request, Tables};

use super::cache::{Ahead, Cache, Kept};
use crate::console::counted;
use crate::system::Disk;

/// What one run takes from the cache, and gives back to it.
pub(super) struct Recall {
    cache: Cache,
    pub(super) tables: Arc<Tables>,
    /// A report that holds.
    record: Option<Record>,
    /// Whether it is the one that was asked for, and is from an earlier run.
    is_answer: bool,
    /// What takes down what the check sees.
    recorder: Option<Arc<Recorder>>,
}

impl Recall {
    /// Takes what was read ahead.
    pub(super) fn new(cache: Cache, ahead: Ahead, disk: &Disk) -> Self {
        let (record, tables) = match ahead.kept() {
            Kept::Record(record) => (Some(*record), Tables::default()),
            Kept::Tables(tables) => (None, tables),
        };
        let recorder = cache.has_record().then(|| Arc::new(Recorder::new(Arc::new(disk.clone()))));
        Recall { cache, tables: Arc::new(tables), record, is_answer: false, recorder }
    }

    /// The disk, as the program is to see it.
    pub(super) fn system(&self, disk: &Disk) -> Arc<dyn System> {
        match &self.recorder {
            Some(recorder) => Arc::clone(recorder) as Arc<dyn System>,
            None => Arc::new(disk.clone()),
        }
    }

    /// The report on a program, as it is known or as a check finds it.
    pub(super) fn report(&mut self, program: &Program, request: &Request<'_>) -> Report {
        if let Some(record) = &self.record {
            if let Some(report) = record.report(program, request) {
                self.is_answer = true;
                return report.clone();
            }
            self.tables.fill(self.cache.tables());
        }
        let report = heard_analysis::check(program, request);
        self.record = self.recorder.as_ref().and_then(|recorder| recorder.record(program, request, &report));
        report
    }

    /// Keeps what helps the next run. Gives what to say to the curious of what this one knew.
    pub(super) fn keep(self) -> Option<String> {
        if let Some(record) = &self.record {
            self.cache.keep_record(record);
        }
        if self.is_answer {
            return Some("nothing has changed since an earlier run".to_owned());
        }
        self.cache.keep(&self.tables);
        self.tables.made().map(|made| format!("{} made, the others known from earlier runs", counted(made, "table")))
    }
}
