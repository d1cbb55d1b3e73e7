//! Requests of the editor as questions to the analyst.

use camino::Utf8Path;
use lsp_types::{
    CodeActionParams, CodeLensParams, DocumentDiagnosticParams, HoverParams, InlayHintParams, ReferenceParams, Uri,
    WorkspaceDiagnosticParams,
};
use serde_json::{Error, Value, from_value};

use super::document::Documents;
use super::task::{Named, Question};
use super::uri::path_of;

/// The question that a request asks, where it is one.
///
/// # Errors
/// Where the parameters are not those of the request.
pub(super) fn of(method: &str, params: Value, documents: &Documents, folder: &Utf8Path) -> Result<Option<Question>, Error> {
    let named = |uri: Uri| {
        let path = documents.notebook_of(&uri).map(Utf8Path::to_owned).or_else(|| path_of(&uri, folder));
        Named { uri, path }
    };
    Ok(Some(match method {
        "textDocument/diagnostic" => {
            let params: DocumentDiagnosticParams = from_value(params)?;
            Question::Diagnostics { document: named(params.text_document.uri), previous: params.previous_result_id }
        }
        "workspace/diagnostic" => Question::Workspace { previous: from_value::<WorkspaceDiagnosticParams>(params)?.previous_result_ids },
        "textDocument/hover" => {
            let place = from_value::<HoverParams>(params)?.text_document_position_params;
            Question::Hover(named(place.text_document.uri), place.position)
        }
        "textDocument/references" => {
            let place = from_value::<ReferenceParams>(params)?.text_document_position;
            Question::References(named(place.text_document.uri), place.position)
        }
        "textDocument/inlayHint" => {
            let params: InlayHintParams = from_value(params)?;
            Question::Hints(named(params.text_document.uri), params.range)
        }
        "textDocument/codeLens" => Question::Lenses(named(from_value::<CodeLensParams>(params)?.text_document.uri)),
        "textDocument/codeAction" => {
            let params: CodeActionParams = from_value(params)?;
            Question::Actions { document: named(params.text_document.uri), range: params.range, only: params.context.only }
        }
        _ => return Ok(None),
    }))
}
