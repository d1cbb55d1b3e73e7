//! Parts merge to the whole, in any order and any grouping.

use heard_logs::{Partial, Report, Scanner, Window};
use proptest::prelude::*;

use crate::records::records;

fn scan(file: usize, records: &[String]) -> Partial {
    let mut scanner = Scanner::new(&format!("{file}.log"), Window::default());
    for (number, record) in records.iter().enumerate() {
        let text = format!("2025-03-{:02} 09:{:02}:02,123 ERROR asyncio: {record}\n", 1 + file % 28, number % 60);
        scanner.feed(text.as_bytes());
    }
    scanner.finish()
}

fn shown(partial: &Partial) -> String {
    serde_json::to_string(&Report::of(partial)).unwrap()
}

fn merged<'a>(parts: impl IntoIterator<Item = &'a Partial>) -> Partial {
    let mut all = Partial::default();
    parts.into_iter().for_each(|part| all.merge(part.clone()));
    all
}

/// Files of a few records each.
fn files() -> impl Strategy<Value = Vec<Vec<String>>> {
    let record = prop::sample::select(records());
    prop::collection::vec(prop::collection::vec(record, 0..6), 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn merging_is_associative_and_commutative(files in files(), cut in 0usize..6, turn in 0usize..6) {
        let parts: Vec<Partial> = files.iter().enumerate().map(|(number, records)| scan(number, records)).collect();
        let whole = merged(&parts);
        let cut = cut.min(parts.len());
        let grouped = merged([&merged(&parts[cut..]), &merged(&parts[..cut])]);
        let mut turned = parts.clone();
        turned.rotate_left(turn % parts.len());
        turned.reverse();
        prop_assert_eq!(&whole, &grouped);
        prop_assert_eq!(&whole, &merged(&turned));
        let again = Partial::from_json(&whole.to_json().unwrap()).unwrap();
        prop_assert_eq!(shown(&whole), shown(&again));
    }

    #[test]
    fn a_log_that_is_cut_between_records_is_the_same(records in prop::collection::vec(prop::sample::select(records()), 1..12), cut in 0usize..12) {
        let cut = cut.min(records.len());
        let whole = Report::of(&scan(1, &records));
        let parts = Report::of(&merged([&scan(1, &records[..cut]), &scan(1, &records[cut..])]));
        let counts = |report: &Report| report.incidents.iter().map(|entry| (entry.fingerprint.clone(), entry.count)).collect::<Vec<_>>();
        prop_assert_eq!(counts(&whole), counts(&parts));
    }

    #[test]
    fn blocks_of_any_size_give_the_same(step in 1usize..400) {
        let text = crate::records::LINES.repeat(3);
        let mut scanner = Scanner::new("a.log", Window::default());
        text.as_bytes().chunks(step).for_each(|block| scanner.feed(block));
        prop_assert_eq!(shown(&scanner.finish()), shown(&crate::read(text.as_bytes())));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// The gaps let the blocks, which are read in turns, end anywhere: in a message, in a record, and in between.
    #[test]
    fn reading_ahead_changes_nothing(gaps in prop::collection::vec((prop::sample::select(records()), 0usize..9000), 1..9), last in 0usize..40) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("shop.log");
        let mut text = String::new();
        for (record, gap) in &gaps {
            text += &"2025-03-11 09:15:01,123 INFO shop.orders: order 7 was paid\n".repeat(*gap);
            text.extend(["2025-03-11 09:15:02,123 ERROR asyncio: ", record, "\n"]);
        }
        text += &"x".repeat(last);
        std::fs::write(&file, &text).unwrap();
        let [alone, ahead] = [1, 2].map(|threads| heard_logs::scan(std::slice::from_ref(&file), &Window::default(), threads));
        prop_assert_eq!(&alone, &ahead);
        let report = Report::of(&ahead);
        prop_assert_eq!(report.files[0].count.lines, text.matches('\n').count() as u64);
        prop_assert_eq!(report.incidents.iter().map(|entry| entry.count).sum::<u64>(), gaps.len() as u64);
    }
}
