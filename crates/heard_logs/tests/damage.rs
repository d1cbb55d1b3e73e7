//! Nothing breaks the reader, and what is whole between the damage is found.

use proptest::prelude::*;

use crate::records::LINES;
use crate::{incidents, read};

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let _ = read(&bytes);
    }

    #[test]
    fn damage_never_breaks_it(at in prop::collection::vec((0usize..LINES.len(), any::<u8>()), 0..30), cut in 0usize..LINES.len()) {
        let mut bytes = LINES.as_bytes().to_vec();
        for (at, byte) in at {
            bytes[at] = byte;
        }
        bytes.truncate(cut.max(1));
        // What is damaged is an event, a quote or not understood; the last record has no end to be damaged.
        let _ = read(&bytes);
    }

    #[test]
    fn a_message_does_not_vanish_among_junk(before in prop::collection::vec(any::<u8>(), 0..300), after in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut bytes = before;
        bytes.extend_from_slice(b"\n2025-03-11 09:15:02 ERROR asyncio: Task was destroyed but it is pending!\ntask: <Task pending name='T' coro=<lamp() done, defined at /a.py:3>>\n");
        bytes.extend_from_slice(&after);
        // Zeros in every other place are a text of two bytes a sign, and brackets a document: then the lines are none.
        prop_assume!(!bytes.starts_with(&[0xff, 0xfe]) && !bytes.starts_with(&[0xfe, 0xff]) && bytes[1] != 0 && bytes[0] != 0);
        prop_assume!(!bytes.trim_ascii_start().starts_with(b"[") && !bytes.trim_ascii_start().starts_with(b"{"));
        let found = incidents(&bytes);
        prop_assert!(found.iter().any(|one| one == "task-destroyed lamp - - x1"), "{:?}", found);
    }
}

#[test]
fn a_line_of_many_megabytes_is_one_line() {
    let mut text = vec![b'x'; 20 << 20];
    text.extend_from_slice(b" Task was destroyed but it is pending! ");
    text.extend(std::iter::repeat_n(b'y', 20 << 20));
    text.push(b'\n');
    text.extend_from_slice(LINES.as_bytes());
    let found = incidents(&text);
    assert!(found.iter().any(|one| one == "task-failed Till.pay RuntimeError 8 x2"), "{found:?}");
}

#[test]
fn a_record_that_is_cut_by_rotation_is_one() {
    let folder = tempfile::tempdir().unwrap();
    for cut in [40, 200, 330, 460] {
        let (old, new) = LINES.split_at(cut);
        std::fs::write(folder.path().join("shop.log.1"), old).unwrap();
        std::fs::write(folder.path().join("shop.log"), new).unwrap();
        let files = heard_logs::source::files(&[folder.path().to_owned()]).unwrap();
        let report = heard_logs::Report::of(&heard_logs::scan(&files, &heard_logs::Window::default(), 2));
        let counts: Vec<(&str, u64)> = report.incidents.iter().map(|entry| (entry.kind.name(), entry.count)).collect();
        assert!(counts.contains(&("task-failed", 2)) && counts.len() == 6, "{cut}: {counts:?}");
    }
}

#[test]
fn what_is_cut_in_its_container_is_not_dropped() {
    let message = "Task exception was never retrieved\\nfuture: <Task x>";
    for text in [
        format!("{{\n  \"events\": [\n    {{\n      \"message\": \"{message}\",\n      \"level\": "),
        format!("[\n  {{\"message\": \"{message}\" \"level\": 1}},\n  {{\"message\": \"x\"}}\n]\n"),
        format!("[\n  {{\n  \"lines\": [\n    \"{message}\",\n"),
        format!("2025-03-11T09:15:02.123456Z stderr P {{\"event\": \"{message}"),
        "2025-03-11T09:15:02.123456Z stderr P ERROR:asyncio:Task exception was never retrieved".to_owned(),
    ] {
        let report = heard_logs::Report::of(&read(text.as_bytes()));
        let said = report.incidents.len() as u64 + report.not_understood.count + report.quoted.count;
        assert_eq!(said, 1, "{text}");
    }
}
