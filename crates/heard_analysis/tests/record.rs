//! A report that is on record is what a new check finds, as long as the record holds.

use std::collections::BTreeSet;
use std::sync::Arc;

use camino::Utf8PathBuf;
use heard_analysis::system::{InMemorySystem, Stamp};
use heard_analysis::{Cancellation, Record, Recorder, Report, Request, check};

use crate::analysis::{Module, program, program_seen_by};
use crate::failures::Failures;
use crate::order::{Numbers, told};
use crate::pages::{documents, modules};
use crate::python::in_parallel;
use crate::session::edit;

/// So many times each program is edited.
const EDITS: usize = 5;

fn on<T>(files: &[Utf8PathBuf], work: impl FnOnce(&Request<'_>) -> T) -> T {
    work(&Request {
        files,
        reported: &files.iter().cloned().collect::<BTreeSet<_>>(),
        awaitables: false,
        migrations: false,
        threads: 1,
        cancellation: &Cancellation::default(),
        progress: &|| (),
    })
}

fn essence(report: &Report) -> (Vec<String>, String) {
    (told(&report.findings), format!("{:?} {:?}", report.notices, report.missing))
}

/// A record of the program, as another process finds it; none where the program has not what its manifest names.
fn recorded(manifest: &str, modules: &[Module], system: &Arc<InMemorySystem>) -> Result<Option<(Record, Vec<Utf8PathBuf>)>, String> {
    let recorder = Arc::new(Recorder::new(Arc::clone(system) as Arc<_>));
    let (seen, files) = program_seen_by(manifest, &mut modules.iter(), system, Arc::clone(&recorder) as Arc<_>)?;
    let report = on(&files, |request| check(&seen, request));
    if !report.unknown.is_empty() {
        return Ok(None);
    }
    let record = on(&files, |request| recorder.record(&seen, request, &report));
    let build = Stamp::of_text("this build");
    let mut bytes = Vec::new();
    record.ok_or("it is torn")?.write(build, &mut bytes).map_err(|error| error.to_string())?;
    if Record::from_bytes(Stamp::of_text("another build"), &bytes).is_some() {
        return Err("another build takes it".to_owned());
    }
    Ok(Some((Record::from_bytes(build, &bytes).ok_or("it cannot be read")?, files)))
}

/// Edits a program, and says where what is on record is not what a new run finds.
fn compare(manifest: &str, modules: &mut [Module], seed: u64) -> Result<(), String> {
    let system = Arc::default();
    let mut numbers = Numbers(seed);
    let Some((mut record, mut files)) = recorded(manifest, modules, &system)? else { return Ok(()) };
    for round in 0..EDITS {
        let (cold, _) = program(manifest, &mut modules.iter(), &Arc::default())?;
        let expected = on(&files, |request| essence(&check(&cold, request)));
        let is_known = record.holds(&*system);
        if is_known {
            let known = on(&files, |request| record.report(&cold, request).map(essence));
            if known.as_ref() != Some(&expected) {
                return Err(format!("after {round} edits: on record {known:#?}\nand a new run finds {expected:#?}"));
            }
        } else if round % 2 == 0 {
            return Err(format!("after {round} edits nothing has changed, and the record does not hold"));
        }
        if round % 2 == 0 {
            let changed = edit(modules, &mut numbers);
            system.fs().write_file_all(&files[changed], &modules[changed].source).map_err(|error| error.to_string())?;
        } else {
            let Some(anew) = recorded(manifest, modules, &system)? else { return Ok(()) };
            (record, files) = anew;
        }
    }
    Ok(())
}

#[test]
fn what_is_on_record_is_what_a_new_run_finds() {
    let mut failures = Failures::default();
    let documents = documents(&mut failures);
    let all = documents.iter().flat_map(|document| document.programs().into_iter().map(move |program| (document, program)));
    let programs: Vec<_> = all.filter(|(_, program)| program.len() > 1).enumerate().collect();
    let differences = in_parallel(&programs, |(number, (_, program))| {
        compare(&program[0].manifest, &mut modules(program), 0x2545_f491_4f6c_dd1d + *number as u64)
    });
    for ((_, (document, program)), difference) in programs.iter().zip(differences) {
        if let Err(text) = difference {
            failures.at(document, program[0].line, &text);
        }
    }
    failures.finish();
}
