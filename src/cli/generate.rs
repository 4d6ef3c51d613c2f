//! `ramptrace generate`: files of this repository that are made from the tables in `src/`, and data for benchmarks.

use super::CliError;
use super::demo::demo_run;
use super::generate_data::{self, LogArgs, StoreArgs};
use super::output::Output;
use crate::analysis::claims::claims_schema;
use crate::analysis::display::display_schema;
use crate::analysis::failure::failure_rules_schema;
use crate::capture::pipeline::pipeline_schema;
use crate::capture::redact::redaction_rules_schema;
use crate::ledger::prices::price_book_schema;
use crate::ledger::warnings_dictionary;
use crate::metrics::{lint_dictionary, metric_pack_schema};
use crate::rollup::{RUN_COLUMNS, STAGE_COLUMNS, ViewColumn, portable_files, views_dictionary};
use crate::trace::{Store, Written, data_dictionary, events_schema_text, message_text};
use clap::Subcommand;
use std::path::{Path, PathBuf};

/// Make the files of this repository that come from its code, and data for benchmarks
#[derive(Debug, Subcommand)]
pub(super) enum Generate {
    /// Write the generated files of schemas/
    Schemas {
        /// The folder schemas/
        folder: PathBuf,
    },
    /// Write a demonstration trace into a store
    Demo {
        /// The store
        store: PathBuf,
    },
    /// Write a store of any size, or finish one
    Store(StoreArgs),
    /// Write session logs of Claude Code
    ClaudeLogs(LogArgs),
}

/// The generated files of `schemas/`, by name.
fn schema_files() -> Vec<(&'static str, String)> {
    let view = |columns: &[ViewColumn]| message_text(columns.iter().map(|c| (c.name, c.ty)));
    let mut files = vec![
        ("events.txt", events_schema_text()),
        ("stages.txt", view(STAGE_COLUMNS)),
        ("runs.txt", view(RUN_COLUMNS)),
        ("events.md", data_dictionary()),
        ("views.md", views_dictionary()),
        ("warnings.md", warnings()),
        ("price-book.schema.json", price_book_schema()),
        ("metric-pack.schema.json", metric_pack_schema()),
        ("failure-rules.schema.json", failure_rules_schema()),
        ("claims.schema.json", claims_schema()),
        ("display.schema.json", display_schema()),
        ("pipeline.schema.json", pipeline_schema()),
        ("redaction-rules.schema.json", redaction_rules_schema()),
    ];
    files.extend(portable_files());
    files
}

/// The codes of traces and of metrics.
fn warnings() -> String {
    format!(
        "{}\n## Metrics\n\nPacks say which of their metrics mislead, and `ramptrace score --lint` looks for the first six.\n\n{}\
         | `W-TOK-DOUBLE` | the metric uses a token total that counts cached or reasoning tokens twice |\n\
         | `W-BEST-OF-N` | the best of several runs stands for a model, which flatters models with more runs |\n",
        warnings_dictionary(),
        lint_dictionary()
    )
}

pub(super) fn run(command: &Generate, output: &mut Output) -> Result<(), CliError> {
    match command {
        Generate::Schemas { folder } => schemas(folder, output),
        Generate::Demo { store } => demo(store, output),
        Generate::Store(args) => generate_data::store(args, output),
        Generate::ClaudeLogs(args) => generate_data::claude_logs(args, output),
    }
}

fn schemas(folder: &Path, output: &mut Output) -> Result<(), CliError> {
    for (name, text) in schema_files() {
        let path = folder.join(name);
        std::fs::write(&path, text).map_err(|e| CliError::io("write", &path, e))?;
        output.note(format!("wrote {}", path.display()));
    }
    Ok(())
}

fn demo(root: &Path, output: &mut Output) -> Result<(), CliError> {
    let (run, events) = demo_run();
    let known = Store::open_or_empty(root)?.known_runs();
    let sealed = Store::seal(root, &run, &events)?;
    let path = sealed.path().display().to_string();
    match Store::publish(sealed, &run.run_id, &known, false)? {
        Written::New => output.note(format!("wrote {path}")),
        Written::Unchanged => output.note(format!("run {} is in the store already", run.run_id)),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schemas_folder_is_up_to_date() {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("schemas");
        for (name, text) in schema_files() {
            let found = std::fs::read_to_string(folder.join(name)).unwrap_or_default();
            assert!(
                found == text,
                "schemas/{name} is stale: run `cargo run -- generate schemas schemas`"
            );
        }
    }
}
