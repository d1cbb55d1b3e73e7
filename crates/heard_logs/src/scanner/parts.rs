//! Lines that a runtime of containers has parted. A message may be cut in two, and what it is about may stand in a part
//! that has no message in it, so every part is looked at.

use memchr::memmem;

use super::unwrap;
use crate::lines;

/// Docker parts what is longer than this; with its own fields around it, it is longer still.
const LONG: usize = 16_000;
/// Lines that are looked at to tell how a file marks parts.
const FIRST: usize = 20;

/// How the lines of a file show that they are parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Parts {
    /// They are none.
    #[default]
    None,
    /// By a tag, as Kubernetes writes it.
    Tagged,
    /// By a text without a line break at its end, in an object of Docker's. Only a long one is parted.
    Long,
}

impl Parts {
    pub(super) fn of(start: &[u8]) -> Self {
        let has = |is_such: fn(&str) -> bool| start.split(|byte| *byte == b'\n').take(FIRST).any(|line| is_such(&lines::text(line)));
        if has(unwrap::is_tagged) {
            Self::Tagged
        } else if has(|line| line.starts_with("{\"log\":") && line.contains("\"stream\":")) {
            Self::Long
        } else {
            Self::None
        }
    }

    /// A place in the first of these lines that may be a part.
    pub(super) fn find(self, text: &[u8]) -> Option<usize> {
        match self {
            Self::None => None,
            Self::Tagged => memmem::find_iter(text, " P ").find(|at| text[..*at].ends_with(b"stderr") || text[..*at].ends_with(b"stdout")),
            Self::Long => {
                let mut start = 0;
                while let Some(near) = text.get(start..start + LONG) {
                    match memchr::memrchr(b'\n', near) {
                        Some(end) => start += end + 1,
                        None => return Some(start),
                    }
                }
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{LONG, Parts};

    #[test]
    fn parts_are_found_by_how_a_file_marks_them() {
        let tagged = b"2025-03-11T08:10:02.1Z stdout F x P y\n2025-03-11T08:10:02.1Z stderr P z\n";
        assert_eq!((Parts::of(tagged), Parts::Tagged.find(tagged)), (Parts::Tagged, Some(67)));
        let docker = b"{\"log\":\"x\\n\",\"stream\":\"stderr\",\"time\":\"2025-03-11T08:10:02.1Z\"}\n";
        let long = [&docker[..], &[b'x'; LONG], b"\n"].concat();
        assert_eq!((Parts::of(docker), Parts::Long.find(docker), Parts::Long.find(&long)), (Parts::Long, None, Some(docker.len())));
        assert_eq!(Parts::of(b"2025-03-11 INFO x\n"), Parts::None);
    }
}
