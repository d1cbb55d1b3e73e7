//! Files: compressed in any way, whole or cut; and the times that are asked for.

use std::io::Write as _;
use std::path::Path;

use heard_logs::{Partial, Report, Window, parse_stamp, scan};

use crate::records::LINES;

type Pack = fn(&[u8]) -> Vec<u8>;

const PACKS: [(&str, Pack); 5] = [("plain", plain), ("gzip", gzip), ("bzip2", bzip2), ("xz", xz), ("zstd", zstd)];

fn plain(text: &[u8]) -> Vec<u8> {
    text.to_vec()
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(text).unwrap();
    out.finish().unwrap()
}

fn bzip2(text: &[u8]) -> Vec<u8> {
    let mut out = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    out.write_all(text).unwrap();
    out.finish().unwrap()
}

fn xz(text: &[u8]) -> Vec<u8> {
    let mut out = liblzma::write::XzEncoder::new(Vec::new(), 1);
    out.write_all(text).unwrap();
    out.finish().unwrap()
}

fn zstd(text: &[u8]) -> Vec<u8> {
    zstd::encode_all(text, 1).unwrap()
}

fn read(path: &Path, bytes: &[u8], threads: usize) -> Partial {
    std::fs::write(path, bytes).unwrap();
    scan(&[path.to_owned()], &Window::default(), threads)
}

fn events(partial: &Partial) -> u64 {
    Report::of(partial).incidents.iter().map(|entry| entry.count).sum()
}

#[test]
fn compressed_files_are_told_by_what_they_hold() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.log");
    let lines = LINES.lines().count() as u64;
    for (name, pack) in PACKS {
        // A file that was appended to has more than one part.
        let twice = [pack(LINES.as_bytes()), pack(LINES.as_bytes())].concat();
        for threads in [1, 2] {
            let partial = read(&path, &twice, threads);
            let report = Report::of(&partial);
            assert_eq!(events(&partial), 14, "{name}");
            assert_eq!((report.files[0].count.lines, report.files[0].count.bytes), (2 * lines, twice.len() as u64), "{name}");
            assert!(report.troubles.is_empty(), "{name}");
        }
    }
}

#[test]
fn what_a_cut_file_still_gives_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.log");
    // What cannot be packed well parts the text, so that the cut loses its end alone.
    let mut number = 1_u64;
    let mut noise = String::new();
    while noise.len() < 3 << 20 {
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        noise.extend(["2025-03-11 09:15:02,123 DEBUG shop: ", &number.to_string(), "\n"]);
    }
    let text = format!("{LINES}{noise}{LINES}");
    for (name, pack) in PACKS.into_iter().skip(1) {
        let whole = pack(text.as_bytes());
        for threads in [1, 2] {
            let partial = read(&path, &whole[..whole.len() - 2000], threads);
            let report = Report::of(&partial);
            assert_eq!(report.troubles.len(), 1, "{name}: {:?}", report.troubles);
            assert!((7..14).contains(&events(&partial)), "{name}");
        }
    }
}

#[test]
fn times_that_are_not_asked_for_are_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.log");
    let record = |head: &str, name: &str| {
        format!("{head}Task was destroyed but it is pending!\ntask: <Task pending name='T' coro=<{name}() done, defined at /a.py:3>>\n")
    };
    let text = [
        record("2025-03-11 09:00:00,000 ERROR asyncio: ", "early"),
        record("2025-03-11T12:30:00.000+02:00 ERROR asyncio: ", "zoned"),
        record("2025-03-11 11:00:00,000 ERROR asyncio: ", "late"),
        record("ERROR:asyncio:", "untimed"),
    ]
    .concat();
    std::fs::write(&path, text).unwrap();
    let names = |since: Option<&str>, until: Option<&str>| {
        let window = Window { since: since.and_then(parse_stamp), until: until.and_then(parse_stamp) };
        let report = Report::of(&scan(std::slice::from_ref(&path), &window, 1));
        let mut names: Vec<String> = report.incidents.into_iter().filter_map(|entry| entry.coroutine).collect();
        names.sort();
        names
    };
    assert_eq!(names(None, None), ["early", "late", "untimed", "zoned"]);
    assert_eq!(names(Some("2025-03-11T10:30:00Z"), None), ["late", "untimed", "zoned"]);
    assert_eq!(names(Some("2025-03-11T10:30:01Z"), None), ["late", "untimed"]);
    assert_eq!(names(None, Some("2025-03-11T10:30:00")), ["early", "untimed", "zoned"]);
    assert_eq!(names(Some("2025-03-11T12:00:00+02:00"), Some("2025-03-11T10:59:59")), ["untimed", "zoned"]);
}
