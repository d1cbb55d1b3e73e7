//! The findings of all files of the workspace, open or not.

use std::collections::{BTreeMap, HashMap};

use camino::Utf8PathBuf;
use heard_analysis::Cancellation;
use lsp_types::{PreviousResultId, Uri};
use serde_json::{Value, json};

use super::analyst::{Analyst, Answer};
use super::atlas::Atlas;
use super::diagnostic::{self, Diagnostics};
use super::progress::Progress;
use super::room::NoAnswer;
use super::uri::uri_of;
use crate::survey::target::{Exclude, Files, Job, Target};

impl Analyst {
    /// A report on each file that has findings, or had some when it was told last. Null where the editor knows all: then
    /// the answer waits until there is something new.
    pub(super) fn workspace_diagnostics(&mut self, previous: &[PreviousResultId], cancellation: &Cancellation) -> Answer {
        let mut told: BTreeMap<Uri, Diagnostics> = BTreeMap::new();
        for (first, files) in self.workspace_files() {
            let progress = Progress::new(&self.client, self.told.clone());
            let room = self.room(&first);
            match room.find(&files, false, cancellation, &progress) {
                Ok(()) => {}
                // The other projects are not to suffer.
                Err(NoAnswer::Trouble(_)) => continue,
                Err(error) => return Err(error),
            }
            let found: Vec<_> = files.iter().filter_map(|file| room.known(file, false).cloned()).collect();
            let atlas = Atlas::new(&self.disk, &self.open, self.client.encoding);
            let mut items: BTreeMap<Uri, Vec<_>> = BTreeMap::new();
            for finding in found.iter().flat_map(|found| &found.findings) {
                if let Some((uri, item)) = diagnostic::of(finding, &atlas, &self.client) {
                    items.entry(uri).or_default().push(item);
                }
            }
            told.extend(items.into_iter().map(|(uri, items)| (uri, Diagnostics::new(items))));
        }
        let previous: HashMap<&Uri, &str> = previous.iter().map(|known| (&known.uri, known.value.as_str())).collect();
        let gone: Vec<Uri> = previous.keys().filter(|uri| !told.contains_key(**uri)).map(|uri| (*uri).clone()).collect();
        told.extend(gone.into_iter().map(|uri| (uri, Diagnostics::new(Vec::new()))));
        let is_known = |uri: &Uri, diagnostics: &Diagnostics| previous.get(uri) == Some(&diagnostics.id.as_str());
        if !previous.is_empty() && told.iter().all(|(uri, diagnostics)| is_known(uri, diagnostics)) {
            return Ok(Value::Null);
        }
        let versions: HashMap<&Uri, i32> = self.open.values().map(|snapshot| (&snapshot.uri, snapshot.version)).collect();
        let report = |(uri, diagnostics): (&Uri, &Diagnostics)| {
            let version = versions.get(uri);
            if is_known(uri, diagnostics) {
                return json!({ "kind": "unchanged", "uri": uri, "version": version, "resultId": diagnostics.id });
            }
            json!({ "kind": "full", "uri": uri, "version": version, "resultId": diagnostics.id, "items": diagnostics.items })
        };
        Ok(json!({ "items": told.iter().map(report).collect::<Vec<_>>() }))
    }

    /// The files in the folders of the workspace, by their projects, each with one file of it.
    fn workspace_files(&self) -> Vec<(Utf8PathBuf, Vec<Utf8PathBuf>)> {
        // Files in one folder belong to one project, unless one of them lies in none.
        let mut by_project: Vec<(crate::project::Project, Utf8PathBuf, Vec<Utf8PathBuf>)> = Vec::new();
        let mut known: HashMap<Utf8PathBuf, usize> = HashMap::new();
        for folder in &self.folders {
            let Ok(target) = Target::new(folder.as_std_path(), folder) else { continue };
            let jobs = Job::group(vec![target]);
            let Ok(exclude) = Exclude::new(&[], folder) else { continue };
            for file in Files::find(&jobs, 0, &exclude).reported {
                let parent = file.parent().unwrap_or(&file).to_owned();
                let place = *known.entry(parent).or_insert_with(|| {
                    let project = Target::given(&file).project();
                    by_project.iter().position(|(other, ..)| *other == project).unwrap_or_else(|| {
                        by_project.push((project, file.clone(), Vec::new()));
                        by_project.len() - 1
                    })
                });
                if uri_of(&file).is_some() {
                    by_project[place].2.push(file);
                }
            }
        }
        by_project.into_iter().map(|(_, first, files)| (first, files)).collect()
    }
}
