//! A LaTeX table in the style of the `booktabs` package, which the document must load.
//!
//! Text is escaped so that it is set as written and cannot run a command. Control and invisible
//! characters are removed, line breaks become spaces, and other Unicode is left to the engine.

use super::cell::rounded;
use super::column::{Align, Column};
use super::inert::is_unsafe;
use super::table::Table;
use super::value::Value;
use super::walk::Markup;

/// Writes a floating table, or only its `tabular`.
pub(super) struct Latex {
    bare: bool,
}

impl Latex {
    /// `bare` writes `tabular` alone, without float, caption, label and notes.
    pub(super) fn new(bare: bool) -> Self {
        Self { bare }
    }
}

impl Markup for Latex {
    fn begin(&mut self, out: &mut String, table: &Table) {
        if !self.bare {
            out.push_str("\\begin{table}\n\\centering\n");
            if !table.title().is_empty() {
                push_all(out, &["\\caption{", &escape(table.title()), "}\n"]);
            }
            push_all(out, &["\\label{tab:", table.name(), "}\n"]);
        }
        let columns = table.columns();
        let letters: String = columns.iter().map(|column| letter(column.align)).collect();
        push_all(out, &["\\begin{tabular}{", &letters, "}\n\\toprule\n"]);
        push_line(out, columns.iter().map(|column| escape(&column.heading())));
        out.push_str("\\midrule\n");
    }

    fn row(&mut self, out: &mut String, columns: &[Column], row: &[Value]) {
        push_line(out, columns.iter().zip(row).map(|(c, v)| cell(c, v)));
    }

    fn end(&mut self, out: &mut String, table: &Table) {
        out.push_str("\\bottomrule\n\\end{tabular}\n");
        if self.bare {
            return;
        }
        for note in table.notes() {
            push_all(out, &["\\par{\\footnotesize ", &escape(note), "\\par}\n"]);
        }
        out.push_str("\\end{table}\n");
    }
}

fn push_all(out: &mut String, parts: &[&str]) {
    for part in parts {
        out.push_str(part);
    }
}

fn push_line(out: &mut String, cells: impl Iterator<Item = String>) {
    for (index, cell) in cells.enumerate() {
        if index > 0 {
            out.push_str(" & ");
        }
        out.push_str(&cell);
    }
    out.push_str(" \\\\\n");
}

fn letter(align: Align) -> char {
    match align {
        Align::Left => 'l',
        Align::Right => 'r',
    }
}

/// A negative number gets a minus sign instead of a hyphen.
pub(super) fn cell(column: &Column, value: &Value) -> String {
    let shown = rounded(column, value);
    match (value, shown.strip_prefix('-')) {
        (Value::Int(_) | Value::Float(_) | Value::Money { .. }, Some(number)) => {
            format!("$-${}", escape(number))
        }
        _ => escape(&shown),
    }
}

/// Plain text as LaTeX. Besides the special characters this stops `--`, `''` and `` ?` `` from
/// merging into other glyphs, and `[` or `*` in a first cell from being read as an argument of the
/// `\\` before it.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = None;
    for c in text.chars() {
        match c {
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => {
                out.push('\\');
                out.push(c);
            }
            '~' => out.push_str("\\textasciitilde{}"),
            '^' => out.push_str("\\textasciicircum{}"),
            '\\' => out.push_str("\\textbackslash{}"),
            '<' => out.push_str("\\textless{}"),
            '>' => out.push_str("\\textgreater{}"),
            '|' => out.push_str("\\textbar{}"),
            '"' => out.push_str("\\symbol{34}"),
            '`' => out.push_str("\\textasciigrave{}"),
            '[' => out.push_str("{[}"),
            '*' => out.push_str("{*}"),
            '-' | '\'' if before == Some(c) => {
                out.push_str("{}");
                out.push(c);
            }
            '\n' | '\t' => out.push(' '),
            '\u{a0}' => out.push('~'),
            // What every engine can set, whatever its fonts.
            '−' => out.push_str("$-$"),
            '≥' => out.push_str("$\\geq$"),
            '≤' => out.push_str("$\\leq$"),
            '×' => out.push_str("$\\times$"),
            '→' => out.push_str("$\\to$"),
            '…' => out.push_str("\\ldots{}"),
            _ if is_unsafe(c) => continue,
            _ => out.push(c),
        }
        before = Some(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_characters_are_set_as_written() {
        for (text, latex) in [
            ("a&b%c$d#e_f{g}", r"a\&b\%c\$d\#e\_f\{g\}"),
            ("~^", r"\textasciitilde{}\textasciicircum{}"),
            (r"\input{x}", r"\textbackslash{}input\{x\}"),
            ("<|>", r"\textless{}\textbar{}\textgreater{}"),
            ("\"q\" `q`", r"\symbol{34}q\symbol{34} \textasciigrave{}q\textasciigrave{}"),
            ("---flag ''", r"-{}-{}-flag '{}'"),
            ("[h] *", r"{[}h] {*}"),
            ("a\r\n\x1b[0m\u{202e}b", r"a {[}0mb"),
            ("naïve 模型", "naïve 模型"),
            ("n\u{a0}≥ 2 × −1…", r"n~$\geq$ 2 $\times$ $-$1\ldots{}"),
        ] {
            assert_eq!(escape(text), latex);
        }
    }

    #[test]
    fn hyphens_apart_by_a_removed_character_still_do_not_merge() {
        assert_eq!(escape("-\x1b-"), "-{}-");
    }
}
