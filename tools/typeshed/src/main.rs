//! Makes `crates/heard_analysis/src/resolve/typeshed.bin` from the stubs of the standard library, which
//! come with the crate `ty_vendored`.
//!
//! ```console
//! $ cargo run --manifest-path tools/typeshed/Cargo.toml             # writes the file
//! $ cargo run --manifest-path tools/typeshed/Cargo.toml -- --check  # says whether it is what the stubs say
//! ```

use std::collections::BTreeMap;
use std::error::Error;
use std::process::{Command, ExitCode};
use std::{env, fs};

use camino::{Utf8Path, Utf8PathBuf};
use heard_analysis::typeshed::{Described, pack};

/// The first and the last version of Python that has a module.
type Versions = ((u8, u8), (u8, u8));

const EVERY_VERSION: Versions = ((3, 0), (3, u8::MAX));

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let here = Utf8Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = here.join("../../crates/heard_analysis/src/resolve/typeshed.bin");
    let made = pack(stubs(&source(here)?)?);
    if env::args().any(|argument| argument == "--check") {
        let is_same = fs::read(&target).is_ok_and(|known| known == made);
        println!("{}", if is_same { "the tables are those of the stubs" } else { "the tables are not those of the stubs: run this without --check" });
        return Ok(if is_same { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    fs::write(&target, &made)?;
    println!("{} bytes", made.len());
    Ok(ExitCode::SUCCESS)
}

/// The folder of the stubs, as cargo has unpacked them.
fn source(here: &Utf8Path) -> Result<Utf8PathBuf, Box<dyn Error>> {
    let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let manifest = here.join("Cargo.toml");
    let output = Command::new(cargo).args(["metadata", "--all-features", "--format-version=1", "--manifest-path", manifest.as_str()]).output()?;
    if !output.status.success() {
        return Err(format!("cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let packages = metadata["packages"].as_array().ok_or("cargo metadata lists no packages")?;
    let vendored = packages.iter().find(|package| package["name"] == "ty_vendored").ok_or("ty_vendored is not among the dependencies")?;
    let manifest = vendored["manifest_path"].as_str().ok_or("ty_vendored has no manifest")?;
    let folder = Utf8Path::new(manifest).parent().ok_or("ty_vendored lies in no folder")?;
    Ok(folder.join("vendor/typeshed/stdlib"))
}

/// All stubs below a folder.
fn stubs(folder: &Utf8Path) -> Result<Vec<Described>, Box<dyn Error>> {
    let versions = versions(&fs::read_to_string(folder.join("VERSIONS"))?)?;
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(inner) = folders.pop() {
        for entry in inner.read_dir_utf8()? {
            let path = entry?.into_path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension() == Some("pyi") {
                let is_package = path.file_stem() == Some("__init__");
                let module = if is_package { inner.clone() } else { path.with_extension("") };
                let name = module.strip_prefix(folder)?.as_str().replace(['/', '\\'], ".");
                found.push(Described { versions: versions_of(&versions, &name), text: fs::read_to_string(&path)?, name, is_package });
            }
        }
    }
    Ok(found)
}

/// The lines of typeshed's `VERSIONS`: `module: first-last`.
fn versions(text: &str) -> Result<BTreeMap<String, Versions>, Box<dyn Error>> {
    let mut all = BTreeMap::new();
    for line in text.lines().map(|line| line.split('#').next().unwrap_or_default().trim()).filter(|line| !line.is_empty()) {
        let (module, range) = line.split_once(':').ok_or("a line of VERSIONS has no colon")?;
        let (first, last) = range.split_once('-').unwrap_or((range, ""));
        let last = if last.trim().is_empty() { EVERY_VERSION.1 } else { version(last)? };
        all.insert(module.trim().to_owned(), (version(first)?, last));
    }
    Ok(all)
}

fn version(text: &str) -> Result<(u8, u8), Box<dyn Error>> {
    let (major, minor) = text.trim().split_once('.').ok_or("a version in VERSIONS has no dot")?;
    Ok((major.parse()?, minor.parse()?))
}

/// What holds for a module, or else for the package around it.
fn versions_of(versions: &BTreeMap<String, Versions>, module: &str) -> Versions {
    let mut name = module;
    loop {
        match (versions.get(name), name.rsplit_once('.')) {
            (Some(known), _) => return *known,
            (None, Some((package, _))) => name = package,
            (None, None) => return EVERY_VERSION,
        }
    }
}
