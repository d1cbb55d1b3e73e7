//! Rotated files are one log that was cut somewhere, perhaps in the middle of a record.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pattern!(
    ROTATED,
    r"^(?P<base>.+?)(?:\.(?P<number>\d{1,4})|[.-](?P<date>\d{4}-?\d\d-?\d\d(?:[-T_]?\d{2,10})?))(?:\.(?:gz|bz2|xz|zst|zstd))?$"
);

/// Files in chains, the oldest of each first: `app.log.2.gz`, `app.log.1`, `app.log`.
pub(super) fn chains(files: &[PathBuf]) -> Vec<Vec<PathBuf>> {
    let mut chains: BTreeMap<(PathBuf, usize), Vec<(Age, PathBuf)>> = BTreeMap::new();
    for (at, file) in files.iter().enumerate() {
        let (base, age) = age(file);
        // Standard input and what stands alone are chains of their own.
        let key = if file.as_os_str() == "-" { (file.clone(), at) } else { (base, 0) };
        chains.entry(key).or_default().push((age, file.clone()));
    }
    let mut all = Vec::new();
    for mut chain in chains.into_values() {
        chain.sort();
        let mut part: Vec<PathBuf> = Vec::new();
        let mut last: Option<Age> = None;
        for (age, file) in chain {
            // Where one is missing, nothing goes on from file to file.
            if last.as_ref().is_some_and(|last| !last.is_followed_by(&age)) {
                all.push(std::mem::take(&mut part));
            }
            last = Some(age);
            part.push(file);
        }
        all.push(part);
    }
    all
}

/// How old a file is among those with the same base; the oldest is the least.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Age {
    Number(std::cmp::Reverse<u32>),
    Date(String),
    Current,
}

impl Age {
    fn is_followed_by(&self, next: &Self) -> bool {
        match (self, next) {
            (Self::Number(own), Self::Number(next)) => own.0 == next.0 + 1,
            (Self::Number(own), Self::Current) => own.0 <= 1,
            (Self::Date(_), Self::Date(_) | Self::Current) => true,
            _ => false,
        }
    }
}

fn age(file: &Path) -> (PathBuf, Age) {
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let Some(found) = ROTATED.as_ref().and_then(|rotated| rotated.captures(&name)) else {
        return (file.to_owned(), Age::Current);
    };
    let age = match (found.name("number").and_then(|number| number.as_str().parse().ok()), found.name("date")) {
        (Some(number), _) => Age::Number(std::cmp::Reverse(number)),
        (_, Some(date)) => Age::Date(date.as_str().replace('-', "")),
        _ => Age::Current,
    };
    (file.with_file_name(&found["base"]), age)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::chains;

    #[test]
    fn rotated_files_are_read_from_the_oldest() {
        let files =
            ["shop.log", "shop.log.1", "shop.log.2.gz", "shop.log.10", "other.log", "x-20250311.gz", "x-20250312", "x"].map(PathBuf::from);
        let chains: Vec<String> =
            chains(&files).iter().map(|chain| chain.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(chains, ["other.log", "shop.log.10", "shop.log.2.gz shop.log.1 shop.log", "x-20250311.gz x-20250312 x"]);
    }
}
