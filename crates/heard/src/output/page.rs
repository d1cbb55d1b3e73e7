//! Where a rule's page is on the web.

/// The folder with the pages, which whoever builds a release knows: it is given to the compiler. A build without it
/// points to `heard rule NAME` alone.
const PAGES: Option<&str> = option_env!("HEARD_PAGES");

/// The address of a rule's page, if there is one.
pub(crate) fn page_of(rule: &str) -> Option<String> {
    page_in(PAGES, rule)
}

fn page_in(folder: Option<&str>, rule: &str) -> Option<String> {
    let folder = folder?.trim_end_matches('/');
    (!folder.is_empty()).then(|| format!("{folder}/{}.md", rule.replace('-', "_")))
}

#[cfg(test)]
mod tests {
    use super::page_in;

    #[test]
    fn a_page_is_a_file_in_the_folder() {
        let page = Some("https://example.org/rules/dropped_task.md".to_owned());
        assert_eq!(page_in(Some("https://example.org/rules"), "dropped-task"), page);
        assert_eq!(page_in(Some("https://example.org/rules/"), "dropped-task"), page);
        assert_eq!(page_in(Some(""), "dropped-task"), None);
        assert_eq!(page_in(None, "dropped-task"), None);
    }
}
