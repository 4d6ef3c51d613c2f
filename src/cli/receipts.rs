//! The receipts of an output folder, written and checked again.

use super::CliError;
use super::args::{self, Command};
use super::output::{Output, TableFormat};
use super::replace::RECEIPTS;
use super::{analyze, figure, sensitivity};
use crate::metrics::{BUILT_IN, Pack, identities};
use crate::report::{Column, FileHash, Kind, Receipts, Table};
use crate::trace::Store;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What an output folder is made of.
pub(super) struct Sources<'a> {
    pub(super) store: &'a Store,
    pub(super) pack: &'a Pack,
    /// The pack as it was asked for.
    pub(super) selector: &'a str,
    /// Price books on top of the built-in one.
    pub(super) books: &'a [PathBuf],
    /// Display names before the built-in ones.
    pub(super) display: Option<&'a Path>,
    pub(super) parameters: BTreeMap<String, String>,
}

impl Sources<'_> {
    /// The receipts, outputs aside.
    pub(super) fn receipts(self) -> Result<Receipts, CliError> {
        let mut inputs = Vec::new();
        for file in self.store.files() {
            inputs.push(hash_of(&file)?);
        }
        let metrics = identities(self.pack).into_iter().filter_map(|(name, identity)| {
            let metric = self.pack.metric(&name).filter(|m| !m.hidden)?;
            Some((format!("{}.{name}", metric.pack), identity.hash))
        });
        let mut definitions = BTreeMap::new();
        let text = match BUILT_IN.iter().find(|(name, _)| *name == self.selector) {
            Some((_, text)) => FileHash::of("", text.as_bytes()),
            None => hash_of(Path::new(self.selector))?,
        };
        definitions.insert(format!("pack {}", self.selector), text.sha256);
        for book in self.books {
            definitions.insert(format!("price book {}", shown(book)), hash_of(book)?.sha256);
        }
        if let Some(display) = self.display {
            definitions.insert(format!("display {}", shown(display)), hash_of(display)?.sha256);
        }
        let command = std::iter::once("ramptrace".to_owned())
            .chain(std::env::args_os().skip(1).map(|a| a.to_string_lossy().into_owned()));
        Ok(Receipts {
            tool: "ramptrace".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            command: command.collect(),
            parameters: self.parameters,
            traces: self.store.trace_hashes()?,
            metrics: metrics.collect(),
            definitions,
            inputs,
            outputs: Vec::new(),
        })
    }
}

fn hash_of(path: &Path) -> Result<FileHash, CliError> {
    let bytes = std::fs::read(path).map_err(|e| CliError::io("read", path, e))?;
    Ok(FileHash::of(shown(path), &bytes))
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

/// Something that is not as the receipts say.
struct Drift {
    what: String,
    change: &'static str,
}

/// Checks an output folder: what was edited since, what went into it and is another now, and what comes out otherwise when
/// it is made again.
pub(super) fn verify(
    folder: &Path,
    format: TableFormat,
    output: &mut Output,
) -> Result<(), CliError> {
    let path = folder.join(RECEIPTS);
    let text = std::fs::read_to_string(&path).map_err(|e| {
        let hint = "folders that analyze or score --sensitivity wrote have receipts; --claims FILE checks a store against \
                    published numbers";
        CliError::io("read", &path, e).hint(hint)
    })?;
    let receipts: Receipts = serde_json::from_str(&text)
        .map_err(|e| CliError::data(format!("{}:{}: {e}", path.display(), e.line())))?;
    let mut drifts = edited(folder, &receipts);
    if receipts.version != env!("CARGO_PKG_VERSION") {
        let what = format!("ramptrace {}, now {}", receipts.version, env!("CARGO_PKG_VERSION"));
        drifts.push(Drift { what, change: "made by another release" });
    }
    let again = tempfile::tempdir().map_err(|e| CliError::io("create a folder in", folder, e))?;
    let remade = again.path().join("out");
    remake(&receipts, &remade)?;
    let text = std::fs::read_to_string(remade.join(RECEIPTS))
        .map_err(|e| CliError::io("read", &remade, e))?;
    let now: Receipts =
        serde_json::from_str(&text).map_err(|e| CliError::data(format!("receipts: {e}")))?;
    drifts.extend(changed("trace", &receipts.traces, &now.traces));
    drifts.extend(changed("metric", &receipts.metrics, &now.metrics));
    drifts.extend(changed("", &receipts.definitions, &now.definitions));
    let files = |r: &Receipts| -> BTreeMap<String, String> {
        let hashes = r.outputs.iter().map(|o| (o.file.path.clone(), o.file.sha256.clone()));
        hashes.collect()
    };
    drifts.extend(changed("output", &files(&receipts), &files(&now)));
    let mut table = Table::new(
        "drifts",
        format!("Drifts of {}", folder.display()),
        vec![Column::new("what", "What", Kind::Text), Column::new("change", "Change", Kind::Text)],
    )?;
    for drift in &drifts {
        table.push(vec![drift.what.as_str().into(), drift.change.into()])?;
    }
    table.note(format!(
        "{} outputs, {} runs, {} metrics and {} definitions checked, outputs made again",
        receipts.outputs.len(),
        receipts.traces.len(),
        receipts.metrics.len(),
        receipts.definitions.len()
    ));
    output.table(&table, format, 1)?;
    if drifts.is_empty() {
        return Ok(());
    }
    Err(CliError::data(format!("{} drifted in {} places", folder.display(), drifts.len()))
        .hint(format!("make it again: {}", receipts.command.join(" "))))
}

/// Outputs that are not the bytes that were written.
fn edited(folder: &Path, receipts: &Receipts) -> Vec<Drift> {
    let drift = |file: &FileHash| {
        let change = match std::fs::read(folder.join(&file.path)) {
            Err(_) => "missing",
            Ok(bytes) if FileHash::of("", &bytes).sha256 != file.sha256 => {
                "edited since it was written"
            }
            Ok(_) => return None,
        };
        Some(Drift { what: file.path.clone(), change })
    };
    receipts.outputs.iter().filter_map(|o| drift(&o.file)).collect()
}

fn changed(
    kind: &str,
    then: &BTreeMap<String, String>,
    now: &BTreeMap<String, String>,
) -> Vec<Drift> {
    let names: BTreeSet<&String> = then.keys().chain(now.keys()).collect();
    let drift = |name: &&String| {
        let change = match (then.get(*name), now.get(*name)) {
            (Some(a), Some(b)) if a == b => return None,
            (Some(_), Some(_)) if kind == "output" => "comes out otherwise now",
            (Some(_), Some(_)) => "another one now",
            (Some(_), None) => "no longer there",
            (None, _) => "new since",
        };
        Some(Drift { what: format!("{kind} {name}").trim().to_owned(), change })
    };
    names.iter().filter_map(drift).collect()
}

/// Makes the folder again, somewhere else.
fn remake(receipts: &Receipts, target: &Path) -> Result<(), CliError> {
    let unknown = || {
        CliError::data(format!("`{}` cannot be run again", receipts.command.join(" ")))
            .hint("run `ramptrace verify` in the folder in which the command was run")
    };
    match args::parse(&receipts.command) {
        Some(Command::Analyze(args)) => analyze::make(&args, target, true).map(drop),
        Some(Command::Figure(args)) => figure::make(&args, target, true).map(drop),
        Some(Command::Score(args)) => sensitivity::make(&args, target).map(drop),
        _ => Err(unknown()),
    }
}
