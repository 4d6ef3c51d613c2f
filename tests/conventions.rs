//! The shape of the code: who may import whom, which crates belong where, how long files are, that modules open with
//! why. Read from the source text, so that it holds without building anything.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Modules and what each may import.
const LAYERS: &[(&str, &[&str])] = &[
    ("trace", &[]),
    ("stats", &[]),
    ("ledger", &["trace", "stats"]),
    ("capture", &["trace", "ledger"]),
    ("export", &["trace"]),
    ("import", &["trace", "ledger", "capture"]),
    ("rollup", &["trace"]),
    ("replay", &["trace", "capture"]),
    ("synthetic", &["trace"]),
    ("metrics", &["rollup", "ledger"]),
    ("analysis", &["metrics", "rollup", "ledger", "stats", "trace"]),
    ("figures", &["analysis"]),
    ("report", &["analysis", "figures", "trace"]),
    (
        "cli",
        &[
            "trace", "stats", "ledger", "capture", "export", "import", "rollup", "replay",
            "metrics", "analysis", "figures", "report", "synthetic",
        ],
    ),
];

/// Crates that only some modules may name.
const OWNED_CRATES: &[(&str, &[&str])] = &[
    ("aho_corasick", &["capture"]),
    ("bzip2", &["import"]),
    ("clap", &["cli"]),
    ("crc32fast", &["capture", "import"]),
    ("crossterm", &["cli"]),
    ("flate2", &["import"]),
    ("http_body_util", &["capture"]),
    ("hyper", &["capture"]),
    ("hyper_rustls", &["capture"]),
    ("hyper_util", &["capture"]),
    ("indicatif", &["cli"]),
    ("lzma_rust2", &["import"]),
    ("plotters", &["figures"]),
    ("krilla", &["figures"]),
    ("resvg", &["figures"]),
    ("arrow", &["trace"]),
    ("base64", &["capture", "report"]),
    ("miniz_oxide", &["capture", "report"]),
    ("parquet", &["trace"]),
    ("polars", &["rollup", "metrics"]),
    ("prost", &["capture"]),
    ("regex", &["analysis", "capture", "replay"]),
    ("roxmltree", &["import"]),
    ("rustix", &["capture"]),
    ("shlex", &["capture"]),
    ("tar", &["import"]),
    ("tokio", &["capture"]),
    ("wait4", &["capture"]),
    ("zip", &["import"]),
];

/// Lines after which a file must be split.
const LONGEST_FILE: usize = 500;

/// Names that say nothing.
const EMPTY_NAMES: &[&str] = &["util", "utils", "common", "helpers", "types", "misc"];

struct Source {
    path: PathBuf,
    module: String,
    text: String,
}

impl Source {
    /// The text without comments and without the unit tests at its end.
    fn code(&self) -> String {
        let production = self.text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let lines =
            production.lines().map(|l| if l.trim_start().starts_with("//") { "" } else { l });
        lines.collect::<Vec<_>>().join("\n")
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    walk(&root, &root, &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(found.len() > 50, "the source was found");
    found
}

fn walk(root: &Path, folder: &Path, found: &mut Vec<Source>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            walk(root, &path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let inside = path.strip_prefix(root).expect("below src");
            let first = inside.components().next().expect("a name").as_os_str().to_string_lossy();
            let module = first.trim_end_matches(".rs").to_owned();
            let text = std::fs::read_to_string(&path).expect("source text");
            found.push(Source { path: inside.to_owned(), module, text });
        }
    }
}

fn is_shell(module: &str) -> bool {
    matches!(module, "lib" | "main")
}

/// Module names behind `crate::` in a text.
fn imported_modules(code: &str) -> Vec<String> {
    let name = |text: &str| -> String {
        text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
    };
    let mut modules = Vec::new();
    for rest in code.split("crate::").skip(1) {
        if let Some(list) = rest.strip_prefix('{') {
            modules.extend(
                list.split(['}', ';'])
                    .next()
                    .unwrap_or_default()
                    .split(',')
                    .map(|m| name(m.trim())),
            );
        } else {
            modules.push(name(rest));
        }
    }
    modules.retain(|m| !m.is_empty());
    modules
}

#[test]
fn imports_follow_the_layers() {
    let layers: BTreeMap<&str, &[&str]> = LAYERS.iter().copied().collect();
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|s| !is_shell(&s.module)) {
        let allowed = layers.get(source.module.as_str());
        let Some(allowed) = allowed else {
            wrong.push(format!(
                "{}: module `{}` is in no layer",
                source.path.display(),
                source.module
            ));
            continue;
        };
        for module in imported_modules(&source.code()) {
            if module != source.module && !allowed.contains(&module.as_str()) {
                wrong.push(format!(
                    "{}: `{}` may not import `{module}`",
                    source.path.display(),
                    source.module
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn crates_are_named_only_where_they_belong() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|s| !is_shell(&s.module)) {
        let code = source.code();
        for (name, owners) in OWNED_CRATES {
            let named = code.contains(&format!("{name}::"));
            if named && !owners.contains(&source.module.as_str()) {
                wrong.push(format!(
                    "{}: names `{name}`, which belongs to {owners:?}",
                    source.path.display()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_are_short_and_say_why() {
    let mut wrong = Vec::new();
    for source in sources() {
        let lines = source.text.lines().count();
        if lines > LONGEST_FILE {
            wrong.push(format!("{}: {lines} lines", source.path.display()));
        }
        if !source.text.starts_with("//! ") {
            wrong.push(format!("{}: does not open with `//!`", source.path.display()));
        }
        let stem = source.path.file_stem().unwrap().to_string_lossy().into_owned();
        if EMPTY_NAMES.contains(&stem.as_str()) {
            wrong.push(format!("{}: a name that says nothing", source.path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn module_pages_hold_no_logic() {
    for source in sources().iter().filter(|s| s.path.ends_with("mod.rs")) {
        for word in ["\nfn ", "\nstruct ", "\npub struct ", "\nenum ", "\nimpl "] {
            // The importers' one entry point is the exception that their page documents.
            let importer = source.module == "import" && source.path.components().count() > 2;
            assert!(
                importer || !source.code().contains(word),
                "{}: has `{}`",
                source.path.display(),
                word.trim()
            );
        }
    }
}

#[test]
fn dependencies_stay_few() {
    let lock =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock")).unwrap();
    let packages = lock.matches("\n[[package]]").count();
    assert!(packages <= 520, "{packages} packages: think before raising the ceiling");
}
