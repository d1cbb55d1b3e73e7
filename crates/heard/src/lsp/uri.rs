//! What the editor calls a document, and where that lies.

use std::str::FromStr;

use camino::{Utf8Path, Utf8PathBuf};
use lsp_types::Uri;
use url::Url;

/// The path of a document: of a file its own, and of a buffer that was never saved one in `folder`, where nothing else
/// lies. Other documents, as those that an editor shows of the past of a file, have none.
pub(super) fn path_of(uri: &Uri, folder: &Utf8Path) -> Option<Utf8PathBuf> {
    let url = Url::parse(uri.as_str()).ok()?;
    match url.scheme() {
        "file" => {
            let path = Utf8PathBuf::from_path_buf(url.to_file_path().ok()?).ok()?;
            // Without `.` and double slashes, as paths are compared.
            Some(path.components().collect())
        }
        "untitled" => {
            let name: String = url.path().chars().map(|character| if character.is_alphanumeric() { character } else { '_' }).collect();
            let form = Utf8Path::new(url.path()).extension().filter(|form| *form == "ipynb").unwrap_or("py");
            Some(folder.join(format!("untitled:{name}.{form}")))
        }
        _ => None,
    }
}

/// Whether a path is one that `path_of` gave to a buffer that was never saved.
pub(super) fn is_unsaved(path: &Utf8Path) -> bool {
    path.file_name().is_some_and(|name| name.starts_with("untitled:"))
}

/// The name of a file.
pub(super) fn uri_of(path: &Utf8Path) -> Option<Uri> {
    Uri::from_str(Url::from_file_path(path).ok()?.as_str()).ok()
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use lsp_types::Uri;

    use super::{is_unsaved, path_of, uri_of};

    #[test]
    #[cfg(unix)]
    fn names_lead_to_paths_and_back() {
        let path = |uri: &str| path_of(&Uri::from_str(uri).unwrap(), "/w".into());
        assert_eq!(path("file:///a%20b/%C3%A9%23.py").unwrap(), "/a b/é#.py");
        assert_eq!(path("file://localhost/a/./b.py").unwrap(), "/a/b.py");
        assert_eq!(path("file:///a%28b.py"), path("file:///a(b.py"));
        assert_eq!(path("git:/a/b.py?ref=HEAD"), None);
        assert!(is_unsaved(&path("untitled:Untitled-1").unwrap()));
        assert_eq!(path_of(&uri_of("/a b/é#%20+.py".into()).unwrap(), "/w".into()).unwrap(), "/a b/é#%20+.py");
    }
}
