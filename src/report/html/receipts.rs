//! The receipts: what the page was made of, with hashes, and the command that makes it again.

use super::super::{Column, FileHash, Kind, Receipts, Table, TableError};
use super::markup::Html;
use std::collections::BTreeMap;

/// The command line and the settings.
pub(super) fn write(html: &mut Html, receipts: &Receipts) {
    html.raw("<p>The same command on the same traces gives this page to the byte.</p>");
    let command = receipts.command.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ");
    html.raw("<pre class=\"command\"><code>").text(&command).raw("</code></pre>");
    html.raw("<dl class=\"facts\">");
    let version = ("version".to_owned(), format!("{} {}", receipts.tool, receipts.version));
    let parameters = receipts.parameters.iter().map(|(name, value)| (name.clone(), value.clone()));
    for (name, value) in std::iter::once(version).chain(parameters) {
        if !value.is_empty() {
            html.raw("<div>").element("dt", &[], &name).element("dd", &[], &value).raw("</div>");
        }
    }
    html.raw("</dl>\n");
}

/// Runs, metrics, definitions and files, with their hashes.
pub(super) fn tables(receipts: &Receipts) -> Result<Vec<Table>, TableError> {
    let mut tables = vec![hashes("receipt_runs", "Runs", RUN, &receipts.traces)?];
    tables[0].note("SHA-256 of the rows of every run, whatever file they are in");
    let mut metrics =
        hashes("receipt_metrics", "Metrics", ("metric", "Metric"), &receipts.metrics)?;
    metrics.note("SHA-256 of everything that a value depends on but the rows: expression, gate, parameters, rollup");
    tables.push(metrics);
    let definition = ("definition", "Definition");
    tables.push(hashes("receipt_definitions", "Definitions", definition, &receipts.definitions)?);
    tables.push(files(&receipts.inputs)?);
    tables.retain(|t| !t.rows().is_empty());
    Ok(tables)
}

const RUN: (&str, &str) = ("run_id", "Run");

fn hashes(
    name: &str,
    title: &str,
    what: (&str, &str),
    hashes: &BTreeMap<String, String>,
) -> Result<Table, TableError> {
    let columns =
        vec![Column::new(what.0, what.1, Kind::Text), Column::new("sha256", "SHA-256", Kind::Text)];
    let mut table = Table::new(name, title, columns)?;
    for (name, hash) in hashes {
        table.push(vec![name.as_str().into(), hash.as_str().into()])?;
    }
    Ok(table)
}

fn files(inputs: &[FileHash]) -> Result<Table, TableError> {
    let columns = vec![
        Column::new("path", "File", Kind::Text),
        Column::new("bytes", "Bytes", Kind::Int),
        Column::new("sha256", "SHA-256", Kind::Text),
    ];
    let mut table = Table::new("receipt_files", "Files of the store", columns)?;
    for file in inputs {
        table.push(vec![
            file.path.as_str().into(),
            file.bytes.into(),
            file.sha256.as_str().into(),
        ])?;
    }
    Ok(table)
}

/// A word of a command line as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_a_shell_needs_it() {
        assert_eq!(quoted("--gate=100"), "--gate=100");
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }
}
