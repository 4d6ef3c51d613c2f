//! The only place that prints: data to stdout, talk to stderr.

use super::CliError;
use crate::report::{Format, Options, Table, render, visible};
use clap::ValueEnum;
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The output of a table on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum TableFormat {
    /// Aligned text.
    Text,
    /// An array of objects.
    Json,
    /// Comma-separated values, exact.
    Csv,
    /// A GitHub table.
    Markdown,
    /// A booktabs table.
    Latex,
}

impl TableFormat {
    pub(super) const fn format(self) -> Format {
        match self {
            Self::Text => Format::Text,
            Self::Json => Format::Json,
            Self::Csv => Format::Csv,
            Self::Markdown => Format::Markdown,
            Self::Latex => Format::Latex,
        }
    }
}

/// Where a command's output goes.
#[derive(Debug)]
pub(super) struct Output {
    out: io::StdoutLock<'static>,
    color: bool,
    /// Whether data may be painted.
    paints: bool,
    quiet: bool,
}

impl Output {
    pub(super) fn new(color: Color, quiet: bool) -> Self {
        let wanted = |is_terminal: bool| match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => is_terminal && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()),
        };
        let (out, err) = (io::stdout().is_terminal(), io::stderr().is_terminal());
        Self { out: io::stdout().lock(), color: wanted(err), paints: wanted(out), quiet }
    }

    /// Whether data may be painted.
    pub(super) fn paints(&self) -> bool {
        self.paints
    }

    /// Whether progress bars may be drawn.
    pub(super) fn shows_progress(&self) -> bool {
        !self.quiet && io::stderr().is_terminal()
    }

    /// Prints data.
    pub(super) fn data(&mut self, text: impl Display) -> Result<(), CliError> {
        write!(self.out, "{text}").map_err(CliError::stdout)
    }

    /// Where data goes, for those who write it in pieces.
    pub(super) fn writer(&mut self) -> &mut dyn Write {
        &mut self.out
    }

    /// Prints a table.
    pub(super) fn table(
        &mut self,
        table: &Table,
        format: TableFormat,
        key_columns: usize,
    ) -> Result<(), CliError> {
        let options = Options { max_width: terminal_width(), key_columns, ..Options::default() };
        self.data(render(table, format.format(), &options))
    }

    /// Prints several tables: one JSON object by table name, or one table after the other.
    pub(super) fn tables(
        &mut self,
        tables: &[Table],
        format: TableFormat,
        key_columns: usize,
    ) -> Result<(), CliError> {
        if let (TableFormat::Json, [_, _, ..]) = (format, tables) {
            self.data("{\n")?;
            for (i, table) in tables.iter().enumerate() {
                let separator = if i + 1 < tables.len() { "," } else { "" };
                let text = render(table, Format::Json, &Options::default());
                self.data(format_args!("\"{}\": {}{separator}\n", table.name(), text.trim_end()))?;
            }
            return self.data("}\n");
        }
        for (i, table) in tables.iter().enumerate() {
            if i > 0 {
                self.data("\n")?;
            }
            self.table(table, format, key_columns)?;
        }
        Ok(())
    }

    /// Flushes the data.
    pub(super) fn finish(&mut self) -> Result<(), CliError> {
        self.out.flush().map_err(CliError::stdout)
    }

    /// Says something a user may want to act on.
    pub(super) fn warning(&mut self, text: impl Display) {
        if !self.quiet {
            self.talk("33", "warning", &text);
        }
    }

    /// Says what was done.
    pub(super) fn note(&mut self, text: impl Display) {
        if !self.quiet {
            let _ = writeln!(io::stderr(), "{text}");
        }
    }

    /// Says what failed, what caused it, and what to do.
    pub(super) fn error(&mut self, error: &CliError) {
        let _ = self.out.flush();
        self.talk("31", "error", &error);
        let mut cause = std::error::Error::source(error);
        while let Some(inner) = cause {
            let text = inner.to_string();
            // Wrappers that add nothing are not worth a line.
            if !error.to_string().contains(&text) {
                let _ = writeln!(io::stderr(), "  caused by: {}", harmless(&text));
            }
            cause = inner.source();
        }
        for hint in error.hints() {
            self.talk("36", "hint", hint);
        }
    }

    /// Names and messages may come from a log, and must not act on the terminal.
    fn talk(&self, color: &str, word: &str, text: &dyn Display) {
        let text = harmless(&text.to_string());
        // Nothing can be done about a closed stderr.
        let _ = if self.color {
            writeln!(io::stderr(), "\u{1b}[1;{color}m{word}:\u{1b}[0m {text}")
        } else {
            writeln!(io::stderr(), "{word}: {text}")
        };
    }
}

/// A text with its line breaks, and every other character that acts on a terminal made visible.
fn harmless(text: &str) -> String {
    text.lines().map(visible).collect::<Vec<_>>().join("\n")
}

/// Width of the terminal on stdout; `None` when it is not one.
fn terminal_width() -> Option<usize> {
    if let Some(columns) = std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok()) {
        return Some(columns);
    }
    io::stdout().is_terminal().then(|| console::Term::stdout().size().1.into())
}
