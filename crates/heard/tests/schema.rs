//! The schema of the settings in `docs` is the one that is made from the code.

use std::fs;
use std::path::Path;

use crate::tree::{Run, Tree};

#[test]
fn the_committed_schema_is_that_of_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/heard.schema.json");
    let Run { stdout: made, code, .. } = Run::of(Tree::new().heard().args(["config", "--schema"]));
    assert_eq!(code, Some(0));
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &made).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == made, "docs/heard.schema.json is old: BLESS=1 writes it anew");
}
