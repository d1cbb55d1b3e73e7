//! What can be done about a finding: mend it, allow it with a reason, or take it for known.

use std::collections::HashMap;

use camino::{Utf8Path, Utf8PathBuf};
use heard_analysis::{Edit, Finding, Fix};
use lsp_types::{CodeAction, CodeActionKind, Diagnostic, Position, Range, TextEdit, Uri, WorkspaceEdit};

use super::atlas::Atlas;
use super::capabilities::{Client, FIX_ALL};
use super::diagnostic;
use super::position::Lines;
use super::uri::uri_of;
use crate::baseline::Baseline;
use crate::check::allow;
use crate::system::Disk;

/// What stands in a new comment where its writer is to say why.
const REASON: &str = "say why this failure may go unheard";

/// What the actions are made from.
pub(super) struct Actions<'a> {
    pub(super) atlas: &'a Atlas<'a>,
    pub(super) client: &'a Client,
    pub(super) disk: &'a Disk,
    pub(super) path: &'a Utf8Path,
    pub(super) uri: &'a Uri,
    /// The file of known findings, where the settings name one.
    pub(super) baseline: Option<Utf8PathBuf>,
}

impl Actions<'_> {
    /// The actions for the findings in a range, and for all of the file.
    pub(super) fn of(&self, findings: &[Finding], range: Range, only: Option<&[CodeActionKind]>) -> Vec<CodeAction> {
        let is_wanted = |kind: &CodeActionKind| only.is_none_or(|only| only.iter().any(|wanted| is_below(kind, wanted)));
        let mut actions = Vec::new();
        if is_wanted(&CodeActionKind::QUICKFIX) {
            for finding in findings {
                let Some((uri, diagnostic)) = diagnostic::of(finding, self.atlas, self.client) else { continue };
                if uri == *self.uri && touch(diagnostic.range, range) {
                    actions.extend([self.mend(finding, &diagnostic), self.allow(finding, &diagnostic)].into_iter().flatten());
                    actions.extend(self.accept(finding, &diagnostic));
                }
            }
        }
        let all = CodeActionKind::new(FIX_ALL);
        if is_wanted(&all) {
            actions.extend(self.mend_all(findings, all));
        }
        actions
    }

    fn mend(&self, finding: &Finding, diagnostic: &Diagnostic) -> Option<CodeAction> {
        let fix = finding.fix.as_ref()?;
        let title = if fix.safe { fix.title.clone() } else { format!("{} (changes what the program does)", fix.title) };
        let action = Self::action(title, self.edit(&fix.edits)?, diagnostic);
        Some(CodeAction { is_preferred: Some(fix.safe), ..action })
    }

    fn allow(&self, finding: &Finding, diagnostic: &Diagnostic) -> Option<CodeAction> {
        if finding.rule == "unused-allow" {
            return None;
        }
        let edit = allow::comment(&self.disk.read(self.path).ok()?, &[finding], REASON)?;
        Some(Self::action(format!("Allow `{}` here, with a reason", finding.rule), self.edit(&[edit])?, diagnostic))
    }

    fn accept(&self, finding: &Finding, diagnostic: &Diagnostic) -> Option<CodeAction> {
        let path = self.baseline.as_ref()?;
        let baseline = Baseline::read(path, true).ok()?;
        let (text, before) = baseline.with(finding).ok()?;
        let whole = Lines::new(before).whole();
        let edits = HashMap::from([(uri_of(path)?, vec![TextEdit { range: whole, new_text: text }])]);
        let edit = WorkspaceEdit { changes: Some(edits), ..WorkspaceEdit::default() };
        path.exists().then(|| Self::action(format!("Add to {}", path.file_name().unwrap_or("the baseline")), edit, diagnostic))
    }

    /// All safe fixes of the file that do not stand in each other's way.
    fn mend_all(&self, findings: &[Finding], kind: CodeActionKind) -> Option<CodeAction> {
        let is_own = |fix: &&Fix| fix.safe && fix.edits.iter().all(|edit| *edit.span.path == *self.path);
        let (chosen, edits) = Fix::together(findings.iter().filter_map(|finding| finding.fix.as_ref()).filter(is_own));
        if chosen.is_empty() {
            return None;
        }
        let edit = self.edit(&edits)?;
        Some(CodeAction { title: "Mend all that heard can mend".to_owned(), kind: Some(kind), edit: Some(edit), ..CodeAction::default() })
    }

    fn action(title: String, edit: WorkspaceEdit, diagnostic: &Diagnostic) -> CodeAction {
        let diagnostics = Some(vec![diagnostic.clone()]);
        CodeAction { title, kind: Some(CodeActionKind::QUICKFIX), diagnostics, edit: Some(edit), ..CodeAction::default() }
    }

    fn edit(&self, edits: &[Edit]) -> Option<WorkspaceEdit> {
        let mut changes: HashMap<Uri, Vec<TextEdit>> = HashMap::new();
        for edit in edits {
            let location = self.atlas.location_of_bytes(&edit.span)?;
            changes.entry(location.uri).or_default().push(TextEdit { range: location.range, new_text: edit.text.clone() });
        }
        Some(WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() })
    }
}

/// Whether a kind is another one or one of its special cases.
fn is_below(kind: &CodeActionKind, wanted: &CodeActionKind) -> bool {
    let rest = kind.as_str().strip_prefix(wanted.as_str());
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.') || wanted.as_str().is_empty())
}

fn touch(left: Range, right: Range) -> bool {
    let key = |position: Position| (position.line, position.character);
    key(left.start) <= key(right.end) && key(right.start) <= key(left.end)
}
