//! Completions and the manual page.

use crate::tree::{Run, Tree};

#[test]
fn every_shell_completes_the_commands() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let Run { stdout, code, .. } = Run::of(Tree::new().heard().args(["completions", shell]));
        assert_eq!(code, Some(0));
        assert!(stdout.contains("write-baseline") && stdout.contains("audit"), "{shell}");
    }
}

#[test]
fn the_manual_page_has_all_commands_and_their_options() {
    let Run { stdout, code, .. } = Run::of(Tree::new().heard().arg("man"));
    assert_eq!(code, Some(0));
    for part in [".TH heard 1", "HEARD CHECK", "HEARD AUDIT", "HEARD RUN", "\\-\\-write\\-baseline", "\\-\\-stdin\\-filename"] {
        assert!(stdout.contains(part), "{part}: {stdout}");
    }
}
