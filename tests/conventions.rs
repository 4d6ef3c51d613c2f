//! The shape of the code: who may import whom, which crates belong where, how long files are, that modules open with
//! why. Read from the source text, so that it holds without building anything.

use std::collections::{BTreeMap, BTreeSet};
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
            "trace",
            "stats",
            "ledger",
            "capture",
            "export",
            "import",
            "rollup",
            "replay",
            "metrics",
            "analysis",
            "figures",
            "report",
            "synthetic",
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
    ("rustix", &["capture", "rollup"]),
    ("shlex", &["capture"]),
    ("tar", &["import"]),
    ("tokio", &["capture", "rollup"]),
    ("spark_connect", &["rollup"]),
    ("spark_connect_core", &["rollup"]),
    ("spark_connect_proto", &["rollup"]),
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

/// Whether a path of the code begins with a crate: `parquet::x`, and not `polars::io::parquet::x`.
fn names_crate(code: &str, name: &str) -> bool {
    let path = format!("{name}::");
    code.match_indices(&path).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        before.is_none_or(|c| c != ':' && c != '_' && !c.is_alphanumeric())
    })
}

#[test]
fn crates_are_named_only_where_they_belong() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|s| !is_shell(&s.module)) {
        let code = source.code();
        for (name, owners) in OWNED_CRATES {
            let named = names_crate(&code, name);
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

/// Packages of the lock file, by name and version, with the entries of their dependency lists.
fn locked() -> BTreeMap<(String, String), Vec<String>> {
    let lock = parsed("Cargo.lock");
    let text = |value: &toml::Value| value.as_str().expect("text").to_owned();
    let packages = lock["package"].as_array().expect("packages").iter();
    packages
        .map(|package| {
            let listed = package.get("dependencies").and_then(toml::Value::as_array);
            let listed = listed.into_iter().flatten().map(text).collect();
            ((text(&package["name"]), text(&package["version"])), listed)
        })
        .collect()
}

fn parsed(file: &str) -> toml::Table {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    std::fs::read_to_string(path).expect("a file").parse().expect("TOML")
}

/// What a build without features may need, on any platform. The lock file also has what is behind features that are off:
/// nobody compiles that who has not asked for it, so it is left out, by walking from this package past its optional
/// dependencies.
#[test]
fn dependencies_stay_few() {
    let manifest = parsed("Cargo.toml");
    let optional: BTreeSet<&str> = manifest["dependencies"]
        .as_table()
        .expect("dependencies")
        .iter()
        .filter(|(_, d)| d.get("optional").and_then(toml::Value::as_bool) == Some(true))
        .map(|(name, _)| name.as_str())
        .collect();
    let all = locked();
    // An entry is a name, with its version where the lock file has several.
    let find = |entry: &str| {
        let mut words = entry.split(' ');
        let (name, version) = (words.next().unwrap_or_default(), words.next());
        let found =
            all.keys().find(|(n, v)| n == name && version.is_none_or(|version| v == version));
        found.expect("every dependency is locked").clone()
    };
    let mut needed = BTreeSet::from([find("ramptrace")]);
    let mut open: Vec<_> = needed.iter().cloned().collect();
    while let Some(package) = open.pop() {
        let is_root = package.0 == "ramptrace";
        for entry in all[&package].iter().filter(|e| !is_root || !optional.contains(e.as_str())) {
            let dependency = find(entry);
            if needed.insert(dependency.clone()) {
                open.push(dependency);
            }
        }
    }
    let features = all.len() - needed.len();
    assert!(!optional.is_empty() && features > 0, "what is optional is left out");
    assert!(needed.len() <= 520, "{} packages: think before raising the ceiling", needed.len());
    assert!(features <= 60, "{features} more for features: think before raising the ceiling");
}
